package kernels

import (
	"context"
	"slices"
	"unsafe"

	"github.com/lanes-go/lanes/parallel"
)

// layout is an iteration space put in the best order: axes sorted by the first result's strides, largest first, axes of
// length 1 dropped, neighbours joined where every operand allows, and turned so that the first result goes forward. The
// last axis is the inner one.
type layout struct {
	shape    []int
	operands []Operand // sources, then results, with one stride for each axis of shape
	sources  int
	mapped   bool
}

// newLayout brings operands into order. Its slices are its own.
func newLayout(shape []int, dst, src []Operand) *layout {
	l := &layout{sources: len(src), operands: slices.Concat(src, dst)}
	lead := dst[0].Strides
	var axes []int
	for i, n := range shape {
		if n != 1 {
			axes = append(axes, i)
		}
	}
	slices.SortStableFunc(axes, func(i, j int) int { return magnitude(lead[j]) - magnitude(lead[i]) })
	for k := range l.operands {
		o := &l.operands[k]
		strides := make([]int, len(axes))
		for i, axis := range axes {
			strides[i] = o.Strides[axis]
			if lead[axis] < 0 {
				o.Ptr = unsafe.Add(o.Ptr, (shape[axis]-1)*strides[i])
				strides[i] = -strides[i]
			}
		}
		o.Strides = strides
		l.mapped = l.mapped || o.Mapped
	}
	for _, axis := range axes {
		l.shape = append(l.shape, shape[axis])
	}
	for i := len(l.shape) - 2; i >= 0; i-- {
		if l.joins(i) {
			l.join(i)
		}
	}
	if len(l.shape) == 0 {
		l.shape = []int{1}
		for k := range l.operands {
			l.operands[k].Strides = []int{0}
		}
	}
	return l
}

func magnitude(x int) int { return max(x, -x) }

// joins tells whether axes i and i+1 are one for every operand.
func (l *layout) joins(i int) bool {
	for k := range l.operands {
		if st := l.operands[k].Strides; st[i] != st[i+1]*l.shape[i+1] {
			return false
		}
	}
	return true
}

func (l *layout) join(i int) {
	l.shape[i+1] *= l.shape[i]
	l.shape = slices.Delete(l.shape, i, i+1)
	for k := range l.operands {
		l.operands[k].Strides = slices.Delete(l.operands[k].Strides, i, i+1)
	}
}

func (l *layout) total() int {
	n := 1
	for _, k := range l.shape {
		n *= k
	}
	return n
}

// shortRow is the length below which rows are not worth a call each.
const shortRow = 48

// runLayout walks the rows of the inner axis, each one call of the kernel. Where rows are short or results do not lie
// one behind the other, blocks are packed instead.
func (s *Stage) runLayout(ctx context.Context, l *layout, threads int) error {
	inner := len(l.shape) - 1
	packed := l.shape[inner] < shortRow && inner > 0
	for i, d := range s.results {
		if o := &l.operands[l.sources+i]; o.Strides[inner] != d.Size() && l.shape[inner] > 1 {
			packed = true
		}
	}
	if packed {
		return s.runPacked(ctx, l, threads)
	}
	kinds := make([]SourceKind, l.sources)
	for i := range kinds {
		switch o := &l.operands[i]; {
		case s.sources[i].Scalar || o.Strides[inner] == 0:
			kinds[i] = SourceScalar
		case o.Strides[inner] != o.DType.Size():
			kinds[i] = SourceStrided
		}
	}
	v, err := s.variant(kinds)
	if err != nil {
		return err
	}
	total := l.total()
	ptrs := make([]unsafe.Pointer, len(l.operands))
	for k := range ptrs {
		ptrs[k] = l.operands[k].Ptr
	}
	flags := s.streaming(total, ptrs)
	part := func(lo, hi int) error {
		w := newWalker(l, lo)
		strides := make([]int, len(l.operands))
		for k := range strides {
			strides[k] = l.operands[k].Strides[inner]
		}
		for lo < hi {
			n := min(hi-lo, w.left())
			v.kernel.Run(n, int64(lo), w.ptrs, strides[:l.sources], flags)
			w.advance(n)
			lo += n
		}
		return nil
	}
	return parallel.For(ctx, total, chunkGrain, s.cycles(v, total), threads, guarded(part, l.mapped))
}

// walker goes through the elements of a layout row by row.
type walker struct {
	l     *layout
	index []int
	ptrs  []unsafe.Pointer
}

// newWalker starts at an element counted in the order of the layout.
func newWalker(l *layout, element int) *walker {
	w := &walker{l: l, index: make([]int, len(l.shape)), ptrs: make([]unsafe.Pointer, len(l.operands))}
	for i := len(l.shape) - 1; i >= 0; i-- {
		w.index[i] = element % l.shape[i]
		element /= l.shape[i]
	}
	for k := range w.ptrs {
		w.ptrs[k] = l.operands[k].Ptr
		for i, st := range l.operands[k].Strides {
			w.ptrs[k] = unsafe.Add(w.ptrs[k], w.index[i]*st)
		}
	}
	return w
}

// left is how many elements the row still has.
func (w *walker) left() int {
	inner := len(w.l.shape) - 1
	return w.l.shape[inner] - w.index[inner]
}

// advance goes n elements on, at most to the start of the next row.
func (w *walker) advance(n int) {
	axis := len(w.l.shape) - 1
	for {
		w.index[axis] += n
		if w.index[axis] < w.l.shape[axis] {
			w.move(axis, n)
			return
		}
		w.move(axis, n-w.index[axis]) // back to the start of the axis
		w.index[axis] = 0
		if axis == 0 {
			return
		}
		axis--
		n = 1
	}
}

func (w *walker) move(axis, n int) {
	for k := range w.ptrs {
		w.ptrs[k] = unsafe.Add(w.ptrs[k], n*w.l.operands[k].Strides[axis])
	}
}
