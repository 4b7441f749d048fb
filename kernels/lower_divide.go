package kernels

import (
	"math"

	"github.com/lanes-go/lanes/simd"
)

// Division with remainder. Integers: x/0 = 0 and x%0 = 0, MinInt/-1 = MinInt and MinInt%-1 = 0. Floats:
// quotients below 2^53 are exact, remainders always.

// divisible brings integers to a type that has IDiv.
func divisible(b *simd.Builder, x, y simd.Value, f func(x, y simd.Value) simd.Value) simd.Value {
	t := b.TypeOf(x)
	if t.Size() >= 4 {
		return f(x, y)
	}
	return b.Convert(f(b.Convert(x, simd.I32), b.Convert(y, simd.I32)), t)
}

// intDivMod returns the truncated quotient, the remainder that belongs to it, and where floor division
// differs: the remainder is not 0 and has not the sign of y. y = 0 gives the quotient 0 and a remainder to be
// replaced.
func intDivMod(b *simd.Builder, x, y simd.Value) (q, r, low simd.Value) {
	t := b.TypeOf(x)
	zero := b.Const(t, 0)
	q = b.IDiv(x, y)
	r = b.Sub(x, b.Mul(q, y))
	if !t.IsSigned() {
		return q, r, b.False()
	}
	low = b.And(b.Lt(b.Xor(r, y), zero), b.And(b.Ne(r, zero), b.Ne(y, zero)))
	return q, r, low
}

func lowerTruncDivide(b *simd.Builder, x, y simd.Value) simd.Value {
	if !b.TypeOf(x).IsFloat() {
		return divisible(b, x, y, func(x, y simd.Value) simd.Value { return b.IDiv(x, y) })
	}
	q, _, _ := floatQuotient(b, x, y)
	return signed(b, q, b.Xor(bitsOf(b, x), bitsOf(b, y)))
}

func lowerFloorDivide(b *simd.Builder, x, y simd.Value) simd.Value {
	t := b.TypeOf(x)
	if !t.IsFloat() {
		return divisible(b, x, y, func(x, y simd.Value) simd.Value {
			q, _, low := intDivMod(b, x, y)
			return b.Select(low, b.Sub(q, b.Int(b.TypeOf(q), 1)), q)
		})
	}
	q, exact, _ := floatQuotient(b, x, y)
	sign := b.Xor(bitsOf(b, x), bitsOf(b, y))
	negative := b.Lt(sign, b.Int(signedOf(t), 0))
	away := b.Select(b.AndNot(negative, exact), b.Float(t, 1), b.Float(t, 0))
	return signed(b, b.Add(q, away), sign)
}

func lowerFmod(b *simd.Builder, x, y simd.Value) simd.Value {
	t := b.TypeOf(x)
	if !t.IsFloat() {
		return divisible(b, x, y, func(x, y simd.Value) simd.Value {
			_, r, _ := intDivMod(b, x, y)
			zero := b.Const(b.TypeOf(x), 0)
			return b.Select(b.Eq(y, zero), zero, r)
		})
	}
	return inF64(b, func(v ...simd.Value) simd.Value {
		return signed(b, floatMod(b, b.Abs(v[0]), b.Abs(v[1]), t), bitsOf(b, v[0]))
	}, x, y)
}

func lowerRemainder(b *simd.Builder, x, y simd.Value) simd.Value {
	t := b.TypeOf(x)
	if !t.IsFloat() {
		return divisible(b, x, y, func(x, y simd.Value) simd.Value {
			_, r, low := intDivMod(b, x, y)
			zero := b.Const(b.TypeOf(x), 0)
			return b.Select(b.Eq(y, zero), zero, b.Select(low, b.Add(r, y), r))
		})
	}
	// The sum with y must round in x's own type, so only the remainder itself may be computed in float64.
	ax, ay := b.Abs(x), b.Abs(y)
	r := inF64(b, func(v ...simd.Value) simd.Value { return floatMod(b, v[0], v[1], t) }, ax, ay)
	differ := b.Lt(b.Xor(bitsOf(b, x), bitsOf(b, y)), b.Int(signedOf(t), 0))
	other := b.And(differ, b.Ne(r, b.Const(t, 0)))
	return signed(b, b.Select(other, b.Sub(ay, r), r), bitsOf(b, y))
}

// inF64 computes f of floats in float64 and converts the result back to their type.
func inF64(b *simd.Builder, f func(x ...simd.Value) simd.Value, x ...simd.Value) simd.Value {
	t := b.TypeOf(x[0])
	wide := make([]simd.Value, len(x))
	for i, v := range x {
		wide[i] = b.Convert(v, simd.F64)
	}
	return b.Convert(f(wide...), t)
}

// bitsOf is the bits of a float as a signed integer.
func bitsOf(b *simd.Builder, x simd.Value) simd.Value { return b.Bitcast(x, signedOf(b.TypeOf(x))) }

// signed flips the sign of x where the integer s is negative.
func signed(b *simd.Builder, x, s simd.Value) simd.Value {
	t := b.TypeOf(s)
	return b.Bitcast(b.Xor(bitsOf(b, x), b.And(s, signBit(b, t))), b.TypeOf(x))
}

// floatQuotient returns |x/y| truncated, exact below 2^53 (2^24) and rounded above; where there is no
// remainder; and the bits that make it so. The rounded quotient may reach the next integer; then the
// remainder, which an FMA gives exactly, is negative. x = ±inf gives NaN, as NumPy.
func floatQuotient(b *simd.Builder, x, y simd.Value) (q, exact, r simd.Value) {
	t := b.TypeOf(x)
	zero := b.Const(t, 0)
	ax, ay := b.Abs(x), b.Abs(y)
	q = b.Trunc(b.Div(ax, ay))
	r = b.FNMA(q, ay, ax)
	small := b.Lt(q, b.Float(t, quotientLimit(t)))
	over := b.And(small, b.Lt(r, zero))
	q = b.Sub(q, b.Select(over, b.Float(t, 1), zero))
	exact = b.Or(b.Not(small), b.Or(b.Eq(r, zero), b.Eq(ax, zero)))
	return b.Add(q, b.Sub(ax, ax)), exact, r
}

// quotientLimit is where floats of type t cease to hold all integers.
func quotientLimit(t simd.Type) float64 {
	if t == simd.F32 {
		return 1 << 24
	}
	return 1 << 53
}

// floatMod is the remainder of ax / ay for float64 values that are not negative: exact at any magnitude, with
// IEEE 754's special values. Quotients below 2^53 take one FMA. Larger ones take, in a rare region, as many
// steps as the exponents of origin, the type that the operands come from, can be apart: each step reduces
// modulo ay scaled up by a power of two, 52 bits further down than the step before. The remainders are
// signed, at most 3/4 of the modulus, and multiples of its last bit, so every one is exact.
func floatMod(b *simd.Builder, ax, ay simd.Value, origin simd.Type) simd.Value {
	q := b.Trunc(b.Div(ax, ay))
	r := b.FNMA(q, ay, ax)
	main := b.Select(b.Lt(r, b.F64(0)), b.Add(r, ay), r)
	inf := b.F64(math.Inf(1))
	easy := b.And(b.Lt(q, b.F64(1<<53)), b.Lt(ay, inf))
	spread := 1023 + 1074
	if origin == simd.F32 {
		spread = 127 + 149
	}
	return b.Rare(b.Not(easy), func() []simd.Value {
		r := longMod(b, ax, ay, spread/52+2)
		r = b.Select(b.Eq(ay, inf), ax, r)
		valid := b.And(b.Lt(ax, inf), b.Lt(b.F64(0), ay))
		return []simd.Value{b.Select(valid, r, b.F64(math.NaN()))}
	}, main)[0]
}

// longMod reduces ax modulo ay in steps.
func longMod(b *simd.Builder, ax, ay simd.Value, steps int) simd.Value {
	const mantissa = 1<<52 - 1
	normal := b.Select(b.Lt(ay, b.F64(0x1p-1022)), b.Mul(ay, b.F64(0x1p54)), ay)
	w := b.Bitcast(b.Or(b.And(bitsOf(b, normal), b.Int(simd.I64, mantissa)),
		b.AndNot(bitsOf(b, ax), b.Int(simd.I64, mantissa))), simd.F64) // ay with the exponent of ax
	r := ax
	for range steps {
		r = b.FNMA(b.Rint(b.Div(r, w)), w, r)
		next := b.Mul(w, b.F64(0x1p-52))
		w = b.Select(b.Lt(next, ay), ay, next)
	}
	return b.Select(b.Lt(r, b.F64(0)), b.Add(r, ay), r)
}
