package kernels

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/lanes-go/lanes/simd"
)

// maxLiteralPower is the greatest |n| for which x**n with a literal n is a function of its own.
const maxLiteralPower = 64

// literalPowers holds the functions that PowLiteral returns: x**n at n+maxLiteralPower, then x**0.5 and
// x**-0.5.
var literalPowers = func() []*Func {
	var list []*Func
	for n := -maxLiteralPower; n <= maxLiteralPower; n++ {
		f := &Func{Name: fmt.Sprintf("powi[%d]", n), Sig: "bIF =", ULP: 0.51,
			Doc: fmt.Sprintf("x to the power %d", n), lower: unary(lowerPowi(n))}
		if n < 0 {
			f.Sig, f.Hint = "F =", fmt.Sprintf("write float64(x)**%d: an integer has no negative power", n)
		}
		list = append(list, f)
	}
	list = append(list,
		&Func{Name: "powhalf[0.5]", Sig: "BIF fl", ULP: 0.5, Doc: "x to the power 0.5", lower: unary(lowerPowHalf)},
		&Func{Name: "powhalf[-0.5]", Sig: "BIF fl", ULP: 0.51, Doc: "x to the power -0.5",
			lower: unary(lowerPowMinusHalf)})
	for _, f := range list {
		f.Operator, f.MinArgs, f.MaxArgs, f.sig = "**", 1, 1, parseSig(f.Sig)
	}
	return list
}()

// PowLiteral returns the function of one argument that x**y is for a literal exponent y: an integer of at
// most 64 in size, 0.5 or -0.5. For every other exponent it returns nil, and x**y is the function pow.
func PowLiteral(y float64) *Func {
	switch {
	case y == 0.5:
		return literalPowers[2*maxLiteralPower+1]
	case y == -0.5:
		return literalPowers[2*maxLiteralPower+2]
	case y == math.Trunc(y) && math.Abs(y) <= maxLiteralPower:
		return literalPowers[int(y)+maxLiteralPower]
	}
	return nil
}

// lowerPowi is x**n by repeated squaring: exact modulo the type for integers; for float64 in double-double
// arithmetic, for float32 in float64, so that there is one rounding to speak of.
func lowerPowi(n int) unaryOp {
	return func(b *simd.Builder, x simd.Value) simd.Value {
		t := b.TypeOf(x)
		switch {
		case n == 0 && t.IsFloat():
			return b.Float(t, 1)
		case n == 0:
			return b.Int(t, 1)
		case n == 1:
			return x
		case n == -1:
			return lowerReciprocal(b, x)
		case n == 2:
			return lowerMul(b, x, x)
		case t == simd.F64:
			return powDouble(b, x, n)
		case t == simd.F32:
			wide := b.Convert(x, simd.F64)
			y := chain(n, wide, wide, b.Mul)
			if n < 0 {
				y = lowerReciprocal(b, y)
			}
			return b.Convert(y, simd.F32)
		}
		return chain(n, x, x, func(x, y simd.Value) simd.Value { return lowerMul(b, x, y) })
	}
}

// chain raises r = x to the power |n| by the binary method from the top bit down, with multiply as the
// product.
func chain[R any](n int, r, x R, multiply func(x, y R) R) R {
	n = max(n, -n)
	for i := bits.Len(uint(n)) - 2; i >= 0; i-- {
		r = multiply(r, r)
		if n>>i&1 != 0 {
			r = multiply(r, x)
		}
	}
	return r
}

// double is hi+lo.
type double struct{ hi, lo simd.Value }

// doubleMul is the product of x and y without lo*lo; a lo of 0 is left out.
func doubleMul(b *simd.Builder, x, y double) double {
	hi := b.Mul(x.hi, y.hi)
	lo := b.FMS(x.hi, y.hi, hi)
	zero := b.F64(0)
	switch {
	case x == y && x.lo != zero:
		lo = b.FMA(b.Add(x.hi, x.hi), x.lo, lo)
	case x.lo != zero:
		lo = b.FMA(x.lo, y.hi, lo)
	}
	return double{hi, lo}
}

// doubleReciprocal is 1/x to twice the precision.
func doubleReciprocal(b *simd.Builder, x double) double {
	hi := b.Div(b.F64(1), x.hi)
	return double{hi, b.Mul(hi, b.FNMA(hi, x.lo, b.FNMA(hi, x.hi, b.F64(1))))}
}

// powDouble is x**n for float64. The main path holds while no part of the product leaves the range of normal
// numbers; the rare region does the same with the mantissa of x and puts the exponent in at the end.
func powDouble(b *simd.Builder, x simd.Value, n int) simd.Value {
	power := func(x simd.Value) (y, plain double) {
		one := double{x, b.F64(0)}
		plain = chain(n, one, one, func(x, y double) double { return doubleMul(b, x, y) })
		if n < 0 {
			return doubleReciprocal(b, plain), plain
		}
		return plain, plain
	}
	y, plain := power(x)
	return b.Rare(outside(b, plain.hi, 0x1p-960, 0x1p1000), func() []simd.Value {
		ax := b.Abs(x)
		isTiny := b.Lt(ax, b.F64(0x1p-1022))
		k, m := split(b, b.Select(isTiny, b.Mul(ax, b.F64(0x1p54)), ax), 0)
		k = b.Sub(k, b.Select(isTiny, b.F64(54), b.F64(0)))
		k = b.Max(b.Min(b.Mul(k, b.F64(float64(n))), b.F64(2000)), b.F64(-2000))
		z, _ := power(m)
		r := scaled(b, z, b.Convert(k, simd.I64))
		if n&1 != 0 {
			r = signed(b, r, bitsOf(b, x))
		}
		end := plain.hi // 0, inf and NaN
		if n < 0 {
			end = b.Div(b.F64(1), end)
		}
		ordinary := b.And(b.Lt(b.F64(0), ax), b.Lt(ax, b.F64(math.Inf(1))))
		return []simd.Value{b.Select(ordinary, r, end)}
	}, b.Add(y.hi, y.lo))[0]
}

// outside is where |x| is not in [lo, hi), or NaN: one comparison of bits, moved to the least integers.
func outside(b *simd.Builder, x simd.Value, lo, hi float64) simd.Value {
	low, high := int64(math.Float64bits(lo)), int64(math.Float64bits(hi))
	return b.Le(b.Int(simd.I64, math.MinInt64+high-low),
		b.Add(bitsOf(b, b.Abs(x)), b.Int(simd.I64, math.MinInt64-low)))
}

// scaled is x*2^n for x > 0 within 2^±100 and |n| <= 2000, rounded once: overflow and subnormal numbers
// included.
func scaled(b *simd.Builder, x double, n simd.Value) simd.Value {
	half := b.Shr(n, 1)
	factor := func(n simd.Value) simd.Value {
		return b.Bitcast(b.Shl(b.Add(n, b.Int(simd.I64, 1023)), 52), simd.F64)
	}
	y := b.Mul(b.Mul(b.Add(x.hi, x.lo), factor(half)), factor(b.Sub(n, half)))
	low := b.Max(n, b.Int(simd.I64, -1500))
	head := b.Select(b.Lt(n, b.Int(simd.I64, -1500)), b.F64(0), x.hi)
	return b.Select(b.Lt(y, b.F64(0x1p-1022)), subnormal(b, double{head, x.lo}, low), y)
}

// lowerPowHalf is pow(x, 0.5): sqrt but for -0 and -inf.
func lowerPowHalf(b *simd.Builder, x simd.Value) simd.Value {
	t := b.TypeOf(x)
	s := b.Sqrt(b.Add(x, b.Float(t, 0)))
	return b.Select(b.Eq(x, b.Float(t, math.Inf(-1))), b.Float(t, math.Inf(1)), s)
}

// lowerPowMinusHalf is pow(x, -0.5): the reciprocal of the root with the residuals of both steps.
func lowerPowMinusHalf(b *simd.Builder, x simd.Value) simd.Value {
	t := b.TypeOf(x)
	if t == simd.F32 {
		return b.Convert(lowerReciprocal(b, lowerPowHalf(b, b.Convert(x, simd.F64))), t)
	}
	s := lowerPowHalf(b, x)
	q := b.Div(b.F64(1), s)
	r := b.FNMA(b.Mul(b.FNMA(s, s, x), b.F64(0.5)), b.Mul(q, q), b.FNMA(q, s, b.F64(1)))
	ordinary := b.And(b.Lt(b.F64(0), q), b.Lt(q, b.F64(math.Inf(1))))
	return b.Select(ordinary, b.FMA(q, r, q), q)
}

// lowerIntPow is x**y modulo 2^width with y taken as unsigned: six steps of the binary method; larger
// exponents, in the rare region, use that x^64 = 1 + 2^8 z for odd x, so that (x^64)^f is a binomial series
// of which few terms are not 0 modulo 2^width. An even x has no bits left from exponent 64 on.
func lowerIntPow(b *simd.Builder, x, y simd.Value) simd.Value {
	t := b.TypeOf(x)
	wide := simd.U32
	if t.Size() == 8 {
		wide = simd.U64
	}
	x, y = b.Convert(x, wide), b.Convert(y, wide)
	one, zero := b.Int(wide, 1), b.Int(wide, 0)
	r, square := one, x
	for i := range 6 {
		set := b.Ne(b.And(y, b.Int(wide, 1<<i)), zero)
		r = b.Select(set, b.Mul(r, square), r)
		square = b.Mul(square, square)
	}
	large := b.Ne(b.Shr(y, 6), zero)
	r = b.Rare(large, func() []simd.Value {
		z := b.Shr(b.Sub(square, one), 8)
		term := b.Mul(b.Shr(y, 6), z)
		product, sum := term, one
		for i := 1; ; i++ {
			inverse, shift := inverseFactorial(i)
			if shift >= 8*wide.Size() {
				break
			}
			sum = b.Add(sum, b.Shl(b.Mul(product, b.Int(wide, int64(inverse))), shift))
			term = b.Sub(term, z)
			product = b.Mul(product, term)
		}
		odd := b.Ne(b.And(x, one), zero)
		return []simd.Value{b.Select(odd, b.Mul(r, sum), zero)}
	}, r)[0]
	return b.Convert(r, t)
}

// inverseFactorial returns the inverse modulo 2^64 of the odd part of i!, and the power of two by which 2^8i
// exceeds the even part.
func inverseFactorial(i int) (inverse uint64, shift int) {
	odd := uint64(1)
	shift = 8 * i
	for k := 2; k <= i; k++ {
		zeros := bits.TrailingZeros(uint(k))
		odd *= uint64(k >> zeros)
		shift -= zeros
	}
	inverse = 1
	for range 6 { // Newton: each step doubles the bits that are right
		inverse *= 2 - odd*inverse
	}
	return inverse, shift
}
