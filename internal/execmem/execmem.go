// Package execmem puts machine code into executable memory and calls it.
//
// It imports only the standard library and golang.org/x/sys; it knows neither instructions nor programs: code
// is bytes that obey the rules below. On platforms it does not serve (anything but linux/amd64, and builds
// with the tag purego) the API is the same, [Available] says why and [Alloc] fails.
//
// # Rules for generated code
//
// The Go runtime does not know the code that runs here. It stays safe because the code
//
//   - is a leaf: it never moves SP, pushes, calls, or uses memory below SP, so that a fault in it unwinds;
//   - never writes BP (profiler and tracer unwind by it) nor MXCSR; it may clobber every other general register
//     and all vector and mask registers;
//   - executes VZEROUPPER before its RET when it wrote a vector register wider than 16 bytes;
//   - returns within about 50 µs: it cannot be preempted, and a stop of the world waits for it.
//
// Memory is never writable and executable at once, and a page that became executable is never made writable
// again.
package execmem

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Code is a piece of machine code in memory of its own. Its memory is unmapped some time after the Code
// became unreachable, so whoever runs it keeps it reachable:
//
//	execmem.Call(code.Entry(), args)
//	runtime.KeepAlive(code)
type Code struct {
	entry uintptr
}

// Entry is the address of the first byte of the code. It is a number, not a Go pointer: it does not keep c
// alive.
func (c *Code) Entry() uintptr { return c.entry }

// Alloc copies code into fresh executable memory. The start is aligned to a page; the rest of the last page,
// at least one byte, is filled with trapping instructions. It takes about 10 µs. It is an error if the
// platform refuses executable memory, or if code is empty.
func Alloc(code []byte) (*Code, error) {
	if err := refusal(); err != nil {
		return nil, err
	}
	if len(code) == 0 {
		return nil, errors.New("execmem: no code")
	}
	mem, err := mapCode(code)
	if err != nil {
		return nil, fmt.Errorf("execmem: %w", err)
	}
	c := &Code{entry: uintptr(unsafe.Pointer(unsafe.SliceData(mem)))}
	runtime.AddCleanup(c, unmapCode, mem)
	return c, nil
}

// Available returns nil where generated code can run and otherwise an error that says why it cannot. The
// first call finds out by trying: it maps a function that only returns, and calls it.
func Available() error {
	if err := refusal(); err != nil {
		return err
	}
	return probe()
}

var probe = sync.OnceValue(func() error {
	code, err := Alloc(probeCode)
	if err != nil {
		return err
	}
	return try(code)
})

// try calls code that needs no arguments. Systems exist that grant executable memory and silently drop the
// right to execute it: then the call faults at its first instruction, which the Go runtime can turn into a
// panic.
func try(code *Code) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("execmem: memory mapped as executable does not execute: %v", r)
		}
	}()
	Call(code.Entry(), nil)
	runtime.KeepAlive(code)
	return nil
}

var refused atomic.Pointer[error]

func refusal() error {
	if p := refused.Load(); p != nil {
		return *p
	}
	return nil
}

// Refuse makes [Available] and [Alloc] return err, as on a system that forbids executable memory, until
// restore is called. Code that exists goes on working. It is meant for tests.
func Refuse(err error) (restore func()) {
	old := refused.Swap(&err)
	return func() { refused.Store(old) }
}
