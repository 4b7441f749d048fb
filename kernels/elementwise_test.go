package kernels

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/lanes-go/lanes/simd"
)

// muladd is a*b+c on three inputs, with a second result a < c.
func muladd(b *simd.Builder, x []simd.Value) []simd.Value {
	return []simd.Value{b.Add(b.Mul(x[0], x[1]), x[2]), b.Lt(x[0], x[2])}
}

func newMulAdd(t testing.TB, o simd.Options) *Stage {
	f64 := Source{DType: Float64}
	s, err := NewStage(muladd, []Source{f64, f64, f64}, []DType{Float64, Bool}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// view is an operand on memory of its own with strides of any sign, some of them 0.
func randomView(r *rand.Rand, d DType, shape []int, broadcast bool) (Operand, []byte) {
	size := d.Size()
	o := Operand{DType: d, Strides: make([]int, len(shape))}
	order := r.Perm(len(shape))
	span, low := size, 0
	if r.IntN(3) == 0 { // C order
		for i := range order {
			order[i] = len(shape) - 1 - i
		}
	}
	for _, axis := range order {
		step := span
		if r.IntN(4) == 0 {
			step += size * r.IntN(3)
		}
		if broadcast && r.IntN(3) == 0 {
			continue
		}
		o.Strides[axis] = step
		span = step * max(shape[axis], 1)
		if r.IntN(4) == 0 {
			o.Strides[axis] = -step
			low += step * max(shape[axis]-1, 0)
		}
	}
	mem := make([]byte, span+16)
	for i := 0; i+8 <= len(mem); i += 8 {
		*(*float64)(unsafe.Pointer(&mem[i])) = float64(r.IntN(100))
	}
	o.Ptr = unsafe.Pointer(&mem[low])
	return o, mem
}

func at[T any](o *Operand, index []int) *T {
	p := o.Ptr
	for i, k := range index {
		p = unsafe.Add(p, k*o.Strides[i])
	}
	return (*T)(p)
}

func eachIndex(shape []int, f func(index []int)) {
	index := make([]int, len(shape))
	for _, n := range shape {
		if n == 0 {
			return
		}
	}
	for {
		f(index)
		axis := len(shape) - 1
		for axis >= 0 {
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
			axis--
		}
		if axis < 0 {
			return
		}
	}
}

func TestStageLayouts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, e := range simd.Engines() {
		s := newMulAdd(t, simd.Options{Engine: e})
		for trial := range 300 {
			shape := make([]int, r.IntN(5))
			for i := range shape {
				shape[i] = []int{0, 1, 2, 3, 5, 8, 17, 64, 70}[min(8, r.IntN(10))]
				if len(shape) > 2 {
					shape[i] = min(shape[i], 17)
				}
			}
			src := make([]Operand, 3)
			keep := make([][]byte, 5)
			for i := range src {
				src[i], keep[i] = randomView(r, Float64, shape, true)
			}
			dst := make([]Operand, 2)
			dst[0], keep[3] = randomView(r, Float64, shape, false)
			dst[1], keep[4] = randomView(r, Bool, shape, false)
			if err := s.Run(context.Background(), shape, dst, src, 2); err != nil {
				t.Fatal(err)
			}
			eachIndex(shape, func(index []int) {
				a, b, c := *at[float64](&src[0], index), *at[float64](&src[1], index), *at[float64](&src[2], index)
				if got := *at[float64](&dst[0], index); got != a*b+c {
					t.Fatalf("%v trial %d shape %v at %v: %v, want %v", e, trial, shape, index, got, a*b+c)
				}
				if got := *at[bool](&dst[1], index); got != (a < c) {
					t.Fatalf("%v trial %d shape %v at %v: %v < %v is %v", e, trial, shape, index, a, c, got)
				}
			})
		}
	}
}

func TestStageOverlap(t *testing.T) {
	f64 := Source{DType: Float64}
	s, err := NewStage(func(b *simd.Builder, x []simd.Value) []simd.Value {
		return []simd.Value{b.Add(x[0], x[1])}
	}, []Source{f64, f64}, []DType{Float64}, simd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, shift := range []int{-9, -1, 0, 1, 7} {
		for _, reverse := range []bool{false, true} {
			n := 5000
			x := make([]float64, n+32)
			for i := range x {
				x[i] = float64(i)
			}
			want := make([]float64, n)
			src := Operand{Ptr: unsafe.Pointer(&x[16]), DType: Float64, Strides: []int{8}}
			if reverse {
				src.Ptr, src.Strides = unsafe.Pointer(&x[16+n-1]), []int{-8}
			}
			for i := range want {
				k := 16 + i
				if reverse {
					k = 16 + n - 1 - i
				}
				want[i] = x[k] + x[16+n/2]
			}
			one := Operand{Ptr: unsafe.Pointer(&x[16+n/2]), DType: Float64, Strides: []int{0}}
			dst := Operand{Ptr: unsafe.Pointer(&x[16+shift]), DType: Float64, Strides: []int{8}}
			if err := s.Run(nil, []int{n}, []Operand{dst}, []Operand{src, one}, 0); err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if x[16+shift+i] != want[i] {
					t.Fatalf("shift %d reverse %v: element %d is %v, want %v", shift, reverse, i, x[16+shift+i], want[i])
				}
			}
		}
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	s := newMulAdd(t, simd.Options{})
	x := make([]float64, 8)
	y := make([]bool, 8)
	o := Operand{Ptr: unsafe.Pointer(&x[0]), DType: Float64, Strides: []int{8}}
	z := make([]float64, 8)
	dst := []Operand{{Ptr: unsafe.Pointer(&z[0]), DType: Float64, Strides: []int{8}},
		{Ptr: unsafe.Pointer(&y[0]), DType: Bool, Strides: []int{1}}}
	src, shape := []Operand{o, o, o}, []int{8}
	if n := testing.AllocsPerRun(100, func() {
		if err := s.Run(nil, shape, dst, src, 0); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Run allocates %v times", n)
	}
}

func BenchmarkStage(b *testing.B) {
	for _, n := range []int{8, 1000, 100_000, 10_000_000} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("n=%d/threads=%d", n, threads), func(b *testing.B) {
				f64 := Source{DType: Float64}
				s, err := NewStage(func(b *simd.Builder, x []simd.Value) []simd.Value {
					return []simd.Value{b.Add(x[0], x[1])}
				}, []Source{f64, f64}, []DType{Float64}, simd.Options{})
				if err != nil {
					b.Fatal(err)
				}
				buf := Alloc(3 * n * 8)
				p := make([]unsafe.Pointer, 3)
				for i := range p {
					p[i] = unsafe.Add(buf.Pointer(), i*n*8)
				}
				clear(buf.Bytes())
				for b.Loop() {
					if err := s.RunFlat(nil, n, p, threads); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/el")
			})
		}
	}
}

func BenchmarkRows(b *testing.B) {
	for _, m := range []int{16, 32, 316, 3162} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("m=%d/threads=%d", m, threads), func(b *testing.B) {
				f64 := Source{DType: Float64}
				s, err := NewStage(func(b *simd.Builder, x []simd.Value) []simd.Value {
					return []simd.Value{b.Add(x[0], x[1])}
				}, []Source{f64, f64}, []DType{Float64}, simd.Options{})
				if err != nil {
					b.Fatal(err)
				}
				p, q, d := Alloc(m*8), Alloc(m*8), Alloc(m*m*8)
				clear(p.Bytes())
				clear(q.Bytes())
				src := []Operand{{Ptr: p.Pointer(), DType: Float64, Strides: []int{8, 0}},
					{Ptr: q.Pointer(), DType: Float64, Strides: []int{0, 8}}}
				dst := []Operand{{Ptr: d.Pointer(), DType: Float64, Strides: []int{8 * m, 8}}}
				for b.Loop() {
					if err := s.Run(nil, []int{m, m}, dst, src, threads); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(m*m), "ns/el")
			})
		}
	}
}

// TestVariantsAreBounded runs a stage of many inputs on more layouts than it keeps kernels for.
func TestVariantsAreBounded(t *testing.T) {
	const inputs = 7
	s, err := NewStage(func(b *simd.Builder, src []simd.Value) []simd.Value {
		sum := src[0]
		for _, x := range src[1:] {
			sum = b.Add(sum, x)
		}
		return []simd.Value{sum}
	}, slices.Repeat([]Source{{DType: Float64}}, inputs), []DType{Float64}, simd.Options{Engine: simd.Portable})
	if err != nil {
		t.Fatal(err)
	}
	x := []float64{1, 2, 3}
	for layout := range 1 << inputs {
		y, want := make([]float64, len(x)), 3.0*inputs
		src := slices.Repeat([]Operand{{Ptr: unsafe.Pointer(&x[0]), DType: Float64, Strides: []int{8}}}, inputs)
		for i := range src {
			if layout>>i&1 != 0 {
				src[i].Strides = []int{0}
				want -= 2
			}
		}
		dst := Operand{Ptr: unsafe.Pointer(&y[0]), DType: Float64, Strides: []int{8}}
		if err := s.Run(context.Background(), []int{len(x)}, []Operand{dst}, src, 1); err != nil || y[2] != want {
			t.Fatalf("layout %b: %v, want %v, error %v", layout, y[2], want, err)
		}
		if n := len(*s.variants.Load()); n > maxVariants {
			t.Fatalf("%d kernels are kept", n)
		}
	}
}
