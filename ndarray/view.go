package ndarray

import (
	"slices"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
)

// reshaped returns a view of x with another layout, of which the caller knows that it is inside the
// memory of x.
func (x *Array) reshaped(op string, offset int, shape, strides []int) *Array {
	if len(shape) > maxRank {
		panic(shapeError(op, "rank %d is above %d", len(shape), maxRank))
	}
	v := x.view(len(shape))
	copy(v.shape, shape)
	copy(v.strides, strides)
	if count(shape) > 0 { // an empty view stays where memory surely is
		v.ptr = unsafe.Add(v.ptr, offset)
	}
	return v
}

// Transpose returns a view of x with its axes in the given order, or in reverse order if none is
// given. It panics with an *AxisError unless each axis is given once.
func (x *Array) Transpose(axes ...int) *Array {
	rank := len(x.shape)
	v := x.view(rank)
	if len(axes) == 0 {
		for k := range rank {
			v.shape[k], v.strides[k] = x.shape[rank-1-k], x.strides[rank-1-k]
		}
		return v
	}
	if len(axes) != rank {
		panic(shapeError("Transpose", "%d axes for an array of rank %d", len(axes), rank))
	}
	for k, axis := range x.axes("Transpose", axes) {
		v.shape[k], v.strides[k] = x.shape[axis], x.strides[axis]
	}
	return v
}

// axes returns axes counted from the first, or panics with an *AxisError.
func (x *Array) axes(op string, axes []int) []int {
	counted := make([]int, 0, len(axes))
	for _, a := range axes {
		axis := x.axis(op, a)
		if slices.Contains(counted, axis) {
			panic(&AxisError{Func: op, Axis: a, Rank: len(x.shape), Shape: x.Shape(), Repeated: true})
		}
		counted = append(counted, axis)
	}
	return counted
}

// T returns a view of x with its axes in reverse order.
func (x *Array) T() *Array { return x.Transpose() }

// MT returns a view of x with its last two axes exchanged: a stack of matrices, each transposed.
// It panics with a *ShapeError if x has less than two axes.
func (x *Array) MT() *Array {
	rank := len(x.shape)
	if rank < 2 {
		panic(shapeError("MT", "rank %d is below 2", rank))
	}
	v := x.reshaped("MT", 0, x.shape, x.strides)
	v.shape[rank-1], v.shape[rank-2] = v.shape[rank-2], v.shape[rank-1]
	v.strides[rank-1], v.strides[rank-2] = v.strides[rank-2], v.strides[rank-1]
	return v
}

// Reshape returns the elements of x, in C order, with another shape, in which one length may be -1:
// whatever is left. It is a view if the strides allow it, else a copy. It panics with a
// *ShapeError if the shape has another number of elements.
func (x *Array) Reshape(shape ...int) *Array {
	shape, err := x.fit("Reshape", shape)
	if err != nil {
		panic(err)
	}
	if v, ok := x.reshapeView(shape); ok {
		return v
	}
	v, _ := x.Clone().reshapeView(shape)
	return v
}

// ReshapeView is Reshape that never copies. The error is a *ShapeError if that is not possible.
func (x *Array) ReshapeView(shape ...int) (*Array, error) {
	shape, err := x.fit("ReshapeView", shape)
	if err != nil {
		return nil, err
	}
	v, ok := x.reshapeView(shape)
	if !ok {
		return nil, shapeError("ReshapeView", "the strides %v of %v do not allow a view as %v",
			x.Strides(), shapeText(x.shape), shapeText(shape))
	}
	return v, nil
}

// fit returns the shape with its -1 replaced.
func (x *Array) fit(op string, shape []int) ([]int, error) {
	full, free := slices.Clone(shape), -1
	for k, d := range shape {
		if d == -1 && free < 0 {
			free, full[k] = k, 1
		}
	}
	bytes, err := sizeOf(op, x.dtype, full)
	if err != nil {
		return nil, err
	}
	n, have := bytes/x.dtype.Size(), x.Size()
	if free >= 0 {
		if n == 0 || have%n != 0 {
			return nil, shapeError(op, "%v has %d elements, which do not fill %v",
				shapeText(x.shape), have, shapeText(shape))
		}
		full[free] = have / n
		n = have
	}
	if n != have {
		return nil, shapeError(op, "%v has %d elements, %v needs %d",
			shapeText(x.shape), have, shapeText(shape), n)
	}
	return full, nil
}

// reshapeView returns a view with another shape of as many elements, if one exists. Old and new axes
// are taken in groups with equal products of lengths; the old axes of a group need to lie as one
// (the algorithm is that of NumPy's _attempt_nocopy_reshape).
func (x *Array) reshapeView(shape []int) (*Array, bool) {
	v := x.view(len(shape))
	copy(v.shape, shape)
	if x.Size() == 0 {
		fillStrides(v.strides, shape, x.dtype.Size(), C)
		return v, true
	}
	var lengths, strides []int // the old axes, those of length 1 left out
	for k, n := range x.shape {
		if n != 1 {
			lengths, strides = append(lengths, n), append(strides, x.strides[k])
		}
	}
	for i, k := 0, 0; i < len(lengths); {
		first, group, want := k, lengths[i], 1
		i++
		for want != group {
			if want < group {
				want *= shape[k]
				k++
				continue
			}
			if strides[i-1] != lengths[i]*strides[i] {
				return nil, false
			}
			group *= lengths[i]
			i++
		}
		stride := strides[i-1]
		for j := k - 1; j >= first; j-- {
			v.strides[j] = stride
			stride *= shape[j]
		}
	}
	for k, n := range shape {
		if n == 1 {
			v.strides[k] = 0
		}
	}
	if x.IsContiguous() {
		fillStrides(v.strides, shape, x.dtype.Size(), C)
	}
	return v, true
}

// BroadcastTo returns a read-only view of x with a larger shape: x repeats along axes that it does
// not have, or in which its length is 1. The error is a *ShapeError.
func (x *Array) BroadcastTo(shape ...int) (*Array, error) { return x.broadcastTo("BroadcastTo", shape) }

func (x *Array) broadcastTo(op string, shape []int) (*Array, error) {
	if _, err := sizeOf(op, kernels.Bool, shape); err != nil {
		return nil, err
	}
	extra := len(shape) - len(x.shape)
	if extra < 0 {
		return nil, shapeError(op, "%v has more axes than %v", shapeText(x.shape), shapeText(shape))
	}
	v := x.view(len(shape))
	v.readOnly = true
	copy(v.shape, shape)
	for k, n := range x.shape {
		switch {
		case n == shape[extra+k]:
			v.strides[extra+k] = x.strides[k]
		case n != 1:
			return nil, shapeError(op, "cannot broadcast %v to %v: axis %d has lengths %d and %d",
				shapeText(x.shape), shapeText(shape), extra+k, n, shape[extra+k])
		}
	}
	return v, nil
}

// BroadcastArrays returns views of all arrays with the shape that they have together. The error is a
// *ShapeError.
func BroadcastArrays(xs ...*Array) ([]*Array, error) {
	shapes := make([][]int, len(xs))
	for i, x := range xs {
		shapes[i] = x.shape
	}
	shape, err := broadcastShapes("BroadcastArrays", shapes)
	if err != nil {
		return nil, err
	}
	views := make([]*Array, len(xs))
	for i, x := range xs {
		if views[i], err = x.broadcastTo("BroadcastArrays", shape); err != nil {
			return nil, err
		}
	}
	return views, nil
}

// ExpandDims returns a view of x with axes of length 1 at the given places of the new shape. It
// panics with an *AxisError for a place that is not there or given twice.
func (x *Array) ExpandDims(axes ...int) *Array {
	rank := len(x.shape) + len(axes)
	var isNew [maxRank]bool
	if rank > maxRank {
		panic(shapeError("ExpandDims", "rank %d is above %d", rank, maxRank))
	}
	for _, a := range axes {
		k := a
		if a < 0 {
			k += rank
		}
		if k < 0 || k >= rank || isNew[k] {
			panic(&AxisError{Func: "ExpandDims", Axis: a, Rank: rank, Repeated: k >= 0 && k < rank})
		}
		isNew[k] = true
	}
	v := x.view(rank)
	from := 0
	for k := range rank {
		if isNew[k] {
			v.shape[k] = 1
			continue
		}
		v.shape[k], v.strides[k] = x.shape[from], x.strides[from]
		from++
	}
	return v
}

// Squeeze returns a view of x without the given axes, or without all axes of length 1. It panics
// with an *AxisError for an axis that is not there or given twice, and with a *ShapeError for one
// of another length.
func (x *Array) Squeeze(axes ...int) *Array {
	drop := x.axes("Squeeze", axes)
	var shape, strides []int
	for k, n := range x.shape {
		given := slices.Contains(drop, k)
		if given && n != 1 {
			panic(shapeError("Squeeze", "axis %d of %v has length %d, not 1", k, shapeText(x.shape), n))
		}
		if !given && (n != 1 || len(axes) > 0) {
			shape, strides = append(shape, n), append(strides, x.strides[k])
		}
	}
	return x.reshaped("Squeeze", 0, shape, strides)
}

// Flip returns a view of x with the order of elements reversed along the given axes, or along all.
// It panics with an *AxisError for an axis that is not there or given twice.
func (x *Array) Flip(axes ...int) *Array {
	index := make([]any, len(x.shape))
	for k := range index {
		index[k] = All
		if len(axes) == 0 {
			index[k] = Step(-1)
		}
	}
	for _, a := range x.axes("Flip", axes) {
		index[a] = Step(-1)
	}
	return x.Slice(index...)
}
