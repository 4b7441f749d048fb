package main

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/lanes-go/lanes/simd"
)

// patterns are the memory patterns whose bandwidth is measured, by the sources of each.
var patterns = []struct {
	name    string
	sources int
	build   func(b *simd.Builder)
}{
	{"read", 1, func(b *simd.Builder) { b.Accumulate(simd.OpAdd, b.Load(simd.F64)) }},
	{"fill", 0, func(b *simd.Builder) { b.Store(b.F64(1)) }},
	{"copy", 1, func(b *simd.Builder) { b.Store(b.Load(simd.F64)) }},
	{"add", 2, func(b *simd.Builder) { b.Store(b.Add(b.Load(simd.F64), b.Load(simd.F64))) }},
	{"triad", 3, func(b *simd.Builder) {
		x, y, z := b.Load(simd.F64), b.Load(simd.F64), b.Load(simd.F64)
		b.Store(b.FMA(y, z, x))
	}},
}

// measureCeilings measures bandwidths at each size and the FMA peak. Every thread runs on its own part of the
// arrays without waiting for the others, so that nothing but the machine limits it.
func measureCeilings(sizes, threads []int, e Effort) (Ceilings, error) {
	var c Ceilings
	for _, t := range threads {
		for _, dtype := range []simd.Type{simd.F64, simd.F32} {
			peak, err := fmaPeak(dtype, t, e)
			if err != nil {
				return c, err
			}
			c.FMA = append(c.FMA, FMAPeak{dtype.String(), t, peak})
		}
	}
	for _, n := range sizes {
		arrays := make([][]float64, 4)
		for i := range arrays {
			arrays[i] = make([]float64, n)
			for j := range arrays[i] {
				arrays[i][j] = 1
			}
		}
		for _, p := range patterns {
			k, err := compile(p.build)
			if err != nil {
				return c, fmt.Errorf("ceiling %s: %w", p.name, err)
			}
			for _, t := range threads {
				c.Bandwidth = append(c.Bandwidth, bandwidth(k, p.name, p.sources, arrays, t, e))
			}
		}
	}
	return c, nil
}

// bandwidth measures one pattern with ordinary and non-temporal stores, in several streams.
func bandwidth(k *simd.Kernel, pattern string, sources int, arrays [][]float64, threads int,
	e Effort) Bandwidth {
	n, reads := len(arrays[0]), pattern == "read"
	w := Bandwidth{Pattern: pattern, N: n, Threads: threads}
	bytes := 8 * n * sources
	if !reads {
		bytes += 8 * n
	}
	for _, streams := range streamCounts(n) {
		for _, flags := range []simd.Flags{0, simd.Streaming} {
			if reads && flags != 0 {
				continue
			}
			rate := float64(bytes) / fastest(walkers(k, arrays, sources, reads, threads, streams, flags), e)
			if rate > max(w.Ordinary, w.Streaming) {
				w.Streams = streams
			}
			if flags == 0 {
				w.Ordinary = max(w.Ordinary, rate)
			} else {
				w.Streaming = max(w.Streaming, rate)
			}
		}
	}
	return w
}

// streamCounts is in how many places at once memory is walked: more than one only beyond the caches.
func streamCounts(n int) []int {
	if n < 1e6 {
		return []int{1}
	}
	return []int{1, 2, 4}
}

// block is the number of elements that one stream handles before the next has its turn.
const block = 512

// walkers returns one function for each thread, which runs the kernel once over its part of the arrays: the
// sources, then the sink, or accumulators for a kernel that only reads.
func walkers(k *simd.Kernel, arrays [][]float64, sources int, reads bool, threads, streams int,
	flags simd.Flags) []func() {
	n := len(arrays[0])
	list := make([]func(), threads)
	for t := range list {
		lo, hi := n*t/threads&^7, n*(t+1)/threads&^7
		if t == threads-1 {
			hi = n
		}
		sums := make([]float64, simd.AccLanes)
		ptrs := make([]unsafe.Pointer, sources+1)
		run := func(at, count int) {
			for i := range ptrs {
				ptrs[i] = unsafe.Pointer(&arrays[i][at])
			}
			if reads {
				ptrs[sources] = unsafe.Pointer(&sums[0])
			}
			k.Run(count, 0, ptrs, nil, flags)
		}
		part := (hi - lo) / streams &^ (block - 1)
		list[t] = func() {
			if streams == 1 {
				run(lo, hi-lo)
				return
			}
			for off := 0; off < part; off += block {
				for s := range streams {
					run(lo+s*part+off, block)
				}
			}
			if rest := lo + streams*part; rest < hi {
				run(rest, hi-rest)
			}
		}
	}
	return list
}

// fastest returns the least nanoseconds that all functions take side by side, each repeated without waiting.
func fastest(list []func(), e Effort) float64 {
	t, _ := measure([]Contender{{Sample: func(reps int) (time.Duration, error) {
		var ready, done sync.WaitGroup
		start := make(chan struct{})
		ready.Add(len(list))
		for _, f := range list {
			done.Go(func() {
				ready.Done()
				<-start
				for range reps {
					f()
				}
			})
		}
		ready.Wait()
		begin := time.Now()
		close(start)
		done.Wait()
		return time.Since(begin), nil
	}}}, 1, e)
	return t[0].Min
}

// fmaPeak runs independent chains of fused multiply-adds out of the first cache, with the number of chains
// that is fastest: enough to hide the latency, few enough for the registers.
func fmaPeak(dtype simd.Type, threads int, e Effort) (float64, error) {
	const n, links = 1024, 64
	best := 0.0
	for _, chains := range []int{4, 5, 6, 8, 10, 12} {
		k, err := compile(func(b *simd.Builder) {
			x := b.Load(dtype)
			y := make([]simd.Value, chains)
			for i := range y {
				y[i] = b.Mul(x, b.Float(dtype, float64(i+2)))
			}
			for range links {
				for i := range y {
					y[i] = b.FMA(y[i], x, x)
				}
			}
			for i := 1; i < chains; i++ {
				y[0] = b.Add(y[0], y[i])
			}
			b.Store(y[0])
		})
		if err != nil {
			return 0, fmt.Errorf("ceiling FMA: %w", err)
		}
		list := make([]func(), threads)
		for t := range list {
			from, to := make([]byte, n*dtype.Size()), make([]byte, n*dtype.Size()) // zeros
			ptrs := []unsafe.Pointer{unsafe.Pointer(&from[0]), unsafe.Pointer(&to[0])}
			list[t] = func() { k.Run(n, 0, ptrs, nil, 0) }
		}
		best = max(best, float64(2*links*chains*n*threads)/fastest(list, e))
	}
	return best, nil
}

// compile builds a kernel for the best engine.
func compile(build func(*simd.Builder)) (*simd.Kernel, error) {
	b := simd.NewBuilder()
	build(b)
	p, err := b.Program()
	if err != nil {
		return nil, err
	}
	return simd.Compile(p, simd.Options{})
}
