// Package simd runs vector programs on flat memory. A Program is typed SSA over lanes, built by a Builder: sources bring
// elements in, primitives compute on them, sinks take results out. Compile turns a program into a Kernel: machine code
// for AVX-512 or AVX2, generated at run time, or the portable engine in plain Go, which is the definition of every
// primitive. All engines give the same bits.
//
// It may import internal/amd64, internal/execmem and the processor detection. It must not know arrays, N-d strides,
// complex numbers or goroutines.
package simd

// Type is a machine type: what one lane holds.
type Type uint8

const (
	Invalid Type = iota
	Mask         // a truth value per lane; it has no form in memory
	I8
	I16
	I32
	I64
	U8
	U16
	U32
	U64
	F32
	F64
	numTypes
)

var typeNames = [numTypes]string{"invalid", "mask", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"}
var typeSizes = [numTypes]int{0, 0, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8}

// String returns the name used in the text form of programs, such as "f64".
func (t Type) String() string {
	if t < numTypes {
		return typeNames[t]
	}
	return "invalid"
}

// Size returns the bytes of one element in memory; 0 for Mask.
func (t Type) Size() int {
	if t < numTypes {
		return typeSizes[t]
	}
	return 0
}

// IsFloat tells whether t is F32 or F64.
func (t Type) IsFloat() bool { return t == F32 || t == F64 }

// IsInt tells whether t is an integer type, signed or unsigned.
func (t Type) IsInt() bool { return t >= I8 && t <= U64 }

// IsSigned tells whether t is a signed integer type.
func (t Type) IsSigned() bool { return t >= I8 && t <= I64 }

// bits returns the width of a lane in bits.
func (t Type) bits() int { return t.Size() * 8 }

// mask returns the low bits that a value of t occupies in a uint64.
func (t Type) mask() uint64 {
	if t == Mask {
		return 1
	}
	return ^uint64(0) >> (64 - t.bits())
}

func parseType(s string) (Type, bool) {
	for t := Mask; t < numTypes; t++ {
		if typeNames[t] == s {
			return t, true
		}
	}
	return Invalid, false
}

// typeSet is a set of types.
type typeSet uint16

func setOf(ts ...Type) typeSet {
	var s typeSet
	for _, t := range ts {
		s |= 1 << t
	}
	return s
}

func (s typeSet) has(t Type) bool { return s>>t&1 != 0 }

var (
	floats   = setOf(F32, F64)
	ints     = setOf(I8, I16, I32, I64, U8, U16, U32, U64)
	wideInts = setOf(I16, I32, I64, U16, U32, U64)
	numbers  = floats | ints
	anyType  = numbers | setOf(Mask)
)
