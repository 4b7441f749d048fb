//go:build race

package simd

import (
	"os"
	"strings"
	"testing"
	"unsafe"
)

const raceEnabled = true

// TestRaceIsSeen lets a child process race on purpose, a kernel against Go code: the detector must report it, and must
// not where a lock orders the two.
func TestRaceIsSeen(t *testing.T) {
	if what := os.Getenv(childVariable); what != "" {
		raceChild(t, what)
		return
	}
	for _, e := range Engines() {
		for _, c := range []struct {
			what string
			race bool
		}{{"write", true}, {"read", true}, {"strided", true}, {"scalar", true}, {"none", false}} {
			t.Run(e.String()+" "+c.what, func(t *testing.T) {
				out, err := rerun(t, "TestRaceIsSeen", childVariable+"="+c.what, "LANES_ENGINE="+e.String())
				if strings.Contains(out, "DATA RACE") != c.race || (err != nil) != c.race {
					t.Errorf("error %v, output:\n%s", err, out)
				}
			})
		}
	}
}

func raceChild(t *testing.T, what string) {
	p := build(t, func(b *Builder) { b.Store(b.Add(b.Add(b.Load(F64), b.Strided(F64)), b.Scalar(F64))) })
	k := compile(t, p, Best())
	memory := map[string][]float64{}
	for _, name := range []string{"read", "strided", "scalar", "write"} {
		memory[name] = make([]float64, 100)
	}
	var ptrs []unsafe.Pointer
	for _, name := range []string{"read", "strided", "scalar", "write"} {
		ptrs = append(ptrs, unsafe.Pointer(&memory[name][0]))
	}
	done := make(chan bool)
	go func() {
		k.Run(100, 0, ptrs, []int{0, 8, 0}, 0)
		done <- true
	}()
	if x := memory[what]; x != nil {
		at := 77
		if what == "scalar" {
			at = 0
		}
		x[at] = 1
	}
	<-done
	memory["write"][0] = 1
}
