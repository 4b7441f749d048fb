package kernels

import (
	"math"
	"math/big"
)

// References for accuracy tests: functions in double-double arithmetic, hi+lo, with a relative error near
// 2^-95. They are checked against MPFR in TestMPFR.

type pair struct{ hi, lo float64 }

func quickSum(a, b float64) pair { s := a + b; return pair{s, b - (s - a)} }

func sum2(a, b float64) pair {
	s := a + b
	v := s - a
	return pair{s, (a - (s - v)) + (b - v)}
}

func (x pair) add(y pair) pair {
	s := sum2(x.hi, y.hi)
	return quickSum(s.hi, s.lo+(x.lo+y.lo))
}

func (x pair) mul(y pair) pair {
	p := x.hi * y.hi
	return quickSum(p, math.FMA(x.hi, y.hi, -p)+(float64(x.hi*y.lo)+float64(x.lo*y.hi)))
}

func (x pair) scale(f float64) pair { return pair{x.hi * f, x.lo * f} }

// div is x / f for a small integer f.
func (x pair) div(f float64) pair {
	q := x.hi / f
	return quickSum(q, (math.FMA(-q, f, x.hi)+x.lo)/f)
}

// A reference returns f(x) as (hi+lo) * 2^exp.
type reference func(x float64) (y pair, exp int)

var ln2Parts = func() (p [3]float64) {
	const digits = "0.69314718055994530941723212145817656807550013436025525412068000949339362196969471560586332" +
		"699641868754200148102057"
	v, _ := new(big.Float).SetPrec(400).SetString(digits)
	for i := range p {
		p[i], _ = v.Float64()
		v.Sub(v, new(big.Float).SetFloat64(p[i]))
	}
	return p
}()

// refExp reduces by ln2, then by 2^9, and squares the Taylor sum back up.
func refExp(x float64) (pair, int) {
	n := math.RoundToEven(x / math.Ln2)
	a := n * ln2Parts[0]
	r := sum2(x, -a)
	r = r.add(pair{-math.FMA(n, ln2Parts[0], -a), 0})
	b := n * ln2Parts[1]
	r = r.add(pair{-b, -math.FMA(n, ln2Parts[1], -b)}).add(pair{-n * ln2Parts[2], 0})
	r = r.scale(1.0 / 512)
	p := pair{} // exp(r)-1
	for k := 10; k >= 1; k-- {
		p = r.mul(pair{1, 0}.add(p)).div(float64(k))
	}
	for range 9 {
		p = p.scale(2).add(p.mul(p))
	}
	return pair{1, 0}.add(p), int(n)
}

// refLog takes one Newton step from Go's logarithm, which is good enough between √½ and √2.
func refLog(x float64) (pair, int) {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	f := m - 1
	var y pair
	if math.Abs(f) < 0x1p-10 {
		s := pair{}
		for k := 13; k >= 1; k-- {
			s = pair{f, 0}.mul(pair{1, 0}.div(float64(k)).add(s.scale(-1)))
		}
		y = s
	} else {
		y0 := math.Log(m)
		ex, k := refExp(-y0)
		t := ex.scale(math.Ldexp(1, k)).mul(pair{m, 0}).add(pair{-1, 0})
		y = pair{y0, 0}.add(t).add(t.mul(t).scale(-0.5))
	}
	n := float64(e)
	for _, part := range ln2Parts {
		p := n * part
		y = y.add(pair{p, math.FMA(n, part, -p)})
	}
	return y, 0
}

const refPrec = 1400

// refPi is π by Machin's formula.
var refPi = func() *big.Float {
	one := new(big.Int).Lsh(big.NewInt(1), refPrec+64)
	arctan := func(q int64) *big.Int { // of 1/q
		sum, term, q2 := new(big.Int), new(big.Int).Div(one, big.NewInt(q)), big.NewInt(q*q)
		for k := int64(1); term.Sign() != 0; k += 2 {
			t := new(big.Int).Div(term, big.NewInt(k))
			if k%4 == 3 {
				t.Neg(t)
			}
			sum.Add(sum, t)
			term.Div(term, q2)
		}
		return sum
	}
	pi := new(big.Int).Sub(new(big.Int).Mul(big.NewInt(16), arctan(5)), new(big.Int).Mul(big.NewInt(4),
		arctan(239)))
	f := new(big.Float).SetPrec(refPrec).SetInt(pi)
	return f.SetMantExp(f, -(refPrec + 64))
}()

// refReduce returns x mod π/2 in [-π/4, π/4] and the quadrant.
func refReduce(x float64) (r pair, quadrant int) {
	if math.Abs(x) <= math.Pi/4 {
		return pair{x, 0}, 0
	}
	half := new(big.Float).SetMantExp(refPi, -1)
	v := new(big.Float).SetPrec(refPrec).SetFloat64(x)
	q := new(big.Float).SetPrec(refPrec).Quo(v, half)
	shift := 0.5
	if x < 0 {
		shift = -0.5
	}
	n, _ := q.Add(q, big.NewFloat(shift)).Int(nil)
	v.Sub(v, half.Mul(half, new(big.Float).SetPrec(refPrec).SetInt(n)))
	r.hi, _ = v.Float64()
	r.lo, _ = v.Sub(v, big.NewFloat(r.hi)).Float64()
	return r, int(new(big.Int).And(n, big.NewInt(3)).Int64())
}

func refSinCos(x float64) (sin, cos pair, quadrant int) {
	r, q := refReduce(x)
	r2 := r.mul(r)
	cos, sin = pair{1, 0}, pair{1, 0}
	for k := 28; k >= 2; k -= 2 {
		cos = pair{1, 0}.add(r2.mul(cos).div(float64(-k * (k - 1))))
		sin = pair{1, 0}.add(r2.mul(sin).div(float64(-k * (k + 1))))
	}
	return r.mul(sin), cos, q
}

func refSin(x float64) (pair, int) {
	s, c, q := refSinCos(x)
	if math.Abs(x) < 0x1p-500 {
		s = pair{x, 0} // r*r underflows
	}
	return quarter(s, c, q), 0
}

func refCos(x float64) (pair, int) {
	s, c, q := refSinCos(x)
	return quarter(s, c, q+1), 0
}

// quarter is sin(r + q π/2).
func quarter(sin, cos pair, q int) pair {
	y := sin
	if q&1 != 0 {
		y = cos
	}
	if q&2 != 0 {
		y = y.scale(-1)
	}
	return y
}

// refTimes converts an angle: degrees to radians, or radians to degrees.
func refTimes(toDegrees bool) reference {
	factor := new(big.Float).SetPrec(200).Quo(refPi, big.NewFloat(180))
	if toDegrees {
		factor.Quo(big.NewFloat(180), refPi)
	}
	var f pair
	f.hi, _ = factor.Float64()
	f.lo, _ = factor.Sub(factor, big.NewFloat(f.hi)).Float64()
	return func(x float64) (pair, int) {
		m, e := math.Frexp(x)
		return pair{m, 0}.mul(f), e
	}
}

// ulps is the error of got against (y.hi+y.lo) * 2^exp in units in the last place of the exact result.
func ulps(got float64, y pair, exp int) float64 {
	_, e := math.Frexp(y.hi)
	if e+exp > 1024 || e+exp == 1024 && math.IsInf(math.Ldexp(y.hi, exp), 0) { // the result overflows
		if math.IsInf(got, int(math.Copysign(1, y.hi))) {
			return 0
		}
	}
	unit := max(e-53, -1074-exp)
	d := (math.Ldexp(got, -exp) - y.hi) - y.lo
	return math.Abs(math.Ldexp(d, -unit))
}
