package expr

import (
	"errors"
	"os"
	"testing"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/ndarray"
)

// ones returns a view of the given shape on one element.
func ones(t *testing.T, shape ...int) *ndarray.Array {
	t.Helper()
	x, err := ndarray.Full(1.0).BroadcastTo(shape...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestTooLarge checks shapes whose arrays no memory holds: broadcasting makes them of a few bytes. A kept value may be
// larger than the result, which is empty here or of a smaller dtype.
func TestTooLarge(t *testing.T) {
	const k = 1 << 10
	for _, c := range []struct {
		text string
		vars Vars
	}{
		{"a + b", Vars{"a": ones(t, k*k*k, 1), "b": ones(t, 1, k*k*k)}},
		{"a + b + c", Vars{"a": ones(t, k*k*k, 1, 1), "b": ones(t, k*k*k, 1), "c": ones(t, 16)}}, // 2^64 elements
		{"a + b + c < 0", Vars{"a": ones(t, k*k*k, 1, 1), "b": ones(t, k*k*k, 1), "c": ones(t, 4)}},
		{"sin(a + b)*c", Vars{"a": ones(t, k*k, 1), "b": ones(t, 1, k*k), "c": ones(t, 0, 1, 1)}},
		{"sin(a + b)*c", Vars{"a": ones(t, k*k*k, 1), "b": ones(t, 1, k*k*k), "c": ones(t, 0, 1, 1)}},
	} {
		_, err := MustCompile(c.text).RunAll(c.vars)
		if !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

// TestTooLargeTogether checks that all arrays of a call count.
func TestTooLargeTogether(t *testing.T) {
	p := MustCompile("a")
	c := &call{extent: []int{kernels.MemoryBudget() / 16, 1}}
	if size, err := p.room(c, kernels.Float64, 0); err != nil || size != c.extent[0]*8 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	c.extent[0] += 8
	if _, err := p.room(c, kernels.Float64, 0); !errors.Is(err, ErrLimit) {
		t.Errorf("a call may allocate %d bytes, and %d more: %v", c.bytes, c.extent[0]*8, err)
	}
	c.extent[1] = 0
	if size, err := p.room(c, kernels.Float64, 0); err != nil || size != 0 {
		t.Errorf("an empty array takes %d bytes, %v", size, err)
	}
}

func TestRepeatedParameter(t *testing.T) {
	if _, err := Func2[float64]("a, a: a + 1"); !errors.Is(err, ErrName) {
		t.Error(err)
	}
}

// TestTruncatedFile takes a file away under a mapped input.
func TestTruncatedFile(t *testing.T) {
	path := t.TempDir() + "/a.npy"
	if err := ndarray.Save(path, ndarray.Full(1.0, 1<<16)); err != nil {
		t.Fatal(err)
	}
	a, err := ndarray.Map(path)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Mapped() {
		t.Skip("files are not mapped here")
	}
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a + 1", "a*2 > 0", "sin(a)"} {
		var e *Error
		if _, err := Eval(text, Vars{"a": a}); !errors.Is(err, ndarray.ErrFault) || !errors.As(err, &e) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
