//go:build race

package simd

import (
	"runtime"
	"unsafe"
)

// The race detector does not see what generated code reads and writes, so it is told.
func traceAccess(p *Program, n int, ptrs []unsafe.Pointer, strides []int) {
	for k, o := range p.sources {
		size := o.Type.Size()
		switch o.Op {
		case OpScalar:
			runtime.RaceReadRange(ptrs[k], size)
		case OpLoad:
			runtime.RaceReadRange(ptrs[k], n*size)
		case OpStrided:
			for i := range n {
				runtime.RaceReadRange(unsafe.Add(ptrs[k], i*strides[k]), size)
			}
		}
	}
	for k, o := range p.sinks {
		if o.Op == OpAccumulate {
			n = AccLanes
		}
		runtime.RaceWriteRange(ptrs[len(p.sources)+k], n*o.Type.Size())
	}
}

// traceRow is traceAccess for a row of RunRows.
func traceRow(p *Program, row, n int, ptrs []unsafe.Pointer, steps []int) {
	at := make([]unsafe.Pointer, len(ptrs))
	for k := range at {
		at[k] = unsafe.Add(ptrs[k], row*steps[k])
	}
	traceAccess(p, n, at, nil)
}
