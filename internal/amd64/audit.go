package amd64

import (
	"errors"
	"fmt"
	"slices"
)

// Audit checks that list is fit to be called as a leaf function from Go: it holds only opcodes of the table,
// never writes RSP or RBP, addresses memory only through the general registers bases and the constant pool,
// executes VZEROUPPER before each RET, jumps only to labels in the list, and cannot run off its end. It does
// not repeat the checks of Assemble.
func Audit(list []Inst, bases ...int8) error {
	defined := map[int32]bool{}
	for i := range list {
		if list[i].Op == LABEL {
			defined[list[i].A[0].Disp] = true
		}
	}
	for i := range list {
		if err := audit(list, i, bases, defined); err != nil {
			return trap(i, &list[i], err)
		}
	}
	if n := len(list); n == 0 || list[n-1].Op != RET && list[n-1].Op != JMP {
		return errors.New("amd64: the code runs off its end")
	}
	return nil
}

func audit(list []Inst, i int, bases []int8, defined map[int32]bool) error {
	in := &list[i]
	switch {
	case in.Op == 0 || in.Op >= opCount:
		return errors.New("no such opcode")
	case in.writesStack():
		return errStack
	case in.Op == RET && !endsVectors(list[:i]):
		return errDirty
	case table[in.Op].form == gJump && !defined[in.A[0].Disp]:
		return errors.New("jumps outside")
	}
	for j := range in.A {
		a := &in.A[j]
		if a.Kind == Mem && a.Base != RIP && !slices.Contains(bases, a.Base) {
			if a.Base < 0 || a.Base > 15 {
				return errors.New("addresses memory without a base register")
			}
			return fmt.Errorf("addresses memory through %s", gprNames[3][a.Base])
		}
	}
	return nil
}

// endsVectors says whether VZEROUPPER is executed on every way to the end of list, without a vector
// instruction behind it.
func endsVectors(list []Inst) bool {
	for i := len(list) - 1; i >= 0; i-- {
		switch in := &list[i]; {
		case in.Op == VZEROUPPER:
			return true
		case in.Op == LABEL || in.Len != 0 || in.Op < opCount && table[in.Op].form == gJump:
			return false
		}
	}
	return false
}
