// Package ndarray holds N-dimensional arrays of numbers: shape, strides and views with NumPy's
// vocabulary, .npy and .csv files, and printing. It may import kernels and the packages below
// it; it must not know the text of expressions, or partitions of a cluster.
//
// An Array has a dynamic dtype; type parameters stand only where Go values come in and go out
// (FromSlice, Data, Values, Get, Set). What only looks at memory (At, Slice, Transpose, Reshape)
// panics with a typed error on a wrong constant, as a Go slice expression does; what computes or
// meets outside data returns the error.
package ndarray

import (
	"slices"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
)

// Array is a view of memory as an N-dimensional array of one dtype. Views share memory and keep it
// alive. Reading is safe for concurrent use; writing through any view is not.
type Array struct {
	dtype    kernels.DType
	readOnly bool
	mapped   bool // memory of a file: reading may fault, so every loop over it runs in guard
	ptr      unsafe.Pointer
	owner    any // *kernels.Buffer or *mapping: what keeps ptr valid; nil for memory of the caller
	shape    []int
	strides  []int // in bytes

	dims [2 * inlineRank]int // room for shape and strides of low rank: one allocation less
}

const (
	inlineRank = 4
	maxRank    = 64
)

// Order is the order of the elements of a new array in memory.
type Order uint8

// The orders: the last axis varies fastest, or the first.
const (
	C Order = iota
	F
)

// alloc returns an array of given rank without memory.
func alloc(dt kernels.DType, rank int) *Array {
	x := &Array{dtype: dt}
	if rank <= inlineRank {
		x.shape = x.dims[:rank:rank]
		x.strides = x.dims[inlineRank:][:rank:rank]
	} else {
		dims := make([]int, 2*rank)
		x.shape, x.strides = dims[:rank:rank], dims[rank:]
	}
	return x
}

// view returns a new array of given rank on the memory of x.
func (x *Array) view(rank int) *Array {
	v := alloc(x.dtype, rank)
	v.readOnly, v.mapped, v.ptr, v.owner = x.readOnly, x.mapped, x.ptr, x.owner
	return v
}

// New returns an array whose elements are not set: they may be anything, also what other arrays
// held before. It is for packages that overwrite every element. The error is a *ShapeError for a
// negative length or too many axes, or matches ErrSize.
func New(dt kernels.DType, shape []int, order Order) (*Array, error) {
	return newArray("New", dt, shape, order, kernels.Alloc)
}

// Make returns an array of zeros. It is Zeros for sizes that come from outside: a shape that is
// no shape or larger than memory is an error.
func Make(dt kernels.DType, shape []int) (*Array, error) {
	return newArray("Make", dt, shape, C, kernels.AllocZero)
}

func newArray(
	op string, dt kernels.DType, shape []int, order Order, get func(int) *kernels.Buffer,
) (*Array, error) {
	if !stored(dt) {
		return nil, unsupported(op, dt)
	}
	n, err := sizeOf(op, dt, shape)
	if err != nil {
		return nil, err
	}
	if n > kernels.MemoryBudget() {
		return nil, valueError(op, ErrSize, "%s of %v takes %d bytes, more than memory", formatShape(shape), dt, n)
	}
	buf := get(n)
	x := alloc(dt, len(shape))
	x.ptr, x.owner = buf.Pointer(), buf
	copy(x.shape, shape)
	fillStrides(x.strides, shape, dt.Size(), order)
	return x, nil
}

// must is for constructors whose sizes are the program's own.
func must(x *Array, err error) *Array {
	if err != nil {
		panic(err)
	}
	return x
}

// Must returns x, or panics if err is not nil: for scripts, as in Must(Load("a.npy")).
func Must(x *Array, err error) *Array { return must(x, err) }

// DType returns the type of the elements.
func (x *Array) DType() kernels.DType { return x.dtype }

// NDim returns the number of axes.
func (x *Array) NDim() int { return len(x.shape) }

// Dim returns the length of an axis; negative axes count from the last. It panics with an
// *AxisError if there is no such axis.
func (x *Array) Dim(axis int) int { return x.shape[x.axis("Dim", axis)] }

// Shape returns the lengths of the axes, a copy. AppendShape and Dim do not allocate.
func (x *Array) Shape() []int { return slices.Clone(x.shape) }

// AppendShape appends the lengths of the axes to dst.
func (x *Array) AppendShape(dst []int) []int { return append(dst, x.shape...) }

// Strides returns for each axis the distance of neighbours in elements, of any sign; 0 where
// an axis was broadcast.
func (x *Array) Strides() []int {
	s := slices.Clone(x.strides)
	for i := range s {
		s[i] /= x.dtype.Size()
	}
	return s
}

// Size returns the number of elements: 1 for a 0-d array.
func (x *Array) Size() int { return count(x.shape) }

// ReadOnly reports whether the array refuses to be written: broadcast views and mapped files do.
func (x *Array) ReadOnly() bool { return x.readOnly }

// Mapped reports whether the elements are those of a mapped file, see Map.
func (x *Array) Mapped() bool { return x.mapped }

// IsContiguous reports whether the elements lie one after another in C order.
func (x *Array) IsContiguous() bool { return contiguous(x.shape, x.strides, x.dtype.Size(), C) }

// IsFContiguous reports whether the elements lie one after another in Fortran order.
func (x *Array) IsFContiguous() bool { return contiguous(x.shape, x.strides, x.dtype.Size(), F) }

// Operand returns the memory of x as the drivers of package kernels take it. The strides are those
// of x itself. It does not allocate.
func (x *Array) Operand() kernels.Operand {
	return kernels.Operand{Ptr: x.ptr, DType: x.dtype, Strides: x.strides, Mapped: x.mapped, Owner: x.owner}
}

// axis returns the axis counted from the first, or panics.
func (x *Array) axis(op string, axis int) int {
	if axis < -len(x.shape) || axis >= len(x.shape) {
		panic(&AxisError{Func: op, Axis: axis, Rank: len(x.shape), Shape: x.Shape()})
	}
	if axis < 0 {
		axis += len(x.shape)
	}
	return axis
}
