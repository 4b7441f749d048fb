package simd

import (
	"fmt"
	"testing"
	"unsafe"
)

// horner is a polynomial of a degree by Horner's rule, contracted if asked for.
func hornerProgram(degree int) *Program {
	b := NewBuilder()
	x := b.Load(F64)
	y := b.F64(1)
	for i := range degree {
		y = b.Add(b.Mul(y, x), b.F64(float64(i)+0.5))
	}
	b.Store(y)
	p, err := b.Program()
	if err != nil {
		panic(err)
	}
	return p
}

func binaryProgram(f func(b *Builder, x, y Value) Value) *Program {
	b := NewBuilder()
	b.Store(f(b, b.Load(F64), b.Load(F64)))
	p, err := b.Program()
	if err != nil {
		panic(err)
	}
	return p
}

func benchKernel(b *testing.B, k *Kernel, n int) {
	operands := len(k.p.sources) + len(k.p.sinks)
	mem := alignedBytes(operands*(n*8+64) + 64)
	ptrs := make([]unsafe.Pointer, operands)
	for i := range ptrs {
		ptrs[i] = unsafe.Pointer(&mem[i*((n*8+63)&^63)])
	}
	b.ResetTimer()
	for b.Loop() {
		k.Run(n, 0, ptrs, nil, 0)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/el")
}

func BenchmarkKernel(b *testing.B) {
	for _, e := range Engines() {
		for _, c := range []struct {
			name string
			p    *Program
		}{
			{"add", binaryProgram(func(b *Builder, x, y Value) Value { return b.Add(x, y) })},
			{"axpby", binaryProgram(func(b *Builder, x, y Value) Value {
				return b.Add(b.Mul(b.F64(2), x), b.Mul(b.F64(3), y))
			})},
			{"where", binaryProgram(func(b *Builder, x, y Value) Value { return b.Select(b.Gt(x, y), x, y) })},
			{"sqrt", binaryProgram(func(b *Builder, x, y Value) Value { return b.Sqrt(x) })},
			{"horner16", hornerProgram(16)},
		} {
			k, err := Compile(c.p, Options{Engine: e, Contract: true})
			if err != nil {
				b.Fatal(err)
			}
			for _, n := range []int{8, 1000, 100_000} {
				b.Run(fmt.Sprintf("%s/%s/n=%d", c.name, e, n), func(b *testing.B) { benchKernel(b, k, n) })
			}
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, e := range Engines() {
		for _, degree := range []int{1, 5, 16, 100} {
			p := hornerProgram(degree)
			b.Run(fmt.Sprintf("horner%d/%s", degree, e), func(b *testing.B) {
				for b.Loop() {
					if _, err := Compile(p, Options{Engine: e}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
