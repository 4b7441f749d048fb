package simd

import x86 "github.com/lanes-go/lanes/internal/amd64"

var avx512 = &isa{
	level: x86.AVX512, vector: 64, vecRegs: 32,
	simple: common.with(opTable{
		OpMul:  {I64: x86.VPMULLQ, U64: x86.VPMULLQ},
		OpMin:  {I64: x86.VPMINSQ, U64: x86.VPMINUQ},
		OpMax:  {I64: x86.VPMAXSQ, U64: x86.VPMAXUQ},
		OpShr:  {I64: x86.VPSRAQ},
		OpShrV: {I64: x86.VPSRAVQ},
	}),
	special: &[numOps]func(*selector, *Ins, x86.Operand){
		OpConst: constMask512, OpStrided: selectStrided, OpIndex: selectIndex,
		OpIDiv: selectIDiv, OpNeg: selectNeg, OpAbs: selectAbs,
		OpFMA: selectFMA, OpFMS: selectFMA, OpFNMA: selectFMA,
		OpMin: minMax512, OpMax: minMax512, OpMinNum: minMaxNum512, OpMaxNum: minMaxNum512,
		OpFloor: round512, OpCeil: round512, OpTrunc: round512, OpRint: round512,
		OpAnd: logic512, OpOr: logic512, OpXor: logic512, OpAndNot: logic512, OpNot: logic512,
		OpLt: compare512, OpLe: compare512, OpEq: compare512, OpNe: compare512,
		OpSelect: select512, OpConvert: convert512, OpLookup: lookup512,
		OpStoreMasked: storeMasked512, OpAccumulate: selectAccumulate,
	},
}

// moveMasked are the moves whose opmask has one bit per element of a size.
var moveMasked = bySize{1: x86.VMOVDQU8, 2: x86.VMOVDQU16, 4: x86.VMOVDQU32, 8: x86.VMOVDQU64}

func constMask512(s *selector, in *Ins, d x86.Operand) {
	s.emit(x86.MOV, 0, x86.R(regTmp), x86.I(-int32(in.Imm)))
	s.emit(x86.KMOVQ, 0, d, x86.R(regTmp))
}

func round512(s *selector, in *Ins, d x86.Operand) {
	s.emit(pick(in.Type, x86.VRNDSCALEPS, x86.VRNDSCALEPD), s.len(in.Type), d, s.val(in.Args[0]),
		x86.I(roundMode[in.Op]))
}

// clampConstant finds a constant operand that is neither zero nor NaN: then x86's min and max, which return their
// second source on NaN and equal zeros, are right with the constant first.
func (s *selector) clampConstant(in *Ins) (c, x Value, ok bool) {
	for k := range 2 {
		a := in.Args[k]
		if int(a) >= len(s.p.ins) || s.p.ins[a].Op != OpConst {
			continue
		}
		magnitude := s.p.ins[a].Imm &^ signBit(in.Type)
		if magnitude != 0 && magnitude <= floatBits(in.Type, 0x7F800000, 0x7FF<<52) {
			return a, in.Args[1-k], true
		}
	}
	return none, none, false
}

// minMax512 uses VRANGE, which orders the zeros but ignores a NaN; a masked sum brings the NaN back.
func minMax512(s *selector, in *Ins, d x86.Operand) {
	n := s.len(in.Type)
	if c, x, ok := s.clampConstant(in); ok {
		op := pick(in.Type, x86.VMINPS, x86.VMINPD)
		if in.Op == OpMax {
			op = pick(in.Type, x86.VMAXPS, x86.VMAXPD)
		}
		s.emit(op, n, d, s.val(c), s.val(x))
		return
	}
	x, y, k := s.val(in.Args[0]), s.val(in.Args[1]), s.mask()
	mode := int32(4) // minimum, sign of the result
	if in.Op == OpMax {
		mode = 5
	}
	s.emit(pick(in.Type, x86.VCMPPSK, x86.VCMPPDK), n, k, x, y, x86.I(cmpUnordered))
	s.emit(pick(in.Type, x86.VRANGEPS, x86.VRANGEPD), n, d, x, y, x86.I(mode))
	s.masked(pick(in.Type, x86.VADDPS, x86.VADDPD), n, k, false, d, x, y)
}

// minMaxNum512: VRANGE would return a signalling NaN quieted; here every NaN is ignored.
func minMaxNum512(s *selector, in *Ins, d x86.Operand) {
	n, x, y := s.len(in.Type), s.val(in.Args[0]), s.val(in.Args[1])
	cmp := pick(in.Type, x86.VCMPPSK, x86.VCMPPDK)
	mode := int32(4)
	if in.Op == OpMaxNum {
		mode = 5
	}
	kx, ky := s.mask(), s.mask()
	s.emit(cmp, n, kx, x, x, x86.I(cmpUnordered))
	s.emit(cmp, n, ky, y, y, x86.I(cmpUnordered))
	s.emit(pick(in.Type, x86.VRANGEPS, x86.VRANGEPD), n, d, x, y, x86.I(mode))
	s.masked(moveMasked[in.Type.Size()], n, kx, false, d, y)
	s.masked(moveMasked[in.Type.Size()], n, ky, false, d, x)
}

// logic512 is logic of masks, and the integer forms that need operands exchanged.
func logic512(s *selector, in *Ins, d x86.Operand) {
	if in.Type != Mask {
		if in.Op == OpNot {
			selectNot(s, in, d)
		} else {
			selectAndNot(s, in, d)
		}
		return
	}
	x := s.val(in.Args[0])
	switch in.Op {
	case OpAnd:
		s.emit(x86.KANDQ, 0, d, x, s.val(in.Args[1]))
	case OpOr:
		s.emit(x86.KORQ, 0, d, x, s.val(in.Args[1]))
	case OpXor:
		s.emit(x86.KXORQ, 0, d, x, s.val(in.Args[1]))
	case OpAndNot:
		s.emit(x86.KANDNQ, 0, d, s.val(in.Args[1]), x)
	case OpNot:
		s.emit(x86.KNOTQ, 0, d, x)
	}
}

func compare512(s *selector, in *Ins, d x86.Operand) {
	t := s.p.ins[in.Args[0]].Type
	x, y := s.val(in.Args[0]), s.val(in.Args[1])
	var op x86.Op
	imm := intPredicate[in.Op]
	switch {
	case t.IsFloat():
		op, imm = pick(t, x86.VCMPPSK, x86.VCMPPDK), floatPredicate[in.Op]
	case t.IsSigned():
		op = bySize{1: x86.VPCMPBK, 2: x86.VPCMPWK, 4: x86.VPCMPDK, 8: x86.VPCMPQK}[t.Size()]
	default:
		op = bySize{1: x86.VPCMPUBK, 2: x86.VPCMPUWK, 4: x86.VPCMPUDK, 8: x86.VPCMPUQK}[t.Size()]
	}
	if s.hasHome(x) && !s.hasHome(y) {
		x, y = y, x
		imm = swapped(in.Op, t.IsFloat(), imm)
	}
	s.emit(op, s.len(t), d, x, y, x86.I(imm))
}

// swapped is the predicate for exchanged operands.
func swapped(op Op, float bool, imm int32) int32 {
	switch {
	case op == OpLt && float:
		return 0x1E // GT_OQ
	case op == OpLe && float:
		return cmpGE
	case op == OpLt:
		return 6 // not less or equal
	case op == OpLe:
		return 5 // not less
	}
	return imm
}

func select512(s *selector, in *Ins, d x86.Operand) {
	n, size := s.len(in.Type), in.Type.Size()
	k, x, y := s.val(in.Args[0]), s.val(in.Args[1]), s.val(in.Args[2])
	if c := &s.p.ins[in.Args[2]]; c.Op == OpConst && c.Imm == 0 {
		s.masked(moveMasked[size], n, k, true, d, x)
		return
	}
	op := bySize{1: x86.VPBLENDMB, 2: x86.VPBLENDMW, 4: x86.VPBLENDMD, 8: x86.VPBLENDMQ}[size]
	s.masked(op, n, k, false, d, y, x)
}

// blendInto puts x into d where mask m is set.
func (s *selector) blendInto(t Type, d x86.Operand, m Value, x x86.Operand, to, from Value) {
	if s.level != x86.AVX512 {
		s.blendInto2(t, d, m, x, to, from)
		return
	}
	k := s.val(m)
	if t != Mask {
		s.masked(moveMasked[t.Size()], s.len(t), k, false, d, x)
		return
	}
	a, b := s.mask(), s.mask()
	s.emit(x86.KANDQ, 0, a, k, x)
	s.emit(x86.KANDNQ, 0, b, k, d)
	s.emit(x86.KORQ, 0, d, a, b)
}

func convert512(s *selector, in *Ins, d x86.Operand) {
	from, to := s.p.ins[in.Args[0]].Type, in.Type
	x := s.val(in.Args[0])
	switch {
	case s.convertBoth(from, to, d, x):
	case from == I64 && to == F64:
		s.emit(x86.VCVTQQ2PD, s.len(to), d, x)
	case from == I64:
		s.emit(x86.VCVTQQ2PS, s.len(from), d, x)
	default:
		s.floatToInt512(from, to, d, x)
	}
}

// floatToInt512: out of range gives the smallest integer, so lanes at or above the limit have all bits flipped; lanes
// with a NaN are zeroed.
func (s *selector) floatToInt512(from, to Type, d, x x86.Operand) {
	n, cmp := s.len(from), pick(from, x86.VCMPPSK, x86.VCMPPDK)
	var op x86.Op
	var limit uint64
	switch {
	case from == F32:
		op, limit = x86.VCVTTPS2DQ, 0x4F000000 // 2^31
	case to == I32:
		op, limit = x86.VCVTTPD2DQ, 0x41E0<<48
	default:
		op, limit = x86.VCVTTPD2QQ, 0x43E0<<48 // 2^63
	}
	ordered, big := s.mask(), s.mask()
	s.emit(cmp, n, ordered, x, x, x86.I(cmpOrdered))
	s.emit(cmp, n, big, x, s.constant(from, limit), x86.I(cmpGE))
	s.masked(op, n, ordered, true, d, x)
	s.masked(pick(to, x86.VPXORD, x86.VPXORQ), s.len(to), big, false, d, d, s.constant(to, to.mask()))
}

// resizeInt widens by the signedness of from, or truncates.
func (s *selector) resizeInt(from, to Type, d, x x86.Operand) {
	sizes := [2]int{from.Size(), to.Size()}
	switch {
	case from.Size() < to.Size() && from.IsSigned():
		s.emit(extendS[sizes], s.len(to), d, x)
	case from.Size() < to.Size():
		s.emit(extendU[sizes], s.len(to), d, x)
	case s.level == x86.AVX512:
		s.emit(truncate[sizes], s.len(from), d, x)
	default:
		s.truncate2(from.Size(), to.Size(), d, x)
	}
}

var truncate = map[[2]int]x86.Op{{2, 1}: x86.VPMOVWB, {4, 1}: x86.VPMOVDB, {4, 2}: x86.VPMOVDW, {8, 1}: x86.VPMOVQB,
	{8, 2}: x86.VPMOVQW, {8, 4}: x86.VPMOVQD}

// lookup512 gathers from the table in the constant pool.
func lookup512(s *selector, in *Ins, d x86.Operand) {
	n, i, k := s.len(U64), s.vec(s.len(U64)), s.mask()
	table := s.p.tables[in.Imm]
	s.emit(x86.VPANDQ, n, i, s.val(in.Args[0]), s.constant(U64, uint64(len(table)-1)))
	s.emit(x86.LEA, 0, x86.R(regTmp), x86.P(s.tables[in.Imm], false))
	s.emit(x86.MOV, 0, x86.R(regTmp2), x86.I(-1))
	s.emit(x86.KMOVQ, 0, k, x86.R(regTmp2))
	s.emit(x86.VMOVAPS, n, d, i)
	s.masked(x86.VPGATHERQQK, n, k, false, d, x86.MX(regTmp, i.Reg, 8, 0))
}

func storeMasked512(s *selector, in *Ins, _ x86.Operand) {
	k := s.mask()
	live := x86.K(tailMask)
	if !s.tail {
		live = s.mask()
		s.emit(x86.MOV, 0, x86.R(regTmp2), x86.I(s.laneBits()))
		s.emit(x86.KMOVQ, 0, live, x86.R(regTmp2))
	}
	s.emit(x86.KANDQ, 0, k, s.val(in.Args[0]), live)
	s.masked(moveMasked[in.Type.Size()], s.len(in.Type), k, false, s.sinkAddress(in), s.val(in.Args[1]))
}

// laneBits has a bit for each lane; from 32 lanes on all bits, for then no register has more lanes than the program.
func (s *selector) laneBits() int32 {
	if s.lanes >= 31 {
		return -1
	}
	return 1<<s.lanes - 1
}

func (s *selector) branchIfAny(m Value, to x86.Operand) {
	if s.level != x86.AVX512 {
		s.branchIfAny2(m, to)
		return
	}
	op := map[int]x86.Op{8: x86.KORTESTB, 16: x86.KORTESTW, 32: x86.KORTESTD, 64: x86.KORTESTQ}[s.lanes]
	s.emit(op, 0, s.val(m), s.val(m))
	s.emit(x86.JNE, 0, to)
}

func (s *selector) loadTail(t Type, d, mem x86.Operand) {
	if s.level == x86.AVX512 {
		s.masked(moveMasked[t.Size()], s.len(t), x86.K(tailMask), true, d, mem)
		return
	}
	s.emit(pick(t, x86.VMASKMOVPS, x86.VMASKMOVPD), s.len(t), d, s.tail2(t.Size()), mem)
}

func (s *selector) storeTail(t Type, mem, x x86.Operand) {
	if s.level == x86.AVX512 {
		s.masked(moveMasked[t.Size()], s.len(t), x86.K(tailMask), false, mem, x)
		return
	}
	s.emit(pick(t, x86.VMASKMOVPS, x86.VMASKMOVPD), s.len(t), mem, s.tail2(t.Size()), x)
}

// tailMasks sets up the lanes of the last vector from RAX, the number of elements left.
func (s *selector) tailMasks() {
	if s.level != x86.AVX512 {
		s.tailMasks2()
		return
	}
	s.emit(x86.MOV, 0, x86.R(regTmp), x86.I(s.laneBits()))
	s.emit(x86.BZHI, 0, x86.R(regTmp), x86.R(regTmp), x86.R(regLeft))
	s.emit(x86.KMOVQ, 0, x86.K(tailMask), x86.R(regTmp))
}

// selectIDiv divides lane by lane in general registers. Divisors 0 and -1, at which the instruction traps, are replaced
// by 1 first and put right afterwards.
func selectIDiv(s *selector, in *Ins, d x86.Operand) {
	n := s.len(I64)
	x, y := s.val(in.Args[0]), s.val(in.Args[1])
	zero, ones, one := s.constant(I64, 0), s.constant(I64, ^uint64(0)), s.constant(I64, 1)
	num, den, left := s.scratch(), s.scratch(), s.scratch()
	safe, q, minus := s.vec(n), s.vec(n), s.vec(n)
	s.emit(x86.VMOVUPS, n, num, x)
	s.emit(x86.VPSUBQ, n, minus, zero, x)
	isZero, isMinus := s.equal64(y, zero), s.equal64(y, ones)
	t := s.vec(n)
	s.choose64(t, isZero, one, y)
	s.choose64(safe, isMinus, one, t)
	s.emit(x86.VMOVUPS, n, den, safe)
	s.emit(x86.MOV, 0, left, x86.R(regLeft))
	for i := range s.lanes {
		at := func(m x86.Operand) x86.Operand { m.Disp += int32(8 * i); return m }
		s.emit(x86.MOV, 0, x86.R(x86.RAX), at(num))
		s.emit(x86.MOV, 0, x86.R(regTmp2), at(den))
		s.emit(x86.CQO, 0)
		s.emit(x86.IDIV, 0, x86.R(regTmp2))
		s.emit(x86.MOV, 0, at(num), x86.R(x86.RAX))
	}
	s.emit(x86.MOV, 0, x86.R(regLeft), left)
	s.emit(x86.VMOVUPS, n, q, num)
	t2 := s.vec(n)
	s.choose64(t2, isMinus, minus, q)
	s.choose64(d, isZero, zero, t2)
}

// equal64 and choose64 are eq and select on 64-bit integers, whatever the level's masks are.
func (s *selector) equal64(x, y x86.Operand) x86.Operand {
	n := s.len(I64)
	if s.level == x86.AVX512 {
		k := s.mask()
		s.emit(x86.VPCMPQK, n, k, x, y, x86.I(0))
		return k
	}
	m := s.vec(n)
	s.emit(x86.VPCMPEQQ, n, m, x, y)
	return m
}

func (s *selector) choose64(d, m, x, y x86.Operand) {
	n := s.len(I64)
	if s.level == x86.AVX512 {
		s.masked(x86.VPBLENDMQ, n, m, false, d, y, x)
		return
	}
	s.emit(x86.VBLENDVPD, n, d, y, x, m)
}
