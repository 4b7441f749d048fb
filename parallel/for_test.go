package parallel_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lanes-go/lanes/parallel"
)

// heavy is a cost per item that makes For share even a few items.
const heavy = 1e6

// procs sets GOMAXPROCS for a test; the machine may have a single processor.
func procs(t testing.TB, n int) {
	old := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(old) })
}

// settle fails the test if a call or a worker does not come to rest.
func settle(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !parallel.Idle(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatal("a worker is still busy although no call is in progress")
		}
	}
}

// TestForCoversOnce calls For with arbitrary arguments and counts how often each index is visited.
func TestForCoversOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(-1, 3000).Draw(t, "n")
		grain := rapid.IntRange(-1, 100).Draw(t, "grain")
		threads := rapid.IntRange(-1, 9).Draw(t, "threads")
		cost := rapid.SampledFrom([]float64{0, -1, 1e-300, 1, 7, 100, 1e4, 1e6, 1e300, math.Inf(1), math.NaN()}).
			Draw(t, "cycles")
		old := runtime.GOMAXPROCS(rapid.IntRange(1, 5).Draw(t, "GOMAXPROCS"))
		defer runtime.GOMAXPROCS(old)

		visits := make([]atomic.Int32, max(0, n))
		err := parallel.For(nil, n, grain, cost, threads, func(lo, hi int) error {
			if lo >= hi || lo < 0 || hi > n {
				return fmt.Errorf("range [%d, %d) of %d", lo, hi, n)
			}
			if g := max(1, grain); lo%g != 0 || hi%g != 0 && hi != n {
				return fmt.Errorf("range [%d, %d) is not a multiple of %d", lo, hi, g)
			}
			for i := lo; i < hi; i++ {
				visits[i].Add(1)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range visits {
			if v := visits[i].Load(); v != 1 {
				t.Fatalf("index %d was visited %d times", i, v)
			}
		}
	})
	settle(t)
}

func TestChunkSize(t *testing.T) {
	for _, c := range []struct {
		n, grain      int
		cyclesPerItem float64
		cycles        float64
		want          int
	}{
		{1000, 1, 10, 1000, 100},
		{1000, 64, 10, 1000, 64},
		{1000, 64, 1, 1000, 1000},
		{1_000_000, 64, 1, 1000, 960},
		{1_000_000, 64, 1, 1e9, 89984}, // 30 µs
		{1000, 300, 1e9, 1e9, 300},     // one grain costs more
		{1000, 300, math.Inf(1), math.Inf(1), 300},
		{1000, 2000, 10, 10, 1000},
		{math.MaxInt, 1, 1e9, 1e9, math.MaxInt >> 28},
		{math.MaxInt, math.MaxInt - 1, 1e9, 1e9, math.MaxInt},
	} {
		got := parallel.ChunkSize(c.n, c.grain, c.cyclesPerItem, c.cycles)
		if math.Abs(float64(got-c.want)) > 1e-9*float64(c.want) || got%max(1, c.grain) != 0 && got != c.n {
			t.Errorf("chunkSize(%d, %d, %g, %g) = %d, want %d", c.n, c.grain, c.cyclesPerItem, c.cycles, got, c.want)
		}
	}
}

// TestForShares checks that several goroutines take part, and never more than allowed.
func TestForShares(t *testing.T) {
	procs(t, 4)
	for _, threads := range []int{0, 1, 2, 3, 100} {
		want := 4
		if threads > 0 {
			want = min(threads, 4)
		}
		var mu sync.Mutex
		inside, most := 0, 0
		err := parallel.For(nil, 100, 1, heavy, threads, func(lo, hi int) error {
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			time.Sleep(time.Millisecond)
			mu.Lock()
			inside--
			mu.Unlock()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if most > want || want > 1 && most == 1 {
			t.Errorf("threads = %d: %d goroutines at once, want up to %d", threads, most, want)
		}
	}
	settle(t)
}

// TestForSerial checks that work that is not worth sharing runs as one call.
func TestForSerial(t *testing.T) {
	procs(t, 4)
	for _, c := range []struct {
		n      int
		cycles float64
	}{{1, heavy}, {8, 1}, {10_000, 1}, {10, 1000}} {
		calls := 0
		err := parallel.For(nil, c.n, 1, c.cycles, 0, func(lo, hi int) error { calls++; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if calls != 1 {
			t.Errorf("%d items of %g cycles run as %d calls, want 1", c.n, c.cycles, calls)
		}
	}
	calls := 0
	parallel.For(nil, 1_000_000, 1, 1, 1, func(lo, hi int) error { calls++; return nil })
	if calls < 10 {
		t.Errorf("serial work of 0.3 ms runs as %d calls, too few to look at the context", calls)
	}
}

// TestForStreak checks that calls too small to wake a worker for get help when they follow closely.
func TestForStreak(t *testing.T) {
	procs(t, 2)
	time.Sleep(2 * time.Millisecond) // workers park
	var helped atomic.Int64
	for end := time.Now().Add(10 * time.Second); helped.Load() == 0; {
		if time.Now().After(end) {
			t.Fatal("no helper came in 10 s of calls of 20 µs")
		}
		var inside atomic.Int64
		parallel.For(nil, 600, 1, 100, 0, func(lo, hi int) error {
			defer inside.Add(-1)
			if inside.Add(1) > 1 {
				helped.Add(1)
			}
			return burnBody(lo, hi)
		})
	}
}

// TestForNested checks that calls within calls finish, at any depth, and cover their ranges.
func TestForNested(t *testing.T) {
	procs(t, 3)
	var count atomic.Int64
	var nest func(depth int) error
	nest = func(depth int) error {
		if depth == 0 {
			count.Add(1)
			return nil
		}
		return parallel.For(nil, 6, 1, heavy, 0, func(lo, hi int) error {
			for range hi - lo {
				if err := nest(depth - 1); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := nest(5); err != nil {
		t.Fatal(err)
	}
	if count.Load() != 6*6*6*6*6 {
		t.Errorf("%d leaves, want %d", count.Load(), 6*6*6*6*6)
	}
	settle(t)
}

// TestForConcurrent has many goroutines call For at once, some with errors, panics and cancellations, while
// GOMAXPROCS changes.
func TestForConcurrent(t *testing.T) {
	procs(t, 4)
	var stop atomic.Bool
	var changer, wg sync.WaitGroup
	changer.Go(func() {
		for i := 0; !stop.Load(); i++ {
			runtime.GOMAXPROCS(1 + i%5)
			time.Sleep(time.Millisecond)
		}
	})
	boom := errors.New("boom")
	for g := range 64 {
		wg.Go(func() {
			for round := range 60 {
				n := 1 + (g*31+round*17)%200
				ctx, cancel := context.WithCancel(context.Background())
				var sum atomic.Int64
				err := parallel.For(ctx, n, 1, 1e4, 0, func(lo, hi int) error {
					for i := lo; i < hi; i++ {
						sum.Add(int64(i))
					}
					switch {
					case round%4 == 1 && lo <= n/2 && n/2 < hi:
						return boom
					case round%4 == 2 && lo <= n/2 && n/2 < hi:
						panic(boom)
					case round%4 == 3:
						cancel()
					}
					return nil
				})
				cancel()
				switch whole := sum.Load() == int64(n)*int64(n-1)/2; {
				case round%4 == 0 && (err != nil || !whole):
					t.Errorf("sum %d of %d items, error %v", sum.Load(), n, err)
				case (round%4 == 1 || round%4 == 2) && !errors.Is(err, boom):
					t.Errorf("error %v, want %v", err, boom)
				case round%4 == 3 && !(err == nil && whole) && !errors.Is(err, context.Canceled):
					t.Errorf("error %v after cancellation with sum %d of %d items", err, sum.Load(), n)
				}
			}
		})
	}
	wg.Wait()
	stop.Store(true)
	changer.Wait()
	settle(t)
	if w := parallel.Workers(); w > runtime.NumCPU()+8 {
		t.Errorf("%d workers were started", w)
	}
}

// TestForFirstError checks which error is returned and that the rest is not run.
func TestForFirstError(t *testing.T) {
	procs(t, 2)
	for _, threads := range []int{1, 2} {
		var ran atomic.Int64
		err := parallel.For(nil, 1000, 1, heavy, threads, func(lo, hi int) error {
			ran.Add(int64(hi - lo))
			time.Sleep(10 * time.Microsecond)
			return fmt.Errorf("range %d", lo)
		})
		if err == nil || err.Error() != "range 0" {
			t.Errorf("threads = %d: error %v, want that of range 0", threads, err)
		}
		if ran.Load() > 2*int64(threads) {
			t.Errorf("threads = %d: %d ranges ran after the first error", threads, ran.Load())
		}
	}
	settle(t)
}

func TestForPanic(t *testing.T) {
	procs(t, 2)
	for _, c := range []struct {
		name    string
		n       int
		cycles  float64
		threads int
	}{{"one call", 1, 1, 0}, {"serial", 100, heavy, 1}, {"shared", 100, heavy, 2}} {
		cause := errors.New("cause")
		err := parallel.For(nil, c.n, 1, c.cycles, c.threads, func(lo, hi int) error {
			time.Sleep(time.Microsecond)
			explode(cause)
			return nil
		})
		var p *parallel.PanicError
		if !errors.As(err, &p) || p.Value != cause || !errors.Is(err, cause) {
			t.Fatalf("%s: error %v, want a PanicError", c.name, err)
		}
		if !strings.Contains(string(p.Stack), "explode") {
			t.Errorf("%s: the stack does not name the culprit:\n%s", c.name, p.Stack)
		}
		if !strings.Contains(p.Error(), "cause") {
			t.Errorf("%s: the text does not give the value: %v", c.name, p)
		}
	}
	err := parallel.For(nil, 1, 1, 1, 0, func(lo, hi int) error { panic("text") })
	if errors.Unwrap(err) != nil {
		t.Errorf("a panic with a string unwraps to %v", errors.Unwrap(err))
	}
	settle(t)
}

//go:noinline
func explode(cause error) { panic(cause) }

// TestForGoexit checks that a body that ends its goroutine leaves no worker missing and no caller waiting.
func TestForGoexit(t *testing.T) {
	procs(t, 2)
	for round := range 20 {
		var helper atomic.Bool
		result := make(chan error, 1)
		go func() {
			defer close(result)
			result <- parallel.For(nil, 200, 1, heavy, 2, func(lo, hi int) error {
				time.Sleep(20 * time.Microsecond)
				if round%2 == 0 || lo >= 100 && helper.CompareAndSwap(false, true) {
					runtime.Goexit()
				}
				return nil
			})
		}()
		// On the caller's goroutine, Goexit leaves no result.
		if err, ok := <-result; ok && err != parallel.ErrGoexit && (err != nil || helper.Load()) {
			t.Errorf("round %d: error %v", round, err)
		}
	}
	settle(t)
	TestForShares(t)
}

func TestForCancel(t *testing.T) {
	procs(t, 2)
	cause := errors.New("cause")
	for _, threads := range []int{1, 2} {
		ctx, cancel := context.WithCancelCause(context.Background())
		var ran atomic.Int64
		err := parallel.For(ctx, 1000, 1, heavy, threads, func(lo, hi int) error {
			switch n := ran.Add(1); {
			case n == 5:
				cancel(cause)
			case n > 5: // on another goroutine, before the cancellation
				<-ctx.Done()
			}
			return nil
		})
		if err != cause {
			t.Errorf("threads = %d: error %v, want the cause", threads, err)
		}
		if ran.Load() > 5+int64(threads) {
			t.Errorf("threads = %d: %d ranges ran, the 5th cancelled", threads, ran.Load())
		}
		err = parallel.For(ctx, 1, 1, 1, threads, func(lo, hi int) error {
			t.Error("body was called with a cancelled context")
			return nil
		})
		if err != cause {
			t.Errorf("threads = %d: error %v of a context cancelled before, want the cause", threads, err)
		}
	}
	// A cancellation that comes after the last range began does not spoil the result.
	ctx, cancel := context.WithCancel(context.Background())
	if err := parallel.For(ctx, 1, 1, 1, 0, func(lo, hi int) error { cancel(); return nil }); err != nil {
		t.Errorf("all ranges ran, but the error is %v", err)
	}
	settle(t)
}

// TestForLatency checks that the caller does not wait for a worker that has not begun: all processors are
// taken by goroutines that never yield by themselves.
func TestForLatency(t *testing.T) {
	procs(t, 2)
	parallel.For(nil, 100, 1, heavy, 0, func(lo, hi int) error { return nil })
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
			}
		})
	}
	fastest := time.Hour
	for range 20 {
		start := time.Now()
		parallel.For(nil, 100, 1, heavy, 0, func(lo, hi int) error { return nil })
		fastest = min(fastest, time.Since(start))
	}
	stop.Store(true)
	wg.Wait()
	if fastest > time.Millisecond {
		t.Errorf("a call without work takes %v at best when the processors are taken", fastest)
	}
	settle(t)
}

func TestForAllocations(t *testing.T) {
	procs(t, 2)
	body := func(lo, hi int) error { return nil }
	for _, n := range []int{1, 1000, 100_000} {
		allocs := testing.AllocsPerRun(200, func() { parallel.For(nil, n, 1, 100, 0, body) })
		if allocs >= 1 {
			t.Errorf("For over %d items allocates %v times", n, allocs)
		}
	}
}

// TestNoLeak checks that goroutines do not add up.
func TestNoLeak(t *testing.T) {
	procs(t, 4)
	run := func() {
		parallel.For(nil, 100, 1, heavy, 0, func(lo, hi int) error { panic("no") })
		parallel.Map(nil, 8, make([]int, 20), func(context.Context, int) (int, error) { panic("no") })
	}
	run()
	settle(t)
	before := runtime.NumGoroutine()
	for range 200 {
		run()
	}
	settle(t)
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}
