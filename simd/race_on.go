//go:build race

package simd

import (
	"runtime"
	"unsafe"
)

// The race detector does not see what generated code reads and writes, so it is told.
func traceAccess(p *Program, n int, ptrs []unsafe.Pointer, strides []int) {
	for k, o := range append(p.Sources(), p.sinks...) {
		size := o.Type.Size()
		switch {
		case o.Op == OpIndex:
		case o.Op == OpScalar:
			runtime.RaceReadRange(ptrs[k], size)
		case o.Op == OpLoad:
			runtime.RaceReadRange(ptrs[k], n*size)
		case o.Op == OpStrided:
			for i := range n {
				runtime.RaceReadRange(unsafe.Add(ptrs[k], i*strides[k]), size)
			}
		case o.Op == OpAccumulate:
			runtime.RaceWriteRange(ptrs[k], AccLanes*size)
		default:
			runtime.RaceWriteRange(ptrs[k], n*size)
		}
	}
}
