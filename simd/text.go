package simd

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// textHeader opens the text form. The number changes when a program of the old form would mean something else.
const textHeader = "lanes program 1"

// String returns the text form: a header, then a line for each table and each instruction. Parse reads it back.
//
//	lanes program 1
//	%0 = load f64 #0
//	%1 = const f64 #0x4000000000000000 ; 2
//	%2 = mul f64 %0 %1
//	store f64 %2 #0
func (p *Program) String() string {
	var s strings.Builder
	s.WriteString(textHeader + "\n")
	for i, t := range p.tables {
		fmt.Fprintf(&s, "table #%d", i)
		for _, v := range t {
			fmt.Fprintf(&s, " %#x", v)
		}
		s.WriteByte('\n')
	}
	indent := ""
	for i := range p.ins {
		in := &p.ins[i]
		if in.Op == OpEnd {
			indent = ""
		}
		s.WriteString(indent)
		if in.Type != Invalid && !in.Op.isSink() {
			fmt.Fprintf(&s, "%%%d = ", i)
		}
		s.WriteString(in.text())
		s.WriteByte('\n')
		if in.Op == OpRare {
			indent = "  "
		}
	}
	return s.String()
}

func (in *Ins) text() string {
	var s strings.Builder
	s.WriteString(in.Op.String())
	if in.Type != Invalid {
		s.WriteString(" " + in.Type.String())
	}
	if in.Op == OpAccumulate {
		s.WriteString(" " + in.Acc.String())
	}
	for _, a := range in.args() {
		fmt.Fprintf(&s, " %%%d", a)
	}
	switch {
	case in.Op == OpConst:
		fmt.Fprintf(&s, " #%#x", in.Imm)
		if v := constText(in.Type, in.Imm); v != "" {
			s.WriteString(" ; " + v)
		}
	case in.Op.hasSlot() || in.Op == OpShl || in.Op == OpShr || in.Op == OpLookup:
		fmt.Fprintf(&s, " #%d", in.Imm)
	}
	return s.String()
}

// constText shows a constant's value.
func constText(t Type, bits uint64) string {
	switch {
	case t == F64:
		return strconv.FormatFloat(math.Float64frombits(bits), 'g', -1, 64)
	case t == F32:
		return strconv.FormatFloat(float64(math.Float32frombits(uint32(bits))), 'g', -1, 32)
	case t.IsSigned():
		shift := 64 - t.bits()
		return strconv.FormatInt(int64(bits<<shift)>>shift, 10)
	case t.IsInt():
		return strconv.FormatUint(bits, 10)
	}
	return ""
}

// Parse reads the text form of a program and verifies it. Errors name the line.
func Parse(text string) (*Program, error) {
	p := &Program{}
	number := 0
	var lines []int // by instruction
	for line := range strings.Lines(text) {
		number++
		if body, _, _ := strings.Cut(line, ";"); number == 1 {
			if strings.TrimSpace(body) != textHeader {
				return nil, fmt.Errorf("simd: line 1: want %q", textHeader)
			}
		} else if err := p.parseLine(strings.Fields(body)); err != nil {
			return nil, fmt.Errorf("simd: line %d: %w", number, err)
		}
		if len(p.ins) > len(lines) {
			lines = append(lines, number)
		}
		if len(p.ins) > maxIns || len(p.tables) > maxIns {
			return nil, fmt.Errorf("simd: line %d: more than %d instructions", number, maxIns)
		}
	}
	if number == 0 {
		return nil, fmt.Errorf("simd: line 1: want %q", textHeader)
	}
	if err := p.verify(func(i int) string { return fmt.Sprintf("line %d", lines[i]) }); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Program) parseLine(words []string) error {
	if len(words) == 0 {
		return nil
	}
	if words[0] == "table" {
		return p.parseTable(words[1:])
	}
	named := len(words) > 2 && words[1] == "="
	if named {
		if words[0] != "%"+strconv.Itoa(len(p.ins)) {
			return fmt.Errorf("value %s, expected %%%d", words[0], len(p.ins))
		}
		words = words[2:]
	}
	in, err := parseIns(words)
	if err != nil {
		return err
	}
	if named != (in.Type != Invalid && !in.Op.isSink()) {
		return fmt.Errorf("%s: a value is named where it has none, or has no name", in.Op)
	}
	switch {
	case in.Op.isSource():
		p.sources = append(p.sources, Operand{in.Op, in.Type})
	case in.Op.isSink():
		p.sinks = append(p.sinks, Operand{in.Op, in.Type})
	}
	p.ins = append(p.ins, in)
	return nil
}

func parseIns(words []string) (Ins, error) {
	in := Ins{Args: [3]Value{none, none, none}}
	op, ok := opByName[words[0]]
	if !ok {
		return in, fmt.Errorf("unknown operation %q", words[0])
	}
	in.Op = op
	words = words[1:]
	take := func() string {
		if len(words) == 0 {
			return ""
		}
		w := words[0]
		words = words[1:]
		return w
	}
	if rows[op].form != formRegion {
		w := take()
		if in.Type, ok = parseType(w); !ok {
			return in, fmt.Errorf("unknown type %q", w)
		}
	}
	if op == OpAccumulate {
		w := take()
		if in.Acc, ok = opByName[w]; !ok {
			return in, fmt.Errorf("unknown operation %q", w)
		}
	}
	for k := range rows[op].args {
		w := take()
		v, err := strconv.ParseInt(strings.TrimPrefix(w, "%"), 10, 32)
		if err != nil || !strings.HasPrefix(w, "%") || v < 0 {
			return in, fmt.Errorf("%s: operand %d is %q, want a value such as %%0", op, k, w)
		}
		in.Args[k] = Value(v)
	}
	if op == OpConst || op.hasSlot() || op == OpShl || op == OpShr || op == OpLookup {
		w := take()
		v, err := strconv.ParseUint(strings.TrimPrefix(w, "#"), 0, 64)
		if err != nil || !strings.HasPrefix(w, "#") {
			return in, fmt.Errorf("%s: %q, want a number such as #0", op, w)
		}
		in.Imm = v
	}
	if len(words) > 0 {
		return in, fmt.Errorf("%s: unexpected %q", op, words[0])
	}
	return in, nil
}

func (p *Program) parseTable(words []string) error {
	if len(words) < 2 || words[0] != "#"+strconv.Itoa(len(p.tables)) {
		return fmt.Errorf("want table #%d and its entries", len(p.tables))
	}
	t := make([]uint64, len(words)-1)
	for i, w := range words[1:] {
		v, err := strconv.ParseUint(w, 0, 64)
		if err != nil {
			return fmt.Errorf("table entry %q is no number", w)
		}
		t[i] = v
	}
	if err := checkTable(t); err != nil {
		return err
	}
	p.tables = append(p.tables, t)
	return nil
}
