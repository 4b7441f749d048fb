package kernels

import (
	"math"

	"github.com/lanes-go/lanes/simd"
)

// Lowerings of arithmetic, comparison and choice. Bools are masks, so what is one primitive for numbers is
// logic for them.

func isMask(b *simd.Builder, x simd.Value) bool { return b.TypeOf(x) == simd.Mask }

func lowerAdd(b *simd.Builder, x, y simd.Value) simd.Value {
	if isMask(b, x) {
		return b.Or(x, y)
	}
	return b.Add(x, y)
}

func lowerMul(b *simd.Builder, x, y simd.Value) simd.Value {
	t := b.TypeOf(x)
	switch {
	case t == simd.Mask:
		return b.And(x, y)
	case t.Size() == 1: // there is no product of bytes
		return b.Convert(b.Mul(b.Convert(x, simd.I16), b.Convert(y, simd.I16)), t)
	}
	return b.Mul(x, y)
}

func lowerAbs(b *simd.Builder, x simd.Value) simd.Value {
	if isMask(b, x) {
		return x
	}
	return b.Abs(x)
}

// lowerSign adds +0 to what is neither positive nor negative: that keeps NaN and makes -0 +0.
func lowerSign(b *simd.Builder, x simd.Value) simd.Value {
	t := b.TypeOf(x)
	zero := b.Const(t, 0)
	if t.IsFloat() {
		return b.Select(b.Lt(zero, x), b.Float(t, 1), b.Select(b.Lt(x, zero), b.Float(t, -1), b.Add(x, zero)))
	}
	positive := b.Select(b.Lt(zero, x), b.Int(t, 1), zero)
	if !t.IsSigned() {
		return positive
	}
	return b.Select(b.Lt(x, zero), b.Int(t, -1), positive)
}

func lowerReciprocal(b *simd.Builder, x simd.Value) simd.Value {
	return b.Div(b.Float(b.TypeOf(x), 1), x)
}

// swapped exchanges the operands.
func swapped(f binaryOp) binaryOp {
	return func(b *simd.Builder, x, y simd.Value) simd.Value { return f(b, y, x) }
}

// mixed tells whether x and y are an int64 and a uint64, in either order; they are compared by value.
func mixed(b *simd.Builder, x, y simd.Value) bool { return b.TypeOf(x) != b.TypeOf(y) }

// splitMixed returns, for an int64 and a uint64, both as uint64 and the masks of negative operands.
func splitMixed(b *simd.Builder, x, y simd.Value) (ux, uy, xNeg, yNeg simd.Value) {
	sign := func(v simd.Value) simd.Value {
		if b.TypeOf(v) == simd.I64 {
			return b.Lt(v, b.Int(simd.I64, 0))
		}
		return b.False()
	}
	return b.Bitcast(x, simd.U64), b.Bitcast(y, simd.U64), sign(x), sign(y)
}

func lowerEq(b *simd.Builder, x, y simd.Value) simd.Value {
	switch {
	case mixed(b, x, y):
		ux, uy, xNeg, yNeg := splitMixed(b, x, y)
		return b.AndNot(b.Eq(ux, uy), b.Or(xNeg, yNeg))
	case isMask(b, x):
		return b.Not(b.Xor(x, y))
	}
	return b.Eq(x, y)
}

func lowerNe(b *simd.Builder, x, y simd.Value) simd.Value {
	switch {
	case mixed(b, x, y):
		return b.Not(lowerEq(b, x, y))
	case isMask(b, x):
		return b.Xor(x, y)
	}
	return b.Ne(x, y)
}

func lowerLt(b *simd.Builder, x, y simd.Value) simd.Value {
	switch {
	case mixed(b, x, y):
		ux, uy, xNeg, yNeg := splitMixed(b, x, y)
		return b.Or(xNeg, b.AndNot(b.Lt(ux, uy), yNeg))
	case isMask(b, x):
		return b.AndNot(y, x)
	}
	return b.Lt(x, y)
}

func lowerLe(b *simd.Builder, x, y simd.Value) simd.Value {
	switch {
	case mixed(b, x, y):
		return b.Not(lowerLt(b, y, x))
	case isMask(b, x):
		return b.Or(y, b.Not(x))
	}
	return b.Le(x, y)
}

func lowerIsNaN(b *simd.Builder, x simd.Value) simd.Value {
	if b.TypeOf(x).IsFloat() {
		return b.Ne(x, x)
	}
	return b.False()
}

func lowerIsInf(b *simd.Builder, x simd.Value) simd.Value {
	if t := b.TypeOf(x); t.IsFloat() {
		return b.Eq(b.Abs(x), b.Float(t, math.Inf(1)))
	}
	return b.False()
}

func lowerIsFinite(b *simd.Builder, x simd.Value) simd.Value {
	if t := b.TypeOf(x); t.IsFloat() {
		return b.Lt(b.Abs(x), b.Float(t, math.Inf(1)))
	}
	return b.True()
}

func lowerIsEndless(sign int) unaryOp {
	return func(b *simd.Builder, x simd.Value) simd.Value {
		if t := b.TypeOf(x); t.IsFloat() {
			return b.Eq(x, b.Float(t, math.Inf(sign)))
		}
		return b.False()
	}
}

// lowerSignbit looks at the bits, so that -0 counts; the sign of a NaN differs between processors and must
// not show.
func lowerSignbit(b *simd.Builder, x simd.Value) simd.Value {
	t := b.TypeOf(x)
	if !t.IsFloat() {
		return b.Lt(x, b.Const(t, 0))
	}
	i := signedOf(t)
	return b.And(b.Lt(b.Bitcast(x, i), b.Int(i, 0)), b.Eq(x, x))
}

// signedOf is the signed integer type as wide as t.
func signedOf(t simd.Type) simd.Type {
	switch t.Size() {
	case 1:
		return simd.I8
	case 2:
		return simd.I16
	case 4:
		return simd.I32
	}
	return simd.I64
}

// signBit is the integer with only the sign bit set.
func signBit(b *simd.Builder, t simd.Type) simd.Value {
	if t.Size() == 4 {
		return b.Int(t, math.MinInt32)
	}
	return b.Int(t, math.MinInt64)
}

func lowerCopysign(b *simd.Builder, x, y simd.Value) simd.Value {
	t := b.TypeOf(x)
	i := signedOf(t)
	sign := b.And(b.Bitcast(y, i), signBit(b, i))
	sign = b.Select(b.Eq(y, y), sign, b.Int(i, 0))
	return b.Bitcast(b.Or(b.AndNot(b.Bitcast(x, i), signBit(b, i)), sign), t)
}

func lowerMin(b *simd.Builder, x, y simd.Value) simd.Value {
	if isMask(b, x) {
		return b.And(x, y)
	}
	return b.Min(x, y)
}

func lowerMax(b *simd.Builder, x, y simd.Value) simd.Value {
	if isMask(b, x) {
		return b.Or(x, y)
	}
	return b.Max(x, y)
}

func lowerFmin(b *simd.Builder, x, y simd.Value) simd.Value {
	if b.TypeOf(x).IsFloat() {
		return b.MinNum(x, y)
	}
	return lowerMin(b, x, y)
}

func lowerFmax(b *simd.Builder, x, y simd.Value) simd.Value {
	if b.TypeOf(x).IsFloat() {
		return b.MaxNum(x, y)
	}
	return lowerMax(b, x, y)
}

func lowerClip(b *simd.Builder, x, lo, hi simd.Value) simd.Value {
	return lowerMin(b, lowerMax(b, x, lo), hi)
}

// ofFloat applies f to floats; integers and bools are their own rounding.
func ofFloat(f unaryOp) unaryOp {
	return func(b *simd.Builder, x simd.Value) simd.Value {
		if b.TypeOf(x).IsFloat() {
			return f(b, x)
		}
		return x
	}
}

// shifted does f on a type that has shifts with a count per lane. The counts of narrow operands are extended
// with their sign, so that a negative one stays out of range; results wrap back.
func shifted(b *simd.Builder, x, y simd.Value, f func(x, y simd.Value) simd.Value) simd.Value {
	t := b.TypeOf(x)
	if t.Size() >= 4 {
		return f(x, y)
	}
	wide := simd.U32
	if t.IsSigned() {
		wide = simd.I32
	}
	return b.Convert(f(b.Convert(x, wide), b.Convert(y, wide)), t)
}

func lowerShl(b *simd.Builder, x, y simd.Value) simd.Value {
	return shifted(b, x, y, func(x, y simd.Value) simd.Value { return b.ShlV(x, y) })
}

func lowerShr(b *simd.Builder, x, y simd.Value) simd.Value {
	return shifted(b, x, y, func(x, y simd.Value) simd.Value { return b.ShrV(x, y) })
}

// Degrees to radians and back, π/180 and 180/π as hi+lo with lo > 0: then an infinite x gives inf+inf, never
// inf-inf.
const (
	radianHi = 0x1.1df46a2529d39p-6
	radianLo = 0x1.5c1d8becdd291p-62
	degreeHi = 0x1.ca5dc1a63c1f7p+5
	degreeLo = 0x1.70c2a5d4dfd03p-48
)

// timesPair multiplies by a constant given as hi+lo: 0.5 ULP and a little.
func timesPair(hi, lo float64) unaryOp {
	return func(b *simd.Builder, x simd.Value) simd.Value {
		if t := b.TypeOf(x); t == simd.F32 {
			return b.Convert(b.Mul(b.Convert(x, simd.F64), b.F64(hi)), t)
		}
		return b.FMA(x, b.F64(hi), b.Mul(x, b.F64(lo)))
	}
}
