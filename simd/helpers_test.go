package simd

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

var long = flag.Bool("long", false, "run the long sweeps")

// machines lists the engines of this machine that generate code.
func machines() []Engine {
	all := Engines()
	return all[:len(all)-1]
}

// build returns the program that f builds.
func build(t testing.TB, f func(b *Builder)) *Program {
	t.Helper()
	b := NewBuilder()
	f(b)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// compile compiles p for an engine, which must serve it.
func compile(t testing.TB, p *Program, e Engine) *Kernel {
	t.Helper()
	k, err := Compile(p, Options{Engine: e})
	if err != nil {
		t.Fatal(err)
	}
	if k.Engine() != e {
		t.Fatalf("%s is not served, but %s:\n%s", e, k.Engine(), p)
	}
	return k
}

// edges holds edgeBits of every type.
var edges = func() (e [numTypes][]uint64) {
	for t := Mask; t < numTypes; t++ {
		e[t] = edgeBits(t)
	}
	return e
}()

// edgeBits are bits that make trouble, for every type: zeros, ones, extremes, subnormals, infinities, NaN.
func edgeBits(t Type) []uint64 {
	if t == Mask {
		return []uint64{0, 1}
	}
	e := []uint64{0, 1, 2, 3, t.mask(), t.mask() >> 1, t.mask()>>1 + 1, t.mask() - 1}
	switch t {
	case F64:
		for _, x := range []float64{1, -1, 0.5, 1.5, -2.5, 3, 1e300, -1e-300, 1e-310, 0x1p-1074, math.Inf(1),
			math.Inf(-1), math.NaN(), math.MaxFloat64, 0x1p63, -0x1p63, 0x1p52, 0x1p31, 2147483647.5, -2147483648.5,
			4294967295, 0x1p64, 709.9, 1e9, math.Copysign(0, -1), 0x1p63 - 1024, 0x1.fffffefffffffp127} {
			e = append(e, math.Float64bits(x))
		}
		e = append(e, 0x7FF0000000000001, 0xFFF8000000000001)
	case F32:
		for _, x := range []float32{1, -1, 0.5, 1.5, -2.5, 3, 1e38, -1e-38, 1e-44, float32(math.Inf(1)),
			float32(math.Inf(-1)), float32(math.NaN()), math.MaxFloat32, 0x1p31, -0x1p31, 0x1p23, 2147483520,
			float32(math.Copysign(0, -1)), 0x1p-126} {
			e = append(e, uint64(math.Float32bits(x)))
		}
		e = append(e, 0x7F800001)
	default:
		for k := 7; k < t.bits(); k += 8 {
			e = append(e, 1<<k, 1<<k-1, 1<<k+1)
		}
		e = append(e, uint64(t.bits()), uint64(t.bits()-1), t.mask()/10)
	}
	slices.Sort(e)
	return slices.Compact(e)
}

// randomBits draws a value of type t: an edge, a small number or any bits.
func randomBits(r *rand.Rand, t Type) uint64 {
	switch k := r.IntN(4); {
	case k == 0:
		return edges[t][r.IntN(len(edges[t]))]
	case k == 1 && t == F64:
		return math.Float64bits(r.NormFloat64() * 10)
	case k == 1 && t == F32:
		return uint64(math.Float32bits(float32(r.NormFloat64() * 10)))
	case k == 1:
		return uint64(int64(r.IntN(41)-20)) & t.mask()
	}
	return r.Uint64() & t.mask()
}

func isNaN(t Type, bits uint64) bool {
	switch t {
	case F32:
		return bits&0x7FFFFFFF > 0x7F800000
	case F64:
		return bits&^(1<<63) > 0x7FF<<52
	}
	return false
}

// operand is the memory of a source or sink: bytes mem[lo:hi] are its elements, those around are guards. Element 0
// lies at mem[base].
type operand struct {
	Operand
	mem          []byte
	lo, hi, base int
	stride       int // in bytes
	count        int
}

// operands is the memory of all sources and sinks of a program for a run.
type operands struct {
	list    []operand
	ptrs    []unsafe.Pointer
	strides []int
}

const guardBytes = 64

// newOperands makes memory for n elements: sources and accumulators filled at random, the rest with a pattern. Operands
// start at an element's border, up to seven elements behind a vector's border if shift says so.
func newOperands(p *Program, n int, seed uint64, shift bool) *operands {
	r := rand.New(rand.NewPCG(seed, 1))
	o := &operands{}
	for k, src := range append(p.Sources(), p.sinks...) {
		size := src.Type.Size()
		x := operand{Operand: src, count: n, stride: size, lo: guardBytes}
		switch src.Op {
		case OpScalar:
			x.count = 1
		case OpIndex:
			x.count = 0
		case OpAccumulate:
			x.count = AccLanes
		case OpStrided:
			x.stride *= []int{0, 1, 2, 3, -1, -2, 7}[r.IntN(7)]
		}
		if shift {
			x.lo += r.IntN(8) * size
		}
		back := max(x.count-1, 0) * max(x.stride, -x.stride)
		x.hi = x.lo + back + min(x.count, 1)*size
		x.mem = alignedBytes(x.hi + guardBytes)
		for i := range x.mem {
			x.mem[i] = byte(i*7 + k)
		}
		if x.base = x.lo; x.stride < 0 {
			x.base = x.lo + back
		}
		if k < len(p.sources) || src.Op == OpAccumulate {
			for i := range x.count {
				x.set(i, randomBits(r, src.Type))
			}
		}
		o.list = append(o.list, x)
		o.ptrs = append(o.ptrs, unsafe.Pointer(&x.mem[x.base]))
		o.strides = append(o.strides, x.stride)
	}
	return o
}

// at is the address of element i.
func (x *operand) at(i int) unsafe.Pointer { return unsafe.Pointer(&x.mem[x.base+i*x.stride]) }

func (x *operand) get(i int) uint64    { return loadBits(x.at(i), x.Type.Size()) }
func (x *operand) set(i int, v uint64) { fill(x.at(i), x.Type.Size(), 1, v) }

// oneNaN replaces every NaN among the elements: the bits of a NaN are outside the promise.
func (x *operand) oneNaN() {
	for i := range x.count {
		if isNaN(x.Type, x.get(i)) {
			x.set(i, x.Type.mask()>>1)
		}
	}
}

// diff compares all memory, guards included, and describes the first difference.
func (o *operands) diff(want *operands) error {
	for k := range o.list {
		got, want := &o.list[k], &want.list[k]
		if bytes.Equal(got.mem, want.mem) {
			continue
		}
		got.oneNaN()
		want.oneNaN()
		for i := range got.count {
			if x, y := got.get(i), want.get(i); x != y {
				return fmt.Errorf("operand %d (%s %s) element %d: %#x, want %#x", k, got.Op, got.Type, i, x, y)
			}
		}
		if i := firstDiff(got.mem, want.mem); i >= 0 {
			return fmt.Errorf("operand %d (%s %s): byte %d beside its %d elements was written", k, got.Op, got.Type,
				i-got.base, got.count)
		}
	}
	return nil
}

func firstDiff(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

// checkProgram runs p on every engine and demands the memory that the portable engine leaves.
func checkProgram(t testing.TB, p *Program, n int, seed uint64, flags Flags) {
	t.Helper()
	want := newOperands(p, n, seed, true)
	start := int64(seed%4) * AccLanes
	compile(t, p, Portable).Run(n, start, want.ptrs, want.strides, 0)
	for _, e := range machines() {
		k := compile(t, p, e)
		got := newOperands(p, n, seed, true)
		k.Run(n, start, got.ptrs, got.strides, flags)
		if err := got.diff(want); err != nil {
			t.Fatalf("%s, n=%d: %v\n%s\n%s", e, n, err, k.Program(), k.Listing())
		}
	}
}
