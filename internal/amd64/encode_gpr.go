package amd64

import "encoding/binary"

// kmov appends one of the KMOV forms, whose prefixes differ by direction.
func (e *encoder) kmov(d *desc, in *Inst) string {
	dst, src := &in.A[0], &in.A[1]
	x := fields{op: 0x90, pp: d.code.pp(), mmm: d.code.mmm(), w: byte(d.vex - w0), reg: dst.Reg, rm: src}
	switch {
	case dst.Kind == Mask && (src.Kind == Mask || src.Kind == Mem):
	case dst.Kind == Mem && src.Kind == Mask:
		x.op, x.reg, x.rm = d.alt, src.Reg, dst
	case dst.Kind == Mask && src.Kind == GPR, dst.Kind == GPR && src.Kind == Mask:
		x.op = 0x92
		if dst.Kind == GPR {
			x.op = 0x93
		}
		switch d.elem {
		case 4:
			x.pp, x.w = 3, 0
		case 8:
			x.pp, x.w = 3, 1
		}
	default:
		return "wrong kind of operand"
	}
	e.vex(&x)
	return ""
}

// legacy appends a general-register instruction.
func (e *encoder) legacy(d *desc, f form, in *Inst) {
	op, reg := d.code.op(), int32(d.alt)
	if d.form == nullary {
		reg = 0
	}
	var rm *Operand
	var imm, immBytes int32
	slots := &forms[f].slots
	for i := range slots {
		if slots[i].kinds == 0 {
			break
		}
		a := &in.A[i]
		switch {
		case a.Kind == Imm && slots[i].place == inImm8:
			imm, immBytes = a.Disp, 1
		case a.Kind == Imm: // the first operand is the register, the opcode is another one
			imm, immBytes = a.Disp, 4
			rm = &in.A[0]
			switch {
			case d.form == gMov:
				op, reg = 0xC7, 0
			case d.form == gTest:
				op, reg = 0xF7, 0
			case imm == int32(int8(imm)):
				op, reg, immBytes = 0x83, int32(d.alt), 1
			default:
				op, reg = 0x81, int32(d.alt)
			}
		case slots[i].place == inReg:
			reg = a.Reg
		case slots[i].place == inRM:
			rm = a
		}
	}
	if f != d.form {
		op = d.alt
	}
	e.legacyPrefix(d, f, in, reg, rm)
	e.b = append(e.b, op)
	switch {
	case rm != nil:
		e.modRM(byte(reg&7)<<3, rm, 1, immBytes)
	case in.Op == SFENCE:
		e.b = append(e.b, d.alt)
	}
	switch immBytes {
	case 1:
		e.b = append(e.b, byte(imm))
	case 4:
		e.b = binary.LittleEndian.AppendUint32(e.b, uint32(imm))
	}
}

// legacyPrefix appends the operand-size or mandatory prefix, REX and the 0F escape.
func (e *encoder) legacyPrefix(d *desc, f form, in *Inst, reg int32, rm *Operand) {
	switch d.code.pp() {
	case 1:
		e.b = append(e.b, 0x66)
	case 2:
		e.b = append(e.b, 0xF3)
	}
	rex := byte(0x40) | byte(reg>>3)<<2
	if rm != nil {
		x, b := rm.highBits()
		rex |= x<<1 | b
	}
	if d.code&rexW != 0 {
		rex |= 8
	}
	if rex != 0x40 || f == gStore && d.elem == 1 && in.A[1].Reg >= RSP { // bytes: spl..dil instead of ah..bh
		e.b = append(e.b, rex)
	}
	if d.code.mmm() == 1 {
		e.b = append(e.b, 0x0F)
	}
}

// jump appends a branch: short if its label lies close behind, else with a 32-bit displacement.
func (e *encoder) jump(d *desc, label int32) string {
	if label < 0 || int(label) >= len(e.labels) {
		return "label is not defined"
	}
	pos := int32(len(e.b))
	if to := e.labels[label] - 1; to >= 0 && to-(pos+2) >= -128 {
		e.b = append(e.b, d.alt, byte(to-(pos+2)))
		return ""
	}
	if d.code.mmm() == 1 {
		e.b = append(e.b, 0x0F)
	}
	e.b = append(e.b, d.code.op(), 0, 0, 0, 0)
	end := int32(len(e.b))
	e.fixes = append(e.fixes, fix{at: end - 4, end: end, to: label, label: true})
	return ""
}

// nops are the recommended multi-byte NOPs, by length.
var nops = [10]string{
	1: "\x90",
	2: "\x66\x90",
	3: "\x0f\x1f\x00",
	4: "\x0f\x1f\x40\x00",
	5: "\x0f\x1f\x44\x00\x00",
	6: "\x66\x0f\x1f\x44\x00\x00",
	7: "\x0f\x1f\x80\x00\x00\x00\x00",
	8: "\x0f\x1f\x84\x00\x00\x00\x00\x00",
	9: "\x66\x0f\x1f\x84\x00\x00\x00\x00\x00",
}

func (e *encoder) pseudo(in *Inst) string {
	a := &in.A[0]
	if in.Op == LABEL {
		switch {
		case a.Kind != Label || a.Disp < 0:
			return "wrong kind of operand"
		case e.labels[a.Disp] != 0:
			return "label is defined twice"
		}
		e.labels[a.Disp] = int32(len(e.b)) + 1
		return ""
	}
	n := int(a.Disp)
	if a.Kind != Imm || n < 1 || n > 64 || n&(n-1) != 0 {
		return "alignment is not a power of two up to 64"
	}
	for pad := -len(e.b) & (n - 1); pad > 0; {
		k := min(pad, 9)
		e.b = append(e.b, nops[k]...)
		pad -= k
	}
	return ""
}
