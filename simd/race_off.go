//go:build !race

package simd

import "unsafe"

// traceAccess tells the race detector of accesses; there is none in this build.
func traceAccess(*Program, int, []unsafe.Pointer, []int) {}

func traceRow(*Program, int, int, []unsafe.Pointer, []int) {}
