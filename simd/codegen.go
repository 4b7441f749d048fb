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
	frameRows    = 48 // rows to compute, and the number of the next
	frameRow     = 56
	frameSteps   = 64 // address of the bytes from row to row, by operand
)

// variant says what a routine does besides computing a run of elements.
type variant uint8

const (
	streaming variant = 1 << iota // stores past the cache
	rowwise                       // several runs, each operand a step further
	variants  = 4
)

// listing is the machine code of a program before it is encoded.
type listing struct {
	code   []amd64.Inst
	pool   []byte
	lanes  int
	units  int  // vectors that one turn of the main loop takes
	masked bool // the last vector is computed under a mask
	rows   bool // can be made rowwise
	slots  int  // scratch slots of 64 bytes
}

// A longer program is interpreted: its machine code, up to a hundred instructions for one, could cost seconds to make.
const maxCode = 1 << 14

// translate makes the instruction list of p for an instruction set: select, choose how far to unroll and what to keep in
// registers, allocate, and put loop, tail and cold code together.
func translate(p *Program, set *isa, v variant) (*listing, error) {
	if len(p.ins) > maxCode {
		return nil, fmt.Errorf("simd: no machine code for more than %d instructions", maxCode)
	}
	s := newSelector(p, set)
	s.nt = v&streaming != 0
	if s.lanes*p.narrowest() < 4 {
		return nil, fmt.Errorf("simd: %d lanes of %d bytes", s.lanes, p.narrowest())
	}
	l := &listing{lanes: s.lanes, masked: s.masksMemory(), rows: s.rowwise()}
	s.units = 1
	body := s.body(1, false)
	pressure := s.pressure(body)
	if 2*pressure+min(s.fixedCount(), 6) <= set.vecRegs && len(body) < maxUnrolled &&
		(2*s.lanes <= AccLanes || !p.accumulates()) {
		s.units = 2
		pressure *= 2
		body = s.body(2, false)
	}
	l.units = s.units
	s.pin(body, pressure)
	main := s.allocate(body)
	var tail []item
	if l.masked {
		tail = s.allocate(s.body(1, true))
	}
	l.code = s.assemble(main, tail, v&rowwise != 0)
	l.pool, l.slots = s.pool, s.slots
	return l, nil
}

// maxUnrolled is the length of a body from which on two interleaved copies gain nothing.
const maxUnrolled = 500

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
	a := newAllocator(s, body, noPins)
	for _, r := range s.scalars {
		if r >= amd64.Virtual {
			a.at(r).home = &home{mem: amd64.M(regScratch, 0), load: amd64.VMOVUPS, bytes: 64}
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
func (s *selector) pin(body []item, pressure int) {
	uses := make([]int, len(s.regs))
	for i := range body {
		if !body[i].cold {
			eachUse(&body[i].Inst, func(v *int32) { uses[*v-amd64.Virtual]++ })
		}
	}
	var order []int
	for i := range s.regs {
		if s.regs[i].fixed && uses[i] > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(uses[j], uses[i]) })
	room := max(0, s.vecRegs-max(pressure, 4)-1)
	for k, i := range order[:min(room, len(order))] {
		s.regs[i].pin = int32(s.vecRegs - 1 - k)
	}
	for _, v := range s.scalars {
		if v >= amd64.Virtual && s.regs[v-amd64.Virtual].pin < 0 {
			r := &s.regs[v-amd64.Virtual]
			r.home = &home{mem: s.scratch(), load: amd64.VMOVUPS, bytes: int(r.len)}
		}
	}
}

// assemble puts the parts together:
//
//	     prologue
//	row: pointers and scalars; rowwise, of this row
//	     left -= step; if left < 0 goto rest
//	top: main body; index += step; left -= step; if left >= 0 goto top
//	rest: left += step; if left == 0 goto done
//	last: masked body; index += lanes; left -= lanes; if left > 0 goto last
//	done: rowwise, if there is another row goto row
//	     return
//	     cold code
func (s *selector) assemble(main, tail []item, rows bool) []amd64.Inst {
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
	s.prologue()
	row := s.label()
	s.emit(amd64.LABEL, 0, row)
	s.operands(rows)
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
	if rows {
		tmp := amd64.R(regTmp)
		s.emit(amd64.MOV, 0, tmp, amd64.M(regFrame, frameRow))
		s.emit(amd64.INC, 0, tmp)
		s.emit(amd64.MOV, 0, amd64.M(regFrame, frameRow), tmp)
		s.emit(amd64.CMP, 0, tmp, amd64.M(regFrame, frameRows))
		s.emit(amd64.JL, 0, row)
	}
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

// prologue loads what stays the same for all rows.
func (s *selector) prologue() {
	s.emit(amd64.MOV, 0, amd64.R(regPtrs), amd64.M(regFrame, framePtrs))
	if s.slots > 0 {
		s.emit(amd64.MOV, 0, amd64.R(regScratch), amd64.M(regFrame, frameScratch))
	}
	for i := range s.regs {
		if r := &s.regs[i]; r.pin >= 0 && r.home != nil {
			s.emit(r.home.load, r.len, amd64.V(r.pin), r.home.mem)
		}
	}
}

// operands loads pointers, scalars and counters; scalars that are not pinned go to scratch memory.
func (s *selector) operands(rows bool) {
	get := func(r int32, base int8, disp int32) { s.emit(amd64.MOV, 0, amd64.R(r), amd64.M(base, disp)) }
	pointer := func(r int32, k int) { get(r, regPtrs, int32(8*k)) }
	if rows {
		get(regTmp, regFrame, frameRow)
		get(regTmp2, regFrame, frameSteps)
		pointer = func(r int32, k int) {
			get(r, regTmp2, int32(8*k))
			s.emit(amd64.IMUL, 0, amd64.R(r), amd64.R(regTmp))
			s.emit(amd64.ADD, 0, amd64.R(r), amd64.M(regPtrs, int32(8*k)))
		}
	}
	for k, r := range s.ptrs {
		if r >= 0 {
			pointer(int32(r), k)
		}
	}
	for slot, v := range s.scalars {
		if v < amd64.Virtual {
			continue
		}
		size := s.p.sources[slot].Type.Size()
		op := bySize{1: amd64.VPBROADCASTB, 2: amd64.VPBROADCASTW, 4: amd64.VPBROADCASTD, 8: amd64.VPBROADCASTQ}[size]
		r := &s.regs[v-amd64.Virtual]
		pointer(regIndex, slot)
		s.emit(op, r.len, amd64.V(max(r.pin, 0)), amd64.M(regIndex, 0))
		if r.pin < 0 {
			s.emit(amd64.VMOVUPS, r.len, r.home.mem, amd64.V(0))
		}
	}
	get(regLeft, regFrame, frameLeft)
	get(regIndex, regFrame, frameFirst)
}

// rowwise tells whether a routine can go from row to row by itself: every stream has its pointer in a register, and
// nothing depends on how many elements came before.
func (s *selector) rowwise() bool {
	for k, o := range append(s.p.Sources(), s.p.sinks...) {
		if o.Op == OpIndex || o.Op == OpStrided || o.Op == OpAccumulate || o.Op != OpScalar && s.ptrs[k] < 0 {
			return false
		}
	}
	return s.masksMemory()
}
