// Package guard gives tests memory with an inaccessible page right beside it, so that reading or writing one
// byte too far faults instead of passing by luck. It imports only the standard library and golang.org/x/sys;
// only tests import it.
package guard

import (
	"testing"
	"unsafe"
)

// Before returns n zeroed elements that end at an inaccessible page: the byte after the last one cannot be
// touched. T holds no pointers. The memory lives until the test ends. Where the platform offers no page
// protection it is ordinary memory.
func Before[T any](tb testing.TB, n int) []T {
	size := n * int(unsafe.Sizeof(*new(T)))
	mem := pages(tb, size)
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mem[len(mem)-size:]))), n)
}

// After is like [Before], but the inaccessible page ends where the first element begins.
func After[T any](tb testing.TB, n int) []T {
	mem := pages(tb, n*int(unsafe.Sizeof(*new(T))))
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mem))), n)
}
