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

// shortRow is the length below which it is better to pack blocks than to compute rows.
const shortRow = 8

// longRow is the length from which on a row is worth a call of its own, which aligns its stores.
const longRow = 2048

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
	strided := slices.Contains(kinds, SourceStrided)
	part := func(lo, hi int) error {
		w := newWalker(l, lo)
		strides := w.steps(inner)
		for lo < hi {
			n := w.left()
			if rows := min(w.rowsLeft(), (hi-lo)/max(n, 1)); rows > 1 && n < longRow && !strided {
				v.kernel.RunRows(rows, n, w.ptrs, w.steps(inner-1))
				w.skip(rows)
				lo += rows * n
				continue
			}
			n = min(n, hi-lo)
			v.kernel.Run(n, int64(lo), w.ptrs, strides[:l.sources], flags)
			w.advance(n)
			lo += n
		}
		return nil
	}
	return parallel.For(ctx, total, l.grain(), s.cycles(v, total), threads, guarded(part, l.mapped))
}

// grain is the multiple of elements at which work is cut: whole rows if they are short.
func (l *layout) grain() int {
	if n := l.shape[len(l.shape)-1]; n < longRow {
		return n * (1 + chunkGrain/n)
	}
	return chunkGrain
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

// rowsLeft is how many whole rows lie ahead, each a step along the second axis from the last; 0 inside a row.
func (w *walker) rowsLeft() int {
	outer := len(w.l.shape) - 2
	if outer < 0 || w.index[outer+1] != 0 {
		return 0
	}
	return w.l.shape[outer] - w.index[outer]
}

// skip goes over whole rows, at most rowsLeft.
func (w *walker) skip(rows int) { w.advanceAxis(len(w.l.shape)-2, rows) }

// steps returns the bytes from one element along an axis to the next, by operand.
func (w *walker) steps(axis int) []int {
	list := make([]int, len(w.l.operands))
	for k := range list {
		list[k] = w.l.operands[k].Strides[axis]
	}
	return list
}

// advance goes n elements on, at most to the start of the next row.
func (w *walker) advance(n int) { w.advanceAxis(len(w.l.shape)-1, n) }

func (w *walker) advanceAxis(axis, n int) {
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
