package ndarray

import (
	"math"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
)

// Conversions go through a wide type that holds every value of the source: int64, uint64 for
// uint64, float64 for floats. Then a conversion rounds at most once and there is one loop to read
// each dtype and three to write it, not one for each pair.
type wide interface{ int64 | uint64 | float64 }

type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// stored reports whether arrays can have elements of dtype dt.
func stored(dt kernels.DType) bool {
	switch dt.Kind() {
	case kernels.KindBool, kernels.KindInt, kernels.KindUint:
		return true
	case kernels.KindFloat:
		return dt.Size() >= 4
	}
	return false
}

// castRow converts n elements of dtype from to dtype to. Integers wrap; floats become integers by
// truncation and saturate, NaN becomes 0; bool is value != 0; everything else rounds once, to
// nearest even.
func castRow(to kernels.DType, dst row, from kernels.DType, src row, n int) {
	if to == from {
		copyRow(dst, src, n, to.Size())
		return
	}
	switch {
	case from == kernels.Uint64:
		castBlocks[uint64](to, dst, from, src, n)
	case from.Kind() == kernels.KindFloat:
		castBlocks[float64](to, dst, from, src, n)
	default:
		castBlocks[int64](to, dst, from, src, n)
	}
}

func castBlocks[W wide](to kernels.DType, dst row, from kernels.DType, src row, n int) {
	var block [256]W
	for lo := 0; lo < n; lo += len(block) {
		b := block[:min(len(block), n-lo)]
		load(b, from, row{unsafe.Add(src.ptr, lo*src.stride), src.stride})
		store(to, row{unsafe.Add(dst.ptr, lo*dst.stride), dst.stride}, b)
	}
}

func load[W wide](dst []W, dt kernels.DType, src row) {
	switch dt {
	case kernels.Int8:
		loadAs[int8](dst, src)
	case kernels.Int16:
		loadAs[int16](dst, src)
	case kernels.Int32:
		loadAs[int32](dst, src)
	case kernels.Int64:
		loadAs[int64](dst, src)
	case kernels.Bool, kernels.Uint8:
		loadAs[uint8](dst, src)
	case kernels.Uint16:
		loadAs[uint16](dst, src)
	case kernels.Uint32:
		loadAs[uint32](dst, src)
	case kernels.Uint64:
		loadAs[uint64](dst, src)
	case kernels.Float32:
		loadAs[float32](dst, src)
	case kernels.Float64:
		loadAs[float64](dst, src)
	default:
		panic("BUG: an array of " + dt.String())
	}
}

func loadAs[S integer | float32 | float64, W wide](dst []W, src row) {
	for i := range dst {
		dst[i] = W(*(*S)(unsafe.Add(src.ptr, i*src.stride)))
	}
}

func store[W wide](dt kernels.DType, dst row, src []W) {
	switch dt {
	case kernels.Bool:
		for i, w := range src {
			*(*bool)(unsafe.Add(dst.ptr, i*dst.stride)) = w != 0
		}
	case kernels.Int8:
		storeInt(dst, src, int8(math.MinInt8), math.MaxInt8)
	case kernels.Int16:
		storeInt(dst, src, int16(math.MinInt16), math.MaxInt16)
	case kernels.Int32:
		storeInt(dst, src, int32(math.MinInt32), math.MaxInt32)
	case kernels.Int64:
		storeInt(dst, src, int64(math.MinInt64), math.MaxInt64)
	case kernels.Uint8:
		storeInt(dst, src, uint8(0), math.MaxUint8)
	case kernels.Uint16:
		storeInt(dst, src, uint16(0), math.MaxUint16)
	case kernels.Uint32:
		storeInt(dst, src, uint32(0), math.MaxUint32)
	case kernels.Uint64:
		storeInt(dst, src, uint64(0), math.MaxUint64)
	case kernels.Float32:
		for i, w := range src {
			*(*float32)(unsafe.Add(dst.ptr, i*dst.stride)) = float32(w)
		}
	case kernels.Float64:
		for i, w := range src {
			*(*float64)(unsafe.Add(dst.ptr, i*dst.stride)) = float64(w)
		}
	default:
		panic("BUG: an array of " + dt.String())
	}
}

func storeInt[D integer, W wide](dst row, src []W, lowest, highest D) {
	half := 0.5
	isFloat := W(half) != 0 // the only wide type that keeps it
	for i, w := range src {
		v := D(w)
		if isFloat {
			v = saturate(float64(w), lowest, highest)
		}
		*(*D)(unsafe.Add(dst.ptr, i*dst.stride)) = v
	}
}

// saturate truncates f. A bound that float64 cannot hold is rounded up to a power of two,
// which is out of range itself, so the comparisons are exact.
func saturate[D integer](f float64, lowest, highest D) D {
	switch {
	case f >= float64(highest):
		return highest
	case f <= float64(lowest):
		return lowest
	case f != f:
		return 0
	}
	return D(f)
}

func copyRow(dst, src row, n, size int) {
	if dst.stride == size && src.stride == size {
		copy(unsafe.Slice((*byte)(dst.ptr), n*size), unsafe.Slice((*byte)(src.ptr), n*size))
		return
	}
	switch size {
	case 1:
		copyStrided[uint8](dst, src, n)
	case 2:
		copyStrided[uint16](dst, src, n)
	case 4:
		copyStrided[uint32](dst, src, n)
	case 8:
		copyStrided[uint64](dst, src, n)
	default:
		panic("BUG: elements of an odd size")
	}
}

func copyStrided[T any](dst, src row, n int) {
	for i := range n {
		*(*T)(unsafe.Add(dst.ptr, i*dst.stride)) = *(*T)(unsafe.Add(src.ptr, i*src.stride))
	}
}
