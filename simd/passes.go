package simd

// The passes run in this order on every program before an engine sees it. Each keeps every bit of the results but
// contract, which is asked for.
func optimise(p *Program, o Options) *Program {
	for _, pass := range []struct {
		name string
		run  func(*Program) *Program
		on   bool
	}{
		{"simplify", simplify, true},
		{"contract", contract, o.Contract},
	} {
		if pass.on {
			p = pass.run(p)
		}
	}
	return p
}

// rebuild sends every instruction of p through rule into a new Builder, whose hash-consing merges what has become equal
// and whose Program drops what is no longer used. rule gets the instruction with its operands renamed and its old
// place; it returns the value that takes its place, or false to keep it.
func rebuild(p *Program, rule func(b *Builder, in *Ins, old Value) (Value, bool)) *Program {
	b := NewBuilder()
	b.p.tables = p.tables
	to := make([]Value, len(p.ins))
	var open region
	for i := range p.ins {
		in := p.ins[i]
		for k, a := range in.Args {
			if a >= 0 {
				in.Args[k] = to[a]
			}
		}
		switch {
		case in.Op.isSource():
			to[i] = b.source(in.Op, in.Type)
		case in.Op == OpConst:
			to[i] = b.Const(in.Type, in.Imm)
		case in.Op.isSink():
			b.sink(in, in.args()[len(in.args())-1])
		case in.Op == OpRare:
			open = region{mask: in.Args[0], start: Value(len(b.p.ins))}
			b.p.ins = append(b.p.ins, in)
			b.scopes = append(b.scopes, map[Ins]Value{})
		case in.Op == OpEnd:
			b.scopes = b.scopes[:1]
			open.end = Value(len(b.p.ins))
			b.p.ins = append(b.p.ins, in)
			b.regions = append(b.regions, open)
		case in.Op == OpMerge:
			to[i] = b.merge(region{open.mask, open.start, open.end, []Value{in.Args[1]}}, in.Args[2:])[0]
		default:
			v, ok := rule(b, &in, Value(i))
			if !ok {
				v = b.emit(in.Op, in.Type, in.Imm, in.args()...)
			}
			to[i] = v
		}
	}
	q, err := b.Program()
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return q
}

// simplify folds constants, by the portable engine, and removes what masks make superfluous.
func simplify(p *Program) *Program {
	return rebuild(p, func(b *Builder, in *Ins, _ Value) (Value, bool) {
		args := in.args()
		var bits [3]uint64
		known := 0
		for k, a := range args {
			if x := &b.p.ins[a]; x.Op == OpConst {
				bits[k] = x.Imm
				known++
			}
		}
		if known == len(args) {
			t := in.Type
			return b.Const(t, evalBits(&b.p, in, bits)&t.mask()), true
		}
		return simplifyMask(b, in)
	})
}

// simplifyMask handles instructions one of whose operands is a constant mask, and a few that cancel out.
func simplifyMask(b *Builder, in *Ins) (Value, bool) {
	constMask := func(v Value) (set, ok bool) {
		x := &b.p.ins[v]
		return x.Imm == 1, x.Op == OpConst && x.Type == Mask
	}
	switch in.Op {
	case OpSelect:
		if set, ok := constMask(in.Args[0]); ok {
			if set {
				return in.Args[1], true
			}
			return in.Args[2], true
		}
		if in.Args[1] == in.Args[2] {
			return in.Args[1], true
		}
		if m := &b.p.ins[in.Args[0]]; m.Op == OpNot {
			return b.Select(m.Args[0], in.Args[2], in.Args[1]), true
		}
	case OpAnd, OpOr:
		for k := range 2 {
			if set, ok := constMask(in.Args[k]); ok {
				if set == (in.Op == OpAnd) {
					return in.Args[1-k], true
				}
				return in.Args[k], true
			}
		}
		if in.Args[0] == in.Args[1] {
			return in.Args[0], true
		}
	case OpNot:
		if x := &b.p.ins[in.Args[0]]; x.Op == OpNot {
			return x.Args[0], true
		}
	}
	return none, false
}

// contract fuses a product that only one sum uses with that sum, the left product first. It changes bits, in the same
// way on every engine.
func contract(p *Program) *Program {
	uses := make([]int, len(p.ins))
	for i := range p.ins {
		for _, a := range p.ins[i].args() {
			uses[a]++
		}
	}
	fusible := map[Value]bool{} // products of the new program
	return rebuild(p, func(b *Builder, in *Ins, old Value) (Value, bool) {
		if in.Op == OpMul && in.Type.IsFloat() && uses[old] == 1 {
			v := b.emit(in.Op, in.Type, 0, in.args()...)
			fusible[v] = true
			return v, true
		}
		if in.Op != OpAdd && in.Op != OpSub || !in.Type.IsFloat() {
			return none, false
		}
		x, y := in.Args[0], in.Args[1]
		if fusible[x] {
			m := b.p.ins[x]
			if in.Op == OpSub {
				return b.FMS(m.Args[0], m.Args[1], y), true
			}
			return b.FMA(m.Args[0], m.Args[1], y), true
		}
		if fusible[y] {
			m := b.p.ins[y]
			if in.Op == OpSub {
				return b.FNMA(m.Args[0], m.Args[1], x), true
			}
			return b.FMA(m.Args[0], m.Args[1], x), true
		}
		return none, false
	})
}
