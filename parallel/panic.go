package parallel

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// PanicError is the error that [For] and [Map] return when the function they were given panics.
type PanicError struct {
	Value any    // what the function panicked with
	Stack []byte // the stack of the goroutine that panicked, as text
}

// Error gives the panic's value without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic in a parallel task: %v", e.Value) }

// Unwrap returns Value if it is an error, otherwise nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// errGoexit stands in for the result of a function that never returns.
var errGoexit = errors.New("parallel: a task ended its goroutine by runtime.Goexit")

// catch is deferred by every function that calls foreign code.
func catch(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}
