package kernels_test

import (
	"fmt"
	"math"

	"github.com/lanes-go/lanes/kernels"
)

func ExampleFunc_Resolve() {
	operands, result, err := kernels.Operator("+", 2).Resolve([]kernels.DType{kernels.Int32, kernels.Float32})
	fmt.Println(operands, result, err)
	_, _, err = kernels.Lookup("bitwise_xor").Resolve([]kernels.DType{kernels.Float64, kernels.Float64})
	fmt.Println(err)
	// Output:
	// [float64 float64] float64 <nil>
	// ^ needs integers or bools, got float64, float64; use ** for powers
}

func ExampleEvalScalar() {
	cos := kernels.Lookup("cos")
	bits, dtype, _ := kernels.EvalScalar(cos, []kernels.DType{kernels.Float64}, []uint64{math.Float64bits(math.Pi)})
	fmt.Println(math.Float64frombits(bits), dtype)
	// Output: -1 float64
}

func ExamplePowLiteral() {
	cube := kernels.PowLiteral(3)
	bits, dtype, _ := kernels.EvalScalar(cube, []kernels.DType{kernels.Int64}, []uint64{7})
	fmt.Println(bits, dtype, kernels.PowLiteral(1.5) == nil)
	// Output: 343 int64 true
}
