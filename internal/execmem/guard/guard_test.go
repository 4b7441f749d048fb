package guard_test

import (
	"runtime"
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/lanes-go/lanes/internal/execmem/guard"
)

// faults reports whether touching the byte at p faults.
func faults(p unsafe.Pointer, write bool) (bad bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { bad = recover() != nil }()
	b := *(*byte)(p)
	if write {
		*(*byte)(p) = b + 1
	}
	sink = b
	return false
}

var sink byte

func TestGuards(t *testing.T) {
	protects := runtime.GOOS == "linux" || runtime.GOOS == "darwin"
	for _, n := range []int{1, 7, 512, 1000, 5000} {
		before, after := guard.Before[float64](t, n), guard.After[float64](t, n)
		if len(before) != n || len(after) != n {
			t.Fatalf("asked for %d elements, got %d and %d", n, len(before), len(after))
		}
		for i := range n {
			if before[i] != 0 || after[i] != 0 {
				t.Fatal("guarded memory is not zeroed")
			}
			before[i], after[i] = 1, 1
		}
		if !protects {
			continue
		}
		end := unsafe.Add(unsafe.Pointer(&before[n-1]), 8)
		start := unsafe.Add(unsafe.Pointer(&after[0]), -1)
		for _, write := range []bool{false, true} {
			if !faults(end, write) || !faults(start, write) {
				t.Errorf("%d elements: the memory beside is accessible", n)
			}
		}
	}
	if len(guard.Before[int32](t, 0)) != 0 || len(guard.After[int32](t, 0)) != 0 {
		t.Error("no elements asked for, some given")
	}
}
