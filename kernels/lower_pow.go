package kernels

import (
	"math"
	"math/big"
	"sync"

	"github.com/lanes-go/lanes/simd"
)

// logCubic approximates ((2 atanh(s) - 2s)/s³ - 2/3)/s² as a polynomial in s² for |s| <= (√2-1)/(√2+1), with
// error 2^-72.5 relative to 2 atanh(s). The first coefficient is 2/5, which logCubicRem completes.
var logCubic = []float64{0x1.999999999999ap-2, 0x1.24924924926ffp-2, 0x1.c71c71c67dedap-3,
	0x1.745d17c3a6e37p-3,
	0x1.3b137dbeb0f16p-3, 0x1.111cf66bdc85dp-3, 0x1.dec08735796a5p-4, 0x1.e6c9c5d708167p-4}

// 2/3 as hi+lo, and what 2/5 lacks as a float64.
const (
	logCubicRem  = -0x1.999999999999ap-56
	twoThirds    = 0x1.5555555555555p-1
	twoThirdsRem = 0x1.5555555555555p-55
)

func lowerPow(b *simd.Builder, x, y simd.Value) simd.Value {
	switch t := b.TypeOf(x); {
	case t == simd.F64:
		return powFloat(b, x, y)
	case t == simd.F32:
		return b.Convert(powSingle(b, b.Convert(x, simd.F64), b.Convert(y, simd.F64)), t)
	}
	return lowerIntPow(b, x, y)
}

// powFloat is exp(y log x) with the logarithm and the product to 66 bits. The main path serves positive
// normal x and results that are normal; the first rare region brings in subnormal x, the second everything
// else.
func powFloat(b *simd.Builder, x, y simd.Value) simd.Value {
	ax := b.Abs(x)
	odd := notPositive(b, x)
	// In the region, a subnormal |x| is scaled and its logarithm corrected by the exponent that split takes
	// off.
	in := b.Rare(odd, func() []simd.Value {
		tiny := b.Lt(ax, b.F64(0x1p-1022))
		return []simd.Value{b.Select(tiny, b.Mul(ax, b.F64(0x1p54)), ax), b.Select(tiny, b.F64(54), b.F64(0))}
	}, ax, b.F64(0))
	k, m := split(b, in[0], 0)
	log := logDoubled(b, b.Sub(k, in[1]), m)
	e := double{hi: b.Mul(y, log.hi)}
	e.lo = b.FMA(y, log.lo, b.FMS(y, log.hi, e.hi))
	z, n, sum := expMain(b, e)
	main := timesPower(b, b.Add(z.hi, z.lo), sum)
	ten := b.And(b.Eq(x, b.F64(10)), b.Eq(b.Rint(y), y))
	return b.Rare(b.Or(b.Or(odd, ten), beyond(b, e.hi, 708)), func() []simd.Value {
		clamp := func(v simd.Value, limit float64) simd.Value {
			return b.Convert(b.Max(b.Min(v, b.F64(limit)), b.F64(-limit)), simd.I64)
		}
		r := scaled(b, z, clamp(n, 1100))
		r = b.Select(ten, powTen(b, clamp(y, 350)), r)
		return []simd.Value{powSpecial(b, x, y, e.hi, 746, r)}
	}, main)[0]
}

// powTen is 10**n for |n| <= 350, correctly rounded, so that it equals the literal 1en: 66 bits of logarithm
// miss three of those. It is the product of 10**(n mod 32) and of 10**(n - n mod 32), the latter as a
// mantissa and a power of two.
func powTen(b *simd.Builder, n simd.Value) simd.Value {
	entry := func(j int, i simd.Value) simd.Value {
		return b.Bitcast(b.Lookup(tensTables()[j], i), simd.F64)
	}
	high := b.Shr(n, 5)
	low := b.Sub(n, b.Shl(high, 5))
	y := doubleMul(b, double{entry(0, high), entry(1, high)}, double{entry(2, low), entry(3, low)})
	y.lo = b.FMA(entry(0, high), entry(3, low), y.lo)
	return scaled(b, y, b.Bitcast(b.Lookup(tensTables()[4], high), simd.I64))
}

// tensTables returns 10**32i as a mantissa in [1, 2), as hi and lo, for i modulo 32; 10**i as hi and lo; and
// the exponents that belong to the mantissas.
var tensTables = sync.OnceValue(func() (tables [5][]uint64) {
	for j := range tables {
		tables[j] = make([]uint64, 32)
	}
	put := func(j, i int, v *big.Float) {
		hi, _ := v.Float64()
		lo, _ := new(big.Float).Sub(v, big.NewFloat(hi)).Float64()
		tables[j][i], tables[j+1][i] = math.Float64bits(hi), math.Float64bits(lo)
	}
	power := func(n int) *big.Float {
		v := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil)
		f := new(big.Float).SetPrec(2000).SetInt(v)
		if n < 0 {
			f.Quo(big.NewFloat(1).SetPrec(2000), f)
		}
		return f
	}
	for i := range 32 {
		put(2, i, power(i))
		v := power(32 * (i - i/16*32))
		e := v.MantExp(v) - 1
		put(0, i, v.SetMantExp(v, 1))
		tables[4][i] = uint64(int64(e))
	}
	return tables
})

// powSingle is powFloat for float32 operands as float64: one float64 of logarithm is enough.
func powSingle(b *simd.Builder, x, y simd.Value) simd.Value {
	ax := b.Abs(x)
	k, m := split(b, ax, 0)
	one := b.F64(1)
	s := b.Div(b.Sub(m, one), b.Add(m, one))
	z := b.Mul(s, s)
	log := b.FMA(k, b.F64(ln2), b.Mul(s, b.FMA(z, polynomial(b, z, logDouble), b.F64(2))))
	e := b.Mul(y, log)
	main := expSingleMain(b, e)
	return b.Rare(b.Or(notPositive(b, x), beyond(b, e, 256)), func() []simd.Value {
		return []simd.Value{powSpecial(b, x, y, e, 256, main)}
	}, main)[0]
}

// powSpecial is pow(x, y) from e = y log|x| and r, which is exp(e) where |e| <= limit: results beyond that,
// the signs of negative x, and the special values of IEEE 754.
func powSpecial(b *simd.Builder, x, y, e simd.Value, limit float64, r simd.Value) simd.Value {
	zero, one, inf := b.F64(0), b.F64(1), b.F64(math.Inf(1))
	ax := b.Abs(x)
	end := b.Or(b.Eq(ax, zero), b.Eq(ax, inf)) // here the logarithm has the right sign, but is finite
	e = b.Select(end, b.Mul(y, b.Select(b.Eq(ax, zero), b.Neg(inf), inf)), e)
	r = b.Select(b.Lt(b.F64(limit), e), inf, b.Select(b.Lt(e, b.F64(-limit)), zero, r))
	r = b.Select(b.Eq(ax, one), one, r)
	// A negative x gives the sign of odd powers, and NaN for those that are no integer.
	half := b.Mul(y, b.F64(0.5))
	integer := b.Eq(b.Rint(y), y)
	isOdd := b.And(integer, b.Ne(b.Rint(half), half))
	negative := b.Lt(bitsOf(b, x), b.Int(simd.I64, 0))
	r = b.Select(b.And(negative, isOdd), b.Neg(r), r)
	invalid := b.And(b.And(negative, b.Not(integer)), b.Not(end))
	invalid = b.Or(invalid, b.Or(b.Ne(x, x), b.Ne(y, y)))
	r = b.Select(invalid, b.F64(math.NaN()), r)
	return b.Select(b.Or(b.Eq(y, zero), b.Eq(x, one)), one, r)
}

// logDoubled is k ln2 + log(m) for m in [√½, √2), with an error of about 2^-68: logMain with every term above
// 2^-60 as hi+lo.
func logDoubled(b *simd.Builder, k, m simd.Value) double {
	one := b.F64(1)
	f := b.Sub(m, one)
	s := b.Div(f, b.Add(m, one))
	s2 := b.Add(s, s)
	r := b.FNMA(s, f, b.Sub(f, s2))
	low := b.FNMA(r, s, r) // 2s is s2 + low
	// z = s², q = 2/5 + z(…), c = 2/3 + zq, w = zc: log(m) = 2s + sw.
	z := double{hi: b.Mul(s, s)}
	z.lo = b.FMA(s, low, b.FMS(s, s, z.hi))
	q := quickTwoSum(b, b.F64(logCubic[0]), b.FMA(z.hi, polynomial(b, z.hi, logCubic[1:]),
		b.F64(logCubicRem)))
	zq := doubleMul(b, z, q)
	zq.lo = b.FMA(z.hi, q.lo, zq.lo)
	c := quickTwoSum(b, b.F64(twoThirds), zq.hi)
	c.lo = b.Add(c.lo, b.Add(zq.lo, b.F64(twoThirdsRem)))
	w := doubleMul(b, z, c)
	w.lo = b.FMA(z.hi, c.lo, w.lo)
	t := double{hi: b.Mul(s, w.hi)}
	t.lo = b.FMA(s, w.lo, b.FMS(s, w.hi, t.hi))
	t.lo = b.FMA(b.Mul(low, b.F64(0.5)), w.hi, t.lo)
	first := double{hi: b.FMA(k, b.F64(ln2Hi), s2)}
	first.lo = b.Add(b.FMS(k, b.F64(ln2Hi), first.hi), s2)
	sum := quickTwoSum(b, first.hi, t.hi)
	rest := b.Add(b.Add(first.lo, sum.lo), b.FMA(k, b.F64(ln2Lo), b.Add(low, t.lo)))
	return quickTwoSum(b, sum.hi, rest)
}

// quickTwoSum is x+y with its error, for |x| >= |y| (T. J. Dekker, Numer. Math. 18, 1971,
// doi:10.1007/BF01397083).
func quickTwoSum(b *simd.Builder, x, y simd.Value) double {
	s := b.Add(x, y)
	return double{s, b.Sub(y, b.Sub(s, x))}
}
