package expr

import (
	"math"
	"strconv"
	"strings"

	"github.com/lanes-go/lanes/kernels"
)

// checker resolves names and arities and builds the graph of a program, statement by statement.
// Definitions are inlined by a loop over frames: neither deep chains of definitions nor deep trees use
// Go's stack.
type checker struct {
	*tree
	graphBuilder
	calls    []callee // by node, for nCall
	vals     []int32  // by node: the value of nodes outside definitions
	problem  *Error   // the leftmost static problem of the statement
	locals   []int32  // by name: the value assigned last, or none
	inputIDs []int32  // by name: the input's value, or none
	defs     []*definition
	defNames map[int32]*definition // the definition of a name so far
	memo     map[string][]int32    // result of a definition for its arguments
	allDefs  map[int32]*statement  // the first definition of each name
	frames   []frame
	frameVal []int32 // values of the nodes of all frames
	steps    int     // nodes of definitions inlined so far
}

const none = int32(-1)

// callee is what a call calls: a definition, a pair of functions, or a function.
type callee struct {
	def  *definition
	pair [2]*kernels.Func
	fn   *kernels.Func
}

// definition is a user's function f(x) = …
type definition struct {
	name   int32
	params map[int32]int // by name: position
	lo, hi int32         // nodes of the body
	body   int32
	free   map[int32]int32 // by node: value of a name that is no parameter
	number int
}

// frame is an inlining in progress.
type frame struct {
	def    *definition
	args   []int32
	at     int32 // next node
	base   int   // of its values in frameVal
	caller int32 // node of the call
	key    string
}

// check builds the graph of a tree.
func check(t *tree, lim *Limits) (g *graph, err *Error) {
	c := &checker{tree: t, calls: make([]callee, len(t.nodes)), vals: make([]int32, len(t.nodes))}
	c.lim = lim
	c.graph.src = t.src
	c.seen = make(map[valueKey]int32, len(t.nodes))
	c.values = make([]value, 0, len(t.nodes))
	c.graphBuilder.ints = map[string]int32{}
	c.locals = filled(len(t.names))
	c.inputIDs = filled(len(t.names))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error: // from c.fail and limits
			g, err = nil, r
		default:
			panic(r)
		}
	}()
	for i := range t.stmts {
		c.statement(&t.stmts[i])
	}
	c.results()
	return &c.graph, nil
}

func filled(n int) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = none
	}
	return s
}

func (c *checker) fail(kind error, n *node, msg, hint string) {
	panic(newError(kind, c.tree.src, int(n.pos), int(n.end), msg, hint))
}

// report keeps the leftmost problem.
func (c *checker) report(kind error, n *node, msg, hint string) {
	if c.problem == nil || int(n.pos) < c.problem.Offset {
		c.problem = newError(kind, c.tree.src, int(n.pos), int(n.end), msg, hint)
	}
}

func (c *checker) statement(s *statement) {
	for i := s.lo; i < s.hi; i++ {
		c.static(i, s)
	}
	for _, x := range s.exprs {
		c.operand(x)
	}
	if c.problem != nil {
		panic(c.problem)
	}
	if s.define {
		c.define(s)
		return
	}
	for i := s.lo; i < s.hi; i++ {
		c.vals[i] = c.evaluate(i)
	}
	if len(s.names) > 0 {
		c.assign(s)
	}
}

// assign gives names their values; all values are computed before.
func (c *checker) assign(s *statement) {
	var vals []int32
	for _, x := range s.exprs {
		if pair := c.calls[x].pair; c.nodes[x].kind == nCall && pair[0] != nil {
			vals = append(vals, c.pairOf(x)...)
			continue
		}
		vals = append(vals, c.vals[x])
	}
	if len(vals) != len(s.names) {
		panic(newError(ErrArity, c.tree.src, int(s.pos), int(s.end),
			plural(len(s.names), "name")+" for "+plural(len(vals), "value"), ""))
	}
	for i, tok := range s.names {
		c.locals[c.name(c.nameAt(tok))] = vals[i]
	}
}

// pairOf returns both values of a call of a function with two results.
func (c *checker) pairOf(x int32) []int32 {
	n := &c.nodes[x]
	args := c.arguments(n)
	return []int32{c.call(c.calls[x].pair[0], n, args...), c.call(c.calls[x].pair[1], n, args...)}
}

// arguments returns the values of the arguments of a call outside definitions.
func (c *checker) arguments(n *node) []int32 {
	args := make([]int32, 0, n.c-n.b)
	for _, x := range c.list[n.b:n.c] {
		args = append(args, c.vals[x])
	}
	return args
}

// define keeps a definition. Its free names mean what they mean here, and it is seen from here on.
func (c *checker) define(s *statement) {
	d := &definition{name: s.name, params: map[int32]int{}, lo: s.lo, hi: s.hi, body: s.exprs[0],
		free: map[int32]int32{}, number: len(c.defs)}
	for i, tok := range s.names {
		d.params[c.name(c.nameAt(tok))] = i
	}
	for i := s.lo; i < s.hi; i++ {
		if n := &c.nodes[i]; n.kind == nName {
			if _, ok := d.params[n.a]; !ok {
				d.free[i] = c.lookup(n)
			}
		}
	}
	if c.defNames == nil {
		c.defNames = map[int32]*definition{}
		c.memo = map[string][]int32{}
	}
	c.defs = append(c.defs, d)
	c.defNames[s.name] = d
}

// lookup returns the value of a name outside parameters: a local, or an input.
func (c *checker) lookup(n *node) int32 {
	if id := c.locals[n.a]; id != none {
		return id
	}
	if id := c.inputIDs[n.a]; id != none {
		return id
	}
	if len(c.inputs) == c.lim.Inputs {
		panic(limitError(c.tree.src, int(n.pos), int(n.end), "inputs", len(c.inputs)+1, c.lim.Inputs))
	}
	in := input{name: c.names[n.a], pos: n.pos, end: n.end}
	in.def, in.constant = constants[in.name]
	c.inputs = append(c.inputs, in)
	id := c.add(value{kind: vInput, val: uint64(len(c.inputs) - 1), pos: n.pos, end: n.end})
	c.inputIDs[n.a] = id
	return id
}

// evaluate returns the value of a node outside definitions.
func (c *checker) evaluate(x int32) int32 {
	n := &c.nodes[x]
	switch {
	case n.kind == nName:
		return c.lookup(n)
	case n.kind != nCall:
		return c.build(n, c.vals)
	case c.calls[x].def == nil:
		return c.callValue(x, n, c.arguments(n))
	}
	return c.inline(c.calls[x].def, c.arguments(n), x)
}

// inline returns the value of a definition's body for its arguments.
func (c *checker) inline(d *definition, args []int32, caller int32) int32 {
	if v, ok := c.push(d, args, caller); ok {
		return v
	}
	for {
		f := &c.frames[len(c.frames)-1]
		if f.at == f.def.hi {
			v := c.frameVal[f.base+int(f.def.body-f.def.lo)]
			c.memo[f.key] = []int32{v}
			c.frameVal = c.frameVal[:f.base]
			c.frames = c.frames[:len(c.frames)-1]
			if len(c.frames) == 0 {
				return v
			}
			f = &c.frames[len(c.frames)-1]
			c.frameVal[f.base+int(f.at-f.def.lo)] = v
			f.at++
			continue
		}
		if v, ok := c.step(f); ok {
			f.vals(c)[f.at-f.def.lo] = v
			f.at++
		}
	}
}

func (f *frame) vals(c *checker) []int32 { return c.frameVal[f.base:] }

// step evaluates one node of a definition's body. A call of another definition that has no value yet gets
// a frame of its own instead.
func (c *checker) step(f *frame) (v int32, ok bool) {
	x := f.at
	n := &c.nodes[x]
	if c.steps++; c.steps > c.lim.Nodes {
		call := &c.nodes[c.frames[0].caller]
		panic(limitError(c.tree.src, int(call.pos), int(call.end), "nodes of inlined definitions", c.steps,
			c.lim.Nodes))
	}
	switch n.kind {
	case nName:
		if i, ok := f.def.params[n.a]; ok {
			return f.args[i], true
		}
		return f.def.free[x], true
	case nCall:
		args := make([]int32, 0, n.c-n.b)
		for _, y := range c.list[n.b:n.c] {
			args = append(args, f.vals(c)[y-f.def.lo])
		}
		if d := c.calls[x].def; d != nil {
			return c.push(d, args, x)
		}
		return c.callValue(x, n, args), true
	}
	return c.buildAt(n, f.vals(c), f.def.lo), true
}

// push starts inlining, unless the value is known from before.
func (c *checker) push(d *definition, args []int32, caller int32) (int32, bool) {
	key := strconv.AppendInt(nil, int64(d.number), 36)
	for _, a := range args {
		key = strconv.AppendInt(append(key, ','), int64(a), 36)
	}
	if v, ok := c.memo[string(key)]; ok {
		return v[0], true
	}
	base := len(c.frameVal)
	c.frameVal = append(c.frameVal, make([]int32, d.hi-d.lo)...)
	c.frames = append(c.frames, frame{def: d, args: args, at: d.lo, base: base, caller: caller,
		key: string(key)})
	return none, false
}

func (c *checker) build(n *node, vals []int32) int32 { return c.buildAt(n, vals, 0) }

// buildAt returns the value of a node that is neither name nor call; vals[x-lo] is the value of operand
// x. What is no value in itself (strings, tuples, …) gives none.
func (c *checker) buildAt(n *node, vals []int32, lo int32) int32 {
	switch n.kind {
	case nInt:
		return c.integer(c.consts[n.a].i, n.pos, n.end)
	case nFloat:
		return c.constant(value{kind: vFloat, val: math.Float64bits(c.consts[n.a].f), pos: n.pos, end: n.end})
	case nTrue:
		return c.constant(value{kind: vBool, val: 1, pos: n.pos, end: n.end})
	case nFalse:
		return c.constant(value{kind: vBool, val: 0, pos: n.pos, end: n.end})
	case nUnary:
		return c.call(unaryFuncs[n.op], n, vals[n.a-lo])
	case nBinary:
		return c.call(binaryFuncs[n.op], n, vals[n.a-lo], vals[n.b-lo])
	case nChain: // a < b < c is (a < b) and (b < c), b computed once
		link := c.call(binaryFuncs[n.op], n, vals[c.nodes[n.a].b-lo], vals[n.b-lo])
		return c.call(binaryFuncs[tAnd], n, vals[n.a-lo], link)
	case nIf:
		return c.call(whereFunc, n, vals[n.a-lo], vals[n.b-lo], vals[n.c-lo])
	}
	return none
}

// callValue returns the value of a call of anything but a definition.
func (c *checker) callValue(x int32, n *node, args []int32) int32 {
	switch callee := &c.calls[x]; {
	case callee.pair[0] != nil:
		return none // assign and results take both
	default:
		if c.names[n.a] == "astype" {
			args = args[:1] // the other names the dtype
		}
		return c.call(callee.fn, n, args...)
	}
}

// call adds a call of fn. Operations of integer constants are done here, exactly.
func (c *checker) call(fn *kernels.Func, n *node, args ...int32) int32 {
	if id := c.foldInt(fn, n, args); id != none {
		return id
	}
	return c.add(value{kind: vCall, fn: fn, pos: n.pos, end: n.end}, args...)
}

// foldInt computes an operation of integer constants, or gives none.
func (c *checker) foldInt(fn *kernels.Func, n *node, args []int32) int32 {
	x, ok := c.isConstInt(args[0])
	if !ok || len(args) > 2 {
		return none
	}
	y, last := x, args[len(args)-1]
	if y, ok = c.isConstInt(last); !ok || c.values[args[0]].kind == vBool && c.values[last].kind == vBool {
		return none
	}
	z, ok, err := weakInt(fn, x, y)
	if err != nil {
		c.failWeak(n, err)
	}
	if !ok {
		return none
	}
	return c.integer(z, n.pos, n.end)
}

func (c *checker) failWeak(n *node, err error) {
	if err == errIntNegPower {
		c.fail(ErrValue, n, err.Error(), hintNegPower)
	}
	c.fail(ErrOverflow, n, "integer constants compute in int64: "+err.Error(), hintWeakRange)
}

// results finds the results: the values of the last statement if it is a list of expressions, else every
// assigned name that does not begin with an underscore.
func (c *checker) results() {
	last := &c.stmts[len(c.stmts)-1]
	if !last.define && len(last.names) == 0 {
		for i, x := range last.exprs {
			name := "_" + strconv.Itoa(i+1)
			if c.nodes[x].kind == nName {
				name = c.names[c.nodes[x].a]
			}
			if pair := c.calls[x].pair; c.nodes[x].kind == nCall && pair[0] != nil {
				for j, v := range c.pairOf(x) {
					c.result(name+"_"+strconv.Itoa(j+1), v, c.nodes[x].pos, c.nodes[x].end)
				}
				continue
			}
			c.result(name, c.vals[x], c.nodes[x].pos, c.nodes[x].end)
		}
		return
	}
	done := map[string]bool{}
	for _, s := range c.stmts {
		for _, tok := range s.names {
			name := c.nameAt(tok)
			if s.define || done[name] || strings.HasPrefix(name, "_") {
				continue
			}
			done[name] = true
			c.result(name, c.locals[c.name(name)], tok.pos, tok.end)
		}
	}
	if len(c.graph.results) == 0 {
		panic(newError(ErrSyntax, c.tree.src, len(c.tree.src), len(c.tree.src), "the program has no result",
			"end with an expression"))
	}
}

func (c *checker) result(name string, v, pos, end int32) {
	if len(c.graph.results) == c.lim.Results {
		panic(limitError(c.tree.src, int(pos), int(end), "results", len(c.graph.results)+1, c.lim.Results))
	}
	c.graph.results = append(c.graph.results, result{name, v})
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
