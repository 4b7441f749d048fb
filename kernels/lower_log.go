package kernels

import (
	"math"

	"github.com/lanes-go/lanes/simd"
)

// ln2 in two parts, the first with 42 bits: its product with an exponent is exact.
const (
	ln2Hi = 0x1.62e42fefa3800p-1
	ln2Lo = 0x1.ef35793c76730p-45
)

// logDouble and logSingle approximate (2 atanh(s) - 2s)/s³ as polynomials in s² for |s| <= (√2-1)/(√2+1),
// with error 2^-59.5 and 2^-37.6 relative to 2 atanh(s).
var (
	logDouble = []float64{0x1.5555555555592p-1, 0x1.999999997ff18p-2, 0x1.24924941e16bbp-2,
		0x1.c71c52143b6d7p-3,
		0x1.74663cf25283ep-3, 0x1.39a1e84213b00p-3, 0x1.2f03bfc2927bep-3}
	logSingle = []float64{0x1.555554fd9c317p-1, 0x1.999a7a8bb2ec2p-2, 0x1.2438d768dfa86p-2,
		0x1.e2f669d091c46p-3}
)

// split returns k and m with x = 2^(k-extra) m and m in [√½, √2), for positive normal x. k comes out of the
// exponent's bits without an integer conversion: behind the bits of 2^52 they read as 2^52 + 1023 + k.
func split(b *simd.Builder, x simd.Value, extra float64) (k, m simd.Value) {
	const root = 0x3fe6a09e667f3bcd // bits of √½
	u := b.Add(b.Bitcast(x, simd.U64), b.Int(simd.U64, 0x3ff<<52-root))
	k = b.Sub(b.Bitcast(b.Or(b.Shr(u, 52), b.Int(simd.U64, 0x433<<52)), simd.F64), b.F64(0x1p52+1023+extra))
	m = b.Bitcast(b.Add(b.And(u, b.Int(simd.U64, 1<<52-1)), b.Int(simd.U64, root)), simd.F64)
	return k, m
}

func lowerLog(b *simd.Builder, x simd.Value) simd.Value {
	if b.TypeOf(x) == simd.F32 {
		x = b.Convert(x, simd.F64) // subnormal float32 are normal here
		y := b.Rare(notPositive(b, x), func() []simd.Value {
			return []simd.Value{logSpecial(b, x, x)}
		}, logSingleMain(b, x))[0]
		return b.Convert(y, simd.F32)
	}
	return b.Rare(notPositive(b, x), func() []simd.Value {
		y := logMain(b, b.Mul(x, b.F64(0x1p54)), 54) // subnormal x
		return []simd.Value{logSpecial(b, x, y)}
	}, logMain(b, x, 0))[0]
}

// notPositive is where x is not a positive, normal, finite number. Adding the bits of inf moves the bits of
// those to the least integers.
func notPositive(b *simd.Builder, x simd.Value) simd.Value {
	const inf = 0x7ff << 52
	return b.Le(b.Int(simd.I64, -0x20<<48), b.Add(bitsOf(b, x), b.Int(simd.I64, inf)))
}

// logSpecial is the logarithm of 0, inf, NaN and negative numbers, and y for all others.
func logSpecial(b *simd.Builder, x, y simd.Value) simd.Value {
	zero, inf := b.F64(0), b.F64(math.Inf(1))
	y = b.Select(b.Eq(x, inf), inf, y)
	y = b.Select(b.Eq(x, zero), b.F64(math.Inf(-1)), y)
	return b.Select(b.Le(zero, x), y, b.F64(math.NaN()))
}

// logMain is log(x/2^extra) for positive normal x. With f = m-1 and s = f/(2+f), log(1+f) = 2 atanh(s) = 2s +
// s³P(s²). The quotient's error is corrected by the residual r = f - s(2+f), which is worth r/(2+f)*2 =
// r(1-s).
func logMain(b *simd.Builder, x simd.Value, extra float64) simd.Value {
	k, m := split(b, x, extra)
	one := b.F64(1)
	f := b.Sub(m, one)
	s := b.Div(f, b.Add(m, one))
	s2 := b.Add(s, s)
	r := b.FNMA(s, f, b.Sub(f, s2))
	z := b.Mul(s, s)
	head := b.FMA(k, b.F64(ln2Hi), s2)
	tail := b.Add(b.FMS(k, b.F64(ln2Hi), head), s2)
	tail = b.Add(b.FMA(k, b.F64(ln2Lo), tail), r)
	tail = b.FMA(s, b.FMS(z, polynomial(b, z, logDouble), r), tail)
	return b.Add(head, tail)
}

func logSingleMain(b *simd.Builder, x simd.Value) simd.Value {
	k, m := split(b, x, 0)
	one := b.F64(1)
	s := b.Div(b.Sub(m, one), b.Add(m, one))
	z := b.Mul(s, s)
	p := b.FMA(z, polynomial(b, z, logSingle), b.F64(2))
	return b.FMA(k, b.F64(ln2), b.Mul(s, p))
}
