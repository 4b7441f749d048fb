package kernels

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/lanes-go/lanes/simd"
)

// BenchmarkFunc times float functions on 1000 elements in the first-level cache, as vendors' tables do.
func BenchmarkFunc(b *testing.B) {
	const n = 1000
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.Float64()*20 + 0.1
	}
	x32 := make([]float32, n)
	for i := range x32 {
		x32[i] = float32(x[i])
	}
	out := make([]float64, n)
	for _, name := range []string{"exp", "log", "sin", "cos", "sqrt", "reciprocal", "square"} {
		for _, d := range []DType{Float64, Float32} {
			for _, e := range simd.Engines() {
				k, _, _ := compileRow(b, Lookup(name), []DType{d}, e)
				ptrs := []unsafe.Pointer{unsafe.Pointer(&x[0]), unsafe.Pointer(&out[0])}
				if d == Float32 {
					ptrs[0] = unsafe.Pointer(&x32[0])
				}
				b.Run(name+"/"+d.String()+"/"+e.String(), func(b *testing.B) {
					for b.Loop() {
						k.Run(n, 0, ptrs, nil, 0)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/elem")
				})
			}
		}
	}
}
