package simd

import (
	"math"
	"math/big"
)

// Independent definitions of the primitives on one lane, by exact arithmetic: integers as integers, floats as numbers
// of math/big that are rounded once. Nothing here is shared with the engines.

// meaning is a row with everything but its operands.
type meaning struct {
	op       Op
	from, to Type // of the operands, of the result
	imm      uint64
	table    []uint64
}

// eval computes the bits of the result from the bits of the operands.
func (m *meaning) eval(a []uint64) uint64 {
	switch m.op {
	case OpLoad, OpStrided, OpScalar, OpIndex, OpBitcast, OpStore:
		return a[0]
	case OpConst:
		return m.imm
	case OpSelect, OpMerge:
		if a[0] != 0 {
			return a[1]
		}
		return a[2]
	case OpLookup:
		return m.table[a[0]%uint64(len(m.table))]
	case OpConvert:
		return m.convert(a[0])
	}
	switch {
	case m.from == Mask:
		return refLogic(m.op, a) & 1
	case m.from.IsInt():
		return m.integer(a)
	case m.from.IsFloat():
		return m.float(a)
	}
	panic("no definition of " + m.op.String())
}

func truth(c bool) uint64 {
	if c {
		return 1
	}
	return 0
}

func refLogic(op Op, a []uint64) uint64 {
	switch op {
	case OpAnd:
		return a[0] & a[1]
	case OpOr:
		return a[0] | a[1]
	case OpXor:
		return a[0] ^ a[1]
	case OpAndNot:
		return a[0] & ^a[1]
	case OpNot:
		return ^a[0]
	}
	panic("no logic " + op.String())
}

// bigInt reads bits as an integer of type t.
func bigInt(t Type, bits uint64) *big.Int {
	x := new(big.Int).SetUint64(bits)
	if t.IsSigned() && bits>>(t.bits()-1) == 1 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(t.bits())))
	}
	return x
}

// wrapped takes an integer modulo 2^width.
func wrapped(t Type, x *big.Int) uint64 {
	m := new(big.Int).Lsh(big.NewInt(1), uint(t.bits()))
	return new(big.Int).Mod(x, m).Uint64()
}

func (m *meaning) integer(a []uint64) uint64 {
	x, y, z := bigInt(m.from, a[0]), new(big.Int), new(big.Int)
	if len(a) > 1 {
		y = bigInt(m.from, a[1])
	}
	switch m.op {
	case OpAdd:
		z.Add(x, y)
	case OpSub:
		z.Sub(x, y)
	case OpMul:
		z.Mul(x, y)
	case OpNeg:
		z.Neg(x)
	case OpAbs:
		z.Abs(x)
	case OpIDiv:
		if y.Sign() != 0 {
			z.Quo(x, y)
		}
	case OpMulWide:
		z.Mul(big.NewInt(int64(uint32(a[0]))), big.NewInt(int64(uint32(a[1]))))
	case OpMin, OpMax:
		if z = x; (x.Cmp(y) > 0) == (m.op == OpMin) {
			z = y
		}
	case OpShl:
		z.Lsh(x, uint(m.imm))
	case OpShr: // rounds down: the arithmetic shift
		z.Rsh(x, uint(m.imm))
	case OpShlV:
		z.Lsh(x, uint(min(a[1], 64)))
	case OpShrV:
		z.Rsh(x, uint(min(a[1], 64)))
	case OpLt, OpLe, OpEq, OpNe:
		return compared(m.op, x.Cmp(y), false)
	default:
		return refLogic(m.op, a) & m.from.mask()
	}
	return wrapped(m.to, z)
}

// compared answers a comparison from the order of the operands.
func compared(op Op, order int, unordered bool) uint64 {
	switch {
	case unordered:
		return truth(op == OpNe)
	case op == OpLt:
		return truth(order < 0)
	case op == OpLe:
		return truth(order <= 0)
	case op == OpEq:
		return truth(order == 0)
	}
	return truth(order != 0)
}

// Enough bits for every sum, and for a sum with a product, of float64 to be exact.
const (
	sumBits = 2200
	fmaBits = 4500
	midBits = 300 // a quotient or root is not that near to a border of rounding without lying on it
)

// number reads bits as a float; nil is NaN.
func number(t Type, bits uint64) *big.Float {
	x := math.Float64frombits(bits)
	if t == F32 {
		x = float64(math.Float32frombits(uint32(bits)))
	}
	if math.IsNaN(x) {
		return nil
	}
	return new(big.Float).SetFloat64(x)
}

// rounded gives the bits of the float of type t nearest to x, ties to even.
func rounded(t Type, x *big.Float) uint64 {
	switch {
	case x == nil:
		return t.mask() >> 1
	case t == F32:
		f, _ := x.Float32()
		return uint64(math.Float32bits(f))
	}
	f, _ := x.Float64()
	return math.Float64bits(f)
}

// exact calls f, which computes on infinities too; where the result is not a number it returns nil.
func exact(prec uint, f func(z *big.Float) *big.Float) (z *big.Float) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(big.ErrNaN); !ok {
				panic(r)
			}
			z = nil
		}
	}()
	return f(new(big.Float).SetPrec(prec))
}

func (m *meaning) float(a []uint64) uint64 {
	t := m.from
	sign := uint64(1) << (t.bits() - 1)
	switch m.op { // of the bits, NaN or not
	case OpNeg:
		return a[0] ^ sign
	case OpAbs:
		return a[0] &^ sign
	}
	var v [3]*big.Float
	nan := false
	for k := range a {
		v[k] = number(t, a[k])
		nan = nan || v[k] == nil
	}
	x, y, w := v[0], v[1], v[2]
	switch m.op {
	case OpLt, OpLe, OpEq, OpNe:
		order := 0
		if !nan {
			order = x.Cmp(y)
		}
		return compared(m.op, order, nan)
	case OpMinNum, OpMaxNum:
		if x == nil || y == nil {
			return [2]map[bool]uint64{{true: a[0]}, {true: a[1]}}[truth(x == nil)][true]
		}
	}
	if nan {
		return rounded(t, nil)
	}
	switch m.op {
	case OpAdd:
		x = exact(sumBits, func(z *big.Float) *big.Float { return z.Add(x, y) })
	case OpSub:
		x = exact(sumBits, func(z *big.Float) *big.Float { return z.Sub(x, y) })
	case OpMul:
		x = exact(120, func(z *big.Float) *big.Float { return z.Mul(x, y) })
	case OpDiv:
		x = exact(midBits, func(z *big.Float) *big.Float { return z.Quo(x, y) })
	case OpSqrt:
		x = exact(midBits, func(z *big.Float) *big.Float { return z.Sqrt(x) })
	case OpFMA:
		x = exact(fmaBits, func(z *big.Float) *big.Float { return z.Add(z.Mul(x, y), w) })
	case OpFMS:
		x = exact(fmaBits, func(z *big.Float) *big.Float { return z.Sub(z.Mul(x, y), w) })
	case OpFNMA:
		x = exact(fmaBits, func(z *big.Float) *big.Float { return z.Sub(w, z.Mul(x, y)) })
	case OpMin, OpMinNum:
		x = lesser(x, y)
	case OpMax, OpMaxNum:
		x = new(big.Float).Neg(lesser(new(big.Float).Neg(x), new(big.Float).Neg(y)))
	case OpFloor, OpCeil, OpTrunc, OpRint:
		x = integral(m.op, x)
	default:
		panic("no definition of " + m.op.String())
	}
	return rounded(t, x)
}

// lesser orders -0 before +0.
func lesser(x, y *big.Float) *big.Float {
	if c := x.Cmp(y); c < 0 || c == 0 && x.Signbit() {
		return x
	}
	return y
}

// integral rounds to an integer; the sign stays, of a zero too.
func integral(op Op, x *big.Float) *big.Float {
	if x.IsInf() || x.IsInt() {
		return x
	}
	i, _ := x.Int(nil) // towards zero
	part := new(big.Float).Sub(x, new(big.Float).SetInt(i))
	one := big.NewInt(int64(x.Sign()))
	half := new(big.Float).Abs(part).Cmp(big.NewFloat(0.5))
	away := false
	switch op {
	case OpFloor:
		away = x.Sign() < 0
	case OpCeil:
		away = x.Sign() > 0
	case OpRint:
		away = half > 0 || half == 0 && i.Bit(0) == 1
	}
	if away {
		i.Add(i, one)
	}
	z := new(big.Float).SetInt(i)
	if x.Signbit() != z.Signbit() {
		z.Neg(z)
	}
	return z
}

// convert is the change of type, and to and from masks, of any pair.
func (m *meaning) convert(bits uint64) uint64 {
	if m.to == Mask {
		x := number(F64, 0)
		if m.from.IsFloat() {
			x = number(m.from, bits)
		} else {
			x.SetInt(bigInt(m.from, bits))
		}
		return truth(x == nil || x.Sign() != 0)
	}
	var x *big.Float
	switch {
	case m.from == Mask:
		x = big.NewFloat(float64(bits))
	case m.from.IsInt() && m.to.IsInt():
		return wrapped(m.to, bigInt(m.from, bits))
	case m.from.IsInt():
		x = new(big.Float).SetInt(bigInt(m.from, bits))
	default:
		x = number(m.from, bits)
	}
	if m.to.IsFloat() {
		return rounded(m.to, x)
	}
	if x == nil {
		return 0
	}
	lo, hi := bigInt(m.to, 0), bigInt(m.to, m.to.mask())
	if m.to.IsSigned() {
		lo, hi = bigInt(m.to, m.to.mask()>>1+1), bigInt(m.to, m.to.mask()>>1)
	}
	if x.Cmp(new(big.Float).SetInt(lo)) < 0 {
		return wrapped(m.to, lo)
	}
	if x.Cmp(new(big.Float).SetInt(hi)) > 0 {
		return wrapped(m.to, hi)
	}
	i, _ := x.Int(nil)
	return wrapped(m.to, i)
}
