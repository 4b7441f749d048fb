package ndarray

import (
	"iter"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
)

// Scalar is what an element can be in Go. int and uint have the dtype of their size, int64 and
// uint64 on a 64-bit machine.
type Scalar interface {
	~bool | ~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// DTypeOf returns the dtype of elements of type T.
func DTypeOf[T Scalar]() kernels.DType {
	switch reflect.TypeFor[T]().Kind() {
	case reflect.Bool:
		return kernels.Bool
	case reflect.Int8:
		return kernels.Int8
	case reflect.Int16:
		return kernels.Int16
	case reflect.Int32:
		return kernels.Int32
	case reflect.Int64:
		return kernels.Int64
	case reflect.Uint8:
		return kernels.Uint8
	case reflect.Uint16:
		return kernels.Uint16
	case reflect.Uint32:
		return kernels.Uint32
	case reflect.Uint64:
		return kernels.Uint64
	case reflect.Float32:
		return kernels.Float32
	case reflect.Float64:
		return kernels.Float64
	case reflect.Int:
		if reflect.TypeFor[T]().Size() == 4 {
			return kernels.Int32
		}
		return kernels.Int64
	case reflect.Uint:
		if reflect.TypeFor[T]().Size() == 4 {
			return kernels.Uint32
		}
		return kernels.Uint64
	}
	panic("BUG: a Scalar without dtype")
}

// WrapSlice returns an array of given shape, or of one axis, on the memory of s: they share the
// elements from then on. The error is a *ShapeError if s has not as many elements as the shape.
func WrapSlice[T Scalar](s []T, shape ...int) (*Array, error) { return wrap("WrapSlice", s, shape) }

func wrap[T Scalar](op string, s []T, shape []int) (*Array, error) {
	dt := DTypeOf[T]()
	length := [1]int{len(s)}
	if len(shape) == 0 {
		shape = length[:]
	}
	n, err := sizeOf(op, dt, shape)
	if err != nil {
		return nil, err
	}
	if n != len(s)*dt.Size() {
		return nil, shapeError(op, "%d elements do not fill %v", len(s), shapeText(shape))
	}
	x := alloc(dt, len(shape))
	x.ptr = unsafe.Pointer(unsafe.SliceData(s))
	if x.ptr == nil {
		x.ptr = unsafe.Pointer(new(uint64)) // an operand always has an address
	}
	copy(x.shape, shape)
	fillStrides(x.strides, shape, dt.Size(), C)
	return x, nil
}

// FromSlice returns an array of given shape, or of one axis, with a copy of the elements of s. The
// error is a *ShapeError if s has not as many elements as the shape.
func FromSlice[T Scalar](s []T, shape ...int) (*Array, error) {
	x, err := wrap("FromSlice", s, shape)
	if err != nil {
		return nil, err
	}
	return x.Clone(), nil
}

// Of returns an array of one axis with the given elements.
func Of[T Scalar](v ...T) *Array { return must(FromSlice(v)) }

// scalar returns a 0-d array.
func scalar[T Scalar](v T) *Array {
	x := alloc(DTypeOf[T](), 0)
	x.ptr = unsafe.Pointer(&v)
	return x
}

// checkType panics with a *DTypeError unless x has elements of type T.
func checkType[T Scalar](op string, x *Array) {
	if dt := DTypeOf[T](); dt != x.dtype {
		panic(dtypeError(op, x.dtype, "elements are %v, not %v", x.dtype, dt))
	}
}

// Data returns the elements of x as a slice that shares its memory, in C order. It panics with a
// *DTypeError if T is not the type of the elements, with a *ShapeError if they do not lie one
// after another (use Contiguous or Values), and with a *ValueError if x is read-only or mapped.
func Data[T Scalar](x *Array) []T {
	checkType[T]("Data", x)
	if !x.IsContiguous() {
		panic(shapeError("Data", "array %v is not contiguous; use Contiguous or Values", shapeText(x.shape)))
	}
	if err := x.writable("Data"); err != nil {
		panic(err)
	}
	if b, ok := x.owner.(*kernels.Buffer); ok {
		b.Expose()
	}
	return unsafe.Slice((*T)(x.ptr), x.Size())
}

// Values returns the elements of x in C order. It panics with a *DTypeError if T is not their
// type; the loop panics with a *ValueError if x is mapped and its file changed.
func Values[T Scalar](x *Array) iter.Seq[T] {
	checkType[T]("Values", x)
	return func(yield func(T) bool) {
		block := make([]uint64, min(x.Size(), 256))
		bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(block))), 8*len(block))
		err := x.packed("Values", bytes, func(p unsafe.Pointer, n int) bool {
			for _, v := range unsafe.Slice((*T)(p), n) {
				if !yield(v) {
					return false
				}
			}
			return true
		})
		if err != nil {
			panic(err)
		}
	}
}

// packed calls f with the elements of x in C order as pieces of contiguous memory, until f returns
// false: with the memory of x itself where that is contiguous and cannot fault, else with copies in
// the block, which is aligned for them. The error says that x is mapped and faulted.
func (x *Array) packed(op string, block []byte, f func(p unsafe.Pointer, n int) bool) (err error) {
	if x.Size() == 0 {
		return nil
	}
	defer runtime.KeepAlive(x)
	if !x.mapped && x.IsContiguous() {
		f(x.ptr, x.Size())
		return nil
	}
	size, filled, more := x.dtype.Size(), 0, true
	room := len(block) / size
	rows(x.shape, x.layout(), x.layout(), func(src, _ row, n int) bool {
		for n > 0 && more {
			k := min(n, room-filled)
			err = guard(op, x.mapped, func() {
				copyRow(row{unsafe.Pointer(&block[filled*size]), size}, src, k, size)
			})
			if err != nil {
				return false
			}
			if filled, n = filled+k, n-k; n > 0 {
				src.ptr = unsafe.Add(src.ptr, k*src.stride)
			}
			if filled == room {
				more, filled = f(unsafe.Pointer(&block[0]), filled), 0
			}
		}
		return more
	})
	if err == nil && more && filled > 0 {
		f(unsafe.Pointer(&block[0]), filled)
	}
	return err
}

// element returns the address of an element, or panics with an *IndexError.
func (x *Array) element(op string, index []int) unsafe.Pointer {
	if len(index) != len(x.shape) {
		panic(indexError(op, "%d indexes for an array of rank %d", len(index), len(x.shape)))
	}
	offset := 0
	for k, i := range index {
		offset += x.position(op, k, i) * x.strides[k]
	}
	return unsafe.Add(x.ptr, offset)
}

// position returns an index of axis k counted from its start, or panics with an *IndexError.
func (x *Array) position(op string, k, i int) int {
	n := x.shape[k]
	if i < -n || i >= n {
		panic(indexError(op, "index %d out of range for axis %d of length %d", i, k, n))
	}
	if i < 0 {
		i += n
	}
	return i
}

// At returns an element as float64, rounded if it is an integer beyond 2^53; true is 1. Negative
// indexes count from the end of an axis. It panics with an *IndexError if there is no such element.
func (x *Array) At(index ...int) float64 {
	return castElement[float64](x, "At", x.element("At", index))
}

// Get returns an element. It panics with a *DTypeError if T is not the type of the elements, and as
// At does.
func Get[T Scalar](x *Array, index ...int) T {
	checkType[T]("Get", x)
	return castElement[T](x, "Get", x.element("Get", index))
}

// Set sets an element to v, converted under the rule of CopyFrom: an int into a float64 array, but no
// float64 into an int array. It panics with a *DTypeError if that forbids it, with a *ValueError if
// x is read-only, and with an *IndexError if there is no such element.
func Set[T Scalar](x *Array, v T, index ...int) {
	dt := DTypeOf[T]()
	if !kernels.CanCast(dt, x.dtype, kernels.SameKind) {
		panic(dtypeError("Set", dt, "%v into %v is not a same-kind cast", dt, x.dtype))
	}
	if err := x.writable("Set"); err != nil {
		panic(err)
	}
	castRow(x.dtype, row{ptr: x.element("Set", index)}, dt, row{ptr: unsafe.Pointer(&v)}, 1)
	runtime.KeepAlive(x)
}

// Item returns the one element of an array of size 1, converted to T as AsType does. It panics with
// a *ShapeError if x has more elements or none.
func Item[T Scalar](x *Array) T {
	if x.Size() != 1 {
		panic(shapeError("Item", "array %v has %d elements, not 1", shapeText(x.shape), x.Size()))
	}
	return castElement[T](x, "Item", x.ptr)
}

// castElement returns the element of x at p as a T. It panics if x is mapped and faults.
func castElement[T Scalar](x *Array, op string, p unsafe.Pointer) (v T) {
	if !x.mapped {
		castRow(DTypeOf[T](), row{ptr: unsafe.Pointer(&v)}, x.dtype, row{ptr: p}, 1)
		runtime.KeepAlive(x)
		return v
	}
	err := guard(op, true, func() {
		castRow(DTypeOf[T](), row{ptr: unsafe.Pointer(&v)}, x.dtype, row{ptr: p}, 1)
	})
	runtime.KeepAlive(x)
	if err != nil {
		panic(err)
	}
	return v
}
