package simd

import (
	"fmt"
	"runtime/debug"

	"github.com/klauspost/cpuid/v2"

	"github.com/lanes-go/lanes/internal/execmem"
)

// FaultError says that memory given to a program could not be read or written: a mapped file was cut short.
type FaultError struct{ Cause error }

// Error returns the message.
func (e *FaultError) Error() string { return fmt.Sprintf("memory fault: %v", e.Cause) }

// Unwrap returns the runtime's error.
func (e *FaultError) Unwrap() error { return e.Cause }

// CatchFaults calls f, which runs kernels on memory that may fault, and turns a fault into a *FaultError. Other panics
// pass through.
func CatchFaults(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case interface {
			error
			Addr() uintptr
		}:
			execmem.VZeroUpper() // the code was left in the middle
			err = &FaultError{r}
		default:
			panic(r)
		}
	}()
	return f()
}

// CacheSizes returns the bytes of first-, second- and third-level data cache that a core can use; a size that the
// processor does not tell is guessed.
func CacheSizes() (l1, l2, l3 int) {
	guess := func(n, otherwise int) int {
		if n <= 0 {
			return otherwise
		}
		return n
	}
	c := cpuid.CPU.Cache
	return guess(c.L1D, 32<<10), guess(c.L2, 512<<10), guess(c.L3, 8<<20)
}
