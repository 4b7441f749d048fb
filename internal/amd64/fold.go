package amd64

// MemSource tells which source operand of op may be memory, -1 if none may; the size in bytes of the element that an
// embedded broadcast would repeat there, 0 if it cannot; and how many bytes are read for vector length n.
func (op Op) MemSource(n int) (operand, bcast, bytes int) {
	d := &table[op]
	slots := &forms[d.form].slots
	for i := 1; i < len(slots); i++ {
		if slots[i].kinds&kMem == 0 {
			continue
		}
		if d.evex != no && (d.mem == full || d.mem == half) {
			bcast = int(d.src)
		}
		return i, bcast, d.size(n, false)
	}
	return -1, 0, 0
}

// FoldsVEX tells whether the VEX encoding of op takes the memory operand that MemSource names. Shifts by an immediate
// take one only under EVEX.
func (op Op) FoldsVEX() bool { return table[op].form != vmi }
