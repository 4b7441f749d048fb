package amd64

import (
	"strings"
	"testing"
)

func TestAudit(t *testing.T) {
	good := []Inst{
		ins(LABEL, 0, L(0)),
		ins(VMOVUPD, 32, V(0), MX(RSI, RCX, 8, 0)),
		ins(VADDPD, 32, V(0), V(0), P(0, false)),
		ins(SUB, 0, R(RAX), I(4)),
		ins(JG, 0, L(0)),
		ins(VZEROUPPER, 0),
		ins(SFENCE, 0),
		ins(RET, 0),
	}
	if err := Audit(good, RSI); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		name string
		at   int
		put  Inst
		want string
	}{
		{"base", 1, ins(VMOVUPD, 32, V(0), M(R9, 0)), "through r9"},
		{"no base", 1, ins(VMOVUPD, 32, V(0), MX(NoBase, RCX, 8, 0)), "without a base"},
		{"rsp", 3, ins(SUB, 0, R(RSP), I(4)), "writes rsp"},
		{"rbp", 3, ins(MOV, 0, R(RBP), R(RAX)), "writes rsp or rbp"},
		{"jump", 4, ins(JG, 0, L(1)), "jumps outside"},
		{"dirty", 5, ins(NOP, 0), "vzeroupper"},
		{"dirty after", 6, ins(VXORPD, 16, V(0), V(0), V(0)), "vzeroupper"},
		{"label before ret", 6, ins(LABEL, 0, L(1)), "vzeroupper"},
		{"end", 7, ins(NOP, 0), "off its end"},
		{"opcode", 3, Inst{Op: opCount}, "no such opcode"},
	} {
		bad := append([]Inst(nil), good...)
		bad[c.at] = c.put
		if err := Audit(bad, RSI); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
	if Audit(nil) == nil {
		t.Error("an empty list passes")
	}
}
