package parallel_test

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanes-go/lanes/parallel"
)

var long = flag.Bool("long", false, "run the long measurements")

// burn is work of roughly the given cycles per item: a chain of dependent multiplications and additions.
func burn(items, cycles int) float64 {
	x := float64(items)
	for range items * cycles / 5 {
		x = x*0.999 + 0.001
	}
	return x
}

var burned atomic.Uint64 // keeps the compiler from dropping the work

func burnBody(lo, hi int) error {
	burned.Store(uint64(burn(hi-lo, 100)))
	return nil
}

// goroutines is what a program does without this package.
func goroutines(n, threads int, body func(lo, hi int) error) {
	var wg sync.WaitGroup
	for t := range threads {
		wg.Go(func() { body(n*t/threads, n*(t+1)/threads) })
	}
	wg.Wait()
}

// best interleaves the functions for a second and returns the minimum time of each. Each is called 20 times
// in a row, which makes workers hot, or after a pause if pause is not 0.
func best(pause time.Duration, fs ...func()) []time.Duration {
	times := slices.Repeat([]time.Duration{time.Hour}, len(fs))
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		for i, f := range fs {
			for range 20 {
				if pause > 0 {
					time.Sleep(pause)
				}
				start := time.Now()
				f()
				times[i] = min(times[i], time.Since(start))
			}
		}
	}
	return times
}

// TestSpeed prints the time of serial work, of goroutines and of For, for several amounts of work.
func TestSpeed(t *testing.T) {
	if !*long {
		t.Skip("needs -long")
	}
	procs := runtime.GOMAXPROCS(0)
	for _, pause := range []time.Duration{0, time.Millisecond} {
		for _, us := range []int{5, 10, 20, 40, 100, 200, 1000} {
			n := us * 30
			d := best(pause,
				func() { burnBody(0, n) },
				func() { goroutines(n, procs, burnBody) },
				func() { parallel.For(nil, n, 1, 100, 0, burnBody) })
			t.Logf("%4d us after %v: serial %8v, goroutines %8v (%.2fx), For %8v (%.2fx)", us, pause, d[0],
				d[1], float64(d[0])/float64(d[1]), d[2], float64(d[0])/float64(d[2]))
		}
	}
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		x, y, z := make([]float64, n), make([]float64, n), make([]float64, n)
		add := func(lo, hi int) error {
			x, y, z := x[lo:hi], y[lo:hi], z[lo:hi]
			for i := range x {
				z[i] = 2*x[i] + 3*y[i]
			}
			return nil
		}
		d := best(0,
			func() { add(0, n) },
			func() { goroutines(n, procs, add) },
			func() { parallel.For(nil, n, 64, 1, 0, add) })
		t.Logf("2x+3y, %7d elements: serial %8v, goroutines %8v (%.2fx), For %8v (%.2fx)", n, d[0],
			d[1], float64(d[0])/float64(d[1]), d[2], float64(d[0])/float64(d[2]))
	}
}

func BenchmarkFor(b *testing.B) {
	for _, us := range []int{0, 5, 20, 100, 1000} {
		n := us * 30
		b.Run(fmt.Sprint(us, "us/serial"), func(b *testing.B) {
			for b.Loop() {
				burnBody(0, n)
			}
		})
		b.Run(fmt.Sprint(us, "us/goroutines"), func(b *testing.B) {
			for b.Loop() {
				goroutines(n, runtime.GOMAXPROCS(0), burnBody)
			}
		})
		b.Run(fmt.Sprint(us, "us/for"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				parallel.For(nil, n, 1, 100, 0, burnBody)
			}
		})
	}
}

// BenchmarkSmall is the cost that For adds to work that is not worth sharing.
func BenchmarkSmall(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	body := func(lo, hi int) error { return nil }
	contexts := map[string]context.Context{"nil": nil, "background": context.Background(), "cancel": ctx}
	for name, ctx := range contexts {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				parallel.For(ctx, 8, 1, 1, 0, body)
			}
		})
	}
}

func BenchmarkMap(b *testing.B) {
	xs := make([]int, 100)
	for b.Loop() {
		parallel.Map(nil, 0, xs, func(_ context.Context, x int) (int, error) { return x, nil })
	}
}
