package amd64

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestMachineRun adds a constant to an array, in a loop with a masked tail.
func TestMachineRun(t *testing.T) {
	masked := func(in Inst) Inst { in.K, in.Zero = 1, in.A[0].Kind == Vec; return in }
	list := []Inst{
		ins(MOV, 0, R(RCX), I(0)),
		ins(LABEL, 0, L(0)),
		ins(CMP, 0, R(RAX), I(8)),
		ins(JL, 0, L(1)),
		ins(VMOVUPD, 64, V(1), MX(RSI, RCX, 8, 0)),
		ins(VADDPD, 64, V(17), V(1), P(8, true)),
		ins(VMOVUPD, 64, MX(RDX, RCX, 8, 0), V(17)),
		ins(ADD, 0, R(RCX), I(8)),
		ins(SUB, 0, R(RAX), I(8)),
		ins(JMP, 0, L(0)),
		ins(LABEL, 0, L(1)),
		ins(MOV, 0, R(RBX), I(-1)),
		ins(BZHI, 0, R(RBX), R(RBX), R(RAX)),
		ins(KMOVB, 0, K(1), R(RBX)),
		masked(ins(VMOVUPD, 64, V(1), MX(RSI, RCX, 8, 0))),
		ins(VADDPD, 64, V(1), V(1), P(8, true)),
		masked(ins(VMOVUPD, 64, MX(RDX, RCX, 8, 0), V(1))),
		ins(VZEROUPPER, 0),
		ins(RET, 0),
	}
	pool := binary.LittleEndian.AppendUint64(make([]byte, 8), math.Float64bits(0.5))
	for n := range 20 {
		src, dst := make([]byte, 8*n), make([]byte, 8*n)
		for i := range n {
			setElem(src, i, 8, math.Float64bits(float64(i)))
		}
		m := NewMachine()
		m.Map(0x1000, src, false)
		m.Map(0x2000, dst, true)
		m.SetR(RSI, 0x1000)
		m.SetR(RDX, 0x2000)
		m.SetR(RAX, uint64(n))
		if err := m.Run(list, pool, AVX512); err != nil {
			t.Fatal(n, err)
		}
		for i := range n {
			if got, want := f64(getElem(dst, i, 8)), float64(i)+0.5; got != want {
				t.Errorf("n = %d: element %d is %g, want %g", n, i, got, want)
			}
		}
	}
}

func TestMachineTraps(t *testing.T) {
	ret := ins(RET, 0)
	zero := ins(VZEROUPPER, 0)
	ones := ins(VPCMPEQD, 32, V(0), V(0), V(0))
	merge := Inst{Op: VMOVUPD, Len: 64, K: 1, A: [4]Operand{V(3), V(2)}}
	load := Inst{Op: VMOVUPD, Len: 32, K: 1, Zero: true, A: [4]Operand{V(0), M(RSI, 40)}}
	for _, c := range []struct {
		name string
		list []Inst
		want string // of the error, "" for none
	}{
		{"idiom", []Inst{ones, zero, ret}, ""},
		{"undefined vector", []Inst{ins(VADDPD, 32, V(0), V(1), V(1)), ret}, "undefined vector register 1"},
		{"undefined mask", []Inst{ins(KNOTB, 0, K(1), K(3)), ret}, "undefined k3"},
		{"undefined general", []Inst{ins(ADD, 0, R(RAX), R(RBX)), ret}, "undefined rax"},
		{"undefined base", []Inst{ins(MOV, 0, R(RAX), M(R9, 0)), ret}, "undefined r9"},
		{"undefined index", []Inst{ins(MOV, 0, R(RAX), MX(RSI, R9, 1, 0)), ret}, "undefined r9"},
		{"undefined merge", []Inst{merge, zero, ret}, "undefined vector register 3"},
		{"undefined flags", []Inst{ins(LABEL, 0, L(0)), ins(JE, 0, L(0)), ret}, "undefined flags"},
		{"dirty", []Inst{ones, ret}, "without vzeroupper"},
		{"low half only", []Inst{ins(VXORPS, 16, V(0), V(0), V(0)), ret}, ""},
		{"stack", []Inst{ins(MOV, 0, R(RSP), I(0)), ret}, "writes rsp"},
		{"outside", []Inst{ins(MOV, 0, R(RAX), M(RSI, 60)), ret}, "reads 8 bytes at 0x103c"},
		{"before", []Inst{ins(MOV, 0, R(RAX), M(RSI, -1)), ret}, "reads 8 bytes at 0xfff"},
		{"inside", []Inst{ins(MOV, 0, R(RAX), M(RSI, 56)), ret}, ""},
		{"read-only", []Inst{ins(MOV, 0, M(RSI, 0), R(RSI)), ret}, "read-only"},
		{"pool is read-only", []Inst{ins(MOV, 0, P(0, false), R(RSI)), ret}, "read-only"},
		{"unmasked lanes", []Inst{ins(VMOVUPD, 32, V(0), M(RSI, 40)), zero, ret}, "0x1040"},
		{"masked lanes", []Inst{load, zero, ret}, ""},
		{"misaligned", []Inst{ins(VMOVAPS, 32, V(0), M(RSI, 16)), zero, ret}, "not a multiple of 32"},
		{"endless", []Inst{ins(LABEL, 0, L(0)), ins(JMP, 0, L(0))}, "too many steps"},
		{"runs off", []Inst{ins(NOP, 0)}, "off the end"},
		{"breakpoint", []Inst{ins(INT3, 0)}, "breakpoint"},
		{"division", []Inst{ins(MOV, 0, R(RAX), I(1)), ins(CQO, 0), ins(MOV, 0, R(RCX), I(0)), ins(IDIV, 0, R(RCX)),
			ret}, "divide error"},
		{"gather twice", []Inst{{Op: VGATHERQPDK, Len: 64, K: 1, A: [4]Operand{V(2), MX(RSI, 2, 8, 0)}}, zero, ret},
			"twice"},
	} {
		m := NewMachine()
		m.Steps = 1000
		m.Map(0x1000, make([]byte, 64), false)
		m.SetR(RSI, 0x1000)
		m.SetK(1, 7)
		m.SetV(2, make([]byte, 64))
		err := m.Run(c.list, make([]byte, 8), AVX512)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
	if err := NewMachine().Run([]Inst{ins(VADDPD, 32, V(16), V(0), V(0)), ret}, nil, AVX2); err == nil {
		t.Error("register 16 passes under AVX2")
	}
}

// TestLanes holds results computed by hand, for machines that TestHardware cannot run on.
func TestLanes(t *testing.T) {
	w, n := math.Float64bits, func(x float32) uint64 { return uint64(math.Float32bits(x)) }
	nan := math.NaN()
	inf := math.Inf(1)
	sem := semantics()
	for _, c := range []struct {
		op      Op
		d, x, y uint64
		imm     uint8
		want    uint64
	}{
		{VADDPD, 0, w(1), w(0x1p-53), 0, w(1)},
		{VADDPD, 0, w(inf), w(-inf), 0, default64},
		{VADDPD, 0, inf64 | 1, w(1), 0, inf64 | quiet64 | 1},
		{VMINPD, 0, w(nan), w(1), 0, w(1)},
		{VMINPD, 0, w(1), w(nan), 0, w(nan)},
		{VMAXPD, 0, w(0), sign64, 0, sign64},
		{VSQRTPD, 0, w(-1), 0, 0, default64},
		{VFMADD231PD, w(-1), w(1 + 0x1p-30), w(1 - 0x1p-30), 0, w(-0x1p-60)},
		{VFNMADD213PD, w(2), w(3), w(10), 0, w(4)},
		{VFMSUB132PD, w(2), w(10), w(3), 0, w(-4)},
		{VFMADD231PS, n(1), n(1 + 0x1p-23), n(0x1p-24), 0, n(1 + 0x1p-23)}, // just above a tie
		{VROUNDPD, 0, w(2.5), 0, 8, w(2)},
		{VROUNDPD, 0, w(-0.5), 0, 10, sign64},
		{VRNDSCALEPD, 0, w(2.53), 0, 0x18, w(2.5)},
		{VSCALEFPD, 0, w(1), w(-1074), 0, 1},
		{VSCALEFPD, 0, w(3), w(1.9), 0, w(6)},
		{VGETEXPPD, 0, 1, 0, 0, w(-1074)},
		{VGETEXPPD, 0, 0, 0, 0, w(-inf)},
		{VGETMANTPD, 0, w(12), 0, 0, w(1.5)},
		{VGETMANTPD, 0, w(12), 0, 3, w(0.75)},
		{VGETMANTPD, 0, w(-12), 0, 8, default64},
		{VFIXUPIMMPD, w(7), w(-3), 0x3 << 24, 0, default64},
		{VFIXUPIMMPD, w(7), w(3), 0x3 << 24, 0, w(7)},
		{VRANGEPD, 0, w(-3), w(2), 0b0110, w(2)},
		{VRANGEPD, 0, w(nan), w(2), 0b0101, w(2)},
		{VCMPPD, 0, w(nan), w(2), 4, math.MaxUint64},
		{VCMPPD, 0, w(1), w(2), 0x11, math.MaxUint64},
		{VCVTTPD2QQ, 0, w(nan), 0, 0, 1 << 63},
		{VCVTTPD2QQ, 0, w(-1.9), 0, 0, math.MaxUint64},
		{VCVTTPD2UQQ, 0, w(0x1p63), 0, 0, 1 << 63},
		{VCVTTPS2DQ, 0, n(3e9), 0, 0, 1 << 31},
		{VCVTUQQ2PS, 0, 1<<40 + 1<<16 + 1, 0, 0, n(0x1p40 + 0x1p17)}, // rounds once
		{VPMULHUW, 0, 0xffff, 0xffff, 0, 0xfffe},
		{VPSRAVQ, 0, 1 << 63, 1000, 0, math.MaxUint64},
		{VPSLLVD, 0, 1, 32, 0, 0},
		{VPTERNLOGQ, 0b1100, 0b1010, 0b1111, 0x80, 0b1000},
		{VPCMPUQK, 0, 1, math.MaxUint64, 1, 1},
		{VPCMPQK, 0, 1, math.MaxUint64, 1, 0},
	} {
		if got := sem[c.op].lane(c.d, c.x, c.y, c.imm); got != c.want {
			t.Errorf("%s of %#x, %#x, %#x, imm %#x: got %#x, want %#x", c.op, c.d, c.x, c.y, c.imm, got, c.want)
		}
	}
}

// TestFMA32 compares the float32 fused multiply-add with exact arithmetic.
func TestFMA32(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func() float32 {
		return float32(math.Ldexp(float64(r.Int32N(1<<25)-1<<24), r.IntN(r.IntN(100)+1)-80))
	}
	exact := func(x float32) *big.Float { return new(big.Float).SetPrec(1000).SetFloat64(float64(x)) }
	for range 100_000 {
		a, b, c := random(), random(), random()
		if r.IntN(2) == 0 { // an addend near half a unit of the product's last place
			c = float32(math.Ldexp(float64(a)*float64(b), r.IntN(60)-30))
		}
		sum := exact(a)
		sum.Mul(sum, exact(b)).Add(sum, exact(c))
		want, _ := sum.Float32()
		if got := fmaOdd(float64(a), float64(b), float64(c)); got != want {
			t.Fatalf("%g*%g+%g: got %g, want %g", a, b, c, got, want)
		}
	}
}

func BenchmarkMachine(b *testing.B) {
	m := NewMachine()
	m.SetV(1, make([]byte, 64))
	m.SetV(2, make([]byte, 64))
	in := ins(VADDPD, 64, V(3), V(1), V(2))
	for b.Loop() {
		if err := m.step(&in); err != nil {
			b.Fatal(err)
		}
	}
}
