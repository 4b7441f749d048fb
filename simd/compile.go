package simd

import (
	"fmt"
	"unsafe"
)

// Options of Compile. The zero value is right: the best engine, no contraction.
type Options struct {
	Engine   Engine // Auto: what LANES_ENGINE says, else the best that runs here
	Contract bool   // fuse products into sums (changes bits, alike on every engine)
}

// Kernel is a compiled program. It is immutable and safe for concurrent use.
type Kernel struct {
	p        *Program
	engine   Engine
	portable *portableCode
	machine  *machineCode
	cycles   float64
	strided  int // strides that a run needs: up to the last strided source
}

// Flags of a run.
type Flags uint8

// Streaming asks for non-temporal stores: for results that are larger than the cache and not read soon. A hint.
const Streaming Flags = 1

// Compile makes a kernel of p: optimise, select instructions, allocate registers, assemble; or the portable engine, if
// asked for, if it is the best here, or if the machine code engine cannot serve (no executable memory).
func Compile(p *Program, o Options) (*Kernel, error) {
	engine, err := resolve(o.Engine)
	if err != nil {
		return nil, err
	}
	p = optimise(p, o)
	k := &Kernel{p: p, engine: engine, cycles: estimate(p, engine)}
	for slot, o := range p.sources {
		if o.Op == OpStrided {
			k.strided = slot + 1
		}
	}
	if engine != Portable {
		if k.machine, err = generate(p, engine); err != nil {
			k.engine, k.cycles = Portable, estimate(p, Portable)
		}
	}
	if k.engine == Portable {
		k.portable = newPortable(p)
	}
	return k, nil
}

// Program returns the optimised program.
func (k *Kernel) Program() *Program { return k.p }

// Engine returns the engine that runs the kernel.
func (k *Kernel) Engine() Engine { return k.engine }

// Cycles returns the estimated processor cycles per element, without memory traffic.
func (k *Kernel) Cycles() float64 { return k.cycles }

// Run computes elements 0 … n-1. ptrs holds one pointer for each source, then each sink, to element 0; for an index it
// is ignored. strides holds the bytes between elements of each strided source, by slot; it may be nil if there is none.
// start is the index of element 0; for programs that accumulate it must be a multiple of AccLanes. Sinks may lie
// exactly on sources of the same element size; any other overlap gives unspecified results. Run does not allocate.
func (k *Kernel) Run(n int, start int64, ptrs []unsafe.Pointer, strides []int, flags Flags) {
	if len(ptrs) != len(k.p.sources)+len(k.p.sinks) {
		panic(fmt.Sprintf("simd: %d pointers for %d sources and %d sinks", len(ptrs), len(k.p.sources), len(k.p.sinks)))
	}
	if len(strides) < k.strided {
		panic(fmt.Sprintf("simd: %d strides, source %d is strided", len(strides), k.strided-1))
	}
	if n <= 0 {
		return
	}
	if k.machine != nil {
		k.machine.run(n, start, ptrs, strides, flags)
		return
	}
	k.portable.run(n, start, ptrs, strides)
}

// RunRows computes rows of n elements each: for row r, operand k lies r*steps[k] bytes behind ptrs[k]. It gives what
// rows calls of Run give, without indexes or strides, and is faster where rows are short. A program with strided sources,
// an index or accumulations is not taken.
func (k *Kernel) RunRows(rows, n int, ptrs []unsafe.Pointer, steps []int) {
	if len(ptrs) != len(steps) || len(ptrs) != len(k.p.sources)+len(k.p.sinks) {
		panic(fmt.Sprintf("simd: %d pointers and %d steps for %d sources and %d sinks", len(ptrs), len(steps),
			len(k.p.sources), len(k.p.sinks)))
	}
	if rows <= 0 || n <= 0 {
		return
	}
	if k.machine != nil && k.machine.runRows(rows, n, ptrs, steps) {
		return
	}
	at := append([]unsafe.Pointer(nil), ptrs...)
	for row := range rows {
		for i := range at {
			at[i] = unsafe.Add(ptrs[i], row*steps[i])
		}
		k.Run(n, 0, at, nil, 0)
	}
}

// Listing returns the typed instruction list of a machine code kernel, or the program itself.
func (k *Kernel) Listing() string {
	if k.machine != nil {
		return k.machine.listing()
	}
	return k.p.String()
}

// estimate adds up the cost of the instructions outside rare regions, in cycles per element.
func estimate(p *Program, e Engine) float64 { return cost(p, e, false) }

// cost adds up the cost of the instructions, those in rare regions if asked for, in cycles per element.
func cost(p *Program, e Engine, regions bool) float64 {
	sum, rare := 0.0, false
	for i := range p.ins {
		in := &p.ins[i]
		if in.Op == OpRare || in.Op == OpEnd {
			rare = in.Op == OpRare && !regions
		} else if !rare {
			sum += float64(rows[in.Op].cycles)
		}
	}
	lanes := float64(64 / p.widest())
	switch e {
	case Portable:
		return 2 * sum
	case AVX2:
		return 2 * sum / lanes
	}
	return sum / lanes
}

// widest returns the size in bytes of the widest type of the program.
func (p *Program) widest() int {
	w := 1
	for i := range p.ins {
		w = max(w, p.ins[i].Type.Size())
	}
	return w
}
