package simd

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lanes-go/lanes/internal/amd64"
)

// frame is what generated code gets: the field offsets are below.
const (
	frameLeft    = 0  // elements to compute
	frameFirst   = 8  // index of the first of them, counted from the pointers
	frameStart   = 16 // index of element 0, for OpIndex
	framePtrs    = 24 // address of the pointers, sources then sinks
	frameStrides = 32 // address of the strides in bytes, by source slot
	frameScratch = 40 // scratch memory, aligned to 64 bytes
)

// listing is the machine code of a program before it is encoded.
type listing struct {
	code   []amd64.Inst
	pool   []byte
	lanes  int
	units  int // vectors that one turn of the main loop takes
	masked bool
	slots  int // scratch slots of 64 bytes
}

// translate makes the instruction list of p for an instruction set: select, choose how far to unroll and what to keep in
// registers, allocate, and put loop, tail and cold code together.
func translate(p *Program, set *isa, stream bool) (*listing, error) {
	s := newSelector(p, set)
	s.nt = stream
	if s.lanes*p.narrowest() < 4 {
		return nil, fmt.Errorf("simd: %d lanes of %d bytes", s.lanes, p.narrowest())
	}
	l := &listing{lanes: s.lanes, masked: s.masksMemory()}
	s.units = 1
	body := s.body(1, false)
	if pressure := s.pressure(body); 2*pressure+min(s.fixedCount(), 6) <= set.vecRegs && len(body) < 500 &&
		(2*s.lanes <= AccLanes || !p.accumulates()) {
		s.units = 2
		body = s.body(2, false)
	}
	l.units = s.units
	pins := s.pin(body, s.pressure(body))
	main := s.allocate(body, pins)
	var tail []item
	if l.masked {
		tail = s.allocate(s.body(1, true), pins)
	}
	l.code = s.assemble(main, tail, pins)
	l.pool, l.slots = s.pool, s.slots
	return l, nil
}

// narrowest returns the size of the smallest type the program has in memory or registers.
func (p *Program) narrowest() int {
	w := 8
	for i := range p.ins {
		if t := p.ins[i].Type; t.Size() > 0 {
			w = min(w, t.Size())
		}
	}
	return w
}

func (p *Program) accumulates() bool {
	return slices.ContainsFunc(p.sinks, func(o Operand) bool { return o.Op == OpAccumulate })
}

// masksMemory tells whether the last vector can be read and written under a mask. Where it cannot, the caller copies the
// last elements to memory of whole vectors.
func (s *selector) masksMemory() bool {
	for _, o := range append(s.p.Sources(), s.p.sinks...) {
		if o.Op == OpStrided {
			return false
		}
		if s.level == amd64.AVX2 && o.Op != OpScalar && o.Type.Size() < 4 {
			return false
		}
	}
	return true
}

// pressure is the largest number of vector registers that are live at once in hot code, constants apart.
func (s *selector) pressure(body []item) int {
	a := &allocator{s: s, raw: body, homes: map[int32]*home{}, pins: map[int32]int32{}, number: len(s.regs)}
	for _, r := range s.scalars {
		if r >= amd64.Virtual {
			a.homes[r] = &home{mem: amd64.M(regScratch, 0), load: amd64.VMOVUPS, bytes: 64}
		}
	}
	a.expand()
	live := a.intervals()
	a.s.regs = a.s.regs[:a.number]
	change := make([]int, len(a.code)+1)
	for i := range live {
		if iv := &live[i]; iv.first >= 0 && iv.hot && !s.isMask(i) {
			change[iv.first]++
			change[iv.last]--
		}
	}
	most, now := 0, 0
	for pos := range a.code {
		now += change[pos]
		if !a.code[pos].cold {
			most = max(most, now)
		}
	}
	return most + 1
}

func (s *selector) isMask(i int) bool { return i < len(s.regs) && s.regs[i].mask }

func (s *selector) fixedCount() int {
	n := 0
	for i := range s.regs {
		if s.regs[i].fixed {
			n++
		}
	}
	return n
}

// pin gives registers that are free to the constants and scalars used most. The others stay in memory: constants in the
// pool, scalars in scratch. Four registers are left for cold code.
func (s *selector) pin(body []item, pressure int) map[int32]int32 {
	uses := map[int32]int{}
	for i := range body {
		if !body[i].cold {
			eachUse(&body[i].Inst, func(v *int32) {
				if s.regs[*v-amd64.Virtual].fixed {
					uses[*v]++
				}
			})
		}
	}
	var order []int32
	for v := range uses {
		order = append(order, v)
	}
	slices.SortFunc(order, func(v, w int32) int { return cmp.Or(cmp.Compare(uses[w], uses[v]), cmp.Compare(v, w)) })
	room := max(0, s.vecRegs-max(pressure, 4)-1)
	pins := map[int32]int32{}
	for i, v := range order[:min(room, len(order))] {
		pins[v] = int32(s.vecRegs - 1 - i)
	}
	for _, r := range s.scalars {
		if _, pinned := pins[r]; r >= amd64.Virtual && !pinned {
			n := s.regs[r-amd64.Virtual].len
			s.regs[r-amd64.Virtual].home = &home{mem: s.scratch(), load: amd64.VMOVUPS, bytes: int(n)}
		}
	}
	return pins
}

// assemble puts the parts together:
//
//	     prologue
//	     left -= step; if left < 0 goto rest
//	top: main body; index += step; left -= step; if left >= 0 goto top
//	rest: left += step; if left == 0 goto done
//	last: masked body; index += lanes; left -= lanes; if left > 0 goto last
//	done: return
//	     cold code
func (s *selector) assemble(main, tail []item, pins map[int32]int32) []amd64.Inst {
	var cold []amd64.Inst
	s.code = nil
	put := func(body []item) {
		for _, it := range body {
			if it.cold {
				cold = append(cold, it.Inst)
			} else {
				s.code = append(s.code, it)
			}
		}
	}
	top, rest, last, done := s.label(), s.label(), s.label(), s.label()
	left, index := amd64.R(regLeft), amd64.R(regIndex)
	step := amd64.I(int32(s.units * s.lanes))
	s.prologue(pins)
	s.emit(amd64.SUB, 0, left, step)
	s.emit(amd64.JL, 0, rest)
	s.emit(amd64.ALIGN, 0, amd64.I(32))
	s.emit(amd64.LABEL, 0, top)
	put(main)
	s.emit(amd64.ADD, 0, index, step)
	s.emit(amd64.SUB, 0, left, step)
	s.emit(amd64.JGE, 0, top)
	s.emit(amd64.LABEL, 0, rest)
	if len(tail) > 0 {
		s.emit(amd64.ADD, 0, left, step)
		s.emit(amd64.JE, 0, done)
		s.emit(amd64.LABEL, 0, last)
		put(tail)
		s.emit(amd64.ADD, 0, index, amd64.I(int32(s.lanes)))
		s.emit(amd64.SUB, 0, left, amd64.I(int32(s.lanes)))
		s.emit(amd64.JG, 0, last)
	}
	s.emit(amd64.LABEL, 0, done)
	if s.nt {
		s.emit(amd64.SFENCE, 0)
	}
	s.emit(amd64.VZEROUPPER, 0)
	s.emit(amd64.RET, 0)
	list := make([]amd64.Inst, 0, len(s.code)+len(cold))
	for _, it := range s.code {
		list = append(list, it.Inst)
	}
	return append(list, cold...)
}

// prologue loads the frame, the pointers of streams, and what is pinned; scalars that are not go to scratch memory.
func (s *selector) prologue(pins map[int32]int32) {
	get := func(r int32, base int8, disp int32) { s.emit(amd64.MOV, 0, amd64.R(r), amd64.M(base, disp)) }
	get(regPtrs, regFrame, framePtrs)
	get(regLeft, regFrame, frameLeft)
	get(regIndex, regFrame, frameFirst)
	if s.slots > 0 {
		get(regScratch, regFrame, frameScratch)
	}
	for k, r := range s.ptrs {
		if r >= 0 {
			get(int32(r), regPtrs, int32(8*k))
		}
	}
	var fixed []int32
	for v := range pins {
		fixed = append(fixed, v)
	}
	slices.Sort(fixed)
	for _, v := range fixed {
		if r := &s.regs[v-amd64.Virtual]; r.home != nil {
			s.emit(r.home.load, r.len, amd64.V(pins[v]), r.home.mem)
		}
	}
	for slot, v := range s.scalars {
		if v < amd64.Virtual {
			continue
		}
		n := s.regs[v-amd64.Virtual].len
		size := s.p.sources[slot].Type.Size()
		op := bySize{1: amd64.VPBROADCASTB, 2: amd64.VPBROADCASTW, 4: amd64.VPBROADCASTD, 8: amd64.VPBROADCASTQ}[size]
		r, pinned := pins[v]
		get(regTmp, regPtrs, int32(8*slot))
		s.emit(op, n, amd64.V(r), amd64.M(regTmp, 0))
		if !pinned {
			s.emit(amd64.VMOVUPS, n, s.regs[v-amd64.Virtual].home.mem, amd64.V(r))
		}
	}
}
