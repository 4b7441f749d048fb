package kernels

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lanes-go/lanes/simd"
)

func TestLookup(t *testing.T) {
	for name, want := range map[string]string{"sin": "sin", "ln": "log", "absolute": "abs",
		"mod":         "remainder",
		"true_divide": "divide", "float32": "float32", "bool": "bool", "power": "pow"} {
		if f := Lookup(name); f == nil || f.Name != want {
			t.Errorf("Lookup(%q) = %v, want %s", name, f, want)
		}
	}
	if f := Lookup("sine"); f != nil {
		t.Errorf("Lookup of an unknown name gives %v", f)
	}
	for _, c := range []struct {
		spelling string
		arity    int
		want     string
	}{{"-", 1, "negative"}, {"-", 2, "subtract"}, {"not", 1, "logical_not"}, {"**", 2, "pow"}, {"//", 2,
		"floor_divide"}} {
		if f := Operator(c.spelling, c.arity); f == nil || f.Name != c.want {
			t.Errorf("Operator(%q, %d) = %v, want %s", c.spelling, c.arity, f, c.want)
		}
	}
	if Operator("*", 1) != nil || Operator("@", 2) != nil {
		t.Error("an operator that does not exist")
	}
	if n := len(Funcs()); n < 60 {
		t.Errorf("only %d functions", n)
	}
	for _, f := range Funcs() {
		if f.Doc == "" || f.lower == nil || f.MinArgs < 1 {
			t.Errorf("%s is incomplete", f.Name)
		}
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name     string
		args     []DType
		operands []DType
		result   DType
	}{
		{"add", []DType{Int32, Float32}, []DType{Float64, Float64}, Float64},
		{"add", []DType{Bool, Bool}, []DType{Bool, Bool}, Bool},
		{"divide", []DType{Int32, Int32}, []DType{Float64, Float64}, Float64},
		{"divide", []DType{Int8, Float32}, []DType{Float32, Float32}, Float32},
		{"divide", []DType{Bool, Bool}, []DType{Float64, Float64}, Float64},
		{"floor_divide", []DType{Bool, Bool}, []DType{Int8, Int8}, Int8},
		{"left_shift", []DType{Bool, Int32}, []DType{Int32, Int32}, Int32},
		{"sin", []DType{Int32}, []DType{Float64}, Float64},
		{"sin", []DType{Int16}, []DType{Float32}, Float32},
		{"sin", []DType{Float32}, []DType{Float32}, Float32},
		{"floor", []DType{Int64}, []DType{Int64}, Int64},
		{"floor", []DType{Bool}, []DType{Bool}, Bool},
		{"fabs", []DType{Int32}, []DType{Float64}, Float64},
		{"less", []DType{Int32, Float32}, []DType{Float64, Float64}, Bool},
		{"less", []DType{Int32, Uint64}, []DType{Int64, Uint64}, Bool},
		{"less", []DType{Uint8, Uint64}, []DType{Uint64, Uint64}, Bool},
		{"isnan", []DType{Int32}, []DType{Int32}, Bool},
		{"logical_and", []DType{Float64, Int8}, []DType{Bool, Bool}, Bool},
		{"where", []DType{Float64, Int32, Int64}, []DType{Bool, Int64, Int64}, Int64},
		{"minimum", []DType{Int16, Uint16, Float32}, []DType{Float32, Float32, Float32}, Float32},
		{"float32", []DType{Int64}, []DType{Int64}, Float32},
		{"bool", []DType{Float64}, []DType{Float64}, Bool},
	} {
		operands, result, err := Lookup(c.name).Resolve(c.args)
		if err != nil || result != c.result || !slices.Equal(operands, c.operands) {
			t.Errorf("%s of %v: %v -> %v, %v; want %v -> %v", c.name, c.args, operands, result, err,
				c.operands, c.result)
		}
	}
}

func TestResolveErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		args []DType
		want string
		hint string
	}{
		{"bitwise_xor", []DType{Float64, Float64}, "^ needs integers or bools, got float64, float64",
			"use ** for powers"},
		{"subtract", []DType{Bool, Bool}, "- needs integers or floats, got bool, bool",
			"use ^ or ~ for bools"},
		{"sin", []DType{Int8}, "sin of int8 computes in float16, which is not supported yet",
			"convert with float32(x)"},
		{"add", []DType{Complex128, Float64}, "+ of complex128 is not supported yet", ""},
		{"reciprocal", []DType{Int64}, "reciprocal needs floats, got int64", "write 1 / x"},
	} {
		_, _, err := Lookup(c.name).Resolve(c.args)
		var e *DTypeError
		if !errors.As(err, &e) || e.Msg != c.want || e.Hint != c.hint {
			t.Errorf("%s of %v: %v", c.name, c.args, err)
		}
	}
	for name, n := range map[string]int{"sin": 2, "where": 2, "minimum": 1} {
		if _, _, err := Lookup(name).Resolve(make([]DType, n)); err == nil || !strings.Contains(err.Error(),
			"argument") {
			t.Errorf("%s of %d arguments: %v", name, n, err)
		}
	}
}

func TestEvalScalar(t *testing.T) {
	f := Operator("+", 2)
	bits, d, err := EvalScalar(f, []DType{Float64, Float64}, []uint64{math.Float64bits(1.5),
		math.Float64bits(2)})
	if err != nil || d != Float64 || math.Float64frombits(bits) != 3.5 {
		t.Errorf("1.5 + 2 = %x %v %v", bits, d, err)
	}
	bits, d, err = EvalScalar(Lookup("less"), []DType{Int32, Int32}, []uint64{0xffffffff, 1})
	if err != nil || d != Bool || bits != 1 {
		t.Errorf("-1 < 1 = %x %v %v", bits, d, err)
	}
	if _, _, err := EvalScalar(f, []DType{Complex128, Complex128}, []uint64{0, 0}); err == nil {
		t.Error("no error for complex operands")
	}
}

// castDefinition is the conversion of one element: saturating to integers from floats, wrapping between integers.
func castDefinition(from, to DType, bits uint64) uint64 {
	switch {
	case to == Bool && isFloat(from):
		return truth(asFloat(from, bits) != 0)
	case to == Bool:
		return truth(bits != 0)
	case isFloat(to) && isFloat(from):
		return fromFloat(to, asFloat(from, bits))
	case to == Float32:
		x, _ := new(big.Float).SetInt(asBig(from, bits)).Float32()
		return uint64(math.Float32bits(x))
	case to == Float64:
		x, _ := new(big.Float).SetInt(asBig(from, bits)).Float64()
		return math.Float64bits(x)
	case !isFloat(from):
		return mask(to, fromBig(asBig(from, bits)))
	}
	x := asFloat(from, bits)
	least, most := new(big.Int), new(big.Int).SetUint64(^uint64(0)>>(64-8*to.Size()))
	if to.Kind() == KindInt {
		most.Rsh(most, 1)
		least.Not(most)
	}
	switch {
	case x != x:
		return 0
	case math.IsInf(x, 1):
		return mask(to, fromBig(most))
	case math.IsInf(x, -1):
		return mask(to, fromBig(least))
	}
	v, _ := new(big.Float).SetFloat64(x).Int(nil)
	if v.Cmp(most) > 0 {
		v = most
	} else if v.Cmp(least) < 0 {
		v = least
	}
	return mask(to, fromBig(v))
}

func TestCasts(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, to := range storableDTypes() {
		for _, from := range storableDTypes() {
			cols := columnsFor(r, []DType{from}, 1000)
			for _, e := range simd.Engines() {
				k, operands, result := compileRow(t, Lookup(to.String()), []DType{from}, e)
				for i, got := range runKernel(k, operands, result, cols) {
					if want := castDefinition(from, to, cols[0][i]); !sameBits(to, got, want) {
						t.Errorf("%v(%s %v) on %v = %s, want %s", to, from, show(from, cols[0][i]), e,
							show(to, got),
							show(to, want))
						break
					}
				}
			}
		}
	}
}

// TestValues loads from every kind of source, a bool byte other than 1 being true, and constants.
func TestValues(t *testing.T) {
	for _, kind := range []SourceKind{SourceLoad, SourceStrided, SourceScalar} {
		b := simd.NewBuilder()
		x := LoadValue(b, Bool, kind)
		StoreValue(b, Bool, b.Xor(x, ConstValue(b, Bool, 2)))
		StoreValue(b, Float64, b.Select(x, ConstValue(b, Float64, math.Float64bits(2.5)), b.F64(1)))
		p, err := b.Program()
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Sources()[0].Type; got != simd.U8 || p.Sinks()[0].Type != simd.U8 {
			t.Errorf("bool is %v in memory", got)
		}
	}
}
