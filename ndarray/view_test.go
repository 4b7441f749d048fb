package ndarray

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"testing"

	"github.com/lanes-go/lanes/kernels"
)

// panicOf returns the error that f panics with.
func panicOf(f func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			err = r
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

// model is the plain definition of an array: a function of the index.
type model struct {
	shape []int
	at    func(index []int) int
}

// check compares x, whose elements are int64, with its definition.
func (m model) check(t *testing.T, what string, x *Array) {
	t.Helper()
	if !slices.Equal(x.Shape(), m.shape) {
		t.Fatalf("%s: shape %v, want %v", what, x.Shape(), m.shape)
	}
	next, stop := iter.Pull(Values[int64](x))
	defer stop()
	for index := range indexes(m.shape) {
		got, ok := next()
		if want := m.at(index); !ok || got != int64(want) || Get[int64](x, index...) != int64(want) {
			t.Fatalf("%s: element %v is %d, want %d", what, index, got, want)
		}
	}
	if got, more := next(); more {
		t.Fatalf("%s: one more element, %d", what, got)
	}
}

// indexes runs through the indexes of a shape in C order.
func indexes(shape []int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		if slices.Contains(shape, 0) {
			return
		}
		index := make([]int, len(shape))
		for {
			if !yield(index) {
				return
			}
			k := len(shape) - 1
			for ; k >= 0; k-- {
				if index[k]++; index[k] < shape[k] {
					break
				}
				index[k] = 0
			}
			if k < 0 {
				return
			}
		}
	}
}

// shapes are all shapes of rank up to three with lengths up to three.
func shapes() iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		for rank := range 4 {
			size := make([]int, rank)
			for k := range size {
				size[k] = 4
			}
			for shape := range indexes(size) {
				if !yield(slices.Clone(shape)) {
					return
				}
			}
		}
	}
}

// numbered returns the array of a shape that counts its elements in C order.
func numbered(shape []int) (*Array, model) {
	x := Arange(0, int64(count(shape)), 1).Reshape(shape...)
	at := func(index []int) int {
		n := 0
		for k, i := range index {
			n = n*shape[k] + i
		}
		return n
	}
	return x, model{shape, at}
}

// positions is the definition of start:stop:step on an axis of length n, as Python documents it:
// bounds that are not given are the ends; i, i+step, ... while it does not pass stop.
func positions(s Span, n int) (at []int) {
	start, stop := s.start, s.stop
	for _, b := range []*int{&start, &stop} {
		if *b != open && *b < 0 {
			*b += n
		}
	}
	if s.step > 0 {
		if start == open || start < 0 {
			start = 0
		}
		if stop == open || stop > n {
			stop = n
		}
		for i := start; i < stop && i < n; i += s.step {
			at = append(at, i)
		}
		return at
	}
	if start == open || start > n-1 {
		start = n - 1
	}
	if stop == open || stop < -1 {
		stop = -1
	}
	for i := start; i > stop && i >= 0; i += s.step {
		at = append(at, i)
	}
	return at
}

func TestSliceOneAxis(t *testing.T) {
	bounds := []int{open, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, math.MaxInt, math.MinInt + 1}
	steps := []int{-4, -3, -2, -1, 1, 2, 3, 4, math.MaxInt, math.MinInt}
	for n := range 5 {
		x, _ := numbered([]int{n})
		for _, start := range bounds {
			for _, stop := range bounds {
				for _, step := range steps {
					s := Span{start, stop, step}
					if abs := max(step, -step); abs > 4 || abs < 0 {
						// the reference would overflow; one step leaves the axis
						at := positions(Span{start, stop, map[bool]int{true: 1, false: -1}[step > 0]}, n)
						at = at[:min(len(at), 1)]
						model{[]int{len(at)}, func(i []int) int { return at[i[0]] }}.check(t, fmt.Sprint(n, s), x.Slice(s))
						continue
					}
					at := positions(s, n)
					model{[]int{len(at)}, func(i []int) int { return at[i[0]] }}.check(t, fmt.Sprint(n, s), x.Slice(s))
				}
			}
		}
	}
}

func TestSliceAllAxes(t *testing.T) {
	choices := []any{0, -1, All, From(1), To(1), Step(-1), Step(2), Range(-2, -1), RangeStep(2, 0, -1),
		Range(3, 1)}
	for shape := range shapes() {
		x, m := numbered(shape)
		pick := make([]int, len(shape))
		for k := range pick {
			pick[k] = len(choices)
		}
		for picked := range indexes(pick) {
			var index []any
			var want model
			var at [][]int
			var kept []int // axes that stay
			for k, p := range picked {
				index = append(index, choices[p])
				switch c := choices[p].(type) {
				case int:
					i := c
					if i < 0 {
						i += shape[k]
					}
					at = append(at, []int{i})
				case Span:
					at = append(at, positions(c, shape[k]))
					kept = append(kept, k)
					want.shape = append(want.shape, len(at[k]))
				}
			}
			outside := false
			for k, p := range picked {
				_, isInt := choices[p].(int)
				outside = outside || isInt && shape[k] == 0
			}
			if outside {
				if err := panicOf(func() { x.Slice(index...) }); !errors.Is(err, ErrIndex) {
					t.Fatalf("%v %v: %v", shape, index, err)
				}
				continue
			}
			want.at = func(i []int) int {
				full := make([]int, len(shape))
				for k := range full {
					full[k] = at[k][0]
				}
				for j, k := range kept {
					full[k] = at[k][i[j]]
				}
				return m.at(full)
			}
			if slices.Contains(want.shape, 0) {
				want.at = nil
			}
			want.check(t, fmt.Sprint(shape, index), x.Slice(index...))
		}
	}
}

func TestSliceSpecial(t *testing.T) {
	x, _ := numbered([]int{2, 3, 4})
	for _, c := range []struct {
		index []any
		shape []int
		first int64
	}{
		{nil, []int{2, 3, 4}, 0},
		{[]any{Ellipsis}, []int{2, 3, 4}, 0},
		{[]any{1}, []int{3, 4}, 12},
		{[]any{Ellipsis, 1}, []int{2, 3}, 1},
		{[]any{1, Ellipsis, 1}, []int{3}, 13},
		{[]any{1, 1, 1, Ellipsis}, []int{}, 17},
		{[]any{Newaxis}, []int{1, 2, 3, 4}, 0},
		{[]any{Ellipsis, Newaxis, 2}, []int{2, 3, 1}, 2},
		{[]any{1, Newaxis, From(1), Newaxis}, []int{1, 2, 1, 4}, 16},
	} {
		got := x.Slice(c.index...)
		if !slices.Equal(got.Shape(), c.shape) || Item[int64](got.Reshape(-1).Slice(0)) != c.first {
			t.Errorf("%v: got shape %v, first %v", c.index, got.Shape(), got)
		}
	}
	for _, c := range []struct {
		want  string
		index []any
	}{
		{"ndarray.Slice: index 2 out of range for axis 0 of length 2", []any{2}},
		{"ndarray.Slice: index -5 out of range for axis 2 of length 4", []any{Ellipsis, -5}},
		{"ndarray.Slice: 4 indexes for an array of rank 3", []any{0, 0, 0, 0}},
		{"ndarray.Slice: a step of zero", []any{Step(0)}},
		{"ndarray.Slice: more than one Ellipsis", []any{Ellipsis, Ellipsis}},
		{"ndarray.Slice: float64 is no index: use int, Range, To, From, Step, All, Newaxis or Ellipsis",
			[]any{1.5}},
	} {
		if err := panicOf(func() { x.Slice(c.index...) }); err == nil || err.Error() != c.want || !errors.Is(err,
			ErrIndex) {
			t.Errorf("%v: got %v, want %s", c.index, err, c.want)
		}
	}
	many := make([]any, 62)
	for i := range many {
		many[i] = Newaxis
	}
	if err := panicOf(func() { x.Slice(many...) }); !errors.Is(err, ErrShape) {
		t.Errorf("rank 65: %v", err)
	}
}

// views are arrays of a shape with all kinds of strides.
func views(shape []int) map[string]*Array {
	x, _ := numbered(shape)
	fortran := must(New(kernels.Int64, shape, F))
	if err := fortran.CopyFrom(x); err != nil {
		panic(err)
	}
	doubled := make([]int, len(shape))
	steps := make([]any, len(shape))
	for k, n := range shape {
		doubled[k], steps[k] = 2*n, Step(2)
	}
	spread := Zeros(kernels.Int64, doubled...).Slice(steps...)
	if err := spread.CopyFrom(x); err != nil {
		panic(err)
	}
	return map[string]*Array{"C": x, "F": fortran, "spread": spread, "flipped": x.Flip().Clone().Flip()}
}

func TestTransposeAndFlip(t *testing.T) {
	orders := [][][]int{{{}}, {{0}}, {{0, 1}, {1, 0}, {-1, -2}}, {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0},
		{2, 0, 1}, {-1, 0, 1}}}
	for shape := range shapes() {
		_, m := numbered(shape)
		rank := len(shape)
		for kind, x := range views(shape) {
			for _, axes := range orders[rank] {
				want := model{make([]int, rank), nil}
				for k, a := range axes {
					want.shape[k] = shape[(a+rank)%rank]
				}
				want.at = func(index []int) int {
					old := make([]int, rank)
					for k, a := range axes {
						old[(a+rank)%rank] = index[k]
					}
					return m.at(old)
				}
				want.check(t, fmt.Sprint(kind, shape, axes), x.Transpose(axes...))
			}
			reversed := slices.Clone(shape)
			slices.Reverse(reversed)
			model{reversed, func(i []int) int {
				old := slices.Clone(i)
				slices.Reverse(old)
				return m.at(old)
			}}.check(t, "T "+kind, x.T())
			flip := func(axes ...int) func([]int) int {
				return func(i []int) int {
					old := slices.Clone(i)
					for _, k := range axes {
						old[k] = shape[k] - 1 - old[k]
					}
					return m.at(old)
				}
			}
			all := make([]int, rank)
			for k := range all {
				all[k] = k
				model{shape, flip(k)}.check(t, "Flip "+kind, x.Flip(k-rank))
			}
			model{shape, flip(all...)}.check(t, "Flip all "+kind, x.Flip())
		}
	}
	x := Zeros(kernels.Int64, 2, 3)
	for want, f := range map[string]func(){
		"ndarray.Transpose: axis 2 out of range for rank 2 (2,3)":         func() { x.Transpose(0, 2) },
		"ndarray.Transpose: axis -2 is given twice":                       func() { x.Transpose(0, -2) },
		"ndarray.Transpose: 1 axes for an array of rank 2":                func() { x.Transpose(0) },
		"ndarray.Flip: axis 1 is given twice":                             func() { x.Flip(1, 1) },
		"ndarray.MT: rank 1 is below 2":                                   func() { x.Slice(0).MT() },
		"ndarray.Dim: axis 2 out of range for rank 2 (2,3)":               func() { x.Dim(2) },
		"ndarray.ExpandDims: axis 3 out of range for rank 3":              func() { x.ExpandDims(3) },
		"ndarray.ExpandDims: axis -4 is given twice":                      func() { x.ExpandDims(0, -4) },
		"ndarray.Squeeze: axis 1 of (2,3) has length 3, not 1":            func() { x.Squeeze(1) },
		"ndarray.Squeeze: axis -3 out of range for rank 2 (2,3)":          func() { x.Squeeze(-3) },
		"ndarray.Reshape: (2,3) has 6 elements, (4,2) needs 8":            func() { x.Reshape(4, 2) },
		"ndarray.Reshape: shape (-2,3) is negative":                       func() { x.Reshape(-2, 3) },
		"ndarray.Reshape: shape (1,-1) is negative":                       func() { x.Reshape(-1, -1) },
		"ndarray.Reshape: (2,3) has 6 elements, which do not fill (4,-1)": func() { x.Reshape(4, -1) },
		"ndarray.Reshape: (2,3) has 6 elements, which do not fill (0,-1)": func() { x.Reshape(0, -1) },
	} {
		if err := panicOf(f); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestReshape(t *testing.T) {
	for shape := range shapes() {
		_, m := numbered(shape)
		size := count(shape)
		for kind, x := range views(shape) {
			for to := range shapes() {
				if count(to) != size {
					continue
				}
				_, want := numbered(to)
				what := fmt.Sprint(kind, shape, to)
				want.check(t, what, x.Reshape(to...))
				v, err := x.ReshapeView(to...)
				if err == nil {
					want.check(t, what, v)
				} else if kind == "C" {
					t.Errorf("%s: %v", what, err)
				}
				for k := range to {
					if free := slices.Clone(to); size > 0 {
						free[k] = -1
						want.check(t, what, x.Reshape(free...))
					}
				}
			}
			if size > 0 {
				m.check(t, kind, x.Reshape(-1, 1).Reshape(shape...))
			}
		}
	}
}

// TestReshapeViewShares checks that a view is one exactly where NumPy makes one: as long as strides
// of the new shape exist.
func TestReshapeViewShares(t *testing.T) {
	x := Zeros(kernels.Float64, 4, 6)
	for _, c := range []struct {
		name string
		x    *Array
		to   []int
		view bool
	}{
		{"contiguous", x, []int{3, 8}, true},
		{"rows cut", x.Slice(Range(1, 3)), []int{12}, true},
		{"columns cut", x.Slice(All, Range(1, 3)), []int{8}, false},
		{"columns cut, axes split", x.Slice(All, Range(0, 4)), []int{2, 2, 2, 2}, true},
		{"transposed", x.T(), []int{24}, false},
		{"transposed, split", x.T(), []int{2, 3, 2, 2}, true},
		{"reversed", x.Flip(), []int{24}, true},
		{"one reversed", x.Flip(0), []int{24}, false},
		{"every second", x.Reshape(24).Slice(Step(2)), []int{3, 4}, true},
		{"broadcast", Must(Of(1.0).BroadcastTo(4, 6)), []int{24}, true},
		{"broadcast rows", Must(Of(1.0, 2).BroadcastTo(4, 2)), []int{8}, false},
		{"scalar", Of(1.0).Reshape(), []int{1, 1, 1}, true},
		{"empty", x.Slice(Range(1, 1)), []int{5, 0}, true},
	} {
		v, err := c.x.ReshapeView(c.to...)
		if (err == nil) != c.view || err != nil && !errors.Is(err, ErrShape) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && v.Size() > 0 && v.ptr != c.x.ptr {
			t.Errorf("%s: the view is somewhere else", c.name)
		}
		if r := c.x.Reshape(c.to...); !slices.Equal(r.Shape(), c.to) || (r.ptr == c.x.ptr) != c.view {
			t.Errorf("%s: Reshape copies or not", c.name)
		}
	}
}

func TestExpandAndSqueeze(t *testing.T) {
	x, _ := numbered([]int{2, 3})
	for _, c := range []struct {
		axes, shape []int
	}{
		{nil, []int{2, 3}}, {[]int{0}, []int{1, 2, 3}}, {[]int{-1}, []int{2, 3, 1}}, {[]int{0, -1}, []int{1, 2, 3,
			1}},
		{[]int{2, 1}, []int{2, 1, 1, 3}},
	} {
		y := x.ExpandDims(c.axes...)
		if !slices.Equal(y.Shape(), c.shape) || !Identical(y.Squeeze(c.axes...), x) || !Identical(y.Squeeze(), x) {
			t.Errorf("ExpandDims(%v) is %v, squeezed %v", c.axes, y.Shape(), y.Squeeze().Shape())
		}
	}
	if got := Zeros(kernels.Bool, 1, 2, 1).Squeeze(-1).Shape(); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("Squeeze(-1) is %v", got)
	}
	if got := Zeros(kernels.Bool, 0, 1).Squeeze().Shape(); !slices.Equal(got, []int{0}) {
		t.Errorf("Squeeze of (0,1) is %v", got)
	}
}

func TestMT(t *testing.T) {
	x, m := numbered([]int{2, 3, 4})
	model{[]int{2, 4, 3}, func(i []int) int { return m.at([]int{i[0], i[2], i[1]}) }}.check(t, "MT", x.MT())
}

// broadcast is the definition of broadcasting of two shapes.
func broadcast(a, b []int) ([]int, bool) {
	rank := max(len(a), len(b))
	shape := make([]int, rank)
	for k := range shape {
		m, n := 1, 1
		if i := k - rank + len(a); i >= 0 {
			m = a[i]
		}
		if i := k - rank + len(b); i >= 0 {
			n = b[i]
		}
		if m != n && m != 1 && n != 1 {
			return nil, false
		}
		if shape[k] = m; m == 1 {
			shape[k] = n
		}
	}
	return shape, true
}

func TestBroadcast(t *testing.T) {
	for a := range shapes() {
		x, m := numbered(a)
		for b := range shapes() {
			want, ok := broadcast(a, b)
			got, err := BroadcastShapes(a, b)
			if (err == nil) != ok || !slices.Equal(got, want) {
				t.Fatalf("BroadcastShapes(%v, %v) = %v, %v", a, b, got, err)
			}
			v, err := x.BroadcastTo(b...)
			if (err == nil) != (ok && slices.Equal(want, b)) {
				t.Fatalf("%v to %v: %v", a, b, err)
			}
			if err != nil {
				continue
			}
			if !v.ReadOnly() || !errors.Is(v.CopyFrom(v), ErrReadOnly) {
				t.Fatal("a broadcast view can be written")
			}
			model{b, func(i []int) int {
				i = slices.Clone(i[len(b)-len(a):])
				for k := range i {
					if a[k] == 1 {
						i[k] = 0
					}
				}
				return m.at(i)
			}}.check(t, fmt.Sprint(a, b), v)
		}
	}
	for want, shapes := range map[string][][]int{
		"cannot broadcast (3,4) with (3,5): axis 1 has lengths 4 and 5":                  {{3, 4}, {3, 5}},
		"cannot broadcast (2,4) with (4,1,3): axis 1 from the right has lengths 4 and 3": {{1}, {2, 4}, {4, 1, 3}},
		"cannot broadcast (0,) with (2,): axis 0 has lengths 0 and 2":                    {{0}, {2}},
		"shape (-1,) is negative": {{-1}},
	} {
		if _, err := BroadcastShapes(shapes...); err == nil || err.Error() != "ndarray.BroadcastShapes: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := BroadcastShapes([]int{math.MaxInt, 1}, []int{1, 2}); !errors.Is(err, ErrSize) {
		t.Errorf("too many elements: %v", err)
	}
	if s, err := BroadcastShapes(); err != nil || len(s) != 0 {
		t.Errorf("no shapes: %v, %v", s, err)
	}
	if _, err := BroadcastShapes(make([]int, 65)); !errors.Is(err, ErrShape) {
		t.Errorf("rank 65: %v", err)
	}
	views, err := BroadcastArrays(Arange(0, 3, 1), Arange(0, 2, 1).Reshape(2, 1))
	if err != nil || views[0].String() != "[[0 1 2]\n [0 1 2]]" || views[1].String() != "[[0 0 0]\n [1 1 1]]" {
		t.Errorf("got %v, %v", views, err)
	}
}
