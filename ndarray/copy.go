package ndarray

import (
	"bytes"
	"runtime"
	"slices"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
)

// convert copies the elements of src into dst, which has the same shape and does not overlap it.
func convert(op string, dst, src *Array) error {
	err := guard(op, dst.mapped || src.mapped, func() {
		anyOrder(dst.shape, dst.layout(), src.layout(), func(d, s row, n int) {
			castRow(dst.dtype, d, src.dtype, s, n)
		})
	})
	runtime.KeepAlive(dst)
	runtime.KeepAlive(src)
	return err
}

// copyAs returns a contiguous copy of x with dtype dt. It fails if x is mapped and faults, or if
// the copy is larger than memory: a broadcast view may be.
func (x *Array) copyAs(op string, dt kernels.DType) (*Array, error) {
	y, err := newArray(op, dt, x.shape, C, kernels.Alloc)
	if err != nil {
		return nil, err
	}
	return y, convert(op, y, x)
}

// Clone returns a copy of x in C order that shares no memory with it. It panics with a
// *ValueError if that is larger than memory, or if x is mapped and its file changed.
func (x *Array) Clone() *Array { return must(x.copyAs("Clone", x.dtype)) }

// Contiguous returns x itself if its elements lie one after another in C order, else a Clone.
func (x *Array) Contiguous() *Array {
	if x.IsContiguous() {
		return x
	}
	return must(x.copyAs("Contiguous", x.dtype))
}

// AsType returns a copy of x with its elements converted to dtype dt. Integers wrap around; floats
// become integers by truncation toward zero and saturate, NaN becomes 0; bool is value != 0; all
// else rounds once to nearest even. The error is a *DTypeError, or a *ValueError if the copy
// is larger than memory or x is mapped and its file changed.
func (x *Array) AsType(dt kernels.DType) (*Array, error) { return x.copyAs("AsType", dt) }

// CopyFrom sets the elements of x to those of src, broadcast to the shape of x and converted as
// AsType does. The dtypes need to fit by the same-kind rule: float64 to float32 is one, float64 to
// int64 is not. If the arrays overlap, the result is as if they did not.
func (x *Array) CopyFrom(src *Array) error {
	if err := x.writable("CopyFrom"); err != nil {
		return err
	}
	if !kernels.CanCast(src.dtype, x.dtype, kernels.SameKind) {
		return dtypeError("CopyFrom", src.dtype, "%v into %v is not a same-kind cast", src.dtype, x.dtype)
	}
	from, err := src.broadcastTo("CopyFrom", x.shape)
	if err != nil {
		return err
	}
	if mayOverlap(x, from) {
		if from, err = src.copyAs("CopyFrom", src.dtype); err != nil {
			return err
		}
		if from, err = from.broadcastTo("CopyFrom", x.shape); err != nil {
			return err
		}
	}
	return convert("CopyFrom", x, from)
}

// Fill sets all elements of x to v, under the rule of CopyFrom.
func Fill[T Scalar](x *Array, v T) error {
	if err := x.writable("Fill"); err != nil {
		return err
	}
	from := scalar(v)
	if !kernels.CanCast(from.dtype, x.dtype, kernels.SameKind) {
		return dtypeError("Fill", from.dtype, "%v into %v is not a same-kind cast", from.dtype, x.dtype)
	}
	from = must(from.broadcastTo("Fill", x.shape))
	return convert("Fill", x, from)
}

// Identical reports whether x and y have the same dtype, the same shape and the same bits: a NaN
// is identical to itself, and -0 is not 0. It panics if an array is mapped and its file changed.
func Identical(x, y *Array) bool {
	if x.dtype != y.dtype || !slices.Equal(x.shape, y.shape) {
		return false
	}
	same, size := true, x.dtype.Size()
	err := guard("Identical", x.mapped || y.mapped, func() {
		rows(x.shape, x.layout(), y.layout(), func(a, b row, n int) bool {
			same = sameRow(a, b, n, size)
			return same
		})
	})
	runtime.KeepAlive(x)
	runtime.KeepAlive(y)
	if err != nil {
		panic(err)
	}
	return same
}

func sameRow(a, b row, n, size int) bool {
	if a.stride == size && b.stride == size {
		a.stride, b.stride, size, n = n*size, n*size, n*size, 1
	}
	for i := range n {
		p := unsafe.Slice((*byte)(unsafe.Add(a.ptr, i*a.stride)), size)
		q := unsafe.Slice((*byte)(unsafe.Add(b.ptr, i*b.stride)), size)
		if !bytes.Equal(p, q) {
			return false
		}
	}
	return true
}
