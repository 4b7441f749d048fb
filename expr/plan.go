package expr

import (
	"math/big"
	"slices"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/simd"
)

// plan is how a bound program runs. Level by level it does the steps, the stages and the checks; all
// results are stored by stages of the last level, after every check.
type plan struct {
	cost   []int32 // by node: estimated cost of what a consumer would have to repeat
	level  []int32 // by node
	kept   []int32 // by node: the memory it is kept in, or none
	why    []string
	ints   []*big.Int // weak integer constants
	temps  []temp
	slots  int // scalars kept
	steps  []step
	stages []stage
	checks []powerCheck
}

// temp is memory for an intermediate value that is smaller than what it feeds, or that is looked at
// before the results may be written.
type temp struct {
	node int32
	slot int // of a value without axes; -1 if it has any
}

// step computes a scalar in Go: a weak integer operation, or a weak value as another dtype.
type step struct {
	level int32
	node  int32
}

// powerCheck is an exponent of an integer power that must not be negative.
type powerCheck struct {
	level    int32
	node     int32 // the exponent
	power    int32 // the power
	exponent int32 // index of its temp
}

// stage is one pass over the data: everything of one level and one space.
type stage struct {
	level   int32
	space   int32
	sources []source
	sinks   []sink
	kernel  *kernels.Stage
	dims    []int32 // classes of its axes
	program func(b *simd.Builder, src []simd.Value) []simd.Value
}

// source is an operand of a stage: an input or a kept value.
type source struct {
	node  int32
	input int32 // or none
	temp  int32 // or none
}

// sink is a value that a stage stores.
type sink struct {
	node   int32
	result int // or -1
	temp   int32
}

const (
	cheap    = 1      // cost of a load and one simple operation: repeated rather than kept
	costly   = 10     // cost of a function
	maxStage = 30_000 // instructions of a stage, roughly: a kernel holds 65 536

	// A cut raises the level by this much, so that it cannot be taken for one that a check or a step needs.
	levelsPerCut = 1 << 16
)

// cut decides which values are kept in memory, and in which stage every value is computed.
func (b *binder) cut() {
	n := len(b.nodes)
	used := b.used()
	b.cost, b.level, b.kept = make([]int32, n), make([]int32, n), filled(n)
	b.why = make([]string, n)
	spaces := make([]int32, n)
	for i := range b.nodes {
		spaces[i] = b.shapes.space(b.nodes[i].shape)
	}
	weight := 0 // of the nodes so far: a stage holds maxStage
	for i := range b.nodes {
		if !used[i] {
			continue
		}
		x := &b.nodes[i]
		b.cost[i] = costOf(x)
		if weight += int(b.cost[i]); b.cost[i] >= costly {
			weight += 200 // instructions at most
		}
		for k, a := range x.args {
			b.level[i] = max(b.level[i], b.levelFor(x, a, isIntPower(x) && k == 1))
		}
		if x.kind == tyCall && !isStep(x, b.nodes) {
			b.level[i] = max(b.level[i], int32(weight/maxStage)*levelsPerCut)
		}
		for k, a := range x.args {
			b.keepFor(int32(i), a, k, spaces)
			if b.kept[a] == none {
				b.cost[i] = min(b.cost[i]+b.cost[a], 1<<20)
			}
		}
		if isStep(x, b.nodes) {
			b.keep(int32(i), "a Go scalar is converted once per call")
			b.steps = append(b.steps, step{b.level[i], int32(i)})
		}
	}
	b.makeStages(spaces)
	slices.SortStableFunc(b.steps, func(x, y step) int { return int(x.level - y.level) })
	slices.SortStableFunc(b.checks, func(x, y powerCheck) int { return int(x.level - y.level) })
}

// used marks the nodes that the results need, and those that may fail.
func (b *binder) used() []bool {
	used := make([]bool, len(b.nodes))
	for _, id := range b.must {
		used[id] = isStep(&b.nodes[id], b.nodes) || isIntPower(&b.nodes[id])
	}
	for _, r := range b.results {
		used[r] = true
	}
	for i := len(b.nodes) - 1; i >= 0; i-- {
		if used[i] {
			for _, a := range b.nodes[i].args {
				used[a] = true
			}
		}
	}
	return used
}

// isStep reports whether a node is computed in Go: operations of weak integers, which are exact, and
// conversions of Go scalars and of integers that may not fit.
func isStep(n *typed, nodes []typed) bool {
	switch n.kind {
	case tyStrong:
		arg := &nodes[n.args[0]]
		mayNotFit := arg.dtype == kernels.Int64 && isInteger(n.dtype) && n.dtype != kernels.Int64
		return arg.kind != tyCall || mayNotFit || isStep(arg, nodes)
	case tyCall:
		return n.weak && n.dtype == kernels.Int64 && weakIntOps[n.fn] != nil && nodes[n.args[0]].weak
	}
	return false
}

// levelFor returns the least level of x for its operand a. Steps come before the stages of their level,
// checks after them.
func (b *binder) levelFor(x *typed, a int32, checked bool) int32 {
	arg := &b.nodes[a]
	afterStage := isStep(x, b.nodes) && arg.kind >= tyCall && !isStep(arg, b.nodes)
	if afterStage || checked && arg.kind != tyConst {
		return b.level[a] + 1
	}
	return b.level[a]
}

// keepFor keeps operand a of node i in memory if that is needed, or cheaper than computing it for every
// element of i.
func (b *binder) keepFor(i, a int32, k int, spaces []int32) {
	x, arg := &b.nodes[i], &b.nodes[a]
	switch {
	case arg.kind == tyConst:
	case k == 1 && isIntPower(x):
		b.keep(a, "the exponent of an integer power is checked before anything is written")
		b.checks = append(b.checks, powerCheck{b.level[a], a, i, b.kept[a]})
	case arg.kind == tyInput:
	case isStep(x, b.nodes):
		b.keep(a, "a scalar, computed once per call")
	case spaces[a] == spaces[i] && b.level[a]/levelsPerCut != b.level[i]/levelsPerCut:
		b.keep(a, "the program is cut here, because one kernel does not hold it")
	case spaces[a] == spaces[i]:
	case b.shapes.rank(arg.shape) == 0:
		b.keep(a, "a scalar, computed once per call")
	case b.cost[a] > cheap:
		b.keep(a, "smaller than what it feeds, and costs more than a load and an add")
	}
}

// keep gives node a memory.
func (b *binder) keep(a int32, why string) {
	if b.kept[a] != none {
		return
	}
	t := temp{node: a, slot: -1}
	if b.shapes.rank(b.nodes[a].shape) == 0 {
		t.slot = b.slots
		b.slots++
	}
	b.kept[a] = int32(len(b.temps))
	b.why[a] = why
	b.temps = append(b.temps, t)
}

// costOf is a rough price of one operation, in cheap ones.
func costOf(n *typed) int32 {
	if n.kind != tyCall {
		return 0
	}
	switch n.fn.Name {
	case "add", "subtract", "multiply", "negative", "positive", "abs", "minimum", "maximum", "where",
		"less", "less_equal", "greater", "greater_equal", "equal", "not_equal",
		"logical_and", "logical_or", "logical_xor", "logical_not",
		"bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_invert":
		return int32(max(len(n.args)-1, 1))
	}
	if dtypeNames[n.fn.Name] != kernels.Invalid {
		return cheap
	}
	return costly
}

// makeStages collects what is stored, by level and space, and orders the stages: what they read is stored
// before.
func (b *binder) makeStages(spaces []int32) {
	last := int32(0)
	for _, r := range b.results {
		last = max(last, b.level[r])
	}
	for _, s := range b.steps { // nothing is written before all that may fail
		last = max(last, s.level)
	}
	for _, c := range b.checks {
		last = max(last, c.level+1)
	}
	index := map[[2]int32]int{}
	put := func(level int32, s sink) {
		key := [2]int32{level, spaces[s.node]}
		i, ok := index[key]
		if !ok {
			i = len(b.stages)
			index[key] = i
			b.stages = append(b.stages, stage{level: level, space: key[1]})
		}
		b.stages[i].sinks = append(b.stages[i].sinks, s)
	}
	for i, t := range b.temps {
		if !isStep(&b.nodes[t.node], b.nodes) {
			put(b.level[t.node], sink{t.node, -1, int32(i)})
		}
	}
	for i, r := range b.results {
		put(last, sink{r, i, none})
	}
	for i := range b.stages {
		s := &b.stages[i]
		for _, k := range s.sinks { // of all shapes in the space the longest: others have fewer leading ones
			if dims := b.shapes.shapes[b.nodes[k.node].shape]; len(dims) > len(s.dims) {
				s.dims = dims
			}
		}
	}
	slices.SortStableFunc(b.stages, func(x, y stage) int {
		if x.level != y.level {
			return int(x.level - y.level)
		}
		return b.shapes.rank(x.space) - b.shapes.rank(y.space)
	})
}

// isSource reports whether a stage reads node a from memory instead of computing it.
func (b *binder) isSource(s *stage, a int32) bool {
	n := &b.nodes[a]
	if n.kind == tyInput {
		return true
	}
	here := b.level[a] == s.level && b.shapes.space(n.shape) == s.space
	return b.kept[a] != none && (isStep(n, b.nodes) || !here)
}

// emit finds the sources of a stage and makes the function that builds its program.
func (b *binder) emit(s *stage) {
	order := b.needed(s)
	slot := map[int32]int{}
	for _, a := range order {
		if !b.isSource(s, a) {
			continue
		}
		src := source{node: a, input: none, temp: b.kept[a]}
		if n := &b.nodes[a]; n.kind == tyInput {
			src.input, src.temp = int32(n.bits), none
		}
		slot[a] = len(s.sources)
		s.sources = append(s.sources, src)
	}
	nodes := b.nodes
	s.program = func(sb *simd.Builder, src []simd.Value) []simd.Value {
		values := make(map[int32]simd.Value, len(order))
		for _, a := range order {
			if i, ok := slot[a]; ok {
				values[a] = src[i]
			} else {
				values[a] = lower(sb, nodes, a, values)
			}
		}
		out := make([]simd.Value, len(s.sinks))
		for i, k := range s.sinks {
			out[i] = values[k.node]
		}
		return out
	}
}

// needed returns what a stage computes or reads, operands before what they feed.
func (b *binder) needed(s *stage) (order []int32) {
	seen := map[int32]bool{}
	var stack []int32
	for _, k := range s.sinks {
		stack = append(stack, k.node)
	}
	for len(stack) > 0 {
		a := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[a] {
			continue
		}
		seen[a] = true
		order = append(order, a)
		if !b.isSource(s, a) {
			stack = append(stack, b.nodes[a].args...)
		}
	}
	slices.Sort(order)
	return order
}

// lower emits the code of one node; values has its operands.
func lower(sb *simd.Builder, nodes []typed, a int32, values map[int32]simd.Value) simd.Value {
	n := &nodes[a]
	switch n.kind {
	case tyConst:
		return kernels.ConstValue(sb, n.dtype, n.bits)
	case tyStrong:
		return kernels.CastValue(sb, values[n.args[0]], nodes[n.args[0]].dtype, n.dtype)
	}
	args := make([]simd.Value, len(n.args))
	for i, x := range n.args {
		args[i] = values[x]
	}
	return n.fn.Lower(sb, n.operands, args)
}
