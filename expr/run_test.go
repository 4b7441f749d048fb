package expr

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/ndarray"
	"github.com/lanes-go/lanes/simd"
)

func run(t testing.TB, src string, vars Vars, opts ...Options) *ndarray.Array {
	t.Helper()
	p, err := Compile(src, opts...)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	y, err := p.Run(vars)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return y
}

// TestValues compares with Python on the expressions of testdata/values.txt, with inputs as arrays.
func TestValues(t *testing.T) {
	data, err := os.ReadFile("testdata/values.txt")
	if err != nil {
		t.Fatal(err)
	}
	vars := Vars{"a": []int64{7}, "b": []int64{-3}, "c": []int64{12}, "x": []float64{2.5},
		"y": []float64{-0.75},
		"z": []float64{1e10}, "p": []bool{true}, "q": []bool{false}}
	bad := 0
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		f := strings.Split(line, "\t")
		p, err := Compile(f[0], Options{Engine: simd.Engines()[i%len(simd.Engines())]})
		if errors.Is(err, ErrSyntax) && strings.Contains(err.Error(), "binds tighter") {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", f[0], err)
			continue
		}
		y, err := p.Run(vars)
		if err != nil {
			t.Errorf("%s: %v", f[0], err)
			continue
		}
		if got, want := element(y, 0), pythonValue(t, f[1], f[2]); got != want {
			if bad++; bad < 10 {
				t.Errorf("%s = %s, want %s", f[0], got, want)
			}
		}
	}
}

// element formats one element of an array of one axis with its dtype, floats with all their bits.
func element(y *ndarray.Array, i int) string {
	f := func() string {
		switch y.DType() {
		case kernels.Bool:
			return fmt.Sprint(ndarray.Data[bool](y)[i])
		case kernels.Int64:
			return fmt.Sprint(ndarray.Data[int64](y)[i])
		case kernels.Int32:
			return fmt.Sprint(ndarray.Data[int32](y)[i])
		case kernels.Float32:
			return formatBits(float64(ndarray.Data[float32](y)[i]))
		case kernels.Float64:
			return formatBits(ndarray.Data[float64](y)[i])
		}
		return "?"
	}
	return y.DType().String() + " " + f()
}

func formatBits(x float64) string {
	if math.IsNaN(x) {
		return "NaN"
	}
	return strconv.FormatFloat(x, 'x', -1, 64)
}

func pythonValue(t *testing.T, kind, text string) string {
	switch kind {
	case "bool":
		return "bool " + strings.ToLower(text)
	case "int":
		return "int64 " + text
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return "float64 " + formatBits(x)
}

// goInt is a Go int that a constant of 32-bit machines cannot be.
func goInt(x int64) int { return int(x) }
