package kernels

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

func TestDTypeNames(t *testing.T) {
	for _, d := range DTypes() {
		if d.Size() == 0 || d.Kind() == KindInvalid {
			t.Errorf("%v: size %d, kind %d", d, d.Size(), d.Kind())
		}
		if lane := d.Machine().Size(); lane != d.Size() && 2*lane != d.Size() {
			t.Errorf("%v: %d bytes in lanes of %d", d, d.Size(), lane)
		}
		for _, text := range []string{d.String(), d.Code(), "<" + d.Code(), "|" + d.Code()} {
			if got, err := ParseDType(text); got != d || err != nil {
				t.Errorf("ParseDType(%q) = %v, %v; want %v", text, got, err, d)
			}
		}
	}
	for _, text := range []string{"", "<", "float", "float65", "f16", ">f8", "invalid", "?", "<float64"} {
		if got, err := ParseDType(text); err == nil {
			t.Errorf("ParseDType(%q) = %v, want an error", text, got)
		}
	}
	if far := DType(200); far.Size() != 0 || Promote(far, Bool) != Invalid {
		t.Error("a dtype outside the table is not Invalid")
	}
}

// TestAgainstNumPy walks everything that NumPy says about its own dtypes.
func TestAgainstNumPy(t *testing.T) {
	file, err := os.Open("testdata/promotion_numpy.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	counts := map[string]int{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		f := strings.Fields(lines.Text())
		counts[f[0]]++
		switch f[0] {
		case "promote":
			if got := Promote(mustDType(f[1]), mustDType(f[2])); got.Code() != f[3] {
				t.Errorf("Promote(%s, %s) = %s, want %s", f[1], f[2], got.Code(), f[3])
			}
		case "cast":
			for i, c := range []Casting{Safe, SameKind, Unsafe} {
				if got := CanCast(mustDType(f[1]), mustDType(f[2]), c); got != (f[3+i] == "1") {
					t.Errorf("CanCast(%s, %s, %d) = %v", f[1], f[2], c, got)
				}
			}
		case "triple":
			ds := []DType{mustDType(f[1]), mustDType(f[2]), mustDType(f[3])}
			if got := ResultType(ds...); got.Code() != f[4] {
				t.Errorf("ResultType(%s) = %s, want %s", f[1:4], got.Code(), f[4])
			}
		}
	}
	if counts["promote"] != 14*14 || counts["cast"] != 14*14 || counts["triple"] != 364 {
		t.Errorf("the golden has %v", counts)
	}
}

func TestPromoteIsComplete(t *testing.T) {
	for _, a := range DTypes() {
		for _, b := range DTypes() {
			if Promote(a, b) == Invalid || Promote(a, b) != Promote(b, a) {
				t.Errorf("Promote(%v, %v) = %v, reversed %v", a, b, Promote(a, b), Promote(b, a))
			}
		}
		if Promote(a, a) != a || Promote(a, Bool) != a || Promote(a, Invalid) != Invalid {
			t.Errorf("%v: with itself %v, with bool %v", a, Promote(a, a), Promote(a, Bool))
		}
	}
}

func TestResultTypeHasNoOrder(t *testing.T) {
	if ResultType() != Invalid || ResultType(Int8, Invalid) != Invalid || ResultType(Invalid, Float32) != Invalid {
		t.Error("ResultType of nothing or of Invalid is not Invalid")
	}
	all := DTypes()
	for _, a := range all {
		for _, b := range all {
			if ResultType(a, b) != Promote(a, b) {
				t.Fatalf("ResultType(%v, %v) = %v, want %v", a, b, ResultType(a, b), Promote(a, b))
			}
			for _, c := range all {
				want := ResultType(a, b, c)
				for _, ds := range [][]DType{{a, c, b}, {b, a, c}, {b, c, a}, {c, a, b}, {c, b, a}, {a, b, c, a}} {
					if got := ResultType(ds...); got != want {
						t.Fatalf("ResultType(%v) = %v, but %v in another order", ds, got, want)
					}
				}
			}
		}
	}
}
