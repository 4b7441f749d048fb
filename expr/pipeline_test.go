package expr

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/ndarray"
	"github.com/lanes-go/lanes/simd"
)

// generator makes random programs and operands from a stream of random numbers.
type generator struct {
	*rand.Rand
	names []string
}

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g *generator) expr(depth int) string {
	if depth == 0 || g.IntN(8) == 0 {
		return g.pick(append(slices.Clone(g.names), "2", "1", "0", "-1", "3", "0.5", "2.0", "-0.0", "1e300",
			"True", "7", "pi", "inf", "nan",
			"100000", "3000000000", "x", "y", "z")...)
	}
	sub := func() string { return "(" + g.expr(depth-1) + ")" }
	switch g.IntN(10) {
	case 0, 1, 2, 3:
		return sub() + g.pick(" + ", " - ", " * ", " / ", " // ", " % ") + sub()
	case 4:
		return sub() + g.pick(" < ", " <= ", " == ", " != ", " > ", " >= ", " and ", " or ", " & ", " | ",
			" ^ ", " << ", " >> ") + sub()
	case 5:
		return g.pick("-", "+", "~", "not ") + sub()
	case 6:
		return sub() + " if " + sub() + " else " + sub()
	case 7:
		return sub() + "**" + g.pick("2", "2", "3", "-1", "0.5", "7", "-0.5", sub())
	case 8:
		return sub() + g.pick(" < ", " >= ") + sub() + g.pick(" < ", " != ") + sub()
	}
	fns := kernels.Funcs()
	fn := fns[g.IntN(len(fns))]
	args := make([]string, fn.MinArgs)
	for i := range args {
		args[i] = g.expr(depth - 1)
	}
	return fn.Name + "(" + strings.Join(args, ", ") + ")"
}

// program returns a random program: some statements and one or two results.
func (g *generator) program() string {
	g.names = []string{"x", "y", "z", "s"}
	var b strings.Builder
	for i := range g.IntN(3) {
		name := fmt.Sprintf("t%d", i)
		fmt.Fprintf(&b, "%s = %s\n", name, g.expr(1+g.IntN(2)))
		g.names = append(g.names, name)
	}
	b.WriteString(g.expr(1 + g.IntN(4)))
	if g.IntN(4) == 0 {
		b.WriteString(", " + g.expr(1+g.IntN(3)))
	}
	return b.String()
}

// operand returns a random operand: an array of a random dtype and layout whose shape broadcasts with
// (2,3,n), or a scalar.
func (g *generator) operand(n int) any {
	shape := [][]int{{n}, {n}, {n}, {1}, {3, n}, {3, 1}, {2, 1, n}, {2, 3, n}, {}, {2, 3, 1}}[g.IntN(10)]
	size := 1
	for _, d := range shape {
		size *= d
	}
	var a *ndarray.Array
	switch g.IntN(8) {
	case 0:
		return []any{3, -2, 0.25, true, goInt(1 << 40), math.Inf(1)}[g.IntN(6)]
	case 1:
		return []any{int32(7), int64(-9), float32(0.3), int64(math.MinInt64)}[g.IntN(4)]
	case 2:
		a = filledArray(g, edgesBool, size)
	case 3:
		a = filledArray(g, edgesI32, size)
	case 4:
		a = filledArray(g, edgesI64, size)
	case 5:
		a = filledArray(g, edges32, size)
	default:
		a = filledArray(g, edges64, size)
	}
	a = a.Reshape(shape...)
	if g.IntN(4) == 0 && len(shape) > 1 { // Fortran order
		a = a.T().Clone().T()
	}
	if g.IntN(5) == 0 && len(shape) > 0 { // backwards
		a = a.Slice(ndarray.Step(-1))
	}
	return a
}

func filledArray[T ndarray.Scalar](g *generator, edges []T, n int) *ndarray.Array {
	s := make([]T, n)
	for i := range s {
		s[i] = edges[g.IntN(len(edges))]
	}
	return ndarray.Must(ndarray.WrapSlice(s))
}

// runAll runs a program with given options and returns its results or its error.
func runAll(src string, vars Vars, plain bool, o Options) ([]Result, error) {
	p, err := Compile(src, o)
	if err != nil {
		return nil, err
	}
	p.plain = plain
	return p.RunAll(vars)
}

// checkPipeline runs a program on every engine, with and without rewrites, on one and more threads, and
// element by element, operation by operation: all bits must agree, and so must errors.
func checkPipeline(t *testing.T, src string, vars Vars) (ran bool) {
	want, wantErr := runAll(src, vars, true, Options{Engine: simd.Portable, Threads: 1})
	if wantErr == nil {
		checkReference(t, src, vars, want)
	}
	for _, engine := range simd.Engines() {
		for _, plain := range []bool{false, true} {
			got, err := runAll(src, vars, plain, Options{Engine: engine, Threads: 2})
			if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
				t.Fatalf("%s\n%v plain=%v: error %v, portable %v", src, engine, plain, err, wantErr)
			}
			for i := range got {
				if at := differInBits(got[i].Array, want[i].Array); at >= 0 {
					t.Fatalf("%s\n%v plain=%v: result %d differs at %d:\n%v\n%v\n%v", src, engine, plain, i,
						at,
						got[i].Array, want[i].Array, vars)
				}
			}
		}
	}
	return wantErr == nil
}

// differInBits is differ for arrays of any rank.
func differInBits(x, y *ndarray.Array) int {
	if x.DType() != y.DType() || !slices.Equal(x.Shape(), y.Shape()) {
		return 0
	}
	a, b := x.Clone(), y.Clone()
	for i := range x.Size() {
		if u, v := bitsAt(a, i), bitsAt(b, i); u != v && !(isNaNBits(u, x.DType()) && isNaNBits(v,
			x.DType())) {
			return i
		}
	}
	return -1
}

func bitsAt(x *ndarray.Array, i int) uint64 {
	size := x.DType().Size()
	return loadBits(unsafe.Add(x.Operand().Ptr, i*size), size)
}

func isNaNBits(u uint64, d kernels.DType) bool {
	switch d {
	case kernels.Float64:
		return math.IsNaN(math.Float64frombits(u))
	case kernels.Float32:
		return math.IsNaN(float64(math.Float32frombits(uint32(u))))
	}
	return false
}

// checkReference computes some elements of the results one operation at a time.
func checkReference(t *testing.T, src string, vars Vars, results []Result) {
	p := MustCompile(src)
	p.plain = true
	c := new(call)
	if err := p.collect(c, vars, kernels.Invalid); err != nil {
		t.Fatal(err)
	}
	b, err := p.lookup(c, kernels.Invalid)
	if err != nil {
		t.Fatal(err)
	}
	c.b = b
	for i, r := range results {
		flat := r.Array.Clone()
		shape := flat.Shape()
		for e := 0; e < flat.Size(); e += 1 + flat.Size()/3 {
			index := make([]int, len(shape))
			for k, rest := len(shape)-1, e; k >= 0; k-- {
				index[k] = rest % shape[k]
				rest /= shape[k]
			}
			want, got := c.reference(t, index, b.results[i]), bitsAt(flat, e)
			if got != want && !(isNaNBits(got, flat.DType()) && isNaNBits(want, flat.DType())) {
				t.Fatalf("%s\nresult %d at %v: %#x, one operation at a time %#x\n%v", src, i, index, got,
					want, vars)
			}
		}
	}
}

// reference computes one element of a node by EvalScalar.
func (c *call) reference(t *testing.T, index []int, result int32) uint64 {
	b := c.b
	values, need := make([]uint64, result+1), make([]bool, result+1)
	need[result] = true
	for i := int(result); i >= 0; i-- {
		for _, a := range b.nodes[i].args {
			need[a] = need[a] || need[i]
		}
	}
	for i := range values {
		n := &b.nodes[i]
		switch {
		case !need[i]:
		case n.kind == tyInput:
			in := &c.in[n.bits]
			at := in.op.Ptr
			for k, d := range c.shape(int(n.bits)) {
				if d != 1 {
					at = unsafe.Add(at, in.op.Strides[k]*index[len(index)-in.rank+k])
				}
			}
			values[i] = loadBits(at, n.dtype.Size())
			if n.dtype == kernels.Bool {
				values[i] = b2u(values[i] != 0)
			}
		case n.kind == tyConst && n.weak && n.dtype == kernels.Int64:
			values[i] = uint64(b.ints[n.bits].Int64())
		case n.kind == tyConst:
			values[i] = n.bits
		case n.kind == tyStrong:
			values[i], _ = scalarBits(values[n.args[0]], b.nodes[n.args[0]].dtype, n.dtype)
		case isStep(n, b.nodes):
			var v [2]*big.Int
			for k, a := range n.args {
				v[k] = big.NewInt(int64(values[a]))
			}
			if z, _, err := weakInt(n.fn, v[0], v[1]); err == nil {
				values[i] = uint64(z.Int64())
			}
		default:
			args := make([]uint64, len(n.args))
			for k, a := range n.args {
				args[k] = values[a]
			}
			v, _, err := kernels.EvalScalar(n.fn, n.operands, args)
			if err != nil {
				t.Fatal(err)
			}
			values[i] = v
		}
	}
	return values[result]
}

func randomPipeline(t *testing.T, seed uint64) bool {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	n := []int{1, 2, 3, 7, 8, 9, 16, 17, 33, 0}[g.IntN(10)]
	vars := Vars{"x": g.operand(n), "y": g.operand(n), "z": g.operand(n), "s": g.operand(1)}
	return checkPipeline(t, g.program(), vars)
}

func TestRandomPipelines(t *testing.T) {
	count, ran := 300, 0
	if *long {
		count = 20_000
	}
	for seed := range count {
		if randomPipeline(t, uint64(seed)) {
			ran++
		}
	}
	if ran < count/4 {
		t.Errorf("only %d of %d programs ran", ran, count)
	}
}

// FuzzPipeline runs random typed programs through every engine.
func FuzzPipeline(f *testing.F) {
	for seed := range 8 {
		f.Add(uint64(seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64) { randomPipeline(t, seed) })
}

// FuzzText runs any text on fixed operands: an error or a result, the same on every engine.
func FuzzText(f *testing.F) {
	for _, src := range []string{"x + y", "x*2 if c else y", "t = x*x; t + t/2", "f(a) = a*a; f(x) < f(y)",
		"x, n*n", "i % 8 + n", "i // 0"} {
		f.Add(src)
	}
	vars := Vars{"x": []float64{1, -2.5, math.NaN()}, "y": []float32{2, 0, math.MaxFloat32},
		"c": []bool{true, false, true},
		"i": []int32{5, -7, math.MinInt32}, "n": 3, "k": []int64{1}}
	lim := Limits{Nesting: 100, SourceBytes: 2000}
	f.Fuzz(func(t *testing.T, src string) {
		want, wantErr := runAll(src, vars, false, Options{Engine: simd.Portable, Limits: lim})
		if e := (*Error)(nil); wantErr != nil && !errors.As(wantErr, &e) {
			t.Fatalf("%q: the error is a %T: %v", src, wantErr, wantErr)
		}
		got, err := runAll(src, vars, false, Options{Limits: lim})
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("%q: %v and %v", src, err, wantErr)
		}
		for i := range got {
			if at := differInBits(got[i].Array, want[i].Array); at >= 0 {
				t.Fatalf("%q: result %d differs at %d", src, i, at)
			}
		}
	})
}
