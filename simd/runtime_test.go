package simd

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// Kernels live with the Go runtime: collections, stacks that grow, preemption, profiles.

// stressProgram has sources and sinks of several widths, constants, scratch memory and a region.
func stressProgram(b *Builder) {
	x, y, s := b.Load(F64), b.Load(F32), b.Scalar(F64)
	sum := b.Add(b.Mul(x, s), b.Convert(y, F64))
	r := b.Rare(b.Lt(sum, b.F64(0)), func() []Value { return []Value{b.Sqrt(b.Abs(sum))} }, sum)[0]
	b.Store(r)
	b.Store(b.IDiv(b.Convert(r, I64), b.Convert(b.Convert(y, I32), I64)))
}

// onDeepStack grows the stack by n frames and then runs k with operands of which some lie on it.
//
//go:noinline
func onDeepStack(n int, k *Kernel, size int) error {
	var pad [64]int
	pad[n&63] = n
	if n > 0 {
		err := onDeepStack(n-1, k, size)
		if pad[n&63] != n {
			return fmt.Errorf("the stack was written: %d, want %d", pad[n&63], n)
		}
		return err
	}
	x, y := make([]float64, size), make([]float32, size)
	f, i := make([]float64, size), make([]int64, size)
	for j := range x {
		x[j], y[j] = float64(j-size/2), float32(j%7)
	}
	scale := 3.0
	k.Run(size, 0, []unsafe.Pointer{unsafe.Pointer(&x[0]), unsafe.Pointer(&y[0]), unsafe.Pointer(&scale),
		unsafe.Pointer(&f[0]), unsafe.Pointer(&i[0])}, nil, 0)
	for j := range x {
		want := x[j]*3 + float64(y[j])
		if want >= 0 && (f[j] != want || y[j] != 0 && i[j] != int64(want)/int64(y[j])) {
			return fmt.Errorf("element %d: %v and %d, of %v and %v", j, f[j], i[j], x[j], y[j])
		}
	}
	return nil
}

// TestStress runs kernels on 64 goroutines with growing stacks, while memory is collected all the time, kernels are
// compiled and dropped, and the CPU profiler and the execution tracer run.
func TestStress(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	p := build(t, stressProgram)
	var shared []*Kernel
	for _, e := range Engines() {
		shared = append(shared, compile(t, p, e))
	}
	var profile, events bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err == nil { // not under go test -cpuprofile
		defer pprof.StopCPUProfile()
	}
	if err := trace.Start(&events); err == nil {
		defer trace.Stop()
	}
	var stop atomic.Bool
	var counts [3]atomic.Int64
	var wg sync.WaitGroup
	loop := func(count *atomic.Int64, f func(i int) error) {
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				if err := f(i); err != nil {
					t.Error(err)
					stop.Store(true)
				}
				count.Add(1)
			}
		})
	}
	for g := range 64 {
		loop(&counts[0], func(i int) error {
			return onDeepStack(i*7%150, shared[(i+g)%len(shared)], 1+(i*977+g*131)%3000)
		})
	}
	loop(&counts[1], func(int) error { runtime.GC(); return nil })
	loop(&counts[2], func(i int) error {
		k, err := Compile(p, Options{Engine: Engines()[i%len(Engines())]})
		if err != nil {
			return err
		}
		return onDeepStack(3, k, 100)
	})
	limit := time.Second
	if *long {
		limit = 20 * time.Second
	}
	enough := func() bool { return counts[0].Load() > 200 && counts[1].Load() > 5 && counts[2].Load() > 5 }
	for begin := time.Now(); !stop.Load() && (time.Since(begin) < limit || !enough()); {
		time.Sleep(10 * time.Millisecond)
	}
	stop.Store(true)
	wg.Wait()
	t.Logf("%d runs, %d collections, %d kernels", counts[0].Load(), counts[1].Load(), counts[2].Load())
}

// TestCallsAreShort checks what bounds the time that the world cannot be stopped: no call computes more than about
// callCycles, whatever the program costs, its rare regions included.
func TestCallsAreShort(t *testing.T) {
	long := func(b *Builder, x Value) Value {
		for range 3000 {
			x = b.Div(b.F64(1), b.Add(x, b.F64(1)))
		}
		return x
	}
	for _, c := range []struct {
		name string
		f    func(b *Builder)
	}{
		{"cheap", func(b *Builder) { b.Store(b.Neg(b.Load(F64))) }},
		{"bytes", func(b *Builder) { b.Store(b.Neg(b.Load(U8))) }},
		{"6000 instructions", func(b *Builder) { b.Store(long(b, b.Load(F64))) }},
		{"6000 instructions in a rare region", func(b *Builder) {
			x := b.Load(F64)
			b.Store(b.Rare(b.Lt(x, b.F64(0)), func() []Value { return []Value{long(b, x)} }, x)[0])
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, e := range machines() {
				k := compile(t, build(t, c.f), e)
				cycles := 0.0
				for i := range k.p.ins {
					cycles += float64(rows[k.p.ins[i].Op].cycles)
				}
				cycles *= float64(k.p.widest()) / 64
				if m := k.machine; cycles*float64(m.perCall) > 2*callCycles && m.perCall > AccLanes*8 {
					t.Errorf("%s: a call computes %d elements of %.0f cycles", e, m.perCall, cycles)
				} else if m.perCall%(m.plain.units*m.plain.lanes) != 0 || m.perCall%AccLanes != 0 {
					t.Errorf("%s: a call computes %d elements: no whole turns", e, m.perCall)
				}
				m := k.machine
				for _, n := range []int{1, m.plain.lanes, 1000} {
					if r := m.rowsPerCall(n); r > 1 && r*max(n, m.plain.lanes) > m.perCall {
						t.Errorf("%s: a call computes %d rows of %d elements", e, r, n)
					}
				}
			}
		})
	}
}

// TestPreemption checks that a run over many elements gives way: on one processor, others run before it ends.
func TestPreemption(t *testing.T) {
	if runtime.GOARCH == "wasm" {
		t.Skip("there is no preemption on wasm")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	p := build(t, func(b *Builder) {
		x := b.Load(F64)
		for range 100 {
			x = b.Div(b.F64(1), b.Add(x, b.F64(1)))
		}
		b.Store(x)
	})
	for _, e := range Engines() {
		k := compile(t, p, e)
		gave := false
		for n := 1 << 21; n <= 1<<24 && !gave; n *= 2 { // one run, of 60 ms and ever more
			data := make([]float64, n)
			var ended atomic.Bool
			started, done := make(chan bool), make(chan bool)
			go func() {
				close(started)
				k.Run(n, 0, []unsafe.Pointer{unsafe.Pointer(&data[0]), unsafe.Pointer(&data[0])}, nil, 0)
				ended.Store(true)
				close(done)
			}()
			<-started
			gave = !ended.Load()
			<-done
		}
		if !gave {
			t.Errorf("%s: nothing else ran before the run's end", e)
		}
	}
}

// TestProfile checks that the ticks of the CPU profiler find kernels running and do no harm.
func TestProfile(t *testing.T) {
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		t.Skip("a profile is being written: ", err)
	}
	p := build(t, stressProgram)
	for _, e := range Engines() {
		k := compile(t, p, e)
		for begin := time.Now(); time.Since(begin) < 60*time.Millisecond; {
			if err := onDeepStack(2, k, 3000); err != nil {
				t.Fatal(err)
			}
		}
	}
	pprof.StopCPUProfile()
	if profile.Len() == 0 && runtime.GOARCH != "wasm" {
		t.Error("the profile is empty")
	}
}

// TestKernelsAreFreed checks that dropped kernels leave nothing behind, the executable memory least of all.
func TestKernelsAreFreed(t *testing.T) {
	p := build(t, stressProgram)
	for _, e := range Engines() {
		freed := make(chan bool, 100)
		for range 20 {
			k := compile(t, p, e)
			if err := onDeepStack(0, k, 10); err != nil {
				t.Fatal(err)
			}
			runtime.AddCleanup(k, func(c chan bool) { c <- true }, freed)
		}
		for range 10 { // at least half
			runtime.GC()
			select {
			case <-freed:
			case <-time.After(time.Minute):
				t.Fatalf("%s: kernels that nothing points to are not collected", e)
			}
		}
	}
}

// TestStressDebug repeats the stress, in processes of their own, under settings that make the runtime check itself.
func TestStressDebug(t *testing.T) {
	if !*long {
		t.Skip("needs -long")
	}
	for _, setting := range []string{
		"asyncpreemptoff=1", "gccheckmark=1", "gcstoptheworld=2,clobberfree=1", "efence=1", "gcshrinkstackoff=1",
	} {
		t.Run(setting, func(t *testing.T) {
			if out, err := rerun(t, "TestStress", "GODEBUG="+setting); err != nil {
				t.Errorf("%v, output:\n%s", err, out)
			}
		})
	}
}
