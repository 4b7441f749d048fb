package simd

import "github.com/lanes-go/lanes/internal/amd64"

// Register allocation: linear scan over a straight loop body (Poletto and Sarkar 1999, doi:10.1145/330249.330250), with
// one place per value for its whole life, so that it holds whether or not a cold region runs. A value that has a home in
// memory is an operand from there; one that finds no register gets a home in scratch memory and the scan starts again.

// allocator allocates one body.
type allocator struct {
	s      *selector
	raw    []item      // on virtual registers
	code   []item      // raw with homes resolved
	regs   []allocated // by virtual register
	number int         // virtual registers when the body was selected
}

// allocated is what the allocator knows of a virtual register.
type allocated struct {
	home  *home // where it can be read, if it is not in a register
	alias int32 // the register it took over from an operand, under that one's name; else -1
	last  int32 // position of the last mention in raw
	pin   int32 // physical register it has through the loop, or -1
	temp  bool  // lives for an instruction: never spilled
}

// noPins pins nothing.
func noPins(int32) int32 { return -1 }

func newAllocator(s *selector, body []item, pin func(v int32) int32) *allocator {
	a := &allocator{s: s, raw: body, number: len(s.regs)}
	a.regs = make([]allocated, len(s.regs), len(s.regs)+len(s.regs)/2)
	for i := range s.regs {
		a.regs[i] = allocated{home: s.regs[i].home, pin: pin(int32(i) + amd64.Virtual)}
		if a.regs[i].pin >= 0 {
			a.regs[i].home = nil
		}
	}
	for i := range body {
		eachUse(&body[i].Inst, func(v *int32) { a.regs[*v-amd64.Virtual].last = int32(i) })
	}
	return a
}

// allocate returns body on physical registers.
func (s *selector) allocate(body []item) []item {
	a := newAllocator(s, body, func(v int32) int32 { return s.regs[v-amd64.Virtual].pin })
	for {
		a.expand()
		if a.scan() {
			return a.code
		}
	}
}

func (a *allocator) at(v int32) *allocated { return &a.regs[v-amd64.Virtual] }

// home of a virtual register, nil if it lives in a register.
func (a *allocator) home(v int32) *home { return a.at(v).home }

func (a *allocator) pinned(v int32) bool { return a.at(v).pin >= 0 }

func isVirtual(o *amd64.Operand) bool {
	return (o.Kind == amd64.Vec || o.Kind == amd64.Mask) && o.Reg >= amd64.Virtual
}

// eachUse calls f with the number of every virtual register that in mentions.
func eachUse(in *amd64.Inst, f func(v *int32)) {
	for i := range in.A {
		o := &in.A[i]
		if isVirtual(o) || o.Kind == amd64.Mem && o.Reg >= amd64.Virtual {
			f(&o.Reg)
		}
	}
	if in.K >= amd64.Virtual {
		f(&in.K)
	}
}

// expand rewrites raw so that every operand is a register or the one memory operand an instruction may have.
func (a *allocator) expand() {
	a.s.regs, a.regs = a.s.regs[:a.number], a.regs[:a.number]
	for i := range a.regs {
		a.regs[i].alias = -1
	}
	a.code = make([]item, 0, len(a.raw)+len(a.raw)/4)
	for i := range a.raw {
		it := a.raw[i]
		if it.A[3].Kind == amd64.Vec && fmaForms[it.Op].f231 != 0 {
			a.expandFMA(&it, int32(i))
			continue
		}
		a.expandPlain(&it)
	}
}

func (a *allocator) put(it item, in amd64.Inst) {
	a.code = append(a.code, item{Inst: in, cold: it.cold})
}

// temp makes a register that lives for one instruction.
func (a *allocator) temp(v int32) int32 {
	r := a.s.regs[v-amd64.Virtual]
	r.home = nil
	a.regs = append(a.regs, allocated{alias: -1, pin: -1, temp: true})
	return a.s.newReg(r)
}

// fetch brings the value of v, which has a home, into register t.
func (a *allocator) fetch(it item, h *home, v, t int32) {
	r := &a.s.regs[v-amd64.Virtual]
	in := amd64.Inst{Op: h.load, Len: r.len}
	in.A[0], in.A[1] = amd64.V(t), h.mem
	if r.mask {
		in.A[0] = amd64.K(t)
	}
	if h.load == amd64.VMOVD || h.load == amd64.VMOVQ {
		in.Len = 16
	}
	if h.load == amd64.KMOVQ {
		in.Len = 0
	}
	a.put(it, in)
}

// name follows aliases.
func (a *allocator) name(v int32) int32 {
	if w := a.at(v).alias; w >= 0 {
		return w
	}
	return v
}

// expandPlain resolves the homes of one instruction's operands.
func (a *allocator) expandPlain(it *item) {
	in := &it.Inst
	if (in.Op == amd64.VMOVAPS || in.Op == amd64.KMOVQ) && isVirtual(&in.A[1]) && isVirtual(&in.A[0]) && in.K == 0 {
		if h := a.home(in.A[1].Reg); h != nil && a.home(in.A[0].Reg) == nil {
			a.fetch(*it, h, in.A[1].Reg, a.name(in.A[0].Reg))
			return
		}
	}
	type spilled struct {
		h *home
		t int32
		v int32
	}
	var loaded []spilled
	mem, bcast, bytes := in.Op.MemSource(int(in.Len))
	if in.Op == amd64.VMOVAPS { // of memory it would demand alignment
		mem = -1
	}
	if a.s.level == amd64.AVX2 && in.A[2].Kind == amd64.Imm && mem == 1 && !in.Op.FoldsVEX() {
		mem = -1
	}
	for i := range in.A {
		if in.A[i].Kind == amd64.Mem {
			mem = -1
		}
	}
	dest := spilled{}
	operand := func(i int, v *int32) {
		h := a.home(*v)
		if h == nil {
			*v = a.name(*v)
			return
		}
		role := amd64.Read
		if i >= 0 && in.A[i].Kind != amd64.Mem {
			role = in.Op.Role(i)
			if i == 0 && role == amd64.Write && in.ReadsDest() {
				role = amd64.ReadWrite
			}
		}
		if i == mem && role == amd64.Read && (h.elem == 0 && bytes <= h.bytes || h.elem != 0 && h.elem == bcast) {
			in.A[i] = h.mem
			in.A[i].Bcast = h.elem != 0
			mem = -1
			return
		}
		t := int32(0)
		for _, l := range loaded {
			if l.v == *v {
				t = l.t
			}
		}
		if t == 0 {
			t = a.temp(*v)
			if role != amd64.Write {
				a.fetch(*it, h, *v, t)
				loaded = append(loaded, spilled{h, t, *v})
			}
		}
		if role != amd64.Read {
			dest = spilled{h, t, *v}
		}
		*v = t
	}
	for i := 3; i >= 0; i-- {
		if o := &in.A[i]; isVirtual(o) || o.Kind == amd64.Mem && o.Reg >= amd64.Virtual {
			operand(i, &o.Reg)
		}
	}
	if in.K >= amd64.Virtual {
		operand(-1, &in.K)
	}
	a.put(*it, *in)
	if dest.h != nil {
		a.spillStore(*it, dest.h, dest.v, dest.t)
	}
}

func (a *allocator) spillStore(it item, h *home, v, t int32) {
	r := &a.s.regs[v-amd64.Virtual]
	in := amd64.Inst{Op: h.load, Len: r.len}
	in.A[0], in.A[1] = h.mem, amd64.V(t)
	if r.mask {
		in.A[1], in.Len = amd64.K(t), 0
	}
	a.put(it, in)
}

// fmaForm holds the three encodings of a fused multiply-add and which operand each overwrites.
type fmaForm struct{ f132, f213, f231 amd64.Op }

var fmaForms = map[amd64.Op]fmaForm{
	amd64.VFMADD231PD:  {amd64.VFMADD132PD, amd64.VFMADD213PD, amd64.VFMADD231PD},
	amd64.VFMADD231PS:  {amd64.VFMADD132PS, amd64.VFMADD213PS, amd64.VFMADD231PS},
	amd64.VFMSUB231PD:  {amd64.VFMSUB132PD, amd64.VFMSUB213PD, amd64.VFMSUB231PD},
	amd64.VFMSUB231PS:  {amd64.VFMSUB132PS, amd64.VFMSUB213PS, amd64.VFMSUB231PS},
	amd64.VFNMADD231PD: {amd64.VFNMADD132PD, amd64.VFNMADD213PD, amd64.VFNMADD231PD},
	amd64.VFNMADD231PS: {amd64.VFNMADD132PS, amd64.VFNMADD213PS, amd64.VFNMADD231PS},
}

// expandFMA writes d = x*y + z: the form is chosen so that an operand that dies here is overwritten, and so that a
// constant stays in memory. Only if nothing dies is a register copied.
func (a *allocator) expandFMA(it *item, at int32) {
	forms := fmaForms[it.Op]
	d, x, y, z := it.A[0].Reg, it.A[1].Reg, it.A[2].Reg, it.A[3].Reg
	dies := func(v, o1, o2 int32) bool {
		r := a.at(v)
		return r.pin < 0 && r.home == nil && v != o1 && v != o2 && r.last == at
	}
	tied, takes := z, true // takes: d takes over the register of what is tied
	switch {
	case a.home(d) != nil: // spilled: built in a temporary
		takes = false
	case dies(z, x, y):
	case dies(x, y, z):
		tied = x
	case dies(y, x, z):
		tied = y
	default:
		takes = false
		if a.home(z) == nil && a.home(x) != nil {
			tied = x
		} else if a.home(z) == nil && a.home(y) != nil {
			tied = y
		}
	}
	if tied == y {
		x, y = y, x
	}
	t := a.name(tied)
	if takes {
		a.at(d).alias = t
	} else {
		t = a.copyOf(*it, tied, d)
	}
	in := amd64.Inst{Op: forms.f231, Len: it.Len}
	p, q := x, y // register, register or memory
	switch {
	case tied == z:
		if a.home(p) != nil && a.home(q) == nil {
			p, q = q, p
		}
	case a.home(y) != nil && a.home(z) == nil:
		in.Op, p, q = forms.f132, z, y
	default:
		in.Op, p, q = forms.f213, y, z
	}
	in.A[0], in.A[1], in.A[2] = amd64.V(t), a.register(*it, p), a.registerOrMemory(*it, in.Op, q)
	a.put(*it, in)
	if h := a.home(d); h != nil {
		a.spillStore(*it, h, d, t)
	}
}

// copyOf brings v into a register that the result d may overwrite.
func (a *allocator) copyOf(it item, v, d int32) int32 {
	t := d
	if a.home(d) != nil {
		t = a.temp(d)
	}
	if h := a.home(v); h != nil {
		a.fetch(it, h, v, t)
		return t
	}
	in := amd64.Inst{Op: amd64.VMOVAPS, Len: it.Len}
	in.A[0], in.A[1] = amd64.V(t), amd64.V(a.name(v))
	a.put(it, in)
	return t
}

func (a *allocator) register(it item, v int32) amd64.Operand {
	if h := a.home(v); h != nil {
		t := a.temp(v)
		a.fetch(it, h, v, t)
		return amd64.V(t)
	}
	return amd64.V(a.name(v))
}

func (a *allocator) registerOrMemory(it item, op amd64.Op, v int32) amd64.Operand {
	if h := a.home(v); h != nil {
		_, bcast, bytes := op.MemSource(int(it.Len))
		if h.elem == 0 && bytes <= h.bytes || h.elem != 0 && h.elem == bcast {
			m := h.mem
			m.Bcast = h.elem != 0
			return m
		}
	}
	return a.register(it, v)
}

// interval is the life of a virtual register in code.
type interval struct {
	first, last int32
	hot         bool // used outside cold regions
	reg         int32
}

// scan assigns registers and rewrites code. It returns false if something had to be spilled.
func (a *allocator) scan() bool {
	live := a.intervals()
	free := a.freeRegisters()
	var active []int32
	clean := true
	out := a.code[:0:0]
	for pos := range a.code {
		in := &a.code[pos].Inst
		if !earlyClobber(in.Op) {
			active = a.expire(active, live, &free, int32(pos))
		}
		eachUse(in, func(v *int32) {
			if a.pinned(*v) {
				return
			}
			iv := &live[*v-amd64.Virtual]
			if iv.reg >= 0 || iv.first != int32(pos) {
				return
			}
			class := a.class(*v)
			if len(free[class]) == 0 {
				clean = false
				active = a.spill(active, live, &free, class, *v)
				if len(free[class]) == 0 {
					return // v itself was spilled
				}
			}
			iv.reg = a.choose(&free[class], in, live, *v)
			active = append(active, *v)
		})
		if earlyClobber(in.Op) {
			active = a.expire(active, live, &free, int32(pos))
		}
		if clean {
			if it, keep := a.assigned(a.code[pos], live); keep {
				out = append(out, it)
			}
		}
	}
	a.code = out
	return clean
}

func earlyClobber(op amd64.Op) bool { return op == amd64.VPGATHERQQ || op == amd64.VPGATHERQQK }

func (a *allocator) class(v int32) int {
	if a.s.regs[v-amd64.Virtual].mask {
		return 1
	}
	return 0
}

func (a *allocator) intervals() []interval {
	live := make([]interval, len(a.s.regs))
	for i := range live {
		live[i] = interval{first: -1, reg: -1}
	}
	for i := range a.code {
		eachUse(&a.code[i].Inst, func(v *int32) {
			iv := &live[*v-amd64.Virtual]
			if iv.first < 0 {
				iv.first = int32(i)
			}
			iv.last = int32(i)
			iv.hot = iv.hot || !a.code[i].cold
		})
	}
	return live
}

// freeRegisters lists what is not pinned, opmask registers 1 to 6.
func (a *allocator) freeRegisters() (free [2][]int32) {
	var taken uint32
	for i := range a.regs {
		if r := a.regs[i].pin; r >= 0 {
			taken |= 1 << r
		}
	}
	for r := int32(a.s.vecRegs) - 1; r >= 0; r-- {
		if taken>>r&1 == 0 {
			free[0] = append(free[0], r)
		}
	}
	return [2][]int32{free[0], {6, 5, 4, 3, 2, 1}}
}

// expire frees the registers of values whose last use is at or before pos.
func (a *allocator) expire(active []int32, live []interval, free *[2][]int32, pos int32) []int32 {
	kept := active[:0]
	for _, v := range active {
		iv := &live[v-amd64.Virtual]
		if iv.last > pos {
			kept = append(kept, v)
			continue
		}
		free[a.class(v)] = append(free[a.class(v)], iv.reg)
	}
	return kept
}

// choose takes a free register, for a move the one of its source if that has just died.
func (a *allocator) choose(free *[]int32, in *amd64.Inst, live []interval, v int32) int32 {
	f := *free
	k := len(f) - 1
	if (in.Op == amd64.VMOVAPS || in.Op == amd64.KMOVQ) && isVirtual(&in.A[1]) && in.A[0].Reg == v {
		if !a.pinned(in.A[1].Reg) {
			for i, r := range f {
				if r == live[in.A[1].Reg-amd64.Virtual].reg {
					k = i
				}
			}
		}
	}
	r := f[k]
	*free = append(f[:k], f[k+1:]...)
	return r
}

// spill gives a home to the value that is worth its register least: one only cold code uses, else the one used last.
func (a *allocator) spill(active []int32, live []interval, free *[2][]int32, class int, v int32) []int32 {
	victim, best := int32(-1), int64(-1)
	consider := func(w int32) {
		if a.class(w) != class || a.at(w).temp {
			return
		}
		iv := &live[w-amd64.Virtual]
		score := int64(iv.last)
		if !iv.hot {
			score += 1 << 40
		}
		if score > best {
			victim, best = w, score
		}
	}
	for _, w := range active {
		consider(w)
	}
	consider(v)
	if victim < 0 {
		panic("BUG: simd: no register can be spilled")
	}
	h := &home{mem: a.s.scratch(), load: amd64.VMOVUPS, bytes: int(a.s.regs[victim-amd64.Virtual].len)}
	if class == 1 {
		h.load = amd64.KMOVQ
	}
	a.at(victim).home = h
	if victim == v {
		return active
	}
	kept := active[:0]
	for _, w := range active {
		if w != victim {
			kept = append(kept, w)
		}
	}
	free[class] = append(free[class], live[victim-amd64.Virtual].reg)
	return kept
}

// assigned puts physical registers into an instruction; a move to itself is dropped.
func (a *allocator) assigned(it item, live []interval) (item, bool) {
	eachUse(&it.Inst, func(v *int32) {
		if r := a.at(*v).pin; r >= 0 {
			*v = r
		} else {
			*v = live[*v-amd64.Virtual].reg
		}
	})
	move := it.Op == amd64.VMOVAPS || it.Op == amd64.KMOVQ
	return it, !(move && it.K == 0 && it.A[0] == it.A[1])
}
