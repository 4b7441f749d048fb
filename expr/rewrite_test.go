package expr

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/ndarray"
	"github.com/lanes-go/lanes/simd"
)

// edges are operands where rewrites go wrong: zeros of both signs, subnormals, the largest, infinities,
// NaN, and the ends of the integers.
var (
	edges64 = []float64{0, math.Copysign(0, -1), 1, -1, 2, -2, 0.5, -0.5, 3, math.Pi, 5e-324, -5e-324,
		2.2250738585072014e-308,
		2.2250738585072011e-308, 1.7976931348623157e308, -1.7976931348623157e308, math.Inf(1), math.Inf(-1),
		math.NaN(),
		1 << 52, 1<<53 + 1, -4503599627370495.5, 0.49999999999999994, 1e-310, 1e16, 2.5, -3.5}
	edges32 = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 2, -2, 0.5, 3.1415927, 1e-45, -1e-45,
		1.1754944e-38, 1.1754942e-38,
		3.4028235e38, -3.4028235e38, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
		1 << 23, 16777217, 0.49999997, 2.5}
	edgesI64 = []int64{0, 1, -1, 2, -2, 3, 7, -7, 63, 64, 1 << 31, -1 << 31, 1<<53 + 1, math.MaxInt64,
		math.MinInt64, math.MinInt64 + 1}
	edgesI32 = []int32{0, 1, -1, 2, -2, 3, 7, -7, 31, 32, 1 << 16, math.MaxInt32, math.MinInt32,
		math.MinInt32 + 1}
	edgesBool = []bool{false, true}
)

// pairs returns every pair of edge values as two arrays.
func crossed[T any](edges []T) (x, y []T) {
	for _, a := range edges {
		for _, b := range edges {
			x, y = append(x, a), append(y, b)
		}
	}
	return x, y
}

// edgeVars are inputs x, y of one dtype with all pairs of edge values, and conditions c and d.
func edgeVars() map[string]Vars {
	all := map[string]Vars{}
	add := func(name string, x, y any, n int) {
		c, d := make([]bool, n), make([]bool, n)
		for i := range c {
			c[i], d[i] = i%3 == 0, i%2 == 0
		}
		all[name] = Vars{"x": x, "y": y, "c": c, "d": d}
	}
	x64, y64 := crossed(edges64)
	add("float64", x64, y64, len(x64))
	x32, y32 := crossed(edges32)
	add("float32", x32, y32, len(x32))
	xi, yi := crossed(edgesI64)
	add("int64", xi, yi, len(xi))
	xj, yj := crossed(edgesI32)
	add("int32", xj, yj, len(xj))
	xb, yb := crossed(edgesBool)
	add("bool", xb, yb, len(xb))
	return all
}

// TestRewrites checks for every row of the table that it applies and that results keep every bit, on edge
// values of every dtype it applies to.
func TestRewrites(t *testing.T) {
	covered := map[string]bool{}
	all := edgeVars()
	for _, src := range []string{
		"x * 1", "1 * x", "x / 1", "x + -0.0", "-0.0 + x", "x + 0", "x - 0", "x - 0.0", "x - -0.0", "x | 0",
		"0 ^ x", "x << 0", "x >> 0",
		"x & -1", "-1 & x", "c & True", "c | False", "c ^ False", "c and True", "c or False", "x * 0",
		"0 * x", "x & 0", "c and False",
		"c or True", "x - x", "x ^ x", "x & x", "x | x", "c and c", "c or c", "x**2", "square(x)", "x * 2",
		"2 * x", "x * -1", "x / -1", "-1 * x",
		"-(-x)", "~~x", "not not c", "not not x", "x + -y", "-x + y", "x - -y", "-x * -y", "-x / -y",
		"abs(x) * abs(x)", "abs(x)**2",
		"abs(-x)", "abs(abs(x))", "x / 2", "x / 4", "x / 0.125", "x / -8", "x / 1e300",
		"x / 4.49423283715579e+307", "x // 1", "x // 8",
		"x % 8", "x % 1", "x // 2", "+x", "floor(floor(x))", "rint(ceil(x))", "floor(x)", "trunc(rint(x))",
		"where(c, x, x)",
		"where(True, x, y)", "where(False, x, y)", "where(not c, x, y)", "x > y", "x >= y",
		"x > 1 and y >= x", "not (x > y)", "not (x < y)",
		"float32(float64(x))", "int32(int64(x))", "int32(float64(x))", "x ** 0", "x ** 1", "x ** -1",
		"x / y * 1 + 0 * x", "x * 2 / 2", "- x - - y",
		"x*x + y*y - 2*x*y", "where(x > 0, x, -x)", "x / 16777216.0 / 3",
	} {
		for name, vars := range all {
			p, err := Compile(src)
			if err != nil {
				continue // an operator of a later version
			}
			want := plainRun(t, src, vars)
			if want == nil {
				continue // the dtype has no such operation
			}
			got, err := p.Run(vars)
			if err != nil {
				t.Errorf("%s of %s: %v", src, name, err)
				continue
			}
			if at := differ(got, want); at >= 0 {
				t.Errorf("%s of %s (x=%v y=%v): %s, without rewrites %s", src, name, at, at, element(got,
					at), element(want, at))
			}
			for _, r := range (*p.bounds.Load())[0].applied {
				covered[r.name] = true
			}
		}
	}
	for _, r := range rewriteRules {
		if !covered[r.name] {
			t.Errorf("no expression applies %q", r.name)
		}
	}
}

// plainRun runs src without rewrites on the portable engine; nil if it has no result.
func plainRun(t *testing.T, src string, vars Vars) *ndarray.Array {
	t.Helper()
	p, err := Compile(src, Options{Engine: simd.Portable})
	if err != nil {
		t.Fatal(err)
	}
	p.plain = true
	y, err := p.Run(vars)
	if err != nil {
		return nil
	}
	return y
}

// differ returns the index of the first element in which two arrays differ, -1 if there is none, 0 for
// dtype or shape. All NaN are equal; zeros of different sign are not.
func differ(x, y *ndarray.Array) int {
	if x.DType() != y.DType() || !slices.Equal(x.Shape(), y.Shape()) {
		return 0
	}
	for i := range x.Size() {
		if element(x, i) != element(y, i) {
			return i
		}
	}
	return -1
}

// TestRewritesKeepShape checks that a rewrite never loses the shape that an operand gives by broadcasting.
func TestRewritesKeepShape(t *testing.T) {
	row, col := []float64{1, 2, 3}, ndarray.Must(ndarray.WrapSlice([]float64{1, 2}, 2, 1))
	ints := ndarray.Zeros(kernels.Int64, 4, 1)
	for _, c := range []struct {
		src  string
		want string
	}{
		{"where(col > 0, row, row)", "(2,3)"}, {"where(row > 0, col, col)", "(2,3)"}, {"i - i", "(4,1)"},
		{"(i - i) + row", "(4,3)"},
		{"where(True, 1.0, row)", "(3)"}, {"where(col > 5, 1, 1)", "(2,1)"}, {"row * 1", "(3)"},
		{"i * 0 + 1", "(4,1)"},
	} {
		y := run(t, c.src, Vars{"row": row, "col": col, "i": ints})
		if got := formatShape(y.Shape()); got != c.want {
			t.Errorf("%s has shape %s, want %s", c.src, got, c.want)
		}
	}
	if got := fmt.Sprint(run(t, "where(col > 1, row, row)", Vars{"row": row,
		"col": col})); got != "[[1. 2. 3.]\n [1. 2. 3.]]" {
		t.Errorf("got %s", got)
	}
}
