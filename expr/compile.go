package expr

import (
	"sync"
	"sync/atomic"

	"github.com/lanes-go/lanes/simd"
)

// Options are given at Compile. The zero value is right: all cores, the best engine, results that keep
// every bit.
type Options struct {
	Threads int         // upper bound; 0 is GOMAXPROCS
	Engine  simd.Engine // Auto is what LANES_ENGINE says, else the best that runs here
	Limits  Limits
	Relaxed Relaxed
	NoCache bool // Run binds anew at each call
}

// Relaxed allows rewrites that change bits. Results are still the same on every engine and with any threads.
type Relaxed struct {
	Contract bool // a*b + c rounds once where the product has no other use
}

// Program is a compiled expression: parsed, names and arities checked. It is immutable and safe for
// concurrent use; what it learns about the dtypes and shapes it runs on is kept inside.
type Program struct {
	tree  *tree
	graph *graph
	opts  Options

	plain bool // no rewrites: for tests

	mu     sync.Mutex // held while binding
	bounds atomic.Pointer[[]*bound]
	clock  atomic.Int64 // counts bindings
}

// Compile parses text and checks its names. What depends on dtypes and shapes is checked when the program
// runs. The error is an *Error.
func Compile(text string, opts ...Options) (*Program, error) {
	var o Options
	if len(opts) > 0 {
		o = opts[0]
	}
	o.Limits = o.Limits.withDefaults()
	tree, err := parse(text, &o.Limits)
	if err != nil {
		return nil, err
	}
	graph, err := check(tree, &o.Limits)
	if err != nil {
		return nil, err
	}
	return &Program{tree: tree, graph: graph, opts: o}, nil
}

// MustCompile is Compile for texts that are constants: it panics if there is an error.
func MustCompile(text string, opts ...Options) *Program {
	p, err := Compile(text, opts...)
	if err != nil {
		panic(err)
	}
	return p
}

// String returns the canonical text: one statement per line, fixed spacing, no superfluous parentheses.
// It compiles to the same program.
func (p *Program) String() string { return p.tree.String() }

// Input is a free name of a program.
type Input struct {
	Name     string
	Optional bool // a constant, pi e inf nan, which Run replaces only if it is given
}

// Inputs returns the free names in order of first appearance.
func (p *Program) Inputs() []Input {
	list := make([]Input, len(p.graph.inputs))
	for i, in := range p.graph.inputs {
		list[i] = Input{Name: in.name, Optional: in.constant}
	}
	return list
}

// Results returns the names of the results. A result that is an expression and no name is called _1, _2,
// … by its place.
func (p *Program) Results() []string {
	list := make([]string, len(p.graph.results))
	for i, r := range p.graph.results {
		list[i] = r.name
	}
	return list
}
