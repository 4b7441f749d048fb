package simd

import x86 "github.com/lanes-go/lanes/internal/amd64"

type opTable [numOps][numTypes]x86.Op

// common lists the primitives that are one instruction on AVX2 and on AVX-512, by operand type.
var common = opTable{
	OpAdd: {I8: x86.VPADDB, U8: x86.VPADDB, I16: x86.VPADDW, U16: x86.VPADDW, I32: x86.VPADDD, U32: x86.VPADDD,
		I64: x86.VPADDQ, U64: x86.VPADDQ, F32: x86.VADDPS, F64: x86.VADDPD},
	OpSub: {I8: x86.VPSUBB, U8: x86.VPSUBB, I16: x86.VPSUBW, U16: x86.VPSUBW, I32: x86.VPSUBD, U32: x86.VPSUBD,
		I64: x86.VPSUBQ, U64: x86.VPSUBQ, F32: x86.VSUBPS, F64: x86.VSUBPD},
	OpMul: {I16: x86.VPMULLW, U16: x86.VPMULLW, I32: x86.VPMULLD, U32: x86.VPMULLD, F32: x86.VMULPS,
		F64: x86.VMULPD},
	OpDiv:  {F32: x86.VDIVPS, F64: x86.VDIVPD},
	OpAbs:  {I8: x86.VPABSB, I16: x86.VPABSW, I32: x86.VPABSD},
	OpSqrt: {F32: x86.VSQRTPS, F64: x86.VSQRTPD},
	OpMin: {I8: x86.VPMINSB, U8: x86.VPMINUB, I16: x86.VPMINSW, U16: x86.VPMINUW, I32: x86.VPMINSD,
		U32: x86.VPMINUD},
	OpMax: {I8: x86.VPMAXSB, U8: x86.VPMAXUB, I16: x86.VPMAXSW, U16: x86.VPMAXUW, I32: x86.VPMAXSD,
		U32: x86.VPMAXUD},
	OpMulWide: {U64: x86.VPMULUDQ},
	OpShl: {I16: x86.VPSLLW, U16: x86.VPSLLW, I32: x86.VPSLLD, U32: x86.VPSLLD, I64: x86.VPSLLQ,
		U64: x86.VPSLLQ},
	OpShr:  {I16: x86.VPSRAW, U16: x86.VPSRLW, I32: x86.VPSRAD, U32: x86.VPSRLD, U64: x86.VPSRLQ},
	OpShlV: {I32: x86.VPSLLVD, U32: x86.VPSLLVD, I64: x86.VPSLLVQ, U64: x86.VPSLLVQ},
	OpShrV: {I32: x86.VPSRAVD, U32: x86.VPSRLVD, U64: x86.VPSRLVQ},
	OpAnd:  bitwise(x86.VPANDQ),
	OpOr:   bitwise(x86.VPORQ),
	OpXor:  bitwise(x86.VPXORQ),
}

func bitwise(op x86.Op) (t [numTypes]x86.Op) {
	for k := I8; k <= U64; k++ {
		t[k] = op
	}
	return t
}

// with returns t with the entries of more added.
func (t opTable) with(more opTable) *opTable {
	for op := range more {
		for k, x := range more[op] {
			if x != 0 {
				t[op][k] = x
			}
		}
	}
	return &t
}

// fmaOps are the three-operand forms: dst = x*y + z is written with the 231 form and four operands; the register
// allocator picks the form.
var fmaOps = [numOps][numTypes]x86.Op{
	OpFMA:  {F32: x86.VFMADD231PS, F64: x86.VFMADD231PD},
	OpFMS:  {F32: x86.VFMSUB231PS, F64: x86.VFMSUB231PD},
	OpFNMA: {F32: x86.VFNMADD231PS, F64: x86.VFNMADD231PD},
}

// Immediates of the rounding instructions: the mode, and no precision exception.
var roundMode = [numOps]int32{OpRint: 8, OpFloor: 9, OpCeil: 10, OpTrunc: 11}

// Immediates of the comparisons: floating-point (ordered, quiet; unordered for ne) and integer.
var (
	floatPredicate = [numOps]int32{OpLt: 0x11, OpLe: 0x12, OpEq: 0x00, OpNe: 0x04}
	intPredicate   = [numOps]int32{OpLt: 1, OpLe: 2, OpEq: 0, OpNe: 4}
)

const (
	cmpOrdered   = 7
	cmpUnordered = 3
	cmpGE        = 0x1D // ordered, quiet
)

// bySize picks an instruction by the size of an element.
type bySize [9]x86.Op

var (
	extendS = map[[2]int]x86.Op{{1, 2}: x86.VPMOVSXBW, {1, 4}: x86.VPMOVSXBD, {1, 8}: x86.VPMOVSXBQ,
		{2, 4}: x86.VPMOVSXWD, {2, 8}: x86.VPMOVSXWQ, {4, 8}: x86.VPMOVSXDQ}
	extendU = map[[2]int]x86.Op{{1, 2}: x86.VPMOVZXBW, {1, 4}: x86.VPMOVZXBD, {1, 8}: x86.VPMOVZXBQ,
		{2, 4}: x86.VPMOVZXWD, {2, 8}: x86.VPMOVZXWQ, {4, 8}: x86.VPMOVZXDQ}
)

// pick returns the 32-bit or the 64-bit form.
func pick(t Type, ps, pd x86.Op) x86.Op {
	if t.Size() == 4 {
		return ps
	}
	return pd
}

// floatBits returns the bits of a float constant of type t.
func floatBits(t Type, f32, f64 uint64) uint64 {
	if t == F32 {
		return f32
	}
	return f64
}

func signBit(t Type) uint64 { return 1 << (t.bits() - 1) }

// Selections that both instruction sets share.

func selectFMA(s *selector, in *Ins, d x86.Operand) {
	s.emit(fmaOps[in.Op][in.Type], s.len(in.Type), d, s.val(in.Args[0]), s.val(in.Args[1]), s.val(in.Args[2]))
}

func selectNeg(s *selector, in *Ins, d x86.Operand) {
	x, n := s.val(in.Args[0]), s.len(in.Type)
	if in.Type.IsFloat() {
		s.emit(x86.VPXORQ, n, d, x, s.constant(in.Type, signBit(in.Type)))
		return
	}
	s.emit(common[OpSub][in.Type], n, d, s.constant(in.Type, 0), x)
}

func selectAbs(s *selector, in *Ins, d x86.Operand) {
	x, n := s.val(in.Args[0]), s.len(in.Type)
	switch {
	case in.Type.IsFloat():
		s.emit(x86.VPANDQ, n, d, x, s.constant(in.Type, signBit(in.Type)-1))
	case !in.Type.IsSigned():
		s.move(d, x)
	case s.level == x86.AVX512:
		s.emit(x86.VPABSQ, n, d, x)
	default: // I64: (x ^ m) - m with m the sign
		m, t := s.vec(n), s.vec(n)
		s.emit(x86.VPCMPGTQ, n, m, s.constant(I64, 0), x)
		s.emit(x86.VPXORQ, n, t, x, m)
		s.emit(x86.VPSUBQ, n, d, t, m)
	}
}

func selectAndNot(s *selector, in *Ins, d x86.Operand) {
	s.emit(x86.VPANDNQ, s.len(in.Type), d, s.val(in.Args[1]), s.val(in.Args[0]))
}

func selectNot(s *selector, in *Ins, d x86.Operand) {
	s.emit(x86.VPXORQ, s.len(in.Type), d, s.val(in.Args[0]), s.constant(in.Type, in.Type.mask()))
}

// convertBoth selects the conversions that are the same on both; it returns false for the others.
func (s *selector) convertBoth(from, to Type, d, x x86.Operand) bool {
	switch {
	case from.IsInt() && to.IsInt():
		s.resizeInt(from, to, d, x)
	case from == I32 && to == F64:
		s.emit(x86.VCVTDQ2PD, s.len(to), d, x)
	case from == I32:
		s.emit(x86.VCVTDQ2PS, s.len(to), d, x)
	case from == F32 && to == F64:
		s.emit(x86.VCVTPS2PD, s.len(to), d, x)
	case from == F64 && to == F32:
		s.emit(x86.VCVTPD2PS, s.len(from), d, x)
	default:
		return false
	}
	return true
}

// selectIndex: start + index in all lanes, plus the lane's number.
func selectIndex(s *selector, in *Ins, d x86.Operand) {
	t, n := s.vec(s.len(I64)), s.len(I64)
	s.emit(x86.MOV, 0, x86.R(regTmp), x86.M(regFrame, frameStart))
	s.emit(x86.ADD, 0, x86.R(regTmp), x86.R(regIndex))
	if s.level == x86.AVX512 {
		s.emit(x86.VPBROADCASTQR, n, t, x86.R(regTmp))
	} else {
		low := s.vec(16)
		s.emit(x86.VMOVQ, 16, low, x86.R(regTmp))
		s.emit(x86.VPBROADCASTQ, n, t, low)
	}
	s.emit(x86.VPADDQ, n, d, t, s.sequence())
}

// sequence is the vector of the current copy's lane numbers.
func (s *selector) sequence() x86.Operand {
	key := poolKey{uint64(s.copy), -1}
	if r, ok := s.consts[key]; ok {
		return x86.V(r)
	}
	s.align(32)
	n := s.len(I64)
	h := &home{mem: x86.P(int32(len(s.pool)), false), load: x86.VMOVUPS, bytes: int(n)}
	for i := range s.lanes {
		s.pool = appendBits(s.pool, 8, uint64(s.copy*s.lanes+i))
	}
	r := s.newReg(virtual{fixed: true, len: n, home: h})
	s.consts[key] = r
	return x86.V(r)
}

// selectStrided gathers the lanes one by one: RDX points to the element, R15 is the stride.
func selectStrided(s *selector, in *Ins, d x86.Operand) {
	slot := int32(in.Imm)
	s.emit(x86.MOV, 0, x86.R(regTmp2), x86.M(regFrame, frameStrides))
	s.emit(x86.MOV, 0, x86.R(regTmp2), x86.M(regTmp2, 8*slot))
	s.emit(x86.LEA, 0, x86.R(regTmp), x86.M(regIndex, int32(s.copy*s.lanes)))
	s.emit(x86.IMUL, 0, x86.R(regTmp), x86.R(regTmp2))
	s.emit(x86.ADD, 0, x86.R(regTmp), x86.M(regPtrs, 8*slot))
	s.gatherLanes(in.Type.Size(), 0, s.lanes, d)
}

// gatherLanes fills d with count elements, halving until 16 bytes are left.
func (s *selector) gatherLanes(size, from, count int, d x86.Operand) {
	if count*size > 16 {
		n := uint8(count * size)
		lo, hi := s.vec(n/2), s.vec(n/2)
		s.gatherLanes(size, from, count/2, lo)
		s.gatherLanes(size, from+count/2, count/2, hi)
		join := x86.VINSERTI128
		switch {
		case n == 64:
			join = x86.VINSERTI64X4
		case s.level == x86.AVX512:
			join = x86.VINSERTI32X4
		}
		s.emit(join, n, d, lo, hi, x86.I(1))
		return
	}
	insert := bySize{1: x86.VPINSRB, 2: x86.VPINSRW, 4: x86.VPINSRD, 8: x86.VPINSRQ}[size]
	at := func(k int) x86.Operand {
		if k%2 == 0 {
			return x86.M(regTmp, 0)
		}
		return x86.MX(regTmp, regTmp2, 1, 0)
	}
	part := d
	for k := range count {
		switch {
		case k == 0 && size == 8:
			s.emit(x86.VMOVQ, 16, part, at(0))
		case k == 0 && size == 4:
			s.emit(x86.VMOVD, 16, part, at(0))
		case size == 8: // one operation less than an insertion
			s.emit(x86.VMOVHPD, 16, part, part, at(k))
		default:
			if k == 0 {
				s.move(part, s.constant(uintOf(size), 0))
			}
			s.emit(insert, 16, part, part, at(k), x86.I(int32(k)))
		}
		if k%2 == 1 || count == 1 {
			s.emit(x86.LEA, 0, x86.R(regTmp), x86.MX(regTmp, regTmp2, 2, 0))
		}
	}
}

// selectAccumulate reads, combines and writes the lanes that the vector's elements belong to.
func selectAccumulate(s *selector, in *Ins, _ x86.Operand) {
	mem := s.sinkAddress(in)
	s.emit(x86.MOV, 0, x86.R(regTmp2), x86.R(regIndex))
	s.emit(x86.AND, 0, x86.R(regTmp2), x86.I(AccLanes-1))
	mem.Reg = regTmp2
	old, sum := s.vec(s.len(in.Type)), s.vec(s.len(in.Type))
	s.loadVector(in.Type, old, mem)
	s.combine(in, sum, old)
	s.storeVector(in.Type, mem, sum)
}

// combine selects the operation of an accumulation on two vectors: d = op(old, x).
func (s *selector) combine(in *Ins, d, old x86.Operand) {
	x := in.Args[0]
	op := Ins{Op: in.Acc, Type: in.Type, Args: [3]Value{x, x, none}}
	if one := s.simple[in.Acc][in.Type]; one != 0 {
		s.emit(one, s.len(in.Type), d, old, s.val(x))
		return
	}
	// The operation's selection reads its operands by value number: lend it one for the lanes read.
	lent := Value(len(s.p.ins))
	s.vals[s.copy] = append(s.vals[s.copy][:lent], old)
	op.Args[0] = lent
	s.special[in.Acc](s, &op, d)
}
