package expr

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/ndarray"
)

// sliceFunc is an expression of slices of one Go type, bound once: a call checks lengths and enters the
// kernel.
type sliceFunc[T ndarray.Scalar] struct {
	p      *Program
	b      *bound
	params []string
	inputs []int // by parameter: number of the input, or -1 if the expression does not use it
	dtype  kernels.DType
	stage  *kernels.Stage // the only stage, if there is no more to do than run it
	args   []int          // by source of the stage: parameter
}

// newSliceFunc compiles and binds text for n parameters.
func newSliceFunc[T ndarray.Scalar](text string, n int, opts []Options) (*sliceFunc[T], error) {
	f := &sliceFunc[T]{dtype: ndarray.DTypeOf[T]()}
	body := text
	if names, rest, ok := parameterList(text); ok {
		f.params, body = names, rest
		for i, name := range names {
			if slices.Contains(names[:i], name) {
				return nil, newError(ErrName, text, 0, 0, fmt.Sprintf("parameter %q is listed twice", name), "")
			}
		}
	}
	p, err := Compile(body, opts...)
	if err != nil {
		return nil, err
	}
	f.p = p
	if len(p.graph.results) != 1 {
		return nil, p.notOne()
	}
	if f.params == nil {
		for _, in := range p.graph.inputs {
			if !in.constant {
				f.params = append(f.params, in.name)
			}
		}
	}
	if len(f.params) != n {
		return nil, newError(ErrArity, p.graph.src, 0, 0, fmt.Sprintf("%s for a function of %s: %s",
			plural(len(f.params), "input"), plural(n, "slice"), strings.Join(f.params, ", ")), "")
	}
	return f, f.bind()
}

// parameterList splits "a, b: expression".
func parameterList(text string) (names []string, rest string, ok bool) {
	lim := defaultLimits
	head, rest, ok := strings.Cut(text, ":")
	if !ok {
		return nil, "", false
	}
	toks, err := lex(head, &lim)
	if err != nil {
		return nil, "", false
	}
	t := tree{src: head}
	for i, tok := range toks[:len(toks)-1] {
		switch {
		case i%2 == 0 && tok.kind == tName:
			names = append(names, t.nameAt(tok))
		case i%2 == 1 && tok.kind == tComma:
		default:
			return nil, "", false
		}
	}
	return names, rest, len(names) > 0 && len(toks)%2 == 0
}

func (f *sliceFunc[T]) bind() error {
	g := f.p.graph
	in := make([]inputType, len(g.inputs))
	f.inputs = make([]int, len(f.params))
	for i, name := range f.params {
		f.inputs[i] = -1
		for k := range g.inputs {
			if g.inputs[k].name == name {
				f.inputs[i] = k
				in[k] = inputType{dtype: f.dtype, wide: []bool{true}}
			}
		}
	}
	for k := range g.inputs {
		if in[k].dtype == kernels.Invalid && !g.inputs[k].constant {
			in := &g.inputs[k]
			msg := fmt.Sprintf("%q is no parameter (have %s)", in.name, strings.Join(f.params, ", "))
			return newError(ErrName, g.src, int(in.pos), int(in.end), msg, "")
		}
	}
	b, err := f.p.bind("", in, f.dtype)
	if err != nil {
		return err
	}
	f.b = b
	if len(b.actions) != 1 || b.shapes.rank(b.nodes[b.results[0]].shape) == 0 {
		return nil
	}
	f.stage = b.stages[0].kernel
	for _, s := range b.stages[0].sources {
		for i, k := range f.inputs {
			if k == int(s.input) {
				f.args = append(f.args, i)
			}
		}
	}
	return nil
}

// maxArgs is how many slices a slice function takes.
const maxArgs = 4

// run computes dst from args.
func (f *sliceFunc[T]) run(dst []T, args *[maxArgs][]T) error {
	n := len(dst)
	for i := range f.params {
		if len(args[i]) != n {
			return f.lengthError(n, args)
		}
	}
	if n == 0 {
		return nil
	}
	if f.stage == nil {
		return f.slow(dst, args)
	}
	var ptrs [maxArgs + 1]unsafe.Pointer
	d := unsafe.Pointer(unsafe.SliceData(dst))
	size := uintptr(n) * unsafe.Sizeof(dst[0])
	for i, a := range f.args {
		x := unsafe.Pointer(unsafe.SliceData(args[a]))
		if x != d && uintptr(x)-uintptr(d)+size-1 < 2*size-1 { // they overlap, but not exactly
			return f.slow(dst, args)
		}
		ptrs[i] = x
	}
	ptrs[len(f.args)] = d
	return f.stage.RunFlat(nil, n, ptrs[:len(f.args)+1], f.p.opts.Threads)
}

func (f *sliceFunc[T]) lengthError(n int, args *[maxArgs][]T) error {
	text := fmt.Sprintf("dst has %d elements", n)
	for i, name := range f.params {
		text += fmt.Sprintf(", %s has %d", name, len(args[i]))
	}
	return f.p.resultError(ErrShape, text, "")
}

// slow runs whatever is more than one pass without overlap.
func (f *sliceFunc[T]) slow(dst []T, args *[maxArgs][]T) error {
	out, err := ndarray.WrapSlice(dst)
	if err != nil {
		return err
	}
	c := calls.Get().(*call)
	defer c.release()
	c.reset(len(f.p.graph.inputs))
	for i, k := range f.inputs {
		if k >= 0 {
			setSlice(c, k, args[i], f.dtype)
		}
	}
	c.b = f.b
	if n := &f.b.nodes[f.b.results[0]]; f.b.shapes.rank(n.shape) == 0 {
		return f.fill(c, out)
	}
	c.out = append(c.out, out)
	return f.p.finish(context.Background(), c)
}

// fill is slow for an expression that uses no slice: one value for all elements.
func (f *sliceFunc[T]) fill(c *call, out *ndarray.Array) error {
	one, err := ndarray.New(f.dtype, nil, ndarray.C)
	if err != nil {
		return err
	}
	c.out = append(c.out, one)
	if err := f.p.finish(context.Background(), c); err != nil {
		return err
	}
	return out.CopyFrom(one)
}

// Func1 compiles an expression of one input into a function of slices: dst[i] = f(a[i]). It is bound to
// type T here, so that a call takes tens of nanoseconds. The inputs are parameters in order of first
// appearance, or as listed in front of the expression: "a: 2*a". A result of another dtype is cast by the
// same-kind rule. dst may be a, or overlap it. Slices of different lengths are an error of kind ErrShape.
func Func1[T ndarray.Scalar](text string, opts ...Options) (func(dst, a []T) error, error) {
	f, err := newSliceFunc[T](text, 1, opts)
	if err != nil {
		return nil, err
	}
	return func(dst, a []T) error { return f.run(dst, &[maxArgs][]T{a}) }, nil
}

// Func2 is Func1 for two inputs: "a, b: a - b" has parameters a and b.
func Func2[T ndarray.Scalar](text string, opts ...Options) (func(dst, a, b []T) error, error) {
	f, err := newSliceFunc[T](text, 2, opts)
	if err != nil {
		return nil, err
	}
	return func(dst, a, b []T) error { return f.run(dst, &[maxArgs][]T{a, b}) }, nil
}

// Func3 is Func1 for three inputs.
func Func3[T ndarray.Scalar](text string, opts ...Options) (func(dst, a, b, c []T) error, error) {
	f, err := newSliceFunc[T](text, 3, opts)
	if err != nil {
		return nil, err
	}
	return func(dst, a, b, c []T) error { return f.run(dst, &[maxArgs][]T{a, b, c}) }, nil
}

// Func4 is Func1 for four inputs.
func Func4[T ndarray.Scalar](text string, opts ...Options) (func(dst, a, b, c, d []T) error, error) {
	f, err := newSliceFunc[T](text, 4, opts)
	if err != nil {
		return nil, err
	}
	return func(dst, a, b, c, d []T) error { return f.run(dst, &[maxArgs][]T{a, b, c, d}) }, nil
}

// MustFunc1 is Func1 for a constant text: it panics if there is an error.
func MustFunc1[T ndarray.Scalar](text string, opts ...Options) func(dst, a []T) error {
	return must(Func1[T](text, opts...))
}

// MustFunc2 is Func2 for a constant text: it panics if there is an error.
func MustFunc2[T ndarray.Scalar](text string, opts ...Options) func(dst, a, b []T) error {
	return must(Func2[T](text, opts...))
}

// MustFunc3 is Func3 for a constant text: it panics if there is an error.
func MustFunc3[T ndarray.Scalar](text string, opts ...Options) func(dst, a, b, c []T) error {
	return must(Func3[T](text, opts...))
}

// MustFunc4 is Func4 for a constant text: it panics if there is an error.
func MustFunc4[T ndarray.Scalar](text string, opts ...Options) func(dst, a, b, c, d []T) error {
	return must(Func4[T](text, opts...))
}

func must[F any](f F, err error) F {
	if err != nil {
		panic(err)
	}
	return f
}
