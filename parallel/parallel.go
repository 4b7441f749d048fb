// Package parallel runs index ranges on all cores: [For] cuts a range into chunks, [Map] runs one task per
// element.
//
// It imports only the standard library and must not know arrays, dtypes or generated code: work is a count, a
// cost per item in machine cycles, and a function.
//
// Both return errors instead of crashing: a task's error stops the call and is returned, a task's panic
// becomes a [PanicError], and a cancelled context ends the call between chunks. [WithProgress] reports
// progress.
package parallel

import (
	"context"
)

// The cost model, in machine cycles of about a third of a nanosecond. TestSpeed measures what it rests on:
// handing work to a spinning worker takes 0.3 µs, waking a parked one 5 µs at best and often 50.
const (
	cyclesPerMicrosecond = 3000

	// serialBelow is the work that is not worth sharing even with a spinning worker.
	serialBelow = 5 * cyclesPerMicrosecond
	// wakeAbove is the work that is worth waking parked workers for: of one call, or of calls that follow
	// each other so closely that a worker would go on spinning from one to the next.
	wakeAbove = 30 * cyclesPerMicrosecond
	// maxChunk bounds what runs between two looks at the context, and so the time the runtime needs to stop
	// the world when body is generated code, which cannot be preempted.
	maxChunk = 30 * cyclesPerMicrosecond
	// minChunk makes the cost of taking a chunk, up to 0.1 µs when two cores contend for it, negligible.
	minChunk = 1 * cyclesPerMicrosecond
	// chunksPerThread is how finely work is cut so that threads of unequal speed finish together.
	chunksPerThread = 4
)

// For calls body(lo, hi) on disjoint ranges that cover [0, n), from up to threads goroutines at once, and
// returns when all calls have returned. Every lo is a multiple of grain (at least 1; less counts as 1).
//
// threads = 0 means GOMAXPROCS, 1 means serial, k means at most k; more than GOMAXPROCS threads never run.
// The calling goroutine is one of them; the others are persistent workers shared by the whole process, which
// help as far as they are free. A call therefore never waits for a worker that has not started, and For may
// be called from any number of goroutines and from within body: with all cores taken it runs on the calling
// goroutine alone.
//
// cyclesPerItem estimates the cost of an item in machine cycles (1 if it is not positive). It decides whether
// sharing pays (from about 5 µs of work when workers are still spinning after a recent call, from 30 µs
// otherwise) and the size of the ranges, about 30 µs at most, unless one grain costs more.
//
// Between ranges For looks at ctx, which may be nil: when it is done, For returns context.Cause(ctx). After
// an error no further range starts and For returns it; of several errors it returns that of the lowest range.
// A panic in body counts as the error *[PanicError]. On success For has called body on all of [0, n), on
// failure on a part of it.
func For(ctx context.Context, n, grain int, cyclesPerItem float64, threads int,
	body func(lo, hi int) error) error {
	if n <= 0 {
		return nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	if !(cyclesPerItem > 0) { // also NaN
		cyclesPerItem = 1
	}
	cycles := float64(n) * cyclesPerItem
	if cycles < serialBelow {
		return serial(ctx, n, n, body)
	}
	if threads != 1 {
		limit := maxProcs()
		if threads > 0 {
			limit = min(limit, threads)
		}
		limit = int(min(float64(limit), 1+cycles/serialBelow))
		size := chunkSize(n, grain, cyclesPerItem, max(minChunk, cycles/float64(limit*chunksPerThread)))
		if limit > 1 && size < n {
			return share(ctx, n, size, cycles, limit, body)
		}
	}
	return serial(ctx, n, chunkSize(n, grain, cyclesPerItem, maxChunk), body)
}

// maxChunks keeps chunk numbers far from overflow where an int has 32 bits.
const maxChunks = 1 << 28

// chunkSize returns how many items, a multiple of grain unless all n, cost about the given cycles, at most
// maxChunk.
func chunkSize(n, grain int, cyclesPerItem, cycles float64) int {
	grain = max(1, grain)
	items := min(cycles, maxChunk) / cyclesPerItem
	items = max(items, float64(grain), float64(n)/maxChunks)
	if items >= float64(n) {
		return n
	}
	return max(grain, int(items)/grain*grain)
}

// serial is For on the calling goroutine.
func serial(ctx context.Context, n, size int, body func(lo, hi int) error) error {
	report := progressOf(ctx)
	for lo, done := 0, 0; lo < n; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		hi := n
		if n-lo > size {
			hi = lo + size
		}
		if err := runChunk(body, lo, hi, n, report, &done); err != nil {
			return err
		}
		lo = hi
	}
	return nil
}

// runChunk calls body and reports its items, turning a panic of either into an error.
func runChunk(body func(lo, hi int) error, lo, hi, n int, report *progress, done *int) (err error) {
	defer catch(&err)
	if err := body(lo, hi); err != nil {
		return err
	}
	report.add(done, hi-lo, n)
	return nil
}

// share is For on the calling goroutine and the workers that can be had.
func share(ctx context.Context, n, size int, cycles float64, limit int, body func(lo, hi int) error) error {
	j := newJob(ctx, n, size, body)
	j.limit, j.cyclesPerChunk = limit, cycles/float64(j.chunks)
	j.recent = recentWork(cycles)
	running.Add(1)
	defer j.release()
	j.work(true)
	j.wait()
	return j.err
}
