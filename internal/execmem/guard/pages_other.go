//go:build !linux && !darwin

package guard

import "testing"

func pages(_ testing.TB, size int) []byte { return make([]byte, max(1, size)+64)[:size:size] }
