package kernels

import (
	"context"
	"unsafe"

	"github.com/lanes-go/lanes/parallel"
)

// packedBlock is how many elements are gathered into first-level cache at a time.
const packedBlock = 1024

// runPacked computes blocks of elements in the order of the layout: inputs are gathered into contiguous memory, results
// scattered from it.
func (s *Stage) runPacked(ctx context.Context, l *layout, threads int) error {
	kinds := make([]SourceKind, l.sources)
	for i := range kinds {
		if s.sources[i].Scalar || isSingle(l.shape, l.operands[i].Strides) {
			kinds[i] = SourceScalar
		}
	}
	v, err := s.variant(kinds)
	if err != nil {
		return err
	}
	total := l.total()
	cycles := s.cycles(v, total) + 4*float64(len(l.operands))
	part := func(lo, hi int) error {
		mem := Alloc(len(l.operands) * packedBlock * 8)
		defer mem.Free()
		ptrs := make([]unsafe.Pointer, len(l.operands))
		from, to := l.walk(lo), l.walk(lo)
		defer from.release()
		defer to.release()
		for ; lo < hi; lo += packedBlock {
			n := min(packedBlock, hi-lo)
			for k := range ptrs {
				ptrs[k] = unsafe.Add(mem.Pointer(), k*packedBlock*8)
				if k < l.sources && kinds[k] == SourceScalar {
					ptrs[k] = from.ptrs[k]
				}
			}
			from.eachRow(n, func(at, count int) {
				for k := range l.sources {
					if kinds[k] != SourceScalar {
						o := &l.operands[k]
						size, inner := o.DType.Size(), o.Strides[len(o.Strides)-1]
						copyStrided(unsafe.Add(ptrs[k], at*size), from.ptrs[k], size, size, inner, count)
					}
				}
			})
			v.kernel.Run(n, int64(lo), ptrs, nil, 0)
			to.eachRow(n, func(at, count int) {
				for k := l.sources; k < len(l.operands); k++ {
					o := &l.operands[k]
					size, inner := o.DType.Size(), o.Strides[len(o.Strides)-1]
					copyStrided(to.ptrs[k], unsafe.Add(ptrs[k], at*size), size, inner, size, count)
				}
			})
		}
		return nil
	}
	return parallel.For(ctx, total, packedBlock, cycles, threads, guarded(part, l.mapped))
}

// eachRow visits the next n elements, a part of a row at a time: f gets how many came before and how many these are.
func (w *walker) eachRow(n int, f func(at, count int)) {
	for at := 0; at < n; {
		count := min(n-at, w.left())
		f(at, count)
		w.advance(w.l.inner(), count)
		at += count
	}
}

// copyStrided copies n elements of a size between places that lie to and from bytes apart.
func copyStrided(d, s unsafe.Pointer, size, to, from, n int) {
	switch size {
	case 1:
		copyAs[uint8](d, s, to, from, n)
	case 2:
		copyAs[uint16](d, s, to, from, n)
	case 4:
		copyAs[uint32](d, s, to, from, n)
	default:
		copyAs[uint64](d, s, to, from, n)
	}
}

func copyAs[T any](d, s unsafe.Pointer, to, from, n int) {
	for i := range n {
		*(*T)(unsafe.Add(d, i*to)) = *(*T)(unsafe.Add(s, i*from))
	}
}
