package simd

import (
	"fmt"
	"runtime/debug"

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
			if hasAVX2() {
				execmem.VZeroUpper() // the code was left in the middle
			}
			err = &FaultError{r}
		default:
			panic(r)
		}
	}()
	return f()
}
