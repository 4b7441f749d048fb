package main

import (
	"slices"
	"strings"
	"time"
)

// Overhead is what one call costs where the work does not matter, in microseconds, by contender.
type Overhead struct {
	Case string             `json:"case"`
	US   map[string]float64 `json:"us"`
}

// line lists the contenders, the fastest first.
func (o Overhead) line() string {
	names := make([]string, 0, len(o.US))
	for name := range o.US {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if o.US[a] != o.US[b] {
			if o.US[a] < o.US[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] += " " + figure(o.US[name])
	}
	return strings.Join(names, "; ")
}

// measureOverhead times calls on 8 elements and the compilation of an expression never seen before.
func measureOverhead(w *worker, e Effort) ([]Overhead, error) {
	rows := []Overhead{{Case: "call_add8"}, {Case: "call_axpby8"}, {Case: "compile_10ops"},
		{Case: "call_axpby8, 64 goroutines at once"}}
	for i := range rows {
		rows[i].US = map[string]float64{}
	}
	add := map[string]func(){}
	c := &cases[slices.IndexFunc(cases, func(c Case) bool { return c.Name == "add" })]
	d := newData(c, "f64", 8)
	loop := c.Go[0](d)
	add["go"] = func() { loop(0, 8) }
	for _, l := range c.Libs {
		if l.DType == d.DType {
			add[l.Name] = l.Make(d)
		}
	}
	for name, f := range add {
		rows[0].US[name] = microseconds(f, e)
	}
	if err := lanesOverhead(rows, e); err != nil {
		return nil, err
	}
	if w == nil {
		return rows, nil
	}
	var reply struct{ US map[string]map[string]float64 }
	if err := w.ask(&reply, request{Op: "overhead"}); err != nil {
		return nil, err
	}
	for _, row := range rows {
		for name, us := range reply.US[row.Case] {
			row.US[name] = us
		}
	}
	return rows, nil
}

// microseconds is the least time of one call of f.
func microseconds(f func(), e Effort) float64 {
	c := Contender{Sample: func(reps int) (time.Duration, error) {
		start := time.Now()
		for range reps {
			f()
		}
		return time.Since(start), nil
	}}
	t, _ := measure([]Contender{c}, 1, e)
	return t[0].Min / 1000
}
