package amd64

import (
	"encoding/binary"
	"fmt"
)

// Level is the instruction set that code may use.
type Level uint8

const (
	AVX2   Level = iota // VEX encodings only: registers 0..15, no opmasks, no broadcasts, at most 32 bytes
	AVX512              // EVEX as well: F, CD, DQ, BW and VL
)

// String returns "avx2" or "avx512".
func (l Level) String() string {
	if l == AVX2 {
		return "avx2"
	}
	return "avx512"
}

// maxLabel bounds label numbers, because labels live in a slice.
const maxLabel = 1 << 16

// Assemble encodes list, pads the code with INT3 to a multiple of 64 bytes and appends pool, to which
// operands with base RIP refer. VEX encodings are preferred over EVEX. It returns an error, naming the
// instruction, for a virtual register, an operand of the wrong kind, an encoding that level lacks, or an
// undefined label.
func Assemble(list []Inst, pool []byte, level Level) ([]byte, error) {
	e := encoder{
		b:       make([]byte, 0, 8*len(list)+len(pool)+128),
		fixes:   make([]fix, 0, len(list)/2),
		level:   level,
		poolLen: len(pool),
	}
	last := int32(-1)
	for i := range list {
		if list[i].Op == LABEL {
			last = max(last, list[i].A[0].Disp)
		}
	}
	if last >= maxLabel {
		return nil, fmt.Errorf("amd64: label %d is above %d", last, maxLabel-1)
	}
	e.labels = make([]int32, last+1)
	for i := range list {
		if msg := e.inst(&list[i]); msg != "" {
			return nil, fmt.Errorf("amd64: instruction %d, %s: %s", i, list[i], msg)
		}
	}
	for len(e.b)%64 != 0 {
		e.b = append(e.b, 0xCC)
	}
	base := int32(len(e.b))
	for _, f := range e.fixes {
		to := base + f.to
		if f.label {
			if to = e.labels[f.to] - 1; to < 0 {
				return nil, fmt.Errorf("amd64: label %d is not defined", f.to)
			}
		}
		binary.LittleEndian.PutUint32(e.b[f.at:], uint32(to-f.end))
	}
	return append(e.b, pool...), nil
}

type encoder struct {
	b       []byte
	fixes   []fix
	labels  []int32 // position + 1; 0 while undefined
	level   Level
	poolLen int
}

// fix is a 32-bit displacement to fill in at the end.
type fix struct {
	at, end int32 // position of the displacement, and of the end of its instruction
	to      int32 // pool offset or label
	label   bool
}

// inst appends one instruction. It returns what is wrong with it, or "".
func (e *encoder) inst(in *Inst) string {
	if in.Op == 0 || in.Op >= opCount {
		return "no such opcode"
	}
	d := &table[in.Op]
	f := d.formOf(in)
	slots := &forms[f].slots
	for i := range slots {
		a := &in.A[i]
		if slots[i].kinds == 0 && a.Kind == None {
			break
		}
		if slots[i].kinds>>a.Kind&1 == 0 || a.Kind == None {
			return "wrong kind of operand"
		}
		if msg := e.checkOperand(d, in, a, slots[i].place); msg != "" {
			return msg
		}
	}
	asVEX := d.asVEX(in)
	if msg := checkVector(d, in, asVEX); msg != "" {
		return msg
	}
	if e.level < AVX512 && (!asVEX || d.isOpmask()) {
		return "needs AVX-512"
	}
	switch {
	case d.form == pseudo:
		return e.pseudo(in)
	case d.form == gJump:
		return e.jump(d, in.A[0].Disp)
	case d.vex == no && d.evex == no:
		e.legacy(d, f, in)
		return ""
	case d.form == kMov:
		return e.kmov(d, in)
	}
	return e.vector(d, f, in, asVEX)
}

func (e *encoder) checkOperand(d *desc, in *Inst, a *Operand, p place) string {
	switch a.Kind {
	case Vec:
		if a.Reg < 0 || a.Reg > 31 {
			return "not a machine register"
		}
	case Mask:
		if a.Reg < 0 || a.Reg > 7 {
			return "not a machine register"
		}
	case GPR:
		if a.Reg < 0 || a.Reg > 15 {
			return "not a machine register"
		}
	case Mem:
		return e.checkMem(d, in, a)
	case Imm:
		if p == inImm8 && (a.Disp < -128 || a.Disp > 255) {
			return "immediate does not fit 8 bits"
		}
	}
	return ""
}

func (e *encoder) checkMem(d *desc, in *Inst, a *Operand) string {
	if a.Base == RIP {
		if a.Reg >= 0 {
			return "index register with rip"
		}
		if size := d.size(int(in.Len), a.Bcast); a.Disp < 0 || int(a.Disp)+size > e.poolLen {
			return "outside the constant pool"
		}
	} else if a.Base < NoBase || a.Base > 15 {
		return "no such base register"
	}
	switch {
	case d.form == gather || d.form == gatherK:
		if a.Reg < 0 || a.Reg > 31 {
			return "not a machine register"
		}
	case a.Reg == RSP || a.Reg < -1 || a.Reg > 15:
		return "no such index register"
	}
	if a.Scale != 1 && a.Scale != 2 && a.Scale != 4 && a.Scale != 8 {
		return "scale is not 1, 2, 4 or 8"
	}
	if d.mem == noMem || a.Bcast && (d.mem != full && d.mem != half || d.evex == no) {
		return "no such memory operand"
	}
	return ""
}

// fields are the parts of a VEX or EVEX instruction.
type fields struct {
	op, pp, mmm, w, l byte
	reg, vvvv         int32
	rm                *Operand
	imm               byte
	hasImm            bool
}

func (e *encoder) vector(d *desc, f form, in *Inst, asVEX bool) string {
	x := fields{op: d.code.op(), pp: d.code.pp(), mmm: d.code.mmm(), l: in.Len >> 5}
	switch {
	case f != d.form:
		x.op = d.alt
	case d.form == vmi || d.form == gVM:
		x.reg = int32(d.alt)
	}
	slots := &forms[f].slots
	for i := range slots {
		if slots[i].kinds == 0 {
			break
		}
		a := &in.A[i]
		if asVEX && a.Kind == Vec && a.Reg > 15 {
			return "register above 15 in an instruction that has no EVEX form"
		}
		switch slots[i].place {
		case inReg:
			x.reg = a.Reg
		case inVVVV:
			x.vvvv = a.Reg
		case inRM:
			x.rm = a
		case inImm8:
			x.imm, x.hasImm = byte(a.Disp), true
		case inIs4:
			x.imm, x.hasImm = byte(a.Reg<<4), true
		}
	}
	if !asVEX {
		x.w = byte(d.evex - w0)
		e.evex(d, in, &x)
		return ""
	}
	switch {
	case d.vex == w1:
		x.w = 1
	case d.vex == w0F3:
		x.pp = 2
	}
	if d.trait&l1 != 0 {
		x.l = 1
	}
	if d.form == gather && x.rm.Reg > 15 {
		return "register above 15 in an instruction that has no EVEX form"
	}
	e.vex(&x)
	return ""
}

// checkVector checks vector length and opmask.
func checkVector(d *desc, in *Inst, asVEX bool) string {
	switch {
	case in.Len&^d.lens != 0 || in.Len&(in.Len-1) != 0 || d.lens != 0 && in.Len == 0 || asVEX && in.Len > 32:
		return "no such vector length"
	case in.K < 0 || in.K > 7:
		return "not a machine register"
	case in.K != 0 && (asVEX || d.trait&noK != 0):
		return "takes no opmask"
	case in.K == 0 && d.trait&needK != 0:
		return "needs an opmask"
	case in.Zero && (in.K == 0 || in.A[0].Kind != Vec || d.trait&needK != 0):
		return "cannot zero"
	}
	return ""
}

// vex appends a VEX instruction: C5 if it can be said in two bytes, else C4.
func (e *encoder) vex(x *fields) {
	var xbit, bbit byte
	if x.rm != nil {
		xbit, bbit = x.rm.highBits()
	}
	r := ^byte(x.reg>>3) & 1
	last := (^byte(x.vvvv)&15)<<3 | x.l<<2 | x.pp
	if x.mmm == 1 && x.w == 0 && xbit|bbit == 0 {
		e.b = append(e.b, 0xC5, r<<7|last, x.op)
	} else {
		e.b = append(e.b, 0xC4, r<<7|(xbit^1)<<6|(bbit^1)<<5|x.mmm, x.w<<7|last, x.op)
	}
	e.tail(x, 1)
}

// evex appends an EVEX instruction.
func (e *encoder) evex(d *desc, in *Inst, x *fields) {
	xbit, bbit := x.rm.highBits()
	v := byte(x.vvvv >> 4)
	n := int32(1) // scale of an 8-bit displacement
	p2 := x.l<<5 | byte(in.K)
	if x.rm.Kind == Mem {
		n = int32(d.scale(int(in.Len), x.rm.Bcast))
		if x.rm.Bcast {
			p2 |= 0x10
		}
		if d.form == gatherK {
			v = byte(x.rm.Reg >> 4)
		}
	} else {
		xbit = byte(x.rm.Reg >> 4)
	}
	if in.Zero {
		p2 |= 0x80
	}
	p0 := (^byte(x.reg>>3)&1)<<7 | (xbit^1)<<6 | (bbit^1)<<5 | (^byte(x.reg>>4)&1)<<4 | x.mmm
	p1 := x.w<<7 | (^byte(x.vvvv)&15)<<3 | 4 | x.pp
	e.b = append(e.b, 0x62, p0, p1, p2|(v^1)<<3, x.op)
	e.tail(x, n)
}

// highBits returns bit 3 of the index register and of the base or plain register.
func (a *Operand) highBits() (x, b byte) {
	switch {
	case a.Kind != Mem:
		return 0, byte(a.Reg>>3) & 1
	case a.Reg >= 0:
		x = byte(a.Reg>>3) & 1
	}
	if a.Base >= 0 && a.Base != RIP {
		b = byte(a.Base>>3) & 1
	}
	return x, b
}

// tail appends ModRM, SIB, displacement and 8-bit immediate.
func (e *encoder) tail(x *fields, n int32) {
	immBytes := int32(0)
	if x.hasImm {
		immBytes = 1
	}
	if x.rm != nil {
		e.modRM(byte(x.reg&7)<<3, x.rm, n, immBytes)
	}
	if x.hasImm {
		e.b = append(e.b, x.imm)
	}
}

// modRM appends ModRM, SIB and displacement. reg is in place, n the scale of an 8-bit displacement, immBytes
// the number of bytes that follow: a displacement from rip counts from the end of the instruction.
func (e *encoder) modRM(reg byte, rm *Operand, n, immBytes int32) {
	switch {
	case rm.Kind != Mem:
		e.b = append(e.b, 0xC0|reg|byte(rm.Reg&7))
		return
	case rm.Base == RIP:
		at := int32(len(e.b)) + 1
		e.b = append(e.b, reg|5, 0, 0, 0, 0)
		e.fixes = append(e.fixes, fix{at: at, end: at + 4 + immBytes, to: rm.Disp})
		return
	case rm.Base == NoBase:
		index := byte(4)
		if rm.Reg >= 0 {
			index = byte(rm.Reg & 7)
		}
		e.b = append(e.b, reg|4, scaleBits(rm.Scale)|index<<3|5)
		e.b = binary.LittleEndian.AppendUint32(e.b, uint32(rm.Disp))
		return
	}
	base := byte(rm.Base & 7)
	mod, disp8 := byte(0x80), rm.Disp/n
	switch {
	case rm.Disp == 0 && base != RBP:
		mod = 0
	case disp8*n == rm.Disp && disp8 == int32(int8(disp8)):
		mod = 0x40
	}
	switch {
	case rm.Reg >= 0:
		e.b = append(e.b, mod|reg|4, scaleBits(rm.Scale)|byte(rm.Reg&7)<<3|base)
	case base == RSP:
		e.b = append(e.b, mod|reg|4, 4<<3|base)
	default:
		e.b = append(e.b, mod|reg|base)
	}
	switch mod {
	case 0x40:
		e.b = append(e.b, byte(disp8))
	case 0x80:
		e.b = binary.LittleEndian.AppendUint32(e.b, uint32(rm.Disp))
	}
}

func scaleBits(scale uint8) byte {
	switch scale {
	case 2:
		return 1 << 6
	case 4:
		return 2 << 6
	case 8:
		return 3 << 6
	}
	return 0
}
