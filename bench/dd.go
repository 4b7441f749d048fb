package main

import "math"

// dd is the unevaluated sum of two float64, about 106 bits: the reference that accuracy is measured against.
// Algorithms: Dekker, https://doi.org/10.1007/BF01397083, and Hida, Li, Bailey,
// https://doi.org/10.1109/ARITH.2001.930115
type dd struct{ hi, lo float64 }

func twoSum(a, b float64) dd {
	s := a + b
	t := s - a
	return dd{s, (a - (s - t)) + (b - t)}
}

func twoProd(a, b float64) dd {
	p := a * b
	return dd{p, math.FMA(a, b, -p)}
}

// renormalise wants |hi| >= |lo|.
func renormalise(hi, lo float64) dd {
	s := hi + lo
	return dd{s, lo - (s - hi)}
}

func (x dd) add(y dd) dd {
	s, t := twoSum(x.hi, y.hi), twoSum(x.lo, y.lo)
	s = renormalise(s.hi, s.lo+t.hi)
	return renormalise(s.hi, s.lo+t.lo)
}

func (x dd) plus(y float64) dd { return x.add(dd{hi: y}) }
func (x dd) neg() dd           { return dd{-x.hi, -x.lo} }

func (x dd) mul(y dd) dd {
	p := twoProd(x.hi, y.hi)
	return renormalise(p.hi, p.lo+(x.hi*y.lo+x.lo*y.hi))
}

func (x dd) div(y dd) dd {
	q1 := x.hi / y.hi
	r := x.add(y.mul(dd{hi: -q1}))
	q2 := r.hi / y.hi
	r = r.add(y.mul(dd{hi: -q2}))
	return renormalise(q1, q2).plus(r.hi / y.hi)
}

func ddSqrt(x float64) dd {
	s := math.Sqrt(x)
	if s == 0 || math.IsInf(s, 0) || math.IsNaN(s) {
		return dd{hi: s}
	}
	return renormalise(s, math.FMA(-s, s, x)/(2*s))
}

// polynomial is Horner's rule; c[0] belongs to the highest power.
func polynomial(x float64, c ...float64) dd {
	y := dd{hi: c[0]}
	for _, a := range c[1:] {
		y = y.mul(dd{hi: x}).plus(a)
	}
	return y
}

var (
	ln2   = dd{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56}
	piBy2 = dd{0x1.921fb54442d18p0, 0x1.1a62633145c07p-54}
)

// ddExp takes |x| up to about 700. The Taylor series runs on x/256 after the binary exponent is taken out.
func ddExp(x dd) dd {
	k := math.RoundToEven(x.hi / ln2.hi)
	r := x.add(ln2.mul(dd{hi: -k}))
	r = dd{r.hi / 256, r.lo / 256}
	sum, term := dd{}, dd{hi: 1}
	for n := 1.0; n <= 12; n++ {
		term = term.mul(r).div(dd{hi: n})
		sum = sum.add(term)
	}
	for range 8 { // expm1(2r) = expm1(r)*(expm1(r)+2) keeps the digits that squaring exp(r) would lose
		sum = sum.mul(sum.plus(2))
	}
	sum = sum.plus(1)
	return dd{math.Ldexp(sum.hi, int(k)), math.Ldexp(sum.lo, int(k))}
}

// ddLog is one Newton step from math.Log, whose error of 1e-16 becomes its square.
func ddLog(x float64) dd {
	y := dd{hi: math.Log(x)}
	e := ddExp(y.neg()).mul(dd{hi: x}).plus(-1)
	return y.add(e)
}

// ddSinCos takes |x| up to about 1e6: the reduction keeps the 106 bits of piBy2.
func ddSinCos(x float64) (sin, cos dd) {
	k := math.RoundToEven(x / piBy2.hi)
	r := piBy2.mul(dd{hi: -k}).plus(x)
	square := r.mul(r).neg()
	s, c := r, dd{hi: 1}
	ts, tc := r, dd{hi: 1}
	for n := 1.0; n <= 14; n++ {
		tc = tc.mul(square).div(dd{hi: (2*n - 1) * (2 * n)})
		ts = ts.mul(square).div(dd{hi: (2 * n) * (2*n + 1)})
		c, s = c.add(tc), s.add(ts)
	}
	switch int(k) & 3 {
	case 1:
		return c, s.neg()
	case 2:
		return s.neg(), c.neg()
	case 3:
		return c.neg(), s
	}
	return s, c
}
