package simd

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/lanes-go/lanes/internal/amd64"
)

// takesRows tells whether RunRows takes p.
func takesRows(p *Program) bool {
	return !slices.ContainsFunc(append(p.Sources(), p.sinks...), func(o Operand) bool {
		return o.Op == OpStrided || o.Op == OpIndex || o.Op == OpAccumulate
	})
}

// layRows chooses pointers and steps for rows of n elements in memory of rows*(n+3): sinks and some sources forwards or
// backwards with gaps, other sources the same in every row.
func layRows(o *operands, r *rand.Rand, rows, n int) (ptrs []unsafe.Pointer, steps []int) {
	for k := range o.list {
		x := &o.list[k]
		step := (n + 3) * x.stride
		switch kind := r.IntN(4); {
		case x.Op == OpScalar, kind == 0 && x.Op.isSource():
			ptrs, steps = append(ptrs, o.ptrs[k]), append(steps, 0)
		case kind == 1:
			ptrs, steps = append(ptrs, unsafe.Add(o.ptrs[k], (rows-1)*step)), append(steps, -step)
		default:
			ptrs, steps = append(ptrs, o.ptrs[k]), append(steps, step)
		}
	}
	return ptrs, steps
}

// checkRows compares RunRows on every engine with runs of the portable one, row by row.
func checkRows(t *testing.T, p *Program, rows, n int) {
	t.Helper()
	want := newOperands(p, rows*(n+3), 2, true)
	ptrs, steps := layRows(want, rand.New(rand.NewPCG(3, 3)), rows, n)
	k := compile(t, p, Portable)
	for row := range rows {
		at := make([]unsafe.Pointer, len(ptrs))
		for i := range at {
			at[i] = unsafe.Add(ptrs[i], row*steps[i])
		}
		k.Run(n, 0, at, nil, 0)
	}
	for _, e := range Engines() {
		got := newOperands(p, rows*(n+3), 2, true)
		ptrs, steps := layRows(got, rand.New(rand.NewPCG(3, 3)), rows, n)
		compile(t, p, e).RunRows(rows, n, ptrs, steps)
		if err := got.diff(want); err != nil {
			t.Fatalf("%s, %d rows of %d: %v\n%s", e, rows, n, err, p)
		}
	}
}

// rowsPrograms are programs that RunRows takes: a part of the rows' cases, and the hard ones.
func rowsPrograms(t *testing.T) map[string]*Program {
	list := map[string]*Program{}
	for i, c := range rowCases(t) {
		if takesRows(c.p) && (i%7 == 0 && !raceEnabled || *long) {
			list[c.name] = c.p
		}
	}
	for _, c := range hardPrograms {
		if p := build(t, c.f); takesRows(p) {
			list[c.name] = p
		}
	}
	list["scalars"] = build(t, func(b *Builder) {
		x := b.Load(F64)
		for range 40 {
			x = b.FMA(x, b.Scalar(F64), b.Scalar(F64))
		}
		b.Store(x)
	})
	return list
}

func TestRunRows(t *testing.T) {
	for name, p := range rowsPrograms(t) {
		t.Run(name, func(t *testing.T) {
			for _, c := range [][2]int{{1, 5}, {2, 1}, {3, 8}, {7, 17}, {40, 2}, {5, 64}, {3, 130}, {2, 1100}} {
				checkRows(t, p, c[0], c[1])
			}
		})
	}
}

// TestRunRowsLong goes through more elements than one call computes.
func TestRunRowsLong(t *testing.T) {
	p := addProgram(t)
	for _, c := range [][2]int{{70000, 1}, {3000, 50}, {3, 40000}} {
		checkRows(t, p, c[0], c[1])
	}
}

func TestRunRowsWithTooFewSteps(t *testing.T) {
	k := compile(t, addProgram(t), Portable)
	defer func() {
		if r := fmt.Sprint(recover()); r != "simd: 3 pointers and 2 steps for 2 sources and 1 sinks" {
			t.Errorf("panic %q", r)
		}
	}()
	k.RunRows(1, 1, make([]unsafe.Pointer, 3), make([]int, 2))
}

// TestRowsOnModel runs the rowwise variants on the model of the processor, the gaps between rows of sinks unmapped.
func TestRowsOnModel(t *testing.T) {
	const rows, n, gap = 5, 13, 3
	for name, p := range rowsPrograms(t) {
		t.Run(name, func(t *testing.T) {
			p := optimise(p, Options{})
			for _, set := range sets {
				l, err := translate(p, set.isa, rowwise)
				if err != nil {
					t.Fatal(err)
				}
				if err := amd64.Audit(l.code, bases...); err != nil {
					t.Fatalf("%s: %v", set.engine, err)
				}
				if !l.rows {
					continue
				}
				want, got := newOperands(p, rows*(n+gap), 4, true), newOperands(p, rows*(n+gap), 4, true)
				portable := newPortable(p)
				for row := range rows {
					at := make([]unsafe.Pointer, len(want.ptrs))
					for k := range at {
						at[k] = want.ptrs[k]
						if x := &want.list[k]; x.Op != OpScalar {
							at[k] = unsafe.Add(at[k], row*(n+gap)*x.stride)
						}
					}
					portable.run(n, 0, at, nil)
				}
				if err := simulate(l, set.isa.level, modelRun{n: n, rows: rows, next: n + gap}, got); err != nil {
					t.Fatalf("%s: %v\n%s", set.engine, err, p)
				}
				if err := got.diff(want); err != nil {
					t.Fatalf("%s: %v\n%s", set.engine, err, p)
				}
			}
		})
	}
}
