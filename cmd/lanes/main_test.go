package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/lanes-go/lanes/ndarray"
	"github.com/lanes-go/lanes/simd"
)

// lanes runs the command in-process.
func lanes(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// inTestDir makes a directory with the files of the tests and goes there.
func inTestDir(t *testing.T) {
	heat, err := os.ReadFile("../../testdata/heatindex.expr")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	save := func(name string, x *ndarray.Array) {
		if err := ndarray.Save(name, x); err != nil {
			t.Fatal(err)
		}
	}
	write("t.csv", "a,b,c\n1,0.5,x\n2,NA,y\n3,1.5,z\n")
	write("f.expr", "# the third side\nsqrt(a*a +\n     b*b)\n")
	write("heatindex.expr", string(heat))
	write("bad.expr", "a +\n")
	write("bad.npy", "\x93NUMPY\x01\x00\x05\x00{}  \n")
	save("x.npy", ndarray.Of(0, 0.5, 1))
	save("i.npy", ndarray.Of[int64](1, 2, 3, 4, 5, 6))
	save("m.npy", ndarray.Of[float64](1, 2, 3, 4, 5, 6).Reshape(2, 3))
}

func TestEval(t *testing.T) {
	inTestDir(t)
	for _, c := range []struct {
		name, stdin string
		args        []string
		want        string
	}{
		{name: "numbers", args: []string{"sqrt(a*a + b*b)", "a=3", "b=4"}, want: "5.0\n"},
		{name: "integers", args: []string{"a // b", "a=7", "b=2"}, want: "3\n"},
		{name: "truth", args: []string{"a and not b", "a=True", "b=false"}, want: "True\n"},
		{name: "no values", args: []string{"1 + 2"}, want: "3\n"},
		{name: "flags between", args: []string{"-threads", "2", "a + 1", "-engine=auto", "a=1.5"}, want: "2.5\n"},
		{name: "leading minus", args: []string{"-2*x", "x=x.npy"}, want: "[-0. -1. -2.]\n"},
		{name: "after two dashes", args: []string{"--", "-x", "x=2"}, want: "-2\n"},
		{name: "npy", args: []string{"2*x + 1", "x=x.npy"}, want: "[1. 2. 3.]\n"},
		{name: "npy of integers", args: []string{"i*i", "i=i.npy"}, want: "[ 1  4  9 16 25 36]\n"},
		{name: "broadcasting", args: []string{"m + x", "m=m.npy", "x=x.npy"},
			want: "[[1.  2.5 4. ]\n [4.  5.5 7. ]]\n"},
		{name: "csv", args: []string{"a + b", "a=t.csv#a", "b=t.csv#b"}, want: "[1.5 nan 4.5]\n"},
		{name: "csv of integers", args: []string{"a * 2", "a=t.csv#a"}, want: "[2 4 6]\n"},
		{name: "comparison", args: []string{"0 < x <= 1", "x=x.npy"}, want: "[False  True  True]\n"},
		{name: "several results", args: []string{"s = x + 1; p = m * 2", "x=x.npy", "m=m.npy"},
			want: "s = [1.  1.5 2. ]\np = [[ 2.  4.  6.]\n     [ 8. 10. 12.]]\n"},
		{name: "file", args: []string{"-f", "f.expr", "a=3", "b=4"}, want: "5.0\n"},
		{name: "standard input", stdin: "a + b", args: []string{"-f", "-", "a=3", "b=4"}, want: "7\n"},
		{name: "heat index", args: []string{"-f", "heatindex.expr", "t=95", "rh=60"}, want: "113.09030830000012\n"},
		{name: "missing", args: []string{"-f", "heatindex.expr", "t=nan", "rh=60"}, want: "nan\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, engine := range simd.Engines() {
				args := append([]string{"eval", "-engine", engine.String()}, c.args...)
				code, out, errs := lanes(t, c.stdin, args...)
				if code != exitOK || out != c.want || errs != "" {
					t.Errorf("%s: exit %d, printed %q, %q; want %q", engine, code, out, errs, c.want)
				}
			}
		})
	}
}

func TestEvalOutput(t *testing.T) {
	inTestDir(t)
	code, out, errs := lanes(t, "", "eval", "-o", "y.npy", "x*x", "x=x.npy")
	if code != exitOK || out+errs != "" {
		t.Fatalf("exit %d, printed %q, %q", code, out, errs)
	}
	if _, out, _ := lanes(t, "", "eval", "y", "y=y.npy"); out != "[0.   0.25 1.  ]\n" {
		t.Errorf("read back: %q", out)
	}
	// The input may be the output.
	if code, _, errs := lanes(t, "", "eval", "-o", "x.npy", "x + 1", "x=x.npy"); code != exitOK {
		t.Fatal(errs)
	}
	if _, out, _ := lanes(t, "", "eval", "x", "x=x.npy"); out != "[1.  1.5 2. ]\n" {
		t.Errorf("read back: %q", out)
	}
}

func TestTime(t *testing.T) {
	inTestDir(t)
	code, out, errs := lanes(t, "", "eval", "-time", "-json", "-threads", "1", "-engine", "portable", "a*2 + b",
		"a=t.csv#a", "b=t.csv#b")
	if code != exitOK {
		t.Fatal(errs)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	if len(got) != 8 {
		t.Errorf("%d fields, want 8: %v", len(got), got)
	}
	for _, key := range []string{"min_ns", "median_ns", "runs", "ns_per_element", "gb_per_s"} {
		if v, ok := got[key].(float64); !ok || v <= 0 {
			t.Errorf("%s is %v", key, got[key])
		}
	}
	if got["elements"] != 3.0 || got["engine"] != "portable" || got["threads"] != 1.0 {
		t.Errorf("%v", got)
	}
}

func TestExplain(t *testing.T) {
	inTestDir(t)
	code, out, errs := lanes(t, "", "explain", "2*x + 1", "x=x.npy")
	if code != exitOK || !strings.Contains(out, "2 * x + 1") {
		t.Errorf("exit %d, printed %q, %q", code, out, errs)
	}
}

func TestInfo(t *testing.T) {
	code, out, errs := lanes(t, "", "info", "-json")
	var got machine
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitOK {
		t.Fatalf("exit %d, %v: %q, %q", code, err, out, errs)
	}
	n := len(got.Engines)
	if n == 0 || got.Engines[n-1] != "portable" || got.Level != got.Engines[0] || got.Threads < 1 {
		t.Errorf("%+v", got)
	}
	code, out, _ = lanes(t, "", "info")
	if code != exitOK || !strings.Contains(out, "\nengines  "+strings.Join(got.Engines, " ")) {
		t.Errorf("exit %d, printed %q", code, out)
	}
}

// TestRefused holds the promise about bad input: one message, the right exit code, no output, no trace of Go.
func TestRefused(t *testing.T) {
	inTestDir(t)
	for _, c := range []struct {
		line    []string
		code    int
		message string
	}{
		{[]string{}, exitUsage, "which command"},
		{[]string{"evil"}, exitUsage, "unknown command"},
		{[]string{"eval"}, exitUsage, "an expression is missing"},
		{[]string{"eval", "-none", "1"}, exitUsage, "unknown flag"},
		{[]string{"eval", "-x", "x=1"}, exitUsage, "unknown flag"},
		{[]string{"eval", "1", "-threads"}, exitUsage, "threads"},
		{[]string{"eval", "-threads", "x", "1"}, exitUsage, "threads"},
		{[]string{"eval", "-threads", "-1", "1"}, exitUsage, "negative"},
		{[]string{"eval", "-engine", "mmx", "1"}, exitUsage, `unknown engine "mmx"`},
		{[]string{"eval", "-json", "1"}, exitUsage, "-json goes with -time"},
		{[]string{"eval", "a", "a"}, exitUsage, "NAME=VALUE"},
		{[]string{"eval", "a", "a=1", "a=2"}, exitUsage, "a is given twice"},
		{[]string{"info", "more"}, exitUsage, ""},

		{[]string{"eval", "-engine", "neon", "1"}, exitInput, "engine neon does not run here"},
		{[]string{"eval", "-f", "none.expr"}, exitInput, "none.expr"},
		{[]string{"eval", "-f", "bad.expr", "a=1"}, exitInput, "expr: 1:"},
		{[]string{"eval", "a +", "a=1"}, exitInput, "expr: 1:"},
		{[]string{"eval", "sqr(a)", "a=1"}, exitInput, `did you mean "sqrt"`},
		{[]string{"eval", "a + b", "a=1"}, exitInput, `"b" is missing`},
		{[]string{"eval", "a + i", "a=x.npy", "i=i.npy"}, exitInput, "cannot broadcast (3"},
		{[]string{"eval", "a", "a=none.npy"}, exitInput, "none.npy"},
		{[]string{"eval", "a", "a=bad.npy"}, exitInput, "bad.npy"},
		{[]string{"eval", "a", "a=t.csv"}, exitInput, "which column"},
		{[]string{"eval", "a", "a=none.csv#a"}, exitInput, "none.csv"},
		{[]string{"eval", "a", "a=t.csv#d"}, exitInput, `no column "d"; there are a, b, c`},
		{[]string{"eval", "a", "a=t.csv#c"}, exitInput, "t.csv:2:3: column \"c\""},
		{[]string{"eval", "a", "a=word"}, exitInput, `"word" is no number`},
		{[]string{"eval", "a", "a=99999999999999999999"}, exitInput, "out of range"},
		{[]string{"eval", "-o", "o.npy", "p = 1; q = 2"}, exitInput, "-o writes one result"},
		{[]string{"eval", "-o", "none/o.npy", "1.5"}, exitInput, "none/"},
		{[]string{"eval", strings.Repeat("(", 1e5)}, exitInput, "expr: "},
	} {
		code, out, errs := lanes(t, "", c.line...)
		ok := strings.HasPrefix(errs, "lanes: ") && strings.Contains(errs, c.message)
		if code != c.code || !ok || out != "" {
			t.Errorf("%.80q: exit %d, printed %q, %q; want exit %d, %q", c.line, code, out, errs, c.code, c.message)
		}
		for _, trace := range []string{"goroutine", "panic", "internal error", "BUG"} {
			if strings.Contains(errs, trace) || len(errs) > 1000 {
				t.Errorf("%.80q: %.2000q", c.line, errs)
			}
		}
	}
}
