//go:build !purego

package execmem_test

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/lanes-go/lanes/internal/execmem"
)

func hex(t *testing.T, s string) uint64 {
	t.Helper()
	x, err := strconv.ParseUint(s, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// onDeepStack grows the goroutine's stack by n frames and calls copy code with the argument block on top of
// it.
//
//go:noinline
func onDeepStack(n int, c *execmem.Code, dst, src []uint64) uint64 {
	var pad [64]uint64
	pad[n&63] = uint64(n)
	if n > 0 {
		return onDeepStack(n-1, c, dst, src) + pad[(n+1)&63]
	}
	x := copyArgs{n: len(dst), dst: &dst[0], src: &src[0]}
	call(c, &x)
	return dst[0]
}

// stress runs everything that could upset the runtime at once, for the given time: stacks that grow,
// collections, code that comes and goes, long uninterruptible code, the CPU profiler and the execution
// tracer.
func stress(t *testing.T, d time.Duration) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	shared := mustAlloc(t, codeCopy)
	var prof, tr bytes.Buffer
	if err := pprof.StartCPUProfile(&prof); err != nil {
		t.Fatal(err)
	}
	if err := trace.Start(&tr); err != nil {
		t.Fatal(err)
	}
	var stop atomic.Bool
	var calls, collections, churn, blocks atomic.Int64
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				src := make([]uint64, 1+(i*977+g*131)%5000)
				dst := make([]uint64, len(src))
				for j := range src {
					src[j] = uint64(i ^ g ^ j)
				}
				onDeepStack(i*7%200, shared, dst, src)
				for j := range src {
					if dst[j] != src[j] {
						t.Errorf("copied %d as %d", src[j], dst[j])
						stop.Store(true)
						return
					}
				}
				calls.Add(1)
			}
		})
	}
	loop := func(count *atomic.Int64, f func()) {
		wg.Go(func() {
			for !stop.Load() {
				f()
				count.Add(1)
			}
		})
	}
	loop(&collections, runtime.GC)
	loop(&churn, func() {
		c, err := execmem.Alloc(codeCopy)
		if err != nil {
			t.Error(err)
			stop.Store(true)
			return
		}
		src, dst := []uint64{1, 2, 3}, make([]uint64, 3)
		if onDeepStack(10, c, dst, src) != 1 {
			t.Error("freshly mapped code copied wrongly")
		}
	})
	count := mustAlloc(t, codeCount)
	loop(&blocks, func() {
		call(count, &countArgs{n: 60_000_000}) // about 20 ms
		time.Sleep(50 * time.Millisecond)
	})
	for end := time.Now().Add(d); time.Now().Before(end) && !stop.Load(); {
		time.Sleep(20 * time.Millisecond)
		if bad, _ := writableCode(t); len(bad) > 0 {
			t.Errorf("mappings both writable and executable: %q", bad)
			break
		}
	}
	stop.Store(true)
	wg.Wait()
	trace.Stop()
	pprof.StopCPUProfile()
	t.Logf("%d calls, %d collections, %d allocations, %d long calls, profile %d bytes, trace %d bytes",
		calls.Load(), collections.Load(), churn.Load(), blocks.Load(), prof.Len(), tr.Len())
	for _, n := range []int64{calls.Load(), collections.Load(), churn.Load(), blocks.Load(), int64(prof.Len())} {
		if n == 0 {
			t.Error("a part of the stress never ran")
		}
	}
}

func TestStress(t *testing.T) { stress(t, 1500*time.Millisecond) }

// TestStressDebug repeats the stress in processes of its own under settings of the runtime that make it check
// itself.
func TestStressDebug(t *testing.T) {
	if !*long {
		t.Skip("needs -long")
	}
	for _, setting := range []string{
		"asyncpreemptoff=1", "gccheckmark=1", "gcstoptheworld=2,clobberfree=1",
		"gcstoptheworld=1,asyncpreemptoff=1", "efence=1", "gcshrinkstackoff=1",
	} {
		t.Run(setting, func(t *testing.T) {
			out, err := rerun(t, "TestStress", "GODEBUG="+setting)
			t.Logf("%s", out)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// rerun runs one test of this binary in a process of its own with an addition to its environment.
func rerun(t *testing.T, test, env string) ([]byte, error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^"+test+"$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), env)
	return cmd.CombinedOutput()
}

// TestPreemption checks that a request for preemption (a stop of the world sends one) that arrives in the
// middle of generated code leaves it alone: the code runs to its end and the world stops after it.
func TestPreemption(t *testing.T) {
	c := mustAlloc(t, codeCount)
	var inside atomic.Bool
	done := make(chan bool)
	go func() {
		for range 5 {
			inside.Store(true)
			x := countArgs{n: 60_000_000}
			call(c, &x)
			if x.n != 60_000_000 {
				t.Errorf("the argument block changed to %d", x.n)
			}
			inside.Store(false)
		}
		close(done)
	}()
	for stops := 0; ; stops++ {
		select {
		case <-done:
			if stops == 0 {
				t.Error("the world never stopped during the calls")
			}
			return
		default:
			if inside.Load() {
				runtime.GC()
			}
			runtime.Gosched()
		}
	}
}

// TestProfileSignal checks that profiling ticks in generated code are survived and counted.
func TestProfileSignal(t *testing.T) {
	c := mustAlloc(t, codeCount)
	var prof bytes.Buffer
	if err := pprof.StartCPUProfile(&prof); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
		call(c, &countArgs{n: 3_000_000})
	}
	pprof.StopCPUProfile()
	if prof.Len() == 0 {
		t.Error("the profile is empty")
	}
}

// TestCallYields checks that a loop of nothing but calls lets the world stop, although a signal to preempt it
// nearly always arrives in generated code.
func TestCallYields(t *testing.T) {
	c := mustAlloc(t, codeCount)
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		x := countArgs{n: 1_000_000}
		for !stop.Load() {
			execmem.Call(c.Entry(), unsafe.Pointer(&x))
		}
	})
	worst := time.Duration(0)
	for range 5 {
		time.Sleep(time.Millisecond)
		start := time.Now()
		runtime.GC()
		worst = max(worst, time.Since(start))
	}
	stop.Store(true)
	wg.Wait()
	if worst > time.Second {
		t.Errorf("a collection takes %v while calls of 0.3 ms repeat", worst)
	}
}

// TestStopTheWorld measures what the rule "at most 50 µs per call" is for.
func TestStopTheWorld(t *testing.T) {
	if !*long {
		t.Skip("needs -long")
	}
	c := mustAlloc(t, codeCount)
	for _, n := range []int{15_000, 150_000, 3_000_000, 30_000_000} {
		var stop atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			for !stop.Load() {
				call(c, &countArgs{n: n})
			}
		})
		var worst, sum time.Duration
		var stats runtime.MemStats
		const runs = 100
		for range runs {
			start := time.Now()
			runtime.ReadMemStats(&stats)
			d := time.Since(start)
			worst, sum = max(worst, d), sum+d
			time.Sleep(200 * time.Microsecond)
		}
		stop.Store(true)
		wg.Wait()
		t.Logf("calls of %d cycles: the world stops in %v on average, %v at worst", n, sum/runs, worst)
	}
}
