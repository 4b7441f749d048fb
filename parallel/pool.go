package parallel

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// spinTime is how long a worker without work, or a caller whose helpers still run, watches for a change
// before it goes to sleep. Waking it costs about as much as the longest wait it avoids.
const spinTime = 50 * time.Microsecond

// worker is a persistent goroutine. Its slot is a mailbox and says what it does:
//
//	nil     waiting for a job, and watching the slot or about to
//	parked  waiting for a job, asleep until a token arrives in wake
//	busy    running a job
//	a job   offered to it, not yet begun: the offer may be withdrawn by putting nil back
//
// Callers change nil and parked to a job, the worker changes a job to busy, busy to nil and nil to parked.
type worker struct {
	_    [64]byte // a caller's writes to one worker's slot do not disturb another that watches its own
	slot atomic.Pointer[job]
	wake chan struct{}
	_    [64]byte
}

var parked, busy = new(job), new(job)

var (
	workers   atomic.Pointer[[]*worker] // only ever grows
	growing   sync.Mutex
	_         [64]byte
	running   atomic.Int64 // goroutines in share and workers with a job, including offers
	_         [64]byte
	processes atomic.Int64 // GOMAXPROCS when last asked
)

// maxProcs returns GOMAXPROCS.
func maxProcs() int {
	n := runtime.GOMAXPROCS(0)
	if processes.Load() != int64(n) {
		processes.Store(int64(n))
	}
	return n
}

// pool returns at least n workers.
func pool(n int) []*worker {
	if p := workers.Load(); p != nil && len(*p) >= n {
		return *p
	}
	growing.Lock()
	defer growing.Unlock()
	var list []*worker
	if p := workers.Load(); p != nil {
		list = append(list, *p...)
	}
	for len(list) < n {
		w := &worker{wake: make(chan struct{}, 1)}
		list = append(list, w)
		go w.loop()
	}
	workers.Store(&list)
	return list
}

// recruit offers the job to idle workers: to those that spin, and when the work left makes up for it, to
// those that sleep. It never makes more goroutines run than there are processors.
func (j *job) recruit() {
	want := min(j.limit-1-len(j.helpers), j.left())
	if want <= 0 {
		return
	}
	list := pool(j.limit - 1)
	want = j.offer(list, nil, want)
	past := float64(j.chunks-j.left()) * j.cyclesPerChunk
	if want > 0 && j.recent-past >= wakeAbove && j.offer(list, parked, want) < want {
		// The scheduler keeps the goroutine made ready last for this processor, and lets others steal it only
		// after a sleep of some 50 µs. That shall be another one than the worker.
		go func() {}()
	}
}

// offer offers the job to at most want workers in the given state, and returns how many are still wanted.
func (j *job) offer(list []*worker, state *job, want int) int {
	for _, w := range list {
		if want == 0 || running.Load() >= processes.Load() {
			return want
		}
		if w.slot.Load() == state && w.slot.CompareAndSwap(state, j) {
			running.Add(1)
			j.helpers = append(j.helpers, w)
			if state == parked {
				w.wake <- struct{}{}
			}
			want--
		}
	}
	return want
}

// loop is the life of a worker.
func (w *worker) loop() {
	defer func() { go w.loop() }() // reached only when body ends the goroutine by runtime.Goexit
	for {
		w.run(w.next())
	}
}

// next waits for a job and takes it.
func (w *worker) next() *job {
	for {
		for s := newSpin(); s.again(processes.Load() - 1); {
			if j := w.slot.Load(); j != nil && w.slot.CompareAndSwap(j, busy) {
				return j
			}
		}
		if w.slot.CompareAndSwap(nil, parked) {
			<-w.wake
		}
	}
}

func (w *worker) run(j *job) {
	defer func() {
		j.leave()
		running.Add(-1)
		w.slot.Store(nil)
	}()
	j.work(false)
}

// spin bounds a loop that watches memory.
type spin struct {
	start time.Duration
	count int
}

func newSpin() spin { return spin{start: now()} }

// again makes a short pause and reports whether to look once more: not for longer than spinTime, and not when
// more than limit goroutines of this package have work, for then somebody else needs the processor.
func (s *spin) again(limit int64) bool {
	s.count++
	if s.count%64 == 0 && (running.Load() > limit || now()-s.start > spinTime) {
		return false
	}
	pause()
	return true
}

// pause takes some ten nanoseconds in a chain of dependent steps, which leaves the core's other hardware
// thread most of its resources.
//
//go:noinline
func pause() {
	x := uint64(1)
	for range 8 {
		x *= x
	}
	runtime.KeepAlive(x)
}

var (
	epoch    = time.Now()
	lastCall atomic.Int64  // when share last returned, since epoch
	recent   atomic.Uint64 // bits of a float64: cycles of calls in close succession
)

func now() time.Duration { return time.Since(epoch) }

// recentWork adds the cycles of a call that begins to those of the calls before it, as long as the pauses
// between them were so short that a worker spins through them. Of calls that race some may be forgotten.
func recentWork(cycles float64) float64 {
	if now()-time.Duration(lastCall.Load()) <= spinTime {
		cycles += math.Float64frombits(recent.Load())
	}
	recent.Store(math.Float64bits(cycles))
	return cycles
}
