package expr

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// sexpr writes a node as (operator operand …), for tests only: it recurses.
func (t *tree) sexpr(x int32) string {
	if x < 0 {
		return "_"
	}
	n := t.nodes[x]
	list := func(lo, hi int32) string {
		var b strings.Builder
		for _, y := range t.list[lo:hi] {
			b.WriteString(" " + t.sexpr(y))
		}
		return b.String()
	}
	switch n.kind {
	case nUnary:
		return fmt.Sprintf("(%s %s)", spelling[n.op], t.sexpr(n.a))
	case nBinary:
		return fmt.Sprintf("(%s %s %s)", spelling[n.op], t.sexpr(n.a), t.sexpr(n.b))
	case nChain:
		return fmt.Sprintf("(chain %s %s %s)", spelling[n.op], t.sexpr(n.a), t.sexpr(n.b))
	case nIf:
		return fmt.Sprintf("(if %s %s %s)", t.sexpr(n.a), t.sexpr(n.b), t.sexpr(n.c))
	case nCall:
		return fmt.Sprintf("(call %s%s)", t.names[n.a], list(n.b, n.c))
	case nKeyword:
		return fmt.Sprintf("(%s= %s)", t.names[n.a], t.sexpr(n.b))
	case nTuple:
		return fmt.Sprintf("(tuple%s)", list(n.b, n.c))
	case nIndex:
		return fmt.Sprintf("(index %s%s)", t.sexpr(n.a), list(n.b, n.c))
	case nSlice:
		return fmt.Sprintf("(slice %s %s %s)", t.sexpr(n.a), t.sexpr(n.b), t.sexpr(n.c))
	case nAttr:
		return fmt.Sprintf("(. %s %s)", t.sexpr(n.a), t.names[n.b])
	}
	return t.leaf(&n)
}

func mustParse(t testing.TB, src string) *tree {
	t.Helper()
	lim := Limits{}.withDefaults()
	tr, err := parse(src, &lim)
	if err != nil {
		t.Fatalf("parse %.200q: %v", src, err)
	}
	return tr
}

// TestPrecedence compares grouping with Python's parser on the expressions of testdata/precedence.txt.
func TestPrecedence(t *testing.T) {
	data, err := os.ReadFile("testdata/precedence.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) < 1000 {
		t.Fatalf("only %d expressions", len(lines))
	}
	for _, line := range lines {
		src, want, _ := strings.Cut(line, "\t")
		tr := mustParse(t, src)
		if got := tr.sexpr(tr.stmts[0].exprs[0]); got != want {
			t.Errorf("%s\n got %s\nwant %s", src, got, want)
		}
		checkPrint(t, tr)
	}
}

// checkPrint checks that the canonical text has the same tree and prints as itself.
func checkPrint(t testing.TB, tr *tree) {
	t.Helper()
	text := tr.String()
	again := mustParse(t, text)
	if again.String() != text {
		t.Fatalf("canonical text is no fixed point:\n%.500q\n%.500q", text, again.String())
	}
	if len(again.nodes) != len(tr.nodes) {
		t.Fatalf("%.500q has %d nodes, its canonical text %.500q has %d", tr.src, len(tr.nodes), text,
			len(again.nodes))
	}
	for i, n := range tr.nodes {
		if m := again.nodes[i]; n.kind != m.kind || n.op != m.op {
			t.Fatalf("%.500q: node %d differs in canonical text %.500q", tr.src, i, text)
		}
	}
}

func TestCanonicalText(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"a+b*c", "a + b * c"},
		{"(a+b)*c", "(a + b) * c"},
		{"a-(b-c)", "a - (b - c)"},
		{"(a-b)-c", "a - b - c"},
		{"-x**2", "-x**2"},
		{"(-x)**2", "(-x)**2"},
		{"2**-1", "2**-1"},
		{"(a**b)**c", "(a**b)**c"},
		{"a**b**c", "a**b**c"},
		{"not(a and b)", "not (a and b)"},
		{"not a and b", "not a and b"},
		{"(a<b)<c", "(a < b) < c"},
		{"a<b<c", "a < b < c"},
		{"a<(b|c)<=d", "a < (b | c) <= d"},
		{"(a|b)<c", "a | b < c"},
		{"a not in(b,c)", "a not in (b, c)"},
		{"x if c else y if d else z", "x if c else y if d else z"},
		{"(x if c else y) if d else z", "(x if c else y) if d else z"},
		{"`a b`+`x`+`if`", "`a b` + x + `if`"},
		{"x[1:,::2,...,None,-1]", "x[1:, ::2, ..., None, -1]"},
		{"x[:, (1,2)]", "x[:, (1, 2)]"},
		{"f(x,axis=(0,),k=1)", "f(x, axis=(0,), k=1)"},
		{"0x_ff if a else b", ""},
		{"0xFF+0b11+0o17+1_000", "255 + 3 + 15 + 1000"},
		{"1.+.5+1e3+1e-7+1e22+0x1.8p-3+2.5j+3j", "1.0 + 0.5 + 1000.0 + 1e-07 + 1e+22 + 0.1875 + 2.5j + 3.0j"},
		{"(1).real+x.T", "(1).real + x.T"},
		{`"a\x01\u202e\"'\n"`, `"a\x01\u202e\"'\n"`},
		{"f(x)=x+1;f(y)", "f(x) = x + 1\nf(y)"},
		{"g()=2\ng()", "g() = 2\ng()"},
		{"a,b=b,a;a,b,", "a, b = b, a\na, b"},
		{";;\n a\\\n+b # sum\n\n", "a + b"},
		{"(a\n+b)", "a + b"},
		{"\uFEFFa", "a"},
		{"18446744073709551616", "18446744073709551616"},
	} {
		lim := Limits{}.withDefaults()
		tr, err := parse(c.src, &lim)
		if c.want == "" {
			if err == nil {
				t.Errorf("%q: no error", c.src)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.src, err)
			continue
		}
		if got := tr.String(); got != c.want {
			t.Errorf("%q prints as %q, want %q", c.src, got, c.want)
		}
		checkPrint(t, tr)
	}
}

// TestLongChains checks that what does not nest needs no depth.
func TestLongChains(t *testing.T) {
	for _, op := range []string{"+", " and ", " < ", "*-", "**2+", "; ", ","} {
		n := 120_000
		if len(op) == 4 && op[0] == '*' || op == "*-" {
			n = 60_000
		}
		src := "a" + strings.Repeat(op+"a", n)
		tr := mustParse(t, src)
		if len(tr.nodes) < 60_000 {
			t.Errorf("%q: only %d nodes", op, len(tr.nodes))
		}
		checkPrint(t, tr)
	}
}

func TestParseLimits(t *testing.T) {
	lim := Limits{SourceBytes: 10_000}.withDefaults()
	for _, c := range []struct {
		name     string
		in, over string
	}{
		{"source", strings.Repeat(" ", 9_999) + "a", strings.Repeat(" ", 10_000) + "a"},
		{"brackets", nest("(", "a", ")", 1000), nest("(", "a", ")", 1001)},
		{"indexes", nest("a[", "a", "]", 1000), nest("a[", "a", "]", 1001)},
		{"calls", nest("f(", "a", ")", 1000), nest("f(", "a", ")", 1001)},
		{"minus", nest("-", "a", "", 1000), nest("-", "a", "", 1001)},
		{"not", nest("not ", "a", "", 1000), nest("not ", "a", "", 1001)},
		{"power", nest("a**", "a", "", 1000), nest("a**", "a", "", 1001)},
		{"if", nest("a if b else ", "a", "", 700), nest("a if b else (", "a", ")", 501)},
		{"name", strings.Repeat("n", 1024), strings.Repeat("n", 1025)},
		{"quoted name", "`" + strings.Repeat("n", 1024) + "`", "`" + strings.Repeat("n", 1025) + "`"},
		{"number", strings.Repeat("0", 4094) + ".5", strings.Repeat("0", 4095) + ".5"},
	} {
		if _, err := parse(c.in, &lim); err != nil {
			t.Errorf("%s at the limit: %v", c.name, err)
		}
		_, err := parse(c.over, &lim)
		if err == nil || !errors.Is(err, ErrLimit) {
			t.Errorf("%s beyond the limit: got %v", c.name, err)
		} else if n := len(err.Error()); n > 600 {
			t.Errorf("%s: the message has %d bytes", c.name, n)
		}
	}
	tokens := Limits{Tokens: 5}.withDefaults()
	if _, err := parse("a+b+c", &tokens); err != nil {
		t.Error(err)
	}
	if _, err := parse("a+b+c+d", &tokens); err == nil || !errors.Is(err, ErrLimit) || err.Offset != 5 {
		t.Errorf("6 tokens: %v", err)
	}
}

func nest(open, middle, close string, n int) string {
	return strings.Repeat(open, n) + middle + strings.Repeat(close, n)
}

// FuzzParse checks that no text makes the parser panic and that canonical text is a fixed point with the
// same tree.
func FuzzParse(f *testing.F) {
	for _, src := range []string{"a+b*c", "x if c else y", "f(x)=x**2;f(a)", "a<b<=c", "x[1:, ..., None]",
		"`a b`.real",
		"1e-3+0x1.8p-3", "\"\\u00e9\" in ('a',)", "a, b = b, a", "not a in b", "# c\na\\\n+b"} {
		f.Add(src)
	}
	lim := Limits{Nesting: 100}.withDefaults()
	f.Fuzz(func(t *testing.T, src string) {
		tr, err := parse(src, &lim)
		if err != nil {
			if err.Error() == "" || err.Offset > err.End || err.End > len(src) || err.Line < 1 ||
				err.Col < 1 {
				t.Fatalf("bad error %#v", err)
			}
			return
		}
		checkPrint(t, tr)
	})
}
