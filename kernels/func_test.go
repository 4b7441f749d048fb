package kernels

import (
	"math"
	"testing"
)

func TestEvalScalar(t *testing.T) {
	f := Operator("+", 2)
	ds, result, err := f.Resolve([]DType{Float64, Int32})
	if err != nil || result != Float64 || ds[1] != Float64 {
		t.Fatal(ds, result, err)
	}
	bits, dt, err := EvalScalar(f, ds, []uint64{math.Float64bits(1.5), math.Float64bits(2)})
	if err != nil || dt != Float64 || math.Float64frombits(bits) != 3.5 {
		t.Fatal(bits, dt, err)
	}
}
