// Package amd64 knows the machine instructions that Lanes emits on x86-64: their names and operands, their
// encodings (VEX, EVEX, legacy), and a simulator that executes them on a model machine. It knows no programs,
// no register allocation and no Go runtime; it imports only the standard library.
package amd64

// Kind says what an Operand is.
type Kind uint8

const (
	None  Kind = iota
	Vec        // vector register: Reg is 0..31, or >= Virtual before register allocation
	Mask       // opmask register: Reg is 0..7, or >= Virtual before register allocation
	GPR        // general register: Reg is RAX..R15; never virtual
	Mem        // memory: [Base + Reg*Scale + Disp], Reg being the index register (-1: none)
	Imm        // immediate: Disp
	Label      // code label: Disp is the label's number
)

// Virtual is the first virtual register number. The encoder refuses virtual registers.
const Virtual = 64

// General registers.
const (
	RAX = iota
	RCX
	RDX
	RBX
	RSP
	RBP
	RSI
	RDI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
	RIP    = 16 // as Base: Disp is an offset into the constant pool behind the code
	NoBase = -1 // as Base or index register: none
)

// Operand is one operand of an instruction.
type Operand struct {
	Kind  Kind
	Scale uint8 // Mem: 1, 2, 4 or 8
	Bcast bool  // Mem: EVEX embedded broadcast of one element
	Base  int8  // Mem: base register, RIP or NoBase
	Reg   int32 // register number; Mem: index register (general, or vector for gathers), -1 for none
	Disp  int32 // Mem: displacement in bytes or pool offset; Imm: value; Label: number
}

// V is a vector register.
func V(n int32) Operand { return Operand{Kind: Vec, Reg: n} }

// K is an opmask register.
func K(n int32) Operand { return Operand{Kind: Mask, Reg: n} }

// R is a general register.
func R(n int32) Operand { return Operand{Kind: GPR, Reg: n} }

// I is an immediate.
func I(v int32) Operand { return Operand{Kind: Imm, Disp: v} }

// L is a label.
func L(n int32) Operand { return Operand{Kind: Label, Disp: n} }

// M is the memory at [base + disp].
func M(base int8, disp int32) Operand {
	return Operand{Kind: Mem, Base: base, Reg: -1, Scale: 1, Disp: disp}
}

// MX is the memory at [base + index*scale + disp].
func MX(base int8, index int32, scale uint8, disp int32) Operand {
	return Operand{Kind: Mem, Base: base, Reg: index, Scale: scale, Disp: disp}
}

// P is the constant pool at byte offset off; with bcast one element is broadcast to all lanes (EVEX only).
func P(off int32, bcast bool) Operand {
	return Operand{Kind: Mem, Base: RIP, Reg: -1, Scale: 1, Disp: off, Bcast: bcast}
}

// Op is an instruction, an index into the instruction table.
type Op uint16

// Inst is one instruction. Operands stand in Intel's order, destination first.
type Inst struct {
	Op   Op
	Len  uint8 // vector length in bytes: 16, 32 or 64; 0 for general-register instructions
	Zero bool  // EVEX zero-masking; without it a masked instruction merges into its destination
	K    int32 // EVEX opmask register (0: unmasked; may be virtual before register allocation)
	A    [4]Operand
}
