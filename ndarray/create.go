package ndarray

import (
	"math"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
)

// Zeros returns an array of zeros. Like all constructors whose size is the program's own it
// panics, with the errors of Make, on a shape that is none.
func Zeros(dt kernels.DType, shape ...int) *Array {
	return must(newArray("Zeros", dt, shape, C, kernels.AllocZero))
}

// Empty returns an array to be filled. Its elements are zeros: memory of others never shows.
func Empty(dt kernels.DType, shape ...int) *Array {
	return must(newArray("Empty", dt, shape, C, kernels.AllocZero))
}

// Ones returns an array of ones. It panics as Zeros does.
func Ones(dt kernels.DType, shape ...int) *Array {
	x := must(newArray("Ones", dt, shape, C, kernels.Alloc))
	if err := convert("Ones", x, must(scalar(true).broadcastTo("Ones", shape))); err != nil {
		panic("BUG: " + err.Error())
	}
	return x
}

// Full returns an array with the dtype of v and all elements v. It panics as Zeros does.
func Full[T Scalar](v T, shape ...int) *Array {
	x := must(newArray("Full", DTypeOf[T](), shape, C, kernels.Alloc))
	if err := Fill(x, v); err != nil {
		panic("BUG: " + err.Error())
	}
	return x
}

// Linspace returns n float64 numbers from a to b with equal distances, b included: a + i*((b-a)/(n-1)),
// and the last is b exactly. It panics with a *ShapeError if n is negative.
func Linspace(a, b float64, n int) *Array {
	x := must(newArray("Linspace", kernels.Float64, []int{n}, C, kernels.Alloc))
	v := elements[float64](x)
	steps := float64(n - 1)
	step := (b - a) / steps
	for i := range v {
		t := float64(i)
		if step != 0 {
			t = float64(t * step) // the conversion forbids a fused multiply-add, here and below
		} else {
			t = float64(t / steps * (b - a)) // the step underflows
		}
		v[i] = a + t
	}
	if n > 1 {
		v[n-1] = b
	} else if n == 1 {
		v[0] = a
	}
	return x
}

// Number is a Scalar that counts.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Arange returns the numbers start, start+step, ... before stop, with the dtype of T: int64 for int
// constants, float64 for float constants. There are ceil((stop-start)/step) of them or none; number
// i is start + i*((start+step)-start) as in NumPy. It panics with a *ValueError if step is zero
// or the number of elements is not finite, and with ErrSize if there are too many.
func Arange[T Number](start, stop, step T) *Array {
	n := arangeLen(start, stop, step)
	x := must(newArray("Arange", DTypeOf[T](), []int{n}, C, kernels.Alloc))
	v := elements[T](x)
	delta := (start + step) - start
	for i := range v {
		v[i] = start + T(T(i)*delta)
	}
	return x
}

func arangeLen[T Number](start, stop, step T) int {
	if step == 0 || step != step {
		panic(valueError("Arange", ErrValue, "a step of %v", step))
	}
	half := 0.5
	if T(half) == 0 { // integers: exact, modulo 2^64 if the span is wider than T
		up, down := step > 0, step < 0
		switch {
		case up && start < stop:
			return intLen(uint64(stop)-uint64(start), uint64(step))
		case down && start > stop:
			return intLen(uint64(start)-uint64(stop), -uint64(step))
		}
		return 0
	}
	length := math.Ceil((float64(stop) - float64(start)) / float64(step))
	switch {
	case math.IsNaN(length):
		panic(valueError("Arange", ErrValue, "from %v to %v by %v is not a number of elements", start, stop, step))
	case length >= math.MaxInt:
		panic(valueError("Arange", ErrSize, "from %v to %v by %v are too many elements", start, stop, step))
	}
	return int(max(length, 0))
}

func intLen(span, step uint64) int {
	if n := (span-1)/step + 1; n <= math.MaxInt {
		return int(n)
	}
	panic(valueError("Arange", ErrSize, "%d elements are too many", span/step))
}

// elements returns the memory of a new contiguous array, which is not exposed thereby: the slice
// does not outlive x in its callers.
func elements[T Scalar](x *Array) []T {
	return unsafe.Slice((*T)(x.ptr), x.Size())
}
