package kernels

import (
	"context"
	"slices"
)

// overlaps tells whether a result shares memory with a source or another result in a way that working in place would
// show. The test is by the extent of the operands: it may find overlap where interleaved elements do not meet.
func (s *Stage) overlaps(shape []int, dst, src []Operand) bool {
	for i := range dst {
		for k := range src {
			if meet(shape, &dst[i], &src[k]) && !exactly(shape, &dst[i], &src[k]) {
				return true
			}
		}
		for k := range i {
			if meet(shape, &dst[i], &dst[k]) {
				return true
			}
		}
	}
	return false
}

// exactly tells whether x and y are the same elements in the same order.
func exactly(shape []int, x, y *Operand) bool {
	if x.Ptr != y.Ptr || x.DType.Size() != y.DType.Size() {
		return false
	}
	for i, n := range shape {
		if n != 1 && x.Strides[i] != y.Strides[i] {
			return false
		}
	}
	return true
}

// meet tells whether the extents of x and y in memory have a byte in common.
func meet(shape []int, x, y *Operand) bool {
	xlo, xhi := extent(shape, x)
	ylo, yhi := extent(shape, y)
	return xlo < yhi && ylo < xhi
}

// extent returns the addresses of the first byte of o and of the one behind its last.
func extent(shape []int, o *Operand) (lo, hi uintptr) {
	lo = uintptr(o.Ptr)
	hi = lo + uintptr(o.DType.Size())
	for i, n := range shape {
		if reach := (n - 1) * o.Strides[i]; reach < 0 {
			lo -= uintptr(-reach)
		} else {
			hi += uintptr(reach)
		}
	}
	return lo, hi
}

// runScratch computes into scratch memory first, then copies to dst, one result after the other.
func (s *Stage) runScratch(ctx context.Context, shape []int, dst, src []Operand, threads int) error {
	total := 1
	for _, n := range shape {
		total *= n
	}
	scratch := slices.Clone(dst)
	for i := range scratch {
		o := &scratch[i]
		mem := Alloc(total * o.DType.Size())
		defer mem.Free()
		o.Ptr, o.Mapped, o.Owner = mem.Pointer(), false, mem
		o.Strides = make([]int, len(shape))
		stride := o.DType.Size()
		for k := len(shape) - 1; k >= 0; k-- {
			o.Strides[k] = stride
			stride *= shape[k]
		}
	}
	if err := s.run(ctx, shape, total, scratch, src, threads); err != nil {
		return err
	}
	for i := range dst {
		l := newLayout(shape, dst[i:i+1], scratch[i:i+1])
		inner := l.inner()
		size := dst[i].DType.Size()
		copyRows := func(lo, hi int) error {
			w := l.walk(lo)
			defer w.release()
			w.eachRow(hi-lo, func(_, n int) {
				copyStrided(w.ptrs[1], w.ptrs[0], size, l.operands[1].Strides[inner], l.operands[0].Strides[inner], n)
			})
			return nil
		}
		err := guarded(copyRows, l.mapped)(0, total)
		l.release()
		if err != nil {
			return err
		}
	}
	return nil
}
