package amd64

import "math"

// Floating-point elements. Every function comes for both widths; the 64-bit one works on the bits of a
// float64, the 32-bit one on those of a float32. NaN rules are the processor's: the first source that is a
// NaN, made quiet, is the result; an invalid operation gives the negative quiet NaN.

const (
	quiet64   = 1 << 51
	quiet32   = 1 << 22
	default64 = 0xfff8 << 48
	default32 = 0xffc0 << 16
	sign64    = 1 << 63
	sign32    = 1 << 31
	inf64     = 0x7ff << 52
	inf32     = 0xff << 23
)

func isNaN64(x uint64) bool { return x&^sign64 > inf64 }
func isNaN32(x uint64) bool { return x&^sign32 > inf32 }

func f64(x uint64) float64 { return math.Float64frombits(x) }
func f32(x uint64) float32 { return math.Float32frombits(uint32(x)) }

// bits64 returns the bits of the result x of an operation on numbers.
func bits64(x float64) uint64 {
	if x != x {
		return default64
	}
	return math.Float64bits(x)
}

func bits32(x float32) uint64 {
	if x != x {
		return default32
	}
	return uint64(math.Float32bits(x))
}

func binary64(f func(x, y float64) float64) laneFunc {
	return func(_, x, y uint64, _ uint8) uint64 {
		switch {
		case isNaN64(x):
			return x | quiet64
		case isNaN64(y):
			return y | quiet64
		}
		return bits64(f(f64(x), f64(y)))
	}
}

func binary32(f func(x, y float32) float32) laneFunc {
	return func(_, x, y uint64, _ uint8) uint64 {
		switch {
		case isNaN32(x):
			return x | quiet32
		case isNaN32(y):
			return y | quiet32
		}
		return bits32(f(f32(x), f32(y)))
	}
}

func sqrt64(_, x, _ uint64, _ uint8) uint64 {
	if isNaN64(x) {
		return x | quiet64
	}
	return bits64(math.Sqrt(f64(x)))
}

func sqrt32(_, x, _ uint64, _ uint8) uint64 {
	if isNaN32(x) {
		return x | quiet32
	}
	return bits32(float32(math.Sqrt(float64(f32(x)))))
}

// MIN and MAX give the second source unless the first is strictly smaller or larger.

func min64(_, x, y uint64, _ uint8) uint64 {
	if f64(x) < f64(y) {
		return x
	}
	return y
}

func max64(_, x, y uint64, _ uint8) uint64 {
	if f64(x) > f64(y) {
		return x
	}
	return y
}

func min32(_, x, y uint64, _ uint8) uint64 {
	if f32(x) < f32(y) {
		return x
	}
	return y
}

func max32(_, x, y uint64, _ uint8) uint64 {
	if f32(x) > f32(y) {
		return x
	}
	return y
}

// fmaOrder says which operands are a, b and c of a*b+c.
type fmaOrder uint8

const (
	order132 fmaOrder = iota
	order213
	order231
)

func (o fmaOrder) pick(d, x, y uint64) (a, b, c uint64) {
	switch o {
	case order132:
		return d, y, x
	case order213:
		return x, d, y
	}
	return x, y, d
}

// fma64 is ±(a*b)±c with one rounding; negMul and negAdd are 1 to negate the product or the addend.
func fma64(o fmaOrder, negMul, negAdd uint64) laneFunc {
	return func(d, x, y uint64, _ uint8) uint64 {
		a, b, c := o.pick(d, x, y)
		for _, v := range [3]uint64{a, b, c} {
			if isNaN64(v) {
				return v | quiet64
			}
		}
		return bits64(math.FMA(f64(a^negMul<<63), f64(b), f64(c^negAdd<<63)))
	}
}

// fma32 is fma64 for float32. The product is exact in float64; the sum is rounded to odd, so that rounding it
// to float32 is the only rounding that counts (S. Boldo, G. Melquiond, doi:10.1109/TC.2007.70819).
func fma32(o fmaOrder, negMul, negAdd uint64) laneFunc {
	return func(d, x, y uint64, _ uint8) uint64 {
		a, b, c := o.pick(d, x, y)
		for _, v := range [3]uint64{a, b, c} {
			if isNaN32(v) {
				return v | quiet32
			}
		}
		return bits32(fmaOdd(float64(f32(a^negMul<<31)), float64(f32(b)), float64(f32(c^negAdd<<31))))
	}
}

func fmaOdd(a, b, c float64) float32 {
	p := a * b
	s := p + c
	if math.IsInf(s, 0) || s != s {
		return float32(s)
	}
	t := s - p // error of the sum, exactly (two-sum)
	err := (p - (s - t)) + (c - t)
	if bits := math.Float64bits(s); err != 0 && bits&1 == 0 {
		if (err > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
		s = math.Float64frombits(bits)
	}
	return float32(s)
}

// rounders are the rounding modes of an immediate: nearest even, down, up, toward zero.
var rounders = [4]func(float64) float64{math.RoundToEven, math.Floor, math.Ceil, math.Trunc}

// roundImm rounds x to a multiple of 2^-(imm>>4) in mode imm&3, or to nearest even if bit 2 is set.
func roundImm(x float64, imm uint8) float64 {
	mode := imm & 3
	if imm&4 != 0 {
		mode = 0
	}
	scaled := math.Ldexp(x, int(imm>>4))
	if math.Abs(scaled) >= 1<<53 {
		return x
	}
	return math.Ldexp(rounders[mode](scaled), -int(imm>>4))
}

func round64(_, x, _ uint64, imm uint8) uint64 {
	if isNaN64(x) {
		return x | quiet64
	}
	return bits64(roundImm(f64(x), imm))
}

func round32(_, x, _ uint64, imm uint8) uint64 {
	if isNaN32(x) {
		return x | quiet32
	}
	return bits32(float32(roundImm(float64(f32(x)), imm)))
}

// VROUND has the mode alone in its immediate.

func vround64(_, x, _ uint64, imm uint8) uint64 { return round64(0, x, 0, imm&15) }
func vround32(_, x, _ uint64, imm uint8) uint64 { return round32(0, x, 0, imm&15) }

// cmpFloat is the predicate imm (0 eq, 1 lt, 2 le, 3 unordered, the negations 4..7, 8 eq or unordered, 9 nge,
// 10 ngt, 11 false, 12..15 their negations) on numbers or NaNs.
func cmpFloat(x, y float64, imm uint8) bool {
	un := x != x || y != y
	var r bool
	switch imm & 11 {
	case 0:
		r = x == y
	case 1:
		r = x < y
	case 2:
		r = x <= y
	case 3:
		r = un
	case 8:
		r = x == y || un
	case 9:
		r = !(x >= y)
	case 10:
		r = !(x > y)
	}
	return r != (imm&4 != 0)
}

func cmp64(_, x, y uint64, imm uint8) uint64 { return ones(cmpFloat(f64(x), f64(y), imm)) }
func cmp32(_, x, y uint64, imm uint8) uint64 {
	return ones(cmpFloat(float64(f32(x)), float64(f32(y)), imm))
}

// rangeOp is VRANGE on elements whose sign bit is sign and whose infinity is inf: minimum, maximum, or either
// by magnitude (imm bits 0 and 1), with the sign of the first source, of the result, + or - (bits 2 and 3).
func rangeOp(x, y, sign, inf, quiet uint64, imm uint8) uint64 {
	nanX, nanY := x&^sign > inf, y&^sign > inf
	var r uint64
	switch {
	case nanX && x&quiet == 0:
		return x | quiet
	case nanY && y&quiet == 0:
		return y | quiet
	case nanY:
		r = x
	case nanX:
		r = y
	default:
		r = rangePick(x, y, sign, imm)
	}
	switch imm >> 2 & 3 {
	case 0:
		r = r&^sign | x&sign
	case 2:
		r &^= sign
	case 3:
		r |= sign
	}
	return r
}

func rangePick(x, y, sign uint64, imm uint8) uint64 {
	small, large := x, y
	ax, ay := x&^sign, y&^sign
	byMagnitude := imm&2 != 0 && ax != ay
	if byMagnitude && ax > ay || !byMagnitude && order(x, sign) > order(y, sign) {
		small, large = y, x
	}
	if imm&1 != 0 {
		return large
	}
	return small
}

// order maps the bits of a number to an integer of the same order, -0 below +0.
func order(x, sign uint64) int64 {
	if x&sign != 0 {
		return -int64(x&^sign) - 1
	}
	return int64(x)
}

func range64(_, x, y uint64, imm uint8) uint64 { return rangeOp(x, y, sign64, inf64, quiet64, imm) }
func range32(_, x, y uint64, imm uint8) uint64 { return rangeOp(x, y, sign32, inf32, quiet32, imm) }

// scalef is x*2^floor(y) for numbers or infinities x, y.
func scalef(x, y float64) float64 {
	switch {
	case math.IsInf(y, 1):
		return x * y
	case math.IsInf(y, -1):
		if math.IsInf(x, 0) {
			return math.NaN()
		}
		return math.Copysign(0, x)
	}
	return math.Ldexp(x, int(math.Floor(min(max(y, -5000), 5000))))
}

func scalef64(_, x, y uint64, _ uint8) uint64 {
	switch {
	case isNaN64(x) && x&quiet64 != 0 && y&^sign64 == inf64: // a quiet NaN gives way to 2^±inf
		if y == inf64 {
			return inf64
		}
		return 0
	case isNaN64(x):
		return x | quiet64
	case isNaN64(y):
		return y | quiet64
	}
	return bits64(scalef(f64(x), f64(y)))
}

func scalef32(_, x, y uint64, _ uint8) uint64 {
	switch {
	case isNaN32(x) && x&quiet32 != 0 && y&^sign32 == inf32:
		if y == inf32 {
			return inf32
		}
		return 0
	case isNaN32(x):
		return x | quiet32
	case isNaN32(y):
		return y | quiet32
	}
	// The float64 is exact or far out of range.
	return bits32(float32(scalef(float64(f32(x)), float64(f32(y)))))
}

// getExp is floor(log2|x|) as a number.
func getExp(x float64) float64 {
	switch {
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 0):
		return math.Inf(1)
	}
	_, e := math.Frexp(x)
	return float64(e - 1)
}

func getExp64(_, x, _ uint64, _ uint8) uint64 {
	if isNaN64(x) {
		return x | quiet64
	}
	return bits64(getExp(f64(x)))
}

func getExp32(_, x, _ uint64, _ uint8) uint64 {
	if isNaN32(x) {
		return x | quiet32
	}
	return bits32(float32(getExp(float64(f32(x)))))
}

// getMant is the mantissa of x in [1,2), [1/2,2), [1/2,1) or [3/4,3/2) (imm bits 0 and 1) with the sign of x,
// with sign + (bit 2), or NaN for negative x (bit 3).
func getMant(x float64, imm uint8) float64 {
	neg := math.Signbit(x)
	if imm&8 != 0 && neg && x != 0 {
		return math.NaN()
	}
	frac, exp := 0.5, 1
	if x != 0 && !math.IsInf(x, 0) {
		frac, exp = math.Frexp(math.Abs(x))
	}
	m := 2 * frac
	if x != 0 && !math.IsInf(x, 0) {
		switch imm & 3 {
		case 1:
			if (exp-1)&1 != 0 {
				m = frac
			}
		case 2:
			m = frac
		case 3:
			if m >= 1.5 {
				m = frac
			}
		}
	}
	if neg && imm&4 == 0 {
		m = -m
	}
	return m
}

func getMant64(_, x, _ uint64, imm uint8) uint64 {
	if isNaN64(x) {
		return x | quiet64
	}
	return bits64(getMant(f64(x), imm))
}

func getMant32(_, x, _ uint64, imm uint8) uint64 {
	if isNaN32(x) {
		return x | quiet32
	}
	return bits32(float32(getMant(float64(f32(x)), imm)))
}

// fixupToken classifies x for VFIXUPIMM.
func fixupToken(x, sign, inf, quiet, one uint64) int {
	switch {
	case x&^sign > inf && x&quiet != 0:
		return 0
	case x&^sign > inf:
		return 1
	case x&^sign == 0:
		return 2
	case x == one:
		return 3
	case x == inf|sign:
		return 4
	case x == inf:
		return 5
	case x&sign != 0:
		return 6
	}
	return 7
}

func fixup64(d, x, table uint64, _ uint8) uint64 {
	token := fixupToken(x, sign64, inf64, quiet64, 0x3ff<<52)
	switch response := table >> (4 * token) & 15; response {
	case 0:
		return d
	case 1:
		return x
	case 2:
		return x | inf64 | quiet64
	case 3:
		return default64
	case 6:
		return x&sign64 | inf64
	default:
		return math.Float64bits(fixupValues[response])
	}
}

func fixup32(d, x, table uint64, _ uint8) uint64 {
	token := fixupToken(x, sign32, inf32, quiet32, 0x7f<<23)
	switch response := table >> (4 * token) & 15; response {
	case 0:
		return d
	case 1:
		return x
	case 2:
		return x | inf32 | quiet32
	case 3:
		return default32
	case 6:
		return x&sign32 | inf32
	case 14:
		return inf32 - 1
	case 15:
		return inf32 - 1 | sign32
	default:
		return uint64(math.Float32bits(float32(fixupValues[response])))
	}
}

// fixupValues are the constant responses of VFIXUPIMM.
var fixupValues = [16]float64{4: math.Inf(-1), 5: math.Inf(1), 7: math.Copysign(0, -1), 8: 0, 9: -1, 10: 1,
	11: 0.5, 12: 90, 13: math.Pi / 2, 14: math.MaxFloat64, 15: -math.MaxFloat64}
