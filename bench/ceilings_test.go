package main

import (
	"testing"
	"time"
)

// The walkers of all threads must together touch every element exactly once, in any number of streams.
func TestWalkersCoverEverything(t *testing.T) {
	k, err := compile(patterns[3].build) // add
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 7, 1000, 4097, 10000} {
		for _, threads := range []int{1, 2, 3} {
			for _, streams := range []int{1, 2, 4} {
				arrays := [][]float64{make([]float64, n), make([]float64, n), make([]float64, n)}
				for i := range n {
					arrays[0][i], arrays[1][i] = float64(i), 0.5
				}
				for _, f := range walkers(k, arrays, 2, false, threads, streams, 0) {
					f()
				}
				for i, y := range arrays[2] {
					if y != float64(i)+0.5 {
						t.Fatalf("n=%d threads=%d streams=%d: element %d is %v", n, threads, streams, i, y)
					}
				}
			}
		}
	}
}

func TestCeilings(t *testing.T) {
	e := Effort{Samples: 1, Sample: 10 * time.Microsecond, Budget: time.Millisecond}
	c, err := measureCeilings([]int{1000}, []int{1, 2}, e)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.FMA) != 4 || len(c.Bandwidth) != 2*len(patterns) {
		t.Fatalf("%d FMA peaks, %d bandwidths", len(c.FMA), len(c.Bandwidth))
	}
	for _, w := range c.Bandwidth {
		if !(w.Ordinary > 0) || w.Streams != 1 || (w.Streaming > 0) == (w.Pattern == "read") {
			t.Errorf("%+v", w)
		}
	}
	for i := range cases {
		for _, dtype := range cases[i].DTypes {
			if limit := c.limit(newData(&cases[i], dtype, 1000), 2); !(limit > 0) {
				t.Errorf("%s %s: limit %v", cases[i].Name, dtype, limit)
			}
		}
	}
	if limit := c.limit(newData(&cases[0], "f64", 5000), 2); limit > c.limit(newData(&cases[0], "f64",
		1000), 2) {
		t.Errorf("a size that was not measured has limit %v", limit)
	}
}
