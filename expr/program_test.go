package expr

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/ndarray"
	"github.com/lanes-go/lanes/simd"
)

func TestRunTo(t *testing.T) {
	p := MustCompile("x*2 + y")
	x, y := ndarray.Linspace(0, 5, 6).Reshape(2, 3), ndarray.Linspace(0, 2, 3)
	dst := ndarray.Zeros(kernels.Float64, 2, 3)
	vars := Vars{"x": x, "y": y}
	if err := p.RunTo(dst, vars); err != nil {
		t.Fatal(err)
	}
	if want := must(p.Run(vars)); differInBits(dst, want) >= 0 {
		t.Errorf("got %v, want %v", dst, want)
	}
	narrow := ndarray.Zeros(kernels.Float32, 2, 3)
	if err := p.RunTo(narrow, vars); err != nil || narrow.At(1, 2) != 12 {
		t.Errorf("float32 dst: %v %v", narrow, err)
	}
	view := ndarray.Zeros(kernels.Float64, 4, 6)
	if err := p.RunTo(view.Slice(ndarray.RangeStep(0, 4, 2), ndarray.Step(-2)), vars); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		dst  *ndarray.Array
		kind error
		text string
	}{
		{ndarray.Zeros(kernels.Int64, 2, 3), ErrDType, "the result is float64 and dst is int64"},
		{ndarray.Zeros(kernels.Float64, 3), ErrShape, "the result has shape (2,3), dst has (3)"},
		{ndarray.Zeros(kernels.Float64, 3, 2), ErrShape, "the result has shape (2,3), dst has (3,2)"},
		{must(ndarray.Zeros(kernels.Float64, 1).BroadcastTo(2, 3)), ErrValue, "read-only"},
		{nil, ErrValue, "dst is nil"},
	} {
		err := p.RunTo(c.dst, vars)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("got %v, want %q", err, c.text)
		}
	}
	if err := MustCompile("x, y").RunTo(dst, vars); !errors.Is(err, ErrArity) {
		t.Errorf("two results: %v", err)
	}
}

// TestOverlap writes over the inputs in every way: the result must be as if dst were elsewhere.
func TestOverlap(t *testing.T) {
	p := MustCompile("x + 2*y + sqrt(z)")
	for _, n := range []int{1, 2, 7, 64, 1000} {
		for _, shift := range []int{0, 1, 3, 8} {
			for _, back := range []bool{false, true} {
				mem := ndarray.Linspace(1, float64(n+16), n+16)
				x := mem.Slice(ndarray.Range(8, 8+n))
				dst := mem.Slice(ndarray.Range(8-shift, 8-shift+n))
				if back {
					dst = dst.Slice(ndarray.Step(-1))
				}
				vars := Vars{"x": x, "y": x.Slice(ndarray.Step(-1)), "z": x}
				want := must(p.Run(vars))
				if err := p.RunTo(dst, vars); err != nil {
					t.Fatal(err)
				}
				if at := differInBits(dst, want); at >= 0 {
					t.Errorf("n=%d shift=%d back=%v: element %d differs", n, shift, back, at)
				}
			}
		}
	}
}

func TestErrorsBeforeWriting(t *testing.T) {
	dst := ndarray.Zeros(kernels.Int32, 3)
	x := []int32{1, 2, 3}
	for _, c := range []struct {
		src  string
		kind error
		text string
	}{
		{"x + n", ErrOverflow, "value 1099511627776 does not fit int32"},
		{"x * (n*n*n)", ErrOverflow, "does not fit int64"},
		{"x ** y", ErrValue, "negative power -2, at index (2)"},
		{"x ** (y - 1)", ErrValue, "negative power -1, at index (1)"},
		{"x ** m", ErrValue, "negative power -3"},
		{"x ** -m", nil, ""},
		{"x + 0 * x ** y", ErrValue, "negative power -2, at index (2)"},
	} {
		must(0, ndarray.Fill(dst, 0))
		err := MustCompile(c.src).RunTo(dst, Vars{"x": x, "y": []int32{1, 0, -2}, "n": goInt(1 << 40),
			"m": -3})
		if !errors.Is(err, c.kind) || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.src, err)
		}
		if c.kind != nil && fmt.Sprint(dst) != "[0 0 0]" {
			t.Errorf("%s: dst was written: %v", c.src, dst)
		}
	}
}

func TestPowers(t *testing.T) {
	vars := Vars{"x": []float64{-2, 0.5, 3}, "i": []int32{-2, 1, 3}, "k": []int32{0, 1, 2}, "n": 3, "s": 0.5,
		"b": []bool{true, false, true}}
	for _, c := range []struct{ src, want string }{
		{"x**0", "float64 [1. 1. 1.]"}, {"x**1", "float64 [-2.   0.5  3. ]"}, {"x**2",
			"float64 [4.   0.25 9.  ]"},
		{"x**-1", "float64 [-0.5         2.          0.33333333]"}, {"x**3",
			"float64 [-8.     0.125 27.   ]"},
		{"x**2.0", "float64 [4.   0.25 9.  ]"}, {"abs(x)**0.5", "float64 [1.41421356 0.70710678 1.73205081]"},
		{"i**2", "int32 [4 1 9]"}, {"i**3", "int32 [-8  1 27]"}, {"i**k", "int32 [1 1 9]"}, {"i**n",
			"int32 [-8  1 27]"},
		{"i**2.0", "float64 [4. 1. 9.]"}, {"2**k", "int32 [1 2 4]"}, {"2**10", "int64 1024"}, {"n**2",
			"int64 9"}, {"n**n", "int64 27"},
		{"n**2.0", "float64 9.0"}, {"n**0.5 < 2", "bool True"}, {"s**2", "float64 0.25"}, {"2.0**n",
			"float64 8.0"}, {"2.0**-1", "float64 0.5"},
		{"b**2", "int8 [1 0 1]"}, {"(-1)**1000001", "int64 -1"}, {"x**100 > 1", "bool [ True False  True]"},
		{"-x**2", "float64 [-4.   -0.25 -9.  ]"},
		{"2**-1.0", "float64 0.5"}, {"i**100", "int32 [         0          1 -818408495]"},
	} {
		y := run(t, c.src, vars)
		if got := y.DType().String() + " " + fmt.Sprint(y); got != c.want {
			t.Errorf("%s = %s, want %s", c.src, got, c.want)
		}
	}
	for _, src := range []string{"i**-1", "i**-100", "2**-1", "n**-1", "i**int32(-1)", "2**-n"} {
		if p, err := Compile(src); err == nil {
			if _, err = p.Run(vars); !errors.Is(err, ErrValue) {
				t.Errorf("%s: %v", src, err)
			}
		} else if !errors.Is(err, ErrValue) {
			t.Errorf("%s: %v", src, err)
		}
	}
}

func TestResultsInOnePass(t *testing.T) {
	x := ndarray.Linspace(0, 1, 10)
	for _, c := range []struct {
		src    string
		stages int
	}{
		{"a = x + 1; b = a * y; c = a - b", 1}, {"x*2, x + sum2", 1}, {"x*2, sum2", 2}, {"x + row, x", 1},
		{"x + col, x", 2}, {"sin(x)**2 + cos(col)**2", 3},
		{"x + col", 1}, {"x*2 + col", 1}, {"sqrt(x) + col", 2}, {"n*2 + x", 1}, {"sin(n) + x", 2}, {"n + 1",
			1}, {"t = sqrt(x); t + col, t", 2},
	} {
		p := MustCompile(c.src)
		vars := Vars{"x": x, "y": x, "row": x, "col": ndarray.Linspace(0, 1, 4).Reshape(4, 1), "n": 2,
			"sum2": x}
		got := must(p.RunAll(vars))
		for i, r := range got {
			if r.Name != p.Results()[i] || r.Array == nil {
				t.Errorf("%s: result %d is %q", c.src, i, r.Name)
			}
		}
		if n := len((*p.bounds.Load())[0].stages); n != c.stages {
			t.Errorf("%s: %d stages, want %d", c.src, n, c.stages)
		}
	}
}

// TestOrder checks the order of new results.
func TestOrder(t *testing.T) {
	c := ndarray.Linspace(0, 1, 12).Reshape(3, 4)
	f := ndarray.Linspace(0, 1, 12).Reshape(4, 3).T()
	for _, k := range []struct {
		vars    Vars
		fortran bool
	}{{Vars{"x": c, "y": c}, false}, {Vars{"x": f, "y": f}, true}, {Vars{"x": f, "y": c}, false},
		{Vars{"x": f, "y": 2}, true}} {
		y := run(t, "x + y", k.vars)
		if y.IsFContiguous() != k.fortran || y.IsContiguous() == k.fortran {
			t.Errorf("Fortran order %v, want %v", y.IsFContiguous(), k.fortran)
		}
	}
}

func TestEmptyAndScalarShapes(t *testing.T) {
	for _, c := range []struct {
		src  string
		vars Vars
		want string
	}{
		{"x + y", Vars{"x": []float64{}, "y": 1}, "(0)"},
		{"x + y", Vars{"x": ndarray.Zeros(kernels.Float64, 3, 0), "y": ndarray.Zeros(kernels.Float64, 3, 1)},
			"(3,0)"},
		{"sqrt(x)*y", Vars{"x": ndarray.Zeros(kernels.Float64, 0, 1), "y": ndarray.Zeros(kernels.Float64, 1,
			4)}, "(0,4)"},
		{"x + y", Vars{"x": 1, "y": 2.5}, "()"},
		{"x + y", Vars{"x": ndarray.Zeros(kernels.Float64, 1, 1), "y": []float64{1}}, "(1,1)"},
		{"x + y", Vars{"x": ndarray.Zeros(kernels.Float64, 1, 1, 1), "y": []float64{1, 2}}, "(1,1,2)"},
		{"pi", nil, "()"},
	} {
		if got := formatShape(run(t, c.src, c.vars).Shape()); got != c.want {
			t.Errorf("%s: shape %s, want %s", c.src, got, c.want)
		}
	}
}

// TestManyShapes uses one program with operands of many lengths, ranks and dtypes, more than it keeps
// kernels for.
func TestManyShapes(t *testing.T) {
	p := MustCompile("x*2 + y")
	for i := range 200 {
		shape := make([]int, i%7)
		for k := range shape {
			shape[k] = 1 + (i>>k)&1*2
		}
		x := ndarray.Must(ndarray.New(kernels.Float64, shape, ndarray.C))
		if err := ndarray.Fill(x, float64(i)); err != nil {
			t.Fatal(err)
		}
		y, err := p.Run(Vars{"x": x, "y": i})
		if err != nil || !slices.Equal(y.Shape(), shape) {
			t.Fatalf("%v: %v", shape, err)
		}
		if got := y.Reshape(-1).At(0); got != float64(3*i) {
			t.Fatalf("%v: got %v, want %d", shape, got, 3*i)
		}
		if n := len(*p.bounds.Load()); n > maxBound {
			t.Fatalf("%d bound programs", n)
		}
	}
}

func TestConcurrentRuns(t *testing.T) {
	p := MustCompile("where(x > lo, sqrt(x), 0)*scale + n*n")
	kinds := []any{[]float64{0, 1, 4, 9}, []float32{0, 1, 4, 9}, []int64{0, 1, 4, 9}, []int32{0, 1, 4, 9}}
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			dst := ndarray.Zeros(kernels.Float64, 4)
			for i := range 50 {
				vars := Vars{"x": kinds[(g+i)%4], "lo": 0.5, "scale": float64(g), "n": i}
				if err := p.RunTo(dst, vars); err != nil {
					t.Error(err)
					return
				}
				want := fmt.Sprint(float64(3*g + i*i))
				y, err := Eval("where(x > lo, sqrt(x), 0)*scale + n*n", vars)
				if err != nil || fmt.Sprint(dst.At(3)) != want || y.Reshape(-1).Size() != 4 {
					t.Errorf("goroutine %d: %v %v, want %s", g, dst, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestEvalCache compiles many distinct texts: the cache stays bounded, and what is used stays in it.
func TestEvalCache(t *testing.T) {
	n := 20_000
	if *long {
		n = 100_000
	}
	vars := Vars{"x": []float64{1, 2}}
	if _, err := Eval("x + 0.5", vars); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	hot, err := programs.get("x + 0.5")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if _, err := programs.get(fmt.Sprintf("x*%d.5 + sqrt(x)", i)); err != nil {
			t.Fatal(err)
		}
		if p, _ := programs.get("x + 0.5"); p != hot {
			t.Fatal("a program in use was evicted")
		}
	}
	if _, err := Eval("x +", vars); !errors.Is(err, ErrSyntax) {
		t.Errorf("got %v", err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	s := CacheStats()
	if s.Programs > maxPrograms || s.Bytes > maxCacheBytes || s.Evictions < int64(n-maxPrograms) ||
		len(programs.entries) != s.Programs {
		t.Errorf("%+v, %d entries", s, len(programs.entries))
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector sync.Pool drops what it is given now and then")
	}
	x, dst := ndarray.Linspace(0, 1, 8), ndarray.Zeros(kernels.Float64, 8)
	p := MustCompile("where(x > lo, sqrt(x), 0)*scale + a - b*c")
	vars := Vars{"x": x, "lo": 0.25, "scale": 3, "a": []float64{1, 2, 3, 4, 5, 6, 7, 8}, "b": x, "c": x}
	if n := testing.AllocsPerRun(100, func() { must(0, p.RunTo(dst, vars)) }); n != 0 {
		t.Errorf("RunTo: %v allocations", n)
	}
	f := MustFunc2[float64]("sqrt(a*a + b*b)")
	a, b, c := make([]float64, 8), make([]float64, 8), make([]float64, 8)
	if n := testing.AllocsPerRun(100, func() { must(0, f(c, a, b)) }); n != 0 {
		t.Errorf("slice function: %v allocations", n)
	}
}

func TestSliceFunctions(t *testing.T) {
	for n := range 40 {
		x, y, z := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range x {
			x[i], y[i] = float64(i), float64(2*i)
		}
		must(0, MustFunc2[float64]("b, a: a - b*pi")(z, x, y))
		for i := range z {
			if want := y[i] - float64(x[i]*math.Pi); z[i] != want {
				t.Fatalf("n=%d: %v, want %v", n, z[i], want)
			}
		}
	}
	a, b := []float32{1, 2, 3, 4}, []float32{5, 6, 7, 8}
	out := make([]float32, 4)
	must(0, MustFunc1[float32]("x: 2")(out, a)) // no input is used: every element is 2
	if fmt.Sprint(out) != "[2 2 2 2]" {
		t.Errorf("constant: %v", out)
	}
	must(0, MustFunc2[float32]("a > b")(out, a, b))
	if fmt.Sprint(out) != "[0 0 0 0]" {
		t.Errorf("comparison: %v", out)
	}
	must(0, MustFunc4[float32]("a*b + c*d")(out, a, b, a, b))
	if fmt.Sprint(out) != "[10 24 42 64]" {
		t.Errorf("four: %v", out)
	}
	must(0, MustFunc3[int32]("where(c, a, b)")(make([]int32, 2), []int32{1, 2}, []int32{3, 4}, []int32{0, 1}))
	overlap := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	must(0, MustFunc1[float64]("x*10")(overlap[1:], overlap[:8]))
	if fmt.Sprint(overlap) != "[1 10 20 30 40 50 60 70 80]" {
		t.Errorf("overlap: %v", overlap)
	}
	must(0, MustFunc1[float64]("x*10")(overlap[:4], overlap[4:8]))
	if fmt.Sprint(overlap[:5]) != "[400 500 600 700 40]" {
		t.Errorf("neighbours: %v", overlap)
	}
	if err := MustFunc2[float64]("a + b")(overlap, overlap, overlap[1:]); !errors.Is(err, ErrShape) ||
		!strings.Contains(err.Error(), "dst has 9 elements, a has 9, b has 8") {
		t.Errorf("lengths: %v", err)
	}
	for _, c := range []struct {
		text string
		kind error
	}{{"a + b + c", ErrArity}, {"a", ErrArity}, {"x, y: x + z", ErrName}, {"a +", ErrSyntax}, {"a ^ b",
		ErrDType}, {"a, b", ErrArity}} {
		if _, err := Func2[float64](c.text); !errors.Is(err, c.kind) {
			t.Errorf("%q: %v", c.text, err)
		}
	}
	if _, err := Func1[int64]("x / 2"); !errors.Is(err, ErrDType) {
		t.Errorf("float64 into int64: %v", err)
	}
}

func TestContext(t *testing.T) {
	x := ndarray.Linspace(0, 1, 1_000_000)
	dst := ndarray.Zeros(kernels.Float64, 1_000_000)
	p := MustCompile("sqrt(sqrt(sqrt(x)))")
	ctx, cancel := context.WithCancel(context.Background())
	if err := p.RunContext(ctx, dst, Vars{"x": x}); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := p.RunContext(ctx, dst, Vars{"x": x}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestHoisting compares the time of an outer combination of two costly vectors with a plain sum of two
// arrays.
func TestHoisting(t *testing.T) {
	n := 1000
	u, v := ndarray.Zeros(kernels.Float64, n, n), ndarray.Zeros(kernels.Float64, n, n)
	p, q := ndarray.Linspace(0, 1, n).Reshape(n, 1), ndarray.Linspace(0, 1, n)
	sum, outer := MustCompile("u + v"), MustCompile("sin(p)**2 + cos(q)**2")
	best := func(f func() error) time.Duration {
		least := time.Hour
		for range 8 {
			start := time.Now()
			must(0, f())
			least = min(least, time.Since(start))
		}
		return least
	}
	a := best(func() error { return sum.RunTo(u, Vars{"u": u, "v": v}) })
	b := best(func() error { return outer.RunTo(u, Vars{"p": p, "q": q}) })
	if b > 4*a+200*time.Microsecond {
		t.Errorf("u + v: %v, outer: %v", a, b)
	}
}

var (
	cycles = regexp.MustCompile(`about [0-9.]+ cycles`)
	thread = regexp.MustCompile(`at most \d+ threads`)
	code   = regexp.MustCompile(`(?m)^  [^ ].*\n`)
)

// TestExplain holds Explain's text, on the portable engine, against testdata/explain.txt.
func TestExplain(t *testing.T) {
	p := MustCompile("t = sqrt(q) + 1\nwhere(x > lo, x*2 - -t, 0) / 4", Options{Engine: simd.Portable})
	text, err := p.Explain(Vars{"x": ndarray.Zeros(kernels.Float64, 5, 3),
		"q": ndarray.Zeros(kernels.Float32, 5, 1), "lo": 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "\n  %0 = load f32 #0\n") {
		t.Error("no program text")
	}
	text = code.ReplaceAllString(text, "") // programs are package simd's affair
	text = thread.ReplaceAllString(cycles.ReplaceAllString(text, "about - cycles"), "at most - threads")
	const file = "testdata/explain.txt"
	if *update {
		must(0, os.WriteFile(file, []byte(text), 0o644))
	}
	want, err := os.ReadFile(file)
	if err != nil || text != string(want) {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if _, err := p.Explain(Vars{"x": 1.0}); !errors.Is(err, ErrName) {
		t.Errorf("got %v", err)
	}
}

func TestOperations(t *testing.T) {
	all, float, rare := operations(`lanes program 1
  %0 = load f64 #0
  %1 = const f64 #0x4000000000000000 ; 2
  %2 = fma f64 %0 %1 %0
  %3 = lt mask %1 %2
  %4 = bitcast i64 %2
  rare %3
    %6 = add f64 %0 %1
    %7 = sqrt f64 %6
  end
  %9 = merge f64 %3 %7 %2
  %10 = add i64 %4 %4
  %11 = div f64 %9 %0
  store f64 %11 #0
  store i64 %10 #1
`)
	if all != 4 || float != 3 || rare != 2 {
		t.Errorf("%d operations, %d flops, %d rare operations; want 4, 3, 2", all, float, rare)
	}
}

// TestLongSums compiles, binds and runs sums of very many terms.
func TestLongSums(t *testing.T) {
	for _, n := range []int{1000, 20_000, 120_000} {
		y := run(t, "x"+strings.Repeat(" + x*0.5", n/2), Vars{"x": []float64{1, 2}})
		if got := y.At(1); got != float64(2+n/2) {
			t.Errorf("%d terms: %v", n, got)
		}
	}
	var b strings.Builder // more functions than one kernel holds
	for i := range 1000 {
		fmt.Fprintf(&b, "sin(x*%d) + y**%d.3 + ", i, i%30)
	}
	y := run(t, b.String()+"x", Vars{"x": []float64{0, 1}, "y": []float64{1, 2}})
	if got := y.At(0); got != 1000 {
		t.Errorf("1000 functions: %v", got)
	}
}

func TestOptions(t *testing.T) {
	vars := Vars{"x": ndarray.Zeros(kernels.Float64, 100, 1), "y": ndarray.Zeros(kernels.Float64, 100)}
	small, err := Compile("x + y", Options{Limits: Limits{OutputBytes: 8 * 100 * 100}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := small.Run(vars); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	smaller := MustCompile("x + y", Options{Limits: Limits{OutputBytes: 8*100*100 - 1}})
	if _, err := smaller.Run(vars); !errors.Is(err, ErrLimit) {
		t.Errorf("beyond the limit: %v", err)
	}
	huge := ndarray.Must(ndarray.Zeros(kernels.Float64, 1).BroadcastTo(1<<20, 1<<20, 1<<20))
	if _, err := small.Run(Vars{"x": huge, "y": 1}); !errors.Is(err, ErrLimit) {
		t.Errorf("2^60 elements: %v", err)
	}
	rank := MustCompile("x + 1", Options{Limits: Limits{Rank: 2}})
	if _, err := rank.Run(Vars{"x": ndarray.Zeros(kernels.Float64, 2, 2, 2)}); !errors.Is(err, ErrLimit) {
		t.Errorf("rank 3: %v", err)
	}
	uncached := MustCompile("x + 1", Options{NoCache: true})
	if _, err := uncached.Run(vars); err != nil || uncached.bounds.Load() != nil {
		t.Errorf("NoCache: %v", err)
	}
	slow := MustCompile("x * 2 + 1", Options{Limits: Limits{CompileTime: 1}})
	if y, err := slow.Run(vars); err != nil || y.At(0, 0) != 1 {
		t.Errorf("no time: %v", err)
	}
	if engine := (*slow.bounds.Load())[0].stages[0].kernel.Kernel().Engine(); engine != simd.Portable {
		t.Errorf("no time: engine %v", engine)
	}
	fused := MustCompile("x*y + z", Options{Relaxed: Relaxed{Contract: true}})
	got := must(fused.Run(Vars{"x": []float64{1 + 1e-9}, "y": []float64{1 - 1e-9}, "z": []float64{-1}}))
	if got.At(0) == 0 {
		t.Error("Contract: rounded twice")
	}
}
