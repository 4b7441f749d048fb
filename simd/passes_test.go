package simd

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestSimplifyKeepsBits runs random programs with and without simplification.
func TestSimplifyKeepsBits(t *testing.T) {
	count := 300
	if *long {
		count = 5000
	}
	smaller := 0
	for seed := range uint64(count) {
		r := rand.New(rand.NewPCG(seed, 11))
		p, err := randomProgram(r, 1+r.IntN(60))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		q := simplify(p)
		if len(q.ins) < len(p.ins) {
			smaller++
		}
		if fmt.Sprint(q.sources, q.sinks) != fmt.Sprint(p.sources, p.sinks) {
			t.Fatalf("seed %d: other operands:\n%s\n%s", seed, p, q)
		}
		want, got := newOperands(p, 100, seed, true), newOperands(p, 100, seed, true)
		newPortable(p).run(100, 64, want.ptrs, want.strides)
		newPortable(q).run(100, 64, got.ptrs, got.strides)
		if err := got.diff(want); err != nil {
			t.Fatalf("seed %d: %v\n%s\n%s", seed, err, p, q)
		}
	}
	if smaller < count/4 {
		t.Errorf("only %d of %d programs became smaller", smaller, count)
	}
}

// checkPass compares what a pass makes of programs with their text forms, without the header.
func checkPass(t *testing.T, pass func(*Program) *Program, cases []passCase) {
	t.Helper()
	lines := func(s string) string { return strings.Join(strings.Split(strings.TrimSpace(s), "\n"), "\n") + "\n" }
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse(textHeader + "\n" + c.from)
			if err != nil {
				t.Fatal(err)
			}
			if got := lines(strings.TrimPrefix(pass(p).String(), textHeader)); got != lines(c.to) {
				t.Errorf("got\n%s, want\n%s", got, lines(c.to))
			}
		})
	}
}

type passCase struct{ name, from, to string }

func TestSimplify(t *testing.T) {
	checkPass(t, simplify, []passCase{
		{"constants", `
%0 = const f64 #0x3ff0000000000000
%1 = const f64 #0x4000000000000000
%2 = add f64 %0 %1
%3 = convert i32 %2
store i32 %3 #0`, `
%0 = const i32 #0x3 ; 3
store i32 %0 #0`},
		{"what nobody uses", `
%0 = load f64 #0
%1 = load f64 #1
%2 = mul f64 %0 %1
store f64 %1 #0`, `
%0 = load f64 #0
%1 = load f64 #1
store f64 %1 #0`},
		{"equal instructions", `
%0 = load f64 #0
%1 = load f64 #1
%2 = mul f64 %0 %1
%3 = mul f64 %1 %0
%4 = sub f64 %2 %3
store f64 %4 #0`, `
%0 = load f64 #0
%1 = load f64 #1
%2 = mul f64 %0 %1
%3 = sub f64 %2 %2
store f64 %3 #0`},
		{"constant masks", `
%0 = load f64 #0
%1 = load f64 #1
%2 = const mask #1
%3 = const mask #0
%4 = lt mask %0 %1
%5 = and mask %4 %2
%6 = or mask %5 %3
%7 = select f64 %2 %0 %1
%8 = select f64 %6 %7 %1
store f64 %8 #0`, `
%0 = load f64 #0
%1 = load f64 #1
%2 = lt mask %0 %1
%3 = select f64 %2 %0 %1
store f64 %3 #0`},
		{"negated masks and equal choices", `
%0 = load f64 #0
%1 = load f64 #1
%2 = lt mask %0 %1
%3 = not mask %2
%4 = not mask %3
%5 = select f64 %3 %0 %1
%6 = select f64 %4 %5 %5
store f64 %6 #0`, `
%0 = load f64 #0
%1 = load f64 #1
%2 = lt mask %0 %1
%3 = select f64 %2 %1 %0
store f64 %3 #0`},
		{"a region whose value is constant", `
%0 = load f64 #0
%1 = const f64 #0x3ff0000000000000
%2 = lt mask %0 %1
rare %2
  %4 = add f64 %1 %1
end
%6 = merge f64 %2 %4 %0
store f64 %6 #0`, `
%0 = load f64 #0
%1 = const f64 #0x3ff0000000000000 ; 1
%2 = const f64 #0x4000000000000000 ; 2
%3 = lt mask %0 %1
%4 = select f64 %3 %2 %0
store f64 %4 #0`},
		{"division that would trap", `
%0 = const i64 #0x8000000000000000
%1 = const i64 #0xffffffffffffffff
%2 = const i64 #0x0
%3 = idiv i64 %0 %1
%4 = idiv i64 %0 %2
store i64 %3 #0
store i64 %4 #1`, `
%0 = const i64 #0x8000000000000000 ; -9223372036854775808
%1 = const i64 #0x0 ; 0
store i64 %0 #0
store i64 %1 #1`},
	})
}

func TestContract(t *testing.T) {
	const head = "%0 = load f64 #0\n%1 = load f64 #1\n%2 = load f64 #2\n"
	checkPass(t, contract, []passCase{
		{"sum", head + "%3 = mul f64 %0 %1\n%4 = add f64 %3 %2\nstore f64 %4 #0",
			head + "%3 = fma f64 %0 %1 %2\nstore f64 %3 #0"},
		{"sum, product right", head + "%3 = mul f64 %0 %1\n%4 = add f64 %2 %3\nstore f64 %4 #0",
			head + "%3 = fma f64 %0 %1 %2\nstore f64 %3 #0"},
		{"product minus", head + "%3 = mul f64 %0 %1\n%4 = sub f64 %3 %2\nstore f64 %4 #0",
			head + "%3 = fms f64 %0 %1 %2\nstore f64 %3 #0"},
		{"minus product", head + "%3 = mul f64 %0 %1\n%4 = sub f64 %2 %3\nstore f64 %4 #0",
			head + "%3 = fnma f64 %0 %1 %2\nstore f64 %3 #0"},
		{"two products: the left one", head + "%3 = mul f64 %0 %1\n%4 = mul f64 %1 %2\n%5 = add f64 %3 %4\nstore f64 %5 #0",
			head + "%3 = mul f64 %1 %2\n%4 = fma f64 %0 %1 %3\nstore f64 %4 #0"},
		{"a product used twice stays", head + "%3 = mul f64 %0 %1\n%4 = add f64 %3 %2\n%5 = sub f64 %3 %2\n" +
			"store f64 %4 #0\nstore f64 %5 #1",
			head + "%3 = mul f64 %0 %1\n%4 = add f64 %2 %3\n%5 = sub f64 %3 %2\nstore f64 %4 #0\nstore f64 %5 #1"},
		{"integers stay", "%0 = load i64 #0\n%1 = mul i64 %0 %0\n%2 = add i64 %0 %1\nstore i64 %2 #0",
			"%0 = load i64 #0\n%1 = mul i64 %0 %0\n%2 = add i64 %0 %1\nstore i64 %2 #0"},
	})
}

// TestContractChangesBits checks that contraction is what it says: other bits than two roundings, the same on every
// engine.
func TestContractChangesBits(t *testing.T) {
	p := build(t, func(b *Builder) {
		x, y := b.Load(F64), b.Load(F64)
		b.Store(b.Sub(b.Mul(x, x), b.Mul(y, y)))
		b.Store(b.Add(b.Mul(b.Convert(x, F32), b.Convert(y, F32)), b.Convert(y, F32)))
	})
	const n = 100
	plain := newOperands(p, n, 1, false)
	compile(t, p, Portable).Run(n, 0, plain.ptrs, plain.strides, 0)
	var first *operands
	for _, e := range Engines() {
		k, err := Compile(p, Options{Engine: e, Contract: true})
		if err != nil {
			t.Fatal(err)
		}
		o := newOperands(p, n, 1, false)
		k.Run(n, 0, o.ptrs, o.strides, 0)
		if first == nil {
			first = o
		}
		if err := o.diff(first); err != nil {
			t.Errorf("%s: %v", e, err)
		}
	}
	for s := range 2 {
		differ := 0
		for i := range n {
			if first.list[2+s].get(i) != plain.list[2+s].get(i) {
				differ++
			}
		}
		if differ == 0 {
			t.Errorf("sink %d: contracted and not, the bits are the same", s)
		}
	}
}
