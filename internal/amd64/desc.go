package amd64

// A desc is one row of the instruction table: everything the encoder, the printer, the register allocator and
// the audit know about an opcode.
type desc struct {
	name  string // mnemonic in lower case
	form  form   // which operand goes into which field
	code  code   // prefix, opcode map and opcode
	vex   vexW   // the VEX encoding, if there is one
	evex  vexW   // the EVEX encoding, if there is one; rows with neither have the legacy encoding
	elem  uint8  // element size in bytes of the destination, which is also the granularity of an opmask
	src   uint8  // element size in bytes of the memory operand, which is what an embedded broadcast repeats
	mem   tuple  // size of the memory operand and scale of an 8-bit displacement under EVEX
	lens  uint8  // allowed vector lengths: the sum of 16, 32 and 64; 0 for none
	alt   uint8  // opcode of the store direction, or the /digit in ModRM.reg
	trait trait
}

// code packs prefix, opcode map and opcode.
type code uint16

const (
	p66  code = 1 << 8 // pp
	pF3  code = 2 << 8
	pF2  code = 3 << 8
	m0F  code = 1 << 10 // opcode map; a legacy row without map is a one-byte opcode
	m38  code = 2 << 10
	m3A  code = 3 << 10
	rexW code = 1 << 12 // legacy rows: 64-bit operands
)

func (c code) op() byte  { return byte(c) }
func (c code) pp() byte  { return byte(c>>8) & 3 }
func (c code) mmm() byte { return byte(c>>10) & 3 }

// vexW is the W bit of an encoding, or says that the encoding does not exist.
type vexW uint8

const (
	no   vexW = iota
	w0        // W = 0
	w1        // W = 1
	w0F3      // W = 0 with prefix F3 in place of the row's: VMOVDQU stands for VMOVDQU8 and VMOVDQU16
)

// tuple is the size of a memory operand.
type tuple uint8

const (
	noMem   tuple = iota
	full          // a vector, or one broadcast element
	fullMem       // a vector, no broadcast
	half          // half a vector, or one broadcast element
	halfMem       // half a vector
	quarter       // a quarter of a vector
	eighth        // an eighth of a vector
	scalar        // one element of size src
	fix16         // 16 bytes
	fix32         // 32 bytes
	packed        // up to a vector, while a displacement scales by one element
)

// size is the number of bytes of a memory operand at vector length n.
func (d *desc) size(n int, bcast bool) int {
	if bcast {
		return int(d.src)
	}
	switch d.mem {
	case full, fullMem, packed:
		return n
	case half, halfMem:
		return n / 2
	case quarter:
		return n / 4
	case eighth:
		return n / 8
	case fix16:
		return 16
	case fix32:
		return 32
	}
	return int(d.src)
}

// scale is the scale of an 8-bit displacement under EVEX.
func (d *desc) scale(n int, bcast bool) int {
	if d.mem == packed {
		return int(d.src)
	}
	return d.size(n, bcast)
}

// lanes is the number of elements an instruction of vector length n works on.
func (d *desc) lanes(n int) int { return n / int(max(d.elem, d.src, 1)) }

type trait uint16

const (
	both   trait = 1 << iota // the destination is also read
	reads                    // the first operand is only read
	narrow                   // the destination register has half the vector length
	picks                    // the opmask selects between sources: it never merges into the destination
	noK                      // EVEX without opmask
	needK                    // EVEX with an opmask that may not be k0
	trim                     // the VEX form's mnemonic lacks the trailing element size: VPANDQ is VPAND
	l1                       // opmask instruction with VEX.L = 1
)

// place is the encoding field an operand goes into.
type place uint8

const (
	inReg  place = iota // ModRM.reg
	inVVVV              // VEX.vvvv
	inRM                // ModRM.rm
	inImm8              // the last byte
	inIs4               // the upper half of the last byte
	inImm               // an operand without a register field
)

// slot is one operand of a form: its place and the kinds it may be of.
type slot struct {
	place place
	kinds uint8 // bit set over Kind
}

const (
	kVec   = 1 << Vec
	kMask  = 1 << Mask
	kGPR   = 1 << GPR
	kMem   = 1 << Mem
	kImm   = 1 << Imm
	kLabel = 1 << Label
)

// form names an operand pattern.
type form uint8

const (
	nullary form = iota
	rvm
	rm
	mr
	load  // from memory to a register; stores as mrMem
	loadH // as load, with a register source beside the memory: VMOVHPD
	mrMem
	mov     // rm; stores as mr
	movX    // a general register or memory to a vector register; stores as movRX
	movRX   // a vector register to a general register or memory
	maskMov // masked load; stores as mvr
	mvr     // masked store
	rvmX    // as rvm, the last operand being a general register or memory
	rmG     // as rm, the source being a general register
	rmK     // as rm, the source being an opmask
	rvmi
	rvmiX
	rmi
	mri
	mriX
	vmi // shift by an immediate
	rvmr
	gather
	gatherK
	toGPR
	toGPRM
	toK
	rvmK
	rvmiK
	kRVM // opmask instructions
	kRM
	kRMI
	kMov
	gRM // general registers from here on
	gALU
	gTest
	gMov
	gStore
	gLoad
	gShift
	gUnary
	gRMV
	gVM
	gJump
	gPrefetch
	pseudo // LABEL, ALIGN
	formCount
)

// forms lists the operands of each form, and the form that takes its place if the first operand is not of a
// kind that the form wants there.
var forms = [formCount]struct {
	slots [4]slot
	store form
}{
	rvm:       {slots: [4]slot{{inReg, kVec}, {inVVVV, kVec}, {inRM, kVec | kMem}}},
	rm:        {slots: [4]slot{{inReg, kVec}, {inRM, kVec | kMem}}},
	mr:        {slots: [4]slot{{inRM, kVec | kMem}, {inReg, kVec}}},
	load:      {slots: [4]slot{{inReg, kVec}, {inRM, kMem}}, store: mrMem},
	loadH:     {slots: [4]slot{{inReg, kVec}, {inVVVV, kVec}, {inRM, kMem}}, store: mrMem},
	mrMem:     {slots: [4]slot{{inRM, kMem}, {inReg, kVec}}},
	mov:       {slots: [4]slot{{inReg, kVec}, {inRM, kVec | kMem}}, store: mrMem},
	movX:      {slots: [4]slot{{inReg, kVec}, {inRM, kGPR | kMem}}, store: movRX},
	movRX:     {slots: [4]slot{{inRM, kGPR | kMem}, {inReg, kVec}}},
	maskMov:   {slots: [4]slot{{inReg, kVec}, {inVVVV, kVec}, {inRM, kMem}}, store: mvr},
	mvr:       {slots: [4]slot{{inRM, kMem}, {inVVVV, kVec}, {inReg, kVec}}},
	rvmX:      {slots: [4]slot{{inReg, kVec}, {inVVVV, kVec}, {inRM, kGPR | kMem}}},
	rmG:       {slots: [4]slot{{inReg, kVec}, {inRM, kGPR}}},
	rmK:       {slots: [4]slot{{inReg, kVec}, {inRM, kMask}}},
	rvmi:      {slots: [4]slot{{inReg, kVec}, {inVVVV, kVec}, {inRM, kVec | kMem}, {inImm8, kImm}}},
	rvmiX:     {slots: [4]slot{{inReg, kVec}, {inVVVV, kVec}, {inRM, kGPR | kMem}, {inImm8, kImm}}},
	rmi:       {slots: [4]slot{{inReg, kVec}, {inRM, kVec | kMem}, {inImm8, kImm}}},
	mri:       {slots: [4]slot{{inRM, kVec | kMem}, {inReg, kVec}, {inImm8, kImm}}},
	mriX:      {slots: [4]slot{{inRM, kGPR | kMem}, {inReg, kVec}, {inImm8, kImm}}},
	vmi:       {slots: [4]slot{{inVVVV, kVec}, {inRM, kVec | kMem}, {inImm8, kImm}}},
	rvmr:      {slots: [4]slot{{inReg, kVec}, {inVVVV, kVec}, {inRM, kVec | kMem}, {inIs4, kVec}}},
	gather:    {slots: [4]slot{{inReg, kVec}, {inRM, kMem}, {inVVVV, kVec}}},
	gatherK:   {slots: [4]slot{{inReg, kVec}, {inRM, kMem}}},
	toGPR:     {slots: [4]slot{{inReg, kGPR}, {inRM, kVec}}},
	toGPRM:    {slots: [4]slot{{inReg, kGPR}, {inRM, kVec | kMem}}},
	toK:       {slots: [4]slot{{inReg, kMask}, {inRM, kVec}}},
	rvmK:      {slots: [4]slot{{inReg, kMask}, {inVVVV, kVec}, {inRM, kVec | kMem}}},
	rvmiK:     {slots: [4]slot{{inReg, kMask}, {inVVVV, kVec}, {inRM, kVec | kMem}, {inImm8, kImm}}},
	kRVM:      {slots: [4]slot{{inReg, kMask}, {inVVVV, kMask}, {inRM, kMask}}},
	kRM:       {slots: [4]slot{{inReg, kMask}, {inRM, kMask}}},
	kRMI:      {slots: [4]slot{{inReg, kMask}, {inRM, kMask}, {inImm8, kImm}}},
	kMov:      {slots: [4]slot{{inReg, kMask | kGPR | kMem}, {inRM, kMask | kGPR | kMem}}},
	gRM:       {slots: [4]slot{{inReg, kGPR}, {inRM, kGPR | kMem}}},
	gALU:      {slots: [4]slot{{inReg, kGPR}, {inRM, kGPR | kMem | kImm}}},
	gTest:     {slots: [4]slot{{inRM, kGPR}, {inReg, kGPR | kImm}}},
	gMov:      {slots: [4]slot{{inReg, kGPR}, {inRM, kGPR | kMem | kImm}}, store: gStore},
	gStore:    {slots: [4]slot{{inRM, kMem}, {inReg, kGPR}}},
	gLoad:     {slots: [4]slot{{inReg, kGPR}, {inRM, kMem}}},
	gShift:    {slots: [4]slot{{inRM, kGPR}, {inImm8, kImm}}},
	gUnary:    {slots: [4]slot{{inRM, kGPR}}},
	gRMV:      {slots: [4]slot{{inReg, kGPR}, {inRM, kGPR | kMem}, {inVVVV, kGPR}}},
	gVM:       {slots: [4]slot{{inVVVV, kGPR}, {inRM, kGPR | kMem}}},
	gJump:     {slots: [4]slot{{inImm, kLabel}}},
	gPrefetch: {slots: [4]slot{{inRM, kMem}}},
	pseudo:    {slots: [4]slot{{inImm, kLabel | kImm}}},
}

// formOf is the form of an instruction, by the direction its operands ask for.
func (d *desc) formOf(in *Inst) form {
	f := &forms[d.form]
	if f.store != 0 && f.slots[0].kinds>>in.A[0].Kind&1 == 0 {
		return f.store
	}
	return d.form
}

// asVEX says whether in is encoded with VEX: its row has a VEX form and nothing in it needs EVEX.
func (d *desc) asVEX(in *Inst) bool {
	if d.vex == no || in.Len > 32 || in.K != 0 {
		return d.evex == no
	}
	if d.evex == no {
		return true
	}
	for i := range in.A {
		a := &in.A[i]
		if a.Kind == Vec && a.Reg > 15 || a.Bcast || a.Kind == Mem && d.form == vmi {
			return false
		}
	}
	return true
}

// Role says what an instruction does with an operand.
type Role uint8

const (
	RoleNone  Role = iota // no such operand, an immediate or a label
	Read                  // the operand is read
	Write                 // the operand is written
	ReadWrite             // the operand is read and written
)

// Role returns the role of the operand at index i. The registers inside a memory operand are read, whatever
// the role of the operand. Operands do not tell all: an opmask may make the destination a source (see
// Inst.ReadsDest), a gather clears its opmask Inst.K, CQO writes RDX, and IDIV reads and writes RAX and RDX.
func (op Op) Role(i int) Role {
	if op == 0 || op >= opCount || i < 0 || i > 3 {
		return RoleNone
	}
	d := &table[op]
	kinds := forms[d.form].slots[i].kinds
	switch {
	case kinds&(kVec|kMask|kGPR|kMem) == 0:
		return RoleNone
	case i == 2 && d.form == gather:
		return ReadWrite
	case i > 0 || d.trait&reads != 0:
		return Read
	case d.trait&both != 0:
		return ReadWrite
	}
	return Write
}

// HasVEX says whether the instruction can be encoded without AVX-512: with registers below 16, no opmask, no
// broadcast and at most 32 bytes of vector.
func (op Op) HasVEX() bool {
	d := &table[op]
	return d.vex != no && !d.isOpmask() || d.vex == no && d.evex == no
}

// isOpmask says whether the row is an instruction on opmasks, which VEX encodes although it is part of AVX-512.
func (d *desc) isOpmask() bool { return d.form >= kRVM && d.form <= kMov }

// Elem returns the element size in bytes of the destination, the granularity of an opmask.
func (op Op) Elem() int { return int(table[op].elem) }

// ReadsDest says whether in reads the old value of its destination: as an operand (FMA, VPTERNLOG), or
// because an opmask merges into it.
func (in *Inst) ReadsDest() bool {
	switch in.Op.Role(0) {
	case ReadWrite:
		return true
	case Write:
		return in.K != 0 && !in.Zero && in.A[0].Kind == Vec && table[in.Op].trait&picks == 0
	}
	return false
}
