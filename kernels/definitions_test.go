package kernels

import (
	"math"
	"math/big"
)

// A definition is what a function means, in plain Go and as slowly as it takes.
type definition func(ds []DType, x []uint64) uint64

// value holds an element as what it is: exactly one of the fields counts.
func isFloat(d DType) bool { return d.Kind() == KindFloat }

func asFloat(d DType, bits uint64) float64 {
	if d == Float32 {
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

func fromFloat(d DType, x float64) uint64 {
	if d == Float32 {
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(x)
}

func asBig(d DType, bits uint64) *big.Int {
	if d.Kind() == KindInt {
		return big.NewInt(signExtend(d, bits))
	}
	return new(big.Int).SetUint64(bits)
}

var wrap64 = new(big.Int).Lsh(big.NewInt(1), 64)

func fromBig(x *big.Int) uint64 { return new(big.Int).Mod(x, wrap64).Uint64() }

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// numeric makes a definition of one for floats, one for integers, one for bools; a missing one is never asked
// for. The float form computes in float64 and is rounded to float32 at the end, which is exact for + - * /
// and sqrt.
func numeric(float func(x []float64) float64, integer func(x []*big.Int) *big.Int,
	boolean func(x []bool) bool) definition {
	return func(ds []DType, x []uint64) uint64 {
		d := ds[len(ds)-1]
		switch {
		case isFloat(d):
			v := make([]float64, len(x))
			for i := range x {
				v[i] = asFloat(ds[i], x[i])
			}
			return fromFloat(d, float(v))
		case d == Bool:
			v := make([]bool, len(x))
			for i := range x {
				v[i] = x[i] != 0
			}
			return truth(boolean(v))
		}
		v := make([]*big.Int, len(x))
		for i := range x {
			v[i] = asBig(ds[i], x[i])
		}
		return fromBig(integer(v))
	}
}

// relation makes a definition of one in terms of the order of exact values: -1, 0, 1, or 2 where one is NaN.
func relation(holds func(order int) bool) definition {
	return func(ds []DType, x []uint64) uint64 {
		if isFloat(ds[0]) {
			a, b := asFloat(ds[0], x[0]), asFloat(ds[1], x[1])
			switch {
			case a < b:
				return truth(holds(-1))
			case a == b:
				return truth(holds(0))
			case a > b:
				return truth(holds(1))
			}
			return truth(holds(2))
		}
		return truth(holds(asBig(ds[0], x[0]).Cmp(asBig(ds[1], x[1]))))
	}
}

// logic makes a definition on truth values.
func logic(f func(a, b bool) bool) definition {
	return func(_ []DType, x []uint64) uint64 { return truth(f(x[0] != 0, x[len(x)-1] != 0)) }
}

// classify makes a definition for floats; integers and bools count as finite floats.
func classify(f func(x float64) bool) definition {
	return func(ds []DType, x []uint64) uint64 {
		if isFloat(ds[0]) {
			return truth(f(asFloat(ds[0], x[0])))
		}
		v, _ := new(big.Float).SetInt(asBig(ds[0], x[0])).Float64()
		return truth(f(v))
	}
}

func bitwise(f func(a, b uint64) uint64) definition {
	return func(ds []DType, x []uint64) uint64 {
		if ds[0] == Bool {
			return f(x[0], x[len(x)-1]) & 1
		}
		return f(x[0], x[len(x)-1])
	}
}

// shift makes a definition from the count, out of range as the width.
func shift(f func(d DType, x *big.Int, n uint) *big.Int) definition {
	return func(ds []DType, x []uint64) uint64 {
		n := asBig(ds[1], x[1])
		width := int64(8 * ds[0].Size())
		if n.Sign() < 0 || n.Cmp(big.NewInt(width)) > 0 {
			n = big.NewInt(width)
		}
		return fromBig(f(ds[0], asBig(ds[0], x[0]), uint(n.Uint64())))
	}
}

func float1(f func(float64) float64) definition {
	return numeric(func(x []float64) float64 { return f(x[0]) }, func(x []*big.Int) *big.Int { return x[0] },
		func(x []bool) bool { return x[0] })
}

func float2(f func(x, y float64) float64) definition {
	return numeric(func(x []float64) float64 { return f(x[0], x[1]) }, nil, nil)
}

// intDivide guards an integer division against 0.
func intDivide(f func(x, y *big.Int) *big.Int) func(x []*big.Int) *big.Int {
	return func(x []*big.Int) *big.Int {
		if x[1].Sign() == 0 {
			return new(big.Int)
		}
		return f(x[0], x[1])
	}
}

func floorDiv(x, y *big.Int) *big.Int {
	q, m := new(big.Int).QuoRem(x, y, new(big.Int))
	if m.Sign() != 0 && m.Sign() != y.Sign() {
		q.Sub(q, big.NewInt(1))
	}
	return q
}

func floorMod(x, y *big.Int) *big.Int {
	return new(big.Int).Sub(x, new(big.Int).Mul(floorDiv(x, y), y))
}

// floatQuo is the quotient of finite numbers rounded to an integer, down or towards zero, exactly and then
// rounded to the dtype's precision.
func floatQuo(down bool) definition {
	return func(ds []DType, x []uint64) uint64 {
		d := ds[0]
		a, b := asFloat(d, x[0]), asFloat(d, x[1])
		q := a / b
		if math.IsInf(a, 0) || q != q {
			return fromFloat(d, math.NaN())
		}
		if b == 0 {
			return fromFloat(d, q)
		}
		sign := 1.0
		if math.Signbit(a) != math.Signbit(b) {
			sign = -1
		}
		if math.IsInf(b, 0) {
			if down && sign < 0 && a != 0 {
				return fromFloat(d, -1)
			}
			return fromFloat(d, sign*0)
		}
		if big := 0x1p53; d == Float64 && math.Abs(q) >= big || d == Float32 && math.Abs(q) >= 0x1p24 {
			return fromFloat(d, q)
		}
		ra, rb := new(big.Rat), new(big.Rat)
		ra.SetFloat64(a)
		rb.SetFloat64(b)
		ra.Quo(ra, rb)
		n := new(big.Int).Quo(ra.Num(), ra.Denom())
		if down && ra.Sign() < 0 && !ra.IsInt() {
			n.Sub(n, big.NewInt(1))
		}
		v, _ := new(big.Float).SetInt(n).Float64()
		return fromFloat(d, math.Copysign(v, sign))
	}
}

// either picks the definition by kind.
func either(float, integer definition) definition {
	return func(ds []DType, x []uint64) uint64 {
		if isFloat(ds[0]) {
			return float(ds, x)
		}
		return integer(ds, x)
	}
}

func ints(f func(x []*big.Int) *big.Int) definition { return numeric(nil, f, nil) }

func floorModFloat(ds []DType, x []uint64) uint64 {
	d := ds[0]
	a, b := asFloat(d, x[0]), asFloat(d, x[1])
	m := math.Mod(a, b)
	switch {
	case m == 0:
		m = math.Copysign(0, b)
	case m < 0 != (b < 0) && m == m && b == b:
		if d == Float32 {
			return fromFloat(d, float64(float32(m)+float32(b)))
		}
		m += b
	}
	return fromFloat(d, m)
}

func least(x []float64) float64 {
	r := x[0]
	for _, v := range x[1:] {
		r = math.Min(r, v)
		if x[0] != x[0] || v != v {
			r = math.NaN()
		}
	}
	for _, v := range x {
		if v != v {
			return v
		}
	}
	return r
}

func greatest(x []float64) float64 {
	neg := make([]float64, len(x))
	for i, v := range x {
		neg[i] = -v
	}
	return -least(neg)
}

func pickBig(order int) func(x []*big.Int) *big.Int {
	return func(x []*big.Int) *big.Int {
		r := x[0]
		for _, v := range x[1:] {
			if v.Cmp(r) == order {
				r = v
			}
		}
		return r
	}
}

func all(x []bool) bool {
	for _, v := range x {
		if !v {
			return false
		}
	}
	return true
}

func any1(x []bool) bool {
	for _, v := range x {
		if v {
			return true
		}
	}
	return false
}

func ignoringNaN(f func(x []float64) float64) func(x []float64) float64 {
	return func(x []float64) float64 {
		switch {
		case x[0] != x[0]:
			return x[1]
		case x[1] != x[1]:
			return x[0]
		}
		return f(x)
	}
}

func clampDefinition() definition {
	low, high := numeric(least, pickBig(-1), all), numeric(greatest, pickBig(1), any1)
	return func(ds []DType, x []uint64) uint64 {
		return low(ds[:2], []uint64{mask(ds[0], high(ds[:2], x[:2])), x[2]})
	}
}

func fmaDefinition(ds []DType, x []uint64) uint64 {
	if ds[0] == Float64 {
		return fromFloat(Float64, math.FMA(asFloat(ds[0], x[0]), asFloat(ds[1], x[1]), asFloat(ds[2], x[2])))
	}
	a, b, c := asFloat(ds[0], x[0]), asFloat(ds[1], x[1]), asFloat(ds[2], x[2])
	p := a * b // exact
	if math.IsInf(p+c, 0) || p+c != p+c || p == 0 || p+c == 0 {
		return fromFloat(Float32, p+c)
	}
	s := new(big.Float).SetPrec(2000).SetFloat64(p)
	f, _ := s.Add(s, new(big.Float).SetFloat64(c)).Float32()
	return uint64(math.Float32bits(f))
}

func copysignFloat(x, y float64) float64 {
	if y != y {
		y = 1
	}
	return math.Copysign(x, y)
}

func signOf(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x + 0
}

var definitions = map[string]definition{
	"add": numeric(func(x []float64) float64 { return x[0] + x[1] },
		func(x []*big.Int) *big.Int { return new(big.Int).Add(x[0], x[1]) }, any1),
	"subtract": numeric(func(x []float64) float64 { return x[0] - x[1] },
		func(x []*big.Int) *big.Int { return new(big.Int).Sub(x[0], x[1]) }, nil),
	"multiply": numeric(func(x []float64) float64 { return x[0] * x[1] },
		func(x []*big.Int) *big.Int { return new(big.Int).Mul(x[0], x[1]) }, all),
	"divide":       float2(func(x, y float64) float64 { return x / y }),
	"floor_divide": either(floatQuo(true), ints(intDivide(floorDiv))),
	"trunc_divide": either(floatQuo(false),
		ints(intDivide(func(x, y *big.Int) *big.Int { return new(big.Int).Quo(x, y) }))),
	"remainder": either(floorModFloat, ints(intDivide(floorMod))),
	"fmod": either(float2(math.Mod),
		ints(intDivide(func(x, y *big.Int) *big.Int { return new(big.Int).Rem(x, y) }))),
	"negative": numeric(func(x []float64) float64 { return -x[0] },
		func(x []*big.Int) *big.Int { return new(big.Int).Neg(x[0]) }, nil),
	"positive": float1(func(x float64) float64 { return x }),
	"abs": numeric(func(x []float64) float64 { return math.Abs(x[0]) },
		func(x []*big.Int) *big.Int { return new(big.Int).Abs(x[0]) }, any1),
	"fabs": float1(math.Abs),
	"sign": numeric(func(x []float64) float64 { return signOf(x[0]) },
		func(x []*big.Int) *big.Int { return big.NewInt(int64(x[0].Sign())) }, nil),
	"square": numeric(func(x []float64) float64 { return x[0] * x[0] },
		func(x []*big.Int) *big.Int { return new(big.Int).Mul(x[0], x[0]) }, nil),
	"fma": fmaDefinition,

	"equal":         relation(func(o int) bool { return o == 0 }),
	"not_equal":     relation(func(o int) bool { return o != 0 }),
	"less":          relation(func(o int) bool { return o == -1 }),
	"less_equal":    relation(func(o int) bool { return o == -1 || o == 0 }),
	"greater":       relation(func(o int) bool { return o == 1 }),
	"greater_equal": relation(func(o int) bool { return o == 1 || o == 0 }),
	"logical_and":   logic(func(a, b bool) bool { return a && b }),
	"logical_or":    logic(func(a, b bool) bool { return a || b }),
	"logical_xor":   logic(func(a, b bool) bool { return a != b }),
	"logical_not":   logic(func(a, _ bool) bool { return !a }),
	"isnan":         classify(func(x float64) bool { return x != x }),
	"isinf":         classify(func(x float64) bool { return math.IsInf(x, 0) }),
	"isfinite":      classify(func(x float64) bool { return x-x == 0 }),
	"isposinf":      classify(func(x float64) bool { return math.IsInf(x, 1) }),
	"isneginf":      classify(func(x float64) bool { return math.IsInf(x, -1) }),
	"signbit":       classify(func(x float64) bool { return math.Signbit(x) && x == x }),

	"where": func(ds []DType, x []uint64) uint64 {
		if x[0] != 0 {
			return x[1]
		}
		return x[2]
	},
	"minimum":  numeric(least, pickBig(-1), all),
	"maximum":  numeric(greatest, pickBig(1), any1),
	"fmin":     numeric(ignoringNaN(least), pickBig(-1), all),
	"fmax":     numeric(ignoringNaN(greatest), pickBig(1), any1),
	"clip":     clampDefinition(),
	"copysign": float2(copysignFloat),

	"bitwise_and":    bitwise(func(a, b uint64) uint64 { return a & b }),
	"bitwise_or":     bitwise(func(a, b uint64) uint64 { return a | b }),
	"bitwise_xor":    bitwise(func(a, b uint64) uint64 { return a ^ b }),
	"bitwise_invert": bitwise(func(a, _ uint64) uint64 { return ^a }),
	"left_shift": shift(func(_ DType, x *big.Int, n uint) *big.Int {
		return new(big.Int).Lsh(x, n)
	}),
	"right_shift": shift(func(_ DType, x *big.Int, n uint) *big.Int {
		return new(big.Int).Rsh(x, n)
	}),

	"floor":      float1(math.Floor),
	"ceil":       float1(math.Ceil),
	"trunc":      float1(math.Trunc),
	"rint":       float1(math.RoundToEven),
	"sqrt":       float1(math.Sqrt),
	"reciprocal": float1(func(x float64) float64 { return 1 / x }),
}
