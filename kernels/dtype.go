// Package kernels holds what the elements of arrays are and how to compute on them: dtypes and
// their promotion, the table of functions, and the drivers that run vector programs over strided
// memory. It may import simd and parallel; it must not know arrays as users see them, names of
// variables, text of expressions, or files.
package kernels

import (
	"fmt"

	"github.com/lanes-go/lanes/simd"
)

// DType is the type of the elements of an array.
type DType uint8

// The dtypes. Invalid is the zero value, no dtype at all. Float16 and BFloat16 are storage types:
// they are computed in Float32.
const (
	Invalid DType = iota
	Bool          // one byte, 0 or 1
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float16
	BFloat16
	Float32
	Float64
	Complex64 // real and imaginary part, interleaved
	Complex128
	numDTypes
)

// Kind is the class of a dtype. Kinds are ordered as NumPy orders them: a same-kind cast never
// goes to a lower kind.
type Kind uint8

// The kinds, lowest first.
const (
	KindInvalid Kind = iota
	KindBool
	KindUint
	KindInt
	KindFloat
	KindComplex
)

// dtypeInfo is one row of the table of dtypes.
type dtypeInfo struct {
	name, code string
	size       int
	kind       Kind
	machine    simd.Type
}

var dtypes = [numDTypes]dtypeInfo{
	Invalid:    {name: "invalid", code: "?"},
	Bool:       {"bool", "b1", 1, KindBool, simd.U8},
	Int8:       {"int8", "i1", 1, KindInt, simd.I8},
	Int16:      {"int16", "i2", 2, KindInt, simd.I16},
	Int32:      {"int32", "i4", 4, KindInt, simd.I32},
	Int64:      {"int64", "i8", 8, KindInt, simd.I64},
	Uint8:      {"uint8", "u1", 1, KindUint, simd.U8},
	Uint16:     {"uint16", "u2", 2, KindUint, simd.U16},
	Uint32:     {"uint32", "u4", 4, KindUint, simd.U32},
	Uint64:     {"uint64", "u8", 8, KindUint, simd.U64},
	Float16:    {"float16", "f2", 2, KindFloat, simd.U16},
	BFloat16:   {"bfloat16", "bf2", 2, KindFloat, simd.U16},
	Float32:    {"float32", "f4", 4, KindFloat, simd.F32},
	Float64:    {"float64", "f8", 8, KindFloat, simd.F64},
	Complex64:  {"complex64", "c8", 8, KindComplex, simd.F32},
	Complex128: {"complex128", "c16", 16, KindComplex, simd.F64},
}

func (d DType) info() *dtypeInfo {
	if d >= numDTypes {
		return &dtypes[Invalid]
	}
	return &dtypes[d]
}

// String returns the dtype's name as NumPy spells it: "float64".
func (d DType) String() string { return d.info().name }

// Code returns the short name, kind and size in bytes: "f8".
func (d DType) Code() string { return d.info().code }

// Size returns the bytes of one element, 0 for Invalid.
func (d DType) Size() int { return d.info().size }

// Kind returns the class of the dtype.
func (d DType) Kind() Kind { return d.info().kind }

// Machine returns the type of a lane that holds an element in memory: U8 for Bool, U16 (the bits)
// for the half types, the type of the parts for complex dtypes.
func (d DType) Machine() simd.Type { return d.info().machine }

// DTypes returns all dtypes, Invalid not among them.
func DTypes() []DType {
	all := make([]DType, 0, numDTypes-1)
	for d := Bool; d < numDTypes; d++ {
		all = append(all, d)
	}
	return all
}

// ParseDType returns the dtype of a name ("float64"), a code ("f8") or a code with the byte order
// of this machine or none ("<f8", "=f8", "|b1").
func ParseDType(s string) (DType, error) {
	code := s
	if len(s) > 1 && (s[0] == '<' || s[0] == '=' || s[0] == '|') {
		code = s[1:]
	}
	for d := Bool; d < numDTypes; d++ {
		if s == dtypes[d].name || code == dtypes[d].code {
			return d, nil
		}
	}
	return Invalid, fmt.Errorf("unknown dtype %q", clip(s, 32))
}

// clip shortens s for an error text.
func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "..."
	}
	return s
}
