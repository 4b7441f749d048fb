package simd

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// TestTruncatedMapping cuts a mapped file while kernels read and write it.
func TestTruncatedMapping(t *testing.T) {
	const size = 1 << 16
	f, err := os.Create(t.TempDir() + "/shrinking")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, e := range Engines() {
		if err := f.Truncate(size); err != nil {
			t.Fatal(err)
		}
		mem, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
		if err != nil {
			t.Fatal(err)
		}
		k := compile(t, addProgram(t), e)
		other := make([]float64, size/8)
		run := func(slot int) error {
			ptrs := []unsafe.Pointer{unsafe.Pointer(&other[0]), unsafe.Pointer(&other[0]), unsafe.Pointer(&other[0])}
			ptrs[slot] = unsafe.Pointer(&mem[0])
			return CatchFaults(func() error { k.Run(size/8, 0, ptrs, nil, 0); return nil })
		}
		for _, slot := range []int{0, 2} {
			if err := run(slot); err != nil {
				t.Fatalf("%s: the whole file: %v", e, err)
			}
		}
		if err := f.Truncate(size / 2); err != nil {
			t.Fatal(err)
		}
		for _, slot := range []int{0, 2} {
			var fault *FaultError
			if err := run(slot); !errors.As(err, &fault) {
				t.Fatalf("%s, operand %d: a file cut in half gives %v", e, slot, err)
			}
			works(t, k)
		}
		if err := syscall.Munmap(mem); err != nil {
			t.Fatal(err)
		}
	}
}
