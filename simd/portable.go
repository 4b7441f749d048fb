package simd

import (
	"sync"
	"unsafe"
)

// portableBlock is how many elements the portable engine computes at a time: few enough that all temporaries of a common
// program stay in the first-level cache, many enough to hide the interpretation.
const portableBlock = 512

// portableCode interprets a program block by block. It is immutable; each run takes a state from the pool.
type portableCode struct {
	p      *Program
	code   []portableIns
	places []place // by instruction: where its value lies
	slots  int
	states sync.Pool // *portableState
}

// place says where a value lies: in a block of its own, or in the memory of a source or a sink.
type place struct {
	slot    int32 // block, or -1
	operand int32 // operand whose memory is used in place, sinks behind sources, or -1
}

type portableIns struct {
	ins  *Ins
	step step
	id   Value
	skip int // OpRare: the instruction behind OpEnd
	size int
}

type portableState struct {
	memory []uint64
	ptr    []unsafe.Pointer // by instruction: its block of this round
}

func newPortable(p *Program) *portableCode {
	c := &portableCode{p: p, places: make([]place, len(p.ins))}
	c.allocate()
	var open []int
	for i := range p.ins {
		in := &p.ins[i]
		t := in.Type
		if a := in.Args[0]; a >= 0 && (in.Op == OpLt || in.Op == OpLe || in.Op == OpEq || in.Op == OpNe) {
			t = p.ins[a].Type
		}
		s := stepOf(p, in)
		if in.Op == OpAccumulate {
			s = portable[in.Acc][t]
		}
		switch in.Op {
		case OpRare:
			open = append(open, len(c.code))
		case OpEnd:
			c.code[open[0]].skip = len(c.code)
			open = open[:0]
		case OpConst, OpLoad:
			if c.places[i].operand >= 0 || in.Op == OpConst {
				continue
			}
		case OpStore:
			if c.places[in.Args[0]].operand == int32(len(p.sources))+int32(in.Imm) {
				continue // computed in place
			}
		}
		c.code = append(c.code, portableIns{ins: in, step: s, id: Value(i), size: laneSize(t)})
	}
	c.states.New = func() any { return c.newState() }
	return c
}

// laneSize is the bytes of an element in a block; masks are bytes.
func laneSize(t Type) int { return max(t.Size(), 1) }

// stepOf returns the meaning of an instruction, nil for sources, sinks and regions.
func stepOf(p *Program, in *Ins) step {
	switch in.Op {
	case OpShl, OpShr:
		return shiftStep(in.Op, in.Type, uint(in.Imm))
	case OpBitcast:
		return perWidth(unary(same[uint8]), unary(same[uint16]), unary(same[uint32]), unary(same[uint64]))[in.Type]
	case OpConvert:
		return convertStep(p.ins[in.Args[0]].Type, in.Type)
	case OpLookup:
		table := p.tables[in.Imm]
		return unary(func(d, a []uint64) {
			a = a[:len(d)]
			for i := range d {
				d[i] = table[a[i]&uint64(len(table)-1)]
			}
		})
	case OpLt, OpLe, OpEq, OpNe:
		return portable[in.Op][p.ins[in.Args[0]].Type]
	case OpSelect:
		x, y := &p.ins[in.Args[1]], &p.ins[in.Args[2]]
		if in.Type.Size() == 1 && x.Op == OpConst && y.Op == OpConst && x.Imm == 1 && y.Imm == 0 {
			return unary(same[uint8]) // a mask is these bytes
		}
	}
	return portable[in.Op][in.Type]
}

// allocate gives every value a block, reusing blocks of values that are dead. Constants and scalars keep theirs; loads
// are read in place, unless a sink takes them as they are while another sink might write the same memory.
func (c *portableCode) allocate() {
	last := make([]int, len(c.p.ins))
	region := -1
	for i := range c.p.ins {
		in := &c.p.ins[i]
		last[i] = i
		for _, a := range in.args() {
			last[a] = i
		}
		switch in.Op {
		case OpRare:
			region = i
		case OpEnd:
			for k := region; k < i; k++ {
				last[k] = max(last[k], i) // blocks inside a region are not shared with its outside
			}
		}
	}
	stored := make([]bool, len(c.p.ins))
	for i := range c.p.ins {
		if in := &c.p.ins[i]; in.Op.isSink() && len(c.p.sinks) > 1 {
			for _, a := range in.args() {
				stored[a] = true
			}
		}
	}
	direct := c.direct(last)
	var free []int32
	dying := make([][]int32, len(c.p.ins)+1)
	for i := range c.p.ins {
		in := &c.p.ins[i]
		c.places[i] = place{-1, -1}
		switch {
		case in.Op == OpLoad && !stored[i]:
			c.places[i].operand = int32(in.Imm)
		case i == direct:
			c.places[i].operand = int32(len(c.p.sources))
		case in.Type != Invalid && !in.Op.isSink():
			s := int32(c.slots)
			if k := len(free); k > 0 && in.Op != OpConst && in.Op != OpScalar {
				s, free = free[k-1], free[:k-1]
			} else {
				c.slots++
			}
			c.places[i].slot = s
			if in.Op != OpConst && in.Op != OpScalar {
				dying[last[i]] = append(dying[last[i]], s)
			}
		}
		free = append(free, dying[i]...)
	}
}

// direct finds the value that can be computed right into the one sink: the last instruction's, which no other reads. A
// sink may lie on a source, element for element, so nothing may read sources behind it.
func (c *portableCode) direct(last []int) int {
	i := len(c.p.ins) - 2
	if len(c.p.sinks) != 1 || i < 0 || c.p.ins[i+1].Op != OpStore || c.p.ins[i+1].Args[0] != Value(i) || last[i] != i+1 {
		return -1
	}
	if op := c.p.ins[i].Op; op.isSource() || op == OpConst {
		return -1
	}
	return i
}

func (c *portableCode) newState() *portableState {
	s := &portableState{memory: make([]uint64, c.slots*portableBlock), ptr: make([]unsafe.Pointer, len(c.p.ins))}
	for i, pl := range c.places {
		if pl.slot < 0 {
			continue
		}
		s.ptr[i] = unsafe.Pointer(&s.memory[int(pl.slot)*portableBlock])
		if in := &c.p.ins[i]; in.Op == OpConst {
			fill(s.ptr[i], laneSize(in.Type), portableBlock, in.Imm)
		}
	}
	return s
}

func (c *portableCode) run(n int, start int64, ptrs []unsafe.Pointer, strides []int) {
	s := c.states.Get().(*portableState)
	for lo := 0; lo < n; lo += portableBlock {
		s.block(c, lo, min(portableBlock, n-lo), start, ptrs, strides)
	}
	for i, pl := range c.places {
		if pl.operand >= 0 {
			s.ptr[i] = nil
		}
	}
	c.states.Put(s)
}

// block runs the program on elements lo … lo+n-1.
func (s *portableState) block(c *portableCode, lo, n int, start int64, ptrs []unsafe.Pointer, strides []int) {
	for i, pl := range c.places {
		if pl.operand >= 0 {
			s.ptr[i] = unsafe.Add(ptrs[pl.operand], lo*c.p.ins[i].Type.Size())
		}
	}
	for k := 0; k < len(c.code); k++ {
		in := &c.code[k]
		switch op := in.ins.Op; {
		case op == OpRare:
			if !anySet(view[uint8](s.ptr[in.ins.Args[0]], n)) {
				k = in.skip
			}
		case op == OpEnd:
		case op.isSource():
			s.source(in, lo, n, start, ptrs, strides)
		case op.isSink():
			s.sink(in, lo, n, start, ptrs[len(c.p.sources):])
		default:
			s.compute(in, n)
		}
	}
}

func (s *portableState) compute(in *portableIns, n int) {
	var a [3]unsafe.Pointer
	for i, x := range in.ins.args() {
		a[i] = s.ptr[x]
	}
	in.step(s.ptr[in.id], a[0], a[1], a[2], n)
}

func (s *portableState) source(in *portableIns, lo, n int, start int64, ptrs []unsafe.Pointer, strides []int) {
	d, slot := s.ptr[in.id], in.ins.Imm
	switch in.ins.Op {
	case OpLoad:
		copy(view[byte](d, n*in.size), view[byte](unsafe.Add(ptrs[slot], lo*in.size), n*in.size))
	case OpStrided:
		gatherStrided(d, unsafe.Add(ptrs[slot], lo*strides[slot]), in.size, strides[slot], n)
	case OpScalar:
		if lo == 0 {
			fill(d, in.size, n, loadBits(ptrs[slot], in.size))
		}
	case OpIndex:
		x := view[int64](d, n)
		for i := range x {
			x[i] = start + int64(lo+i)
		}
	}
}

func (s *portableState) sink(in *portableIns, lo, n int, start int64, ptrs []unsafe.Pointer) {
	d := ptrs[in.ins.Imm]
	switch in.ins.Op {
	case OpStore:
		bytes := n * in.size
		copy(view[byte](unsafe.Add(d, lo*in.size), bytes), view[byte](s.ptr[in.ins.Args[0]], bytes))
	case OpStoreMasked:
		m := view[uint8](s.ptr[in.ins.Args[0]], n)
		d, x := unsafe.Add(d, lo*in.size), s.ptr[in.ins.Args[1]]
		for i, set := range m {
			if set != 0 {
				copy(view[byte](unsafe.Add(d, i*in.size), in.size), view[byte](unsafe.Add(x, i*in.size), in.size))
			}
		}
	case OpAccumulate:
		x := s.ptr[in.ins.Args[0]]
		for i := 0; i < n; {
			lane := int(uint64(start+int64(lo+i)) % AccLanes)
			k := min(AccLanes-lane, n-i)
			acc := unsafe.Add(d, lane*in.size)
			in.step(acc, acc, unsafe.Add(x, i*in.size), nil, k)
			i += k
		}
	}
}

func anySet(m []uint8) bool {
	for _, x := range m {
		if x != 0 {
			return true
		}
	}
	return false
}

// evalBits computes one lane of an instruction from the bits of its operands: constant folding.
func evalBits(p *Program, in *Ins, args [3]uint64) uint64 {
	var d uint64
	stepOf(p, in)(unsafe.Pointer(&d), unsafe.Pointer(&args[0]), unsafe.Pointer(&args[1]), unsafe.Pointer(&args[2]), 1)
	return d
}
