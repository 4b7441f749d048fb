package expr

import (
	"fmt"
	"math"
	"math/big"

	"github.com/lanes-go/lanes/kernels"
)

// valueKind is the kind of a node of the graph.
type valueKind uint8

const (
	vInput valueKind = iota // val: number of the input
	vBool                   // weak constant; val: 0 or 1
	vInt                    // weak constant; val: index into graph.ints
	vFloat                  // weak constant; val: bits
	vCall                   // fn of its operands
)

// value is one node of the graph. Equal values are one node, at the place in the source where it stands
// first.
type value struct {
	kind     valueKind
	fn       *kernels.Func // of vCall
	val      uint64
	args     []int32
	pos, end int32
}

// input is one input of a program.
type input struct {
	name     string
	constant bool    // one of pi, e, inf, nan: Run may do without it
	def      float64 // its value
	pos, end int32   // where it stands first
}

var constants = map[string]float64{"pi": math.Pi, "e": math.E, "inf": math.Inf(1), "nan": math.NaN()}

// graph is what a program means: values without names, in an order in which operands come first. It is
// immutable once checked.
type graph struct {
	src     string
	values  []value
	ints    []*big.Int
	inputs  []input
	results []result
}

// result is one result of a program.
type result struct {
	name  string
	value int32
}

// valueKey identifies a value. Operands beyond the third stand in more.
type valueKey struct {
	kind valueKind
	fn   *kernels.Func
	val  uint64
	args [3]int32
	more string
}

// graphBuilder adds values to a graph, each once.
type graphBuilder struct {
	graph
	lim        *Limits
	seen       map[valueKey]int32
	arena      []int32 // operands of all values
	ints       map[string]int32
	constCount int // so far
}

// add returns the node of a value, which is new or was there already.
func (g *graphBuilder) add(v value, args ...int32) int32 {
	key := valueKey{kind: v.kind, fn: v.fn, val: v.val}
	key.args = [3]int32{none, none, none}
	if copy(key.args[:], args) < len(args) {
		key.more = fmt.Sprint(args[3:])
	}
	if v.fn != nil && v.fn.Commutes && len(args) == 2 && key.args[0] > key.args[1] {
		key.args[0], key.args[1] = key.args[1], key.args[0]
	}
	if id, ok := g.seen[key]; ok {
		return id
	}
	if len(g.values) >= g.lim.Nodes {
		panic(limitError(g.src, int(v.pos), int(v.end), "nodes", len(g.values)+1, g.lim.Nodes))
	}
	lo := len(g.arena)
	g.arena = append(g.arena, args...)
	v.args = g.arena[lo:len(g.arena):len(g.arena)]
	id := int32(len(g.values))
	g.values = append(g.values, v)
	g.seen[key] = id
	return id
}

// constant adds a weak constant.
func (g *graphBuilder) constant(v value) int32 {
	n := len(g.values)
	id := g.add(v)
	if len(g.values) > n {
		if g.constCount++; g.constCount > g.lim.Constants {
			panic(limitError(g.src, int(v.pos), int(v.end), "constants", g.constCount, g.lim.Constants))
		}
	}
	return id
}

// integer adds a weak integer constant.
func (g *graphBuilder) integer(x *big.Int, pos, end int32) int32 {
	text := x.Text(62)
	id, ok := g.ints[text]
	if !ok {
		id = int32(len(g.graph.ints))
		g.graph.ints = append(g.graph.ints, x)
		g.ints[text] = id
	}
	return g.constant(value{kind: vInt, val: uint64(id), pos: pos, end: end})
}

// isConstInt returns the value of a weak bool or int constant.
func (g *graph) isConstInt(id int32) (*big.Int, bool) {
	switch v := &g.values[id]; v.kind {
	case vInt:
		return g.ints[v.val], true
	case vBool:
		return big.NewInt(int64(v.val)), true
	}
	return nil, false
}
