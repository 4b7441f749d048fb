package amd64

import (
	"math/bits"
	"strconv"
	"strings"
)

var gprNames = [4][16]string{
	{"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil",
		"r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"},
	{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
		"r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"},
	{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
		"r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"},
	{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"},
}

// String returns the mnemonic in lower case.
func (op Op) String() string {
	if op == 0 || op >= opCount {
		return "op" + strconv.Itoa(int(op))
	}
	return table[op].name
}

// String returns the instruction in Intel syntax as GNU as reads it, such as "vaddpd zmm1{k2}{z}, zmm3, qword
// ptr [rip+8]{1to8}". An offset from rip counts from the start of the constant pool. Labels print as L1,
// virtual registers as v64 and k64.
func (in Inst) String() string {
	switch {
	case in.Op == LABEL:
		return "L" + strconv.Itoa(int(in.A[0].Disp)) + ":"
	case in.Op == 0 || in.Op >= opCount:
		return in.Op.String()
	}
	d := &table[in.Op]
	b := append(make([]byte, 0, 64), d.name...)
	if d.trait&trim != 0 && d.asVEX(&in) {
		b = b[:len(strings.TrimRight(d.name, "0123456789"))]
		if len(b) == len(d.name) {
			b = b[:len(b)-1]
		}
	}
	slots := &forms[d.formOf(&in)].slots
	for i := range in.A {
		if in.A[i].Kind == None {
			break
		}
		if i == 0 {
			b = append(b, ' ')
		} else {
			b = append(b, ", "...)
		}
		b = d.appendOperand(b, &in, &in.A[i], slots[i].place)
		if i == 0 && in.K != 0 {
			b = append(appendReg(append(b, '{'), 'k', in.K), '}')
			if in.Zero {
				b = append(b, "{z}"...)
			}
		}
	}
	return string(b)
}

func (d *desc) appendOperand(b []byte, in *Inst, a *Operand, p place) []byte {
	switch a.Kind {
	case Vec:
		return appendReg(b, vecPrefix(d.vecSize(int(in.Len), p)), a.Reg)
	case Mask:
		return appendReg(b, 'k', a.Reg)
	case GPR:
		return appendGPR(b, a.Reg, d.gprSize())
	case Imm:
		return strconv.AppendInt(b, int64(a.Disp), 10)
	case Label:
		return strconv.AppendInt(append(b, 'L'), int64(a.Disp), 10)
	}
	return d.appendMem(b, in, a)
}

func (d *desc) appendMem(b []byte, in *Inst, a *Operand) []byte {
	if in.Op != LEA {
		switch d.size(int(in.Len), a.Bcast) {
		case 1:
			b = append(b, "byte ptr "...)
		case 2:
			b = append(b, "word ptr "...)
		case 4:
			b = append(b, "dword ptr "...)
		case 8:
			b = append(b, "qword ptr "...)
		case 16:
			b = append(b, "xmmword ptr "...)
		case 32:
			b = append(b, "ymmword ptr "...)
		case 64:
			b = append(b, "zmmword ptr "...)
		}
	}
	b = append(b, '[')
	switch {
	case a.Base == RIP:
		b = append(b, "rip"...)
	case a.Base != NoBase:
		b = appendGPR(b, int32(a.Base), 8)
	}
	if a.Reg >= 0 {
		if a.Base != NoBase {
			b = append(b, '+')
		}
		if d.form == gather || d.form == gatherK {
			b = appendReg(b, vecPrefix(int(in.Len)), a.Reg)
		} else {
			b = appendGPR(b, a.Reg, 8)
		}
		if a.Scale > 1 {
			b = strconv.AppendInt(append(b, '*'), int64(a.Scale), 10)
		}
	}
	if a.Disp != 0 || a.Base == RIP || a.Base == NoBase && a.Reg < 0 {
		if a.Disp >= 0 && (a.Base != NoBase || a.Reg >= 0) {
			b = append(b, '+')
		}
		b = strconv.AppendInt(b, int64(a.Disp), 10)
	}
	b = append(b, ']')
	if a.Bcast {
		b = strconv.AppendInt(append(b, "{1to"...), int64(d.lanes(int(in.Len))), 10)
		b = append(b, '}')
	}
	return b
}

// vecSize is the size in bytes of the vector register in place p at vector length n.
func (d *desc) vecSize(n int, p place) int {
	switch {
	case p == inReg && d.trait&narrow != 0:
		return max(16, n/2)
	case p == inRM && d.mem != noMem:
		return max(16, d.size(n, false))
	}
	return n
}

// gprSize is the size in bytes of the general registers that are operands of the instruction.
func (d *desc) gprSize() int {
	switch d.form {
	case toGPR:
		return 4
	case toGPRM:
		return 8
	case gStore:
		return int(d.elem)
	case gLoad:
		if d.code&rexW == 0 {
			return 4
		}
	}
	return max(4, int(d.src))
}

func vecPrefix(size int) byte {
	switch size {
	case 32:
		return 'y'
	case 64:
		return 'z'
	}
	return 'x'
}

func appendReg(b []byte, prefix byte, n int32) []byte {
	switch {
	case n >= Virtual && prefix != 'k':
		b = append(b, 'v')
	case prefix == 'k':
		b = append(b, 'k')
	default:
		b = append(b, prefix, 'm', 'm')
	}
	return strconv.AppendInt(b, int64(n), 10)
}

func appendGPR(b []byte, n int32, size int) []byte {
	if n < 0 || n > 15 {
		return strconv.AppendInt(append(b, "gpr"...), int64(n), 10)
	}
	return append(b, gprNames[bits.TrailingZeros8(uint8(size))][n]...)
}
