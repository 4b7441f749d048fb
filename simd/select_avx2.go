package simd

import x86 "github.com/lanes-go/lanes/internal/amd64"

// AVX2 has no opmasks: a mask is a vector of all-ones lanes, as wide as the lanes that were compared. It is made wider or
// narrower where values of another width are chosen by it.
var avx2 = &isa{
	level: x86.AVX2, vector: 32, vecRegs: 16,
	simple: &common,
	special: &[numOps]func(*selector, *Ins, x86.Operand){
		OpConst: constMask2, OpStrided: selectStrided, OpIndex: selectIndex,
		OpMul: mul64, OpIDiv: selectIDiv, OpNeg: selectNeg, OpAbs: selectAbs,
		OpFMA: selectFMA, OpFMS: selectFMA, OpFNMA: selectFMA,
		OpMin: minMax2, OpMax: minMax2, OpMinNum: minMaxNum2, OpMaxNum: minMaxNum2,
		OpFloor: round2, OpCeil: round2, OpTrunc: round2, OpRint: round2,
		OpAnd: logic2, OpOr: logic2, OpXor: logic2, OpAndNot: logic2, OpNot: logic2,
		OpShr: shiftRight64, OpShrV: shiftRight64,
		OpLt: compare2, OpLe: compare2, OpEq: compare2, OpNe: compare2,
		OpSelect: select2, OpConvert: convert2, OpLookup: lookup2,
		OpStoreMasked: storeMasked2, OpAccumulate: selectAccumulate,
	},
}

func constMask2(s *selector, in *Ins, d x86.Operand) {
	s.move(d, s.constant(uintOf(s.p.widest()), -in.Imm&uintOf(s.p.widest()).mask()))
}

// uintOf is the unsigned type of a size.
func uintOf(size int) Type { return map[int]Type{1: U8, 2: U16, 4: U32, 8: U64}[size] }

// maskAs returns mask v with lanes of a width.
func (s *selector) maskAs(v Value, width int) x86.Operand {
	m, have := s.val(v), s.width[v]
	if have == width {
		return m
	}
	key := maskKey{v, s.copy, width}
	if o, ok := s.masks[key]; ok {
		return o
	}
	d := s.vec(s.lenOf(width))
	s.resizeMask(have, width, d, m)
	s.masks[key] = d
	return d
}

// resizeMask widens by sign extension; it narrows by saturating packs, which keep all-ones and zero.
func (s *selector) resizeMask(from, to int, d, m x86.Operand) {
	if from < to {
		s.emit(extendS[[2]int{from, to}], s.lenOf(to), d, m)
		return
	}
	s.truncate2(from, to, d, m)
}

// truncate2 keeps the low parts of integers: one halving at a time.
func (s *selector) truncate2(from, to int, d, x x86.Operand) {
	for ; from > to; from /= 2 {
		half := d
		if from/2 > to {
			half = s.vec(s.lenOf(from / 2))
		}
		s.halve(from, half, x)
		x = half
	}
}

// halve takes the low half of every lane. Lanes cross the 128-bit border of a full register.
func (s *selector) halve(from int, d, x x86.Operand) {
	full := s.lanes*from == 32
	lo, hi := x, x
	if full {
		hi = s.vec(16)
		s.emit(x86.VEXTRACTI128, 32, hi, x, x86.I(1))
	}
	switch from {
	case 8:
		s.emit(x86.VSHUFPS, 16, d, lo, hi, x86.I(0x88))
	case 4:
		a, b, m := s.vec(16), s.vec(16), s.constant128(0x0D0C090805040100, 0x8080808080808080)
		s.emit(x86.VPSHUFB, 16, a, lo, m)
		s.emit(x86.VPSHUFB, 16, b, hi, m)
		s.emit(x86.VPUNPCKLQDQ, 16, d, a, b)
	case 2:
		a, b, m := s.vec(16), s.vec(16), s.constant128(0x0E0C0A0806040200, 0x8080808080808080)
		s.emit(x86.VPSHUFB, 16, a, lo, m)
		s.emit(x86.VPSHUFB, 16, b, hi, m)
		s.emit(x86.VPUNPCKLQDQ, 16, d, a, b)
	}
}

// constant128 is a constant of 16 bytes.
func (s *selector) constant128(lo, hi uint64) x86.Operand {
	key := poolKey{lo, -2}
	if r, ok := s.consts[key]; ok {
		return x86.V(r)
	}
	s.align(16)
	h := &home{mem: x86.P(int32(len(s.pool)), false), load: x86.VMOVUPS, bytes: 16}
	s.pool = appendBits(appendBits(s.pool, 8, lo), 8, hi)
	r := s.newReg(virtual{fixed: true, len: 16, home: h})
	s.consts[key] = r
	return x86.V(r)
}

func round2(s *selector, in *Ins, d x86.Operand) {
	s.emit(pick(in.Type, x86.VROUNDPS, x86.VROUNDPD), s.len(in.Type), d, s.val(in.Args[0]), x86.I(roundMode[in.Op]))
}

// minMax2: x86's min and max return the second source on NaN and on equal zeros, so both orders are needed.
func minMax2(s *selector, in *Ins, d x86.Operand) {
	n, t := s.len(in.Type), in.Type
	if t.IsInt() {
		s.minMax64(in, d)
		return
	}
	op := pick(t, x86.VMINPS, x86.VMINPD)
	if in.Op == OpMax {
		op = pick(t, x86.VMAXPS, x86.VMAXPD)
	}
	if c, x, ok := s.clampConstant(in); ok {
		s.emit(op, n, d, s.val(c), s.val(x))
		return
	}
	x, y := s.val(in.Args[0]), s.val(in.Args[1])
	if in.Op == OpMin {
		a, b := s.vec(n), s.vec(n)
		s.emit(op, n, a, x, y)
		s.emit(op, n, b, y, x)
		s.emit(x86.VPORQ, n, d, a, b)
		return
	}
	m, sum := s.maxOrdered(t, x, y), s.vec(n)
	nan := s.vec(n)
	s.emit(pick(t, x86.VCMPPS, x86.VCMPPD), n, nan, x, y, x86.I(cmpUnordered))
	s.emit(pick(t, x86.VADDPS, x86.VADDPD), n, sum, x, y)
	s.emit(pick(t, x86.VBLENDVPS, x86.VBLENDVPD), n, d, m, sum, nan)
}

// maxOrdered is the maximum of numbers, with +0 above -0.
func (s *selector) maxOrdered(t Type, x, y x86.Operand) x86.Operand {
	n := s.len(t)
	m, eq, both, d := s.vec(n), s.vec(n), s.vec(n), s.vec(n)
	s.emit(pick(t, x86.VMAXPS, x86.VMAXPD), n, m, x, y)
	s.emit(pick(t, x86.VCMPPS, x86.VCMPPD), n, eq, x, y, x86.I(0))
	s.emit(x86.VPANDQ, n, both, x, y)
	s.emit(pick(t, x86.VBLENDVPS, x86.VBLENDVPD), n, d, m, both, eq)
	return d
}

func minMaxNum2(s *selector, in *Ins, d x86.Operand) {
	t, n, x, y := in.Type, s.len(in.Type), s.val(in.Args[0]), s.val(in.Args[1])
	var m x86.Operand
	if in.Op == OpMaxNum {
		m = s.maxOrdered(t, x, y)
	} else {
		a, b := s.vec(n), s.vec(n)
		m = s.vec(n)
		s.emit(pick(t, x86.VMINPS, x86.VMINPD), n, a, x, y)
		s.emit(pick(t, x86.VMINPS, x86.VMINPD), n, b, y, x)
		s.emit(x86.VPORQ, n, m, a, b)
	}
	cmp, blend := pick(t, x86.VCMPPS, x86.VCMPPD), pick(t, x86.VBLENDVPS, x86.VBLENDVPD)
	kx, ky, u := s.vec(n), s.vec(n), s.vec(n)
	s.emit(cmp, n, kx, x, x, x86.I(cmpUnordered))
	s.emit(cmp, n, ky, y, y, x86.I(cmpUnordered))
	s.emit(blend, n, u, m, y, kx)
	s.emit(blend, n, d, u, x, ky)
}

// minMax64 compares, with the sign bits flipped if unsigned, and blends.
func (s *selector) minMax64(in *Ins, d x86.Operand) {
	n, x, y := s.len(in.Type), s.val(in.Args[0]), s.val(in.Args[1])
	gt := s.greater(in.Type, x, y)
	if in.Op == OpMax {
		x, y = y, x
	}
	s.emit(x86.VBLENDVPD, n, d, x, y, gt) // y where x > y
}

// greater compares integers: x > y.
func (s *selector) greater(t Type, x, y x86.Operand) x86.Operand {
	n, d := s.len(t), s.vec(s.len(t))
	if !t.IsSigned() {
		flip, a, b := s.constant(t, signBit(t)), s.vec(n), s.vec(n)
		s.emit(x86.VPXORQ, n, a, x, flip)
		s.emit(x86.VPXORQ, n, b, y, flip)
		x, y = a, b
	}
	op := bySize{1: x86.VPCMPGTB, 2: x86.VPCMPGTW, 4: x86.VPCMPGTD, 8: x86.VPCMPGTQ}[t.Size()]
	s.emit(op, n, d, x, y)
	return d
}

func logic2(s *selector, in *Ins, d x86.Operand) {
	if in.Type != Mask {
		if in.Op == OpNot {
			selectNot(s, in, d)
		} else {
			selectAndNot(s, in, d)
		}
		return
	}
	w := s.width[in.Args[0]]
	n, x := s.lenOf(w), s.val(in.Args[0])
	switch in.Op {
	case OpAnd:
		s.emit(x86.VPANDQ, n, d, x, s.maskAs(in.Args[1], w))
	case OpOr:
		s.emit(x86.VPORQ, n, d, x, s.maskAs(in.Args[1], w))
	case OpXor:
		s.emit(x86.VPXORQ, n, d, x, s.maskAs(in.Args[1], w))
	case OpAndNot:
		s.emit(x86.VPANDNQ, n, d, s.maskAs(in.Args[1], w), x)
	case OpNot:
		s.emit(x86.VPXORQ, n, d, x, s.constant(uintOf(w), uintOf(w).mask()))
	}
}

func compare2(s *selector, in *Ins, d x86.Operand) {
	t := s.p.ins[in.Args[0]].Type
	n, x, y := s.len(t), s.val(in.Args[0]), s.val(in.Args[1])
	if t.IsFloat() {
		imm := floatPredicate[in.Op]
		if s.hasHome(x) && !s.hasHome(y) {
			x, y, imm = y, x, swapped(in.Op, true, imm)
		}
		s.emit(pick(t, x86.VCMPPS, x86.VCMPPD), n, d, x, y, x86.I(imm))
		return
	}
	var m x86.Operand
	invert := in.Op == OpLe || in.Op == OpNe
	switch in.Op {
	case OpLt:
		m = s.greater(t, y, x)
	case OpLe:
		m = s.greater(t, x, y)
	default:
		m = s.vec(n)
		s.emit(bySize{1: x86.VPCMPEQB, 2: x86.VPCMPEQW, 4: x86.VPCMPEQD, 8: x86.VPCMPEQQ}[t.Size()], n, m, x, y)
	}
	if invert {
		s.emit(x86.VPXORQ, n, d, m, s.constant(t, t.mask()))
	} else {
		s.move(d, m)
	}
}

func blendOp(size int) x86.Op {
	return bySize{1: x86.VPBLENDVB, 2: x86.VPBLENDVB, 4: x86.VBLENDVPS, 8: x86.VBLENDVPD}[size]
}

func select2(s *selector, in *Ins, d x86.Operand) {
	n, size := s.len(in.Type), in.Type.Size()
	m := s.maskAs(in.Args[0], size)
	x, y := s.val(in.Args[1]), s.val(in.Args[2])
	if c := &s.p.ins[in.Args[2]]; c.Op == OpConst && c.Imm == 0 {
		s.emit(x86.VPANDQ, n, d, m, x)
		return
	}
	s.emit(blendOp(size), n, d, y, x, m)
}

func (s *selector) blendInto2(t Type, d x86.Operand, m Value, x x86.Operand, to, from Value) {
	size := t.Size()
	if t == Mask {
		size = s.width[to]
		if s.width[from] != size {
			y := s.vec(s.lenOf(size))
			s.resizeMask(s.width[from], size, y, x)
			x = y
		}
	}
	s.emit(blendOp(size), s.lenOf(size), d, d, x, s.maskAs(m, size))
}

func (s *selector) branchIfAny2(m Value, to x86.Operand) {
	w := s.width[m]
	n, r := s.lenOf(w), x86.R(regTmp)
	switch w {
	case 8:
		s.emit(x86.VMOVMSKPD, n, r, s.val(m))
	case 4:
		s.emit(x86.VMOVMSKPS, n, r, s.val(m))
	default:
		s.emit(x86.VPMOVMSKB, n, r, s.val(m))
	}
	if bits := s.lanes * w; w < 4 && bits < 16 {
		s.emit(x86.AND, 0, r, x86.I(1<<bits-1))
	}
	s.emit(x86.TEST, 0, r, r)
	s.emit(x86.JNE, 0, to)
}

// mul64 makes a 64-bit product of 32-bit ones.
func mul64(s *selector, in *Ins, d x86.Operand) {
	n, x, y := s.len(in.Type), s.val(in.Args[0]), s.val(in.Args[1])
	r := func() x86.Operand { return s.vec(n) }
	xh, yh, a, b, low, mid, top := r(), r(), r(), r(), r(), r(), r()
	s.emit(x86.VPSRLQ, n, xh, x, x86.I(32))
	s.emit(x86.VPSRLQ, n, yh, y, x86.I(32))
	s.emit(x86.VPMULUDQ, n, a, xh, y)
	s.emit(x86.VPMULUDQ, n, b, yh, x)
	s.emit(x86.VPMULUDQ, n, low, x, y)
	s.emit(x86.VPADDQ, n, mid, a, b)
	s.emit(x86.VPSLLQ, n, top, mid, x86.I(32))
	s.emit(x86.VPADDQ, n, d, low, top)
}

// shiftRight64 is the arithmetic shift of 64-bit lanes: flip to non-negative, shift, flip back.
func shiftRight64(s *selector, in *Ins, d x86.Operand) {
	n, x := s.len(I64), s.val(in.Args[0])
	m, a, b := s.vec(n), s.vec(n), s.vec(n)
	s.emit(x86.VPCMPGTQ, n, m, s.constant(I64, 0), x)
	s.emit(x86.VPXORQ, n, a, x, m)
	if in.Op == OpShr {
		s.emit(x86.VPSRLQ, n, b, a, x86.I(int32(in.Imm)))
	} else {
		s.emit(x86.VPSRLVQ, n, b, a, s.val(in.Args[1]))
	}
	s.emit(x86.VPXORQ, n, d, b, m)
}

func convert2(s *selector, in *Ins, d x86.Operand) {
	from, to := s.p.ins[in.Args[0]].Type, in.Type
	x := s.val(in.Args[0])
	switch {
	case s.convertBoth(from, to, d, x):
	case from == I64 && to == F64:
		s.int64ToFloat(d, x)
	case from == I64:
		s.perLane(x86.VCVTSI2SS, d, x)
	default:
		s.floatToInt2(from, to, d, x)
	}
}

// int64ToFloat joins the halves against 2^52 and 2^84+2^63: one rounding, in the last addition.
func (s *selector) int64ToFloat(d, x x86.Operand) {
	n := s.len(I64)
	hi, flipped, lo, low, t := s.vec(n), s.vec(n), s.vec(n), s.vec(n), s.vec(n)
	s.emit(x86.VPSRLQ, n, hi, x, x86.I(32))
	s.emit(x86.VPXORQ, n, flipped, hi, s.constant(U64, 0x4530000080000000)) // 2^84 + 2^63 + hi*2^32
	s.emit(x86.VPANDQ, n, lo, x, s.constant(U64, 0xFFFFFFFF))
	s.emit(x86.VPORQ, n, low, lo, s.constant(U64, 0x4330000000000000))     // 2^52 + lo
	s.emit(x86.VSUBPD, n, t, flipped, s.constant(U64, 0x4530000080100000)) // 2^84 + 2^63 + 2^52
	s.emit(x86.VADDPD, n, d, t, low)
}

// perLane converts between 64-bit lanes in memory and d lane by lane with a scalar instruction.
func (s *selector) perLane(op x86.Op, d, x x86.Operand) {
	slot := s.scratch()
	s.emit(x86.VMOVUPS, s.len(I64), slot, x)
	for i := range s.lanes {
		at := slot
		at.Disp += int32(8 * i)
		if op == x86.VCVTTSD2SI {
			t := s.vec(16)
			s.emit(x86.VMOVSD, 16, t, at)
			s.emit(op, 16, x86.R(regTmp), t)
			s.emit(x86.MOV, 0, at, x86.R(regTmp))
			continue
		}
		t := s.vec(16)
		s.emit(op, 16, t, s.constant128(0, 0), at)
		at.Disp = slot.Disp + int32(4*i)
		s.emit(x86.VMOVSS, 16, at, t)
	}
	s.emit(x86.VMOVUPS, s.regs[d.Reg-x86.Virtual].len, d, slot)
}

// floatToInt2: a NaN is made 0 first; out of range gives the smallest integer, so lanes at or above the limit have all
// bits flipped.
func (s *selector) floatToInt2(from, to Type, d, x x86.Operand) {
	n, cmp := s.len(from), pick(from, x86.VCMPPS, x86.VCMPPD)
	ordered, y, q := s.vec(n), s.vec(n), s.vec(s.len(to))
	s.emit(cmp, n, ordered, x, x, x86.I(cmpOrdered))
	s.emit(x86.VPANDQ, n, y, x, ordered)
	if from == F64 && to == I32 { // 2^31-1 is a float64: a minimum will do
		z := s.vec(n)
		s.emit(x86.VMINPD, n, z, y, s.constant(F64, 0x41DFFFFFFFC00000))
		s.emit(x86.VCVTTPD2DQ, n, d, z)
		return
	}
	big := s.vec(n)
	s.emit(cmp, n, big, y, s.constant(from, floatBits(from, 0x4F000000, 0x43E0<<48)), x86.I(cmpGE))
	if from == F32 {
		s.emit(x86.VCVTTPS2DQ, n, q, y)
	} else {
		s.perLane(x86.VCVTTSD2SI, q, y)
	}
	s.emit(x86.VPXORQ, n, d, q, big)
}

func lookup2(s *selector, in *Ins, d x86.Operand) {
	n := s.len(U64)
	i, m := s.vec(n), s.vec(n)
	table := s.p.tables[in.Imm]
	s.emit(x86.VPANDQ, n, i, s.val(in.Args[0]), s.constant(U64, uint64(len(table)-1)))
	s.emit(x86.LEA, 0, x86.R(regTmp), x86.P(s.tables[in.Imm], false))
	s.emit(x86.VPCMPEQQ, n, m, i, i)
	s.move(d, m)
	s.emit(x86.VPGATHERQQ, n, d, x86.MX(regTmp, i.Reg, 8, 0), m)
}

// storeMasked2 writes 32- and 64-bit lanes under a mask; narrower vectors, which are always whole, are read and blended.
func storeMasked2(s *selector, in *Ins, _ x86.Operand) {
	t, n, size := in.Type, s.len(in.Type), in.Type.Size()
	m, mem := s.maskAs(in.Args[0], size), s.sinkAddress(in)
	if size < 4 {
		old, d := s.vec(n), s.vec(n)
		s.loadVector(t, old, mem)
		s.emit(x86.VPBLENDVB, n, d, old, s.val(in.Args[1]), m)
		s.storeVector(t, mem, d)
		return
	}
	if s.tail {
		k := s.vec(n)
		s.emit(x86.VPANDQ, n, k, m, s.tail2(size))
		m = k
	}
	s.emit(pick(t, x86.VMASKMOVPS, x86.VMASKMOVPD), n, mem, m, s.val(in.Args[1]))
}

// tailMasks2 loads the mask of the lanes left from a table of ones and zeros, at the place where as many ones are left.
func (s *selector) tailMasks2() {
	size, ones := s.p.widest(), s.units*s.lanes
	s.align(32)
	off := int32(len(s.pool))
	for i := range ones + s.lanes {
		bits := uint64(0)
		if i < ones {
			bits = ^bits
		}
		s.pool = appendBits(s.pool, size, bits)
	}
	s.emit(x86.LEA, 0, x86.R(regTmp), x86.P(off+int32(size*ones), false))
	s.emit(x86.MOV, 0, x86.R(regTmp2), x86.R(regLeft))
	s.emit(x86.NEG, 0, x86.R(regTmp2))
	m := s.vec(s.lenOf(size))
	s.emit(x86.VMOVUPS, s.lenOf(size), m, x86.MX(regTmp, regTmp2, uint8(size), 0))
	s.left[size] = m
}

// tail2 is the mask of the lanes left for elements of a size.
func (s *selector) tail2(size int) x86.Operand {
	if m, ok := s.left[size]; ok {
		return m
	}
	m := s.vec(s.lenOf(size))
	s.truncate2(s.p.widest(), size, m, s.left[s.p.widest()])
	if !s.cold {
		s.left[size] = m
	}
	return m
}
