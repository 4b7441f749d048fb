package expr

import (
	"fmt"
	"time"
)

// Limits bounds what one expression may cost. A zero field stands for the default, so the zero value is
// right for everyone; a violation is an error of kind ErrLimit that names the limit, the value and the
// place.
type Limits struct {
	SourceBytes int           // length of the text: 1 MiB
	Tokens      int           // tokens of the text: 262 144
	Nesting     int           // brackets, unary operators, ** and if inside each other: 1 000
	NameBytes   int           // length of one name: 1 024
	NumberBytes int           // length of one number: 4 096
	Inputs      int           // distinct inputs: 4 096
	Results     int           // results: 1 024
	Nodes       int           // nodes of the graph, counted while definitions are inlined: 1 000 000
	Constants   int           // distinct constants: 65 536
	Rank        int           // dimensions of a shape: 64
	CompileTime time.Duration // time to bind; beyond it what is left runs on the portable engine: 5 s
	OutputBytes int64         // bytes of one result: no cap but what the address space can hold
}

var defaultLimits = Limits{
	SourceBytes: 1 << 20,
	Tokens:      1 << 18,
	Nesting:     1000,
	NameBytes:   1024,
	NumberBytes: 4096,
	Inputs:      4096,
	Results:     1024,
	Nodes:       1_000_000,
	Constants:   1 << 16,
	Rank:        64,
	CompileTime: 5 * time.Second,
	OutputBytes: 1<<63 - 1,
}

// withDefaults returns l with every zero or negative field replaced by its default. Source offsets are
// int32, so a source beyond 1 GiB is never accepted.
func (l Limits) withDefaults() Limits {
	l.SourceBytes = min(orDefault(l.SourceBytes, defaultLimits.SourceBytes), 1<<30)
	l.Tokens = orDefault(l.Tokens, defaultLimits.Tokens)
	l.Nesting = orDefault(l.Nesting, defaultLimits.Nesting)
	l.NameBytes = orDefault(l.NameBytes, defaultLimits.NameBytes)
	l.NumberBytes = orDefault(l.NumberBytes, defaultLimits.NumberBytes)
	l.Inputs = orDefault(l.Inputs, defaultLimits.Inputs)
	l.Results = orDefault(l.Results, defaultLimits.Results)
	l.Nodes = orDefault(l.Nodes, defaultLimits.Nodes)
	l.Constants = orDefault(l.Constants, defaultLimits.Constants)
	l.Rank = min(orDefault(l.Rank, defaultLimits.Rank), defaultLimits.Rank)
	l.CompileTime = orDefault(l.CompileTime, defaultLimits.CompileTime)
	l.OutputBytes = orDefault(l.OutputBytes, defaultLimits.OutputBytes)
	return l
}

func orDefault[T ~int | ~int64](x, d T) T {
	if x <= 0 {
		return d
	}
	return x
}

// limitError is the error for a limit of the name that what exceeds. value is the first value beyond it.
func limitError(src string, pos, end int, what string, value, limit int) *Error {
	msg := fmt.Sprintf("%s: %d is beyond the limit of %d", what, value, limit)
	return newError(ErrLimit, src, pos, end, msg, "")
}
