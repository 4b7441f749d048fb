package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// timing is what -time tells about repeated runs of one program into a kept output.
type timing struct {
	MinNS        float64 `json:"min_ns"`
	MedianNS     float64 `json:"median_ns"`
	Runs         int     `json:"runs"`     // measured batches of runs
	Loops        int     `json:"-"`        // runs in a batch
	Elements     int     `json:"elements"` // elements of the results
	NSPerElement float64 `json:"ns_per_element"`
	GBPerS       float64 `json:"gb_per_s"` // bytes of arrays read and written, over the minimum
	Engine       string  `json:"engine"`
	Threads      int     `json:"threads"`
}

// How long a measurement goes on: batches of at least minBatch, until minRuns batches and minTotal have passed.
const (
	minBatch = time.Millisecond
	minTotal = time.Second
	minRuns  = 7
	maxRuns  = 1000
)

// measure runs f again and again, as Python's %timeit does, and fills the measured fields.
func (t *timing) measure(f func() error) error {
	batch := func(loops int) (time.Duration, error) {
		start := time.Now()
		for range loops {
			if err := f(); err != nil {
				return 0, err
			}
		}
		return time.Since(start), nil
	}
	t.Loops = 1
	for first := true; ; first = false { // the first run binds and compiles, and does not count
		took, err := batch(t.Loops)
		if err != nil {
			return err
		}
		if took >= minBatch && !first {
			break
		}
		if !first {
			t.Loops *= 2
		}
	}
	var perRun []float64
	for start := time.Now(); len(perRun) < minRuns || time.Since(start) < minTotal && len(perRun) < maxRuns; {
		took, err := batch(t.Loops)
		if err != nil {
			return err
		}
		perRun = append(perRun, float64(took.Nanoseconds())/float64(t.Loops))
	}
	slices.Sort(perRun)
	t.Runs, t.MinNS, t.MedianNS = len(perRun), perRun[0], perRun[len(perRun)/2]
	return nil
}

// setWork fills the fields that follow from the measured time, the elements computed and the bytes moved.
func (t *timing) setWork(elements, bytes int) {
	t.Elements = elements
	t.GBPerS = float64(bytes) / t.MinNS
	if elements > 0 {
		t.NSPerElement = t.MinNS / float64(elements)
	}
}

// print writes one line for people.
func (t *timing) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s per run at best, %s median (%d runs of %d loops); "+
		"%.3g ns per element, %.3g GB/s, %d elements, engine %s, threads %d\n",
		duration(t.MinNS), duration(t.MedianNS), t.Runs, t.Loops,
		t.NSPerElement, t.GBPerS, t.Elements, t.Engine, t.Threads)
	return err
}

// duration prints nanoseconds with three significant digits and a fitting unit.
func duration(ns float64) string {
	for _, unit := range []struct {
		name string
		ns   float64
	}{{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}} {
		if ns >= unit.ns {
			return fmt.Sprintf("%.3g %s", ns/unit.ns, unit.name)
		}
	}
	return fmt.Sprintf("%.3g ns", ns)
}
