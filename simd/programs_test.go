package simd

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/lanes-go/lanes/internal/execmem/guard"
)

// Programs that strain the register allocator, the pointers, the frame and the loop.
var hardPrograms = []struct {
	name string
	f    func(b *Builder)
}{
	{"200 live f64", func(b *Builder) { liveValues(b, F64) }},
	{"200 live f32", func(b *Builder) { liveValues(b, F32) }},
	{"200 live i64", func(b *Builder) { liveValues(b, I64) }},
	{"200 live u8", func(b *Builder) { liveValues(b, U8) }},
	{"200 live masks", liveMasks},
	{"live results of every row, f64", func(b *Builder) { liveRows(b, F64) }},
	{"live results of every row, f32", func(b *Builder) { liveRows(b, F32) }},
	{"live results of every row, i64", func(b *Builder) { liveRows(b, I64) }},
	{"live results of every row, u16", func(b *Builder) { liveRows(b, U16) }},
	{"200 live values in a rare region", func(b *Builder) {
		x := b.Load(F64)
		b.Store(b.Rare(b.Lt(x, b.F64(0)), func() []Value { return []Value{combined(b, F64, x)} }, x)[0])
	}},
	{"loads that are moved and spilled", func(b *Builder) {
		var values []Value
		for range 40 {
			values = append(values, b.Abs(b.Load(U32))) // no instruction of its own
		}
		sum := b.Load(U32)
		for i := len(values) - 1; i >= 0; i-- {
			sum = b.Sub(values[i], b.Max(sum, values[i]))
		}
		b.Store(sum)
	}},
	{"300 sources, 40 sinks", manyOperands},
	{"60 scalars, 60 constants", func(b *Builder) {
		x := b.Load(F32)
		for i := range 60 {
			x = b.FMA(x, b.Scalar(F32), b.F32(float32(i)))
			x = b.Max(x, b.F32(-float32(i)))
		}
		b.Store(x)
	}},
	{"every conversion", everyConversion},
	{"regions", manyRegions},
	{"regions that are always and never taken", func(b *Builder) {
		x := b.Load(F64)
		y := b.Rare(b.True(), func() []Value { return []Value{b.Add(x, b.F64(1))} }, x)[0]
		z := b.Rare(b.False(), func() []Value { return []Value{b.Add(x, b.F64(2))} }, x)[0]
		b.Store(y)
		b.Store(z)
	}},
	{"all sources and sinks", func(b *Builder) {
		x, y, s, i := b.Load(F64), b.Strided(F32), b.Scalar(F64), b.Index()
		m := b.Lt(x, s)
		sum := b.Add(b.Mul(x, b.Convert(y, F64)), b.Convert(i, F64))
		b.Store(sum)
		b.StoreMasked(m, b.Convert(i, I32))
		b.StoreMasked(b.Not(m), b.Strided(U8))
		b.Accumulate(OpAdd, sum)
		b.Accumulate(OpMax, b.Convert(i, F32))
		b.Accumulate(OpXor, b.Convert(b.Convert(i, U16), U8))
		b.Store(b.Convert(m, I16))
	}},
	{"loads that are stored", func(b *Builder) {
		x, y := b.Load(F64), b.Load(F32)
		b.Store(y)
		b.Store(x)
		b.StoreMasked(b.Lt(x, b.F64(0)), b.Load(U16))
		b.Accumulate(OpMin, b.Load(I8))
	}},
	{"table of 4096", func(b *Builder) {
		table := make([]uint64, 4096)
		for i := range table {
			table[i] = uint64(i) * 0x9E3779B97F4A7C15
		}
		b.Store(b.Xor(b.Lookup(table, b.Load(U64)), b.Lookup(table[:64], b.Load(I64))))
		b.Store(b.Lookup(table[:1], b.Index()))
	}},
	{"divisions", func(b *Builder) {
		x, y := b.Load(I64), b.Load(I64)
		q := b.IDiv(x, y)
		b.Store(b.IDiv(b.Sub(x, b.Mul(q, y)), b.Add(y, b.Int(I64, 1))))
		b.Store(b.Rare(b.Lt(x, y), func() []Value { return []Value{b.IDiv(y, x)} }, q)[0])
	}},
	{"accumulators of all widths", func(b *Builder) {
		for _, t := range []Type{F64, F32, I64, I32, U16, U8} {
			x := b.Load(t)
			b.Accumulate(OpAdd, x)
			b.Accumulate(OpMax, x)
		}
	}},
	{"byte accumulators", func(b *Builder) {
		x := b.Load(U8)
		b.Accumulate(OpAdd, x)
		b.Store(b.Min(x, b.Load(U8)))
	}},
}

// liveValues computes 200 values and needs them again in the opposite order.
func liveValues(b *Builder, t Type) { b.Store(combined(b, t, b.Load(t))) }

func combined(b *Builder, t Type, x Value) Value {
	values := make([]Value, 200)
	for i := range values {
		c := b.Const(t, edges[t][i%len(edges[t])])
		if values[i] = b.Sub(x, c); i > 0 {
			values[i] = b.Add(values[i], values[i-1])
		}
	}
	sum := x
	for i := len(values) - 1; i >= 0; i-- {
		sum = b.Add(b.Min(sum, values[i]), x)
	}
	return sum
}

// liveRows applies every row to many values, first all of them, and only then uses the results.
func liveRows(b *Builder, t Type) {
	x := []Value{b.Load(t), b.Load(t), b.Scalar(t)}
	var values, masks []Value
	for k := range 3 {
		u, v, w := x[k], x[(k+1)%3], x[(k+2)%3]
		for op := OpAdd; op < OpLookup; op++ {
			if !rows[op].types.has(t) {
				continue
			}
			switch rows[op].form {
			case formUnary:
				values = append(values, b.emit(op, 0, 0, u))
			case formBinary:
				values = append(values, b.emit(op, 0, 0, u, v))
			case formTernary:
				values = append(values, b.emit(op, 0, 0, u, v, w))
			case formShift:
				values = append(values, b.emit(op, 0, 5, u))
			case formCompare:
				masks = append(masks, b.emit(op, 0, 0, u, v))
			}
		}
		for to := I8; to < numTypes; to++ {
			if to != t {
				values = append(values, b.Convert(b.Convert(u, to), t))
			}
		}
		for _, m := range masks {
			values = append(values, b.Select(m, u, v))
		}
	}
	sum := x[0]
	for i := len(values) - 1; i >= 0; i-- {
		sum = b.Select(b.Lt(values[i], x[1]), b.Add(sum, values[i]), b.Max(values[i], x[0]))
	}
	b.Store(sum)
}

func liveMasks(b *Builder) {
	x, y := b.Load(F64), b.Load(F32)
	masks := make([]Value, 200)
	for i := range masks {
		if masks[i] = b.Lt(x, b.F64(float64(i-100))); i%2 == 0 {
			masks[i] = b.Lt(b.F32(float32(i-100)), y)
		}
	}
	m := b.False()
	for i := len(masks) - 1; i >= 0; i-- {
		m = b.Or(b.AndNot(m, masks[i]), b.Xor(masks[i], masks[(i+7)%200]))
	}
	b.Store(b.Select(m, x, b.F64(1)))
	b.Store(b.Select(m, y, b.F32(1)))
}

func manyOperands(b *Builder) {
	types := []Type{F64, F32, I32, U8, I64, U16}
	sums := map[Type]Value{}
	for i := range 300 {
		t := types[i%len(types)]
		x := b.Load(t)
		if old, ok := sums[t]; ok {
			x = b.Add(old, x)
		}
		if sums[t] = x; i >= 260 {
			b.Store(x)
		}
	}
}

func everyConversion(b *Builder) {
	var x []Value
	for t := I8; t < numTypes; t++ {
		x = append(x, b.Load(t))
	}
	for _, v := range x {
		for t := I8; t < numTypes; t++ {
			if t != b.TypeOf(v) {
				b.Store(b.Convert(v, t))
			}
		}
	}
}

// manyRegions has regions whose masks and values are of several widths, each using results of the one before.
func manyRegions(b *Builder) {
	x, y, z := b.Load(F64), b.Load(F32), b.Load(I16)
	i := b.Load(I64)
	for k := range 8 {
		m := b.Lt(z, b.Int(I16, int64(k-4)))
		if k%2 == 0 {
			m = b.Lt(b.F64(float64(k)), x)
		}
		r := b.Rare(m, func() []Value {
			w := b.Mul(b.Convert(y, F64), b.F64(float64(k)+0.5))
			n := b.Rare(b.Lt(w, x), func() []Value { return []Value{b.Add(z, b.Int(I16, 3))} }, z)[0]
			return []Value{b.Sqrt(b.Abs(w)), b.Convert(w, F32), n, b.Le(w, x), b.Shr(i, k+1)}
		}, x, y, z, m, i)
		x, y, z, i = r[0], r[1], r[2], r[4]
		y = b.Select(r[3], y, b.F32(float32(k)))
	}
	b.Store(x)
	b.Store(y)
	b.Store(z)
	b.Store(i)
}

func TestHardPrograms(t *testing.T) {
	for _, c := range hardPrograms {
		t.Run(c.name, func(t *testing.T) { sweep(t, build(t, c.f)) })
	}
}

func TestHardProgramsSimulated(t *testing.T) {
	for _, c := range hardPrograms {
		t.Run(c.name, func(t *testing.T) {
			for _, n := range []int{1, 7, 64, 133} {
				checkSimulated(t, build(t, c.f), n, uint64(n), n == 133)
			}
		})
	}
}

// TestInPlace lays sinks exactly on sources, the same and another, as Run allows.
func TestInPlace(t *testing.T) {
	for _, c := range []struct {
		name  string
		f     func(b *Builder)
		onto  []int // by sink: the source that it lies on
		size  int
		flags Flags
	}{
		{"one", func(b *Builder) { x := b.Load(F64); b.Store(b.Add(x, x)) }, []int{0}, 8, 0},
		{"streaming", func(b *Builder) { x := b.Load(F64); b.Store(b.Add(x, x)) }, []int{0}, 8, Streaming},
		{"copy", func(b *Builder) { b.Store(b.Load(U8)) }, []int{0}, 1, 0},
		{"second", func(b *Builder) { b.Store(b.Sub(b.Load(F32), b.Load(F32))) }, []int{1}, 4, 0},
		{"swap", func(b *Builder) {
			x, y := b.Load(F64), b.Load(F64)
			b.Store(y)
			b.Store(x)
		}, []int{0, 1}, 8, 0},
		{"swap bytes", func(b *Builder) {
			x, y := b.Load(I8), b.Load(I8)
			b.Store(y)
			b.Store(x)
		}, []int{0, 1}, 1, 0},
		{"turn", func(b *Builder) {
			x, y := b.Load(F64), b.Load(F64)
			b.Store(b.Add(x, y))
			b.Store(b.Sub(x, y))
		}, []int{0, 1}, 8, 0},
		{"stored and read", func(b *Builder) {
			x, y := b.Load(I32), b.Load(I32)
			b.Store(b.Neg(y))
			b.Store(x)
			b.StoreMasked(b.Lt(y, x), b.Load(I32))
		}, []int{0, 2, 1}, 4, 0},
		{"masked", func(b *Builder) {
			x, y := b.Load(U16), b.Load(U16)
			b.StoreMasked(b.Lt(x, y), y)
		}, []int{0}, 2, 0},
		{"strided", func(b *Builder) { b.Store(b.Neg(b.Strided(F64))) }, []int{0}, 8, 0},
		{"bits", func(b *Builder) { b.Store(b.Convert(b.Convert(b.Load(F64), I32), F64)) }, []int{0}, 8, 0},
		{"region", func(b *Builder) {
			x, y := b.Load(F64), b.Load(F64)
			b.Store(b.Rare(b.Lt(x, y), func() []Value { return []Value{b.Add(y, b.F64(1))} }, x)[0])
			b.Store(y)
		}, []int{1, 0}, 8, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := build(t, c.f)
			for _, n := range []int{1, 5, 63, 64, 65, 200, 511, 1111} {
				var want []byte
				for _, e := range append([]Engine{Portable}, machines()...) {
					apart, o := newOperands(p, n, 3, false), newOperands(p, n, 3, false)
					for k := range p.sources {
						if p.sources[k].Op == OpStrided {
							apart.list[k].stride, o.strides[k], apart.strides[k] = c.size, c.size, c.size
						}
					}
					for s, k := range c.onto {
						o.ptrs[len(p.sources)+s] = o.ptrs[k]
						copy(apart.list[len(p.sources)+s].mem, apart.list[k].mem)
					}
					k := compile(t, p, e)
					if want == nil { // the first: on operands apart
						k.Run(n, 0, apart.ptrs, apart.strides, 0)
						for s := range c.onto {
							x := &apart.list[len(p.sources)+s]
							x.oneNaN()
							want = append(want, x.mem[x.base:x.base+n*c.size]...)
						}
					}
					k.Run(n, 0, o.ptrs, o.strides, c.flags)
					var got []byte
					for _, k := range c.onto {
						x := &o.list[k]
						x.oneNaN()
						got = append(got, x.mem[x.base:x.base+n*c.size]...)
					}
					if i := firstDiff(got, want); i >= 0 {
						t.Fatalf("%s, n=%d: byte %d differs from the result apart from the sources\n%s", e, n, i, k.Listing())
					}
				}
			}
		})
	}
}

// TestPageEdges lays all operands against an inaccessible page, once their end and once their beginning.
func TestPageEdges(t *testing.T) {
	programs := map[string]*Program{}
	for typ := I8; typ < numTypes; typ++ {
		programs[typ.String()] = build(t, func(b *Builder) {
			x := b.Add(b.Load(typ), b.Scalar(typ))
			b.Store(x)
			b.StoreMasked(b.Lt(x, b.Load(typ)), x)
			b.Accumulate(OpAdd, x)
		})
		programs["strided "+typ.String()] = build(t, func(b *Builder) {
			b.Store(b.Convert(b.Strided(typ), F64))
			b.Store(b.Sub(b.Load(U8), b.Strided(U8)))
		})
	}
	programs["mixed"] = build(t, func(b *Builder) {
		m := b.Lt(b.Load(F64), b.Load(F64))
		for typ := I8; typ < numTypes; typ++ {
			b.Store(b.Select(m, b.Load(typ), b.Scalar(typ)))
		}
	})
	for name, p := range programs {
		t.Run(name, func(t *testing.T) {
			memory := [2][]byte{guard.Before[byte](t, 1<<16), guard.After[byte](t, 1<<16)}
			for _, n := range []int{1, 2, 3, 4, 7, 8, 9, 15, 17, 31, 33, 63, 65, 100, 129} {
				for side := range memory {
					checkEdge(t, p, n, memory[side], side == 0)
				}
			}
		})
	}
}

// checkEdge runs p with one operand after the other at the end, or the start, of memory, the others elsewhere.
func checkEdge(t *testing.T, p *Program, n int, memory []byte, end bool) {
	t.Helper()
	want := newOperands(p, n, 5, false)
	compile(t, p, Portable).Run(n, 0, want.ptrs, want.strides, 0)
	for _, e := range Engines() {
		k := compile(t, p, e)
		for i := range want.list {
			got := newOperands(p, n, 5, false)
			x := &got.list[i]
			old, size := *x, x.hi-x.lo
			x.mem, x.base, x.lo, x.hi = memory[:size], x.base-x.lo, 0, size
			if end {
				x.mem = memory[len(memory)-size:]
			}
			copy(x.mem, old.mem[old.lo:old.hi])
			if size == 0 { // an index
				continue
			}
			got.ptrs[i] = unsafe.Pointer(&x.mem[x.base])
			k.Run(n, 0, got.ptrs, got.strides, 0)
			copy(old.mem[old.lo:old.hi], x.mem)
			*x = old
			if err := got.diff(want); err != nil {
				t.Fatalf("%s, n=%d, operand %d at the edge: %v", e, n, i, err)
			}
		}
	}
}

// TestStart checks that runs over parts, with the start of each, are a run over all.
func TestStart(t *testing.T) {
	for _, c := range hardPrograms {
		p := build(t, c.f)
		if len(p.ins) > 300 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			const n = 700
			for _, e := range Engines() {
				k := compile(t, p, e)
				want, got := newOperands(p, n, 6, true), newOperands(p, n, 6, true)
				k.Run(n, 96, want.ptrs, want.strides, 0)
				for lo := 0; lo < n; lo += 224 {
					part := make([]unsafe.Pointer, len(got.ptrs))
					for i := range part {
						part[i] = got.ptrs[i]
						if x := &got.list[i]; x.Op != OpScalar && x.Op != OpIndex && x.Op != OpAccumulate {
							part[i] = unsafe.Add(part[i], lo*x.stride)
						}
					}
					k.Run(min(224, n-lo), 96+int64(lo), part, got.strides, 0)
				}
				if err := got.diff(want); err != nil {
					t.Fatalf("%s: %v", e, err)
				}
			}
		})
	}
}

func TestRunWithTooFewPointers(t *testing.T) {
	k := compile(t, build(t, func(b *Builder) { b.Store(b.Load(F64)) }), Portable)
	defer func() {
		if r := fmt.Sprint(recover()); r != "simd: 1 pointers for 1 sources and 1 sinks" {
			t.Errorf("panic %q", r)
		}
	}()
	k.Run(1, 0, make([]unsafe.Pointer, 1), nil, 0)
}

func TestRunWithTooFewStrides(t *testing.T) {
	p := build(t, func(b *Builder) { b.Store(b.Add(b.Load(F64), b.Strided(F64))) })
	for _, e := range Engines() {
		func() {
			defer func() {
				if r := fmt.Sprint(recover()); r != "simd: 1 strides, source 1 is strided" {
					t.Errorf("%s: panic %q", e, r)
				}
			}()
			compile(t, p, e).Run(1, 0, make([]unsafe.Pointer, 3), make([]int, 1), 0)
		}()
	}
}
