package parallel

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
)

// job is one call of For in progress. Chunk i is [i*size, min(n, (i+1)*size)).
type job struct {
	ctx    context.Context
	body   func(lo, hi int) error
	n      int
	size   int
	chunks int
	report *progress

	// Owned by the caller, who recruits the helpers.
	limit          int
	cyclesPerChunk float64
	recent         float64 // cycles of closely preceding calls and this one: see recentWork
	helpers        []*worker

	_       [64]byte     // what follows changes all the time
	next    atomic.Int64 // chunk
	failed  atomic.Bool
	pending atomic.Int64  // helpers that have returned, negated; see wait
	idle    chan struct{} // tells the caller that the last helper has returned

	mu       sync.Mutex
	err      error
	errChunk int
	done     int // items, for report
}

var jobs = sync.Pool{New: func() any { return &job{idle: make(chan struct{}, 1)} }}

func newJob(ctx context.Context, n, size int, body func(lo, hi int) error) *job {
	j := jobs.Get().(*job)
	j.ctx, j.body, j.report = ctx, body, progressOf(ctx)
	j.n, j.size, j.chunks = n, size, (n-1)/size+1
	j.next.Store(0)
	j.failed.Store(false)
	j.pending.Store(0)
	j.err, j.errChunk, j.done = nil, 0, 0
	return j
}

// take returns the number of a chunk that nobody else has, or -1 when none is left or the job has failed.
func (j *job) take() int {
	if j.failed.Load() {
		return -1
	}
	if i := j.next.Add(1) - 1; i < int64(j.chunks) {
		return int(i)
	}
	return -1
}

// left is the number of chunks that nobody has taken.
func (j *job) left() int { return int(max(0, int64(j.chunks)-j.next.Load())) }

// work runs chunks until none is left. Should body end the goroutine by runtime.Goexit, work records that as
// the chunk's error on the way out.
func (j *job) work(caller bool) {
	chunk := -1
	defer func() {
		if chunk >= 0 {
			j.fail(chunk, errGoexit)
		}
	}()
	for {
		if chunk = j.take(); chunk < 0 {
			return
		}
		if j.ctx.Err() != nil {
			j.fail(math.MaxInt, context.Cause(j.ctx))
			chunk = -1
			return
		}
		if caller {
			j.recruit()
		}
		if err := j.runChunk(chunk); err != nil {
			j.fail(chunk, err)
		}
	}
}

func (j *job) runChunk(chunk int) (err error) {
	defer catch(&err)
	lo, hi := chunk*j.size, j.n
	if j.n-lo > j.size {
		hi = lo + j.size
	}
	if err := j.body(lo, hi); err != nil {
		return err
	}
	j.report.add(&j.done, hi-lo, j.n)
	return nil
}

// fail keeps the error of the lowest chunk and stops the job.
func (j *job) fail(chunk int, err error) {
	j.mu.Lock()
	if j.err == nil || chunk < j.errChunk {
		j.err, j.errChunk = err, chunk
	}
	j.mu.Unlock()
	j.failed.Store(true)
}

// wait returns when no helper will touch the job any more. It takes the job back from helpers that have not
// begun and waits for those that have.
func (j *job) wait() {
	begun := int64(0)
	for i, w := range j.helpers {
		if w.slot.CompareAndSwap(j, nil) {
			running.Add(-1)
		} else {
			begun++
		}
		j.helpers[i] = nil
	}
	j.helpers = j.helpers[:0]
	// A helper that returns subtracts 1 from pending: the sum reaches 0 when all have, in whatever order.
	if begun == 0 || j.pending.Add(begun) == 0 {
		return
	}
	for s := newSpin(); s.again(processes.Load()); {
		if j.pending.Load() == 0 {
			return
		}
	}
	if j.pending.Add(waiting) != waiting {
		<-j.idle
	}
}

// waiting marks in job.pending that the caller has gone to sleep and the last helper must wake it.
const waiting = 1 << 32

// leave is a helper's last use of the job.
func (j *job) leave() {
	if j.pending.Add(-1) == waiting {
		j.idle <- struct{}{}
	}
}

// release is the caller's last use of the job. It is deferred, for body may end the calling goroutine.
func (j *job) release() {
	if len(j.helpers) > 0 {
		j.failed.Store(true)
		j.wait()
	}
	running.Add(-1)
	lastCall.Store(int64(now()))
	j.ctx, j.body, j.report, j.err = nil, nil, nil, nil
	jobs.Put(j)
}
