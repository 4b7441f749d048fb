package simd

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// rowCase is a program around one row of the primitive table. If it has a meaning, it loads the operands and stores the
// one result.
type rowCase struct {
	name     string
	p        *Program
	meaning  *meaning
	operands []Type
}

// table collects the cases.
type table struct {
	t     testing.TB
	cases []rowCase
}

// pure adds a case whose result depends on the operands alone.
func (tb *table) pure(m meaning, name string, operands []Type, f func(b *Builder, x []Value) Value) {
	p := build(tb.t, func(b *Builder) {
		x := make([]Value, len(operands))
		for i, o := range operands {
			if x[i] = none; o == Mask {
				x[i] = b.Convert(b.Load(U8), Mask)
			} else {
				x[i] = b.Load(o)
			}
		}
		storeAny(b, f(b, x))
	})
	tb.cases = append(tb.cases, rowCase{name, p, &m, operands})
}

// storeAny stores a value, a mask as bytes.
func storeAny(b *Builder, v Value) {
	if b.TypeOf(v) == Mask {
		v = b.Convert(v, U8)
	}
	b.Store(v)
}

// memory adds a case of a row that moves memory.
func (tb *table) memory(name string, f func(b *Builder)) {
	tb.cases = append(tb.cases, rowCase{name: name, p: build(tb.t, f)})
}

// rowCases has a case for every row and operand type, and for what Builder composes of rows: the other conversions and
// integer divisions.
func rowCases(t testing.TB) []rowCase {
	tb := &table{t: t}
	for op := OpLoad; op < numOps; op++ {
		for typ := Mask; typ < numTypes; typ++ {
			if rows[op].types.has(typ) {
				tb.row(op, typ)
			}
		}
	}
	for from := Mask; from < numTypes; from++ {
		for to := Mask; to < numTypes; to++ {
			if from != to && !converts(from, to) {
				tb.pure(meaning{op: OpConvert, from: from, to: to}, fmt.Sprintf("Convert %s %s", from, to), []Type{from},
					func(b *Builder, x []Value) Value { return b.Convert(x[0], to) })
			}
		}
		if from.IsInt() && from != I64 {
			tb.pure(meaning{op: OpIDiv, from: from, to: from}, "IDiv "+from.String(), []Type{from, from},
				func(b *Builder, x []Value) Value { return b.IDiv(x[0], x[1]) })
		}
	}
	return tb.cases
}

func (tb *table) row(op Op, typ Type) {
	m := meaning{op: op, from: typ, to: typ}
	name := fmt.Sprintf("%s %s", op, typ)
	emit := func(b *Builder, x []Value) Value { return b.emit(op, m.to, m.imm, x...) }
	operands := slices.Repeat([]Type{typ}, rows[op].args)
	switch rows[op].form {
	case formUnary, formBinary, formTernary:
		tb.pure(m, name, operands, emit)
	case formCompare:
		m.to = Mask
		tb.pure(m, name, operands, emit)
	case formShift:
		for _, n := range []int{0, 1, 7, typ.bits() / 2, typ.bits() - 1} {
			m.imm = uint64(n)
			tb.pure(m, fmt.Sprintf("%s by %d", name, n), operands, emit)
		}
	case formCast:
		for to := Mask + 1; to < numTypes; to++ {
			if m.to = to; op == OpBitcast && to.Size() == typ.Size() || op == OpConvert && converts(typ, to) {
				tb.pure(m, fmt.Sprintf("%s %s", name, to), operands, emit)
			}
		}
	case formLookup:
		m.to, m.table = U64, []uint64{3, 5, 7, 1 << 40, 9, 11, 1 << 63, math.MaxUint64}
		tb.pure(m, name, operands, func(b *Builder, x []Value) Value { return b.Lookup(m.table, x[0]) })
	case formSelect:
		operands[0] = Mask
		tb.pure(m, name, operands, func(b *Builder, x []Value) Value {
			if op == OpSelect {
				return emit(b, x)
			}
			return b.Rare(x[0], func() []Value { return []Value{passed(b, x[1])} }, x[2])[0]
		})
	default:
		tb.memoryRow(op, typ, name)
	}
}

// passed is x, computed by instructions of the region that it is in.
func passed(b *Builder, x Value) Value {
	switch t := b.TypeOf(x); {
	case t == Mask:
		return b.Xor(b.Not(x), b.True())
	case t.IsInt():
		return b.Xor(b.Not(x), b.Const(t, t.mask()))
	}
	return b.Neg(b.Neg(x))
}

func (tb *table) memoryRow(op Op, typ Type, name string) {
	switch op {
	case OpLoad, OpStore:
		tb.memory(name, func(b *Builder) { b.Store(b.Load(typ)) })
	case OpStrided:
		tb.memory(name, func(b *Builder) { b.Store(b.Strided(typ)) })
	case OpScalar:
		tb.memory(name, func(b *Builder) { b.Store(b.Scalar(typ)) })
		tb.memory(name+" beside load", func(b *Builder) { b.Store(b.Add(b.Load(typ), b.Scalar(typ))) })
	case OpIndex:
		tb.memory(name, func(b *Builder) { b.Store(b.Index()) })
	case OpConst:
		for _, bits := range edges[typ][:2] {
			tb.memory(fmt.Sprintf("%s %#x", name, bits), func(b *Builder) { storeAny(b, b.Const(typ, bits)) })
		}
	case OpStoreMasked:
		tb.memory(name, func(b *Builder) { b.StoreMasked(b.Convert(b.Load(U8), Mask), b.Load(typ)) })
		tb.memory(name+" wide", func(b *Builder) { b.StoreMasked(b.Lt(b.Load(I64), b.Int(I64, 0)), b.Load(typ)) })
	case OpAccumulate:
		for acc := range numOps {
			if accOps[acc] && rows[acc].types.has(typ) {
				tb.memory(name+" "+acc.String(), func(b *Builder) { b.Accumulate(acc, b.Load(typ)) })
			}
		}
	}
}

// TestRowCases checks that the cases leave out no row and no operand type, be it by the rules that simplify programs.
func TestRowCases(t *testing.T) {
	var have [numOps]typeSet
	for _, c := range rowCases(t) {
		p := optimise(c.p, Options{})
		for i := range p.ins {
			in := &p.ins[i]
			typ := in.Type
			switch a := in.args(); rows[in.Op].form {
			case formCompare, formCast, formLookup, formRegion:
				if len(a) > 0 {
					typ = p.ins[a[0]].Type
				}
			}
			if typ != Invalid {
				have[in.Op] |= setOf(typ)
			}
		}
	}
	for op := OpLoad; op < numOps; op++ {
		if left := rows[op].types &^ have[op]; left != 0 && !(op == OpConst && left == setOf(Mask)) {
			t.Errorf("row %s: no case of types %b", op, left)
		}
	}
}

// TestRowsByDefinition holds the portable engine against independent definitions, on all combinations of edge values.
func TestRowsByDefinition(t *testing.T) {
	for _, c := range rowCases(t) {
		if c.meaning == nil {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			values := combinations(c.operands)
			got := runEdges(compile(t, c.p, Portable), values)
			args := make([]uint64, len(values))
			for i := range values[0] {
				for k := range values {
					args[k] = values[k][i]
				}
				x, want := got[i], c.meaning.eval(args)
				if x != want && !(isNaN(c.meaning.to, x) && isNaN(c.meaning.to, want)) {
					t.Fatalf("of %#x: %#x, want %#x\n%s", args, x, want, c.p)
				}
			}
		})
	}
}

// combinations lists, for each operand, its values in all combinations of edge values; of three operands, a part.
func combinations(types []Type) [][]uint64 {
	out := make([][]uint64, len(types))
	total, step := 1, 1
	for _, t := range types {
		total *= len(edges[t])
	}
	if total > 5000 && !*long {
		step = 13
	}
	for i := 0; i < total; i += step {
		rest := i
		for k, t := range types {
			out[k] = append(out[k], edges[t][rest%len(edges[t])])
			rest /= len(edges[t])
		}
	}
	return out
}

// runEdges runs a kernel on values and returns the bits of the one sink.
func runEdges(k *Kernel, values [][]uint64) []uint64 {
	n := len(values[0])
	o := newOperands(k.Program(), n, 0, false)
	for j := range values {
		for i, v := range values[j] {
			o.list[j].set(i, v)
		}
	}
	k.Run(n, 0, o.ptrs, o.strides, 0)
	sink := &o.list[len(o.list)-1]
	out := make([]uint64, n)
	for i := range out {
		out[i] = sink.get(i)
	}
	return out
}

// TestRowsEdgeValues puts every combination of edge values in every lane position, on every engine.
func TestRowsEdgeValues(t *testing.T) {
	for _, c := range rowCases(t) {
		if c.meaning == nil {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			values := combinations(c.operands)
			lanes := 64 / c.p.widest()
			for j, v := range values { // every one of them in every lane
				values[j] = slices.Repeat(v, 1+2*lanes/len(v))
			}
			want := runEdges(compile(t, c.p, Portable), values)
			for _, e := range machines() {
				k := compile(t, c.p, e)
				for shift := range lanes {
					part := make([][]uint64, len(values))
					for j := range values {
						part[j] = values[j][shift:]
					}
					for i, x := range runEdges(k, part) {
						w := want[shift+i]
						if x != w && !(isNaN(c.meaning.to, x) && isNaN(c.meaning.to, w)) {
							t.Fatalf("%s, lane %d: %#x, want %#x\n%s", e, i%lanes, x, w, k.Listing())
						}
					}
				}
			}
		})
	}
}

// TestRowsLengths runs every row at every length up to three vectors and one, and around where the driver changes its
// ways; aligned and not; with non-temporal stores and without.
func TestRowsLengths(t *testing.T) {
	for _, c := range rowCases(t) {
		t.Run(c.name, func(t *testing.T) { sweep(t, c.p) })
	}
}

func sweep(t *testing.T, p *Program) {
	t.Helper()
	portable := compile(t, p, Portable)
	kernels := map[Engine]*Kernel{}
	for _, e := range machines() {
		kernels[e] = compile(t, p, e)
	}
	lengths := []int{510, 511, 512, 513, 1023, 1024, 1025}
	step := 1
	if raceEnabled || len(p.ins) > 150 && !*long {
		step = 7 // slow
	}
	for n := 0; n < 3*64/p.widest()+2; n += step {
		lengths = append(lengths, n)
	}
	if *long {
		lengths = append(lengths, 1500, 4000, 1<<15-1, 1<<15+1, 1<<16+77)
	}
	for _, n := range lengths {
		for mode := range 4 {
			shift, flags := mode&1 != 0, Flags(mode>>1)
			seed := uint64(n*4 + mode&1)
			want := newOperands(p, n, seed, shift)
			portable.Run(n, 0, want.ptrs, want.strides, 0)
			for e, k := range kernels {
				got := newOperands(p, n, seed, shift)
				k.Run(n, 0, got.ptrs, got.strides, flags)
				if err := got.diff(want); err != nil {
					t.Fatalf("%s, n=%d, misaligned %v, flags %d: %v\n%s", e, n, shift, flags, err, k.Listing())
				}
			}
		}
	}
}

// TestRowsSimulated runs every row on the model of the processor.
func TestRowsSimulated(t *testing.T) {
	for _, c := range rowCases(t) {
		t.Run(c.name, func(t *testing.T) {
			lanes := 64 / c.p.widest()
			lengths := []int{1, lanes - 1, 3*lanes + 1}
			if *long {
				lengths = nil
				for n := range 4*lanes + 2 {
					lengths = append(lengths, n)
				}
			}
			for _, n := range lengths {
				checkSimulated(t, c.p, n, uint64(n), n == 3*lanes+1)
			}
		})
	}
}
