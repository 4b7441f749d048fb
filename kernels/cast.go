package kernels

import "github.com/lanes-go/lanes/simd"

// SourceKind says how the elements of an input come into a program.
type SourceKind uint8

// The kinds of sources: neighbours in memory, elements a fixed number of bytes apart, one element for all
// lanes.
const (
	SourceLoad SourceKind = iota
	SourceStrided
	SourceScalar
)

// LoadValue adds a source of elements of dtype d and returns its value: a mask for Bool, any byte but 0 being
// true.
func LoadValue(b *simd.Builder, d DType, kind SourceKind) simd.Value {
	var x simd.Value
	switch kind {
	case SourceStrided:
		x = b.Strided(d.Machine())
	case SourceScalar:
		x = b.Scalar(d.Machine())
	default:
		x = b.Load(d.Machine())
	}
	if d == Bool {
		return b.Convert(x, simd.Mask)
	}
	return x
}

// StoreValue adds a sink that x, a value of dtype d, goes to. Bools are stored as bytes 0 and 1.
func StoreValue(b *simd.Builder, d DType, x simd.Value) {
	if t := b.TypeOf(x); t != laneType(d) && b.Err() == nil {
		panic("BUG: a value of type " + t.String() + " stored as " + d.String())
	}
	if d == Bool {
		x = b.Convert(x, simd.U8)
	}
	b.Store(x)
}

// ConstValue is a constant of dtype d, given by the bits of an element.
func ConstValue(b *simd.Builder, d DType, bits uint64) simd.Value {
	if d == Bool {
		return b.Const(simd.Mask, min(bits&0xff, 1))
	}
	return b.Const(d.Machine(), bits)
}

// CastValue converts x from one dtype to another. To Bool is x != 0; narrower integers wrap; floats to
// integers truncate and saturate, NaN gives 0; everything else rounds once.
func CastValue(b *simd.Builder, x simd.Value, from, to DType) simd.Value {
	return b.Convert(x, laneType(to))
}

// laneType is the type of a value of dtype d in a program.
func laneType(d DType) simd.Type {
	if d == Bool {
		return simd.Mask
	}
	return d.Machine()
}

// castRows are the conversions float64(x), bool(x) …, one for each dtype that programs can compute.
func castRows() []Func {
	var rows []Func
	for _, d := range DTypes() {
		if !storable(d) {
			continue
		}
		rows = append(rows, Func{Name: d.String(), MinArgs: 1, MaxArgs: 1, Sig: "BIF " + d.Code(),
			Doc: "x converted to " + d.String(),
			lower: func(b *simd.Builder, x []simd.Value) simd.Value {
				return b.Convert(x[0], laneType(d))
			}})
	}
	return rows
}
