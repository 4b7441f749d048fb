package parallel

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// TaskError is the error of one task of [Map].
type TaskError struct {
	Index int // of the task's element in the input
	Err   error
}

// Error names the task and gives its error.
func (e *TaskError) Error() string { return fmt.Sprintf("task %d: %v", e.Index, e.Err) }

// Unwrap returns the task's own error.
func (e *TaskError) Unwrap() error { return e.Err }

// Map calls f on every element of xs and returns the results in the order of xs. It is joblib's
// Parallel(n_jobs=threads)(delayed(f)(x) for x in xs).
//
// Up to threads tasks run at once, each on a goroutine; 0 means GOMAXPROCS. Tasks may take any time and may
// block; for tasks that mostly wait, more threads than GOMAXPROCS make sense. Tasks start in the order of xs.
//
// The first error cancels the context that the other tasks were given and keeps further tasks from starting;
// Map waits for those that run and returns a [*TaskError], of several errors that of the lowest index, not
// counting tasks that failed because they were cancelled. A panic in f counts as the error [*PanicError].
// When ctx, which may be nil, is done before all tasks are, Map returns context.Cause(ctx). With an error
// there are no results.
func Map[T, R any](ctx context.Context, threads int, xs []T,
	f func(context.Context, T) (R, error)) ([]R, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	results := make([]R, len(xs))
	err := tasks(ctx, threads, len(xs), func(ctx context.Context, i int) (err error) {
		results[i], err = f(ctx, xs[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// taskGroup is one call of Map in progress.
type taskGroup struct {
	ctx       context.Context // cancelled by the first error
	cancel    context.CancelFunc
	n         int
	task      func(ctx context.Context, i int) error
	report    *progress
	next      atomic.Int64
	mu        sync.Mutex
	err       *TaskError
	completed int // tasks that succeeded
	done      int // the same, for report
}

// tasks runs n tasks: Map without its types.
func tasks(ctx context.Context, threads, n int, task func(ctx context.Context, i int) error) error {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	g := &taskGroup{n: n, task: task, report: progressOf(ctx)}
	g.ctx, g.cancel = context.WithCancel(WithProgress(ctx, nil))
	defer g.cancel()

	// The calling goroutine only waits: a task that ends its goroutine must not end the caller's.
	var wg sync.WaitGroup
	for range min(threads, n) {
		wg.Go(g.work)
	}
	wg.Wait()
	switch {
	case g.err != nil:
		return g.err
	case g.completed < n:
		return context.Cause(ctx)
	}
	return nil
}

func (g *taskGroup) work() {
	i := -1
	defer func() {
		if i >= 0 { // the task called runtime.Goexit
			g.finish(i, errGoexit)
		}
	}()
	for g.ctx.Err() == nil {
		next := int(g.next.Add(1) - 1)
		if next >= g.n {
			return
		}
		i = next
		err := g.run(i)
		i = -1
		g.finish(next, err)
	}
}

func (g *taskGroup) run(i int) (err error) {
	defer catch(&err)
	if err := g.task(g.ctx, i); err != nil {
		return err
	}
	g.report.add(&g.done, 1, g.n)
	return nil
}

// finish records how task i ended.
func (g *taskGroup) finish(i int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		g.completed++
		return
	}
	// Once cancelled, tasks fail because of that.
	if g.ctx.Err() != nil && (errors.Is(err, g.ctx.Err()) || errors.Is(err, context.Cause(g.ctx))) {
		return
	}
	if g.err == nil || i < g.err.Index {
		g.err = &TaskError{Index: i, Err: err}
	}
	g.cancel()
}
