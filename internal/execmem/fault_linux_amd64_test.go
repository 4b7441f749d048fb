//go:build !purego

package execmem_test

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"

	"github.com/lanes-go/lanes/internal/execmem"
	"github.com/lanes-go/lanes/internal/execmem/guard"
)

// readAt runs code that reads a word at p, and returns the panic that came of it.
func readAt(c *execmem.Code, p unsafe.Pointer) (err error) {
	defer func() {
		if r := recover(); r != nil {
			execmem.VZeroUpper()
			growStack(100)
			runtime.GC()
			err = fmt.Errorf("%v\n%s", r, debug.Stack())
		}
	}()
	call(c, &struct{ p unsafe.Pointer }{p})
	return nil
}

//go:noinline
func growStack(n int) int {
	var pad [100]int
	if n > 0 {
		return growStack(n-1) + pad[n%100]
	}
	return 0
}

func TestFaultNil(t *testing.T) {
	if !cpu.X86.HasAVX {
		t.Skip("the processor has no AVX")
	}
	c := mustAlloc(t, codeRead)
	for range 50 {
		err := readAt(c, nil)
		if err == nil || !strings.Contains(err.Error(), "nil pointer dereference") {
			t.Fatalf("reading through nil: %v", err)
		}
		if s := err.Error(); !strings.Contains(s, "execmem.Call") || !strings.Contains(s, "execmem_test.readAt") {
			t.Fatalf("the stack of the fault is wrong: %v", err)
		}
	}
	word := uint64(1)
	if err := readAt(c, unsafe.Pointer(&word)); err != nil {
		t.Errorf("a good read after the faults: %v", err)
	}
}

// TestFaultUnmapped checks that a bad address, and a mapped file that became shorter, are recoverable when
// asked for.
func TestFaultUnmapped(t *testing.T) {
	if !cpu.X86.HasAVX {
		t.Skip("the processor has no AVX")
	}
	c := mustAlloc(t, codeRead)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))

	words := guard.Before[uint64](t, 10)
	if err := readAt(c, unsafe.Pointer(&words[9])); err != nil {
		t.Errorf("the last word before the guard: %v", err)
	}
	for _, bad := range []unsafe.Pointer{
		unsafe.Add(unsafe.Pointer(&words[9]), 1), // the last byte is behind the edge
		unsafe.Add(unsafe.Pointer(&words[9]), 8),
		unsafe.Add(unsafe.Pointer(&guard.After[uint64](t, 10)[0]), -1),
	} {
		if err := readAt(c, bad); err == nil {
			t.Errorf("reading at %p beyond a guard does not fault", bad)
		}
	}

	f, err := os.Create(t.TempDir() + "/shrinking")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 16); err != nil {
		t.Fatal(err)
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, 1<<16, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mem)
	last := unsafe.Pointer(&mem[1<<16-8])
	if err := readAt(c, last); err != nil {
		t.Errorf("reading a mapped file: %v", err)
	}
	if err := f.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if err := readAt(c, last); err == nil {
		t.Error("reading a mapped file behind its new end does not fault")
	}
}

// TestFaultNotExecutable checks what the probe relies on where the right to execute is dropped silently.
func TestFaultNotExecutable(t *testing.T) {
	page := guard.Before[byte](t, os.Getpagesize())
	page[0] = 0xC3
	err := execmem.TryAt(uintptr(unsafe.Pointer(&page[0])))
	if err == nil || !strings.Contains(err.Error(), "does not execute") {
		t.Errorf("calling memory that is not executable: %v", err)
	}
}

var expSink float64

// TestVZeroUpper checks that math works after a recovered fault, and at its usual speed.
func TestVZeroUpper(t *testing.T) {
	if !cpu.X86.HasAVX {
		t.Skip("the processor has no AVX")
	}
	c := mustAlloc(t, codeRead)
	exp := func() time.Duration {
		best := time.Hour
		for range 20 {
			start := time.Now()
			for i := range 1000 {
				expSink += math.Exp(float64(i) / 1000)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	before := exp()
	if err := readAt(c, nil); err == nil {
		t.Fatal("no fault")
	}
	if math.Exp(1) != math.E {
		t.Errorf("math.Exp(1) = %v after a fault", math.Exp(1))
	}
	if after := exp(); after > 5*before {
		t.Errorf("1000 calls of math.Exp take %v after a fault, %v before", after, before)
	}
}

// TestFatal checks, in processes of their own, the faults that the runtime cannot turn into panics: they must
// end the process with a trace rather than corrupt it.
func TestFatal(t *testing.T) {
	const env = "LANES_EXECMEM_FATAL"
	codes := map[string][]byte{
		// mov rax, 0x70000000; mov rax, [rax]
		"unmapped":  {0x48, 0xC7, 0xC0, 0x00, 0x00, 0x00, 0x70, 0x48, 0x8B, 0x00, 0xC3},
		"trap":      {0xCC},
		"undefined": {0x0F, 0x0B}, // UD2
	}
	if code := codes[os.Getenv(env)]; code != nil {
		defer func() { recover() }()
		call(mustAlloc(t, code), &countArgs{})
		return
	}
	for name := range codes {
		t.Run(name, func(t *testing.T) {
			mustAlloc(t, codeRet)
			out, err := rerun(t, "TestFatal", env+"="+name)
			if err == nil || !strings.Contains(string(out), "execmem.Call") {
				t.Errorf("error %v, output:\n%s", err, out)
			}
		})
	}
}

// TestRealRefusal asks the kernel, in a process of its own, to refuse new executable memory.
func TestRealRefusal(t *testing.T) {
	const env = "LANES_EXECMEM_REFUSE"
	if os.Getenv(env) == "" {
		out, err := rerun(t, "TestRealRefusal", env+"=1")
		if err != nil {
			t.Errorf("%v, output:\n%s", err, out)
		}
		if strings.Contains(string(out), "SKIP") {
			t.Skip("the kernel has no PR_SET_MDWE")
		}
		return
	}
	const refuseExecGain = 1
	if err := unix.Prctl(unix.PR_SET_MDWE, refuseExecGain, 0, 0, 0); err != nil {
		t.Skip("SKIP: ", err)
	}
	if err := execmem.Available(); err == nil {
		t.Error("Available() = nil although the kernel refuses executable memory")
	} else {
		t.Log(err)
	}
	if c, err := execmem.Alloc(codeRet); err == nil {
		t.Errorf("Alloc() = %v although the kernel refuses executable memory", c)
	}
}
