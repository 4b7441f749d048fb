package amd64

import "math/bits"

// A laneFunc computes one element: see semantic.lane.
type laneFunc = func(d, x, y uint64, imm uint8) uint64

// signed sign-extends the element x of size bytes.
func signed(x uint64, size int) int64 {
	shift := 64 - 8*size
	return int64(x<<shift) >> shift
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// ones is -1 for true: a vector compare's result.
func ones(b bool) uint64 { return -b2u(b) }

func copyLane(_, x, _ uint64, _ uint8) uint64   { return x }
func secondLane(_, _, y uint64, _ uint8) uint64 { return y }
func addLane(_, x, y uint64, _ uint8) uint64    { return x + y }
func subLane(_, x, y uint64, _ uint8) uint64    { return x - y }
func mulLane(_, x, y uint64, _ uint8) uint64    { return x * y }
func andLane(_, x, y uint64, _ uint8) uint64    { return x & y }
func andnLane(_, x, y uint64, _ uint8) uint64   { return ^x & y }
func orLane(_, x, y uint64, _ uint8) uint64     { return x | y }
func xorLane(_, x, y uint64, _ uint8) uint64    { return x ^ y }

func mulhuw(_, x, y uint64, _ uint8) uint64   { return x * y >> 16 }
func mulLowU(_, x, y uint64, _ uint8) uint64  { return uint64(uint32(x)) * uint64(uint32(y)) }
func mulLowS(_, x, y uint64, _ uint8) uint64  { return uint64(signed(x, 4) * signed(y, 4)) }
func testm(_, x, y uint64, _ uint8) uint64    { return x & y }
func testnm(_, x, y uint64, _ uint8) uint64   { return b2u(x&y == 0) }
func cmpEqual(_, x, y uint64, _ uint8) uint64 { return ones(x == y) }
func maskLane(_, x, _ uint64, _ uint8) uint64 { return -x }

// ternlog looks every bit up in the truth table imm, indexed by the bits of d, x and y.
func ternlog(d, x, y uint64, imm uint8) uint64 {
	var r uint64
	for i := range uint8(8) {
		if imm>>i&1 == 0 {
			continue
		}
		t := ^uint64(0)
		for j, v := range [3]uint64{y, x, d} {
			if i>>j&1 == 0 {
				v = ^v
			}
			t &= v
		}
		r |= t
	}
	return r
}

func absInt(size int) laneFunc {
	return func(_, x, _ uint64, _ uint8) uint64 {
		v := signed(x, size)
		return uint64(max(v, -v))
	}
}

func minS(size int) laneFunc {
	return func(_, x, y uint64, _ uint8) uint64 { return uint64(min(signed(x, size), signed(y, size))) }
}

func maxS(size int) laneFunc {
	return func(_, x, y uint64, _ uint8) uint64 { return uint64(max(signed(x, size), signed(y, size))) }
}

func minU(_, x, y uint64, _ uint8) uint64 { return min(x, y) }
func maxU(_, x, y uint64, _ uint8) uint64 { return max(x, y) }

func cmpGreater(size int) laneFunc {
	return func(_, x, y uint64, _ uint8) uint64 { return ones(signed(x, size) > signed(y, size)) }
}

func signBit(size int) laneFunc {
	return func(_, x, _ uint64, _ uint8) uint64 { return x >> (8*size - 1) & 1 }
}

func extend(size int) laneFunc {
	return func(_, x, _ uint64, _ uint8) uint64 { return uint64(signed(x, size)) }
}

func shiftLeft(x, n uint64, size int) uint64 {
	if n >= uint64(8*size) {
		return 0
	}
	return x << n
}

func shiftRight(x, n uint64, size int) uint64 {
	if n >= uint64(8*size) {
		return 0
	}
	return x >> n
}

func shiftArith(x, n uint64, size int) uint64 { return uint64(signed(x, size) >> min(n, 63)) }

// byImm shifts all elements by the immediate.
func byImm(shift func(x, n uint64, size int) uint64, size int) laneFunc {
	return func(_, x, _ uint64, imm uint8) uint64 { return shift(x, uint64(imm), size) }
}

// byLane shifts each element by its own count.
func byLane(shift func(x, n uint64, size int) uint64, size int) laneFunc {
	return func(_, x, y uint64, _ uint8) uint64 { return shift(x, y, size) }
}

// cmpInt compares by the predicate imm: eq lt le false ne ge gt true.
func cmpInt(size int, isSigned bool) laneFunc {
	return func(_, x, y uint64, imm uint8) uint64 {
		less := x < y
		if isSigned {
			less = signed(x, size) < signed(y, size)
		}
		var r bool
		switch imm & 3 {
		case 0:
			r = x == y
		case 1:
			r = less
		case 2:
			r = less || x == y
		}
		return b2u(r != (imm&4 != 0))
	}
}

// blendSign takes y where the selector's sign bit is set.
func blendSign(size int) laneFunc {
	return func(d, x, y uint64, _ uint8) uint64 {
		if d>>(8*size-1)&1 != 0 {
			return y
		}
		return x
	}
}

// saturate clamps v to the range of a signed or unsigned integer of size bytes.
func saturate(v int64, size int, isSigned bool) uint64 {
	lo, hi := int64(0), int64(1)<<(8*size)-1
	if isSigned {
		hi >>= 1
		lo = ^hi
	}
	return uint64(min(max(v, lo), hi))
}

// pack narrows the elements of x and y with saturation, alternating between them every 8 bytes of result.
func pack(from int, isSigned bool) func(d, x, y *vector, n int, imm uint8) vector {
	return func(_, x, y *vector, n int, _ uint8) (r vector) {
		to := from / 2
		half := 8 / to // elements of each source in 16 bytes of result
		for i := range n / to {
			block, j := i/(2*half), i%(2*half)
			src := x
			if j >= half {
				src, j = y, j-half
			}
			setElem(r[:], i, to, saturate(signed(getElem(src[:], block*half+j, from), from), to, isSigned))
		}
		return r
	}
}

// unpackLow interleaves the low halves of every 16 bytes of x and y.
func unpackLow(size int) func(d, x, y *vector, n int, imm uint8) vector {
	return func(_, x, y *vector, n int, _ uint8) (r vector) {
		per := 16 / size
		for i := range n / size {
			src := x
			if i&1 != 0 {
				src = y
			}
			setElem(r[:], i, size, getElem(src[:], i/per*per+i%per/2, size))
		}
		return r
	}
}

func shuffleBytes(_, x, y *vector, n int, _ uint8) (r vector) {
	for i := range n {
		if y[i]&0x80 == 0 {
			r[i] = x[i&^15+int(y[i]&15)]
		}
	}
	return r
}

func shuffleD(_, x, _ *vector, n int, imm uint8) (r vector) {
	for i := range n / 4 {
		setElem(r[:], i, 4, getElem(x[:], i&^3+int(imm>>(2*(i&3))&3), 4))
	}
	return r
}

func permuteQImm(_, x, _ *vector, n int, imm uint8) (r vector) {
	for i := range n / 8 {
		setElem(r[:], i, 8, getElem(x[:], i&^3+int(imm>>(2*(i&3))&3), 8))
	}
	return r
}

// permuteD picks elements of y by the indices in x.
func permuteD(_, x, y *vector, n int, _ uint8) (r vector) {
	for i := range n / 4 {
		setElem(r[:], i, 4, getElem(y[:], int(getElem(x[:], i, 4))&(n/4-1), 4))
	}
	return r
}

// permute2 picks elements of the pair a, b by the indices in idx.
func permute2(idx, a, b *vector, n int) (r vector) {
	count := n / 8
	for i := range count {
		j := int(getElem(idx[:], i, 8)) & (2*count - 1)
		src := a
		if j >= count {
			src, j = b, j-count
		}
		setElem(r[:], i, 8, getElem(src[:], j, 8))
	}
	return r
}

func permuteI2(d, x, y *vector, n int, _ uint8) vector { return permute2(d, x, y, n) }
func permuteT2(d, x, y *vector, n int, _ uint8) vector { return permute2(x, d, y, n) }

func shufflePS(_, x, y *vector, n int, imm uint8) (r vector) {
	for i := range n / 4 {
		src := x
		if i&2 != 0 {
			src = y
		}
		setElem(r[:], i, 4, getElem(src[:], i&^3+int(imm>>(2*(i&3))&3), 4))
	}
	return r
}

// insert puts y, of size bytes, over the part of x that imm names.
func insert(size int) func(d, x, y *vector, n int, imm uint8) vector {
	return func(_, x, y *vector, n int, imm uint8) vector {
		r := *x
		clear(r[n:])
		at := int(imm) % (n / size) * size
		copy(r[at:at+size], y[:size])
		return r
	}
}

// extract takes the part of x, of size bytes, that imm names.
func extract(size int) func(d, x, y *vector, n int, imm uint8) vector {
	return func(_, x, _ *vector, n int, imm uint8) (r vector) {
		at := int(imm) % (n / size) * size
		copy(r[:size], x[at:])
		return r
	}
}

// highTo64 is VMOVHPD and VMOVLHPS: the low half of x, then the low half of y.
func highTo64(_, x, y *vector, _ int, _ uint8) (r vector) {
	copy(r[:8], x[:8])
	copy(r[8:16], y[:8])
	return r
}

// lowBits returns x with only its n low bits.
func lowBits(x uint64, n int) uint64 {
	if n >= 64 {
		return x
	}
	return x & (1<<n - 1)
}

func trailingZeros(x uint64) uint64 { return uint64(bits.TrailingZeros64(x)) }
