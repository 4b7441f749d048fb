package amd64

import (
	"errors"
	"fmt"
	"math/bits"
)

// setVec sets a whole vector register.
func (m *Machine) setVec(a *Operand, v vector) { m.V[a.Reg] = v }

// scalarSource reads a general register or memory of size bytes.
func (m *Machine) scalarSource(a *Operand, size int) (uint64, error) {
	switch a.Kind {
	case Mem:
		return m.load(m.addr(a), size)
	case Imm:
		return uint64(int64(a.Disp)), nil
	case Vec:
		return getElem(m.V[a.Reg][:], 0, size), nil
	case Mask:
		return lowBits(m.K[a.Reg], 8*size), nil
	}
	return lowBits(m.R[a.Reg], 8*size), nil
}

// execMovX moves between element 0 of a vector register and a general register or memory.
func execMovX(m *Machine, in *Inst) error {
	size := int(table[in.Op].elem)
	v, err := m.scalarSource(&in.A[1], size)
	if err != nil {
		return err
	}
	switch dst := &in.A[0]; dst.Kind {
	case Vec:
		var r vector
		setElem(r[:], 0, 8, v)
		m.setVec(dst, r)
	case GPR:
		m.R[dst.Reg] = v
	default:
		return m.store(m.addr(dst), size, v)
	}
	return nil
}

// execMovHigh is VMOVHPD: memory to the high half beside the low half of the source, or the high half to
// memory.
func execMovHigh(m *Machine, in *Inst) error {
	if in.A[0].Kind == Mem {
		return m.store(m.addr(&in.A[0]), 8, getElem(m.V[in.A[1].Reg][:], 1, 8))
	}
	v, err := m.load(m.addr(&in.A[2]), 8)
	if err != nil {
		return err
	}
	var r vector
	copy(r[:8], m.V[in.A[1].Reg][:8])
	setElem(r[:], 1, 8, v)
	m.setVec(&in.A[0], r)
	return nil
}

// execMaskMov loads or stores the elements whose sign bit is set in the mask; loads make the others zero.
func execMaskMov(m *Machine, in *Inst) error {
	size := int(table[in.Op].elem)
	mask := m.V[in.A[1].Reg]
	dst, src := &in.A[0], &in.A[2]
	var r vector
	for i := range int(in.Len) / size {
		if getElem(mask[:], i, size)>>(8*size-1) == 0 {
			continue
		}
		if dst.Kind == Mem {
			v := getElem(m.V[src.Reg][:], i, size)
			if err := m.store(m.addr(dst)+uint64(i*size), size, v); err != nil {
				return err
			}
			continue
		}
		v, err := m.load(m.addr(src)+uint64(i*size), size)
		if err != nil {
			return err
		}
		setElem(r[:], i, size, v)
	}
	if dst.Kind == Vec {
		m.setVec(dst, r)
	}
	return nil
}

func execUcomisd(m *Machine, in *Inst) error {
	y, err := m.scalarSource(&in.A[1], 8)
	if err != nil {
		return err
	}
	a, b := f64(getElem(m.V[in.A[0].Reg][:], 0, 8)), f64(y)
	unordered := a != a || b != b
	m.flags = flagSet{zf: a == b || unordered, cf: a < b || unordered, defined: true}
	return nil
}

// execFromGPR converts a 64-bit integer to element 0; the rest of the low 16 bytes comes from the first
// source.
func execFromGPR(convert laneFunc) func(*Machine, *Inst) error {
	return func(m *Machine, in *Inst) error {
		v, err := m.scalarSource(&in.A[2], 8)
		if err != nil {
			return err
		}
		r := m.V[in.A[1].Reg]
		clear(r[16:])
		setElem(r[:], 0, int(table[in.Op].elem), convert(0, v, 0, 0))
		m.setVec(&in.A[0], r)
		return nil
	}
}

// execToGPR converts element 0 to a 64-bit integer.
func execToGPR(convert laneFunc) func(*Machine, *Inst) error {
	return func(m *Machine, in *Inst) error {
		v, err := m.scalarSource(&in.A[1], int(table[in.Op].src))
		if err != nil {
			return err
		}
		m.R[in.A[0].Reg] = convert(0, v, 0, 0)
		return nil
	}
}

// execExtract is VPEXTR.
func execExtract(m *Machine, in *Inst) error {
	size := int(table[in.Op].elem)
	i := int(uint8(in.A[2].Disp)) % (16 / size)
	v := getElem(m.V[in.A[1].Reg][:], i, size)
	if in.A[0].Kind == Mem {
		return m.store(m.addr(&in.A[0]), size, v)
	}
	m.R[in.A[0].Reg] = v
	return nil
}

func execMoveMask(m *Machine, in *Inst) error {
	size := int(table[in.Op].elem)
	var r uint64
	for i := range int(in.Len) / size {
		r |= getElem(m.V[in.A[1].Reg][:], i, size) >> (8*size - 1) & 1 << i
	}
	m.R[in.A[0].Reg] = r
	return nil
}

func execVptest(m *Machine, in *Inst) error {
	var y vector
	if err := m.readVector(in, 1, &y); err != nil {
		return err
	}
	f := flagSet{zf: true, cf: true, defined: true}
	for i, x := range m.V[in.A[0].Reg][:in.Len] {
		f.zf = f.zf && x&y[i] == 0
		f.cf = f.cf && ^x&y[i] == 0
	}
	m.flags = f
	return nil
}

// execCompress moves the active elements together. Memory receives only them; in a register the elements
// behind them are merged or zero.
func execCompress(m *Machine, in *Inst) error {
	size := int(table[in.Op].elem)
	n := int(in.Len) / size
	active := m.active(in, n)
	src, dst := m.V[in.A[1].Reg], &in.A[0]
	var r vector
	count := 0
	for i := range n {
		if active>>i&1 == 0 {
			continue
		}
		v := getElem(src[:], i, size)
		if dst.Kind == Mem {
			if err := m.store(m.addr(dst)+uint64(count*size), size, v); err != nil {
				return err
			}
		}
		setElem(r[:], count, size, v)
		count++
	}
	if dst.Kind == Mem {
		return nil
	}
	if !in.Zero && in.K != 0 {
		copy(r[count*size:in.Len], m.V[dst.Reg][count*size:in.Len])
	}
	m.setVec(dst, r)
	return nil
}

// execGather loads the elements that the opmask, or the sign bits of the mask register, select, and clears
// the mask.
func execGather(m *Machine, in *Inst) error {
	size := int(table[in.Op].elem)
	n := int(in.Len) / size
	dst, mem := &in.A[0], &in.A[1]
	index := m.V[mem.Reg]
	if dst.Reg == mem.Reg || in.K == 0 && (dst.Reg == in.A[2].Reg || mem.Reg == in.A[2].Reg) {
		return errors.New("uses a register twice")
	}
	r := m.V[dst.Reg]
	clear(r[in.Len:])
	for i := range n {
		if in.K != 0 && m.K[in.K]>>i&1 == 0 ||
			in.K == 0 && getElem(m.V[in.A[2].Reg][:], i, size)>>(8*size-1) == 0 {
			continue
		}
		addr := uint64(int64(mem.Disp)) + uint64(signed(getElem(index[:], i, size), size))*uint64(mem.Scale)
		if mem.Base >= 0 {
			addr += m.R[mem.Base]
		}
		v, err := m.load(addr, size)
		if err != nil {
			return err
		}
		setElem(r[:], i, size, v)
	}
	m.setVec(dst, r)
	if in.K != 0 {
		m.K[in.K] = 0
	} else {
		m.V[in.A[2].Reg] = vector{}
	}
	return nil
}

func execKmov(m *Machine, in *Inst) error {
	size := int(table[in.Op].elem)
	v, err := m.scalarSource(&in.A[1], size)
	if err != nil {
		return err
	}
	switch dst := &in.A[0]; dst.Kind {
	case Mask:
		m.K[dst.Reg] = v
	case GPR:
		m.R[dst.Reg] = v
	default:
		return m.store(m.addr(dst), size, v)
	}
	return nil
}

// kWidth is the width in bits of an opmask instruction.
func (in *Inst) kWidth() int { return 8 * int(table[in.Op].elem) }

func kLogic(f func(x, y uint64) uint64) func(*Machine, *Inst) error {
	return func(m *Machine, in *Inst) error {
		m.K[in.A[0].Reg] = lowBits(f(m.K[in.A[1].Reg], m.K[in.A[2].Reg]), in.kWidth())
		return nil
	}
}

func execKnot(m *Machine, in *Inst) error {
	m.K[in.A[0].Reg] = lowBits(^m.K[in.A[1].Reg], in.kWidth())
	return nil
}

func execKortest(m *Machine, in *Inst) error {
	n := in.kWidth()
	v := lowBits(m.K[in.A[0].Reg]|m.K[in.A[1].Reg], n)
	m.flags = flagSet{zf: v == 0, cf: v == lowBits(^uint64(0), n), defined: true}
	return nil
}

func execKtest(m *Machine, in *Inst) error {
	x, y := m.K[in.A[0].Reg], lowBits(m.K[in.A[1].Reg], in.kWidth())
	m.flags = flagSet{zf: x&y == 0, cf: ^x&y == 0, defined: true}
	return nil
}

func execKshift(shift func(x, n uint64, size int) uint64) func(*Machine, *Inst) error {
	return func(m *Machine, in *Inst) error {
		n := in.kWidth()
		v := shift(lowBits(m.K[in.A[1].Reg], n), uint64(uint8(in.A[2].Disp)), n/8)
		m.K[in.A[0].Reg] = lowBits(v, n)
		return nil
	}
}

// execKunpack puts the low half of the second source below that of the first.
func execKunpack(m *Machine, in *Inst) error {
	half := in.kWidth() / 2
	m.K[in.A[0].Reg] = lowBits(m.K[in.A[1].Reg], half)<<half | lowBits(m.K[in.A[2].Reg], half)
	return nil
}

// execMov is every MOV between general registers and memory.
func execMov(m *Machine, in *Inst) error {
	size := int(table[in.Op].elem)
	v, err := m.scalarSource(&in.A[1], size)
	if err != nil {
		return err
	}
	if in.A[0].Kind == Mem {
		return m.store(m.addr(&in.A[0]), size, v)
	}
	m.R[in.A[0].Reg] = lowBits(v, 8*size)
	return nil
}

func execLea(m *Machine, in *Inst) error {
	m.R[in.A[0].Reg] = m.addr(&in.A[1])
	return nil
}

func logicFlags(r uint64) flagSet { return flagSet{zf: r == 0, sf: int64(r) < 0, defined: true} }

func andFlags(x, y uint64) (uint64, flagSet) { return x & y, logicFlags(x & y) }
func orFlags(x, y uint64) (uint64, flagSet)  { return x | y, logicFlags(x | y) }
func xorFlags(x, y uint64) (uint64, flagSet) { return x ^ y, logicFlags(x ^ y) }

func addFlags(x, y uint64) (uint64, flagSet) {
	r, carry := bits.Add64(x, y, 0)
	f := logicFlags(r)
	f.cf, f.of = carry != 0, int64((x^r)&(y^r)) < 0
	return r, f
}

func subFlags(x, y uint64) (uint64, flagSet) {
	r, borrow := bits.Sub64(x, y, 0)
	f := logicFlags(r)
	f.cf, f.of = borrow != 0, int64((x^y)&(x^r)) < 0
	return r, f
}

// execALU is the two-operand arithmetic; CMP and TEST only set the flags.
func execALU(f func(x, y uint64) (uint64, flagSet)) func(*Machine, *Inst) error {
	return func(m *Machine, in *Inst) error {
		y, err := m.scalarSource(&in.A[1], 8)
		if err != nil {
			return err
		}
		var r uint64
		r, m.flags = f(m.R[in.A[0].Reg], y)
		if in.Op.Role(0) != Read {
			m.R[in.A[0].Reg] = r
		}
		return nil
	}
}

func execImul(m *Machine, in *Inst) error {
	y, err := m.scalarSource(&in.A[1], 8)
	if err != nil {
		return err
	}
	m.R[in.A[0].Reg] *= y
	m.flags = flagSet{}
	return nil
}

func execShift(m *Machine, in *Inst) error {
	x, n := m.R[in.A[0].Reg], uint64(in.A[1].Disp)&63
	if n == 0 {
		return nil
	}
	var r uint64
	var carry uint64
	switch in.Op {
	case SHL:
		r, carry = x<<n, x>>(64-n)
	case SHR:
		r, carry = x>>n, x>>(n-1)
	case SAR:
		r, carry = uint64(int64(x)>>n), uint64(int64(x)>>(n-1))
	}
	m.R[in.A[0].Reg] = r
	m.flags = logicFlags(r)
	m.flags.cf = carry&1 != 0
	return nil
}

func execUnary(m *Machine, in *Inst) error {
	p := &m.R[in.A[0].Reg]
	carry := m.flags.cf // INC and DEC keep it
	switch in.Op {
	case INC:
		*p, m.flags = addFlags(*p, 1)
		m.flags.cf = carry
	case DEC:
		*p, m.flags = subFlags(*p, 1)
		m.flags.cf = carry
	case NEG:
		*p, m.flags = subFlags(0, *p)
	}
	return nil
}

func execCqo(m *Machine, _ *Inst) error {
	if m.definedR>>RAX&1 == 0 {
		return errors.New("reads undefined rax")
	}
	m.SetR(RDX, uint64(int64(m.R[RAX])>>63))
	return nil
}

// execIdiv divides RDX:RAX, which must be the sign extension of RAX, as CQO makes it.
func execIdiv(m *Machine, in *Inst) error {
	if m.definedR>>RAX&1 == 0 || m.definedR>>RDX&1 == 0 {
		return errors.New("reads undefined rax or rdx")
	}
	x, y := int64(m.R[RAX]), int64(m.R[in.A[0].Reg])
	if y == 0 || y == -1 && x == -x && x != 0 || m.R[RDX] != uint64(x>>63) {
		return errDivide
	}
	m.SetR(RAX, uint64(x/y))
	m.SetR(RDX, uint64(x%y))
	m.flags = flagSet{}
	return nil
}

// execBits is BZHI, BLSR and TZCNT.
func execBits(m *Machine, in *Inst) error {
	x, err := m.scalarSource(&in.A[1], 8)
	if err != nil {
		return err
	}
	var r uint64
	var carry bool
	switch in.Op {
	case BZHI:
		n := int(uint8(m.R[in.A[2].Reg]))
		r, carry = lowBits(x, n), n > 63
	case BLSR:
		r, carry = x&(x-1), x == 0
	case TZCNT:
		r, carry = trailingZeros(x), x == 0
	}
	m.R[in.A[0].Reg] = r
	m.flags = logicFlags(r)
	m.flags.cf = carry
	return nil
}

// jumpIf goes to the label if cond holds.
func jumpIf(cond func(flagSet) bool) func(*Machine, *Inst) error {
	return func(m *Machine, in *Inst) error {
		if in.Op != JMP && !m.flags.defined {
			return errFlags
		}
		if cond(m.flags) {
			m.pc = m.labels[in.A[0].Disp]
		}
		return nil
	}
}

func execRet(m *Machine, _ *Inst) error {
	if m.dirty {
		return errDirty
	}
	m.done = true
	return nil
}

func execVzeroupper(m *Machine, _ *Inst) error {
	for i := range 16 {
		clear(m.V[i][16:])
	}
	m.dirty = false
	return nil
}

func execNothing(*Machine, *Inst) error { return nil }

func execInt3(*Machine, *Inst) error { return fmt.Errorf("breakpoint") }
