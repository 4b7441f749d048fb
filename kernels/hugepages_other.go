//go:build !linux

package kernels

import "unsafe"

// adviseHuge asks for huge pages; there is no such advice here.
func adviseHuge(unsafe.Pointer, int) {}
