package expr

import (
	"slices"
	"strconv"
	"strings"
)

// When a program is bound, a shape is a list of classes: 0 is an axis of length one, any other class
// stands for the axes of inputs that must have one and the same length. Lengths themselves are not known
// to a bound program, so it serves arrays of every length.

// axis is an axis of an input, counted from its first.
type axis struct{ input, axis int32 }

// shapeTable interns shapes. Broadcasting two axes makes their classes one.
type shapeTable struct {
	parent []int32   // by class: union-find
	axes   []axis    // by class: the axis it was made for
	shapes [][]int32 // by number
	ids    map[string]int32
	joins  map[[2]int32]int32
}

func newShapeTable() *shapeTable {
	return &shapeTable{parent: []int32{0}, axes: []axis{{}}, ids: map[string]int32{},
		joins: map[[2]int32]int32{}}
}

func (t *shapeTable) class(a axis) int32 {
	t.parent = append(t.parent, int32(len(t.parent)))
	t.axes = append(t.axes, a)
	return int32(len(t.parent) - 1)
}

func (t *shapeTable) root(c int32) int32 {
	for t.parent[c] != c {
		t.parent[c] = t.parent[t.parent[c]]
		c = t.parent[c]
	}
	return c
}

// intern returns the number of a shape.
func (t *shapeTable) intern(dims []int32) int32 {
	key := make([]byte, 0, 64)
	for _, d := range dims {
		key = append(strconv.AppendInt(key, int64(d), 36), ',')
	}
	id, ok := t.ids[string(key)]
	if !ok {
		id = int32(len(t.shapes))
		t.shapes = append(t.shapes, slices.Clone(dims))
		t.ids[string(key)] = id
	}
	return id
}

// join broadcasts two shapes.
func (t *shapeTable) join(x, y int32) int32 {
	if x == y {
		return x
	}
	if id, ok := t.joins[[2]int32{x, y}]; ok {
		return id
	}
	a, b := t.shapes[x], t.shapes[y]
	if len(a) < len(b) {
		a, b = b, a
	}
	dims := slices.Clone(a)
	for i, c := range b {
		d := &dims[len(a)-len(b)+i]
		switch {
		case *d == 0:
			*d = c
		case c != 0:
			t.parent[max(t.root(*d), t.root(c))] = min(t.root(*d), t.root(c))
		}
	}
	id := t.intern(dims)
	t.joins[[2]int32{x, y}] = id
	return id
}

// settle renumbers shapes when all joins are done: shapes that turned out equal get one number. It
// returns the new number of every old one.
func (t *shapeTable) settle() []int32 {
	old := t.shapes
	t.shapes, t.ids, t.joins = nil, map[string]int32{}, map[[2]int32]int32{}
	renamed := make([]int32, len(old))
	for i, dims := range old {
		for j, c := range dims {
			dims[j] = t.root(c)
		}
		renamed[i] = t.intern(dims)
	}
	return renamed
}

// space returns the number of a shape without its leading axes of length one: what has the same space
// runs in the same loops.
func (t *shapeTable) space(shape int32) int32 {
	dims := t.shapes[shape]
	i := 0
	for i < len(dims) && dims[i] == 0 {
		i++
	}
	if i == 0 {
		return shape
	}
	return t.intern(dims[i:])
}

// rank returns the number of axes that are not of length one.
func (t *shapeTable) rank(shape int32) int {
	n := 0
	for _, c := range t.shapes[shape] {
		if c != 0 {
			n++
		}
	}
	return n
}

// inferShapes gives every live value of the graph its shape.
func (b *binder) inferShapes() {
	b.shapes = newShapeTable()
	t := b.shapes
	scalar := t.intern(nil)
	b.shapeOf = make([]int32, len(b.g.values))
	for i := range b.g.values {
		v := &b.g.values[i]
		if !b.live[i] {
			continue
		}
		id := scalar
		if v.kind == vInput {
			in := b.in[v.val]
			dims := make([]int32, len(in.wide))
			for k, wide := range in.wide {
				if wide {
					dims[k] = t.class(axis{int32(v.val), int32(k)})
				}
			}
			id = t.intern(dims)
		}
		for _, a := range v.args {
			id = t.join(id, b.shapeOf[a])
		}
		b.shapeOf[i] = id
	}
	renamed := t.settle()
	for i, id := range b.shapeOf {
		b.shapeOf[i] = renamed[id]
	}
}

// equalAxes lists, for every class that has more than one axis, the axes that must be as long as the
// class's own.
func (t *shapeTable) equalAxes() (pairs [][2]axis) {
	for c := 1; c < len(t.parent); c++ {
		if r := t.root(int32(c)); r != int32(c) {
			pairs = append(pairs, [2]axis{t.axes[r], t.axes[c]})
		}
	}
	return pairs
}

// shapeError finds where the shapes of a call do not fit, the leftmost place first; nil if they do.
func (p *Program) shapeError(c *call) *Error {
	g := p.graph
	live := g.live()
	shapes := make([][]int, len(g.values))
	var first *Error
	for i := range g.values {
		v := &g.values[i]
		if !live[i] {
			continue
		}
		if v.kind == vInput {
			shapes[i] = c.shape(int(v.val))
		}
		for _, a := range v.args {
			joined, ok := broadcast(shapes[i], shapes[a])
			if !ok {
				if first == nil || int(v.pos) < first.Offset {
					msg := "cannot broadcast " + formatShape(shapes[i]) + " with " + formatShape(shapes[a])
					first = p.failAt(ErrShape, v, msg, "")
					first.Operands = c.describe(p, int32(i))
				}
				joined = nil
			}
			shapes[i] = joined
		}
	}
	return first
}

// broadcast joins two shapes by NumPy's rule.
func broadcast(x, y []int) ([]int, bool) {
	if len(x) < len(y) {
		x, y = y, x
	}
	if len(y) == 0 {
		return x, true
	}
	z := slices.Clone(x)
	for i, n := range y {
		d := &z[len(x)-len(y)+i]
		switch {
		case *d == 1:
			*d = n
		case n != 1 && n != *d:
			return nil, false
		}
	}
	return z, true
}

func formatShape(shape []int) string {
	s := make([]string, len(shape))
	for i, n := range shape {
		s[i] = strconv.Itoa(n)
	}
	return "(" + strings.Join(s, ",") + ")"
}

// live marks the values that the results need.
func (g *graph) live() []bool {
	live := make([]bool, len(g.values))
	for _, r := range g.results {
		live[r.value] = true
	}
	for i := len(g.values) - 1; i >= 0; i-- {
		if live[i] {
			for _, a := range g.values[i].args {
				live[a] = true
			}
		}
	}
	return live
}

func (p *Program) failAt(kind error, v *value, msg, hint string) *Error {
	return newError(kind, p.graph.src, int(v.pos), int(v.end), msg, hint)
}
