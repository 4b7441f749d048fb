package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Contender is one way to compute a case on prepared data.
type Contender struct {
	Name string
	// Sample runs the case reps times and returns how long that took.
	Sample func(reps int) (time.Duration, error)
	// Output runs the case once and returns every step-th element of the result.
	Output func(step int) ([]float64, error)
}

// goContender times f, which fills d.Out.
func goContender(name string, d *Data, f func()) Contender {
	return Contender{
		Name: name,
		Sample: func(reps int) (time.Duration, error) {
			start := time.Now()
			for range reps {
				f()
			}
			return time.Since(start), nil
		},
		Output: func(step int) ([]float64, error) {
			clearSlice(d.Out) // what another contender left there must not count
			f()
			return every(d.Out, step), nil
		},
	}
}

// goContenders are the plain Go loop and, on one thread, the Go libraries.
func goContenders(d *Data, threads int) []Contender {
	k := slices.Index(d.Case.DTypes, d.DType)
	loop, n := d.Case.Go[k](d), d.N
	if d.M > 0 {
		n = d.M
	}
	run := func() { loop(0, n) }
	if threads > 1 {
		run = func() { spread(loop, n, threads) }
	}
	list := []Contender{goContender("go", d, run)}
	for _, l := range d.Case.Libs {
		if threads == 1 && l.DType == d.DType {
			list = append(list, goContender(l.Name, d, l.Make(d)))
		}
	}
	return list
}

// Effort says how long contenders are measured.
type Effort struct {
	Samples int           // of each contender
	Sample  time.Duration // least time of one sample
	Budget  time.Duration // most time of one contender; at least three samples are taken
}

var (
	fullEffort  = Effort{Samples: 15, Sample: time.Millisecond, Budget: 1500 * time.Millisecond}
	quickEffort = Effort{Samples: 5, Sample: time.Millisecond, Budget: 100 * time.Millisecond}
)

// Timing is what the samples of one contender say, in nanoseconds per element.
type Timing struct {
	Min     float64 `json:"min_ns"`
	Median  float64 `json:"median_ns"`
	Samples int     `json:"samples"`
	Reps    int     `json:"reps"`
}

// measure samples the contenders in turns, so that whatever else happens on the machine happens to all of
// them. A contender that fails has its error in the second result.
func measure(list []Contender, n int, e Effort) ([]Timing, []error) {
	times := make([][]float64, len(list))
	reps, errs := make([]int, len(list)), make([]error, len(list))
	spent := make([]time.Duration, len(list))
	for i, c := range list {
		reps[i], errs[i] = calibrate(c, e.Sample)
	}
	for round := range e.Samples {
		for k := range list {
			i := (k + round) % len(list)
			if errs[i] != nil || round >= 3 && spent[i] > e.Budget {
				continue
			}
			time.Sleep(time.Millisecond) // the threads of the one before go to sleep
			took, err := list[i].Sample(reps[i])
			spent[i], errs[i] = spent[i]+took, err
			times[i] = append(times[i], float64(took.Nanoseconds())/float64(reps[i])/float64(n))
		}
	}
	result := make([]Timing, len(list))
	for i := range list {
		if errs[i] == nil {
			result[i] = Timing{slices.Min(times[i]), median(times[i]), len(times[i]), reps[i]}
		}
	}
	return result, errs
}

// calibrate warms c up and returns how many repetitions take at least d.
func calibrate(c Contender, d time.Duration) (int, error) {
	for reps := 1; ; {
		took, err := c.Sample(reps)
		if err != nil || took >= d || reps >= 1<<30 {
			return reps, err
		}
		grow := 1.2 * float64(d) / float64(max(took, 1))
		reps = int(math.Ceil(float64(reps) * min(max(grow, 1.5), 100)))
	}
}

// Accuracy compares the output of a contender with the exact result and with the output of Lanes.
type Accuracy struct {
	ULP      float64 `json:"max_ulp"` // largest error in units in the last place; 0 where there is no Exact
	Checked  int     `json:"checked"`
	SameBits int     `json:"same_bits"` // elements with the bits of the first contender
}

// reference is the exact result at every step-th element.
func reference(d *Data, step int) []dd {
	if d.Case.Exact == nil {
		return nil
	}
	r := make([]dd, 0, d.N/step+1)
	x := make([]float64, 0, 3)
	for i := 0; i < d.N; i += step {
		x = d.inputsAt(i, x)
		r = append(r, d.Case.Exact(x))
	}
	return r
}

// accuracy measures got. A result that is not a rounding of the exact one at all is an error.
func accuracy(d *Data, got, first []float64, exact []dd) (Accuracy, error) {
	if len(got) != len(first) {
		return Accuracy{}, fmt.Errorf("%d elements instead of %d", len(got), len(first))
	}
	a := Accuracy{Checked: len(got)}
	for i, y := range got {
		if math.Float64bits(y) == math.Float64bits(first[i]) {
			a.SameBits++
		}
		if exact == nil {
			if y != first[i] {
				return a, fmt.Errorf("element %d is %v instead of %v", i, y, first[i])
			}
			continue
		}
		ulp := ulpError(y, exact[i], d.Case.result(d.DType))
		if !(ulp < 1000) && !(math.Abs(y-exact[i].hi) < 1e-4*(1+math.Abs(exact[i].hi))) {
			return a, fmt.Errorf("element %d is %v instead of %v", i, y, exact[i].hi)
		}
		a.ULP = max(a.ULP, ulp)
	}
	return a, nil
}

// ulpError is the distance of y from the exact value in units in the last place of dtype f64 or f32 there.
func ulpError(y float64, exact dd, dtype string) float64 {
	if y == exact.hi && exact.lo == 0 {
		return 0
	}
	digits, least := 52, -1074
	if dtype == "f32" {
		digits, least = 23, -149
	}
	_, e := math.Frexp(exact.hi)
	ulp := math.Ldexp(1, max(e-1-digits, least))
	return math.Abs((y-exact.hi)-exact.lo) / ulp
}

// eligible says whether a peer may be called best: if it is as accurate as Lanes, or has the bits of Lanes. A tenth more
// is the luck of the sample; correct rounding, up to half an ULP, is as accurate as anything.
func eligible(peer, lanes Accuracy) bool {
	return peer.SameBits == peer.Checked || peer.ULP <= max(0.505, 1.1*lanes.ULP)
}
