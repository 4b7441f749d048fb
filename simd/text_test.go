package simd

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTextRoundTrip checks that Parse reads what String writes, of random programs, hard ones and every row.
func TestTextRoundTrip(t *testing.T) {
	check := func(p *Program) {
		t.Helper()
		text := p.String()
		q, err := Parse(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if q.String() != text || fmt.Sprint(q.Instructions(), q.Sources(), q.Sinks(), q.tables) !=
			fmt.Sprint(p.Instructions(), p.Sources(), p.Sinks(), p.tables) {
			t.Fatalf("the program has become another:\n%s\n%s", text, q)
		}
	}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		p, err := randomProgram(r, r.IntN(50))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		check(p)
		check(optimise(p, Options{Contract: true}))
	}
	for _, c := range hardPrograms {
		check(build(t, c.f))
	}
	for _, c := range rowCases(t) {
		check(c.p)
	}
}

func TestTextForms(t *testing.T) {
	p, err := Parse(strings.Join([]string{
		textHeader + " ; comments and space are free",
		"",
		"  table #0 0x1 2 03 4   ; numbers as in Go",
		"%0 = load u64 #0",
		"\t%1 = lookup u64 %0 #0x0",
		"; nothing else",
		"store u64 %1 #0",
	}, "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	const want = textHeader + "\ntable #0 0x1 0x2 0x3 0x4\n%0 = load u64 #0\n%1 = lookup u64 %0 #0\nstore u64 %1 #0\n"
	if p.String() != want {
		t.Errorf("got\n%s, want\n%s", p, want)
	}
}

func TestTextErrors(t *testing.T) {
	const load = "%0 = load f64 #0\n"
	const region = load + "%1 = lt mask %0 %0\nrare %1\n%3 = neg f64 %0\n"
	for _, c := range []struct{ text, want string }{
		{"", `line 1: want "lanes program 1"`},
		{"lanes program 2\n", `line 1: want "lanes program 1"`},
		{"\n" + textHeader, `line 1: want`},
		{"frobnicate f64", `line 2: unknown operation "frobnicate"`},
		{"invalid", `line 2: unknown operation "invalid"`},
		{"%0 =", `line 2: unknown operation "%0"`},
		{"%1 = load f64 #0", "line 2: value %1, expected %0"},
		{"load f64 #0", "line 2: load: a value is named where it has none, or has no name"},
		{load + "%1 = store f64 %0 #0", "line 3: store: a value is named"},
		{"%0 = load f99 #0", `line 2: unknown type "f99"`},
		{"%0 = load", `line 2: unknown type ""`},
		{"%0 = load invalid #0", `line 2: unknown type "invalid"`},
		{"%0 = load mask #0", "line 2: load: does not take mask"},
		{"%0 = load f64", `line 2: load: "", want a number such as #0`},
		{"%0 = load f64 0", `line 2: load: "0", want a number such as #0`},
		{"%0 = load f64 #-1", `line 2: load: "#-1", want a number`},
		{"%0 = load f64 #99999999999999999999", `line 2: load: "#99999999999999999999", want a number`},
		{"%0 = load f64 #1", "line 2: load: source slot 1 does not match"},
		{"%0 = load f64 #0 #1", `line 2: load: unexpected "#1"`},
		{"%0 = index f64 #0", "line 2: index: does not take f64"},
		{"%0 = const u8 #256", "line 2: const: constant 0x100 does not fit u8"},
		{"%0 = const mask #2", "line 2: const: constant 0x2 does not fit mask"},
		{load + "%1 = add f64 %0", `line 3: add: operand 1 is "", want a value such as %0`},
		{load + "%1 = add f64 %0 0", `line 3: add: operand 1 is "0", want a value`},
		{load + "%1 = add f64 %0 %-1", `line 3: add: operand 1 is "%-1", want a value`},
		{load + "%1 = add f64 %0 %99999999999", `line 3: add: operand 1 is "%99999999999", want a value`},
		{load + "%1 = add f64 %0 %1", "line 3: add: operand 1 is not defined before its use"},
		{load + "%1 = add f32 %0 %0", "line 3: add: result type is f64, not f32"},
		{load + "%1 = and f64 %0 %0", "line 3: and: does not take f64"},
		{load + "%1 = load f32 #1\n%2 = add f64 %0 %1", "line 4: add: operands are f64 and f32"},
		{load + "store f64 %0 #0\n%2 = neg f64 %1", "line 4: neg: operand 0 has no value"},
		{load + "store f32 %0 #0", "line 3: store: stores f32, not f64"},
		{load + "store f64 %0 #1", "line 3: store: sink slot 1 does not match"},
		{load + "storemasked f64 %0 %0 #0", "line 3: storemasked: first operand must be a mask, not f64"},
		{load + "%1 = select f64 %0 %0 %0", "line 3: select: first operand must be a mask, not f64"},
		{load + "%1 = lt mask %0 %0\n%2 = select mask %1 %1 %1", "line 4: select: does not take mask"},
		{load + "%1 = lt mask %0 %0\nstore mask %1 #0", "line 4: store: does not take mask"},
		{load + "accumulate f64 sub %0 #0", "line 3: accumulate: cannot accumulate with sub"},
		{load + "accumulate f64 and %0 #0", "line 3: accumulate: cannot accumulate with and"},
		{load + "accumulate f64 frob %0 #0", `line 3: unknown operation "frob"`},
		{load + "%1 = bitcast u32 %0", "line 3: bitcast: no way from f64 to u32"},
		{load + "%1 = bitcast mask %0", "line 3: bitcast: no way from f64 to mask"},
		{load + "%1 = convert u64 %0", "line 3: convert: no way from f64 to u64"},
		{load + "%1 = convert f64 %0", "line 3: convert: no way from f64 to f64"},
		{"%0 = load i32 #0\n%1 = shl i32 %0 #32", "line 3: shl: shift by 32 of i32"},
		{"%0 = load i8 #0\n%1 = shl i8 %0 #1", "line 3: shl: does not take i8"},
		{"table", "line 2: want table #0 and its entries"},
		{"table #0", "line 2: want table #0 and its entries"},
		{"table #1 5", "line 2: want table #0 and its entries"},
		{"table #0 1 2 3", "line 2: 3 entries, not a power of two"},
		{"table #0 1 x", `line 2: table entry "x" is no number`},
		{"%0 = load u64 #0\n%1 = lookup u64 %0 #0", "line 3: lookup: table 0 is not declared"},
		{"table #0 1\n%0 = load u64 #0\n%1 = lookup i64 %0 #0", "line 4: lookup: result type is u64, not i64"},
		{"end", "line 2: end: no region is open"},
		{load + "rare %0", "line 3: rare: operand must be a mask, not f64"},
		{region, "line 4: the region is not closed"},
		{region + "rare %1", "line 6: rare: not allowed inside a rare region"},
		{region + "%4 = const f64 #0", "line 6: const: not allowed inside a rare region"},
		{region + "%4 = load f64 #1", "line 6: load: not allowed inside a rare region"},
		{region + "store f64 %3 #0", "line 6: store: not allowed inside a rare region"},
		{region + "%4 = merge f64 %1 %3 %0", "line 6: merge: not allowed inside a rare region"},
		{region + "end\nstore f64 %3 #0", "line 7: store: operand 0 belongs to a rare region that is closed"},
		{region + "end\n%5 = add f64 %2 %0", "line 7: add: operand 0 has no value"},
		{region + "end\n%5 = neg f64 %0\n%6 = merge f64 %1 %3 %0", "line 8: merge: operand 1 belongs to a rare region"},
		{region + "end\n%5 = merge f64 %1 %0 %0", "line 7: merge: a merge takes a value of its region"},
		{region + "end\n%5 = merge f64 %1 %3 %3", "line 7: merge: operand 2 belongs to a rare region"},
		{load + "%1 = lt mask %0 %0\n%2 = merge f64 %1 %0 %0", "line 4: merge: a merge follows the end of its region"},
	} {
		if !strings.Contains(c.want, "line 1:") {
			c.text = textHeader + "\n" + c.text
		}
		p, err := Parse(c.text)
		if err == nil || !strings.HasPrefix(err.Error(), "simd: "+c.want) {
			t.Errorf("%q:\n   error %v\n    want simd: %s", c.text, err, c.want)
		}
		if err != nil && p != nil {
			t.Errorf("%q: an error and a program", c.text)
		}
	}
}

// TestTextLimits checks that hostile sizes are refused, or cost little.
func TestTextLimits(t *testing.T) {
	var s strings.Builder
	s.WriteString(textHeader + "\n")
	for i := range maxIns + 1 {
		fmt.Fprintf(&s, "%%%d = const u64 #%d\n", i, i)
	}
	want := fmt.Sprintf("simd: line %d: more than %d instructions", maxIns+2, maxIns)
	if _, err := Parse(s.String()); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	s.Reset()
	s.WriteString(textHeader + "\n")
	for i := range maxIns + 1 {
		fmt.Fprintf(&s, "table #%d 1\n", i)
	}
	if _, err := Parse(s.String()); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	b := NewBuilder()
	x := b.Load(I64)
	for i := range maxIns {
		x = b.Add(x, b.Int(I64, int64(i)))
	}
	b.Store(x)
	if _, err := b.Program(); err == nil || !strings.Contains(err.Error(), "the limit is") {
		t.Errorf("error %v", err)
	}
}

// TestLongProgram checks that a program too long for machine code runs all the same.
func TestLongProgram(t *testing.T) {
	p := build(t, func(b *Builder) {
		x := b.Load(I64)
		y := x
		for range maxCode {
			y = b.Sub(y, x)
		}
		b.Store(y)
	})
	for _, e := range Engines() {
		k, err := Compile(p, Options{Engine: e})
		if err != nil || k.Engine() != Portable {
			t.Fatalf("%s: engine %s, error %v", e, k.Engine(), err)
		}
		if got := runEdges(k, [][]uint64{{3}})[0]; int64(got) != 3-3*maxCode {
			t.Errorf("%d, want %d", int64(got), 3-3*maxCode)
		}
	}
}

// FuzzProgramText feeds Parse anything. What it accepts prints the same, and runs alike on every engine and on the
// model of the processor.
func FuzzProgramText(f *testing.F) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 10))
		p, err := randomProgram(r, 12)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p.String())
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(parseArchive(string(text))["program"])
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		p, err := Parse(text)
		if err != nil {
			return
		}
		q, err := Parse(p.String())
		if err != nil || q.String() != p.String() {
			t.Fatalf("not the same again: %v\n%s\n%s", err, p, q)
		}
		if len(p.ins) > 300 || leaksNaN(p) {
			return
		}
		checkProgram(t, p, 75, 1, Streaming)
		checkSimulated(t, p, 21, 1, false)
	})
}

// leaksNaN tells whether p may make a number of the bits of a NaN, which engines need not share.
func leaksNaN(p *Program) bool {
	for i := range p.ins {
		if in := &p.ins[i]; in.Op == OpBitcast && p.ins[in.Args[0]].Type.IsFloat() {
			return true
		}
	}
	return false
}
