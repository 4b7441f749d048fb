//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package ndarray

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lanes-go/lanes/kernels"
)

func TestMap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	want := Arange(0.0, 1000, 1).Reshape(10, 100)
	if err := Save(path, want); err != nil {
		t.Fatal(err)
	}
	x, err := Map(path)
	if err != nil {
		t.Fatal(err)
	}
	if !x.Mapped() || !x.ReadOnly() || !x.Operand().Mapped || !Identical(x, want) {
		t.Errorf("mapped %v, read-only %v: %v", x.Mapped(), x.ReadOnly(), x)
	}
	row := x.Slice(3)
	x = nil
	for range 3 {
		runtime.GC() // the view keeps the mapping
	}
	if !row.Mapped() || row.At(7) != 307 || Item[int](row.Slice(1)) != 301 {
		t.Errorf("the view is %v", row)
	}
	if err := Fill(row, 1.0); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Fill: %v", err)
	}
	if err := panicOf(func() { Data[float64](row) }); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Data: %v", err)
	}
	if err := panicOf(func() { Set(row, 1.0, 0) }); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Set: %v", err)
	}
	if c := row.Clone(); c.Mapped() || c.ReadOnly() {
		t.Error("the clone is still mapped")
	}
}

// TestMapTruncated takes a file away under a mapping; every way to read it gives an error.
func TestMapTruncated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := Save(path, Arange(0.0, 1<<16, 1)); err != nil {
		t.Fatal(err)
	}
	x, err := Map(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	_, err = x.AsType(x.DType())
	if !errors.Is(err, ErrFault) {
		t.Errorf("AsType: %v", err)
	}
	if err := Write(io.Discard, x); !errors.Is(err, ErrFault) {
		t.Errorf("Write: %v", err)
	}
	if err := Save(path+"2", x); !errors.Is(err, ErrFault) {
		t.Errorf("Save: %v", err)
	}
	y := Zeros(kernels.Float64, 1<<16)
	if err := y.CopyFrom(x); !errors.Is(err, ErrFault) {
		t.Errorf("CopyFrom: %v", err)
	}
	for name, f := range map[string]func(){
		"At":         func() { x.At(-1) },
		"Get":        func() { Get[float64](x, -1) },
		"Item":       func() { Item[float64](x.Slice(Range(-1, 1<<16))) },
		"Clone":      func() { x.Clone() },
		"Contiguous": func() { x.Slice(Step(-1)).Contiguous() },
		"Identical":  func() { Identical(x, x.Flip()) },
		"Values": func() {
			for range Values[float64](x) {
			}
		},
	} {
		if err := panicOf(f); !errors.Is(err, ErrFault) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := x.String(); got != "<ndarray.String: the mapped file cannot be read any more: was it truncated?>" {
		t.Errorf("String: %s", got)
	}
	if got := x.At(1); got != 1 {
		t.Errorf("what is left of the file reads as %v", got)
	}
}
