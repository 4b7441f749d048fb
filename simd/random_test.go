package simd

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomProgram builds a program from the rows of the primitive table, with operands of every type. The same seed gives
// the same program.
func randomProgram(r *rand.Rand, size int) (*Program, error) {
	g := generator{r: r, b: NewBuilder(), far: r.IntN(3) == 0}
	types := []Type{F64, F32, I64, I32, U64, U32, I16, U16, I8, U8}
	r.Shuffle(len(types), func(i, j int) { types[i], types[j] = types[j], types[i] })
	for _, t := range types[:1+r.IntN(4)] {
		g.sources(t)
	}
	if r.IntN(3) == 0 {
		g.add(g.b.Index())
	}
	if g.far {
		size *= 5
	}
	g.straight(size, true)
	g.sinks()
	return g.b.Program()
}

// generator is a random program in the making.
type generator struct {
	r    *rand.Rand
	b    *Builder
	far  bool              // values are needed long after they were made: many live at once
	pool [numTypes][]Value // what may be used
}

func (g *generator) add(v Value) {
	if t := g.b.TypeOf(v); t != Invalid {
		g.pool[t] = append(g.pool[t], v)
	}
}

// pick takes a value of type t, rather a late one.
func (g *generator) pick(t Type) Value {
	vs := g.pool[t]
	if g.far {
		return vs[g.r.IntN(len(vs))]
	}
	return vs[len(vs)-1-min(len(vs)-1, int(g.r.ExpFloat64()*4))]
}

// types lists the types that there are values of.
func (g *generator) types() (ts []Type) {
	for t := range numTypes {
		if len(g.pool[t]) > 0 {
			ts = append(ts, t)
		}
	}
	return ts
}

func (g *generator) sources(t Type) {
	for range 1 + g.r.IntN(3) {
		g.add(g.b.Load(t))
	}
	if g.r.IntN(2) == 0 {
		g.add(g.b.Scalar(t))
	}
	if g.r.IntN(4) == 0 {
		g.add(g.b.Strided(t))
	}
	g.add(g.b.Const(t, randomBits(g.r, t)))
	if g.r.IntN(8) == 0 {
		g.add(g.b.Const(Mask, uint64(g.r.IntN(2))))
	}
}

func (g *generator) sinks() {
	for _, t := range g.types() {
		vs := g.pool[t]
		if t == Mask {
			for _, v := range vs[max(0, len(vs)-2):] {
				g.b.Store(g.b.Convert(v, U8))
			}
			continue
		}
		g.b.Store(vs[len(vs)-1])
		if len(g.pool[Mask]) > 0 && g.r.IntN(3) == 0 {
			g.b.StoreMasked(g.pick(Mask), g.pick(t))
		}
		if op := OpAdd + Op(g.r.IntN(int(OpNot-OpAdd))); accOps[op] && rows[op].types.has(t) {
			g.b.Accumulate(op, g.pick(t))
		}
	}
}

func (g *generator) straight(size int, regions bool) {
	for range size {
		ts := g.types()
		op, t := OpAdd+Op(g.r.IntN(int(OpStore-OpAdd))), ts[g.r.IntN(len(ts))]
		if op == OpRare && regions && len(g.pool[Mask]) > 0 {
			g.rare(t)
		} else if rows[op].types.has(t) && op != OpRare && op != OpEnd && op != OpMerge {
			g.add(g.instruction(op, t))
		}
	}
}

// rare adds a region with one or two results.
func (g *generator) rare(t Type) {
	mask, main := g.pick(Mask), []Value{g.pick(t)}
	if len(g.pool[Mask]) > 2 && g.r.IntN(2) == 0 {
		main = append(main, g.pick(Mask))
	}
	for _, v := range g.b.Rare(mask, func() []Value {
		inner := *g
		for k := range inner.pool {
			inner.pool[k] = slices.Clone(g.pool[k])
		}
		inner.straight(6, g.r.IntN(8) == 0)
		results := make([]Value, len(main))
		for i := range main {
			vs := inner.pool[g.b.TypeOf(main[i])]
			results[i] = vs[len(vs)-1]
		}
		return results
	}, main...) {
		g.add(v)
	}
}

func (g *generator) instruction(op Op, t Type) Value {
	switch rows[op].form {
	case formUnary:
		return g.b.emit(op, 0, 0, g.pick(t))
	case formBinary, formCompare:
		return g.b.emit(op, 0, 0, g.pick(t), g.pick(t))
	case formTernary:
		return g.b.emit(op, 0, 0, g.pick(t), g.pick(t), g.pick(t))
	case formShift:
		return g.b.emit(op, 0, uint64(g.r.IntN(t.bits())), g.pick(t))
	case formSelect:
		if len(g.pool[Mask]) == 0 {
			return none
		}
		return g.b.Select(g.pick(Mask), g.pick(t), g.pick(t))
	case formCast:
		ts := g.types()
		to := ts[g.r.IntN(len(ts))]
		if to == Mask || op == OpBitcast && (to.Size() != t.Size() || t.IsFloat()) {
			return none // the bits of a NaN are outside the promise: none may become an integer
		}
		if op == OpBitcast {
			return g.b.Bitcast(g.pick(t), to)
		}
		return g.b.Convert(g.pick(t), to)
	case formLookup:
		return g.b.Lookup([]uint64{3, 5, 7, 1 << 40, 9, 11, 1 << 63, 15}, g.pick(t))
	}
	return none
}

func TestRandomPrograms(t *testing.T) {
	count := 1500
	if *long {
		count = 20000
	}
	lengths := []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 129, 511, 513, 600, 1025}
	for seed := range uint64(count) {
		r := rand.New(rand.NewPCG(seed, 7))
		p, err := randomProgram(r, 1+r.IntN(60))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		n, flags := lengths[r.IntN(len(lengths))], Flags(r.IntN(2))
		t.Run(fmt.Sprintf("seed%d", seed), func(t *testing.T) { checkProgram(t, p, n, seed, flags) })
		if t.Failed() {
			return
		}
	}
}
