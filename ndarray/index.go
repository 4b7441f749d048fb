package ndarray

import "math"

// Span is a slice of an axis, start:stop:step of Python: bounds clip, and negative ones count from
// the end of the axis. See Range, To, From, RangeStep, Step and All.
type Span struct{ start, stop, step int }

// open is a bound that was not given: the end of the axis where the step begins or leads to.
const open = math.MinInt

// All is the whole axis, `:`.
var All = Span{open, open, 1}

// Range is start:stop.
func Range(start, stop int) Span { return Span{start, stop, 1} }

// To is :stop.
func To(stop int) Span { return Span{open, stop, 1} }

// From is start: (up to the end).
func From(start int) Span { return Span{start, open, 1} }

// RangeStep is start:stop:step. The step may be negative, and is not zero.
func RangeStep(start, stop, step int) Span { return Span{start, stop, step} }

// Step is ::step, so that Step(-1) reverses an axis.
func Step(step int) Span { return Span{open, open, step} }

// special is an index that is neither a position nor a span.
type special uint8

const (
	// Newaxis in an index makes an axis of length 1.
	Newaxis special = iota
	// Ellipsis in an index stands for as many All as there are axes left.
	Ellipsis
)

// resolve returns the first position and the number of positions of s on an axis of length n.
func (s Span) resolve(n int) (first, length int) {
	low, high := 0, n // where bounds clip to
	if s.step < 0 {
		low, high = -1, n-1
	}
	bound := func(b, ifOpen int) int {
		switch {
		case b == open:
			return ifOpen
		case b < -n:
			return low
		case b < 0:
			b += n
		}
		return min(max(b, low), high)
	}
	if s.step > 0 {
		start, stop := bound(s.start, low), bound(s.stop, high)
		if stop <= start {
			return start, 0
		}
		return start, (stop-start-1)/s.step + 1
	}
	start, stop := bound(s.start, high), bound(s.stop, low)
	if start <= stop {
		return start, 0
	}
	if s.step == math.MinInt {
		return start, 1
	}
	return start, (start-stop-1)/-s.step + 1
}

// Slice returns a view of x: an int takes one position and drops the axis, a Span (Range, To, From,
// RangeStep, Step, All) takes some, Newaxis makes an axis of length 1, and Ellipsis stands for
// the axes that are not mentioned, which else come last. It panics with an *IndexError on a position
// outside its axis, on more indexes than axes, and on a step of zero.
func (x *Array) Slice(index ...any) *Array {
	used, ellipses := 0, 0
	for _, ix := range index {
		switch ix := ix.(type) {
		case int:
			used++
		case Span:
			if used++; ix.step == 0 {
				panic(indexError("Slice", "a step of zero"))
			}
		case special:
			if ix == Ellipsis {
				ellipses++
			}
		default:
			panic(indexError("Slice", "%T is no index: use int, Range, To, From, Step, All, Newaxis or Ellipsis", ix))
		}
	}
	if used > len(x.shape) {
		panic(indexError("Slice", "%d indexes for an array of rank %d", used, len(x.shape)))
	}
	if ellipses > 1 {
		panic(indexError("Slice", "more than one Ellipsis"))
	}
	if ellipses == 0 {
		index = append(index[:len(index):len(index)], Ellipsis)
	}
	var shape, strides []int
	offset, axis := 0, 0
	for _, ix := range index {
		switch ix := ix.(type) {
		case int:
			offset += x.position("Slice", axis, ix) * x.strides[axis]
			axis++
		case Span:
			first, n := ix.resolve(x.shape[axis])
			step := ix.step
			if n <= 1 {
				step = 1 // a step beyond the axis times the stride may overflow
			}
			shape, strides = append(shape, n), append(strides, x.strides[axis]*step)
			if n > 0 {
				offset += first * x.strides[axis]
			}
			axis++
		case special:
			if ix == Newaxis {
				shape, strides = append(shape, 1), append(strides, 0)
				continue
			}
			for rest := len(x.shape) - used; rest > 0; rest-- {
				shape, strides = append(shape, x.shape[axis]), append(strides, x.strides[axis])
				axis++
			}
		}
	}
	return x.reshaped("Slice", offset, shape, strides)
}
