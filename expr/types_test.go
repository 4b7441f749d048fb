package expr

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/ndarray"
)

// strongOf and weakOf are operands of every dtype that programs compute in, by the name of the dtype.
var strongOf = map[string]any{"bool": []bool{true}, "int32": []int32{3}, "int64": []int64{3},
	"float32": []float32{3},
	"float64": []float64{3}, "int8": []int8{3}, "uint8": []uint8{3}, "int16": []int16{3},
	"uint32": []uint32{3},
	"uint64": []uint64{3}}

var weakOf = map[string]any{"wbool": true, "wint": 2, "wfloat": 2.5}

// TestPromotion is the table of what a strong and a weak operand, or two strong ones, give (NEP 50).
func TestPromotion(t *testing.T) {
	const table = `
x        y        x+y      x*y     x/y      x<y   where(True,x,y)
bool     bool     bool     bool    float64  bool  bool
bool     wbool    bool     bool    float64  bool  bool
bool     wint     int64    int64   float64  bool  int64
bool     wfloat   float64  float64 float64  bool  float64
int32    wbool    int32    int32   float64  bool  int32
int32    wint     int32    int32   float64  bool  int32
int32    wfloat   float64  float64 float64  bool  float64
int64    wbool    int64    int64   float64  bool  int64
int64    wint     int64    int64   float64  bool  int64
int64    wfloat   float64  float64 float64  bool  float64
float32  wbool    float32  float32 float32  bool  float32
float32  wint     float32  float32 float32  bool  float32
float32  wfloat   float32  float32 float32  bool  float32
float64  wbool    float64  float64 float64  bool  float64
float64  wint     float64  float64 float64  bool  float64
float64  wfloat   float64  float64 float64  bool  float64
wbool    wint     int64    int64   float64  bool  int64
wint     wint     int64    int64   float64  bool  int64
wint     wfloat   float64  float64 float64  bool  float64
wbool    wbool    bool     bool    float64  bool  bool
bool     int32    int32    int32   float64  bool  int32
bool     float32  float32  float32 float32  bool  float32
int32    int64    int64    int64   float64  bool  int64
int32    float32  float64  float64 float64  bool  float64
int32    float64  float64  float64 float64  bool  float64
int64    float32  float64  float64 float64  bool  float64
float32  float64  float64  float64 float64  bool  float64
`
	lines := strings.Split(strings.TrimSpace(table), "\n")
	exprs := strings.Fields(lines[0])[2:]
	operand := func(name string) any {
		if v, ok := weakOf[name]; ok {
			return v
		}
		return strongOf[name]
	}
	for _, line := range lines[1:] {
		f := strings.Fields(line)
		for i, src := range exprs {
			for _, v := range []Vars{{"x": operand(f[0]), "y": operand(f[1])}, {"x": operand(f[1]),
				"y": operand(f[0])}} {
				y := run(t, src, v)
				if got := y.DType().String(); got != f[2+i] {
					t.Errorf("%s of %s and %s is %s, want %s", src, f[0], f[1], got, f[2+i])
				}
			}
		}
	}
}

func TestWeakScalars(t *testing.T) {
	f4, i4, i8 := []float32{1}, []int32{1}, []int64{1}
	zeroD := must(ndarray.New(kernels.Float64, nil, ndarray.C))
	if err := zeroD.CopyFrom(ndarray.Must(ndarray.WrapSlice([]float64{2}))); err == nil {
		t.Log("0-d takes one element")
	}
	for _, c := range []struct {
		src  string
		vars Vars
		want string
	}{
		{"x + cos(3)", Vars{"x": f4}, "float32"},
		{"x + cos(n)", Vars{"x": f4, "n": 3}, "float32"},
		{"x + n", Vars{"x": f4, "n": float64(3)}, "float32"},
		{"x + n", Vars{"x": f4, "n": int64(3)}, "float64"},
		{"x + n", Vars{"x": f4, "n": int32(3)}, "float64"},
		{"x + n", Vars{"x": f4, "n": float32(3)}, "float32"},
		{"x + n", Vars{"x": f4, "n": zeroD}, "float64"},
		{"x + n", Vars{"x": i4, "n": int64(3)}, "int64"},
		{"x * pi", Vars{"x": f4}, "float32"},
		{"x * pi", Vars{"x": f4, "pi": 3.0}, "float32"},
		{"x * pi", Vars{"x": f4, "pi": []float64{3}}, "float64"},
		{"x + float64(1)", Vars{"x": f4}, "float64"},
		{"x + astype(2, 'f8')", Vars{"x": f4}, "float64"},
		{"x + (2 < 3)", Vars{"x": f4}, "float32"},
		{"x + 7 // 2", Vars{"x": i4}, "int32"},
		{"x + 7 / 2", Vars{"x": i4}, "float64"},
		{"2 + 3", nil, "int64"},
		{"2 < 3", nil, "bool"},
		{"2 / 3", nil, "float64"},
		{"sqrt(4)", nil, "float64"},
		{"sqrt(True)", nil, "float64"},
		{"-True", Vars{}, "!"},
		{"n", Vars{"n": 3}, "int64"},
		{"n * n", Vars{"n": 3}, "int64"},
		{"n / n", Vars{"n": 3}, "float64"},
		{"n < m", Vars{"n": 3, "m": 2.5}, "bool"},
		{"x < 3000000000", Vars{"x": i4}, "bool"},
		{"x + i", Vars{"x": i4, "i": i8}, "int64"},
		{"where(c, x, 0)", Vars{"c": []float64{1}, "x": f4}, "float32"},
		{"where(c, 1, 0)", Vars{"c": []float64{1}}, "int64"},
		{"minimum(x, 3, 2.5)", Vars{"x": f4}, "float32"},
		{"minimum(x, 3, 2.5)", Vars{"x": i4}, "float64"},
		{"clip(x, 0, 1)", Vars{"x": i4}, "int32"},
		{"x and 3", Vars{"x": f4}, "bool"},
		{"(x < 2) - x", Vars{"x": f4}, "float32"},
		{"(x < 2) - 1", Vars{"x": f4}, "int64"},
		{"(x < 2) - True", Vars{"x": f4}, "!"},
		{"(n < 2) - n", Vars{"n": 3}, "int64"},
	} {
		p, err := Compile(c.src)
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		y, err := p.Run(c.vars)
		switch {
		case c.want == "!" && err == nil:
			t.Errorf("%s: no error", c.src)
		case c.want != "!" && err != nil:
			t.Errorf("%s: %v", c.src, err)
		case err == nil && y.DType().String() != c.want:
			t.Errorf("%s is %v, want %s", c.src, y.DType(), c.want)
		}
	}
}

// TestComparisonsBeyondRange compares integer arrays with integers that their dtype cannot hold, by value.
func TestComparisonsBeyondRange(t *testing.T) {
	x := []int32{-2147483648, 0, 2147483647}
	for _, c := range []struct {
		src  string
		n    any
		want string
	}{
		{"x < 3000000000", nil, "111"}, {"x <= 3000000000", nil, "111"}, {"x > 3000000000", nil, "000"},
		{"x >= 3000000000", nil, "000"}, {"x == 3000000000", nil, "000"}, {"x != 3000000000", nil, "111"},
		{"x < -3000000000", nil, "000"}, {"x >= -3000000000", nil, "111"}, {"3000000000 > x", nil, "111"},
		{"3000000000 < x", nil, "000"}, {"-3000000000 < x", nil, "111"}, {"2**2 < x", nil, "001"},
		{"x < 100000000000000000000000000000000", nil, "111"}, {"x < 2147483647", nil, "110"},
		{"x < n", goInt(3000000000), "111"}, {"x < n", goInt(-3000000000), "000"}, {"x == n", goInt(1 << 40),
			"000"}, {"x < n", 1,
			"110"},
		{"n <= x", 2147483647, "001"}, {"n != x", goInt(1 << 40), "111"},
	} {
		y := run(t, c.src, Vars{"x": x, "n": c.n})
		got := ""
		for _, b := range ndarray.Data[bool](y) {
			got += fmt.Sprint(b2u(b))
		}
		if got != c.want {
			t.Errorf("%s with n=%v: %s, want %s", c.src, c.n, got, c.want)
		}
	}
}

// TestRunErrors holds the errors of Run against testdata/runerrors.txt.
func TestRunErrors(t *testing.T) {
	vars := Vars{"x": []float64{1, 2, 3}, "y": ndarray.Zeros(kernels.Float32, 4), "i": []int32{1, -1, 2},
		"k": []int64{1, 2, 3},
		"b": []bool{true, false, true}, "m": ndarray.Zeros(kernels.Float64, 1000, 3),
		"w": ndarray.Zeros(kernels.Float32, 1000, 4),
		"n": goInt(3000000000), "big": goInt(1 << 62), "u": []uint8{1}, "bad": "text", "nothing": nil,
		"arr": (*ndarray.Array)(nil), "s": float32(2),
		"scale": 2.0, "f": 0.5}
	const file = "testdata/runerrors.txt"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
		src, want, _ := strings.Cut(block, "\n")
		got := "no error"
		p, err := Compile(src)
		if err == nil {
			_, err = p.Run(vars)
		}
		if err != nil {
			got = kindName(err) + "\n" + err.Error()
			if e := (*Error)(nil); !errors.As(err, &e) {
				t.Errorf("%s: the error is a %T", src, err)
			}
		}
		got = "\t" + strings.ReplaceAll(got, "\n", "\n\t")
		if got != want && !*update {
			t.Errorf("%s:\n got\n%s\nwant\n%s", src, got, want)
		}
		fmt.Fprintf(&out, "%s\n%s\n\n", src, got)
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
