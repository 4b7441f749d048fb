package amd64

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// A Machine executes instruction lists on a model of the processor and traps what a kernel must not do:
// reading an undefined register, accessing memory outside the mapped regions, writing RSP or RBP, returning
// with dirty upper halves, misaligned aligned moves. Its arithmetic is that of the hardware with the rounding
// mode and the masked exceptions that Go runs with, NaN payloads included.
type Machine struct {
	V     [32][64]byte
	K     [8]uint64
	R     [16]uint64
	Steps int // instructions that Run may still execute, against endless loops

	definedV uint32
	definedK uint8
	definedR uint16
	regions  []region
	flags    flagSet
	dirty    bool // a register has a written upper half
	done     bool // RET was executed
	pc       int
	labels   []int // instruction index, -1 if undefined
}

// flagSet holds the flags; defined says whether any instruction has set them.
type flagSet struct {
	zf, sf, cf, of, defined bool
}

type region struct {
	addr     uint64
	data     []byte
	writable bool
}

type vector = [64]byte

// PoolAddr is the address of the constant pool in a Machine.
const PoolAddr = 0x7e57_0000_0000

var (
	semOnce sync.Once
	sem     *[opCount]semantic
)

// NewMachine returns a machine with all registers undefined, no memory, and leave to execute 100 million
// instructions.
func NewMachine() *Machine {
	semOnce.Do(func() { sem = semantics() })
	return &Machine{Steps: 100_000_000}
}

// Map makes data the memory at addr. Stores go to data itself.
func (m *Machine) Map(addr uint64, data []byte, writable bool) {
	m.regions = append(m.regions, region{addr, data, writable})
}

// SetR gives the general register r a value.
func (m *Machine) SetR(r int, v uint64) {
	m.R[r] = v
	m.definedR |= 1 << r
}

// SetV gives the vector register r a value, of up to 64 bytes; the rest is zero.
func (m *Machine) SetV(r int, v []byte) {
	m.V[r] = vector{}
	copy(m.V[r][:], v)
	m.definedV |= 1 << r
}

// SetK gives the opmask r a value.
func (m *Machine) SetK(r int, v uint64) {
	m.K[r] = v
	m.definedK |= 1 << r
}

// Run executes list from its first instruction to a RET. It returns an error, naming the instruction, where
// Assemble would, and for everything that the machine traps.
func (m *Machine) Run(list []Inst, pool []byte, level Level) error {
	if _, err := Assemble(list, pool, level); err != nil {
		return err
	}
	m.labels = m.labels[:0]
	for i := range list {
		in := &list[i]
		if in.Op == LABEL {
			for len(m.labels) <= int(in.A[0].Disp) {
				m.labels = append(m.labels, -1)
			}
			m.labels[in.A[0].Disp] = i
		}
		if in.writesStack() {
			return trap(i, in, errStack)
		}
	}
	user := m.regions
	m.Map(PoolAddr, pool, false)
	defer func() { m.regions = user }()

	m.done, m.pc = false, 0
	for !m.done {
		i := m.pc
		if i < 0 || i >= len(list) {
			return errors.New("amd64: execution runs off the end of the list")
		}
		if m.Steps--; m.Steps < 0 {
			return trap(i, &list[i], errSteps)
		}
		m.pc++
		if err := m.step(&list[i]); err != nil {
			return trap(i, &list[i], err)
		}
	}
	return nil
}

var (
	errStack  = errors.New("writes rsp or rbp")
	errSteps  = errors.New("too many steps")
	errDirty  = errors.New("returns without vzeroupper")
	errFlags  = errors.New("reads undefined flags")
	errDivide = errors.New("divide error")
)

func trap(i int, in *Inst, err error) error {
	return fmt.Errorf("amd64: instruction %d, %s: %w", i, *in, err)
}

// step executes one instruction.
func (m *Machine) step(in *Inst) error {
	if err := m.checkReads(in); err != nil {
		return err
	}
	s := &sem[in.Op]
	var err error
	switch {
	case s.lane != nil:
		err = m.runLanes(in, s)
	case s.vec != nil:
		err = m.runVector(in, s)
	case s.exec != nil:
		err = s.exec(m, in)
	default:
		panic("BUG: no semantics for " + in.Op.String())
	}
	if err == nil {
		m.noteWrites(in)
	}
	return err
}

// checkReads traps a read of an undefined register.
func (m *Machine) checkReads(in *Inst) error {
	if in.ignoresSources() {
		return nil
	}
	for i := range in.A {
		a := &in.A[i]
		if a.Kind == None {
			break
		}
		role := in.Op.Role(i)
		if i == 0 && in.ReadsDest() {
			role = ReadWrite
		}
		if err := m.checkRead(in, a, role == Read || role == ReadWrite); err != nil {
			return err
		}
	}
	if in.K != 0 && m.definedK>>in.K&1 == 0 {
		return fmt.Errorf("reads undefined k%d", in.K)
	}
	return nil
}

func (m *Machine) checkRead(in *Inst, a *Operand, read bool) error {
	switch {
	case a.Kind == Mem:
		if a.Base >= 0 && a.Base != RIP && m.definedR>>a.Base&1 == 0 {
			return fmt.Errorf("reads undefined %s", gprNames[3][a.Base])
		}
		if f := table[in.Op].form; f == gather || f == gatherK {
			if m.definedV>>a.Reg&1 == 0 {
				return fmt.Errorf("reads undefined vector register %d", a.Reg)
			}
		} else if a.Reg >= 0 && m.definedR>>a.Reg&1 == 0 {
			return fmt.Errorf("reads undefined %s", gprNames[3][a.Reg])
		}
	case !read:
	case a.Kind == Vec && m.definedV>>a.Reg&1 == 0:
		return fmt.Errorf("reads undefined vector register %d", a.Reg)
	case a.Kind == Mask && m.definedK>>a.Reg&1 == 0:
		return fmt.Errorf("reads undefined k%d", a.Reg)
	case a.Kind == GPR && m.definedR>>a.Reg&1 == 0:
		return fmt.Errorf("reads undefined %s", gprNames[3][a.Reg])
	}
	return nil
}

// ignoresSources says whether the result does not depend on the sources: the idioms that make zeros and ones.
func (in *Inst) ignoresSources() bool {
	if in.K != 0 {
		return false
	}
	switch in.Op {
	case VXORPS, VXORPD, VPXOR, VPXORD, VPXORQ, VPSUBB, VPSUBW, VPSUBD, VPSUBQ, VPCMPEQB, VPCMPEQW, VPCMPEQD,
		VPCMPEQQ, KXORB, KXORW, KXORD, KXORQ, KXNORB, KXNORW, KXNORD, KXNORQ:
		return in.A[1] == in.A[2]
	case XOR, SUB:
		return in.A[0] == in.A[1]
	case VPTERNLOGD, VPTERNLOGQ:
		return in.A[2].Kind == Vec && (in.A[3].Disp == 0 || uint8(in.A[3].Disp) == 255)
	}
	return false
}

// noteWrites marks the destination as defined, and as dirty above its low 16 bytes.
func (m *Machine) noteWrites(in *Inst) {
	role := in.Op.Role(0)
	if role != Write && role != ReadWrite {
		return
	}
	switch a := &in.A[0]; a.Kind {
	case Vec:
		m.definedV |= 1 << a.Reg
		d := &table[in.Op]
		if d.vecSize(int(in.Len), forms[d.formOf(in)].slots[0].place) > 16 {
			m.dirty = true
		}
	case Mask:
		m.definedK |= 1 << a.Reg
	case GPR:
		m.definedR |= 1 << a.Reg
	}
}

// writesStack says whether in writes RSP or RBP.
func (in *Inst) writesStack() bool {
	a, role := &in.A[0], in.Op.Role(0)
	return a.Kind == GPR && (a.Reg == RSP || a.Reg == RBP) && (role == Write || role == ReadWrite)
}

// addr is the address of a memory operand that is not a gather's.
func (m *Machine) addr(a *Operand) uint64 {
	p := uint64(int64(a.Disp))
	switch {
	case a.Base == RIP:
		p += PoolAddr
	case a.Base >= 0:
		p += m.R[a.Base]
	}
	if a.Reg >= 0 {
		p += m.R[a.Reg] * uint64(a.Scale)
	}
	return p
}

// bytes returns the n bytes of memory at addr.
func (m *Machine) bytes(addr uint64, n int, write bool) ([]byte, error) {
	for i := range m.regions {
		r := &m.regions[i]
		if off := addr - r.addr; off < uint64(len(r.data)) && uint64(len(r.data))-off >= uint64(n) {
			if write && !r.writable {
				return nil, fmt.Errorf("writes %d bytes at %#x, which are read-only", n, addr)
			}
			return r.data[off : off+uint64(n)], nil
		}
	}
	verb := "reads"
	if write {
		verb = "writes"
	}
	return nil, fmt.Errorf("%s %d bytes at %#x, outside the mapped memory", verb, n, addr)
}

// load reads size bytes as an integer.
func (m *Machine) load(addr uint64, size int) (uint64, error) {
	b, err := m.bytes(addr, size, false)
	if err != nil {
		return 0, err
	}
	return getElem(b, 0, size), nil
}

// store writes the low size bytes of v.
func (m *Machine) store(addr uint64, size int, v uint64) error {
	b, err := m.bytes(addr, size, true)
	if err != nil {
		return err
	}
	setElem(b, 0, size, v)
	return nil
}

// getElem returns element i of b, elements being size bytes.
func getElem(b []byte, i, size int) uint64 {
	switch size {
	case 1:
		return uint64(b[i])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b[2*i:]))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return binary.LittleEndian.Uint64(b[8*i:])
}

// setElem sets element i of b to the low size bytes of v.
func setElem(b []byte, i, size int, v uint64) {
	switch size {
	case 1:
		b[i] = byte(v)
	case 2:
		binary.LittleEndian.PutUint16(b[2*i:], uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(b[4*i:], uint32(v))
	default:
		binary.LittleEndian.PutUint64(b[8*i:], v)
	}
}
