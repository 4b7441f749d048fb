package amd64

// goldenCases returns instructions that cover an opcode: every vector length, the registers at the borders of
// the encoding's fields, the kinds of memory operand, opmask and zeroing.
func goldenCases(op Op) []Inst {
	d := &table[op]
	var list []Inst
	for _, n := range lengths(d) {
		for i := range 6 {
			list = append(list, operandCases(op, d.form, n, i)...)
			if f := forms[d.form].store; f != 0 {
				list = append(list, operandCases(op, f, n, i)...)
			}
		}
	}
	return list
}

func lengths(d *desc) []uint8 {
	if d.lens == 0 {
		return []uint8{0}
	}
	var ns []uint8
	for _, n := range []uint8{16, 32, 64} {
		if d.lens&n != 0 && (d.evex != no || n < 64) {
			ns = append(ns, n)
		}
	}
	return ns
}

// operandCases returns the instructions of one form and length whose registers are the choice-th of those
// below: one with registers only and one with memory, as far as the form has them.
func operandCases(op Op, f form, n uint8, choice int) []Inst {
	d := &table[op]
	var list []Inst
	for _, memory := range []bool{false, true} {
		in := Inst{Op: op, Len: n}
		ok, hasMem := true, false
		for i, s := range forms[f].slots {
			if s.kinds == 0 {
				break
			}
			in.A[i] = caseOperand(d, s, n, choice+i, memory)
			hasMem = hasMem || in.A[i].Kind == Mem
			ok = ok && in.A[i].Kind != None
		}
		if !ok || hasMem != memory {
			continue
		}
		if f == kMov {
			list = append(list, kmovCases(in, choice)...)
			continue
		}
		addMask(d, &in, choice)
		list = append(list, in)
	}
	if alt := withImmediate(list, f, choice); alt.Op != 0 {
		list = append(list, alt)
	}
	return list
}

// caseOperand picks an operand for slot s: memory if wanted and allowed, else a register or an immediate.
func caseOperand(d *desc, s slot, n uint8, choice int, memory bool) Operand {
	vecs := []int32{0, 7, 8, 15, 16, 31}
	if d.evex == no {
		vecs = []int32{0, 7, 8, 15, 1, 12}
	}
	switch {
	case memory && s.kinds&kMem != 0 && d.mem != noMem:
		return caseMem(d, n, choice)
	case s.kinds&kVec != 0:
		return V(vecs[choice%6])
	case s.kinds&kMask != 0 && !memory:
		return K(int32(choice*3) % 8)
	case s.kinds&kMask != 0:
		return K(int32(choice) % 8)
	case s.kinds&kGPR != 0:
		return R([]int32{RAX, RDI, R8, R15, RSP, R13}[choice%6])
	case s.kinds&kImm != 0:
		return I([]int32{0, 3, 5, 31, 127, 2}[choice%6])
	}
	return Operand{}
}

func caseMem(d *desc, n uint8, choice int) Operand {
	size := int32(max(1, d.size(int(n), false)))
	index := []int32{-1, RCX, R9, -1, R12, -1}[choice%6]
	if d.form == gather || d.form == gatherK {
		index = []int32{1, 9, 14, 3, 4, 5}[choice%6]
		if d.evex != no {
			index = []int32{1, 9, 20, 31, 4, 5}[choice%6]
		}
	}
	a := MX([]int8{RAX, RBP, R12, R13, RSP, RIP}[choice%6], index, []uint8{1, 8, 2, 1, 4, 1}[choice%6],
		[]int32{0, size * 127, -size * 128, size * 128, size + 1, 128}[choice%6])
	if a.Base == RIP && (d.form == gather || d.form == gatherK) {
		a.Base, a.Disp = NoBase, -64
	} else if a.Base == RIP {
		a.Reg = -1
	}
	if choice%2 == 1 && d.evex != no && (d.mem == full || d.mem == half) {
		a.Bcast = true
		if choice%6 == 1 {
			a.Disp = 127 * int32(d.src)
		}
	}
	return a
}

// addMask adds opmask and zeroing to some of the cases.
func addMask(d *desc, in *Inst, choice int) {
	if d.evex == no || d.trait&noK != 0 {
		return
	}
	if choice%2 == 0 || d.trait&needK != 0 {
		in.K = int32(choice%7) + 1
		in.Zero = choice%4 == 0 && in.A[0].Kind == Vec && d.trait&needK == 0
	}
}

// kmovCases returns all directions of a KMOV: dst and src of in are opmasks, or memory.
func kmovCases(in Inst, choice int) []Inst {
	if in.A[0].Kind == Mem {
		load, store := in, in
		load.A[0] = K(int32(choice))
		store.A[1] = K(int32(7 - choice))
		return []Inst{load, store}
	}
	toGPR, fromGPR := in, in
	toGPR.A[0] = R([]int32{RAX, RDI, R8, R15, RBX, R13}[choice%6])
	fromGPR.A[1] = toGPR.A[0]
	return []Inst{in, toGPR, fromGPR}
}

// withImmediate returns a variant of the first case with an immediate for a last operand that may be one.
func withImmediate(list []Inst, f form, choice int) Inst {
	if len(list) == 0 || f != gALU && f != gMov && f != gTest {
		return Inst{}
	}
	in := list[0]
	in.A[1] = I([]int32{1, -1, 127, -128, 128, -70000}[choice%6])
	return in
}
