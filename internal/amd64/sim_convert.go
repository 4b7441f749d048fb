package amd64

import (
	"math"
	"math/big"
)

func i32ToF64(_, x, _ uint64, _ uint8) uint64 { return math.Float64bits(float64(int32(x))) }
func i32ToF32(_, x, _ uint64, _ uint8) uint64 { return uint64(math.Float32bits(float32(int32(x)))) }
func i64ToF64(_, x, _ uint64, _ uint8) uint64 { return math.Float64bits(float64(int64(x))) }

// Go converts 64-bit integers to float32 in two roundings on 386, math/big in one everywhere.
func i64ToF32(_, x, _ uint64, _ uint8) uint64 {
	f, _ := new(big.Float).SetInt64(int64(x)).Float32()
	return uint64(math.Float32bits(f))
}
func u64ToF64(_, x, _ uint64, _ uint8) uint64 { return math.Float64bits(float64(x)) }
func u64ToF32(_, x, _ uint64, _ uint8) uint64 {
	f, _ := new(big.Float).SetUint64(x).Float32()
	return uint64(math.Float32bits(f))
}

func f32ToF64(_, x, _ uint64, _ uint8) uint64 {
	if isNaN32(x) {
		return x>>31<<63 | inf64 | quiet64 | x<<41>>12
	}
	return math.Float64bits(float64(f32(x)))
}

func f64ToF32(_, x, _ uint64, _ uint8) uint64 {
	if isNaN64(x) {
		return x>>63<<31 | inf32 | quiet32 | x<<12>>41
	}
	return uint64(math.Float32bits(float32(f64(x))))
}

// Truncation to integer. What does not fit gives the smallest signed or the largest unsigned integer.

func f64ToI32(_, x, _ uint64, _ uint8) uint64 {
	if v := math.Trunc(f64(x)); v >= -1<<31 && v < 1<<31 {
		return uint64(int64(v))
	}
	return 1 << 31
}

func f32ToI32(_, x, _ uint64, _ uint8) uint64 {
	return f64ToI32(0, math.Float64bits(float64(f32(x))), 0, 0)
}

func f64ToI64(_, x, _ uint64, _ uint8) uint64 {
	if v := math.Trunc(f64(x)); v >= -1<<63 && v < 1<<63 {
		return uint64(int64(v))
	}
	return 1 << 63
}

func f32ToI64(_, x, _ uint64, _ uint8) uint64 {
	return f64ToI64(0, math.Float64bits(float64(f32(x))), 0, 0)
}

func f64ToU64(_, x, _ uint64, _ uint8) uint64 {
	v := math.Trunc(f64(x))
	switch {
	case v >= 0 && v < 1<<63:
		return uint64(int64(v))
	case v >= 1<<63 && v < 1<<64:
		return uint64(int64(v-1<<63)) | 1<<63
	}
	return math.MaxUint64
}
