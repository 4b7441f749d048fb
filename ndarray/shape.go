package ndarray

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/lanes-go/lanes/kernels"
)

// sizeOf returns the bytes of an array, after checking that shape is the shape of one: at most 64
// axes, no negative length, and no overflow. Lengths beside a zero count as any others do, so that
// (0, 2^62) is a shape and (0, 2^62, 2^62) is not.
func sizeOf(op string, dt kernels.DType, shape []int) (int, error) {
	if len(shape) > maxRank {
		return 0, shapeError(op, "rank %d is above %d", len(shape), maxRank)
	}
	n, empty := 1, false
	for _, d := range shape {
		if d < 0 {
			return 0, shapeError(op, "shape %v is negative", shapeText(shape))
		}
		if d == 0 {
			empty = true
			continue
		}
		hi, lo := bits.Mul64(uint64(n), uint64(d))
		if hi != 0 || lo > math.MaxInt {
			return 0, valueError(op, ErrSize, "shape %s has more elements than an int can count", formatShape(shape))
		}
		n = int(lo)
	}
	if empty {
		return 0, nil
	}
	hi, lo := bits.Mul64(uint64(n), uint64(dt.Size()))
	if hi != 0 || lo > math.MaxInt {
		return 0, valueError(op, ErrSize, "%s of %s has more bytes than an int can count", formatShape(shape), dt)
	}
	return int(lo), nil
}

// count returns the product of the lengths of a checked shape.
func count(shape []int) int {
	n := 1
	for _, d := range shape {
		if d == 0 {
			return 0 // the product of the others may overflow
		}
		n *= d
	}
	return n
}

// fillStrides sets the strides of a contiguous array. Those of an empty array may wrap around:
// nothing is ever read through them.
func fillStrides(strides, shape []int, size int, order Order) {
	for k := range shape {
		if order == C {
			k = len(shape) - 1 - k
		}
		strides[k] = size
		size *= max(shape[k], 1)
	}
}

func contiguous(shape, strides []int, size int, order Order) bool {
	if count(shape) == 0 {
		return true
	}
	for k := range shape {
		if order == C {
			k = len(shape) - 1 - k
		}
		if shape[k] != 1 && strides[k] != size {
			return false
		}
		size *= shape[k]
	}
	return true
}

// formatShape writes a shape as errors show it: (), (3,), (3,4).
func formatShape(shape []int) string {
	b := []byte{'('}
	for i, d := range shape {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(d), 10)
		if len(shape) == 1 {
			b = append(b, ',')
		}
	}
	return string(append(b, ')'))
}

// BroadcastShapes returns the shape that arrays of the given shapes have together: they align at
// the right, and lengths are equal or 1. Without shapes it is (). The error is a *ShapeError.
func BroadcastShapes(shapes ...[]int) ([]int, error) {
	return broadcastShapes("BroadcastShapes", shapes)
}

func broadcastShapes(op string, shapes [][]int) ([]int, error) {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	if rank > maxRank {
		return nil, shapeError(op, "rank %d is above %d", rank, maxRank)
	}
	result := make([]int, rank)
	for k := range result {
		result[k] = 1
	}
	for i, s := range shapes {
		for k, d := range s {
			at := rank - len(s) + k
			switch {
			case d < 0:
				return nil, shapeError(op, "shape %v is negative", shapeText(s))
			case d == result[at] || d == 1:
			case result[at] == 1:
				result[at] = d
			default:
				return nil, mismatch(op, shapes[:i+1], at-rank)
			}
		}
	}
	if _, err := sizeOf(op, kernels.Bool, result); err != nil {
		return nil, err
	}
	return result, nil
}

// mismatch says which two shapes disagree at an axis counted from the right. The last one does
// not fit one of those before it.
func mismatch(op string, shapes [][]int, fromEnd int) error {
	length := func(s []int) int {
		if len(s)+fromEnd < 0 {
			return 1
		}
		return s[len(s)+fromEnd]
	}
	last := shapes[len(shapes)-1]
	first := slices.IndexFunc(shapes, func(s []int) bool { return length(s) != 1 && length(s) != length(last) })
	other := shapes[first]
	axis := fmt.Sprintf("axis %d", len(last)+fromEnd)
	if len(last) != len(other) {
		axis = fmt.Sprintf("axis %d from the right", -fromEnd)
	}
	return shapeError(op, "cannot broadcast %v with %v: %s has lengths %d and %d",
		shapeText(other), shapeText(last), axis, length(other), length(last))
}
