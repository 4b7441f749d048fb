package ndarray

import (
	"fmt"
	"testing"

	"github.com/lanes-go/lanes/kernels"
)

// BenchmarkNew overwrites a new array each time, as a program without RunTo does.
func BenchmarkNew(b *testing.B) {
	for _, n := range []int{8, 1e5, 1e7} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(8 * n))
			shape := []int{n}
			for b.Loop() {
				x, err := New(kernels.Float64, shape, C)
				if err != nil {
					b.Fatal(err)
				}
				clear(elements[float64](x))
			}
		})
	}
}

func BenchmarkCopy(b *testing.B) {
	x := Arange(0.0, 1<<20, 1)
	square := x.Reshape(1<<10, 1<<10)
	same := Zeros(kernels.Float64, 1<<20)
	narrow := Zeros(kernels.Float32, 1<<20)
	whole := Zeros(kernels.Int32, 1<<20)
	for _, c := range []struct {
		name     string
		dst, src *Array
	}{
		{"contiguous", same, x},
		{"transposed", same.Reshape(1<<10, 1<<10), square.T()},
		{"reversed", same, x.Flip()},
		{"float64 to float32", narrow, x},
		{"int32 to float64", same, whole},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(c.dst.Size() * (c.dst.DType().Size() + c.src.DType().Size())))
			for b.Loop() {
				if err := convert("", c.dst, c.src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
