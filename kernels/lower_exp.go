package kernels

import (
	"math"

	"github.com/lanes-go/lanes/simd"
)

// rounder is 1.5*2^52: a float64 below 2^51 added to it is rounded to an integer, to even, which stands in
// the low bits of the sum.
const rounder = 0x1.8p52

// ln2 as the nearest float64 and the rest.
const (
	log2e  = 0x1.71547652b82fep+0
	ln2    = 0x1.62e42fefa39efp-1
	ln2Rem = 0x1.abc9e3b39803fp-56
)

// expCubic approximates (exp(r)-1-r-r²/2)/r³ for |r| <= ln2/2: minimax with weight (|r|³+0.003)/exp(r),
// coefficients rounded one after the other and the rest fitted anew; error 2^-62.6 relative to exp(r).
var expCubic = []float64{0x1.5555555555557p-3, 0x1.555555555555dp-5, 0x1.111111110ff35p-7,
	0x1.6c16c16c16100p-10,
	0x1.a01a01acbd717p-13, 0x1.a01a0197eee35p-16, 0x1.71ddffdc22c5ep-19, 0x1.27e517e59813ap-22,
	0x1.af52375054505p-26, 0x1.1ef17cb92ebd5p-29}

// expSingle approximates exp(r) for |r| <= ln2/2 with relative error 2^-34.5: enough for float32.
var expSingle = []float64{0x1.ffffffffabbdap-1, 0x1.000000010b4f9p+0, 0x1.00000059cb936p-1,
	0x1.55555343e9cbfp-3,
	0x1.55546871ce0e4p-5, 0x1.1112fa4aa1786p-7, 0x1.6da4ac6218b83p-10, 0x1.9eb6fd08922b5p-13}

// polynomial is c[0] + c[1]x + …, by Horner's rule.
func polynomial(b *simd.Builder, x simd.Value, c []float64) simd.Value {
	n := len(c) - 1
	p := b.F64(c[n])
	for n--; n >= 0; n-- {
		p = b.FMA(p, x, b.F64(c[n]))
	}
	return p
}

// evenOdd is the same polynomial from its even and its odd part in x², with half the latency and no more
// operations where x² is needed anyway.
func evenOdd(b *simd.Builder, x, x2 simd.Value, c []float64) simd.Value {
	var even, odd []float64
	for i, a := range c {
		if i%2 == 0 {
			even = append(even, a)
		} else {
			odd = append(odd, a)
		}
	}
	return b.FMA(polynomial(b, x2, odd), x, polynomial(b, x2, even))
}

// roundShifted returns x*scale rounded to an integer, as a float64 and as the sum with rounder.
func roundShifted(b *simd.Builder, x simd.Value, scale float64) (n, sum simd.Value) {
	sum = b.FMA(x, b.F64(scale), b.F64(rounder))
	return b.Sub(sum, b.F64(rounder)), sum
}

// timesPower is y*2^n for the n in the low bits of sum, where the result is a normal number or overflows from
// below 2^1024.
func timesPower(b *simd.Builder, y, sum simd.Value) simd.Value {
	return b.Bitcast(b.Add(bitsOf(b, y), b.Shl(bitsOf(b, sum), 52)), simd.F64)
}

// beyond is where |x| > limit or x is NaN.
func beyond(b *simd.Builder, x simd.Value, limit float64) simd.Value {
	return b.Lt(b.Const(simd.I64, math.Float64bits(limit)), bitsOf(b, b.Abs(x)))
}

func lowerExp(b *simd.Builder, x simd.Value) simd.Value {
	if b.TypeOf(x) == simd.F32 {
		return lowerExpSingle(b, x)
	}
	y, n, sum := expMain(b, double{x, b.F64(0)})
	main := timesPower(b, b.Add(y.hi, y.lo), sum)
	// The main path holds for normal results, also at the very end of the range, where the bits become those
	// of inf.
	return b.Rare(beyond(b, x, 708), func() []simd.Value {
		tiny := b.Lt(x, b.F64(-0x1.6232bdd7abcd2p+9))
		r := b.Select(tiny, subnormal(b, y, b.Convert(n, simd.I64)), main)
		r = b.Select(b.Lt(x, b.F64(-745.2)), b.F64(0), r)
		r = b.Select(b.Lt(b.F64(0x1.62e42fefa39efp+9), x), b.F64(math.Inf(1)), r)
		return []simd.Value{b.Select(b.Eq(x, x), r, x)}
	}, main)[0]
}

// expMain returns y and n with exp(x) = y*2^n and y between √½ and √2, for |x.hi| up to 1000 or so, and the
// sum that has n in its low bits. The constant 0 as x.lo costs nothing.
func expMain(b *simd.Builder, x double) (y double, n, sum simd.Value) {
	// x = n ln2 + r - c: r is exact, because the product is not rounded and the difference fits 53 bits; the
	// rest of ln2 is c, which enters at the end as a factor 1-c.
	n, sum = roundShifted(b, x.hi, log2e)
	r := b.FNMA(n, b.F64(ln2), x.hi)
	c := b.Mul(n, b.F64(ln2Rem))
	if x.lo != b.F64(0) {
		c = b.FMS(n, b.F64(ln2Rem), x.lo)
	}
	// exp(r) = 1 + (r + r²/2) + r³p(r). y is the first part with its rounding errors.
	r2 := b.Mul(r, r)
	half, one := b.F64(0.5), b.F64(1)
	y.hi = b.Add(b.FMA(r2, half, r), one)
	y.lo = b.FMA(r2, half, b.Sub(r, b.Sub(y.hi, one)))
	y.lo = b.FMA(b.Mul(r2, r), evenOdd(b, r, r2, expCubic), y.lo)
	y.lo = b.FNMA(c, b.Add(y.hi, y.lo), y.lo)
	return y, n, sum
}

// subnormal is x*2^n, rounded once, for results in [0, 2^-1022]. Added to 2^(-1022-n), whose last bit weighs
// 2^(-1074-n), x is rounded in the right place, and the bits of the sum count from there.
func subnormal(b *simd.Builder, x double, n simd.Value) simd.Value {
	unit := b.Shl(b.Sub(b.Int(simd.I64, 1023-1022), n), 52)
	scale := b.Bitcast(unit, simd.F64)
	s := b.Add(scale, x.hi)
	s = b.Add(s, b.Add(b.Sub(x.hi, b.Sub(s, scale)), x.lo))
	return b.Bitcast(b.Sub(bitsOf(b, s), unit), simd.F64)
}

// lowerExpSingle computes in float64, where no float32 argument that matters comes near the ends of the
// range: the conversion back rounds subnormal results and overflows.
func lowerExpSingle(b *simd.Builder, x simd.Value) simd.Value {
	x = b.Convert(x, simd.F64)
	y := expSingleMain(b, x)
	y = b.Rare(beyond(b, x, 256), func() []simd.Value {
		end := b.Select(b.Lt(x, b.F64(0)), b.F64(0), b.F64(math.Inf(1)))
		return []simd.Value{b.Select(b.Eq(x, x), end, x)}
	}, y)[0]
	return b.Convert(y, simd.F32)
}

// expSingleMain is exp(x) to 34 bits for |x| <= 700.
func expSingleMain(b *simd.Builder, x simd.Value) simd.Value {
	n, sum := roundShifted(b, x, log2e)
	r := b.FNMA(n, b.F64(ln2), x)
	return timesPower(b, evenOdd(b, r, b.Mul(r, r), expSingle), sum)
}
