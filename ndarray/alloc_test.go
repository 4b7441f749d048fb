package ndarray

import (
	"testing"

	"github.com/lanes-go/lanes/kernels"
)

// TestAllocations holds what hot paths of other packages count on.
func TestAllocations(t *testing.T) {
	x := Zeros(kernels.Float64, 3, 4)
	var buf [8]int
	sum := 0
	for name, f := range map[string]func(){
		"Operand":     func() { sum += x.Operand().Strides[0] },
		"AppendShape": func() { sum += len(x.AppendShape(buf[:0])) },
		"At":          func() { sum += int(x.At(1, 2)) },
		"Get":         func() { sum += int(Get[float64](x, 1, 2)) },
		"Set":         func() { Set(x, 1.5, 1, 2) },
		"Data":        func() { sum += len(Data[float64](x)) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	shape := []int{4}
	if n := testing.AllocsPerRun(100, func() { x, _ = New(kernels.Float64, shape, C) }); n > 3 {
		t.Errorf("New allocates %v times", n)
	}
}
