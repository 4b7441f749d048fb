package parallel_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanes-go/lanes/parallel"
)

func TestMap(t *testing.T) {
	for _, n := range []int{0, 1, 2, 7, 1000} {
		for _, threads := range []int{-1, 0, 1, 3, 50} {
			xs := make([]int, n)
			for i := range xs {
				xs[i] = i
			}
			got, err := parallel.Map(nil, threads, xs, func(_ context.Context, x int) (float64, error) {
				return float64(x) / 2, nil
			})
			if err != nil || len(got) != n || got == nil {
				t.Fatalf("%d tasks, %d threads: %d results, error %v", n, threads, len(got), err)
			}
			for i, y := range got {
				if y != float64(i)/2 {
					t.Fatalf("%d tasks, %d threads: result %d is %g", n, threads, i, y)
				}
			}
		}
	}
}

// TestMapThreads checks that as many tasks run at once as asked for, more than there are processors.
func TestMapThreads(t *testing.T) {
	const threads = 20
	var inside atomic.Int32
	together := make(chan struct{})
	_, err := parallel.Map(nil, threads, make([]int, threads), func(ctx context.Context, _ int) (int, error) {
		if inside.Add(1) == threads {
			close(together)
		}
		select {
		case <-together:
			return 0, nil
		case <-time.After(10 * time.Second):
			return 0, errors.New("alone")
		}
	})
	if err != nil {
		t.Error(err)
	}
	inside.Store(0)
	_, err = parallel.Map(nil, 3, make([]int, 50), func(context.Context, int) (int, error) {
		defer inside.Add(-1)
		if n := inside.Add(1); n > 3 {
			return 0, errors.New("more than 3 at once")
		}
		runtime.Gosched()
		return 0, nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestMapErrors(t *testing.T) {
	boom := errors.New("boom")
	xs := make([]int, 100)
	for i := range xs {
		xs[i] = i
	}
	for _, c := range []struct {
		name string
		f    func(ctx context.Context, x int) (int, error)
		want int // index
		is   error
	}{
		{"first of several", func(_ context.Context, x int) (int, error) { return 0, boom }, 0, boom},
		{"in the middle", func(_ context.Context, x int) (int, error) {
			if x == 50 {
				return 0, boom
			}
			return 0, nil
		}, 50, boom},
		{"panic", func(_ context.Context, x int) (int, error) {
			if x == 7 {
				panic(boom)
			}
			return 0, nil
		}, 7, boom},
		{"Goexit", func(_ context.Context, x int) (int, error) {
			if x == 7 {
				runtime.Goexit()
			}
			return 0, nil
		}, 7, parallel.ErrGoexit},
		// Task 0 fails only because task 3 did, so its error is not the one to report.
		{"cancelled", func(ctx context.Context, x int) (int, error) {
			switch x {
			case 0:
				<-ctx.Done()
				return 0, ctx.Err()
			case 3:
				return 0, boom
			}
			return 0, nil
		}, 3, boom},
		{"own cancellation", func(ctx context.Context, x int) (int, error) {
			if x == 2 {
				return 0, context.Canceled
			}
			return 0, nil
		}, 2, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parallel.Map(nil, 4, xs, c.f)
			var task *parallel.TaskError
			if !errors.As(err, &task) || task.Index != c.want || !errors.Is(err, c.is) || got != nil {
				t.Errorf("%d results, error %v, want %v of task %d", len(got), err, c.is, c.want)
			}
		})
	}
}

// TestMapStops checks that after an error no further task starts.
func TestMapStops(t *testing.T) {
	var ran atomic.Int32
	_, err := parallel.Map(nil, 2, make([]int, 10_000), func(ctx context.Context, _ int) (int, error) {
		switch n := ran.Add(1); {
		case n == 10:
			return 0, errors.New("stop")
		case n > 10: // on another goroutine, before the cancellation
			<-ctx.Done()
		}
		return 0, nil
	})
	if err == nil || ran.Load() > 12 {
		t.Errorf("%d of 10000 tasks ran, the 10th failed; error %v", ran.Load(), err)
	}
}

func TestMapCancel(t *testing.T) {
	cause := errors.New("cause")
	ctx, cancel := context.WithCancelCause(context.Background())
	got, err := parallel.Map(ctx, 4, make([]int, 100), func(ctx context.Context, x int) (int, error) {
		cancel(cause)
		<-ctx.Done()
		return 0, ctx.Err()
	})
	if err != cause || got != nil {
		t.Errorf("%d results, error %v, want the cause", len(got), err)
	}
	if _, err = parallel.Map(ctx, 0, []int{1}, func(context.Context, int) (int, error) {
		t.Error("a task ran with a cancelled context")
		return 0, nil
	}); err != cause {
		t.Errorf("error %v of a context cancelled before, want the cause", err)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Millisecond)
	defer stop()
	if _, err = parallel.Map(ctx, 0, []int{1}, func(ctx context.Context, _ int) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}); err != context.DeadlineExceeded {
		t.Errorf("error %v after the deadline", err)
	}
}

// TestMapFor runs For inside the tasks of Map.
func TestMapFor(t *testing.T) {
	procs(t, 3)
	ns := slices.Repeat([]int{1000}, 50)
	sums, err := parallel.Map(nil, 8, ns, func(ctx context.Context, n int) (int64, error) {
		var sum atomic.Int64
		err := parallel.For(ctx, n, 1, 1e4, 0, func(lo, hi int) error {
			for i := lo; i < hi; i++ {
				sum.Add(int64(i))
			}
			return nil
		})
		return sum.Load(), err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range sums {
		if s != 499_500 {
			t.Errorf("task %d sums to %d", i, s)
		}
	}
	settle(t)
}

// TestProgress checks that reports are serialised and increasing and end with the total.
func TestProgress(t *testing.T) {
	procs(t, 4)
	var busy atomic.Bool
	last, total, reports := 0, 0, 0
	ctx := parallel.WithProgress(nil, func(d, n int) {
		if !busy.CompareAndSwap(false, true) {
			t.Error("two reports at once")
		}
		if d <= last || d > n {
			t.Errorf("progress goes from %d to %d of %d", last, d, n)
		}
		last, total = d, n
		reports++
		busy.Store(false)
	})
	check := func(name string, n, atLeast int, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if last != n || total != n || reports < atLeast {
			t.Errorf("%s: the last of %d reports is %d of %d, want %d", name, reports, last, total, n)
		}
		last, total, reports = 0, 0, 0
	}
	nothing := func(lo, hi int) error { return nil }
	check("small", 3, 1, parallel.For(ctx, 3, 1, 1, 0, nothing))
	check("serial", 1000, 1000, parallel.For(ctx, 1000, 1, heavy, 1, nothing))
	check("shared", 1000, 1000, parallel.For(ctx, 1000, 1, heavy, 0, nothing))

	_, err := parallel.Map(ctx, 4, make([]int, 20), func(ctx context.Context, _ int) (int, error) {
		return 0, parallel.For(ctx, 1000, 1, heavy, 0, nothing) // not reported
	})
	check("map", 20, 20, err)

	check("off", 0, 0, parallel.For(parallel.WithProgress(ctx, nil), 1000, 1, heavy, 0, nothing))

	bad := parallel.WithProgress(nil, func(int, int) { panic("report") })
	var p *parallel.PanicError
	if err := parallel.For(bad, 1000, 1, heavy, 0, nothing); !errors.As(err, &p) {
		t.Errorf("a panic in report gives error %v", err)
	}
	identity := func(_ context.Context, x int) (int, error) { return x, nil }
	if _, err := parallel.Map(bad, 0, []int{1}, identity); err == nil {
		t.Error("a panic in report gives no error")
	}
	settle(t)
}
