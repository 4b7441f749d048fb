package amd64

import "fmt"

// A semantic is the meaning of an opcode, in one of three forms.
type semantic struct {
	// lane computes one element of the destination from the old destination (or, for the four-operand blends,
	// the selector), the first and second source, and the immediate. Sources are zero-extended; the result is
	// truncated. For an opmask destination it gives zero or not.
	lane func(d, x, y uint64, imm uint8) uint64
	mode laneMode

	// vec computes a whole vector of n bytes from old destination, sources and immediate.
	vec func(d, x, y *vector, n int, imm uint8) vector

	// exec does all of the work.
	exec func(m *Machine, in *Inst) error
}

// laneMode says on which elements lane works.
type laneMode uint8

const (
	allLanes   laneMode = iota
	splatLanes          // all elements, each from element 0 of the source
	oneLane             // element 0; the rest of the register becomes zero
	lowLane             // element 0; the rest of the register comes from the first source
)

// sources returns the indices of first, second and third source operand, or 0 if there is none, and the
// immediate.
func (in *Inst) sources() (x, y, z int, imm uint8) {
	for i := 1; i < 4; i++ {
		switch {
		case in.A[i].Kind == None:
		case in.A[i].Kind == Imm:
			imm = uint8(in.A[i].Disp)
		case x == 0:
			x = i
		case y == 0:
			y = i
		default:
			z = i
		}
	}
	return x, y, z, imm
}

// active is the opmask of the instruction as a bit set of n lanes.
func (m *Machine) active(in *Inst, n int) uint64 {
	all := ^uint64(0) >> (64 - n)
	if in.K == 0 {
		return all
	}
	return m.K[in.K] & all
}

// runLanes executes an instruction element by element.
func (m *Machine) runLanes(in *Inst, s *semantic) error {
	d := &table[in.Op]
	n := d.lanes(int(in.Len))
	if s.mode == oneLane || s.mode == lowLane {
		n = 1
	}
	active := m.active(in, n)
	xi, yi, zi, imm := in.sources()
	var x, y, z [64]uint64
	if err := m.readLanes(in, xi, &x, n, active, s.mode); err != nil {
		return err
	}
	if err := m.readLanes(in, yi, &y, n, active, s.mode); err != nil {
		return err
	}
	if zi != 0 {
		if err := m.readLanes(in, zi, &z, n, active, s.mode); err != nil {
			return err
		}
	}
	dst := &in.A[0]
	if dst.Kind == Mask {
		var k uint64
		for i := range n {
			if active>>i&1 != 0 && s.lane(0, x[i], y[i], imm) != 0 {
				k |= 1 << i
			}
		}
		m.K[dst.Reg] = k
		return nil
	}
	var r, old vector
	if dst.Kind == Vec {
		old = m.V[dst.Reg]
	}
	if s.mode == lowLane {
		r = m.V[in.A[xi].Reg]
		clear(r[16:])
	}
	elem := int(d.elem)
	for i := range n {
		if active>>i&1 == 0 {
			continue
		}
		third := z[i]
		if zi == 0 && dst.Kind == Vec {
			third = getElem(old[:], i, elem)
		}
		setElem(r[:], i, elem, s.lane(third, x[i], y[i], imm))
	}
	if d.trait&picks != 0 {
		for i := range n {
			setElem(old[:], i, elem, x[i])
		}
	}
	return m.writeLanes(in, &r, &old, n, active)
}

// readLanes reads the elements of source operand i. Memory is read for the active lanes only.
func (m *Machine) readLanes(in *Inst, i int, to *[64]uint64, n int, active uint64, mode laneMode) error {
	if i == 0 {
		return nil
	}
	d := &table[in.Op]
	a, size := &in.A[i], int(d.src)
	splat := mode == splatLanes || a.Bcast
	switch a.Kind {
	case Mask:
		for j := range n {
			to[j] = m.K[a.Reg] >> j & 1
		}
	case GPR:
		for j := range n {
			to[j] = m.R[a.Reg]
		}
	case Vec:
		for j := range n {
			if splat {
				to[j] = getElem(m.V[a.Reg][:], 0, size)
			} else {
				to[j] = getElem(m.V[a.Reg][:], j, size)
			}
		}
	case Mem:
		addr := m.addr(a)
		if err := m.checkAligned(in, addr); err != nil {
			return err
		}
		for j := range n {
			if active>>j&1 == 0 {
				continue
			}
			at := addr
			if !splat {
				at += uint64(j * size)
			}
			v, err := m.load(at, size)
			if err != nil {
				return err
			}
			to[j] = v
		}
	}
	return nil
}

// checkAligned traps a misaligned address of an instruction that wants it aligned.
func (m *Machine) checkAligned(in *Inst, addr uint64) error {
	if (in.Op == VMOVAPS || in.Op == VMOVNTPS) && addr%uint64(in.Len) != 0 {
		return fmt.Errorf("address %#x is not a multiple of %d", addr, in.Len)
	}
	return nil
}

// writeLanes writes the active elements of r to the destination of n elements. The others become zero or keep
// the value in old.
func (m *Machine) writeLanes(in *Inst, r, old *vector, n int, active uint64) error {
	dst, elem := &in.A[0], int(table[in.Op].elem)
	if dst.Kind == Mem {
		addr := m.addr(dst)
		if err := m.checkAligned(in, addr); err != nil {
			return err
		}
		for i := range n {
			if active>>i&1 == 0 {
				continue
			}
			if err := m.store(addr+uint64(i*elem), elem, getElem(r[:], i, elem)); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range n {
		switch {
		case active>>i&1 != 0:
		case in.Zero:
			setElem(r[:], i, elem, 0)
		default:
			setElem(r[:], i, elem, getElem(old[:], i, elem))
		}
	}
	m.V[dst.Reg] = *r
	return nil
}

// runVector executes an instruction on whole vectors.
func (m *Machine) runVector(in *Inst, s *semantic) error {
	d := &table[in.Op]
	xi, yi, _, imm := in.sources()
	var x, y, old vector
	if err := m.readVector(in, xi, &x); err != nil {
		return err
	}
	if err := m.readVector(in, yi, &y); err != nil {
		return err
	}
	if in.A[0].Kind == Vec {
		old = m.V[in.A[0].Reg]
	}
	r := s.vec(&old, &x, &y, int(in.Len), imm)
	size := int(in.Len)
	if forms[d.formOf(in)].slots[0].place == inRM {
		size = d.size(size, false)
	}
	clear(r[size:])
	n := size / int(d.elem)
	return m.writeLanes(in, &r, &old, n, m.active(in, n))
}

// readVector reads source operand i whole.
func (m *Machine) readVector(in *Inst, i int, to *vector) error {
	a := &in.A[i]
	switch {
	case i == 0:
	case a.Kind == GPR:
		setElem(to[:], 0, 8, m.R[a.Reg])
	case a.Kind == Vec:
		*to = m.V[a.Reg]
	default:
		d := &table[in.Op]
		b, err := m.bytes(m.addr(a), d.size(int(in.Len), a.Bcast), false)
		if err != nil {
			return err
		}
		copy(to[:], b)
		if a.Bcast {
			for j := range int(in.Len) / len(b) {
				copy(to[j*len(b):], b)
			}
		}
	}
	return nil
}
