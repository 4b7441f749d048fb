package simd

import (
	"slices"

	"github.com/lanes-go/lanes/internal/amd64"
)

// Instruction selection: a program becomes a list of machine instructions on virtual registers. A program has one lane
// count, the widest type's lanes in a full register; narrower types fill a part of theirs. Everything that depends on
// the instruction set stands in an isa table.

// isa is what one instruction set adds to selection.
type isa struct {
	level   amd64.Level
	vector  int // bytes of a full register
	vecRegs int
	simple  *opTable                                             // one instruction: operands in order
	special *[numOps]func(s *selector, in *Ins, d amd64.Operand) // a sequence
}

// home is where a value can be read again, so that it needs no register of its own.
type home struct {
	mem   amd64.Operand // vector in memory, or one element if elem > 0
	load  amd64.Op      // brings it into a register
	elem  int           // bytes of the element that is broadcast
	bytes int           // bytes of the vector in memory
}

// virtual describes a virtual register.
type virtual struct {
	mask  bool // an opmask register
	fixed bool // the same in every iteration: a constant or a scalar
	len   uint8
	pin   int32 // physical register it has through the loop, or -1
	home  *home
}

type poolKey struct {
	bits uint64
	size int
}

// selector selects the instructions of loop bodies. Virtual registers of constants and scalars are shared by all bodies.
type selector struct {
	*isa
	p       *Program
	lanes   int
	regs    []virtual
	pool    []byte
	consts  map[poolKey]int32 // virtual registers of constants
	scalars []int32           // by source slot
	tables  []int32           // pool offsets
	ptrs    []int8            // register of a stream's pointer, or -1; by slot, sinks behind sources
	slots   int               // scratch slots of 64 bytes in use
	labels  int32
	uses    []int   // of every value
	root    []Value // the value whose register a value has: that of what a bitcast reads
	last    []int   // by root: instruction that uses it last

	// Of the body being selected:
	code  []item
	units int               // copies of the main loop
	vals  [][]amd64.Operand // by copy and value
	width []int             // AVX2: bytes per lane of every mask
	masks map[maskKey]amd64.Operand
	copy  int
	tail  bool
	cold  bool
	left  map[int]amd64.Operand // AVX2: mask of the lanes left, by lane width
	nt    bool                  // non-temporal stores
}

type maskKey struct {
	v     Value
	copy  int
	width int
}

// item is an instruction; cold ones are moved behind the loop.
type item struct {
	amd64.Inst
	cold bool
}

// Registers of generated code; RAX counts what is left, RCX is the element's index, RSI points to the pointers, RDI to
// the frame. RDX and R15 are free for sequences.
const (
	regLeft    = amd64.RAX
	regIndex   = amd64.RCX
	regTmp     = amd64.RDX
	regScratch = amd64.RBX
	regPtrs    = amd64.RSI
	regFrame   = amd64.RDI
	regTmp2    = amd64.R15
	firstPtr   = amd64.R8
	lastPtr    = amd64.R14 // R8 … R14 hold the pointers of the first streams
)

// tailMask is the opmask register that holds the lanes of the last vector.
const tailMask = 7

func newSelector(p *Program, set *isa) *selector {
	s := &selector{isa: set, p: p, lanes: set.vector / p.widest(), consts: map[poolKey]int32{}}
	for _, k := range p.sinks {
		if k.Op == OpAccumulate {
			s.lanes = min(s.lanes, AccLanes)
		}
	}
	s.uses, s.last, s.root = make([]int, len(p.ins)), make([]int, len(p.ins)), make([]Value, len(p.ins))
	rare := false
	for i := range p.ins {
		switch p.ins[i].Op {
		case OpRare:
			rare = true
		case OpEnd:
			rare = false
		}
		if s.root[i] = Value(i); p.ins[i].Op == OpBitcast {
			s.root[i] = s.root[p.ins[i].Args[0]]
		}
		for _, a := range p.ins[i].args() {
			s.uses[a]++
			s.last[s.root[a]] = i
			if rare || p.ins[i].Op.isSink() {
				s.uses[s.root[a]]++ // not folded where it is rarely reached, or where an earlier sink may have written
			}
		}
	}
	s.width = make([]int, len(p.ins))
	s.scalars = make([]int32, len(p.sources))
	for _, t := range p.tables {
		s.align(8)
		s.tables = append(s.tables, int32(len(s.pool)))
		for _, v := range t {
			s.pool = appendBits(s.pool, 8, v)
		}
	}
	next := int8(firstPtr)
	for slot, o := range append(p.Sources(), p.sinks...) {
		s.ptrs = append(s.ptrs, -1)
		switch {
		case o.Op == OpScalar:
			s.scalars[slot] = s.newReg(virtual{fixed: true, len: s.len(o.Type)})
		case o.Op != OpIndex && o.Op != OpStrided && next <= lastPtr:
			s.ptrs[slot] = next
			next++
		}
	}
	return s
}

// len is the register length in bytes for lanes of type t.
func (s *selector) len(t Type) uint8 { return s.lenOf(t.Size()) }

func (s *selector) lenOf(size int) uint8 { return uint8(max(16, s.lanes*size)) }

func (s *selector) newReg(v virtual) int32 {
	v.pin = -1
	s.regs = append(s.regs, v)
	return int32(len(s.regs)-1) + amd64.Virtual
}

// vec and mask return new virtual registers.
func (s *selector) vec(n uint8) amd64.Operand { return amd64.V(s.newReg(virtual{len: n})) }
func (s *selector) mask() amd64.Operand       { return amd64.K(s.newReg(virtual{mask: true})) }

// reg returns a new register for a value of type t; n is the width of a mask's lanes on AVX2.
func (s *selector) reg(t Type, n int) amd64.Operand {
	switch {
	case t != Mask:
		return s.vec(s.len(t))
	case s.level == amd64.AVX512:
		return s.mask()
	}
	return s.vec(s.lenOf(n))
}

func (s *selector) emit(op amd64.Op, n uint8, a ...amd64.Operand) *amd64.Inst {
	s.code = append(s.code, item{Inst: amd64.Inst{Op: op, Len: n}, cold: s.cold})
	in := &s.code[len(s.code)-1].Inst
	copy(in.A[:], a)
	return in
}

// masked emits an instruction under an opmask.
func (s *selector) masked(op amd64.Op, n uint8, k amd64.Operand, zero bool, a ...amd64.Operand) {
	in := s.emit(op, n, a...)
	in.K, in.Zero = k.Reg, zero
}

func (s *selector) label() amd64.Operand {
	s.labels++
	return amd64.L(s.labels)
}

func (s *selector) align(n int) {
	for len(s.pool)%n != 0 {
		s.pool = append(s.pool, 0)
	}
}

// val returns the operand that holds value v in the current copy.
func (s *selector) val(v Value) amd64.Operand { return s.vals[s.copy][v] }

// constant returns the register of a constant whose lanes have the bits of type t.
func (s *selector) constant(t Type, bits uint64) amd64.Operand {
	key := poolKey{bits, t.Size()}
	if r, ok := s.consts[key]; ok {
		return amd64.V(r)
	}
	n := s.len(t)
	h := &home{load: amd64.VMOVUPS, bytes: int(n)}
	copies := int(n) / t.Size()
	if t.Size() >= 4 && s.level == amd64.AVX512 {
		copies, h.elem, h.bytes = 1, t.Size(), 0
		if h.load = amd64.VPBROADCASTQ; t.Size() == 4 {
			h.load = amd64.VPBROADCASTD
		}
	}
	s.align(max(t.Size(), min(h.bytes, 32)))
	h.mem = amd64.P(int32(len(s.pool)), false)
	for range copies {
		s.pool = appendBits(s.pool, t.Size(), bits)
	}
	r := s.newReg(virtual{fixed: true, len: n, home: h})
	s.consts[key] = r
	return amd64.V(r)
}

func appendBits(b []byte, size int, bits uint64) []byte {
	for range size {
		b = append(b, byte(bits))
		bits >>= 8
	}
	return b
}

// body selects the loop body for a number of interleaved copies, each of one vector. The tail body works on the lanes
// that are left.
func (s *selector) body(copies int, tail bool) []item {
	s.code, s.tail, s.cold = nil, tail, false
	s.masks, s.left = map[maskKey]amd64.Operand{}, map[int]amd64.Operand{}
	s.vals = make([][]amd64.Operand, copies)
	for u := range s.vals {
		s.vals[u] = make([]amd64.Operand, len(s.p.ins))
	}
	if tail {
		s.tailMasks()
	}
	for i := 0; i < len(s.p.ins); i++ {
		end := i
		if s.p.ins[i].Op == OpRare {
			end = s.regionEnd(i)
		}
		for s.copy = range copies {
			if end > i {
				s.region(i, end)
			} else {
				s.instruction(i)
			}
		}
		i = end
	}
	return s.code
}

// regionEnd returns the last merge of the region that opens at i.
func (s *selector) regionEnd(i int) int {
	for s.p.ins[i].Op != OpEnd {
		i++
	}
	for i+1 < len(s.p.ins) && s.p.ins[i+1].Op == OpMerge {
		i++
	}
	return i
}

// region selects a rare region: the results start as their main values, in the same registers if nothing needs those
// afterwards; where a lane has the mask, cold code behind the loop computes the region and blends.
func (s *selector) region(open, end int) {
	var merges []int
	var taken []int32
	for i := open; i <= end; i++ {
		if s.p.ins[i].Op != OpMerge {
			continue
		}
		in := &s.p.ins[i]
		main := in.Args[2]
		s.width[i] = s.width[main]
		d := s.val(main)
		if s.last[s.root[main]] > i || s.p.ins[s.root[main]].Op <= OpConst || slices.Contains(taken, d.Reg) {
			d = s.reg(in.Type, s.width[main])
			s.move(d, s.val(main))
		}
		taken = append(taken, d.Reg)
		s.vals[s.copy][i] = d
		merges = append(merges, i)
	}
	m := s.p.ins[open].Args[0]
	cold, back := s.label(), s.label()
	s.branchIfAny(m, cold)
	s.cold = true
	known := s.masks
	s.masks = map[maskKey]amd64.Operand{}
	s.emit(amd64.LABEL, 0, cold)
	for i := open + 1; s.p.ins[i].Op != OpEnd; i++ {
		s.instruction(i)
	}
	for _, i := range merges {
		in := &s.p.ins[i]
		s.blendInto(in.Type, s.vals[s.copy][i], m, s.val(in.Args[1]), Value(i), in.Args[1])
	}
	s.emit(amd64.JMP, 0, back)
	s.cold = false
	s.masks = known
	s.emit(amd64.LABEL, 0, back)
}

func (s *selector) move(d, x amd64.Operand) {
	if d.Kind == amd64.Mask {
		s.emit(amd64.KMOVQ, 0, d, x)
		return
	}
	s.emit(amd64.VMOVAPS, s.regs[d.Reg-amd64.Virtual].len, d, x)
}

// instruction selects one instruction for the current copy.
func (s *selector) instruction(i int) {
	in := &s.p.ins[i]
	set := func(o amd64.Operand) { s.vals[s.copy][i] = o }
	switch in.Op {
	case OpConst:
		if in.Type != Mask {
			set(s.constant(in.Type, in.Imm))
			return
		}
	case OpScalar:
		set(amd64.V(s.scalars[in.Imm]))
		return
	case OpBitcast:
		set(s.val(in.Args[0]))
		return
	case OpStore:
		s.storeVector(in.Type, s.sinkAddress(in), s.val(in.Args[0]))
		return
	}
	if op := s.simple[in.Op][s.operandType(in)]; op != 0 {
		d := s.reg(in.Type, 0)
		s.binaryOrUnary(in, op, d)
		set(d)
		return
	}
	width := s.maskWidth(in)
	s.width[i] = width
	var d amd64.Operand
	if !in.Op.isSink() && in.Op != OpLoad {
		d = s.reg(in.Type, width)
	}
	if in.Op == OpLoad {
		d = s.load(i, in)
	} else {
		s.special[in.Op](s, in, d)
	}
	set(d)
}

// operandType is the type that picks an instruction's row: that of its operands.
func (s *selector) operandType(in *Ins) Type {
	if a := in.Args[0]; a >= 0 {
		return s.p.ins[a].Type
	}
	return in.Type
}

// maskWidth is the lane width of the mask that in makes on AVX2: that of what is compared, or of the first operand.
func (s *selector) maskWidth(in *Ins) int {
	if in.Type != Mask {
		return 0
	}
	a := in.Args[0]
	if a < 0 {
		return s.p.widest()
	}
	if s.p.ins[a].Type == Mask {
		return s.width[a]
	}
	return s.p.ins[a].Type.Size()
}

// binaryOrUnary emits one instruction with the operands of in. A foldable second operand is left to the register
// allocator; if only the first can be read from memory the two change places where that keeps the result.
func (s *selector) binaryOrUnary(in *Ins, op amd64.Op, d amd64.Operand) {
	n := s.len(s.operandType(in))
	a := s.val(in.Args[0])
	switch {
	case in.Op == OpShl || in.Op == OpShr:
		s.emit(op, n, d, a, amd64.I(int32(in.Imm)))
	case rows[in.Op].args == 1:
		s.emit(op, n, d, a)
	default:
		b := s.val(in.Args[1])
		if rows[in.Op].commutes && s.hasHome(a) && !s.hasHome(b) {
			a, b = b, a
		}
		s.emit(op, n, d, a, b)
	}
}

func (s *selector) hasHome(o amd64.Operand) bool {
	return o.Kind == amd64.Vec && s.regs[o.Reg-amd64.Virtual].home != nil
}

// address returns the memory of element index+copy*lanes of stream k, whose elements have a size. A pointer that has no
// register of its own is brought into RDX.
func (s *selector) address(k, size int) amd64.Operand {
	base := s.ptrs[k]
	if base < 0 {
		base = regTmp
		s.emit(amd64.MOV, 0, amd64.R(regTmp), amd64.M(regPtrs, int32(8*k)))
	}
	return amd64.MX(base, regIndex, uint8(size), int32(s.copy*s.lanes*size))
}

// load brings in a vector of a contiguous stream. One that is used once stays in memory until its use.
func (s *selector) load(i int, in *Ins) amd64.Operand {
	size := in.Type.Size()
	n := s.len(in.Type)
	mem := s.address(int(in.Imm), size)
	if !s.tail && s.uses[i] == 1 && mem.Base != regTmp {
		h := &home{mem: mem, load: s.moveOp(size), bytes: s.lanes * size}
		return amd64.V(s.newReg(virtual{len: n, home: h}))
	}
	d := s.vec(n)
	s.loadVector(in.Type, d, mem)
	return d
}

// moveOp moves a vector of elements of a size between a register and memory.
func (s *selector) moveOp(size int) amd64.Op {
	switch s.lanes * size {
	case 4:
		return amd64.VMOVD
	case 8:
		return amd64.VMOVQ
	}
	return amd64.VMOVUPS
}

func (s *selector) loadVector(t Type, d, mem amd64.Operand) {
	if s.tail {
		s.loadTail(t, d, mem)
		return
	}
	s.emit(s.moveOp(t.Size()), s.len(t), d, mem)
}

func (s *selector) storeVector(t Type, mem, x amd64.Operand) {
	op := s.moveOp(t.Size())
	switch {
	case s.tail:
		s.storeTail(t, mem, x)
		return
	case s.nt && op == amd64.VMOVUPS:
		op = amd64.VMOVNTPS
	}
	s.emit(op, s.len(t), mem, x)
}

// sinkAddress is the memory of a sink.
func (s *selector) sinkAddress(in *Ins) amd64.Operand {
	return s.address(len(s.p.sources)+int(in.Imm), in.Type.Size())
}

// scratch reserves a slot of 64 bytes and returns its memory.
func (s *selector) scratch() amd64.Operand {
	s.slots++
	return amd64.M(regScratch, int32(64*(s.slots-1)))
}
