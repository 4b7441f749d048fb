package simd

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Builder builds a Program. Equal instructions are built once (hash-consing), so what two functions share, such as the
// argument reduction of sin and cos of one x, is computed once. The first mistake is reported by Program; after it every
// method returns a harmless value. A Builder is not safe for concurrent use.
type Builder struct {
	p       Program         // instructions in the order of building
	scopes  []map[Ins]Value // what exists, to find equals; a rare region has a scope of its own
	regions []region
	sinks   []Ins
	err     error
}

type region struct {
	mask       Value
	start, end Value // OpRare and OpEnd
	results    []Value
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder { return &Builder{scopes: []map[Ins]Value{{}}} }

// TypeOf returns the type of x.
func (b *Builder) TypeOf(x Value) Type {
	if x < 0 || int(x) >= len(b.p.ins) {
		return Invalid
	}
	return b.p.ins[x].Type
}

// Err returns the first mistake so far.
func (b *Builder) Err() error { return b.err }

func (b *Builder) fail(format string, args ...any) Value {
	if b.err == nil {
		b.err = fmt.Errorf("simd: "+format, args...)
	}
	return none
}

// emit adds an instruction, or finds the equal one that exists.
func (b *Builder) emit(op Op, want Type, imm uint64, args ...Value) Value {
	if b.err != nil {
		return none
	}
	in := Ins{Op: op, Args: [3]Value{none, none, none}, Imm: imm}
	var t [3]Type
	for k, a := range args {
		if t[k] = b.TypeOf(a); t[k] == Invalid {
			return b.fail("%s: operand %d is not a value of this builder", op, k)
		}
		in.Args[k] = a
	}
	var err error
	if in.Type, err = resultType(op, want, t, imm); err != nil {
		return b.fail("%s: %w", op, err)
	}
	if rows[op].commutes && b.after(in.Args[0], in.Args[1]) {
		in.Args[0], in.Args[1] = in.Args[1], in.Args[0]
	}
	for _, scope := range b.scopes {
		if v, ok := scope[in]; ok {
			return v
		}
	}
	return b.add(in, len(b.scopes)-1)
}

// after is the order of the operands of commutative primitives: constants last, else as they were built.
func (b *Builder) after(x, y Value) bool {
	cx, cy := b.p.ins[x].Op == OpConst, b.p.ins[y].Op == OpConst
	if cx != cy {
		return cx
	}
	return x > y
}

func (b *Builder) add(in Ins, scope int) Value {
	v := Value(len(b.p.ins))
	b.p.ins = append(b.p.ins, in)
	b.scopes[scope][in] = v
	return v
}

// source adds a source; it may be called while a rare region is open.
func (b *Builder) source(op Op, t Type) Value {
	if b.err != nil {
		return none
	}
	if !rows[op].types.has(t) {
		return b.fail("%s: does not take %s", op, t)
	}
	b.p.sources = append(b.p.sources, Operand{op, t})
	in := Ins{Op: op, Type: t, Args: [3]Value{none, none, none}, Imm: uint64(len(b.p.sources) - 1)}
	return b.add(in, 0)
}

// Load adds a source: a contiguous stream of t.
func (b *Builder) Load(t Type) Value { return b.source(OpLoad, t) }

// Strided adds a source: a stream of t whose elements lie a number of bytes apart that Run is given.
func (b *Builder) Strided(t Type) Value { return b.source(OpStrided, t) }

// Scalar adds a source: one element of t, the same for all lanes.
func (b *Builder) Scalar(t Type) Value { return b.source(OpScalar, t) }

// Index adds a source: the index of the element, as I64, counted from the start given to Run.
func (b *Builder) Index() Value { return b.source(OpIndex, I64) }

// Const is a constant of any type, given by its bits; for Mask 0 or 1.
func (b *Builder) Const(t Type, bits uint64) Value {
	if b.err != nil {
		return none
	}
	if _, err := resultType(OpConst, t, [3]Type{}, bits); err != nil {
		return b.fail("const: %w", err)
	}
	in := Ins{Op: OpConst, Type: t, Args: [3]Value{none, none, none}, Imm: bits}
	if v, ok := b.scopes[0][in]; ok {
		return v
	}
	return b.add(in, 0)
}

// F64 is a float64 constant.
func (b *Builder) F64(x float64) Value { return b.Const(F64, math.Float64bits(x)) }

// F32 is a float32 constant.
func (b *Builder) F32(x float32) Value { return b.Const(F32, uint64(math.Float32bits(x))) }

// Int is an integer constant; x wraps to t.
func (b *Builder) Int(t Type, x int64) Value {
	if !t.IsInt() {
		return b.fail("const: %s is no integer type", t)
	}
	return b.Const(t, uint64(x)&t.mask())
}

// Float is the floating-point constant x rounded to t, F32 or F64.
func (b *Builder) Float(t Type, x float64) Value {
	if t == F32 {
		return b.F32(float32(x))
	}
	return b.F64(x)
}

// True is the mask that all lanes have.
func (b *Builder) True() Value { return b.Const(Mask, 1) }

// False is the mask that no lane has.
func (b *Builder) False() Value { return b.Const(Mask, 0) }

// The primitives; ops.go defines each.

func (b *Builder) Add(x, y Value) Value     { return b.emit(OpAdd, 0, 0, x, y) }
func (b *Builder) Sub(x, y Value) Value     { return b.emit(OpSub, 0, 0, x, y) }
func (b *Builder) Mul(x, y Value) Value     { return b.emit(OpMul, 0, 0, x, y) }
func (b *Builder) Div(x, y Value) Value     { return b.emit(OpDiv, 0, 0, x, y) }
func (b *Builder) Neg(x Value) Value        { return b.emit(OpNeg, 0, 0, x) }
func (b *Builder) Abs(x Value) Value        { return b.emit(OpAbs, 0, 0, x) }
func (b *Builder) Sqrt(x Value) Value       { return b.emit(OpSqrt, 0, 0, x) }
func (b *Builder) FMA(x, y, z Value) Value  { return b.emit(OpFMA, 0, 0, x, y, z) }
func (b *Builder) FMS(x, y, z Value) Value  { return b.emit(OpFMS, 0, 0, x, y, z) }
func (b *Builder) FNMA(x, y, z Value) Value { return b.emit(OpFNMA, 0, 0, x, y, z) }
func (b *Builder) Min(x, y Value) Value     { return b.emit(OpMin, 0, 0, x, y) }
func (b *Builder) Max(x, y Value) Value     { return b.emit(OpMax, 0, 0, x, y) }
func (b *Builder) MinNum(x, y Value) Value  { return b.emit(OpMinNum, 0, 0, x, y) }
func (b *Builder) MaxNum(x, y Value) Value  { return b.emit(OpMaxNum, 0, 0, x, y) }
func (b *Builder) Floor(x Value) Value      { return b.emit(OpFloor, 0, 0, x) }
func (b *Builder) Ceil(x Value) Value       { return b.emit(OpCeil, 0, 0, x) }
func (b *Builder) Trunc(x Value) Value      { return b.emit(OpTrunc, 0, 0, x) }
func (b *Builder) Rint(x Value) Value       { return b.emit(OpRint, 0, 0, x) }
func (b *Builder) MulWide(x, y Value) Value { return b.emit(OpMulWide, 0, 0, x, y) }
func (b *Builder) And(x, y Value) Value     { return b.emit(OpAnd, 0, 0, x, y) }
func (b *Builder) Or(x, y Value) Value      { return b.emit(OpOr, 0, 0, x, y) }
func (b *Builder) Xor(x, y Value) Value     { return b.emit(OpXor, 0, 0, x, y) }
func (b *Builder) AndNot(x, y Value) Value  { return b.emit(OpAndNot, 0, 0, x, y) }
func (b *Builder) Not(x Value) Value        { return b.emit(OpNot, 0, 0, x) }
func (b *Builder) Shl(x Value, n int) Value { return b.emit(OpShl, 0, uint64(n), x) }
func (b *Builder) Shr(x Value, n int) Value { return b.emit(OpShr, 0, uint64(n), x) }
func (b *Builder) ShlV(x, y Value) Value    { return b.emit(OpShlV, 0, 0, x, y) }
func (b *Builder) ShrV(x, y Value) Value    { return b.emit(OpShrV, 0, 0, x, y) }
func (b *Builder) Lt(x, y Value) Value      { return b.emit(OpLt, 0, 0, x, y) }
func (b *Builder) Le(x, y Value) Value      { return b.emit(OpLe, 0, 0, x, y) }
func (b *Builder) Eq(x, y Value) Value      { return b.emit(OpEq, 0, 0, x, y) }
func (b *Builder) Ne(x, y Value) Value      { return b.emit(OpNe, 0, 0, x, y) }
func (b *Builder) Gt(x, y Value) Value      { return b.emit(OpLt, 0, 0, y, x) }
func (b *Builder) Ge(x, y Value) Value      { return b.emit(OpLe, 0, 0, y, x) }

// IDiv is the truncated quotient of integers of any type; x/0 is 0, and MinInt/-1 is MinInt.
func (b *Builder) IDiv(x, y Value) Value {
	switch t := b.TypeOf(x); {
	case t == I64 || !t.IsInt() || b.TypeOf(y) != t:
		return b.emit(OpIDiv, 0, 0, x, y)
	case t == U64:
		return b.divideU64(x, y)
	default: // the quotient of integers of 32 bits, truncated, is that of float64 (53 bits are enough)
		q := b.Convert(b.Div(b.Convert(x, F64), b.Convert(y, F64)), I64)
		zero := b.Eq(y, b.Int(t, 0))
		return b.Select(zero, b.Int(t, 0), b.Convert(q, t))
	}
}

// divideU64 halves the dividend, divides as signed, doubles and corrects; a divisor of 2^63 or more goes at most once.
func (b *Builder) divideU64(x, y Value) Value {
	zero, one := b.Int(U64, 0), b.Int(U64, 1)
	bit := func(m Value) Value { return b.Select(m, one, zero) }
	half := b.IDiv(b.Bitcast(b.Shr(x, 1), I64), b.Bitcast(y, I64))
	q := b.Shl(b.Bitcast(half, U64), 1)
	q = b.Add(q, bit(b.Ge(b.Sub(x, b.Mul(q, y)), y)))
	big := b.Lt(b.Bitcast(y, I64), b.Int(I64, 0))
	return b.Select(b.Eq(y, zero), zero, b.Select(big, bit(b.Ge(x, y)), q))
}

// Select is x where the mask m is set, else y. For masks it is written in and, andnot, or.
func (b *Builder) Select(m, x, y Value) Value {
	if b.TypeOf(x) == Mask {
		return b.Or(b.And(x, m), b.AndNot(y, m))
	}
	return b.emit(OpSelect, 0, 0, m, x, y)
}

// Bitcast reads the bits of x as type t of the same width.
func (b *Builder) Bitcast(x Value, t Type) Value {
	if b.TypeOf(x) == t {
		return x
	}
	return b.emit(OpBitcast, t, 0, x)
}

// Lookup is table[x mod len(table)]; the length must be a power of two.
func (b *Builder) Lookup(table []uint64, x Value) Value {
	k := slices.IndexFunc(b.p.tables, func(t []uint64) bool { return slices.Equal(t, table) })
	if k < 0 {
		k = len(b.p.tables)
		b.p.tables = append(b.p.tables, slices.Clone(table))
	}
	return b.emit(OpLookup, U64, uint64(k), x)
}

// Convert changes the type of x: integers extend by their own signedness or wrap; integer to float rounds once; float to
// integer truncates, saturates and takes NaN to 0; a mask gives 0 or 1; a number gives the mask of x != 0.
func (b *Builder) Convert(x Value, t Type) Value {
	from := b.TypeOf(x)
	switch {
	case b.err != nil:
		return none
	case from == t:
		return x
	case from == Mask && t.IsFloat():
		return b.Select(x, b.Float(t, 1), b.Float(t, 0))
	case from == Mask:
		return b.Select(x, b.Int(t, 1), b.Int(t, 0))
	case t == Mask:
		return b.Ne(x, b.Const(from, 0))
	case converts(from, t):
		return b.emit(OpConvert, t, 0, x)
	case from.IsInt() && t.IsInt():
		return b.Bitcast(x, t)
	case from == U64:
		return b.fromU64(x, t)
	case from == U32:
		return b.Convert(b.Convert(x, I64), t)
	case from.IsInt():
		return b.Convert(b.Convert(x, I32), t)
	case from == F32:
		return b.Convert(b.Convert(x, F64), t)
	case t == U64:
		return b.toU64(x)
	case t == U32:
		return b.Convert(b.Max(b.Min(b.Convert(x, I64), b.Int(I64, math.MaxUint32)), b.Int(I64, 0)), t)
	case t.IsSigned():
		hi := int64(t.mask() >> 1)
		return b.Convert(b.Max(b.Min(b.Convert(x, I32), b.Int(I32, hi)), b.Int(I32, -hi-1)), t)
	}
	return b.Convert(b.Max(b.Min(b.Convert(x, I32), b.Int(I32, int64(t.mask()))), b.Int(I32, 0)), t)
}

// fromU64 halves what does not fit int64, keeping the lost bit sticky so that the one rounding is right, and doubles.
func (b *Builder) fromU64(x Value, t Type) Value {
	one := b.Int(U64, 1)
	half := b.Or(b.Shr(x, 1), b.And(x, one))
	big := b.Lt(b.Bitcast(x, I64), b.Int(I64, 0))
	f := b.Convert(b.Bitcast(b.Select(big, half, x), I64), t)
	return b.Select(big, b.Add(f, f), f)
}

func (b *Builder) toU64(x Value) Value {
	two63 := b.F64(0x1p63)
	big := b.Le(two63, x)
	low := b.Convert(b.Select(big, b.Sub(x, two63), b.Select(b.Lt(x, b.F64(0)), b.F64(0), x)), I64)
	return b.Bitcast(b.Xor(low, b.Select(big, b.Int(I64, math.MinInt64), b.Int(I64, 0))), U64)
}

// Rare adds a region that runs only for vectors in which a lane has the mask: result i is region()[i] where the mask is
// set, else main[i]. Inside region, values from outside may be used; what it builds must not leave it but as a result.
// Regions do not nest: a Rare inside a region is evaluated as part of it.
func (b *Builder) Rare(mask Value, build func() []Value, main ...Value) []Value {
	if b.err != nil {
		return make([]Value, len(main))
	}
	if len(b.scopes) > 1 {
		return b.selectAll(mask, build(), main)
	}
	start := b.emit(OpRare, 0, 0, mask)
	if b.err != nil {
		return make([]Value, len(main))
	}
	delete(b.scopes[0], b.p.ins[start]) // every region opens anew
	b.scopes = append(b.scopes, map[Ins]Value{})
	results := slices.Clone(build())
	b.scopes = b.scopes[:1]
	if b.err != nil {
		return make([]Value, len(main))
	}
	if len(results) != len(main) {
		b.fail("rare: the region has %d results, %d are wanted", len(results), len(main))
		return make([]Value, len(main))
	}
	end := Value(len(b.p.ins))
	b.p.ins = append(b.p.ins, Ins{Op: OpEnd, Args: [3]Value{none, none, none}})
	r := region{mask, start, end, results}
	if old := b.sameRegion(r, main); old != nil {
		r = *old // what was just built stays behind unused
	} else {
		b.regions = append(b.regions, r)
	}
	return b.merge(r, main)
}

func (b *Builder) selectAll(mask Value, xs, main []Value) []Value {
	out := make([]Value, len(main))
	if len(xs) != len(main) {
		b.fail("rare: the region has %d results, %d are wanted", len(xs), len(main))
		return out
	}
	for i := range main {
		out[i] = b.Select(mask, xs[i], main[i])
	}
	return out
}

// merge adds the merges of a region. Program moves them to just behind it.
func (b *Builder) merge(r region, main []Value) []Value {
	out := make([]Value, len(main))
	for i, x := range r.results {
		if b.TypeOf(x) == Invalid {
			out[i] = b.fail("rare: result %d is not a value of this builder", i)
			continue
		}
		if op := b.p.ins[x].Op; x < r.start || op == OpConst || op.isSource() { // a value from outside the region
			out[i] = b.Select(r.mask, x, main[i])
		} else {
			out[i] = b.emit(OpMerge, 0, 0, r.mask, x, main[i])
		}
	}
	return out
}

// sameRegion finds an earlier region that does the same as r and stands behind all of main.
func (b *Builder) sameRegion(r region, main []Value) *region {
	for k := range b.regions {
		o := &b.regions[k]
		if o.mask == r.mask && slices.Max(append([]Value{0}, main...)) < o.start && b.regionsEqual(o, &r) {
			return o
		}
	}
	return nil
}

// regionsEqual compares two regions instruction by instruction, passing over constants, which belong to no region.
func (b *Builder) regionsEqual(x, y *region) bool {
	next := func(i Value) Value {
		for i++; b.p.ins[i].Op == OpConst || b.p.ins[i].Op.isSource(); i++ {
		}
		return i
	}
	twin := map[Value]Value{}
	same := func(a, c Value) bool { t, ok := twin[a]; return a == c || ok && t == c }
	i, j := next(x.start), next(y.start)
	for i < x.end && j < y.end {
		p, q := b.p.ins[i], b.p.ins[j]
		for k := range p.Args {
			if !same(p.Args[k], q.Args[k]) {
				return false
			}
		}
		p.Args = q.Args
		if p != q {
			return false
		}
		twin[i] = j
		i, j = next(i), next(j)
	}
	return i == x.end && j == y.end && slices.EqualFunc(x.results, y.results, same)
}

// Store adds a sink: x goes to element i of a contiguous stream.
func (b *Builder) Store(x Value) { b.sink(Ins{Op: OpStore, Args: [3]Value{x, none, none}}, x) }

// StoreMasked adds a sink: as Store, but only lanes that have the mask are written.
func (b *Builder) StoreMasked(mask, x Value) {
	b.sink(Ins{Op: OpStoreMasked, Args: [3]Value{mask, x, none}}, x)
}

// Accumulate adds a sink: an array of AccLanes elements, of which lane i mod AccLanes becomes op(lane, x) for every
// element i in turn.
func (b *Builder) Accumulate(op Op, x Value) {
	b.sink(Ins{Op: OpAccumulate, Acc: op, Args: [3]Value{x, none, none}}, x)
}

func (b *Builder) sink(in Ins, x Value) {
	if b.err != nil {
		return
	}
	if len(b.scopes) > 1 {
		b.fail("%s: a sink inside a rare region", in.Op)
		return
	}
	for k, a := range in.args() {
		if b.TypeOf(a) == Invalid {
			b.fail("%s: operand %d is not a value of this builder", in.Op, k)
			return
		}
	}
	in.Type, in.Imm = b.TypeOf(x), uint64(len(b.sinks))
	b.sinks = append(b.sinks, in)
	b.p.sinks = append(b.p.sinks, Operand{in.Op, in.Type})
}

// Program returns what was built, or the first mistake.
func (b *Builder) Program() (*Program, error) {
	if b.err != nil {
		return nil, b.err
	}
	p := b.arrange()
	if err := p.verify(instructionNumber); err != nil {
		return nil, err
	}
	return p, nil
}

// arrange puts the live instructions into a program's order: sources, constants, then the rest with every merge just
// behind its region, then sinks.
func (b *Builder) arrange() *Program {
	a := arranger{b: b, live: b.live(), place: make([]Value, len(b.p.ins))}
	p := &a.out
	p.sources, p.sinks, p.tables = b.p.sources, b.p.sinks, b.p.tables
	p.ins = make([]Ins, 0, len(b.p.ins)+len(b.sinks))
	for i := range b.p.ins {
		if b.p.ins[i].Op.isSource() {
			a.put(Value(i))
		}
	}
	for i := range b.p.ins {
		if b.p.ins[i].Op == OpConst && a.live[i] {
			a.put(Value(i))
		}
	}
	merges := a.merges()
	for i := range b.p.ins {
		in := &b.p.ins[i]
		if !a.live[i] || in.Op.isSource() || in.Op == OpConst || in.Op == OpMerge {
			continue
		}
		a.put(Value(i))
		if in.Op == OpEnd {
			for _, m := range merges[b.regionOf(Value(i))] {
				a.put(m)
			}
		}
	}
	for _, in := range b.sinks {
		p.ins = append(p.ins, a.renamed(in))
	}
	return p
}

type arranger struct {
	b     *Builder
	live  []bool
	place []Value // new place of an instruction
	out   Program
}

func (a *arranger) renamed(in Ins) Ins {
	for k, x := range in.Args {
		if x >= 0 {
			in.Args[k] = a.place[x]
		}
	}
	return in
}

func (a *arranger) put(i Value) {
	a.place[i] = Value(len(a.out.ins))
	a.out.ins = append(a.out.ins, a.renamed(a.b.p.ins[i]))
}

// merges lists the live merges by region.
func (a *arranger) merges() [][]Value {
	list := make([][]Value, len(a.b.regions))
	for i := range a.b.p.ins {
		if in := &a.b.p.ins[i]; in.Op == OpMerge && a.live[i] {
			k := a.b.regionOf(in.Args[1])
			list[k] = append(list[k], Value(i))
		}
	}
	return list
}

// regionOf returns the place of the region that computes x, or ends with it.
func (b *Builder) regionOf(x Value) int {
	k, _ := slices.BinarySearchFunc(b.regions, x, func(r region, x Value) int { return cmp.Compare(r.end, x) })
	return k
}

// live marks what the sinks need. A region is needed whole if one of its merges is.
func (b *Builder) live() []bool {
	live := make([]bool, len(b.p.ins))
	for _, in := range b.sinks {
		for _, x := range in.args() {
			live[x] = true
		}
	}
	for i := len(b.p.ins) - 1; i >= 0; i-- {
		if !live[i] {
			continue
		}
		in := &b.p.ins[i]
		for _, x := range in.args() {
			live[x] = true
		}
		if in.Op != OpMerge {
			continue
		}
		r := &b.regions[b.regionOf(in.Args[1])]
		live[r.start], live[r.end] = true, true
	}
	return live
}
