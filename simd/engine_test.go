package simd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lanes-go/lanes/internal/execmem"
)

func TestEngineNames(t *testing.T) {
	for e := Auto; e <= NEON; e++ {
		if got, err := ParseEngine(e.String()); got != e || err != nil {
			t.Errorf("ParseEngine(%q) = %s, %v", e, got, err)
		}
	}
	for _, s := range []string{"", "AVX512", "sse2", "auto "} {
		if e, err := ParseEngine(s); err == nil {
			t.Errorf("ParseEngine(%q) = %s", s, e)
		}
	}
	if s := Engine(77).String(); s != "unknown" {
		t.Errorf("engine 77 is %q", s)
	}
}

func TestEngines(t *testing.T) {
	all := Engines()
	if !slices.Contains(all, Best()) {
		t.Errorf("the best engine %s is none of %v", Best(), all)
	}
	if all[len(all)-1] != Portable || slices.Contains(all, Auto) {
		t.Errorf("engines %v", all)
	}
	if slices.Contains(all, AVX512) && !slices.Contains(all, AVX2) {
		t.Errorf("engines %v: AVX-512 without AVX2", all)
	}
	if err := execmem.Available(); err != nil && len(all) > 1 {
		t.Errorf("engines %v, but %v", all, err)
	}
	p := addProgram(t)
	for e := Auto; e <= NEON; e++ {
		k, err := Compile(p, Options{Engine: e})
		switch {
		case e == Auto:
			if err != nil || k.Engine() != Best() {
				t.Errorf("auto: %v", err)
			}
		case slices.Contains(all, e):
			if err != nil || k.Engine() != e {
				t.Errorf("%s: %v", e, err)
			}
		case err == nil || !strings.Contains(err.Error(), "does not run here"):
			t.Errorf("%s: error %v", e, err)
		}
	}
}

// rerun runs one test of this binary in a process of its own, with an addition to its environment.
func rerun(t *testing.T, test string, env ...string) (string, error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil || runtime.GOARCH == "wasm" {
		t.Skip("there are no processes here: ", err)
	}
	cmd := exec.Command(exe, "-test.run=^"+test+"$", "-test.v", "-test.timeout=300s")
	cmd.Env = append(os.Environ(), append(env, "GORACE=atexit_sleep_ms=0")...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

const childVariable = "LANES_SIMD_TEST_CHILD"

// TestEngineVariable checks LANES_ENGINE in processes of its own.
func TestEngineVariable(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		k, err := Compile(addProgram(t), Options{})
		if err != nil {
			t.Fatal(err)
		}
		works(t, k)
		t.Logf("best=%s kernel=%s.", Best(), k.Engine())
		return
	}
	all := Engines()
	for _, c := range []struct {
		value string
		want  Engine
	}{{"", all[0]}, {"auto", all[0]}, {"portable", Portable}, {"nonsense", all[0]}, {"neon", Portable},
		{"avx2", AVX2}, {"avx512", AVX512}} {
		t.Run("value "+c.value, func(t *testing.T) {
			if !slices.Contains(all, c.want) {
				c.want = Portable
			}
			out, err := rerun(t, "TestEngineVariable", "LANES_ENGINE="+c.value, childVariable+"=1")
			want := fmt.Sprintf("best=%s kernel=%s.", c.want, c.want)
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("want %q, error %v, output:\n%s", want, err, out)
			}
		})
	}
}

// TestRefused checks that without executable memory programs run all the same, and nobody is told.
func TestRefused(t *testing.T) {
	before := Engines()
	k := compile(t, addProgram(t), before[0])
	restore := execmem.Refuse(errors.New("a test"))
	defer restore()
	if all := Engines(); len(all) != 1 || all[0] != Portable {
		t.Errorf("engines %v", all)
	}
	silent, err := Compile(addProgram(t), Options{})
	if err != nil || silent.Engine() != Portable {
		t.Fatalf("engine %s, error %v", silent.Engine(), err)
	}
	works(t, silent)
	works(t, k) // what exists goes on, also where it would now need more code
	o := newOperands(k.Program(), 3000, 1, false)
	want := newOperands(k.Program(), 3000, 1, false)
	k.Run(3000, 0, o.ptrs, o.strides, Streaming)
	silent.Run(3000, 0, want.ptrs, want.strides, Streaming)
	if err := o.diff(want); err != nil {
		t.Errorf("streaming without its code: %v", err)
	}
	restore()
	if all := Engines(); !slices.Equal(all, before) {
		t.Errorf("engines %v, before %v", all, before)
	}
}

// TestRefusedFirst refuses executable memory before anything has asked for it, in a process of its own.
func TestRefusedFirst(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		if out, err := rerun(t, "TestRefusedFirst", childVariable+"=1"); err != nil {
			t.Errorf("%v, output:\n%s", err, out)
		}
		return
	}
	defer execmem.Refuse(errors.New("a test"))()
	k, err := Compile(addProgram(t), Options{})
	if err != nil || k.Engine() != Portable || Best() != Portable {
		t.Fatalf("engine %s, best %s, error %v", k.Engine(), Best(), err)
	}
	works(t, k)
}
