package expr

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	update = flag.Bool("update", false, "rewrite the golden files")
	long   = flag.Bool("long", false, "run the long sweeps")
)

// TestCompileErrors holds the errors of Compile against testdata/errors.txt: a quoted source, then the
// error's text indented by one tab. Run with -update to rewrite it.
func TestCompileErrors(t *testing.T) {
	const file = "testdata/errors.txt"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	blocks := strings.Split(strings.TrimRight(string(data), "\n"), "\n\n")
	for _, block := range blocks {
		head, want, _ := strings.Cut(block, "\n")
		if strings.HasPrefix(head, "#") {
			out.WriteString(block + "\n\n")
			continue
		}
		var src string
		if _, err := fmt.Sscanf(head, "%q", &src); err != nil {
			t.Fatalf("%s: bad line %q: %v", file, head, err)
		}
		got := "no error"
		if _, err := Compile(src); err != nil {
			got = kindName(err) + "\n" + err.Error()
		}
		got = "\t" + strings.ReplaceAll(got, "\n", "\n\t")
		if got != want && !*update {
			t.Errorf("%q:\n got\n%s\nwant\n%s", src, got, want)
		}
		fmt.Fprintf(&out, "%s\n%s\n\n", head, got)
	}
	if len(blocks) < 60 {
		t.Errorf("only %d blocks", len(blocks))
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func kindName(err error) string {
	for name, kind := range map[string]error{"ErrSyntax": ErrSyntax, "ErrName": ErrName, "ErrArity": ErrArity,
		"ErrDType": ErrDType, "ErrShape": ErrShape, "ErrValue": ErrValue, "ErrLimit": ErrLimit,
		"ErrOverflow": ErrOverflow, "ErrUnsupported": ErrUnsupported} {
		if errors.Is(err, kind) {
			return name
		}
	}
	return "no kind"
}

func TestInputsAndResults(t *testing.T) {
	for _, c := range []struct{ src, inputs, results string }{
		{"x + y*x", "x y", "_1"},
		{"x, x+1, y", "x y", "x _2 y"},
		{"a = x; _t = a + y; b = _t; a = b", "x y", "a b"},
		{"pi*r*r", "pi? r", "_1"},
		{"e = 2; e*x", "x", "_1"},
		{"f(x) = x*k; k = 3; f(y) + k", "k y", "_1"},
		{"f(x) = x*k\ng(x) = f(f(x))\nk = g(z)", "k z", "k"},
		{"q, r = divmod(a, b)", "a b", "q r"},
		{"divmod(a, b)", "a b", "_1_1 _1_2"},
		{"sum + e", "sum e?", "_1"},
		{"`unit price` * n", "unit price n", "_1"},
	} {
		p, err := Compile(c.src)
		if err != nil {
			t.Errorf("%q: %v", c.src, err)
			continue
		}
		var inputs []string
		for _, in := range p.Inputs() {
			inputs = append(inputs, in.Name+map[bool]string{true: "?"}[in.Optional])
		}
		if got := strings.Join(inputs, " "); got != c.inputs {
			t.Errorf("%q: inputs %s, want %s", c.src, got, c.inputs)
		}
		if got := strings.Join(p.Results(), " "); got != c.results {
			t.Errorf("%q: results %s, want %s", c.src, got, c.results)
		}
	}
}

// TestSharing checks that equal values are one node and that definitions are inlined into the graph, not
// as text.
func TestSharing(t *testing.T) {
	for _, c := range []struct {
		src   string
		nodes int
	}{
		{"(a+b)*(a+b)", 4},
		{"(a+b)*(b+a)", 4},
		{"(a-b)*(b-a)", 5},
		{"f(x) = x*x + x; f(a) + f(a)", 4},
		{"f(x,y) = x*y; g(x) = f(x, x); g(g(g(a)))", 4},
		{"a < b < c", 6},
		{"2*3 + 4", 1 + 4},
	} {
		p, err := Compile(c.src)
		if err != nil {
			t.Errorf("%q: %v", c.src, err)
			continue
		}
		if n := len(p.graph.values); n != c.nodes {
			t.Errorf("%q: %d nodes, want %d", c.src, n, c.nodes)
		}
	}
	var b strings.Builder // 2^60 additions as a tree
	b.WriteString("f0(x) = x + x\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, "f%d(x) = f%d(x) + f%d(x)\n", i, i-1, i-1)
	}
	b.WriteString("f59(a)")
	p, err := Compile(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.graph.values); n != 61 {
		t.Errorf("%d nodes, want 61", n)
	}
}

func TestCheckLimits(t *testing.T) {
	sum := func(format string, n int) string {
		terms := make([]string, n)
		for i := range terms {
			terms[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(terms, " + ")
	}
	doubling := func(n int) string { // 2^n nodes
		var b strings.Builder
		b.WriteString("f0(x) = x + x\n")
		for i := 1; i <= n; i++ {
			fmt.Fprintf(&b, "f%d(x) = f%d(f%d(x))\n", i, i-1, i-1)
		}
		return b.String() + fmt.Sprintf("f%d(a)", n)
	}
	for _, c := range []struct {
		name     string
		lim      Limits
		in, over string
	}{
		{"inputs", Limits{}, sum("a%d", 4096), sum("a%d", 4097)},
		{"results", Limits{}, strings.ReplaceAll(sum("a%d", 1024), " +", ","), strings.ReplaceAll(sum("a%d",
			1025), " +", ",")},
		{"constants", Limits{Constants: 100}, sum("%d.5", 100), sum("%d.5", 101)},
		{"nodes", Limits{Nodes: 10}, sum("a%d", 5), sum("a%d", 6)},
		{"inlining", Limits{}, doubling(15), doubling(40)},
	} {
		start := time.Now()
		if _, err := Compile(c.in, Options{Limits: c.lim}); err != nil {
			t.Errorf("%s at the limit: %v", c.name, err)
		}
		if _, err := Compile(c.over, Options{Limits: c.lim}); !errors.Is(err, ErrLimit) {
			t.Errorf("%s beyond the limit: %.200v", c.name, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: %v", c.name, d)
		}
	}
}

func TestSuggest(t *testing.T) {
	names := []string{"sqrt", "sin", "cos", "floor", "logical_and", "exp", "Foo"}
	for in, want := range map[string]string{"sqr": "sqrt", "SIN": "sin", "folor": "floor",
		"logcal_nd": "logical_and",
		"xyz":       "", "si": "", "sni": "sin", "foo": "Foo", strings.Repeat("a", 100): ""} {
		if got := suggest(in, names); got != want {
			t.Errorf("suggest(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestErrorWindow(t *testing.T) {
	long := strings.Repeat("aaaa + ", 50) + "§ + " + strings.Repeat("bbbb + ", 50) + "c"
	_, err := Compile("x = 1\n\t\t" + long)
	var e *Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	lines := strings.Split(e.Error(), "\n")
	if e.Line != 2 || e.Col != 353 || e.Source[e.Offset:e.End] != "§" || len(lines) != 3 {
		t.Errorf("%+v", e)
	}
	line, caret := []rune(lines[1]), []rune(lines[2])
	if i := slices.Index(caret, '^'); i < 0 || i >= len(line) || line[i] != '§' || len(line) > 110 {
		t.Errorf("bad window:\n%s", e)
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile("where(x > lo, sqrt(x*x + y*y) - 2.5, abs(x - y) / 3) * scale + x"); err != nil {
			b.Fatal(err)
		}
	}
}
