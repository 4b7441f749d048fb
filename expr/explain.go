package expr

import (
	"fmt"
	"math"
	"runtime"
	"strings"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/simd"
)

// Explain tells how a program runs on operands like vars: its text, the tree with dtypes and shapes, what
// is computed once and kept and why, the rewrites, and for every stage its vector program before and
// after optimisation, the instructions, and bytes, operations and flops per element. Nothing is computed.
func (p *Program) Explain(vars Vars) (string, error) {
	c := calls.Get().(*call)
	defer c.release()
	if err := p.collect(c, vars, kernels.Invalid); err != nil {
		return "", err
	}
	var err *Error
	if c.b, err = p.lookup(c, kernels.Invalid); err == nil {
		err = p.shapeError(c)
	}
	if err != nil {
		return "", err
	}
	var e explainer
	e.p, e.c, e.b = p, c, c.b
	e.section("program")
	e.printf("%s\n", p.String())
	e.inputs()
	e.tree()
	e.rewrites()
	for i := range c.b.stages {
		e.stage(i)
	}
	return e.text.String(), nil
}

type explainer struct {
	p    *Program
	c    *call
	b    *bound
	text strings.Builder
}

func (e *explainer) printf(format string, args ...any) { fmt.Fprintf(&e.text, format, args...) }

func (e *explainer) section(format string, args ...any) {
	if e.text.Len() > 0 {
		e.printf("\n")
	}
	e.printf("== "+format+"\n", args...)
}

func (e *explainer) inputs() {
	e.section("inputs")
	for i, in := range e.p.graph.inputs {
		x := &e.c.in[i]
		switch {
		case x.op.DType == kernels.Invalid:
			e.printf("%s = %v\n", in.name, in.def)
		case x.weak:
			e.printf("%s: weak %v\n", in.name, x.op.DType)
		default:
			e.printf("%s: %v %s%s\n", in.name, x.op.DType, formatShape(e.c.shape(i)), e.layout(i))
		}
		if in.constant && x.op.DType != kernels.Invalid {
			e.printf("  (in place of the constant %s)\n", in.name)
		}
	}
}

func (e *explainer) layout(i int) string {
	a := e.c.in[i].array
	switch {
	case a == nil || a.IsContiguous():
		return ""
	case a.IsFContiguous():
		return ", Fortran order"
	}
	return fmt.Sprintf(", strides %v", a.Strides())
}

// used marks the nodes that results need.
func (e *explainer) used() []bool {
	used := make([]bool, len(e.b.nodes))
	for _, r := range e.b.results {
		used[r] = true
	}
	for i := len(e.b.nodes) - 1; i >= 0; i-- {
		if used[i] {
			for _, a := range e.b.nodes[i].args {
				used[a] = true
			}
		}
	}
	return used
}

// maxLines bounds a list of Explain.
const maxLines = 500

func (e *explainer) tree() {
	e.section("values, with dtype, shape and place")
	lines := 0
	for i, used := range e.used() {
		if !used {
			continue
		}
		if lines++; lines > maxLines {
			e.printf("…\n")
			break
		}
		n := &e.b.nodes[i]
		v := &e.p.graph.values[n.value]
		at := newError(ErrSyntax, e.p.graph.src, int(v.pos), int(v.end), "", "")
		weak := ""
		if n.weak {
			weak = "weak "
		}
		shape := formatShape(e.c.lengths(nil, e.b.shapes.shapes[n.shape]))
		e.printf("v%-4d %-36s %s%v %s  %d:%d\n", i, e.node(int32(i)), weak, n.dtype, shape, at.Line, at.Col)
		if e.b.kept[i] != none {
			e.printf("      kept: %s\n", e.b.why[i])
		}
	}
	for i, r := range e.b.results {
		e.printf("result %s = v%d\n", e.p.graph.results[i].name, r)
	}
}

// node describes one value.
func (e *explainer) node(id int32) string {
	n := &e.b.nodes[id]
	switch n.kind {
	case tyInput:
		return quoteName(e.p.graph.inputs[n.bits].name)
	case tyConst:
		return e.constant(n)
	case tyStrong:
		return fmt.Sprintf("v%d as %v", n.args[0], n.dtype)
	}
	args := make([]string, len(n.args))
	for i, a := range n.args {
		args[i] = fmt.Sprintf("v%d", a)
		if c := &e.b.nodes[a]; c.kind == tyConst {
			args[i] = e.constant(c)
		}
	}
	return n.fn.Name + "(" + strings.Join(args, ", ") + ")"
}

func (e *explainer) constant(n *typed) string {
	switch {
	case n.weak && n.dtype == kernels.Int64:
		return e.b.ints[n.bits].String()
	case n.dtype == kernels.Bool:
		return fmt.Sprint(n.bits != 0)
	case n.dtype == kernels.Float64:
		return fmt.Sprint(math.Float64frombits(n.bits))
	case n.dtype == kernels.Float32:
		return fmt.Sprint(math.Float32frombits(uint32(n.bits)))
	case n.dtype.Kind() == kernels.KindInt:
		return fmt.Sprint(signed(n.bits, n.dtype))
	}
	return fmt.Sprint(n.bits)
}

func (e *explainer) rewrites() {
	if len(e.b.applied) == 0 {
		return
	}
	e.section("rewrites (all keep every bit)")
	for i, r := range e.b.applied {
		if i == maxLines {
			e.printf("…\n")
			break
		}
		v := &e.p.graph.values[r.value]
		at := newError(ErrSyntax, e.p.graph.src, int(v.pos), int(v.end), "", "")
		e.printf("%d:%d  %s\n", at.Line, at.Col, r.name)
	}
}

// stage explains one pass.
func (e *explainer) stage(i int) {
	s := &e.b.stages[i]
	shape := e.c.lengths(nil, s.dims)
	total := 1.0
	for _, n := range shape {
		total *= float64(n)
	}
	e.section("stage %d of %d: %s, %.0f elements", i+1, len(e.b.stages), formatShape(shape), total)
	read, written := 0, 0
	for k := range s.sources {
		n := &e.b.nodes[s.sources[k].node]
		where := "memory"
		if e.b.shapes.rank(n.shape) == 0 {
			where = "scalar"
		} else {
			read += n.dtype.Size()
		}
		e.printf("in   %s %v (%s)\n", e.node(s.sources[k].node), n.dtype, where)
	}
	for _, k := range s.sinks {
		n := &e.b.nodes[k.node]
		written += n.dtype.Size()
		to := "kept"
		if k.result >= 0 {
			to = "result " + e.p.graph.results[k.result].name
		}
		e.printf("out  v%d %v (%s)\n", k.node, n.dtype, to)
	}
	kernel := s.kernel.Kernel()
	threads := e.p.opts.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	program := kernel.Program().String()
	e.printf("engine %v, at most %d threads\n", kernel.Engine(), threads)
	all, float, rare := operations(program)
	e.printf("per element: %d bytes read, %d written, %d operations, %d flops, about %.2f cycles",
		read, written, all, float, kernel.Cycles())
	if rare > 0 {
		e.printf("; %d operations more where they are needed", rare)
	}
	e.printf("\n")
	e.printf("-- program\n%s", indent(e.before(s)))
	e.printf("-- optimised\n%s", indent(program))
	e.printf("-- instructions (%v)\n%s", kernel.Engine(), indent(kernel.Listing()))
}

// operations counts the instructions of a program that compute something for every element, the floating-point
// operations among them, a fused multiply-add as two, and the instructions in rare regions.
func operations(program string) (all, float, rare int) {
	inRare := false
	for line := range strings.Lines(program) {
		words := strings.Fields(line)
		switch {
		case len(words) > 0 && words[0] == "rare":
			inRare = true
		case len(words) > 0 && words[0] == "end":
			inRare = false
		case len(words) < 4 || words[1] != "=" || noOperation[words[2]]:
		case inRare:
			rare++
		default:
			all++
			if strings.HasPrefix(words[3], "f") {
				float += flops[words[2]]
			}
		}
	}
	return all, float, rare
}

var (
	noOperation = map[string]bool{"load": true, "strided": true, "scalar": true, "index": true, "const": true,
		"bitcast": true, "merge": true}
	flops = map[string]int{"add": 1, "sub": 1, "mul": 1, "div": 1, "sqrt": 1, "fma": 2, "fms": 2, "fnma": 2}
)

// before returns the program of a stage as it was lowered, before optimisation.
func (e *explainer) before(s *stage) string {
	b := simd.NewBuilder()
	src := make([]simd.Value, len(s.sources))
	for i := range s.sources {
		n := &e.b.nodes[s.sources[i].node]
		kind := kernels.SourceLoad
		if e.b.shapes.rank(n.shape) == 0 {
			kind = kernels.SourceScalar
		}
		src[i] = kernels.LoadValue(b, n.dtype, kind)
	}
	for i, x := range s.program(b, src) {
		kernels.StoreValue(b, e.b.nodes[s.sinks[i].node].dtype, x)
	}
	p, err := b.Program()
	if err != nil {
		return err.Error()
	}
	return p.String()
}

func indent(s string) string {
	s = strings.TrimRight(s, "\n")
	return "  " + strings.ReplaceAll(s, "\n", "\n  ") + "\n"
}
