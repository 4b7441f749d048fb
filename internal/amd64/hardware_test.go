package amd64

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/lanes-go/lanes/internal/execmem"
)

var long = flag.Bool("long", false, "run the long sweeps")

// state is all that an instruction may read or change, laid out for the test kernels.
type state struct {
	v     [32][64]byte
	k     [8]uint64
	r     [16]uint64
	conds [10]uint64 // outcome of each conditional jump
	data  [1024]byte // what memory operands see, from a multiple of 64
}

const (
	offK     = 32 * 64
	offR     = offK + 8*8
	offConds = offR + 16*8
	offData  = offConds + 10*8
)

// Registers of the test kernels: RDI holds the state, R12 points into its data, R13 is a small index.
var freeGPRs = []int32{RAX, RCX, RDX, RBX, RSI, R8, R9, R10, R11, R14, R15}

var conditions = []Op{JB, JAE, JE, JNE, JBE, JA, JL, JGE, JLE, JG}

// TestHardware runs every instruction on this machine's processor and on the model, with random operands and
// values, and compares all registers, the flags that the instruction defines and the memory.
func TestHardware(t *testing.T) {
	if err := execmem.Available(); err != nil {
		t.Skip(err)
	}
	info, _ := os.ReadFile("/proc/cpuinfo")
	for _, f := range []string{"avx512f", "avx512cd", "avx512dq", "avx512bw", "avx512vl", "bmi2", "fma"} {
		if !strings.Contains(string(info), f) {
			t.Skipf("no %s here", f)
		}
	}
	variants, inputs := 12, 4
	if *long {
		variants, inputs = 60, 20
	}
	for op := Op(1); op < opCount; op++ {
		if d := &table[op]; d.form == gJump || d.form == pseudo || op == RET || op == INT3 {
			continue
		}
		r := rand.New(rand.NewPCG(uint64(op), 1))
		failures := 0
		for range variants {
			in := randomInst(r, op)
			if err := compareWithHardware(r, in, inputs); err != nil {
				t.Error(err)
				if failures++; failures == 3 {
					break
				}
			}
		}
	}
}

// randomInst returns a legal instruction.
func randomInst(r *rand.Rand, op Op) Inst {
	d := &table[op]
	for {
		ns := lengths(d)
		in := Inst{Op: op, Len: ns[r.IntN(len(ns))]}
		f := d.form
		if store := forms[f].store; store != 0 && r.IntN(2) == 0 {
			f = store
		}
		for i, s := range forms[f].slots {
			if s.kinds != 0 {
				in.A[i] = randomOperand(r, d, &in, s)
			}
		}
		if d.evex != no && d.trait&noK == 0 && (r.IntN(2) == 0 || d.trait&needK != 0) {
			in.K = 1 + r.Int32N(7)
			in.Zero = r.IntN(2) == 0 && in.A[0].Kind == Vec && d.trait&needK == 0
		}
		e := encoder{level: AVX512}
		if e.inst(&in) == "" && !trapsItself(&in) {
			return in
		}
	}
}

// trapsItself says whether the processor refuses in because of its registers.
func trapsItself(in *Inst) bool {
	a, b, c := in.A[0].Reg, in.A[1].Reg, in.A[2].Reg
	switch table[in.Op].form {
	case gather:
		return a == b || a == c || b == c
	case gatherK:
		return a == b
	}
	return in.Op == IDIV && (a == RAX || a == RDX)
}

func randomOperand(r *rand.Rand, d *desc, in *Inst, s slot) Operand {
	var kinds []Kind
	for k := Vec; k <= Imm; k++ {
		if s.kinds>>k&1 != 0 && (k != Mem || d.mem != noMem) {
			kinds = append(kinds, k)
		}
	}
	switch kinds[r.IntN(len(kinds))] {
	case Vec:
		if d.evex == no || r.IntN(2) == 0 {
			return V(r.Int32N(16))
		}
		return V(r.Int32N(32))
	case Mask:
		return K(r.Int32N(8))
	case GPR:
		return R(freeGPRs[r.IntN(len(freeGPRs))])
	case Mem:
		a := MX(R12, R13, 1<<r.IntN(4), 64*(r.Int32N(4)-2))
		switch {
		case d.form == gather || d.form == gatherK:
			a.Reg = r.Int32N(16)
		case in.Op == VMOVAPS || in.Op == VMOVNTPS:
			a.Reg = -1
		case r.IntN(2) == 0:
			a.Reg = -1
			a.Disp += r.Int32N(16)
		}
		a.Bcast = d.evex != no && (d.mem == full || d.mem == half) && r.IntN(3) == 0
		return a
	}
	if s.place == inImm8 {
		return I(r.Int32N(256))
	}
	return I(int32(r.Uint32()) >> r.IntN(32))
}

// compareWithHardware runs in on the processor and on a Machine, on random states.
func compareWithHardware(r *rand.Rand, in Inst, inputs int) error {
	code, err := Assemble(testKernel(in), nil, AVX512)
	if err != nil {
		return err
	}
	kernel, err := execmem.Alloc(code)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(kernel)
	block := make([]byte, unsafe.Sizeof(state{})+128)
	shift := -(uintptr(unsafe.Pointer(&block[0])) + offData) % 64
	real := (*state)(unsafe.Pointer(&block[shift]))
	for range inputs {
		randomState(r, in, real)
		start, model := *real, *real
		m := NewMachine()
		m.Map(uint64(uintptr(unsafe.Pointer(&real.data))), model.data[:], true)
		for i, v := range real.v {
			m.SetV(i, v[:])
		}
		for i, v := range real.k {
			m.SetK(i, v)
		}
		for i, v := range real.r {
			m.SetR(i, v)
		}
		m.SetR(RSP, 0)
		m.SetR(RBP, 0)
		m.flags = flagSet{zf: true, defined: true}
		execmem.Call(kernel.Entry(), unsafe.Pointer(real))
		if err := m.step(&in); err != nil {
			return fmt.Errorf("%s: %w", in, err)
		}
		model.v, model.k, model.r = m.V, m.K, m.R
		if err := compareStates(in, &start, real, &model, m.flags); err != nil {
			return err
		}
	}
	return nil
}

// testKernel loads the state, executes in, and stores the state and the outcome of the conditional jumps.
func testKernel(in Inst) []Inst {
	var list []Inst
	for i := range int32(32) {
		list = append(list, ins(VMOVDQU64, 64, V(i), M(RDI, 64*i)))
	}
	for i := range int32(8) {
		list = append(list, ins(KMOVQ, 0, K(i), M(RDI, offK+8*i)))
	}
	for i := range int32(16) {
		if i != RSP && i != RBP && i != RDI {
			list = append(list, ins(MOV, 0, R(i), M(RDI, offR+8*i)))
		}
	}
	list = append(list, ins(CMP, 0, R(RDI), R(RDI)), in)
	for i := range int32(16) {
		if i != RSP && i != RBP && i != RDI {
			list = append(list, ins(MOV, 0, M(RDI, offR+8*i), R(i)))
		}
	}
	for i, jump := range conditions {
		n := int32(i)
		list = append(list, ins(MOV, 0, R(RAX), I(1)), ins(jump, 0, L(n)), ins(MOV, 0, R(RAX), I(0)),
			ins(LABEL, 0, L(n)), ins(MOV, 0, M(RDI, offConds+8*n), R(RAX)))
	}
	for i := range int32(32) {
		list = append(list, ins(VMOVDQU64, 64, M(RDI, 64*i), V(i)))
	}
	for i := range int32(8) {
		list = append(list, ins(KMOVQ, 0, M(RDI, offK+8*i), K(i)))
	}
	return append(list, ins(VZEROUPPER, 0), ins(RET, 0))
}

// randomState fills s with values that suit in.
func randomState(r *rand.Rand, in Inst, s *state) {
	for i := range s.v {
		randomElems(r, s.v[i][:])
	}
	for i := range 16 {
		randomElems(r, s.data[64*i:64*i+64])
	}
	for i := range s.k {
		s.k[i] = r.Uint64() >> r.IntN(64)
	}
	for i := range s.r {
		s.r[i] = r.Uint64() >> r.IntN(64)
		if r.IntN(2) == 0 {
			s.r[i] = -s.r[i]
		}
	}
	s.conds = [10]uint64{}
	s.r[RDI] = uint64(uintptr(unsafe.Pointer(s)))
	s.r[R12] = uint64(uintptr(unsafe.Pointer(&s.data))) + 512
	s.r[R13] = uint64(r.IntN(8))
	d := &table[in.Op]
	if d.form == gather || d.form == gatherK {
		index, size := s.v[in.A[1].Reg][:], int(d.elem)
		for i := range 64 / size {
			setElem(index, i, size, uint64(r.IntN(32)))
		}
	}
	if in.Op == IDIV {
		s.r[RDX] = uint64(int64(s.r[RAX]) >> 63)
		s.r[in.A[0].Reg] |= 4
	}
}

// randomElems fills b with floats or integers of one width, special values among them.
func randomElems(r *rand.Rand, b []byte) {
	size := 1 << r.IntN(4)
	for i := range len(b) / size {
		v := r.Uint64()
		switch r.IntN(4) {
		case 0:
			v = uint64(r.IntN(9) - 4)
		case 1:
			if size == 8 {
				v = specials64[r.IntN(len(specials64))]
			} else {
				v = specials32[r.IntN(len(specials32))]
			}
		case 2: // numbers of moderate size
			x := (r.Float64() - 0.5) * math.Ldexp(1, r.IntN(80)-10)
			if size == 8 {
				v = math.Float64bits(x)
			} else {
				v = uint64(math.Float32bits(float32(x)))
			}
		}
		setElem(b, i, size, v)
	}
}

var specials64, specials32 = specialBits()

func specialBits() (w, n []uint64) {
	for _, x := range []float64{0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 1e300, 5e-324, 1e-310, 1 << 31,
		1<<31 - 1, 1 << 52, 1<<53 - 1, 1 << 63, 1 << 64, 1e30, math.Inf(1), 1e-40, 3e38, 126, 1023, 1074,
		149, 0x1p-1022} {
		b, f := math.Float64bits(x), uint64(math.Float32bits(float32(x)))
		w = append(w, b, b|sign64, b-1&^sign64, b+1)
		n = append(n, f, f|sign32, f-1&^sign32, f+1)
	}
	for _, payload := range []uint64{1, 1<<51 | 3, 1 << 50, 0x1234 << 32} {
		w = append(w, inf64|payload, inf64|sign64|payload)
	}
	for _, payload := range []uint64{1, 1<<22 | 3, 1 << 21, 0x1234} {
		n = append(n, inf32|payload, inf32|sign32|payload)
	}
	return w, n
}

// compareStates tells how the processor's state differs from the model's.
func compareStates(in Inst, start, real, model *state, f flagSet) error {
	diff := func(what string, i int, got, want any) error {
		var b strings.Builder
		for j := range in.A {
			if in.A[j].Kind == Vec {
				fmt.Fprintf(&b, "\n  before %d: %x", in.A[j].Reg, start.v[in.A[j].Reg])
			}
		}
		if in.K != 0 {
			fmt.Fprintf(&b, "\n  before k%d: %x", in.K, start.k[in.K])
		}
		return fmt.Errorf("%s: %s %d\n  model     %x\n  processor %x%s", in, what, i, got, want, b.String())
	}
	for i := range real.v {
		if real.v[i] != model.v[i] {
			return diff("vector register", i, model.v[i], real.v[i])
		}
	}
	for i := range real.k {
		if real.k[i] != model.k[i] {
			return diff("opmask", i, model.k[i], real.k[i])
		}
	}
	for i := range real.r {
		if i != RSP && i != RBP && real.r[i] != model.r[i] {
			return diff("general register", i, model.r[i], real.r[i])
		}
	}
	if !bytes.Equal(real.data[:], model.data[:]) {
		return diff("memory", 0, model.data, real.data)
	}
	for i, jump := range conditions {
		if !definesFlagOf(in.Op, jump, f) {
			continue
		}
		m := Machine{flags: f, labels: []int{1}}
		j := ins(jump, 0, L(0))
		if err := sem[jump].exec(&m, &j); err != nil {
			return err
		}
		if uint64(m.pc) != real.conds[i] {
			return diff(jump.String()+" taken", i, m.pc, real.conds[i])
		}
	}
	return nil
}

// definesFlagOf says whether the flags that jump looks at are defined after op.
func definesFlagOf(op, jump Op, f flagSet) bool {
	switch op {
	case SHL, SHR, SAR, TZCNT:
		return jump == JB || jump == JAE || jump == JE || jump == JNE || jump == JA || jump == JBE
	}
	return f.defined
}

func TestStateLayout(t *testing.T) {
	var s state
	if unsafe.Offsetof(s.k) != offK || unsafe.Offsetof(s.r) != offR || unsafe.Offsetof(s.conds) != offConds ||
		unsafe.Offsetof(s.data) != offData || binary.Size(s) != int(unsafe.Sizeof(s)) {
		t.Fatal("the offsets do not match the struct")
	}
}
