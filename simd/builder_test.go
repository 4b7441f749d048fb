package simd

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// TestRegionsAreShared checks that equal regions are one, and what a region's results are.
func TestRegionsAreShared(t *testing.T) {
	var regions [2][]Value
	p := build(t, func(b *Builder) {
		x, y := b.Load(F64), b.Scalar(F64)
		s := b.Add(b.Mul(x, y), b.F64(1))
		f := func() []Value { return []Value{b.Mul(s, b.F64(0.5)), b.F64(7)} }
		for i := range regions {
			regions[i] = b.Rare(b.Gt(s, b.F64(10)), f, s, x)
		}
		b.Store(regions[0][0])
		b.Store(regions[0][1])
	})
	if regions[0][0] != regions[1][0] || regions[0][1] != regions[1][1] {
		t.Errorf("equal regions give %v and %v", regions[0], regions[1])
	}
	if n := strings.Count(p.String(), "rare "); n != 1 {
		t.Errorf("%d regions:\n%s", n, p)
	}
	const n = 1100
	in, out := make([]float64, n), [2][]float64{make([]float64, n), make([]float64, n)}
	for i := range in {
		in[i] = float64(i) / 100
	}
	scale := 3.0
	for _, e := range Engines() {
		compile(t, p, e).Run(n, 0, []unsafe.Pointer{unsafe.Pointer(&in[0]), unsafe.Pointer(&scale),
			unsafe.Pointer(&out[0][0]), unsafe.Pointer(&out[1][0])}, nil, 0)
		for i := range in {
			w, v := float64(in[i]*3)+1, in[i]
			if w > 10 {
				w, v = w*0.5, 7
			}
			if math.Float64bits(out[0][i]) != math.Float64bits(w) || out[1][i] != v {
				t.Fatalf("%v: element %d: %v %v, want %v %v", e, i, out[0][i], out[1][i], w, v)
			}
		}
	}
}

// TestRegionsApart checks that regions which differ, or whose main values come too late, are not taken for equal.
func TestRegionsApart(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(b *Builder, x, y Value) []Value
		want int
	}{
		{"same, more main values", func(b *Builder, x, y Value) []Value {
			m := b.Lt(x, y)
			f := func() []Value { return []Value{b.Sqrt(x)} }
			return append(b.Rare(m, f, x), b.Rare(m, f, y)...)
		}, 1},
		{"another mask", func(b *Builder, x, y Value) []Value {
			f := func() []Value { return []Value{b.Sqrt(x)} }
			return append(b.Rare(b.Lt(x, y), f, x), b.Rare(b.Le(x, y), f, x)...)
		}, 2},
		{"another operation", func(b *Builder, x, y Value) []Value {
			m := b.Lt(x, y)
			return append(b.Rare(m, func() []Value { return []Value{b.Sqrt(x)} }, x),
				b.Rare(m, func() []Value { return []Value{b.Floor(x)} }, x)...)
		}, 2},
		{"another shift", func(b *Builder, x, y Value) []Value {
			m, i := b.Lt(x, y), b.Index()
			return append(b.Rare(m, func() []Value { return []Value{b.Shl(i, 1)} }, i),
				b.Rare(m, func() []Value { return []Value{b.Shl(i, 2)} }, i)...)
		}, 2},
		{"one longer", func(b *Builder, x, y Value) []Value {
			m := b.Lt(x, y)
			return append(b.Rare(m, func() []Value { return []Value{b.Sqrt(x)} }, x),
				b.Rare(m, func() []Value { return []Value{b.Sqrt(b.Sqrt(x))} }, x)...)
		}, 2},
		{"the main value is a result of the first", func(b *Builder, x, y Value) []Value {
			m := b.Lt(x, y)
			f := func() []Value { return []Value{b.Sqrt(x)} }
			return b.Rare(m, f, b.Add(b.Rare(m, f, x)[0], y))
		}, 2},
		{"a region in a region is part of it", func(b *Builder, x, y Value) []Value {
			return b.Rare(b.Lt(x, y), func() []Value {
				return b.Rare(b.Lt(y, b.F64(0)), func() []Value { return []Value{b.Sqrt(x)} }, b.Neg(y))
			}, x)
		}, 1},
		{"nothing of the region is used", func(b *Builder, x, y Value) []Value {
			b.Rare(b.Lt(x, y), func() []Value { return []Value{b.Sqrt(x)} }, x)
			return b.Rare(b.Lt(x, y), func() []Value { return []Value{y} }, x)
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := build(t, func(b *Builder) {
				for _, v := range c.f(b, b.Load(F64), b.Load(F64)) {
					b.Store(v)
				}
			})
			if n := strings.Count(p.String(), "rare "); n != c.want {
				t.Errorf("%d regions, want %d:\n%s", n, c.want, p)
			}
			checkProgram(t, p, 100, 1, 0)
			checkSimulated(t, p, 30, 1, false)
		})
	}
}

// TestRareLeavesItsArguments passes a part of a slice as the main values of two regions with one mask.
func TestRareLeavesItsArguments(t *testing.T) {
	b := NewBuilder()
	x := b.Load(F64)
	m := b.Lt(x, b.F64(0))
	main := []Value{b.Neg(x), b.Abs(x)}
	want := slices.Clone(main)
	for range 2 {
		b.Rare(m, func() []Value { return []Value{b.Sqrt(x)} }, main[:1]...)
	}
	if !slices.Equal(main, want) {
		t.Errorf("main is %v now, was %v", main, want)
	}
}

// TestBuilderErrors checks that the first mistake is what Program reports, and that nothing panics after it.
func TestBuilderErrors(t *testing.T) {
	for _, c := range []struct {
		want string
		f    func(b *Builder, x Value)
	}{
		{"load: does not take mask", func(b *Builder, x Value) { b.Load(Mask) }},
		{"strided: does not take invalid", func(b *Builder, x Value) { b.Strided(99) }},
		{"add: operands are f64 and i64", func(b *Builder, x Value) { b.Add(x, b.Int(I64, 1)) }},
		{"add: operand 1 is not a value of this builder", func(b *Builder, x Value) { b.Add(x, 1000) }},
		{"add: operand 1 is not a value of this builder", func(b *Builder, x Value) { b.Add(x, -5) }},
		{"and: does not take f64", func(b *Builder, x Value) { b.And(x, x) }},
		{"idiv: does not take f64", func(b *Builder, x Value) { b.IDiv(x, x) }},
		{"const: f64 is no integer type", func(b *Builder, x Value) { b.Int(F64, 1) }},
		{"const: constant 0x100 does not fit i8", func(b *Builder, x Value) { b.Const(I8, 256) }},
		{"shl: shift by 64 of i64", func(b *Builder, x Value) { b.Shl(b.Index(), 64) }},
		{"shr: shift by 18446744073709551615 of i64", func(b *Builder, x Value) { b.Shr(b.Index(), -1) }},
		{"bitcast: no way from f64 to i32", func(b *Builder, x Value) { b.Bitcast(x, I32) }},
		{"select: first operand must be a mask, not f64", func(b *Builder, x Value) { b.Select(x, x, x) }},
		{"rare: operand must be a mask, not f64", func(b *Builder, x Value) {
			b.Rare(x, func() []Value { return []Value{x} }, x)
		}},
		{"rare: the region has 0 results, 1 are wanted", func(b *Builder, x Value) {
			b.Rare(b.Lt(x, x), func() []Value { return nil }, x)
		}},
		{"store: a sink inside a rare region", func(b *Builder, x Value) {
			b.Rare(b.Lt(x, x), func() []Value { b.Store(x); return []Value{x} }, x)
		}},
		{"rare: result 0 is not a value of this builder", func(b *Builder, x Value) {
			b.Rare(b.Lt(x, x), func() []Value { return []Value{1000} }, x)
		}},
		{"store: operand 0 is not a value of this builder", func(b *Builder, x Value) { b.Store(1000) }},
		{"storemasked: operand 0 is not a value of this builder", func(b *Builder, x Value) { b.StoreMasked(-1, x) }},
		{"cannot accumulate with", func(b *Builder, x Value) { b.Accumulate(200, x) }},
		{"cannot accumulate with sub", func(b *Builder, x Value) { b.Accumulate(OpSub, x) }},
		{"cannot accumulate with and", func(b *Builder, x Value) { b.Accumulate(OpAnd, x) }},
		{"does not take mask", func(b *Builder, x Value) { b.Store(b.Lt(x, x)) }},
		{"3 entries, not a power of two", func(b *Builder, x Value) { b.Store(b.Lookup(make([]uint64, 3), b.Index())) }},
		{"entries, not a power of two", func(b *Builder, x Value) { b.Store(b.Lookup(nil, b.Index())) }},
	} {
		t.Run(c.want, func(t *testing.T) {
			b := NewBuilder()
			x := b.Load(F64)
			c.f(b, x)
			if b.Err() != nil { // every method is harmless now
				y := b.Rare(b.Lt(b.Add(x, x), b.F64(1)), func() []Value { return []Value{b.Convert(x, U64)} }, b.Index())
				b.Store(b.IDiv(y[0], b.Lookup([]uint64{1}, b.Select(b.True(), y[0], y[0]))))
				b.StoreMasked(b.False(), b.Bitcast(b.Strided(I8), U8))
				b.Accumulate(OpAdd, b.Scalar(F32))
			} else {
				b.Store(x)
			}
			if p, err := b.Program(); err == nil || p != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestProgramFigures(t *testing.T) {
	p := build(t, func(b *Builder) {
		x, y := b.Load(F64), b.Strided(F32)
		z := b.FMA(x, b.Scalar(F64), b.Convert(y, F64))
		z = b.Rare(b.Lt(z, x), func() []Value { return []Value{b.Sqrt(b.Sqrt(z))} }, b.Neg(z))[0]
		b.Store(b.Add(z, b.Abs(x)))
		b.StoreMasked(b.Le(x, z), b.Convert(b.Index(), I16))
		b.Accumulate(OpAdd, x)
	})
	if r, w := p.Bytes(); r != 12 || w != 10 {
		t.Errorf("%d bytes read, %d written, want 12 and 10", r, w)
	}
	if n := p.Flops(); n != 3 {
		t.Errorf("%d flops, want 3", n)
	}
	want := []Operand{{OpLoad, F64}, {OpStrided, F32}, {OpScalar, F64}, {OpIndex, I64}}
	for i, o := range p.Sources() {
		if o != want[i] {
			t.Errorf("source %d is %v, want %v", i, o, want[i])
		}
	}
	p.Sources()[0].Type, p.Sinks()[0].Type, p.Instructions()[0].Op = I8, I8, OpEnd // copies
	if _, err := Parse(p.String()); err != nil || len(p.Sources()) != 4 || len(p.Sinks()) != 3 ||
		p.Len() != len(p.Instructions()) {
		t.Errorf("the program was changed through what it returned: %v", err)
	}
}

// TestNoAllocation checks that Run does not allocate, and that Compile allocates little.
func TestNoAllocation(t *testing.T) {
	p := build(t, func(b *Builder) {
		sum := b.Load(F64)
		for range 9 {
			sum = b.Add(sum, b.Load(F64))
		}
		b.Store(sum)
		b.Store(b.Convert(b.Lt(sum, b.Scalar(F64)), U8)) // 13 operands, and no masked tail on AVX2
	})
	regions := build(t, stressProgram) // with scratch memory
	for _, e := range Engines() {
		for _, p := range []*Program{p, regions} {
			k := compile(t, p, e)
			o := newOperands(p, 1000, 1, true)
			for _, n := range []int{1, 30, 1000} {
				for _, flags := range []Flags{0, Streaming} {
					k.Run(n, 0, o.ptrs, o.strides, flags)
					if a := testing.AllocsPerRun(20, func() { k.Run(n, 0, o.ptrs, o.strides, flags) }); a != 0 && !raceEnabled {
						t.Errorf("%s: Run of %d elements allocates %v times", e, n, a)
					}
				}
			}
		}
		ten := hornerProgram(5)
		const runs = 20
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			compile(t, ten, e)
		}
		runtime.ReadMemStats(&after)
		bytes := (after.TotalAlloc - before.TotalAlloc) / runs
		if t.Logf("%s: Compile of ten operations allocates %d bytes", e, bytes); bytes > 100_000 {
			t.Errorf("%s: Compile of ten operations allocates %d bytes", e, bytes)
		}
	}
}
