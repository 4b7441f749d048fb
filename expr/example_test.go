package expr_test

import (
	"errors"
	"fmt"

	"github.com/lanes-go/lanes/expr"
	"github.com/lanes-go/lanes/ndarray"
)

func ExampleEval() {
	x := ndarray.Linspace(0, 1, 5)
	y, err := expr.Eval("x**2 + 0.5*x", expr.Vars{"x": x})
	fmt.Println(y, err)
	// Output: [0.     0.1875 0.5    0.9375 1.5   ] <nil>
}

func ExampleCompile() {
	p, err := expr.Compile("where(x > lo, sqrt(x), 0) * scale")
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := p.Run(expr.Vars{"x": []float64{0, 1, 4, 9}, "lo": 0.25, "scale": 3})
	fmt.Println(out, err)
	// Output: [0. 3. 6. 9.] <nil>
}

func ExampleProgram_RunAll() {
	p := expr.MustCompile("d = x - y; near = abs(d) < 0.5")
	results, err := p.RunAll(expr.Vars{"x": []float32{1, 2, 3}, "y": []float32{1, 2.25, 4}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		fmt.Println(r.Name, r.Array.DType(), r.Array)
	}
	// Output:
	// d float32 [ 0.   -0.25 -1.  ]
	// near bool [ True  True False]
}

func ExampleProgram_RunTo() {
	p := expr.MustCompile("x*2 + y")
	x := ndarray.Linspace(0, 3, 4)
	err := p.RunTo(x, expr.Vars{"x": x, "y": 1}) // in place
	fmt.Println(x, err)
	// Output: [1. 3. 5. 7.] <nil>
}

func ExampleProgram_String() {
	fmt.Println(expr.MustCompile("f(a)=(a*a) ; f( x )+((2*y))"))
	// Output:
	// f(a) = a * a
	// f(x) + 2 * y
}

func ExampleProgram_Inputs() {
	p := expr.MustCompile("t = pi * r**2; t * height")
	for _, in := range p.Inputs() {
		fmt.Println(in.Name, in.Optional)
	}
	// Output:
	// pi true
	// r false
	// height false
}

func ExampleProgram_Results() {
	fmt.Println(expr.MustCompile("m = (x + y) / 2; _t = m*m; m, x - m").Results())
	// Output: [m _2]
}

func ExampleMustFunc2() {
	hypot := expr.MustFunc2[float64]("sqrt(a*a + b*b)")
	dst := make([]float64, 2)
	err := hypot(dst, []float64{3, 5}, []float64{4, 12})
	fmt.Println(dst, err)
	// Output: [5 13] <nil>
}

func ExampleFunc2() {
	diff, err := expr.Func2[float32]("b, a: a - b") // the order of the parameters is given
	if err != nil {
		fmt.Println(err)
		return
	}
	dst := make([]float32, 3)
	err = diff(dst, []float32{1, 1, 1}, []float32{5, 6, 7})
	fmt.Println(dst, err)
	// Output: [4 5 6] <nil>
}

func ExampleError() {
	_, err := expr.Eval("sqr(x) + 1", expr.Vars{"x": 2.0})
	fmt.Println(err)
	fmt.Println(errors.Is(err, expr.ErrName))

	var e *expr.Error
	_, err = expr.Eval("sqrt(x) + y * 2", expr.Vars{"x": make([]float64, 3), "y": make([]float32, 4)})
	if errors.As(err, &e) {
		fmt.Println(e.Line, e.Col, e.Msg)
		fmt.Println(e)
	}
	// Output:
	// expr: 1:1: unknown function "sqr"; did you mean "sqrt"?
	//   sqr(x) + 1
	//   ^
	// true
	// 1 9 cannot broadcast (3) with (4)
	// expr: 1:9: cannot broadcast (3) with (4)
	//   sqrt(x) + y * 2
	//           ^ x: float64 (3)   y: float32 (4)
}
