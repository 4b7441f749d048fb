package main

import (
	"fmt"
	"math"
)

// Layout says how an input lies in memory and takes part in the expression.
type Layout string

// The layouts of inputs.
const (
	Flat         Layout = "flat"   // n contiguous elements
	Step2        Layout = "step2"  // every second of 2n elements
	ColumnVector Layout = "column" // shape (m,1) with m*m = n
	RowVector    Layout = "row"    // shape (1,m) with m*m = n
)

// Arg is one input of a case: its name in the expression and uniform data in [Lo, Hi), whole numbers for
// integer dtypes.
type Arg struct {
	Name   string  `json:"name"`
	Lo     float64 `json:"lo"`
	Hi     float64 `json:"hi"`
	Layout Layout  `json:"layout"`
}

// Case is one row of the benchmark: what is computed, how every contender spells it, and what the exact
// result is. Go, Libs and Exact are code; a C loop named <case>_<dtype> stands in peers/loops.c.
type Case struct {
	Name   string
	DTypes []string // of the inputs: f64, f32, i64, i32; one row of output each
	Result string   // dtype of the result; "" is the dtype of the inputs
	Text   string   // the expression, in Lanes' spelling and in that of every peer without its own below
	Args   []Arg

	NumPyOut string // statements that write into o, with t as scratch
	NumPy    string
	NumExpr  string // "-": NumExpr has no such operation
	Numba    string // of the scalars a, b, c or p, q
	JAX      string

	Function bool    // has a transcendental function
	Contract bool    // a*b+c may be rounded once
	Flops    float64 // floating-point operations per element that count against the FMA peak

	Go    []func(*Data) Loop // the plain Go loop, one for each of DTypes
	Libs  []Lib              // the Go libraries that have the functions
	Exact func(x []float64) dd
}

// Lib is a case as a Go library spells it.
type Lib struct {
	Name, DType string
	Make        func(*Data) func()
}

func sym(name string) Arg { return Arg{name, -10, 10, Flat} }
func pos(name string) Arg { return Arg{name, 0.1, 10, Flat} }
func ints(n string) Arg   { return Arg{n, -1000, 1000, Flat} }

var (
	f64     = []string{"f64"}
	f64f32  = []string{"f64", "f32"}
	columns = []Arg{{"p", -10, 10, ColumnVector}, {"q", -10, 10, RowVector}}
)

// horner16 is sum x^k/k for k = 1..16 plus 1, the series of a logarithm, by Horner's rule.
var horner16 = func() string {
	text := fmt.Sprint(1.0 / 16)
	for k := 15; k >= 1; k-- {
		text = fmt.Sprintf("(%s)*a+%v", text, 1/float64(k))
	}
	return "(" + text + ")*a+1.0"
}()

// cases is the table of the benchmark.
var cases = []Case{
	{Name: "add", DTypes: f64f32, Text: "a+b", Args: []Arg{sym("a"), sym("b")},
		NumPyOut: "np.add(a, b, out=o)", Flops: 1,
		Go: loops(goAdd[float64], goAdd[float32]), Libs: libAdd,
		Exact: func(x []float64) dd { return twoSum(x[0], x[1]) }},
	{Name: "triad", DTypes: f64f32, Text: "a+b*c", Args: []Arg{sym("a"), sym("b"), sym("c")},
		NumPyOut: "np.multiply(b, c, out=o); np.add(a, o, out=o)", Flops: 2,
		Go: loops(goTriad[float64], goTriad[float32]), Libs: libTriad,
		Exact: func(x []float64) dd { return twoProd(x[1], x[2]).plus(x[0]) }},
	{Name: "poly5", DTypes: f64, Text: "((((0.5*a+1.25)*a-0.75)*a+0.3)*a-1.1)*a+2.0", Args: []Arg{sym("a")},
		NumPyOut: "np.multiply(a, 0.5, out=o); o += 1.25; o *= a; o -= 0.75; o *= a; o += 0.3; " +
			"o *= a; o -= 1.1; o *= a; o += 2.0",
		Flops: 10, Go: loops(goPoly5),
		Exact: func(x []float64) dd { return polynomial(x[0], 0.5, 1.25, -0.75, 0.3, -1.1, 2) }},
	{Name: "pow10", DTypes: f64, Text: "a**10", Args: []Arg{pos("a")},
		NumPyOut: "np.power(a, 10, out=o)", Flops: 4, Go: loops(goPow10),
		Exact: func(x []float64) dd {
			x2 := twoProd(x[0], x[0])
			x4 := x2.mul(x2)
			return x4.mul(x4).mul(x2)
		}},
	{Name: "axpby", DTypes: f64, Text: "2*a+3*b", Args: []Arg{sym("a"), sym("b")},
		NumPyOut: "np.multiply(a, 2, out=o); np.multiply(b, 3, out=t); o += t",
		Flops:    3, Go: loops(goAxpby), Libs: libAxpby,
		Exact: func(x []float64) dd { return twoProd(2, x[0]).add(twoProd(3, x[1])) }},
	{Name: "sqrt", DTypes: f64f32, Text: "sqrt(a)", Args: []Arg{pos("a")},
		NumPyOut: "np.sqrt(a, out=o)", Flops: 1, Go: loops(goSqrt[float64], goSqrt[float32]), Libs: libSqrt,
		Exact: func(x []float64) dd { return ddSqrt(x[0]) }},
	{Name: "where", DTypes: f64, Text: "where(a>b,a,b)", Args: []Arg{sym("a"), sym("b")},
		NumPyOut: "np.copyto(o, b); np.copyto(o, a, where=a > b)", Numba: "a if a > b else b",
		Go: loops(goWhere), Libs: libWhere,
		Exact: func(x []float64) dd { return dd{hi: math.Max(x[0], x[1])} }},
	{Name: "cmp3", DTypes: f64, Result: "bool", Text: "a*b-4.1*a > 2.5*b", Args: []Arg{sym("a"), sym("b")},
		Flops: 4, Go: loops(goCmp3)},
	{Name: "imuladd", DTypes: []string{"i64"}, Text: "a*b+c", Args: []Arg{ints("a"), ints("b"), ints("c")},
		NumPyOut: "np.multiply(a, b, out=o); np.add(o, c, out=o)", Go: loops(goIMulAdd)},
	{Name: "icmp", DTypes: []string{"i32"}, Result: "bool", Text: "a<b", Args: []Arg{ints("a"), ints("b")},
		NumPyOut: "np.less(a, b, out=o)", Go: loops(goICmp)},
	{Name: "strided", DTypes: f64, Text: "a+b", Args: []Arg{{"a", -10, 10, Step2}, {"b", -10, 10, Step2}},
		NumPyOut: "np.add(a, b, out=o)", Flops: 1, Go: loops(goStrided),
		Exact: func(x []float64) dd { return twoSum(x[0], x[1]) }},
	{Name: "bcast_add", DTypes: f64, Text: "p+q", Args: columns,
		NumPyOut: "np.add(p, q, out=o)", Flops: 1, Go: loops(goBcastAdd),
		Exact: func(x []float64) dd { return twoSum(x[0], x[1]) }},
	{Name: "bcast_sc2", DTypes: f64, Text: "sin(p)**2+cos(q)**2", Args: columns,
		NumPyOut: "np.add(np.sin(p)**2, np.cos(q)**2, out=o)", Function: true, Flops: 1,
		Go: loops(goBcastSC2), Exact: exactSC2},
	{Name: "cast_i64_f64", DTypes: []string{"i64"}, Result: "f64", Text: "float64(a)", Args: []Arg{ints("a")},
		NumPy: "a.astype(np.float64)", NumPyOut: "np.copyto(o, a)", NumExpr: "a*1.0", Numba: "a",
		Go: loops(goCast[int64, float64]), Libs: libCast},
	{Name: "cast_i32_f32", DTypes: []string{"i32"}, Result: "f32", Text: "float32(a)", Args: []Arg{ints("a")},
		NumPy: "a.astype(np.float32)", NumPyOut: "np.copyto(o, a, casting='same_kind')", NumExpr: "-",
		Numba: "a",
		Go:    loops(goCast[int32, float32])},
	{Name: "sc2", DTypes: f64, Text: "sin(a)**2+cos(b)**2", Args: []Arg{sym("a"), sym("b")},
		NumPyOut: "np.sin(a, out=o); o *= o; np.cos(b, out=t); t *= t; o += t", Function: true,
		Go: loops(goSC2), Exact: exactSC2},
	{Name: "exp", DTypes: f64f32, Text: "exp(a)", Args: []Arg{sym("a")},
		NumPyOut: "np.exp(a, out=o)", Function: true, Go: loops(goExp[float64], goExp[float32]), Libs: libExp,
		Exact: func(x []float64) dd { return ddExp(dd{hi: x[0]}) }},
	{Name: "log", DTypes: f64f32, Text: "log(a)", Args: []Arg{pos("a")},
		NumPyOut: "np.log(a, out=o)", Function: true, Go: loops(goLog[float64], goLog[float32]), Libs: libLog,
		Exact: func(x []float64) dd { return ddLog(x[0]) }},
	{Name: "sin", DTypes: f64f32, Text: "sin(a)", Args: []Arg{sym("a")},
		NumPyOut: "np.sin(a, out=o)", Function: true, Go: loops(goSin[float64], goSin[float32]), Libs: libSin,
		Exact: func(x []float64) dd { s, _ := ddSinCos(x[0]); return s }},
	{Name: "cos", DTypes: f64f32, Text: "cos(a)", Args: []Arg{sym("a")},
		NumPyOut: "np.cos(a, out=o)", Function: true, Go: loops(goCos[float64], goCos[float32]), Libs: libCos,
		Exact: func(x []float64) dd { _, c := ddSinCos(x[0]); return c }},
	{Name: "sigmoid", DTypes: []string{"f32"}, Text: "1/(1+exp(-a))", Args: []Arg{sym("a")},
		NumPyOut: "np.negative(a, out=o); np.exp(o, out=o); o += 1; np.divide(1, o, out=o)",
		Numba:    "f32(1)/(f32(1)+exp(-a))", Function: true, Go: loops(goSigmoid),
		Exact: func(x []float64) dd { return dd{hi: 1}.div(ddExp(dd{hi: -x[0]}).plus(1)) }},
	{Name: "horner16", DTypes: f64, Text: horner16, Args: []Arg{{"a", -1, 1, Flat}}, Contract: true,
		Flops: 32,
		Go:    loops(goHorner16),
		Exact: func(x []float64) dd {
			c := []float64{}
			for k := 16; k >= 1; k-- {
				c = append(c, 1/float64(k))
			}
			return polynomial(x[0], append(c, 1)...)
		}},
}

func loops(l ...func(*Data) Loop) []func(*Data) Loop { return l }

func exactSC2(x []float64) dd {
	s, _ := ddSinCos(x[0])
	_, c := ddSinCos(x[1])
	return s.mul(s).add(c.mul(c))
}

// peerCase is what worker.py is told about a case.
type peerCase struct {
	Name     string `json:"name"`
	DType    string `json:"dtype"`
	Result   string `json:"result"`
	Args     []Arg  `json:"args"`
	NumPy    string `json:"numpy"`
	NumPyOut string `json:"numpy_out"`
	NumExpr  string `json:"numexpr"`
	Numba    string `json:"numba"`
	JAX      string `json:"jax"`
	Function bool   `json:"function"`
	Contract bool   `json:"contract"`
}

func (c *Case) peer(dtype string) peerCase {
	or := func(s, otherwise string) string {
		switch s {
		case "":
			return otherwise
		case "-":
			return ""
		}
		return s
	}
	numpy := or(c.NumPy, c.Text)
	return peerCase{Name: c.Name, DType: dtype, Result: c.result(dtype), Args: c.Args, Function: c.Function,
		Contract: c.Contract, NumPy: numpy, NumPyOut: c.NumPyOut, NumExpr: or(c.NumExpr, c.Text),
		Numba: or(c.Numba, c.Text), JAX: or(c.JAX, numpy)}
}

func (c *Case) result(dtype string) string {
	if c.Result != "" {
		return c.Result
	}
	return dtype
}

var sizeOf = map[string]int{"f64": 8, "f32": 4, "i64": 8, "i32": 4, "bool": 1}

// bytes returns the bytes of memory that one element of the result must move, and the ceiling that has the
// same number of streams. A stepped input moves whole cache lines; columns and rows stay in the cache.
func (c *Case) bytes(dtype string) (bytes float64, pattern string) {
	streams := 0
	for _, a := range c.Args {
		switch a.Layout {
		case Flat:
			bytes += float64(sizeOf[dtype])
			streams++
		case Step2:
			bytes += float64(2 * sizeOf[dtype])
			streams++
		}
	}
	return bytes + float64(sizeOf[c.result(dtype)]), []string{"fill", "copy", "add", "triad"}[streams]
}
