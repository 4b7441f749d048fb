package kernels

import (
	"math"
	"math/big"
	"sync"

	"github.com/lanes-go/lanes/simd"
)

// π/2 as the nearest float64, its next 33 bits, and the rest; and as two float64.
const (
	twoOverPi = 0x1.45f306dc9c883p-1
	halfPi    = 0x1.921fb54442d18p+0
	halfPiMid = 0x1.1a62633100000p-54
	halfPiEnd = 0x1.1701b839a2520p-88
	halfPiRem = 0x1.1a62633145c07p-54
)

// Minimax polynomials in r² for |r| <= π/4. sinTail is (sin r - r + cr³/2)/r⁵, where c is 1/3 as a float64,
// with error 2^-57.4 relative to sin r; cosTail is (cos r - 1 + r²/2)/r⁴, 2^-63.9. sinSingle is (sin r -
// r)/r³, 2^-37.5, and cosSingle (cos r - 1)/r², 2^-33.9.
var (
	sinTail = []float64{0x1.11111111106b4p-7, -0x1.a01a019d843b1p-13, 0x1.71de36893f4d7p-19,
		-0x1.ae5f21df64b9ap-26,
		0x1.5dc3a737eb681p-33}
	cosTail = []float64{0x1.555555555554bp-5, -0x1.6c16c16c15015p-10, 0x1.a01a019c8f227p-16,
		-0x1.27e4f7f18ca94p-22,
		0x1.1ee9dbca09760p-29, -0x1.8fa68111eb381p-37}
	sinSingle = []float64{-0x1.5555554c7142ep-3, 0x1.11110869fa653p-7, -0x1.a00f7ed57cd59p-13,
		0x1.6cd1deb489258p-19}
	cosSingle = []float64{-0x1.ffffffcb7fa51p-2, 0x1.55553c776d2b5p-5, -0x1.6c07f0f1e4e84p-10,
		0x1.9916838e95496p-16}
)

// quadrant is an angle as a multiple of π/2, in the low bits of the integer n, and the rest hi+lo in [-π/4,
// π/4].
type quadrant struct{ hi, lo, n simd.Value }

func lowerSin(b *simd.Builder, x simd.Value) simd.Value {
	sin, cos, n := sinCos(b, x)
	y := b.Select(isOdd(b, n), cos, sin)
	// The sign changes with the quadrant's second bit and with the sign of x, since sin and cos are those of
	// |x|.
	wide := b.Convert(x, simd.F64)
	y = signed(b, y, b.Xor(b.Shl(n, 62), bitsOf(b, wide)))
	return b.Convert(y, b.TypeOf(x))
}

func lowerCos(b *simd.Builder, x simd.Value) simd.Value {
	sin, cos, n := sinCos(b, x)
	y := b.Select(isOdd(b, n), sin, cos)
	y = signed(b, y, b.Shl(b.Add(n, b.Int(simd.I64, 1)), 62))
	return b.Convert(y, b.TypeOf(x))
}

func isOdd(b *simd.Builder, n simd.Value) simd.Value {
	return b.Ne(b.And(n, b.Int(simd.I64, 1)), b.Int(simd.I64, 0))
}

// sinCos returns sine and cosine of |x| reduced to [-π/4, π/4], in float64, and the quadrant. sin and cos of
// the same x share all of it.
func sinCos(b *simd.Builder, x simd.Value) (sin, cos, n simd.Value) {
	if b.TypeOf(x) == simd.F32 {
		q := reduceSingle(b, b.Abs(b.Convert(x, simd.F64)))
		r2 := b.Mul(q.hi, q.hi)
		sin = b.FMA(b.Mul(q.hi, r2), polynomial(b, r2, sinSingle), q.hi)
		return sin, b.FMA(r2, polynomial(b, r2, cosSingle), b.F64(1)), q.n
	}
	q := reduce(b, b.Abs(x))
	r := q.hi
	one, third := b.F64(1), b.F64(1.0/3)
	// w + e = 1 - r²/2 with no error to speak of, and d - e = r²/2.
	half := b.Mul(r, b.F64(0.5))
	w := b.FNMA(r, half, one)
	d := b.Sub(one, w)
	e := b.FNMA(r, half, d)
	r2 := b.Mul(r, r)
	r4 := b.Mul(r2, r2)
	// sin(r) = r + r k with k = -(d-e)/3 + r⁴S(r²); the sum is taken with its error; lo enters with weight
	// cos(r).
	k := b.FNMA(third, d, b.FMA(e, third, b.Mul(r4, polynomial(b, r2, sinTail))))
	head := b.FMA(r, k, r)
	sin = b.Add(head, b.FMA(q.lo, w, b.FMA(r, k, b.Sub(r, head))))
	// cos(r) = w + e + r⁴C(r²); lo enters with weight -sin(r).
	cos = b.Add(w, b.FMA(r4, polynomial(b, r2, cosTail), b.FNMA(head, q.lo, e)))
	return sin, cos, q.n
}

// reduce returns x = n π/2 + hi + lo for x >= 0 (W. J. Cody, W. Waite, Software Manual for the Elementary
// Functions, 1980; with FMA the first step is exact for every n). Up to 2^20 the product of n and the middle
// part is exact too, which makes the rounding error of the second step exact; beyond, the rare region
// multiplies by enough bits of 2/π.
func reduce(b *simd.Builder, x simd.Value) quadrant {
	n, sum := roundShifted(b, x, twoOverPi)
	first := b.FNMA(n, b.F64(halfPi), x)
	hi := b.FNMA(n, b.F64(halfPiMid), first)
	lo := b.FNMA(n, b.F64(halfPiMid), b.Sub(first, hi))
	lo = b.FNMA(n, b.F64(halfPiEnd), lo)
	q := b.Rare(beyond(b, x, 0x1p20), func() []simd.Value {
		l := reduceLarge(b, x)
		return []simd.Value{l.hi, l.lo, l.n}
	}, hi, lo, bitsOf(b, sum))
	return quadrant{q[0], q[1], q[2]}
}

// reduceSingle is reduce for x that is a float32: 24 bits of result need no lo, and n may reach 2^30.
func reduceSingle(b *simd.Builder, x simd.Value) quadrant {
	n, sum := roundShifted(b, x, twoOverPi)
	hi := b.FNMA(n, b.F64(halfPiRem), b.FNMA(n, b.F64(halfPi), x))
	q := b.Rare(beyond(b, x, 0x1p30), func() []simd.Value {
		l := reduceLarge(b, x)
		return []simd.Value{l.hi, l.n}
	}, hi, bitsOf(b, sum))
	return quadrant{hi: q[0], n: q[1]}
}

// reduceLarge is the reduction of M. Payne and R. Hanek (SIGNUM 18, 1983, doi:10.1145/1057600.1057602) in
// float64: x = m 2^32k with 1 <= m < 2^33, and m is multiplied by four float64 that hold 2^32k 2/π modulo
// 2^54; since m is a multiple of 2^-52, what the modulus leaves out is a multiple of 4 quadrants. The terms
// are reduced modulo 4 and added with their errors; the smallest difference of a float64 from a multiple of
// π/2 is about 2^-60, the error here 2^-125. ±inf and NaN give NaN.
func reduceLarge(b *simd.Builder, x simd.Value) quadrant {
	quarter, four := b.F64(0.25), b.F64(4)
	i := b.Sub(b.Bitcast(x, simd.U64), b.Int(simd.U64, 1023<<52))
	k := b.Shr(i, 57)
	m := b.Bitcast(b.Sub(b.Bitcast(x, simd.U64), b.Shl(k, 57)), simd.F64)
	var p, e [3]simd.Value
	tables := payneHanek()
	for j := range p {
		c := b.Bitcast(b.Lookup(tables[j], k), simd.F64)
		p[j] = b.Mul(m, c)
		e[j] = b.FMS(m, c, p[j])
	}
	low := b.FMA(m, b.Bitcast(b.Lookup(tables[3], k), simd.F64), e[2])
	mod4 := func(v simd.Value) simd.Value { return b.FNMA(b.Rint(b.Mul(v, quarter)), four, v) }
	s, t0 := twoSum(b, mod4(p[0]), mod4(e[0]))
	s, t1 := twoSum(b, s, mod4(p[1]))
	sum := b.Add(s, b.F64(rounder))
	f := b.Sub(s, b.Sub(sum, b.F64(rounder)))
	for _, term := range []simd.Value{p[2], e[1], t0, t1} {
		var err simd.Value
		f, err = twoSum(b, f, term)
		low = b.Add(low, err)
	}
	fHi := b.Add(f, low)
	fLo := b.Sub(low, b.Sub(fHi, f))
	hi := b.Mul(fHi, b.F64(halfPi))
	lo := b.FMA(fHi, b.F64(halfPiRem), b.FMS(fHi, b.F64(halfPi), hi))
	lo = b.FMA(fLo, b.F64(halfPi), lo)
	return quadrant{b.Add(hi, b.Sub(x, x)), lo, bitsOf(b, sum)}
}

// twoSum returns x+y rounded and its error (Knuth, TAOCP 2, 4.2.2).
func twoSum(b *simd.Builder, x, y simd.Value) (sum, err simd.Value) {
	sum = b.Add(x, y)
	v := b.Sub(sum, x)
	return sum, b.Add(b.Sub(x, b.Sub(sum, v)), b.Sub(y, v))
}

// twoOverPiDigits is the integer part of 2^1200 2/π.
const twoOverPiDigits = "" +
	"a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e0" +
	"06492eea09d1921cfe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f4" +
	"9c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d" +
	"7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b"

// payneHanek returns tables of 32 float64, as bits: entries k of all four add up to 2^32k 2/π modulo 2^54.
var payneHanek = sync.OnceValue(func() (tables [4][]uint64) {
	const point = 1200 // binary digits behind the point
	digits, _ := new(big.Int).SetString(twoOverPiDigits, 16)
	modulus := new(big.Int).Lsh(big.NewInt(1), point+54)
	for k := range 32 {
		rest := new(big.Int).Lsh(digits, uint(32*k))
		rest.Mod(rest, modulus)
		for j := range tables {
			c := new(big.Float).SetInt(rest)
			near, _ := c.SetMantExp(c, -point).Float64()
			tables[j] = append(tables[j], math.Float64bits(near))
			whole, _ := c.SetMantExp(big.NewFloat(near), point).Int(nil)
			rest.Sub(rest, whole)
		}
	}
	return tables
})
