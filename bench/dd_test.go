package main

import (
	"math"
	"math/big"
	"testing"
)

// taylor sums term(0) + term(1) + … with term(k) = term(k-1) * square / (d(k)), in 400 bits.
func taylor(first, factor *big.Float, divisor func(k int) float64) *big.Float {
	number := func() *big.Float { return new(big.Float).SetPrec(400) }
	sum, term := number().Set(first), number().Set(first)
	for k := 1; k < 200; k++ {
		term.Mul(term, factor)
		term.Quo(term, number().SetFloat64(divisor(k)))
		sum.Add(sum, term)
	}
	return sum
}

// relative returns |got - want| / |want|.
func relative(got dd, want *big.Float) float64 {
	g := new(big.Float).SetPrec(400).SetFloat64(got.hi)
	g.Add(g, new(big.Float).SetFloat64(got.lo))
	g.Sub(g, want)
	g.Quo(g, want)
	r, _ := g.Float64()
	return math.Abs(r)
}

func TestDoubleDoubleFunctions(t *testing.T) {
	for _, x := range []float64{-10, -9.99, -3.141592653589793, -1, -1e-3, 1e-9, 0.1, 0.5, 1,
		1.5707963267948966, 2.5, 3.3,
		6.283185307179586, 9.999999} {
		b := new(big.Float).SetPrec(400).SetFloat64(x)
		one := big.NewFloat(1)
		square := new(big.Float).SetPrec(400).Mul(b, b)
		square.Neg(square)
		sin, cos := ddSinCos(x)
		for _, c := range []struct {
			name string
			got  dd
			want *big.Float
		}{
			{"exp", ddExp(dd{hi: x}), taylor(one, b, func(k int) float64 { return float64(k) })},
			{"sin", sin, taylor(b, square, func(k int) float64 { return float64(2*k) * float64(2*k+1) })},
			{"cos", cos, taylor(one, square, func(k int) float64 { return float64(2*k-1) * float64(2*k) })},
		} {
			// Next to a zero of sin and cos only the 106 bits of piBy2 count, against a result of 1e-16.
			limit := 1e-29
			if v, _ := c.want.Float64(); math.Abs(v) < 1e-10 && c.name != "exp" {
				limit = 1e-14
			}
			if r := relative(c.got, c.want); !(r < limit) {
				t.Errorf("%s(%v): relative error %g", c.name, x, r)
			}
		}
	}
}

func TestDoubleDoubleLogSqrtDiv(t *testing.T) {
	for _, x := range []float64{0.1, 0.5, 0.999999, 1.0000001, 2, 3, 9.99} {
		b := new(big.Float).SetPrec(400).SetFloat64(x)
		if r := relative(ddExp(ddLog(x)), b); !(r < 1e-29) {
			t.Errorf("exp(log(%v)): relative error %g", x, r)
		}
		if r := relative(ddSqrt(x), new(big.Float).SetPrec(400).Sqrt(b)); !(r < 1e-30) {
			t.Errorf("sqrt(%v): relative error %g", x, r)
		}
		third := new(big.Float).SetPrec(400).Quo(b, new(big.Float).SetPrec(400).SetFloat64(3))
		if r := relative(dd{hi: x}.div(dd{hi: 3}), third); !(r < 1e-30) {
			t.Errorf("%v/3: relative error %g", x, r)
		}
	}
	if y := ddLog(1); y.hi != 0 || y.lo != 0 {
		t.Errorf("log(1) = %v", y)
	}
}

func TestULPError(t *testing.T) {
	for _, c := range []struct {
		y     float64
		exact dd
		dtype string
		want  float64
	}{
		{1, dd{hi: 1}, "f64", 0},
		{1, dd{1, 0x1p-54}, "f64", 0.25},
		{1 + 0x1p-52, dd{hi: 1}, "f64", 1},
		{1.5, dd{1.5, -0x1p-53}, "f64", 0.5},
		{1 + 0x1p-23, dd{hi: 1}, "f32", 1},
		{4, dd{hi: 4 + 0x1p-20}, "f32", 2},
		{0, dd{hi: 0x1p-1074}, "f64", 1},
		{0, dd{hi: 0x1p-150}, "f32", 0.5},
	} {
		if got := ulpError(c.y, c.exact, c.dtype); got != c.want {
			t.Errorf("ulpError(%v, %v, %s) = %v, want %v", c.y, c.exact, c.dtype, got, c.want)
		}
	}
	if got := ulpError(math.NaN(), dd{hi: 1}, "f64"); !math.IsNaN(got) {
		t.Errorf("ulpError of NaN = %v", got)
	}
}
