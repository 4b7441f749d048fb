package kernels

import (
	"context"
	"slices"
	"sync"
	"unsafe"

	"github.com/lanes-go/lanes/parallel"
	"github.com/lanes-go/lanes/simd"
)

// layout is an iteration space put in the best order: axes sorted by the first result's strides, largest first, axes of
// length 1 dropped, neighbours joined where every operand allows, and turned so that the first result goes forward. The
// last axis is the inner one. Layouts are pooled, so that a pass over few elements need not allocate.
type layout struct {
	shape    []int
	operands []Operand // sources, then results, with one stride for each axis of shape
	sources  int
	mapped   bool

	strides []int // backing of the operands' strides
	axes    []int
	kinds   []SourceKind
	kernel  *simd.Kernel
	flags   simd.Flags
	rows    func(lo, hi int) error // computeRows, bound once
}

var layouts = sync.Pool{New: func() any {
	l := new(layout)
	l.rows = l.computeRows
	return l
}}

// newLayout brings operands into order. The caller releases it.
func newLayout(shape []int, dst, src []Operand) *layout {
	l := layouts.Get().(*layout)
	l.sources, l.mapped = len(src), false
	l.operands = append(append(l.operands[:0], src...), dst...)
	l.shape, l.axes, l.strides = l.shape[:0], l.axes[:0], l.strides[:0]
	lead := dst[0].Strides
	for i, n := range shape {
		if n != 1 {
			l.axes = append(l.axes, i)
		}
	}
	slices.SortStableFunc(l.axes, func(i, j int) int { return magnitude(lead[j]) - magnitude(lead[i]) })
	for _, axis := range l.axes {
		l.shape = append(l.shape, shape[axis])
	}
	if len(l.axes) == 0 {
		l.shape = append(l.shape, 1)
	}
	l.strides = slices.Grow(l.strides, len(l.operands)*len(l.shape))
	for k := range l.operands {
		l.arrange(&l.operands[k], shape, lead)
	}
	for i := len(l.shape) - 2; i >= 0; i-- {
		if l.joins(i) {
			l.join(i)
		}
	}
	return l
}

// arrange gives o its strides in the order of the layout.
func (l *layout) arrange(o *Operand, shape, lead []int) {
	at := len(l.strides)
	for _, axis := range l.axes {
		stride := o.Strides[axis]
		if lead[axis] < 0 {
			o.Ptr = unsafe.Add(o.Ptr, (shape[axis]-1)*stride)
			stride = -stride
		}
		l.strides = append(l.strides, stride)
	}
	if len(l.axes) == 0 {
		l.strides = append(l.strides, 0)
	}
	o.Strides = l.strides[at:len(l.strides):len(l.strides)]
	l.mapped = l.mapped || o.Mapped
}

// release gives l back to the pool, without anything of the caller's.
func (l *layout) release() {
	clear(l.operands)
	l.kernel = nil
	layouts.Put(l)
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

// inner is the number of the inner axis.
func (l *layout) inner() int { return len(l.shape) - 1 }

// shortRow is the length below which it is better to pack blocks than to compute rows.
const shortRow = 8

// longRow is the length from which on a row is worth a call of its own, which aligns its stores.
const longRow = 2048

// runLayout walks the rows of the inner axis. Where rows are very short or results do not lie one behind the other,
// blocks are packed instead.
func (s *Stage) runLayout(ctx context.Context, l *layout, threads int) error {
	inner := l.inner()
	packed := l.shape[inner] < shortRow && inner > 0
	for i, d := range s.results {
		if o := &l.operands[l.sources+i]; o.Strides[inner] != d.Size() && l.shape[inner] > 1 {
			packed = true
		}
	}
	if packed {
		return s.runPacked(ctx, l, threads)
	}
	l.kinds = l.kinds[:0]
	for i := range l.sources {
		kind := SourceLoad
		switch o := &l.operands[i]; {
		case s.sources[i].Scalar || o.Strides[inner] == 0:
			kind = SourceScalar
		case o.Strides[inner] != o.DType.Size():
			kind = SourceStrided
		}
		l.kinds = append(l.kinds, kind)
	}
	v, err := s.variant(l.kinds)
	if err != nil {
		return err
	}
	total := l.total()
	l.kernel = v.kernel
	l.flags = s.streaming(v, total, threads, func(k int) unsafe.Pointer { return l.operands[k].Ptr })
	cycles := s.cycles(v, total)
	if !l.mapped && unwatched(ctx) && (threads == 1 || float64(total)*cycles < smallWork) {
		return l.computeRows(0, total)
	}
	return parallel.For(ctx, total, l.grain(), cycles, threads, guarded(l.rows, l.mapped))
}

// computeRows computes elements lo … hi-1 in the order of the layout: many short rows in one call, long ones each.
func (l *layout) computeRows(lo, hi int) error {
	w := l.walk(lo)
	defer w.release()
	inner := l.inner()
	strided := slices.Contains(l.kinds, SourceStrided)
	for k := range l.operands {
		w.strides = append(w.strides, l.operands[k].Strides[inner])
		if inner > 0 {
			w.steps = append(w.steps, l.operands[k].Strides[inner-1])
		}
	}
	for lo < hi {
		n := w.left()
		if rows := min(w.rowsLeft(), (hi-lo)/n); rows > 1 && n < longRow && !strided {
			l.kernel.RunRows(rows, n, w.ptrs, w.steps)
			w.advance(inner-1, rows)
			lo += rows * n
			continue
		}
		n = min(n, hi-lo)
		l.kernel.Run(n, int64(lo), w.ptrs, w.strides[:l.sources], l.flags)
		w.advance(inner, n)
		lo += n
	}
	return nil
}

// grain is the multiple of elements at which work is cut: whole rows if they are short.
func (l *layout) grain() int {
	if n := l.shape[l.inner()]; n < longRow {
		return n * (1 + chunkGrain/n)
	}
	return chunkGrain
}

// walker goes through the elements of a layout row by row.
type walker struct {
	l       *layout
	index   []int
	ptrs    []unsafe.Pointer
	strides []int // bytes from element to element, by operand
	steps   []int // bytes from row to row
}

var walkers = sync.Pool{New: func() any { return new(walker) }}

// walk starts at an element counted in the order of the layout. The caller releases the walker.
func (l *layout) walk(element int) *walker {
	w := walkers.Get().(*walker)
	w.l, w.ptrs, w.strides, w.steps = l, w.ptrs[:0], w.strides[:0], w.steps[:0]
	w.index = append(w.index[:0], l.shape...)
	for i := len(l.shape) - 1; i >= 0; i-- {
		w.index[i] = element % l.shape[i]
		element /= l.shape[i]
	}
	for k := range l.operands {
		p := l.operands[k].Ptr
		for i, st := range l.operands[k].Strides {
			p = unsafe.Add(p, w.index[i]*st)
		}
		w.ptrs = append(w.ptrs, p)
	}
	return w
}

func (w *walker) release() {
	clear(w.ptrs)
	w.l = nil
	walkers.Put(w)
}

// left is how many elements the row still has.
func (w *walker) left() int {
	inner := w.l.inner()
	return w.l.shape[inner] - w.index[inner]
}

// rowsLeft is how many whole rows lie ahead, each a step along the second axis from the last; 0 inside a row.
func (w *walker) rowsLeft() int {
	outer := w.l.inner() - 1
	if outer < 0 || w.index[outer+1] != 0 {
		return 0
	}
	return w.l.shape[outer] - w.index[outer]
}

// advance goes n places on along an axis, at most to its end, where the next of the axis before it begins.
func (w *walker) advance(axis, n int) {
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
