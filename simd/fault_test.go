package simd

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/lanes-go/lanes/internal/execmem/guard"
)

func addProgram(t testing.TB) *Program {
	return build(t, func(b *Builder) { b.Store(b.Add(b.Load(F64), b.Load(F64))) })
}

// works checks that a kernel of addProgram and the math package compute.
func works(t *testing.T, k *Kernel) {
	t.Helper()
	x, y := make([]float64, 1000), make([]float64, 1000)
	for i := range x {
		x[i] = float64(i)
	}
	k.Run(len(x), 0, []unsafe.Pointer{unsafe.Pointer(&x[0]), unsafe.Pointer(&x[0]), unsafe.Pointer(&y[0])}, nil, 0)
	for i := range x {
		if y[i] != 2*x[i] {
			t.Fatalf("element %d: %v, want %v", i, y[i], 2*x[i])
		}
	}
	if math.Exp(1) != math.E || math.Sqrt(x[4]) != 2 {
		t.Fatal("math is wrong after a fault")
	}
}

// TestNilOperand checks that a nil pointer gives the usual panic, which can be recovered.
func TestNilOperand(t *testing.T) {
	if runtime.GOARCH == "wasm" {
		t.Skip("memory at address 0 is readable on wasm")
	}
	x := make([]float64, 100)
	for _, e := range Engines() {
		if e == Portable && raceEnabled {
			continue // the checks of unsafe.Slice that come with the race detector end the process
		}
		k := compile(t, addProgram(t), e)
		for slot := range 3 {
			ptrs := []unsafe.Pointer{unsafe.Pointer(&x[0]), unsafe.Pointer(&x[0]), unsafe.Pointer(&x[0])}
			ptrs[slot] = nil
			for _, run := range []func(func()){func(f func()) { f() }, func(f func()) {
				CatchFaults(func() error { f(); return nil }) // a nil operand is a mistake, not a fault of memory
			}} {
				func() {
					defer func() {
						err, ok := recover().(runtime.Error)
						if !ok || e != Portable && !strings.Contains(err.Error(), "nil pointer dereference") {
							t.Errorf("%s, operand %d: panic %v", e, slot, err)
						}
					}()
					run(func() { k.Run(len(x), 0, ptrs, nil, 0) })
				}()
				works(t, k)
			}
		}
	}
}

// TestCatchFaults runs over the edge of accessible memory, with sources and sinks.
func TestCatchFaults(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("the platform offers no page protection")
	}
	ok := make([]float64, 3000)
	cut := guard.Before[float64](t, 1000)
	for _, e := range Engines() {
		k := compile(t, addProgram(t), e)
		for slot := range 3 {
			for _, n := range []int{1001, 3000} {
				ptrs := []unsafe.Pointer{unsafe.Pointer(&ok[0]), unsafe.Pointer(&ok[0]), unsafe.Pointer(&ok[0])}
				ptrs[slot] = unsafe.Pointer(&cut[0])
				err := CatchFaults(func() error { k.Run(n, 0, ptrs, nil, 0); return nil })
				var fault *FaultError
				if !errors.As(err, &fault) || !strings.HasPrefix(err.Error(), "memory fault: ") ||
					errors.Unwrap(fault) != fault.Cause {
					t.Fatalf("%s, operand %d, n=%d: error %v", e, slot, n, err)
				}
				works(t, k)
			}
		}
		if err := CatchFaults(func() error {
			k.Run(1000, 0, []unsafe.Pointer{unsafe.Pointer(&cut[0]), unsafe.Pointer(&ok[0]), unsafe.Pointer(&ok[0])}, nil, 0)
			return nil
		}); err != nil {
			t.Errorf("%s: up to the edge: %v", e, err)
		}
	}
}

// TestCatchFaultsPasses checks what CatchFaults lets through.
func TestCatchFaultsPasses(t *testing.T) {
	want := errors.New("own")
	if err := CatchFaults(func() error { return want }); err != want {
		t.Errorf("error %v, want %v", err, want)
	}
	defer func() {
		if r := recover(); r != want {
			t.Errorf("panic %v, want %v", r, want)
		}
	}()
	CatchFaults(func() error { panic(want) })
}
