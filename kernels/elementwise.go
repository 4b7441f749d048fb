package kernels

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/lanes-go/lanes/parallel"
	"github.com/lanes-go/lanes/simd"
)

// Source describes an input of a stage.
type Source struct {
	DType  DType
	Scalar bool // one element for all of the iteration: its strides are 0
}

// Stage is a compiled element-wise computation: one pass over its inputs that writes all its outputs. It is immutable
// and safe for concurrent use. The program is specialised for the layout of the inputs along the inner axis, when a
// layout is first met.
type Stage struct {
	build   func(b *simd.Builder, src []simd.Value) []simd.Value
	sources []Source
	results []DType
	options simd.Options
	bytes   int // read and written per element
	written int // the part of it that is written

	mu       sync.Mutex
	variants atomic.Pointer[[]*variant]
}

// maxVariants bounds the kernels that a stage keeps: of many inputs there are more layouts than memory for code.
const maxVariants = 64

// variant is a stage's kernel for one layout.
type variant struct {
	kinds  []SourceKind
	kernel *simd.Kernel
	cycles float64
}

// NewStage makes a stage. build gets the values of one element of each source and returns those of each result, which
// have the lane types of the results' dtypes. It may be called more than once and must do the same each time.
func NewStage(build func(b *simd.Builder, src []simd.Value) []simd.Value, sources []Source, results []DType,
	o simd.Options) (*Stage, error) {
	s := &Stage{build: build, sources: slices.Clone(sources), results: slices.Clone(results), options: o}
	s.variants.Store(new([]*variant))
	kinds := make([]SourceKind, len(sources))
	for i, src := range sources {
		if src.Scalar {
			kinds[i] = SourceScalar
		} else {
			s.bytes += src.DType.Size()
		}
	}
	for _, d := range results {
		s.written += d.Size()
	}
	s.bytes += s.written
	_, err := s.variant(kinds)
	return s, err
}

// Kernel returns the kernel for contiguous inputs.
func (s *Stage) Kernel() *simd.Kernel { return (*s.variants.Load())[0].kernel }

// variant finds or makes the kernel of a layout.
func (s *Stage) variant(kinds []SourceKind) (*variant, error) {
	if v := findVariant(*s.variants.Load(), kinds); v != nil {
		return v, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := *s.variants.Load()
	if v := findVariant(all, kinds); v != nil {
		return v, nil
	}
	b := simd.NewBuilder()
	src := make([]simd.Value, len(s.sources))
	for i, spec := range s.sources {
		src[i] = LoadValue(b, spec.DType, kinds[i])
	}
	for i, x := range s.build(b, src) {
		StoreValue(b, s.results[i], x)
	}
	p, err := b.Program()
	if err != nil {
		return nil, err
	}
	k, err := simd.Compile(p, s.options)
	if err != nil {
		return nil, err
	}
	v := &variant{slices.Clone(kinds), k, k.Cycles()}
	if len(all) == maxVariants {
		all = all[:1] // the first is for contiguous inputs; the others can be made again
	}
	grown := append(slices.Clone(all), v)
	s.variants.Store(&grown)
	return v, nil
}

func findVariant(all []*variant, kinds []SourceKind) *variant {
	for _, v := range all {
		if slices.Equal(v.kinds, kinds) {
			return v
		}
	}
	return nil
}

// operandsOnStack is how many operands a run handles without allocating.
const operandsOnStack = 12

// Run computes every element of the iteration space shape. Each operand has one stride for each axis of shape, 0 where
// it is broadcast; dst comes in the order of the results. threads is as in parallel.For. Results are as if dst did not
// overlap src: an operand that is exactly dst is worked on in place, any other overlap goes through scratch memory. An
// error means that ctx was cancelled, or that mapped memory vanished; then the contents of dst are unspecified.
func (s *Stage) Run(ctx context.Context, shape []int, dst, src []Operand, threads int) error {
	total := 1
	for _, n := range shape {
		total *= n
	}
	if total == 0 {
		return nil
	}
	var err error
	if s.overlaps(shape, dst, src) {
		err = s.runScratch(ctx, shape, dst, src, threads)
	} else {
		err = s.run(ctx, shape, total, dst, src, threads)
	}
	runtime.KeepAlive(dst)
	runtime.KeepAlive(src)
	return err
}

func (s *Stage) run(ctx context.Context, shape []int, total int, dst, src []Operand, threads int) error {
	if done, err := s.runContiguous(ctx, shape, total, dst, src, threads); done {
		return err
	}
	l := newLayout(shape, dst, src)
	defer l.release()
	return s.runLayout(ctx, l, threads)
}

// runContiguous handles the common case: every operand is contiguous, or one element.
func (s *Stage) runContiguous(ctx context.Context, shape []int, total int, dst, src []Operand, threads int) (bool, error) {
	var kindsArray [operandsOnStack]SourceKind
	var ptrsArray [operandsOnStack]unsafe.Pointer
	kinds, ptrs := kindsArray[:0], ptrsArray[:0]
	mapped := false
	for i := range src {
		o := &src[i]
		switch {
		case s.sources[i].Scalar || isSingle(shape, o.Strides):
			kinds = append(kinds, SourceScalar)
		case isContiguous(shape, o.Strides, o.DType.Size()):
			kinds = append(kinds, SourceLoad)
		default:
			return false, nil
		}
		ptrs = append(ptrs, o.Ptr)
		mapped = mapped || o.Mapped
	}
	for i := range dst {
		o := &dst[i]
		if !isContiguous(shape, o.Strides, o.DType.Size()) {
			return false, nil
		}
		ptrs = append(ptrs, o.Ptr)
		mapped = mapped || o.Mapped
	}
	v, err := s.variant(kinds)
	if err != nil {
		return true, err
	}
	return true, s.runFlat(ctx, v, total, ptrs, threads, mapped)
}

// RunFlat computes n elements of contiguous operands: one pointer for each source, a scalar's to its one element, then
// each result. Results may lie exactly on sources of the same element size but must not overlap them in another way.
func (s *Stage) RunFlat(ctx context.Context, n int, ptrs []unsafe.Pointer, threads int) error {
	return s.runFlat(ctx, (*s.variants.Load())[0], n, ptrs, threads, false)
}

// smallWork is how many estimated cycles are not worth a look at the context or at other cores.
const smallWork = 10_000

func (s *Stage) runFlat(ctx context.Context, v *variant, n int, ptrs []unsafe.Pointer, threads int, mapped bool) error {
	cycles := s.cycles(v, n)
	if !mapped && unwatched(ctx) && (threads == 1 || float64(n)*cycles < smallWork) {
		v.kernel.Run(n, 0, ptrs, nil, s.streaming(v, n, 1, func(k int) unsafe.Pointer { return ptrs[k] }))
		return nil
	}
	return s.runShared(ctx, v, n, slices.Clone(ptrs), threads, mapped, cycles)
}

// unwatched tells whether nobody can cancel a run or is told of its progress.
func unwatched(ctx context.Context) bool { return ctx == nil || ctx == context.Background() }

// runShared runs a contiguous computation on several cores.
func (s *Stage) runShared(ctx context.Context, v *variant, n int, ptrs []unsafe.Pointer, threads int, mapped bool,
	cycles float64) error {
	flags := s.streaming(v, n, threads, func(k int) unsafe.Pointer { return ptrs[k] })
	part := func(lo, hi int) error {
		var array [operandsOnStack]unsafe.Pointer
		at := append(array[:0], ptrs...)
		for i := range s.sources {
			if v.kinds[i] == SourceLoad {
				at[i] = unsafe.Add(at[i], lo*s.sources[i].DType.Size())
			}
		}
		for i, d := range s.results {
			k := len(s.sources) + i
			at[k] = unsafe.Add(at[k], lo*d.Size())
		}
		v.kernel.Run(hi-lo, int64(lo), at, nil, flags)
		return nil
	}
	return parallel.For(ctx, n, chunkGrain, cycles, threads, guarded(part, mapped))
}

// chunkGrain is the multiple of elements at which work is cut: whole cache lines of every dtype.
const chunkGrain = 512

// guarded turns faults of mapped memory into errors.
func guarded(part func(lo, hi int) error, mapped bool) func(lo, hi int) error {
	if !mapped {
		return part
	}
	return func(lo, hi int) error { return simd.CatchFaults(func() error { return part(lo, hi) }) }
}

// cycles estimates what an element costs: computing, or moving its bytes from where they are likely to be.
func (s *Stage) cycles(v *variant, n int) float64 {
	perByte := 0.03
	if n*s.bytes > caches.l2 {
		perByte = 0.15
	}
	return max(v.cycles, perByte*float64(s.bytes))
}

var caches = func() (c struct{ l1, l2, l3 int }) {
	c.l1, c.l2, c.l3 = simd.CacheSizes()
	return c
}()

// computeBound is the estimated cycles per byte moved from which on a core waits for the arithmetic, not for memory,
// which all cores share.
const computeBound = 0.2

// streaming asks for non-temporal stores where results are so large that they would leave the cache before anybody reads
// them: four times the second level and a quarter of the third. Stores on memory just read gain nothing, and neither do
// those of a computation that keeps up with ordinary stores. ptr gives the address of an operand, results behind sources.
func (s *Stage) streaming(v *variant, n, threads int, ptr func(k int) unsafe.Pointer) simd.Flags {
	if n*s.written < max(4*caches.l2, caches.l3/4) {
		return 0
	}
	cores := runtime.GOMAXPROCS(0)
	if threads > 0 {
		cores = min(cores, threads)
	}
	if v.cycles >= computeBound*float64(s.bytes*cores) {
		return 0
	}
	for i := range s.results {
		for k := range s.sources {
			if ptr(k) == ptr(len(s.sources)+i) {
				return 0
			}
		}
	}
	return simd.Streaming
}

// isSingle tells whether strides lead to one element only.
func isSingle(shape, strides []int) bool {
	for i, n := range shape {
		if n != 1 && strides[i] != 0 {
			return false
		}
	}
	return true
}

// isContiguous tells whether the elements lie one behind the other in C order.
func isContiguous(shape, strides []int, size int) bool {
	want := size
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] != 1 && strides[i] != want {
			return false
		}
		want *= shape[i]
	}
	return true
}
