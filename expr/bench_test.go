package expr

import (
	"fmt"
	"testing"

	"github.com/lanes-go/lanes/ndarray"
)

func BenchmarkFunc2(b *testing.B) {
	hypot := MustFunc2[float64]("sqrt(a*a + b*b)")
	x, y, z := make([]float64, 8), make([]float64, 8), make([]float64, 8)
	b.ReportAllocs()
	for b.Loop() {
		if err := hypot(z, x, y); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRunTo(b *testing.B) {
	p := MustCompile("where(x > lo, sqrt(x), 0) * scale")
	x := ndarray.Linspace(0, 1, 8)
	dst := ndarray.Linspace(0, 1, 8)
	vars := Vars{"x": x, "lo": 0.25, "scale": 3}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.RunTo(dst, vars); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	x := ndarray.Linspace(0, 1, 8)
	vars := Vars{"x": x, "y": x}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Eval("2*x + 3*y", vars); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCold is compiling and binding a ten-operation expression that was never seen.
func BenchmarkCold(b *testing.B) {
	x := ndarray.Linspace(0, 1, 8)
	vars := Vars{"x": x, "y": x}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		p, err := Compile(fmt.Sprintf("where(x > 0.5, sqrt(x*x + y*y) - 2.5, abs(x - y) / 3) * %d.5 + x", i))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Run(vars); err != nil {
			b.Fatal(err)
		}
	}
}
