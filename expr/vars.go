package expr

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/ndarray"
)

// Vars gives inputs their values: *ndarray.Array, Go numbers and bools, and slices of them. A Go bool,
// int or float64 is weak: it takes part with its kind and adapts to the dtype it meets, as literals do.
// All others, and 0-d arrays, have the dtype of their type. Slices are arrays of one axis; they are read
// in place.
type Vars map[string]any

// callInput is the value of one input in one call.
type callInput struct {
	op    kernels.Operand
	array *ndarray.Array // or nil
	bits  uint64         // of a scalar; op.Ptr points here
	lo    int            // its shape is call.dims[lo : lo+rank]
	rank  int
	weak  bool
}

// collect puts the inputs of a call into c, with the key of their dtypes and ranks.
func (p *Program) collect(c *call, vars Vars, dst kernels.DType) *Error {
	c.reset(len(p.graph.inputs))
	c.key = append(c.key, byte(dst))
	for i := range p.graph.inputs {
		in := &p.graph.inputs[i]
		v, ok := vars[in.name]
		if !ok {
			if !in.constant {
				return p.missing(in, vars)
			}
			c.key = append(c.key, 0)
			continue
		}
		if !c.set(i, v) {
			return newError(ErrValue, p.graph.src, int(in.pos), int(in.end),
				fmt.Sprintf("input %q is %s", in.name, describeGo(v)),
				"give an *ndarray.Array, a Go number or a slice of numbers")
		}
		if r := c.in[i].rank; r > p.opts.Limits.Rank {
			return limitError(p.graph.src, int(in.pos), int(in.end), "rank", r, p.opts.Limits.Rank)
		}
		c.addKey(i)
	}
	return nil
}

// addKey appends what binding depends on: dtype, weakness, rank, and which axes are of length one.
func (c *call) addKey(i int) {
	in := &c.in[i]
	kind := byte(in.op.DType)
	if in.weak {
		kind |= 0x80
	}
	c.key = append(c.key, kind, byte(in.rank))
	var mask byte
	for k, n := range c.dims[in.lo : in.lo+in.rank] {
		if n != 1 {
			mask |= 1 << (k & 7)
		}
		if k&7 == 7 {
			c.key = append(c.key, mask)
			mask = 0
		}
	}
	if in.rank&7 != 0 {
		c.key = append(c.key, mask)
	}
}

// types returns the types of the inputs for bind.
func (c *call) types() []inputType {
	list := make([]inputType, len(c.in))
	for i := range c.in {
		in := &c.in[i]
		list[i] = inputType{dtype: in.op.DType, weak: in.weak}
		for _, n := range c.shape(i) {
			list[i].wide = append(list[i].wide, n != 1)
		}
	}
	return list
}

// shape returns the shape of an input.
func (c *call) shape(i int) []int {
	in := &c.in[i]
	return c.dims[in.lo : in.lo+in.rank]
}

// set gives input i the value v. It reports whether v is something an input can be.
func (c *call) set(i int, v any) bool {
	switch v := v.(type) {
	case *ndarray.Array:
		if v == nil {
			return false
		}
		in := &c.in[i]
		in.array, in.op, in.lo = v, v.Operand(), len(c.dims)
		c.dims = v.AppendShape(c.dims)
		in.rank = len(c.dims) - in.lo
	case float64:
		c.scalar(i, kernels.Float64, math.Float64bits(v), true)
	case int:
		c.scalar(i, kernels.Int64, uint64(v), true)
	case bool:
		c.scalar(i, kernels.Bool, b2u(v), true)
	case []float64:
		setSlice(c, i, v, kernels.Float64)
	case []float32:
		setSlice(c, i, v, kernels.Float32)
	case []int64:
		setSlice(c, i, v, kernels.Int64)
	case []int32:
		setSlice(c, i, v, kernels.Int32)
	case []int:
		setSlice(c, i, v, ndarray.DTypeOf[int]())
	case []bool:
		setSlice(c, i, v, kernels.Bool)
	default:
		return c.setOther(i, v)
	}
	return true
}

// setOther is set for the types that are rarer.
func (c *call) setOther(i int, v any) bool {
	switch v := v.(type) {
	case float32:
		c.scalar(i, kernels.Float32, uint64(math.Float32bits(v)), false)
	case int8:
		c.scalar(i, kernels.Int8, uint64(uint8(v)), false)
	case int16:
		c.scalar(i, kernels.Int16, uint64(uint16(v)), false)
	case int32:
		c.scalar(i, kernels.Int32, uint64(uint32(v)), false)
	case int64:
		c.scalar(i, kernels.Int64, uint64(v), false)
	case uint8:
		c.scalar(i, kernels.Uint8, uint64(v), false)
	case uint16:
		c.scalar(i, kernels.Uint16, uint64(v), false)
	case uint32:
		c.scalar(i, kernels.Uint32, uint64(v), false)
	case uint64:
		c.scalar(i, kernels.Uint64, v, false)
	case uint:
		c.scalar(i, kernels.Uint64, uint64(v), false)
	case []int8:
		setSlice(c, i, v, kernels.Int8)
	case []int16:
		setSlice(c, i, v, kernels.Int16)
	case []uint8:
		setSlice(c, i, v, kernels.Uint8)
	case []uint16:
		setSlice(c, i, v, kernels.Uint16)
	case []uint32:
		setSlice(c, i, v, kernels.Uint32)
	case []uint64:
		setSlice(c, i, v, kernels.Uint64)
	case []uint:
		setSlice(c, i, v, ndarray.DTypeOf[uint]())
	default:
		return false
	}
	return true
}

func (c *call) scalar(i int, d kernels.DType, bits uint64, weak bool) {
	in := &c.in[i]
	in.bits, in.weak = bits, weak
	in.op = kernels.Operand{Ptr: unsafe.Pointer(&in.bits), DType: d}
	in.lo, in.rank = len(c.dims), 0
}

// zeroSize is what a pointer to no elements points to.
var zeroSize uint64

func setSlice[T any](c *call, i int, s []T, d kernels.DType) {
	in := &c.in[i]
	in.op = kernels.Operand{DType: d, Ptr: unsafe.Pointer(unsafe.SliceData(s)),
		Strides: elementStrides[d.Size()][:]}
	if in.op.Ptr == nil {
		in.op.Ptr = unsafe.Pointer(&zeroSize)
	}
	in.lo, in.rank = len(c.dims), 1
	c.dims = append(c.dims, len(s))
}

// elementStrides holds, by size, the strides of a contiguous array of one axis.
var elementStrides = [17][1]int{1: {1}, 2: {2}, 4: {4}, 8: {8}, 16: {16}}

func describeGo(v any) string {
	if v == nil {
		return "nil"
	}
	if a, ok := v.(*ndarray.Array); ok && a == nil {
		return "a nil array"
	}
	return fmt.Sprintf("a Go %T", v)
}

// missing is the error for an input that vars does not have.
func (p *Program) missing(in *input, vars Vars) *Error {
	have := make([]string, 0, len(vars))
	for name := range vars {
		have = append(have, name)
	}
	sort.Strings(have)
	msg := fmt.Sprintf("input %q is missing", in.name)
	hint := ""
	if s := suggest(in.name, have); s != "" {
		hint = fmt.Sprintf("did you mean %q?", s)
	}
	if more := len(have) - 8; more > 0 {
		have = append(have[:8], fmt.Sprintf("%d more", more))
	}
	if len(have) > 0 {
		msg += " (have " + printable(strings.Join(have, ", ")) + ")"
	}
	return newError(ErrName, p.graph.src, int(in.pos), int(in.end), msg, hint)
}

// describe lists dtypes and shapes of the inputs that a value of the graph depends on, four at most.
func (c *call) describe(p *Program, value int32) string {
	if value < 0 {
		return ""
	}
	g := p.graph
	seen := map[int32]bool{}
	var found []int
	for stack := []int32{value}; len(stack) > 0; {
		x := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[x] {
			continue
		}
		seen[x] = true
		if v := &g.values[x]; v.kind == vInput {
			found = append(found, int(v.val))
		} else {
			stack = append(stack, v.args...)
		}
	}
	slices.Sort(found)
	var parts []string
	for _, i := range found {
		in := &c.in[i]
		switch {
		case in.op.DType == kernels.Invalid:
			continue
		case len(parts) == 4:
			return strings.Join(parts, "   ") + "   …"
		case in.weak:
			name := map[kernels.DType]string{kernels.Int64: "int"}[in.op.DType]
			if name == "" {
				name = in.op.DType.String()
			}
			parts = append(parts, fmt.Sprintf("%s: Go %s", g.inputs[i].name, name))
		default:
			shape := formatShape(c.shape(i))
			parts = append(parts, fmt.Sprintf("%s: %v %s", g.inputs[i].name, in.op.DType, shape))
		}
	}
	return strings.Join(parts, "   ")
}

// valueAt returns the last value of the graph that stands where an error is, or none.
func valueAt(g *graph, err *Error) int32 {
	for i := len(g.values) - 1; i >= 0; i-- {
		if v := &g.values[i]; int(v.pos) == err.Offset && int(v.end) == err.End {
			return int32(i)
		}
	}
	return none
}
