package main

import (
	"fmt"
	"strings"
)

// Ceilings are what the machine can do at most, measured in the same run.
type Ceilings struct {
	Bandwidth []Bandwidth `json:"bandwidth"`
	FMA       []FMAPeak   `json:"fma"`
}

// Bandwidth is the rate at which memory moves in one pattern, in 1e9 bytes a second that the program reads or
// writes.
type Bandwidth struct {
	Pattern   string  `json:"pattern"` // read, and with a result fill, copy, add, triad (0 to 3 sources)
	N         int     `json:"n"`       // elements of float64
	Threads   int     `json:"threads"`
	Ordinary  float64 `json:"ordinary_gb_s"`
	Streaming float64 `json:"non_temporal_gb_s"` // with non-temporal stores; 0 for read
	Streams   int     `json:"streams"`           // in which the best of both walked through memory
}

// FMAPeak is the rate of fused multiply-adds, in 1e9 operations a second, two for each.
type FMAPeak struct {
	DType   string  `json:"dtype"`
	Threads int     `json:"threads"`
	GFLOPS  float64 `json:"gflop_s"`
}

// limit is the least time of one element of a case in nanoseconds, 0 if the ceiling was not measured: its
// bytes at the best bandwidth of its pattern, or its operations at the FMA peak.
func (c *Ceilings) limit(d *Data, threads int) float64 {
	bytes, pattern := d.Case.bytes(d.DType)
	best := 0.0
	for _, b := range c.Bandwidth {
		if b.Pattern == pattern && b.Threads == threads && magnitude(b.N) == magnitude(d.N) {
			best = bytes / max(b.Ordinary, b.Streaming)
		}
	}
	for _, f := range c.FMA {
		if f.DType == d.DType && f.Threads == threads {
			best = max(best, d.Case.Flops/f.GFLOPS)
		}
	}
	return best
}

func (c *Ceilings) markdown() string {
	var b strings.Builder
	b.WriteString("| | threads | ordinary | non-temporal | streams |\n|---|--:|--:|--:|--:|\n")
	for _, f := range c.FMA {
		fmt.Fprintf(&b, "| FMA peak %s, GFLOP/s | %d | %s | | |\n", f.DType, f.Threads, figure(f.GFLOPS))
	}
	for _, w := range c.Bandwidth {
		fmt.Fprintf(&b, "| %s n=%s, GB/s | %d | %s | %s | %d |\n", w.Pattern, shortNumber(w.N), w.Threads,
			figure(w.Ordinary), figure(w.Streaming), w.Streams)
	}
	return b.String()
}
