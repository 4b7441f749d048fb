package simd

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/lanes-go/lanes/internal/amd64"
)

// The instruction lists of both back ends are executed on a model of the processor, on any machine: what the portable
// engine leaves in memory is what the model must leave. Operands are mapped to the byte, so that every access outside
// them is trapped, and sources are read-only.

// sets are the instruction sets there are back ends for.
var sets = []struct {
	engine Engine
	isa    *isa
}{{AVX512, avx512}, {AVX2, avx2}}

// bases are the registers that generated code may address memory through.
var bases = []int8{amd64.RCX, amd64.RDX, amd64.RBX, amd64.RSI, amd64.RDI, amd64.R8, amd64.R9, amd64.R10, amd64.R11,
	amd64.R12, amd64.R13, amd64.R14, amd64.R15}

// Addresses of the model's memory.
const (
	simFrame   = 0x1000
	simPtrs    = 0x10_0000
	simStrides = 0x20_0000
	simSteps   = 0x30_0000
	simScratch = 0x1_0000_0000
	simOperand = uint64(0x100_0000_0000) // of operand 0; the next ones lie far behind
)

// words is memory of 64-bit words.
func words(list []uint64) []byte {
	if len(list) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&list[0])), 8*len(list))
}

// modelRun says what a listing is to compute: n elements, in the variant of rows so many times, one row's first element
// lying a number of elements behind that of the one before.
type modelRun struct {
	n          int
	start      int64
	rows, next int
}

// simulate executes a listing on o. What no row may touch is not mapped.
func simulate(l *listing, level amd64.Level, run modelRun, o *operands) error {
	m := amd64.NewMachine()
	ptrs, strides := make([]uint64, len(o.list)), make([]uint64, len(o.list))
	steps := make([]uint64, len(o.list))
	for k := range o.list {
		x := &o.list[k]
		at := simOperand + uint64(k)<<32
		ptrs[k], strides[k] = at+uint64(x.base), uint64(x.stride)
		if run.rows == 0 || x.Op == OpScalar {
			m.Map(at+uint64(x.lo), x.mem[x.lo:x.hi], x.Op.isSink())
			continue
		}
		steps[k] = uint64(run.next * x.stride)
		for row := range run.rows {
			lo := x.lo + row*run.next*x.stride
			m.Map(at+uint64(lo), x.mem[lo:lo+run.n*x.stride], x.Op.isSink())
		}
	}
	frame := []uint64{frameLeft / 8: uint64(run.n), frameFirst / 8: 0, frameStart / 8: uint64(run.start),
		framePtrs / 8: simPtrs, frameStrides / 8: simStrides, frameScratch / 8: simScratch,
		frameRows / 8: uint64(run.rows), frameRow / 8: 0, frameSteps / 8: simSteps}
	m.Map(simFrame, words(frame), run.rows > 0)
	m.Map(simPtrs, words(ptrs), false)
	m.Map(simStrides, words(strides), false)
	m.Map(simSteps, words(steps), false)
	m.Map(simScratch, make([]byte, 64*l.slots), true)
	m.SetR(regFrame, simFrame)
	return m.Run(l.code, l.pool, level)
}

// checkSimulated compares the model with the portable engine on n elements, for both back ends. What a back end cannot
// mask it leaves to its caller, so there n is cut to whole turns of the loop.
func checkSimulated(t *testing.T, p *Program, n int, seed uint64, stream bool) {
	t.Helper()
	p = optimise(p, Options{})
	for _, set := range sets {
		v := variant(0)
		if stream {
			v = streaming
		}
		l, err := translate(p, set.isa, v)
		if err != nil {
			t.Fatalf("%s: %v\n%s", set.engine, err, p)
		}
		if err := amd64.Audit(l.code, bases...); err != nil {
			t.Fatalf("%s: %v\n%s", set.engine, err, p)
		}
		n := n
		if !l.masked {
			n = max(1, n/(l.units*l.lanes)) * l.units * l.lanes
		}
		start := int64(seed%4) * AccLanes
		want, got := newOperands(p, n, seed, !stream), newOperands(p, n, seed, !stream)
		newPortable(p).run(n, start, want.ptrs, want.strides)
		if err := simulate(l, set.isa.level, modelRun{n: n, start: start}, got); err != nil {
			t.Fatalf("%s, n=%d: %v\n%s", set.engine, n, err, p)
		}
		if err := got.diff(want); err != nil {
			t.Fatalf("%s, n=%d: %v\n%s", set.engine, n, err, p)
		}
	}
}

// TestStreamingCode checks what no result shows: that the variant for non-temporal stores uses them, and that a fence
// orders them before the return.
func TestStreamingCode(t *testing.T) {
	for _, set := range sets {
		for _, v := range []variant{0, streaming} {
			l, err := translate(addProgram(t), set.isa, v)
			if err != nil {
				t.Fatal(err)
			}
			stores, fences := 0, 0
			for i := range l.code {
				switch l.code[i].Op {
				case amd64.VMOVNTPS:
					stores++
				case amd64.SFENCE:
					fences++
				}
			}
			if want := int(v); stores != want*l.units || fences != want {
				t.Errorf("%s, variant %d: %d non-temporal stores, %d fences", set.engine, v, stores, fences)
			}
			if op := l.code[len(l.code)-3].Op; v == streaming && op != amd64.SFENCE {
				t.Errorf("%s: no fence before the end, but %s", set.engine, op)
			}
		}
	}
}

func TestSimulatedRandomPrograms(t *testing.T) {
	count := 800
	if *long {
		count = 5000
	}
	for seed := range uint64(count) {
		r := rand.New(rand.NewPCG(seed, 8))
		p, err := randomProgram(r, 1+r.IntN(60))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		n, stream := 1+r.IntN(150), r.IntN(2) == 0
		if !t.Run(fmt.Sprintf("seed%d", seed), func(t *testing.T) { checkSimulated(t, p, n, seed, stream) }) {
			return
		}
	}
}
