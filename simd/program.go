package simd

import (
	"fmt"
	"slices"
)

// Value names the result of an instruction: its position in the program.
type Value int32

// none is the absent operand.
const none Value = -1

// Ins is one instruction of a program.
type Ins struct {
	Op   Op
	Type Type     // type of the result, or of the element stored
	Acc  Op       // OpAccumulate: the operation
	Args [3]Value // operands, absent ones negative
	Imm  uint64   // constant bits, shift count, table or slot number
}

// Operand describes one source or sink of a program: what its pointer in Run must point to.
type Operand struct {
	Op   Op   // OpLoad, OpStrided, OpScalar, OpIndex, OpStore, OpStoreMasked or OpAccumulate
	Type Type // of the elements
}

// Program is an immutable vector program: instructions in the order of their execution. Sources and constants come
// first, sinks last.
type Program struct {
	ins     []Ins
	sources []Operand
	sinks   []Operand
	tables  [][]uint64
}

// Sources lists the sources by slot.
func (p *Program) Sources() []Operand { return slices.Clone(p.sources) }

// Sinks lists the sinks by slot. In Run their pointers follow those of the sources.
func (p *Program) Sinks() []Operand { return slices.Clone(p.sinks) }

// Len returns the number of instructions.
func (p *Program) Len() int { return len(p.ins) }

// Instructions returns a copy of the instructions.
func (p *Program) Instructions() []Ins { return slices.Clone(p.ins) }

// Bytes returns how many bytes of memory the program reads and writes per element.
func (p *Program) Bytes() (read, written int) {
	for _, s := range p.sources {
		if s.Op == OpLoad || s.Op == OpStrided {
			read += s.Type.Size()
		}
	}
	for _, s := range p.sinks {
		if s.Op != OpAccumulate {
			written += s.Type.Size()
		}
	}
	return read, written
}

// Flops returns the floating-point operations per element outside rare regions; a fused multiply-add counts two.
func (p *Program) Flops() int {
	n, rare := 0, false
	for _, in := range p.ins {
		switch {
		case in.Op == OpRare || in.Op == OpEnd:
			rare = in.Op == OpRare
		case rare || !in.Type.IsFloat():
		case in.Op == OpFMA || in.Op == OpFMS || in.Op == OpFNMA:
			n += 2
		case in.Op >= OpAdd && in.Op <= OpMaxNum && in.Op != OpNeg && in.Op != OpAbs:
			n++
		}
	}
	return n
}

// args returns the operands of in that are present.
func (in *Ins) args() []Value {
	n := rows[in.Op].args
	return in.Args[:n]
}

// A program larger than this is refused; the limit keeps hostile text from costing more than it should.
const maxIns = 1 << 16

// verify checks the rules that engines rely on. Parse runs it on text, Builder on what it built. Errors name an
// instruction by its place.
func (p *Program) verify(place func(i int) string) error {
	if len(p.ins) > maxIns {
		return fmt.Errorf("simd: program of %d instructions, the limit is %d", len(p.ins), maxIns)
	}
	v := verifier{p: p, region: -1, closed: -1}
	for i := range p.ins {
		if err := v.instruction(Value(i), &p.ins[i]); err != nil {
			return fmt.Errorf("simd: %s: %s: %w", place(i), p.ins[i].Op, err)
		}
	}
	if v.region >= 0 {
		return fmt.Errorf("simd: %s: the region is not closed", place(int(v.region)))
	}
	if v.sources != len(p.sources) || v.sinks != len(p.sinks) {
		return fmt.Errorf("simd: %d sources and %d sinks, but %d and %d are declared",
			v.sources, v.sinks, len(p.sources), len(p.sinks))
	}
	for i, t := range p.tables {
		if err := checkTable(t); err != nil {
			return fmt.Errorf("simd: table %d: %w", i, err)
		}
	}
	return nil
}

func checkTable(t []uint64) error {
	if n := len(t); n == 0 || n&(n-1) != 0 {
		return fmt.Errorf("%d entries, not a power of two", n)
	}
	return nil
}

// instructionNumber is the place of an instruction in a program that has no text.
func instructionNumber(i int) string { return fmt.Sprintf("instruction %d", i) }

type verifier struct {
	p              *Program
	sources, sinks int
	region         Value // open region, or -1
	closed, from   Value // the region just closed and its first instruction: merges may use its values
	hidden         []bool
}

func (v *verifier) instruction(i Value, in *Ins) error {
	if in.Op <= OpInvalid || in.Op >= numOps {
		return fmt.Errorf("unknown operation")
	}
	r := &rows[in.Op]
	v.hidden = append(v.hidden, false)
	for k := r.args; k < 3; k++ {
		if in.Args[k] != none {
			return fmt.Errorf("takes %d operands", r.args)
		}
	}
	for k, a := range in.args() {
		if a < 0 || a >= i {
			return fmt.Errorf("operand %d is not defined before its use", k)
		}
		if v.p.ins[a].Type == Invalid || v.p.ins[a].Op.isSink() {
			return fmt.Errorf("operand %d has no value", k)
		}
		if v.hidden[a] && !(in.Op == OpMerge && k == 1 && v.closed >= 0 && a >= v.from) {
			return fmt.Errorf("operand %d belongs to a rare region that is closed", k)
		}
	}
	if err := v.shape(i, in); err != nil {
		return err
	}
	return v.types(in)
}

// shape checks slots, tables and the nesting of regions.
func (v *verifier) shape(i Value, in *Ins) error {
	if in.Op != OpMerge && in.Op != OpEnd {
		v.closed = -1
	}
	if v.region >= 0 && (in.Op.hasSlot() || in.Op == OpConst || in.Op == OpRare || in.Op == OpMerge) {
		return fmt.Errorf("not allowed inside a rare region")
	}
	switch {
	case in.Op.isSource():
		if in.Imm != uint64(v.sources) || v.sources >= len(v.p.sources) ||
			v.p.sources[v.sources] != (Operand{in.Op, in.Type}) {
			return fmt.Errorf("source slot %d does not match the declaration", in.Imm)
		}
		v.sources++
	case in.Op.isSink():
		if in.Imm != uint64(v.sinks) || v.sinks >= len(v.p.sinks) || v.p.sinks[v.sinks] != (Operand{in.Op, in.Type}) {
			return fmt.Errorf("sink slot %d does not match the declaration", in.Imm)
		}
		v.sinks++
	case in.Op == OpLookup && in.Imm >= uint64(len(v.p.tables)):
		return fmt.Errorf("table %d is not declared", in.Imm)
	case in.Op == OpRare:
		v.region = i
	case in.Op == OpEnd:
		if v.region < 0 {
			return fmt.Errorf("no region is open")
		}
		for k := v.region; k < i; k++ {
			v.hidden[k] = true
		}
		v.closed, v.from, v.region = v.region, v.region, -1
	case in.Op == OpMerge:
		if v.closed < 0 || in.Args[0] != v.p.ins[v.closed].Args[0] {
			return fmt.Errorf("a merge follows the end of its region and has its mask")
		}
		if !v.hidden[in.Args[1]] {
			return fmt.Errorf("a merge takes a value of its region")
		}
	}
	return nil
}

func (v *verifier) types(in *Ins) error {
	var t [3]Type
	for k, a := range in.args() {
		t[k] = v.p.ins[a].Type
	}
	want, err := resultType(in.Op, in.Type, t, in.Imm)
	if err != nil {
		return err
	}
	if want != in.Type {
		return fmt.Errorf("result type is %s, not %s", want, in.Type)
	}
	if in.Op == OpAccumulate && (in.Acc >= numOps || !accOps[in.Acc] || !rows[in.Acc].types.has(in.Type)) {
		return fmt.Errorf("cannot accumulate with %s", in.Acc)
	}
	return nil
}

// resultType gives the type of op's result for operand types t. For sources, casts and sinks it is asked for: want.
func resultType(op Op, want Type, t [3]Type, imm uint64) (Type, error) {
	r := &rows[op]
	operand := t[0]
	switch r.form {
	case formSource:
		operand = want
	case formRegion:
		if op == OpRare && t[0] != Mask {
			return Invalid, fmt.Errorf("operand must be a mask, not %s", t[0])
		}
		return Invalid, nil
	case formSelect:
		if t[0] != Mask {
			return Invalid, fmt.Errorf("first operand must be a mask, not %s", t[0])
		}
		operand, t[0] = t[1], t[1]
	case formSink:
		if op == OpStoreMasked {
			if t[0] != Mask {
				return Invalid, fmt.Errorf("first operand must be a mask, not %s", t[0])
			}
			operand, t[0] = t[1], t[1]
		}
		if operand != want {
			return Invalid, fmt.Errorf("stores %s, not %s", want, operand)
		}
	}
	if !r.types.has(operand) {
		return Invalid, fmt.Errorf("does not take %s", operand)
	}
	for k := 1; k < r.args; k++ {
		if t[k] != operand {
			return Invalid, fmt.Errorf("operands are %s and %s", operand, t[k])
		}
	}
	switch r.form {
	case formCompare:
		return Mask, nil
	case formLookup:
		return U64, nil
	case formCast:
		if op == OpBitcast && (!numbers.has(want) || want.Size() != operand.Size()) ||
			op == OpConvert && !converts(operand, want) {
			return Invalid, fmt.Errorf("no way from %s to %s", operand, want)
		}
		return want, nil
	case formShift:
		if imm >= uint64(operand.bits()) {
			return Invalid, fmt.Errorf("shift by %d of %s", imm, operand)
		}
	case formSource:
		if op == OpConst && imm&^want.mask() != 0 {
			return Invalid, fmt.Errorf("constant %#x does not fit %s", imm, want)
		}
		return want, nil
	}
	return operand, nil
}

// converts tells whether OpConvert goes from one type to the other in one step. Builder.Convert composes the rest.
func converts(from, to Type) bool {
	switch {
	case from.IsInt() && to.IsInt():
		return from.Size() != to.Size()
	case from.IsInt():
		return to.IsFloat() && (from == I32 || from == I64)
	case from == F32:
		return to == F64 || to == I32
	case from == F64:
		return to == F32 || to == I32 || to == I64
	}
	return false
}
