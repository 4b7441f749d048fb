package amd64

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

func ins(op Op, n uint8, a ...Operand) Inst {
	in := Inst{Op: op, Len: n}
	copy(in.A[:], a)
	return in
}

func TestAssembleLayout(t *testing.T) {
	list := []Inst{
		ins(LABEL, 0, L(0)),
		ins(DEC, 0, R(RAX)),
		ins(JE, 0, L(1)),                        // forward: 32 bits
		ins(VADDPD, 64, V(1), V(2), P(8, true)), // pool
		ins(JMP, 0, L(0)),                       // backward: short
		ins(ALIGN, 0, I(32)),
		ins(LABEL, 0, L(1)),
		ins(VZEROUPPER, 0),
		ins(RET, 0),
	}
	code, err := Assemble(list, []byte("0123456789abcdef"), AVX512)
	if err != nil {
		t.Fatal(err)
	}
	const want = "48ffc8" + "0f8417000000" + "62f1ed58580d35000000" + "ebeb" + // 9+0x17 = 32, 19+0x35 = 72
		"660f1f840000000000" + "6690" + "c5f877" + "c3"
	if got := hex.EncodeToString(code[:36]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(code) != 64+16 || string(code[64:]) != "0123456789abcdef" {
		t.Fatalf("%d bytes, pool %q", len(code), code[64:])
	}
	if !bytes.HasPrefix(code[36:], bytes.Repeat([]byte{0xCC}, 28)) {
		t.Errorf("padding % x", code[36:64])
	}
}

func TestAssembleErrors(t *testing.T) {
	for _, c := range []struct {
		in    Inst
		level Level
		want  string
	}{
		{ins(VADDPD, 32, V(64), V(1), V(2)), AVX512, "not a machine register"},
		{ins(VADDPD, 32, V(1), V(2), R(3)), AVX512, "wrong kind"},
		{ins(VADDPD, 32, V(1), V(2)), AVX512, "wrong kind"},
		{ins(VADDPD, 32, V(1), V(2), V(3), I(1)), AVX512, "wrong kind"},
		{ins(VADDPD, 64, V(1), V(2), V(3)), AVX2, "needs AVX-512"},
		{ins(VADDPD, 32, V(1), V(2), V(16)), AVX2, "needs AVX-512"},
		{ins(VADDPD, 32, V(1), V(2), P(0, true)), AVX2, "needs AVX-512"},
		{ins(VPMULLQ, 32, V(1), V(2), V(3)), AVX2, "needs AVX-512"},
		{ins(KORB, 0, K(1), K(2), K(3)), AVX2, "needs AVX-512"},
		{ins(KMOVB, 0, K(1), R(RAX)), AVX2, "needs AVX-512"},
		{ins(VBLENDVPD, 32, V(1), V(2), V(3), V(16)), AVX512, "above 15"},
		{ins(VGATHERQPD, 32, V(1), MX(RAX, 17, 8, 0), V(3)), AVX512, "above 15"},
		{ins(VBLENDVPD, 64, V(1), V(2), V(3), V(4)), AVX512, "vector length"},
		{ins(VADDPD, 48, V(1), V(2), V(3)), AVX512, "vector length"},
		{ins(VADDPD, 0, V(1), V(2), V(3)), AVX512, "vector length"},
		{ins(VADDPD, 64, V(1), V(2), P(16, false)), AVX512, "outside the constant pool"},
		{ins(VADDPD, 64, V(1), V(2), P(60, true)), AVX512, "outside the constant pool"},
		{ins(VMOVUPD, 64, V(1), P(0, true)), AVX512, "no such memory operand"},
		{ins(VADDPD, 64, V(1), V(2), MX(RAX, RSP, 1, 0)), AVX512, "index"},
		{ins(VADDPD, 64, V(1), V(2), MX(RAX, RCX, 3, 0)), AVX512, "scale"},
		{ins(VGATHERQPDK, 64, V(1), MX(RAX, 2, 8, 0)), AVX512, "needs an opmask"},
		{Inst{Op: VADDPD, Len: 64, Zero: true, A: [4]Operand{V(1), V(2), V(3)}}, AVX512, "cannot zero"},
		{Inst{Op: VMOVUPD, Len: 64, K: 1, Zero: true, A: [4]Operand{M(RAX, 0), V(3)}}, AVX512, "cannot zero"},
		{Inst{Op: VADDPD, Len: 64, K: 64, A: [4]Operand{V(1), V(2), V(3)}}, AVX512, "not a machine register"},
		{Inst{Op: ADD, K: 1, A: [4]Operand{R(1), R(2)}}, AVX512, "takes no opmask"},
		{ins(JMP, 0, L(3)), AVX2, "not defined"},
		{ins(SHL, 0, R(RAX), I(300)), AVX2, "8 bits"},
		{ins(ALIGN, 0, I(12)), AVX2, "alignment"},
		{ins(opCount, 0), AVX2, "no such opcode"},
		{Inst{}, AVX2, "no such opcode"},
	} {
		code, err := Assemble([]Inst{c.in}, make([]byte, 64), c.level)
		if err == nil {
			t.Errorf("%s at %s: got % x, want an error with %q", c.in, c.level, code, c.want)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s at %s: got error %q, want %q in it", c.in, c.level, err, c.want)
		}
	}
}

// TestAssembleAnything feeds it random instructions: an error or code, but no panic.
func TestAssembleAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	small := func() int32 { return []int32{-1, 0, 1, 4, 15, 16, 31, 32, 64, 70, 1 << 20, -1 << 31}[r.IntN(12)] }
	for range 200_000 {
		in := Inst{Op: Op(r.IntN(int(opCount) + 2)), Len: uint8(16 * r.IntN(9)), Zero: r.IntN(4) == 0}
		if r.IntN(2) == 0 {
			in.K = small()
		}
		for i := range r.IntN(5) {
			in.A[i] = Operand{Kind: Kind(r.IntN(8)), Scale: uint8(r.IntN(9)), Bcast: r.IntN(4) == 0,
				Base: int8(r.IntN(20) - 2), Reg: small(), Disp: small()}
		}
		code, err := Assemble([]Inst{in}, nil, Level(r.IntN(2)))
		if (code == nil) == (err == nil) {
			t.Fatalf("%s: % x, %v", in, code, err)
		}
		if in.Op != 0 && in.Op < opCount {
			in.ReadsDest()
		}
	}
}

// TestEncodingsOfReference holds rows that two assemblers agree on, written without this package's printer.
func TestEncodingsOfReference(t *testing.T) {
	masked := ins(VMOVUPD, 64, V(1), MX(RDX, RCX, 1, 0))
	masked.K, masked.Zero = 7, true
	for _, c := range []struct {
		in   Inst
		want string
	}{
		{ins(VMOVUPD, 64, V(17), MX(RDX, RCX, 1, 64)), "62e1fd48104c0a01"},
		{ins(VFMADD231PD, 64, V(1), V(2),
			Operand{Kind: Mem, Base: RDI, Reg: -1, Scale: 1, Disp: 8, Bcast: true}), "62f2ed58b84f01"},
		{ins(VMOVUPD, 64, V(1), MX(RDX, RCX, 1, 8192)), "62f1fd48108c0a00200000"},
		{ins(VADDPD, 64, V(29), V(30), V(31)), "62018d4058ef"},
		{masked, "62f1fdcf100c0a"},
		{ins(VCMPPDK, 64, K(1), V(1), V(2), I(1)), "62f1f548c2ca01"},
		{ins(VADDPS, 32, V(17), V(2), V(3)), "62e16c2858cb"},
		{ins(VCVTPS2PD, 64, V(1), MX(RDX, RCX, 1, 32)), "62f17c485a4c0a01"},
		{ins(VBLENDVPD, 32, V(1), V(2), V(3), V(4)), "c4e36d4bcb40"},
		{ins(BZHI, 0, R(RBX), R(RBX), R(RAX)), "c4e2f8f5db"},
		{ins(KMOVB, 0, K(7), R(RBX)), "c5f992fb"},
		{ins(VZEROUPPER, 0), "c5f877"},
		{ins(SFENCE, 0), "0faef8"},
		{ins(CQO, 0), "4899"},
		{ins(INT3, 0), "cc"},
		{ins(NOP, 0), "90"},
		{ins(RET, 0), "c3"},
		{ins(PREFETCHT0, 0, M(RSI, 1024)), "0f188e00040000"},
	} {
		code, err := Assemble([]Inst{c.in}, nil, AVX512)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := hex.EncodeToString(code[:len(c.want)/2]); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		op   Op
		want [4]Role
	}{
		{VADDPD, [4]Role{Write, Read, Read}},
		{VFMADD231PD, [4]Role{ReadWrite, Read, Read}},
		{VPTERNLOGQ, [4]Role{ReadWrite, Read, Read}},
		{VBLENDVPD, [4]Role{Write, Read, Read, Read}},
		{VGATHERQPD, [4]Role{ReadWrite, Read, ReadWrite}},
		{VCMPPDK, [4]Role{Write, Read, Read}},
		{VPTEST, [4]Role{Read, Read}},
		{KORTESTB, [4]Role{Read, Read}},
		{VPSLLQ, [4]Role{Write, Read}},
		{CMP, [4]Role{Read, Read}},
		{ADD, [4]Role{ReadWrite, Read}},
		{BZHI, [4]Role{Write, Read, Read}},
		{RET, [4]Role{}},
	} {
		for i, w := range c.want {
			if got := c.op.Role(i); got != w {
				t.Errorf("%s.Role(%d) = %d, want %d", c.op, i, got, w)
			}
		}
	}
	for op, want := range map[Op]bool{
		VADDPD: true, MOV: true, BZHI: true, VPMULLQ: false, KORB: false, KMOVQ: false,
	} {
		if op.HasVEX() != want {
			t.Errorf("%s.HasVEX() = %v", op, !want)
		}
	}
	merge := Inst{Op: VADDPD, Len: 64, K: 1, A: [4]Operand{V(1), V(2), V(3)}}
	zero, blend, cmp, store := merge, merge, merge, merge
	zero.Zero, blend.Op = true, VBLENDMPD
	cmp.Op, cmp.A[0] = VCMPPDK, K(2)
	store.Op, store.A = VMOVUPD, [4]Operand{M(RAX, 0), V(1)}
	for _, c := range []struct {
		in   Inst
		want bool
	}{
		{merge, true}, {zero, false}, {blend, false}, {cmp, false}, {store, false}, {ins(VFMADD213PS, 16), true},
	} {
		if got := c.in.ReadsDest(); got != c.want {
			t.Errorf("%s: ReadsDest %v", c.in, got)
		}
	}
}

// kernel400 is a list of the size of a large kernel.
func kernel400() []Inst {
	list := []Inst{ins(LABEL, 0, L(0))}
	for i := range int32(99) {
		list = append(list,
			ins(VMOVUPD, 64, V(i%32), MX(RSI, RCX, 8, 64*i)),
			ins(VFMADD231PD, 64, V((i+1)%32), V(i%32), P(8, true)),
			ins(VADDPD, 32, V(i%16), V(3), V(4)),
			ins(ADD, 0, R(RCX), I(8)))
	}
	return append(list, ins(JNE, 0, L(0)), ins(VZEROUPPER, 0), ins(RET, 0))
}

func BenchmarkAssemble(b *testing.B) {
	list, pool := kernel400(), make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Assemble(list, pool, AVX512); err != nil {
			b.Fatal(err)
		}
	}
}
