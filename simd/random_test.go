package simd

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

var long = flag.Bool("long", false, "run the long sweeps")

// edges are bits that make trouble, for every type: zeros, ones, extremes, subnormals, infinities, NaN.
func edgeBits(t Type) []uint64 {
	e := []uint64{0, 1, 2, 3, t.mask(), t.mask() >> 1, t.mask()>>1 + 1, t.mask() - 1}
	switch t {
	case F64:
		for _, x := range []float64{1, -1, 0.5, 1.5, -2.5, 3, 1e300, -1e-300, 1e-310, 0x1p-1074, math.Inf(1), math.Inf(-1), math.NaN(),
			math.MaxFloat64, 0x1p63, -0x1p63, 0x1p52, 0x1p31, 2147483647.5, -2147483648.5, 4294967295, 0x1p64, 709.9, 1e9} {
			e = append(e, math.Float64bits(x))
		}
		e = append(e, 0x7FF0000000000001, 0xFFF8000000000001)
	case F32:
		for _, x := range []float32{1, -1, 0.5, 1.5, -2.5, 3, 1e38, -1e-38, 1e-44, float32(math.Inf(1)), float32(math.Inf(-1)),
			float32(math.NaN()), math.MaxFloat32, 0x1p31, -0x1p31, 0x1p23, 2147483520} {
			e = append(e, uint64(math.Float32bits(x)))
		}
		e = append(e, 0x7F800001)
	}
	return e
}

// randomBits draws a value of type t: an edge, a small number or any bits.
func randomBits(r *rand.Rand, t Type) uint64 {
	switch k := r.IntN(4); {
	case k == 0:
		e := edgeBits(t)
		return e[r.IntN(len(e))]
	case k == 1 && t == F64:
		return math.Float64bits(r.NormFloat64() * 10)
	case k == 1 && t == F32:
		return uint64(math.Float32bits(float32(r.NormFloat64() * 10)))
	case k == 1:
		return uint64(int64(r.IntN(41)-20)) & t.mask()
	}
	return r.Uint64() & t.mask()
}

// randomProgram builds a program from the rows of the primitive table, with operands of every type.
func randomProgram(r *rand.Rand, size int) (*Program, error) {
	b := NewBuilder()
	types := []Type{F64, F32, I64, I32, U64, U32, I16, U16, I8, U8}
	r.Shuffle(len(types), func(i, j int) { types[i], types[j] = types[j], types[i] })
	types = types[:1+r.IntN(4)]
	pool := map[Type][]Value{}
	add := func(v Value) {
		if t := b.TypeOf(v); t != Invalid {
			pool[t] = append(pool[t], v)
		}
	}
	for _, t := range types {
		for range 1 + r.IntN(3) {
			add(b.Load(t))
		}
		if r.IntN(2) == 0 {
			add(b.Scalar(t))
		}
		if r.IntN(4) == 0 {
			add(b.Strided(t))
		}
		add(b.Const(t, randomBits(r, t)))
	}
	if r.IntN(3) == 0 {
		add(b.Index())
	}
	randomStraight(r, b, pool, size, true)
	stores := 0
	for t, vs := range pool {
		if t == Mask {
			for _, v := range vs[max(0, len(vs)-2):] {
				b.Store(b.Convert(v, U8))
				stores++
			}
			continue
		}
		b.Store(vs[len(vs)-1])
		stores++
		if ms := pool[Mask]; len(ms) > 0 && r.IntN(3) == 0 {
			b.StoreMasked(ms[r.IntN(len(ms))], vs[r.IntN(len(vs))])
		}
		if r.IntN(4) == 0 {
			op := []Op{OpAdd, OpMin, OpMax, OpAdd}[r.IntN(4)]
			b.Accumulate(op, vs[len(vs)-1])
		}
	}
	return b.Program()
}

func randomStraight(r *rand.Rand, b *Builder, pool map[Type][]Value, size int, regions bool) {
	pick := func(t Type) Value { vs := pool[t]; return vs[len(vs)-1-min(len(vs)-1, int(r.ExpFloat64()*4))] }
	for range size {
		var kinds []Type
		for t := range pool {
			kinds = append(kinds, t)
		}
		slices.Sort(kinds)
		op := OpAdd + Op(r.IntN(int(OpStore-OpAdd)))
		t := kinds[r.IntN(len(kinds))]
		row := &rows[op]
		if op == OpRare && regions && len(pool[Mask]) > 0 {
			m, main := pick(Mask), pick(t)
			inner := map[Type][]Value{}
			for k, vs := range pool {
				inner[k] = slices.Clone(vs)
			}
			out := b.Rare(m, func() []Value {
				randomStraight(r, b, inner, 5, false)
				vs := inner[t]
				return []Value{vs[len(vs)-1]}
			}, main)
			pool[t] = append(pool[t], out[0])
			continue
		}
		if !row.types.has(t) || op == OpRare || op == OpEnd || op == OpMerge {
			continue
		}
		var v Value
		switch row.form {
		case formUnary:
			v = b.emit(op, 0, 0, pick(t))
		case formBinary, formCompare:
			v = b.emit(op, 0, 0, pick(t), pick(t))
		case formTernary:
			v = b.emit(op, 0, 0, pick(t), pick(t), pick(t))
		case formShift:
			v = b.emit(op, 0, uint64(r.IntN(t.bits())), pick(t))
		case formSelect:
			if len(pool[Mask]) == 0 {
				continue
			}
			v = b.Select(pick(Mask), pick(t), pick(t))
		case formCast:
			to := kinds[r.IntN(len(kinds))]
			if to == Mask || op == OpBitcast && (to.Size() != t.Size() || t.IsFloat()) {
				continue // the bits of a NaN are outside the promise: none may become an integer
			}
			if op == OpBitcast {
				v = b.Bitcast(pick(t), to)
			} else {
				v = b.Convert(pick(t), to)
			}
		case formLookup:
			v = b.Lookup([]uint64{3, 5, 7, 1 << 40, 9, 11, 1 << 63, 15}, pick(t))
		}
		if t := b.TypeOf(v); t != Invalid {
			pool[t] = append(pool[t], v)
		}
	}
}

// operands makes memory for a run: sources filled at random, sinks with a pattern that must survive around them.
type operands struct {
	mem     [][]byte
	ptrs    []unsafe.Pointer
	strides []int
}

const guardBytes = 64

func newOperands(p *Program, n int, seed uint64, misalign bool) *operands {
	r := rand.New(rand.NewPCG(seed, 1))
	o := &operands{}
	for k, src := range append(p.Sources(), p.sinks...) {
		count, stride := n, src.Type.Size()
		switch src.Op {
		case OpScalar:
			count = 1
		case OpAccumulate:
			count = AccLanes
		case OpStrided:
			stride *= []int{0, 1, 2, 3, -1, -2, 7}[r.IntN(7)]
		}
		span := max(count-1, 0)*max(stride, -stride) + src.Type.Size()
		off := guardBytes
		if misalign {
			off += r.IntN(8) * src.Type.Size()
		}
		mem := alignedBytes(span + off + guardBytes)
		for i := range mem {
			mem[i] = byte(i*7 + k)
		}
		base := off
		if stride < 0 {
			base = off + max(count-1, 0)*-stride
		}
		if k < len(p.sources) || src.Op == OpAccumulate {
			for i := range count {
				fill(unsafe.Pointer(&mem[base+i*stride]), src.Type.Size(), 1, randomBits(r, src.Type))
			}
		}
		o.mem = append(o.mem, mem)
		o.ptrs = append(o.ptrs, unsafe.Pointer(&mem[base]))
		o.strides = append(o.strides, stride)
	}
	return o
}

// compareSinks compares bytes, NaN being equal to NaN in the element type of a sink.
func compareSinks(p *Program, want, got *operands) error {
	for k := range want.mem {
		t := Invalid
		if k >= len(p.sources) {
			t = p.sinks[k-len(p.sources)].Type
		} else {
			t = p.sources[k].Type
		}
		base := uintptr(want.ptrs[k]) - uintptr(unsafe.Pointer(&want.mem[k][0]))
		for i := range want.mem[k] {
			if want.mem[k][i] == got.mem[k][i] {
				continue
			}
			e := (i - int(base)) / t.Size()
			if i >= int(base) && t.IsFloat() && i < len(want.mem[k])-guardBytes {
				at := int(base) + e*t.Size()
				x, y := loadBits(unsafe.Pointer(&want.mem[k][at]), t.Size()), loadBits(unsafe.Pointer(&got.mem[k][at]), t.Size())
				if isNaN(t, x) && isNaN(t, y) {
					continue
				}
				return fmt.Errorf("operand %d (%s) element %d: want %#x, got %#x", k, t, e, x, y)
			}
			return fmt.Errorf("operand %d (%s) byte %d (element %d): want %#x, got %#x", k, t, i, e, want.mem[k][i], got.mem[k][i])
		}
	}
	return nil
}

func isNaN(t Type, bits uint64) bool {
	if t == F32 {
		return bits&0x7FFFFFFF > 0x7F800000
	}
	return bits&^(1<<63) > 0x7FF<<52
}

func checkProgram(t testing.TB, p *Program, n int, seed uint64, flags Flags) {
	t.Helper()
	ref, err := Compile(p, Options{Engine: Portable})
	if err != nil {
		t.Fatal(err)
	}
	want := newOperands(p, n, seed, true)
	start := int64(seed%4) * AccLanes
	ref.Run(n, start, want.ptrs, want.strides, 0)
	for _, e := range Engines() {
		if e == Portable {
			continue
		}
		k, err := Compile(p, Options{Engine: e})
		if err != nil {
			t.Fatal(err)
		}
		if k.Engine() != e {
			t.Fatalf("%s is not served:\n%s", e, p)
		}
		got := newOperands(p, n, seed, true)
		k.Run(n, start, got.ptrs, got.strides, flags)
		if err := compareSinks(p, want, got); err != nil {
			t.Fatalf("%s, n=%d: %v\n%s\n%s", e, n, err, k.Program(), k.Listing())
		}
	}
}

func TestRandomPrograms(t *testing.T) {
	count := 400
	if *long {
		count = 20000
	}
	for seed := range uint64(count) {
		r := rand.New(rand.NewPCG(seed, 7))
		p, err := randomProgram(r, 1+r.IntN(60))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		n := []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 129, 511, 513, 600, 1025}[r.IntN(20)]
		t.Run(fmt.Sprintf("seed%d", seed), func(t *testing.T) { checkProgram(t, p, n, seed, Flags(r.IntN(2))) })
		if t.Failed() {
			return
		}
	}
}
