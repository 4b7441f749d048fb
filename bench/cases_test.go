package main

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// eachCase calls f for every case and dtype on a few hundred elements.
func eachCase(t *testing.T, f func(t *testing.T, d *Data)) {
	for i := range cases {
		for _, dtype := range cases[i].DTypes {
			t.Run(cases[i].Name+"/"+dtype, func(t *testing.T) { f(t, newData(&cases[i], dtype, 333)) })
		}
	}
}

func TestCasesAreComplete(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("peers", "loops.c"))
	if err != nil {
		t.Fatal(err)
	}
	loops := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(?:LOOP|TABLE)\((\w+),`).FindAllStringSubmatch(string(b), -1) {
		loops[m[1]] = true
	}
	names := map[string]bool{}
	for _, c := range cases {
		if names[c.Name] {
			t.Errorf("%s: twice", c.Name)
		}
		names[c.Name] = true
		if len(c.Go) != len(c.DTypes) {
			t.Errorf("%s: %d Go loops for %d dtypes", c.Name, len(c.Go), len(c.DTypes))
		}
		for _, dtype := range c.DTypes {
			if !loops[c.Name+"_"+dtype] {
				t.Errorf("%s %s: peers/loops.c has no loop", c.Name, dtype)
			}
			delete(loops, c.Name+"_"+dtype)
			floating := c.result(dtype)[0] == 'f' && dtype[0] == 'f'
			if floating != (c.Exact != nil) {
				t.Errorf("%s %s: an exact result is for floating point only", c.Name, dtype)
			}
			p := c.peer(dtype)
			for peer, text := range map[string]string{"numpy": p.NumPy, "numba": p.Numba, "jax": p.JAX} {
				if text == "" {
					t.Errorf("%s %s: no spelling for %s", c.Name, dtype, peer)
				}
			}
		}
		for _, a := range c.Args {
			if !regexp.MustCompile(`\b` + a.Name + `\b`).MatchString(c.Text) {
				t.Errorf("%s: %s does not use %s", c.Name, c.Text, a.Name)
			}
		}
		for _, l := range c.Libs {
			if !strings.Contains(" "+strings.Join(c.DTypes, " ")+" ", " "+l.DType+" ") {
				t.Errorf("%s: %s for dtype %s", c.Name, l.Name, l.DType)
			}
		}
	}
	for name := range loops {
		t.Errorf("peers/loops.c: %s belongs to no case", name)
	}
}

// The Go loops against the exact results: within half a unit where one rounding is made, and within the
// errors of Go's functions elsewhere. Libraries only have to be no nonsense.
func TestGoContendersAgree(t *testing.T) {
	limit := map[string]float64{"add": 0.5, "sqrt": 0.5, "where": 0, "strided": 0.5, "bcast_add": 0.5,
		"pow10": 5,
		"exp":   2, "log": 2, "sin": 2, "cos": 2, "sigmoid": 4, "sc2": 5, "bcast_sc2": 5}
	eachCase(t, func(t *testing.T, d *Data) {
		exact := reference(d, 1)
		var first []float64
		for _, c := range append(goContenders(d, 1), goContenders(d, 2)...) {
			got, err := c.Output(1)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = got
			}
			a, err := accuracy(d, got, first, exact)
			if err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			if most, ok := limit[d.Case.Name]; ok && c.Name == "go" && a.ULP > most {
				t.Errorf("%s: %v ULP", c.Name, a.ULP)
			}
			if c.Name == "go" && a.SameBits != a.Checked {
				t.Errorf("two threads give other bits than one")
			}
		}
	})
}

// Lanes has the bits of the Go loops where there are no functions, and is within 1 ULP where there is one. A power is
// more accurate than the chain of products of the Go loop.
func TestLanesAgrees(t *testing.T) {
	eachCase(t, func(t *testing.T, d *Data) {
		exact := reference(d, 1)
		first, err := goContenders(d, 1)[0].Output(1)
		if err != nil {
			t.Fatal(err)
		}
		for _, threads := range []int{1, 2} {
			list, err := lanesContenders(d, threads)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range list {
				got, err := c.Output(1)
				if err != nil {
					t.Fatal(err)
				}
				a, err := accuracy(d, got, first, exact)
				if err != nil {
					t.Fatalf("%s: %v", c.Name, err)
				}
				if d.Case.Name == "pow10" && a.ULP > 0.52 {
					t.Errorf("%s: %v ULP", c.Name, a.ULP)
				}
				if !d.Case.Function && d.Case.Name != "pow10" && a.SameBits != a.Checked {
					t.Errorf("%s, %d threads: %d of %d elements have Go's bits", c.Name, threads,
						a.SameBits, a.Checked)
				}
				if d.Case.Function && d.Case.Text == d.Case.Name+"(a)" && a.ULP > 1 {
					t.Errorf("%s: %v ULP", c.Name, a.ULP)
				}
			}
		}
	})
}

// A wrong element must be seen.
func TestAccuracyFindsErrors(t *testing.T) {
	eachCase(t, func(t *testing.T, d *Data) {
		first, err := goContenders(d, 1)[0].Output(1)
		if err != nil {
			t.Fatal(err)
		}
		got := append([]float64(nil), first...)
		got[7]++
		if _, err := accuracy(d, got, first, reference(d, 1)); err == nil {
			t.Error("no error")
		}
		if _, err := accuracy(d, got[1:], first, nil); err == nil {
			t.Error("no error for a missing element")
		}
		got[7] = math.NaN()
		if _, err := accuracy(d, got, first, reference(d, 1)); err == nil {
			t.Error("no error for NaN")
		}
	})
}

func TestUniform(t *testing.T) {
	sum := 0.0
	for i := range 10000 {
		u := uniform(1, i)
		if u < 0 || u >= 1 {
			t.Fatalf("uniform(1, %d) = %v", i, u)
		}
		sum += u
	}
	if math.Abs(sum/10000-0.5) > 0.02 {
		t.Errorf("mean %v", sum/10000)
	}
	// These are SplitMix64's first outputs for the counter that make_input of peers/worker.py uses too.
	if got := uniform(0, 1); got != 0.8833108082136426 {
		t.Errorf("uniform(0, 1) = %v", got)
	}
}

func TestBytes(t *testing.T) {
	for _, c := range []struct {
		name, dtype string
		bytes       float64
		pattern     string
	}{
		{"add", "f64", 24, "add"}, {"add", "f32", 12, "add"}, {"triad", "f64", 32, "triad"}, {"cmp3", "f64",
			17, "add"},
		{"strided", "f64", 40, "add"}, {"bcast_add", "f64", 8, "fill"}, {"cast_i32_f32", "i32", 8, "copy"},
		{"exp", "f32", 8, "copy"},
	} {
		for i := range cases {
			if cases[i].Name != c.name {
				continue
			}
			if b, p := cases[i].bytes(c.dtype); b != c.bytes || p != c.pattern {
				t.Errorf("%s %s: %v bytes as %s, want %v as %s", c.name, c.dtype, b, p, c.bytes, c.pattern)
			}
		}
	}
}

func TestSetupSaysWhatIsMissing(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("needs linux/amd64: the peers are pinned for it")
	}
	t.Setenv("PATH", t.TempDir())
	quiet := func(string) {}
	if err := installPackages(t.TempDir(), "none", quiet); err == nil || !strings.Contains(err.Error(),
		"Python 3.11") {
		t.Errorf("without Python: %v", err)
	}
	if err := buildLoops(t.TempDir(), "none", quiet); err == nil || !strings.Contains(err.Error(), "gcc") {
		t.Errorf("without gcc: %v", err)
	}
}
