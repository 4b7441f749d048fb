package simd

import (
	"math"
	"unsafe"
)

// The portable engine: what every primitive means, in plain Go. A step computes n elements of one instruction; its
// operands are blocks of elements of the instruction's types, masks being bytes 0 or 1. The explicit conversions around
// products keep the Go compiler from fusing them into an FMA. The most common loops are unrolled by four, which the
// compiler does not do.

// step computes d[:n] from a, b, c.
type step func(d, a, b, c unsafe.Pointer, n int)

type floatT interface{ ~float32 | ~float64 }
type intT interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}
type numberT interface{ floatT | intT }

func view[T any](p unsafe.Pointer, n int) []T { return unsafe.Slice((*T)(p), n) }

// unary, binary and ternary turn a loop over slices into a step.
func unary[D, A any](f func(d []D, a []A)) step {
	return func(d, a, _, _ unsafe.Pointer, n int) { f(view[D](d, n), view[A](a, n)) }
}

func binary[D, A any](f func(d []D, a, b []A)) step {
	return func(d, a, b, _ unsafe.Pointer, n int) { f(view[D](d, n), view[A](a, n), view[A](b, n)) }
}

func ternary[T any](f func(d, a, b, c []T)) step {
	return func(d, a, b, c unsafe.Pointer, n int) { f(view[T](d, n), view[T](a, n), view[T](b, n), view[T](c, n)) }
}

// byType picks the instance of a row for an operand type.
type byType [numTypes]step

// portable holds the meaning of each row that is not a source, a sink, a cast or a region.
var portable = [numOps]byType{
	OpAdd: {I8: binary(add[int8]), I16: binary(add[int16]), I32: binary(add[int32]), I64: binary(add[int64]),
		U8: binary(add[uint8]), U16: binary(add[uint16]), U32: binary(add[uint32]), U64: binary(add[uint64]),
		F32: binary(add[float32]), F64: binary(add[float64])},
	OpSub: {I8: binary(sub[int8]), I16: binary(sub[int16]), I32: binary(sub[int32]), I64: binary(sub[int64]),
		U8: binary(sub[uint8]), U16: binary(sub[uint16]), U32: binary(sub[uint32]), U64: binary(sub[uint64]),
		F32: binary(sub[float32]), F64: binary(sub[float64])},
	OpMul: {I16: binary(mul[int16]), I32: binary(mul[int32]), I64: binary(mul[int64]), U16: binary(mul[uint16]),
		U32: binary(mul[uint32]), U64: binary(mul[uint64]), F32: binary(mul[float32]), F64: binary(mul[float64])},
	OpDiv:  {F32: binary(div[float32]), F64: binary(div[float64])},
	OpIDiv: {I64: binary(idiv)},
	OpNeg: {I8: unary(neg[int8]), I16: unary(neg[int16]), I32: unary(neg[int32]), I64: unary(neg[int64]),
		U8: unary(neg[uint8]), U16: unary(neg[uint16]), U32: unary(neg[uint32]), U64: unary(neg[uint64]),
		F32: unary(neg32), F64: unary(neg64)},
	OpAbs: {I8: unary(absInt[int8]), I16: unary(absInt[int16]), I32: unary(absInt[int32]),
		I64: unary(absInt[int64]), U8: unary(same[uint8]), U16: unary(same[uint16]), U32: unary(same[uint32]),
		U64: unary(same[uint64]), F32: unary(abs32), F64: unary(abs64)},
	OpSqrt: {F32: unary(sqrt[float32]), F64: unary(sqrt[float64])},
	OpFMA:  {F32: ternary(fma32), F64: ternary(fma64)},
	OpFMS:  {F32: ternary(fms32), F64: ternary(fms64)},
	OpFNMA: {F32: ternary(fnma32), F64: ternary(fnma64)},
	OpMin: {I8: binary(least[int8]), I16: binary(least[int16]), I32: binary(least[int32]), I64: binary(least[int64]),
		U8: binary(least[uint8]), U16: binary(least[uint16]), U32: binary(least[uint32]), U64: binary(least[uint64]),
		F32: binary(least[float32]), F64: binary(least[float64])},
	OpMax: {I8: binary(most[int8]), I16: binary(most[int16]), I32: binary(most[int32]), I64: binary(most[int64]),
		U8: binary(most[uint8]), U16: binary(most[uint16]), U32: binary(most[uint32]), U64: binary(most[uint64]),
		F32: binary(most[float32]), F64: binary(most[float64])},
	OpMinNum:  {F32: binary(minNum[float32]), F64: binary(minNum[float64])},
	OpMaxNum:  {F32: binary(maxNum[float32]), F64: binary(maxNum[float64])},
	OpFloor:   {F32: unary(floor[float32]), F64: unary(floor[float64])},
	OpCeil:    {F32: unary(ceil[float32]), F64: unary(ceil[float64])},
	OpTrunc:   {F32: unary(trunc[float32]), F64: unary(trunc[float64])},
	OpRint:    {F32: unary(rint[float32]), F64: unary(rint[float64])},
	OpMulWide: {U64: binary(mulWide)},

	// Signedness does not matter to these: one instance per width.
	OpAnd:    perWidth(binary(and[uint8]), binary(and[uint16]), binary(and[uint32]), binary(and[uint64])),
	OpOr:     perWidth(binary(or[uint8]), binary(or[uint16]), binary(or[uint32]), binary(or[uint64])),
	OpXor:    perWidth(binary(xor[uint8]), binary(xor[uint16]), binary(xor[uint32]), binary(xor[uint64])),
	OpAndNot: perWidth(binary(andNot[uint8]), binary(andNot[uint16]), binary(andNot[uint32]), binary(andNot[uint64])),
	OpNot: withMask(unary(notMask),
		perWidth(unary(not[uint8]), unary(not[uint16]), unary(not[uint32]), unary(not[uint64]))),
	OpShlV: perWidth(nil, nil, binary(shlV[uint32]), binary(shlV[uint64])),
	OpShrV: {I32: binary(shrV[int32, uint32]), I64: binary(shrV[int64, uint64]), U32: binary(shrV[uint32, uint32]),
		U64: binary(shrV[uint64, uint64])},

	OpLt: {I8: binary(less[int8]), I16: binary(less[int16]), I32: binary(less[int32]), I64: binary(less[int64]),
		U8: binary(less[uint8]), U16: binary(less[uint16]), U32: binary(less[uint32]), U64: binary(less[uint64]),
		F32: binary(less[float32]), F64: binary(less[float64])},
	OpLe: {I8: binary(lessEq[int8]), I16: binary(lessEq[int16]), I32: binary(lessEq[int32]),
		I64: binary(lessEq[int64]), U8: binary(lessEq[uint8]), U16: binary(lessEq[uint16]),
		U32: binary(lessEq[uint32]), U64: binary(lessEq[uint64]), F32: binary(lessEq[float32]),
		F64: binary(lessEq[float64])},
	OpEq: withFloats(binary(equal[float32]), binary(equal[float64]),
		perWidth(binary(equal[uint8]), binary(equal[uint16]), binary(equal[uint32]), binary(equal[uint64]))),
	OpNe: withFloats(binary(differ[float32]), binary(differ[float64]),
		perWidth(binary(differ[uint8]), binary(differ[uint16]), binary(differ[uint32]), binary(differ[uint64]))),
	OpSelect: selects,
	OpMerge:  selects,
}

var selects = perWidth(choose[uint8], choose[uint16], choose[uint32], choose[uint64])

func perWidth(w8, w16, w32, w64 step) byType {
	return byType{Mask: w8, I8: w8, U8: w8, I16: w16, U16: w16, I32: w32, U32: w32, F32: w32, I64: w64, U64: w64, F64: w64}
}

func withMask(m step, t byType) byType          { t[Mask] = m; return t }
func withFloats(f32, f64 step, t byType) byType { t[F32], t[F64] = f32, f64; return t }

func add[T numberT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	i := 0
	for ; i+4 <= len(d); i += 4 {
		x, y, z := a[i:i+4:i+4], b[i:i+4:i+4], d[i:i+4:i+4]
		z[0] = x[0] + y[0]
		z[1] = x[1] + y[1]
		z[2] = x[2] + y[2]
		z[3] = x[3] + y[3]
	}
	for ; i < len(d); i++ {
		d[i] = a[i] + b[i]
	}
}

func sub[T numberT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	i := 0
	for ; i+4 <= len(d); i += 4 {
		x, y, z := a[i:i+4:i+4], b[i:i+4:i+4], d[i:i+4:i+4]
		z[0] = x[0] - y[0]
		z[1] = x[1] - y[1]
		z[2] = x[2] - y[2]
		z[3] = x[3] - y[3]
	}
	for ; i < len(d); i++ {
		d[i] = a[i] - b[i]
	}
}

func mul[T numberT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	i := 0
	for ; i+4 <= len(d); i += 4 {
		x, y, z := a[i:i+4:i+4], b[i:i+4:i+4], d[i:i+4:i+4]
		z[0] = T(x[0] * y[0])
		z[1] = T(x[1] * y[1])
		z[2] = T(x[2] * y[2])
		z[3] = T(x[3] * y[3])
	}
	for ; i < len(d); i++ {
		d[i] = T(a[i] * b[i])
	}
}

func div[T floatT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = a[i] / b[i]
	}
}

func idiv(d, a, b []int64) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		switch b[i] {
		case 0:
			d[i] = 0
		case -1:
			d[i] = -a[i] // wraps for the smallest integer, where the division would trap
		default:
			d[i] = a[i] / b[i]
		}
	}
}

func neg[T intT](d, a []T) {
	a = a[:len(d)]
	for i := range d {
		d[i] = -a[i]
	}
}

func same[T intT](d, a []T) { copy(d, a) }

func neg32(d, a []uint32) {
	a = a[:len(d)]
	for i := range d {
		d[i] = a[i] ^ 1<<31
	}
}

func neg64(d, a []uint64) {
	a = a[:len(d)]
	for i := range d {
		d[i] = a[i] ^ 1<<63
	}
}

func abs32(d, a []uint32) {
	a = a[:len(d)]
	for i := range d {
		d[i] = a[i] &^ (1 << 31)
	}
}

func abs64(d, a []uint64) {
	a = a[:len(d)]
	for i := range d {
		d[i] = a[i] &^ (1 << 63)
	}
}

func absInt[T intT](d, a []T) {
	a = a[:len(d)]
	for i := range d {
		x := a[i]
		if x < 0 {
			x = -x
		}
		d[i] = x
	}
}

// sqrt of a float32 through float64 rounds right: 53 >= 2*24+2 bits.
func sqrt[T floatT](d, a []T) {
	a = a[:len(d)]
	for i := range d {
		d[i] = T(math.Sqrt(float64(a[i])))
	}
}

func fma64(d, a, b, c []float64) {
	a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
	for i := range d {
		d[i] = math.FMA(a[i], b[i], c[i])
	}
}

func fms64(d, a, b, c []float64) {
	a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
	for i := range d {
		d[i] = math.FMA(a[i], b[i], -c[i])
	}
}

func fnma64(d, a, b, c []float64) {
	a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
	for i := range d {
		d[i] = math.FMA(-a[i], b[i], c[i])
	}
}

func fma32(d, a, b, c []float32) {
	a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
	for i := range d {
		d[i] = fmaSingle(a[i], b[i], c[i])
	}
}

func fms32(d, a, b, c []float32) {
	a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
	for i := range d {
		d[i] = fmaSingle(a[i], b[i], -c[i])
	}
}

func fnma32(d, a, b, c []float32) {
	a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
	for i := range d {
		d[i] = fmaSingle(-a[i], b[i], c[i])
	}
}

// fmaSingle is x*y+z rounded once to float32. The product is exact in float64; the sum is rounded to odd there, so that
// rounding it again to float32 is harmless (Boldo and Melquiond 2008, doi:10.1109/TC.2007.70819).
func fmaSingle(x, y, z float32) float32 {
	p, w := float64(x)*float64(y), float64(z)
	s := p + w
	t := s - p
	e := (p - (s - t)) + (w - t) // error of the sum (Knuth)
	if u := math.Float64bits(s); e != 0 && u&1 == 0 && !math.IsInf(s, 0) && e == e {
		if (e > 0) == (s > 0) {
			u++
		} else {
			u--
		}
		s = math.Float64frombits(u)
	}
	return float32(s)
}

func least[T numberT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = min(a[i], b[i])
	}
}

func most[T numberT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = max(a[i], b[i])
	}
}

func minNum[T floatT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		switch x, y := a[i], b[i]; {
		case x != x:
			d[i] = y
		case y != y:
			d[i] = x
		default:
			d[i] = min(x, y)
		}
	}
}

func maxNum[T floatT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		switch x, y := a[i], b[i]; {
		case x != x:
			d[i] = y
		case y != y:
			d[i] = x
		default:
			d[i] = max(x, y)
		}
	}
}

func floor[T floatT](d, a []T) {
	a = a[:len(d)]
	for i := range d {
		d[i] = T(math.Floor(float64(a[i])))
	}
}

func ceil[T floatT](d, a []T) {
	a = a[:len(d)]
	for i := range d {
		d[i] = T(math.Ceil(float64(a[i])))
	}
}

func trunc[T floatT](d, a []T) {
	a = a[:len(d)]
	for i := range d {
		d[i] = T(math.Trunc(float64(a[i])))
	}
}

func rint[T floatT](d, a []T) {
	a = a[:len(d)]
	for i := range d {
		d[i] = T(math.RoundToEven(float64(a[i])))
	}
}

func mulWide(d, a, b []uint64) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = uint64(uint32(a[i])) * uint64(uint32(b[i]))
	}
}

func and[T intT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = a[i] & b[i]
	}
}

func or[T intT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = a[i] | b[i]
	}
}

func xor[T intT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = a[i] ^ b[i]
	}
}

func andNot[T intT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = a[i] &^ b[i]
	}
}

func not[T intT](d, a []T) {
	a = a[:len(d)]
	for i := range d {
		d[i] = ^a[i]
	}
}

func notMask(d, a []uint8) {
	a = a[:len(d)]
	for i := range d {
		d[i] = a[i] ^ 1
	}
}

func shlV[T intT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = a[i] << b[i]
	}
}

func shrV[T, U intT](d, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = a[i] >> U(b[i])
	}
}

func less[T numberT](d []uint8, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = bit(a[i] < b[i])
	}
}

func lessEq[T numberT](d []uint8, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = bit(a[i] <= b[i])
	}
}

func equal[T numberT](d []uint8, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = bit(a[i] == b[i])
	}
}

func differ[T numberT](d []uint8, a, b []T) {
	a, b = a[:len(d)], b[:len(d)]
	for i := range d {
		d[i] = bit(a[i] != b[i])
	}
}

func bit(c bool) uint8 {
	if c {
		return 1
	}
	return 0
}

// choose is select: b where the mask a is set, else c. It has no branch: masks are often random.
func choose[T uint8 | uint16 | uint32 | uint64](dp, ap, bp, cp unsafe.Pointer, n int) {
	d, m, x, y := view[T](dp, n), view[uint8](ap, n), view[T](bp, n), view[T](cp, n)
	m, x, y = m[:len(d)], x[:len(d)], y[:len(d)]
	for i := range d {
		k := -T(m[i])
		d[i] = x[i]&k | y[i]&^k
	}
}

// shiftStep shifts by a constant.
func shiftStep(op Op, t Type, k uint) step {
	switch {
	case op == OpShl && t.Size() == 2:
		return unary(func(d, a []uint16) {
			a = a[:len(d)]
			for i := range d {
				d[i] = a[i] << k
			}
		})
	case op == OpShl && t.Size() == 4:
		return unary(func(d, a []uint32) {
			a = a[:len(d)]
			for i := range d {
				d[i] = a[i] << k
			}
		})
	case op == OpShl:
		return unary(func(d, a []uint64) {
			a = a[:len(d)]
			for i := range d {
				d[i] = a[i] << k
			}
		})
	}
	switch t {
	case I16:
		return shrBy[int16](k)
	case I32:
		return shrBy[int32](k)
	case I64:
		return shrBy[int64](k)
	case U16:
		return shrBy[uint16](k)
	case U32:
		return shrBy[uint32](k)
	}
	return shrBy[uint64](k)
}

func shrBy[T intT](k uint) step {
	return unary(func(d, a []T) {
		a = a[:len(d)]
		for i := range d {
			d[i] = a[i] >> k
		}
	})
}

// convertStep is OpConvert between two types.
func convertStep(from, to Type) step {
	switch {
	case from.IsInt() && to.IsInt():
		return resize(from, to)
	case from == I32 && to == F32:
		return unary(toFloat[int32, float32])
	case from == I32 && to == F64:
		return unary(toFloat[int32, float64])
	case from == I64 && to == F32:
		return unary(int64ToFloat32)
	case from == I64 && to == F64:
		return unary(toFloat[int64, float64])
	case from == F32 && to == F64:
		return unary(toFloat[float32, float64])
	case from == F64 && to == F32:
		return unary(toFloat[float64, float32])
	case from == F32 && to == I32:
		return unary(toInt32[float32])
	case from == F64 && to == I32:
		return unary(toInt32[float64])
	}
	return unary(toInt64)
}

func toFloat[A numberT, D floatT](d []D, a []A) {
	a = a[:len(d)]
	for i := range d {
		d[i] = D(a[i])
	}
}

// int64ToFloat32 goes through float64, which Go rounds right everywhere (to float32 it does not on 386). What does not
// fit there keeps its lowest bits as one sticky bit, so that the second rounding is the only one.
func int64ToFloat32(d []float32, a []int64) {
	a = a[:len(d)]
	for i := range d {
		x := a[i]
		if x+1<<53 > 1<<54 || x+1<<53 < 0 {
			if low := x & 0x7FF; low != 0 {
				x = x - low | 0x400
			}
		}
		d[i] = float32(float64(x))
	}
}

func toInt32[A floatT](d []int32, a []A) {
	a = a[:len(d)]
	for i := range d {
		switch x := float64(a[i]); {
		case x != x:
			d[i] = 0
		case x >= math.MaxInt32:
			d[i] = math.MaxInt32
		case x <= math.MinInt32:
			d[i] = math.MinInt32
		default:
			d[i] = int32(x)
		}
	}
}

func toInt64(d []int64, a []float64) {
	a = a[:len(d)]
	for i := range d {
		switch x := a[i]; {
		case x != x:
			d[i] = 0
		case x >= 0x1p63:
			d[i] = math.MaxInt64
		case x <= -0x1p63:
			d[i] = math.MinInt64
		default:
			d[i] = int64(x)
		}
	}
}

// resize extends by the signedness of from, or truncates.
func resize(from, to Type) step {
	switch from {
	case I8:
		return resizeTo[int8](to)
	case I16:
		return resizeTo[int16](to)
	case I32:
		return resizeTo[int32](to)
	case I64:
		return resizeTo[int64](to)
	case U8:
		return resizeTo[uint8](to)
	case U16:
		return resizeTo[uint16](to)
	case U32:
		return resizeTo[uint32](to)
	}
	return resizeTo[uint64](to)
}

func resizeTo[A intT](to Type) step {
	switch to.Size() {
	case 1:
		return unary(resized[A, uint8])
	case 2:
		return unary(resized[A, uint16])
	case 4:
		return unary(resized[A, uint32])
	}
	return unary(resized[A, uint64])
}

func resized[A, D intT](d []D, a []A) {
	a = a[:len(d)]
	for i := range d {
		d[i] = D(a[i])
	}
}

// fill stores bits in n elements of a size.
func fill(d unsafe.Pointer, size, n int, v uint64) {
	switch size {
	case 1:
		fillAs(view[uint8](d, n), uint8(v))
	case 2:
		fillAs(view[uint16](d, n), uint16(v))
	case 4:
		fillAs(view[uint32](d, n), uint32(v))
	default:
		fillAs(view[uint64](d, n), v)
	}
}

func fillAs[T any](d []T, v T) {
	for i := range d {
		d[i] = v
	}
}

// loadBits reads one element of a size.
func loadBits(p unsafe.Pointer, size int) uint64 {
	switch size {
	case 1:
		return uint64(*(*uint8)(p))
	case 2:
		return uint64(*(*uint16)(p))
	case 4:
		return uint64(*(*uint32)(p))
	}
	return *(*uint64)(p)
}

// gatherStrided reads n elements that lie stride bytes apart.
func gatherStrided(d, s unsafe.Pointer, size, stride, n int) {
	switch size {
	case 1:
		gatherAs(view[uint8](d, n), s, stride)
	case 2:
		gatherAs(view[uint16](d, n), s, stride)
	case 4:
		gatherAs(view[uint32](d, n), s, stride)
	default:
		gatherAs(view[uint64](d, n), s, stride)
	}
}

func gatherAs[T any](d []T, s unsafe.Pointer, stride int) {
	for i := range d {
		d[i] = *(*T)(unsafe.Add(s, i*stride))
	}
}
