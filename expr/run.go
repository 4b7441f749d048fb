package expr

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/ndarray"
	"github.com/lanes-go/lanes/simd"
)

// Result is one result of RunAll.
type Result struct {
	Name  string
	Array *ndarray.Array
}

// Run computes the one result of a program. The result is a new array: in C order, unless all inputs of
// its rank are in Fortran order. The error is an *Error; of kind ndarray.ErrFault if a mapped file was truncated.
func (p *Program) Run(vars Vars) (*ndarray.Array, error) {
	if len(p.graph.results) != 1 {
		return nil, p.notOne()
	}
	c := calls.Get().(*call)
	defer c.release()
	if err := p.start(c, vars, nil); err != nil {
		return nil, err
	}
	if err := p.finish(context.Background(), c); err != nil {
		return nil, err
	}
	runtime.KeepAlive(vars)
	return c.out[0], nil
}

// RunAll computes all results, in one pass over the data where their shapes agree. They come in the order
// of Results.
func (p *Program) RunAll(vars Vars) ([]Result, error) {
	return p.RunAllContext(context.Background(), vars)
}

// RunAllContext is RunAll that ends early with ctx's error when ctx is done, and reports progress through it: see
// parallel.WithProgress.
func (p *Program) RunAllContext(ctx context.Context, vars Vars) ([]Result, error) {
	c := calls.Get().(*call)
	defer c.release()
	if err := p.start(c, vars, nil); err != nil {
		return nil, err
	}
	if err := p.finish(ctx, c); err != nil {
		return nil, err
	}
	runtime.KeepAlive(vars)
	list := make([]Result, len(c.out))
	for i, r := range p.graph.results {
		list[i] = Result{Name: r.name, Array: c.out[i]}
	}
	return list, nil
}

// RunTo computes the one result into dst, which must have its shape; its dtype is cast to dst's by the
// same-kind rule. dst may overlap inputs in any way: the result is as if it did not. It does not allocate
// once the program has run on operands of the same dtypes and ranks.
func (p *Program) RunTo(dst *ndarray.Array, vars Vars) error {
	return p.RunContext(context.Background(), dst, vars)
}

// RunContext is RunTo that ends early with ctx's error when ctx is done; dst is unspecified then.
func (p *Program) RunContext(ctx context.Context, dst *ndarray.Array, vars Vars) error {
	if len(p.graph.results) != 1 {
		return p.notOne()
	}
	c := calls.Get().(*call)
	defer c.release()
	if dst == nil {
		return p.resultError(ErrValue, "dst is nil", "")
	}
	if err := p.start(c, vars, dst); err != nil {
		return err
	}
	if err := p.finish(ctx, c); err != nil {
		return err
	}
	runtime.KeepAlive(vars)
	return nil
}

func (p *Program) notOne() *Error {
	msg := fmt.Sprintf("the program has %d results", len(p.graph.results))
	return newError(ErrArity, p.graph.src, 0, 0, msg, "use RunAll")
}

// resultError is an error at the first result.
func (p *Program) resultError(kind error, msg, hint string) *Error {
	return p.failAt(kind, &p.graph.values[p.graph.results[0].value], msg, hint)
}

// call is the state of one run. It is taken from a pool, so that a run need not allocate.
type call struct {
	b       *bound
	in      []callInput
	dims    []int // shapes of all inputs
	key     []byte
	slots   []uint64          // scalars kept
	buffers []*kernels.Buffer // arrays kept, by temp
	bytes   uint64            // of results and arrays kept
	out     []*ndarray.Array
	extent  []int // of a stage or result
	strides []int
	src     []kernels.Operand
	dst     []kernels.Operand
}

var calls = sync.Pool{New: func() any { return new(call) }}

// reset makes room for n inputs.
func (c *call) reset(n int) {
	if cap(c.in) < n {
		c.in = make([]callInput, n)
	}
	c.in, c.dims, c.key, c.out, c.bytes = c.in[:n], c.dims[:0], c.key[:0], c.out[:0], 0
	clear(c.in)
}

// release returns c to the pool without anything of the caller's.
func (c *call) release() {
	for _, buf := range c.buffers {
		if buf != nil {
			buf.Free()
		}
	}
	clear(c.buffers)
	clear(c.in)
	clear(c.src)
	clear(c.dst)
	clear(c.out)
	c.b, c.buffers, c.out = nil, c.buffers[:0], c.out[:0]
	calls.Put(c)
}

// start collects the inputs, finds or makes the bound program, checks the shapes and makes the results.
func (p *Program) start(c *call, vars Vars, dst *ndarray.Array) error {
	d := kernels.Invalid
	if dst != nil {
		d = dst.DType()
	}
	if err := p.collect(c, vars, d); err != nil {
		return err
	}
	return p.prepare(c, d, dst)
}

// prepare is start for inputs that are in c already.
func (p *Program) prepare(c *call, d kernels.DType, dst *ndarray.Array) error {
	var err *Error
	if c.b, err = p.lookup(c, d); err != nil {
		if shape := p.shapeError(c); shape != nil && shape.Offset <= err.Offset {
			err = shape
		}
		return err
	}
	for _, pair := range c.b.equal {
		if c.dim(pair[0]) != c.dim(pair[1]) {
			return p.shapeError(c)
		}
	}
	if dst != nil {
		return p.checkDst(c, dst)
	}
	for i := range c.b.results {
		if err := p.makeResult(c, i); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) dim(a axis) int { return c.dims[c.in[a.input].lo+int(a.axis)] }

// lengths appends the lengths of the axes of a shape.
func (c *call) lengths(list []int, dims []int32) []int {
	t := c.b.shapes
	for _, class := range dims {
		n := 1
		if class != 0 {
			n = c.dim(t.axes[class])
		}
		list = append(list, n)
	}
	return list
}

func (p *Program) checkDst(c *call, dst *ndarray.Array) error {
	want := c.b.shapes.shapes[c.b.nodes[c.b.results[0]].shape]
	c.extent = c.lengths(c.extent[:0], want)
	same := len(c.extent) == dst.NDim()
	for i := 0; same && i < len(c.extent); i++ {
		same = c.extent[i] == dst.Dim(i)
	}
	if !same {
		msg := "the result has shape " + formatShape(c.extent) + ", dst has " + formatShape(dst.Shape())
		err := p.resultError(ErrShape, msg, "")
		err.Operands = c.describe(p, p.graph.results[0].value)
		return err
	}
	if dst.ReadOnly() {
		return p.resultError(ErrValue, "dst is read-only", "")
	}
	c.out = append(c.out, dst)
	return nil
}

// makeResult allocates result i.
func (p *Program) makeResult(c *call, i int) error {
	n := &c.b.nodes[c.b.results[i]]
	c.extent = c.lengths(c.extent[:0], c.b.shapes.shapes[n.shape])
	value := p.graph.results[i].value
	size := uint64(n.dtype.Size())
	var over uint64
	for _, d := range c.extent {
		over, size = bits.Mul64(size, uint64(d))
		if over != 0 || size > uint64(p.opts.Limits.OutputBytes) {
			if size != 0 || over != 0 {
				return p.failAt(ErrLimit, &p.graph.values[value],
					"a result of shape "+formatShape(c.extent)+" is beyond the limit of bytes", "")
			}
		}
	}
	if _, err := p.room(c, n.dtype, value); err != nil {
		return err
	}
	order := ndarray.C
	if len(c.extent) > 1 && c.allFortran(len(c.extent)) {
		order = ndarray.F
	}
	out, err := ndarray.New(n.dtype, c.extent, order)
	if err != nil {
		return p.failAt(ErrLimit, &p.graph.values[value], err.Error(), "")
	}
	c.out = append(c.out, out)
	return nil
}

// room returns the bytes of an array of shape c.extent: a result or a kept value, which can be larger than any
// result. All arrays of a call together must fit memory: more would not be an error of Go but the end of the process.
func (p *Program) room(c *call, d kernels.DType, value int32) (int, error) {
	if slices.Contains(c.extent, 0) {
		return 0, nil
	}
	size, budget := uint64(d.Size()), uint64(kernels.MemoryBudget())
	var over uint64
	for _, n := range c.extent {
		if over, size = bits.Mul64(size, uint64(n)); over != 0 || size > budget-c.bytes {
			return 0, p.failAt(ErrLimit, &p.graph.values[value], fmt.Sprintf("%v of shape %s takes more than memory",
				d, formatShape(c.extent)), "")
		}
	}
	c.bytes += size
	return int(size), nil
}

// allFortran reports whether all inputs of that rank are in Fortran order and not in C order.
func (c *call) allFortran(rank int) bool {
	found := false
	for i := range c.in {
		if c.in[i].rank != rank {
			continue
		}
		if a := c.in[i].array; a == nil || !a.IsFContiguous() || a.IsContiguous() {
			return false
		}
		found = true
	}
	return found
}

// finish does what the bound program says, in order.
func (p *Program) finish(ctx context.Context, c *call) error {
	b := c.b
	if cap(c.slots) < b.slots {
		c.slots = make([]uint64, b.slots)
	}
	c.slots = c.slots[:b.slots]
	clear(c.slots) // an element may be shorter than a slot
	for range b.temps {
		c.buffers = append(c.buffers, nil)
	}
	for _, a := range b.actions {
		var err error
		switch a.kind {
		case doStep:
			err = p.step(c, &b.steps[a.index])
		case doStage:
			err = p.stage(ctx, c, &b.stages[a.index])
		default:
			err = p.check(c, &b.checks[a.index])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// weakBits returns the value of a weak node that a step reads: a Go scalar, a constant or a kept value.
func (c *call) weakBits(a int32) uint64 {
	n := &c.b.nodes[a]
	switch n.kind {
	case tyInput:
		return c.in[n.bits].bits
	case tyConst:
		return n.bits
	}
	return c.slots[c.b.temps[c.b.kept[a]].slot]
}

// step computes one scalar in Go.
func (p *Program) step(c *call, s *step) error {
	b := c.b
	n := &b.nodes[s.node]
	slot := &c.slots[b.temps[b.kept[s.node]].slot]
	if n.kind == tyStrong {
		arg := &b.nodes[n.args[0]]
		x := c.weakBits(n.args[0])
		v, ok := scalarBits(x, arg.dtype, n.dtype)
		if !ok {
			err := p.failAt(ErrOverflow, &p.graph.values[n.value],
				fmt.Sprintf("value %d does not fit %v", int64(x), n.dtype), widerHint(big.NewInt(int64(x)),
					n.dtype))
			err.Operands = c.describe(p, n.value)
			return err
		}
		*slot = v
		return nil
	}
	var v [2]*big.Int
	for i, a := range n.args {
		if arg := &b.nodes[a]; arg.kind == tyConst && arg.dtype == kernels.Int64 {
			v[i] = b.ints[arg.bits]
		} else {
			v[i] = big.NewInt(int64(c.weakBits(a)))
		}
	}
	z, _, err := weakInt(n.fn, v[0], v[1])
	if err == nil && !z.IsInt64() {
		err = errIntRange
	}
	if err != nil {
		kind := ErrOverflow
		if err == errIntNegPower {
			kind = ErrValue
		}
		e := p.failAt(kind, &p.graph.values[n.value], "Go ints compute in int64: "+err.Error(), "")
		e.Operands = c.describe(p, n.value)
		return e
	}
	*slot = uint64(z.Int64())
	return nil
}

// stage runs one pass.
func (p *Program) stage(ctx context.Context, c *call, s *stage) error {
	b := c.b
	c.extent = c.lengths(c.extent[:0], s.dims)
	c.strides, c.src, c.dst = c.strides[:0], c.src[:0], c.dst[:0]
	room := len(s.dims) * (len(s.sources) + len(s.sinks))
	if cap(c.strides) < room {
		c.strides = make([]int, 0, room) // operands keep slices of it
	}
	for i := range s.sources {
		c.src = append(c.src, c.operand(s, &s.sources[i]))
	}
	for i := range s.sinks {
		k := &s.sinks[i]
		if k.result >= 0 {
			op := c.out[k.result].Operand()
			op.Strides = c.align(s, op.Strides)
			c.dst = append(c.dst, op)
			continue
		}
		n := &b.nodes[k.node]
		op := kernels.Operand{DType: n.dtype}
		if slot := b.temps[k.temp].slot; slot >= 0 {
			op.Ptr = unsafe.Pointer(&c.slots[slot])
		} else {
			size, err := p.room(c, n.dtype, n.value)
			if err != nil {
				return err
			}
			buf := kernels.Alloc(size)
			c.buffers[k.temp] = buf
			op.Ptr, op.Owner = buf.Pointer(), buf
		}
		op.Strides = c.packed(s, s.dims, n.dtype.Size())
		c.dst = append(c.dst, op)
	}
	if err := s.kernel.Run(ctx, c.extent, c.dst, c.src, p.opts.Threads); err != nil {
		return p.stageError(err)
	}
	return nil
}

// stageError names what a fault means here: the only memory that may fault is that of mapped files.
func (p *Program) stageError(err error) error {
	if fault := (*simd.FaultError)(nil); !errors.As(err, &fault) {
		return err
	}
	return p.failAt(ndarray.ErrFault, &p.graph.values[p.graph.results[0].value],
		"a mapped file cannot be read any more: was it truncated?", "")
}

// operand returns a source as the driver takes it: a stride for every axis of the stage, 0 where it is
// broadcast.
func (c *call) operand(s *stage, src *source) kernels.Operand {
	b := c.b
	n := &b.nodes[src.node]
	if src.input != none {
		op := c.in[src.input].op
		op.Strides = c.broadcastStrides(s, op.Strides, c.shape(int(src.input)))
		return op
	}
	op := kernels.Operand{DType: n.dtype}
	if slot := b.temps[src.temp].slot; slot >= 0 {
		op.Ptr = unsafe.Pointer(&c.slots[slot])
	} else {
		op.Ptr, op.Owner = c.buffers[src.temp].Pointer(), c.buffers[src.temp]
	}
	op.Strides = c.packed(s, b.shapes.shapes[n.shape], n.dtype.Size())
	return op
}

// push appends strides for one operand of a stage, all 0.
func (c *call) push(s *stage) []int {
	lo := len(c.strides)
	for range s.dims {
		c.strides = append(c.strides, 0)
	}
	return c.strides[lo:len(c.strides):len(c.strides)]
}

// align puts the strides of a result, whose shape is the stage's but for leading axes of length one, to
// the right.
func (c *call) align(s *stage, strides []int) []int {
	out := c.push(s)
	copy(out[len(out)-len(strides):], strides)
	return out
}

func (c *call) broadcastStrides(s *stage, strides, shape []int) []int {
	out := c.push(s)
	for k := range min(len(out), len(shape)) {
		if n := shape[len(shape)-1-k]; n != 1 {
			out[len(out)-1-k] = strides[len(shape)-1-k]
		}
	}
	return out
}

// packed returns the strides of a kept value, which lies in C order without its axes of length one.
func (c *call) packed(s *stage, dims []int32, size int) []int {
	out := c.push(s)
	for k := range min(len(out), len(dims)) {
		if class := dims[len(dims)-1-k]; class != 0 {
			out[len(out)-1-k] = size
			size *= c.dim(c.b.shapes.axes[class])
		}
	}
	return out
}

// check looks for a negative exponent of an integer power.
func (p *Program) check(c *call, k *powerCheck) error {
	b := c.b
	n := &b.nodes[k.node]
	t := &b.temps[k.exponent]
	data, count := unsafe.Pointer(nil), 1
	c.extent = c.lengths(c.extent[:0], b.shapes.shapes[n.shape])
	if t.slot >= 0 {
		data = unsafe.Pointer(&c.slots[t.slot])
	} else {
		data = c.buffers[k.exponent].Pointer()
		for _, d := range c.extent {
			count *= d
		}
	}
	at := firstNegative(data, n.dtype, count)
	if at < 0 {
		return nil
	}
	index := make([]int, len(c.extent))
	rest := at
	for k := len(index) - 1; k >= 0; k-- {
		index[k] = rest % c.extent[k]
		rest /= c.extent[k]
	}
	where := ""
	if len(index) > 0 {
		where = ", at index " + formatShape(index)
	}
	v := signed(loadBits(unsafe.Add(data, at*n.dtype.Size()), n.dtype.Size()), n.dtype)
	power := b.nodes[k.power].value
	err := p.failAt(ErrValue, &p.graph.values[power],
		fmt.Sprintf("an integer to the negative power %d%s", v, where),
		hintNegPower)
	err.Operands = c.describe(p, power)
	return err
}

// firstNegative returns the index of the first negative element of n signed integers, or -1.
func firstNegative(data unsafe.Pointer, d kernels.DType, n int) int {
	switch d {
	case kernels.Int64:
		return negativeIn(unsafe.Slice((*int64)(data), n))
	case kernels.Int32:
		return negativeIn(unsafe.Slice((*int32)(data), n))
	case kernels.Int16:
		return negativeIn(unsafe.Slice((*int16)(data), n))
	}
	return negativeIn(unsafe.Slice((*int8)(data), n))
}

func negativeIn[T int8 | int16 | int32 | int64](s []T) int {
	for i, x := range s {
		if x < 0 {
			return i
		}
	}
	return -1
}

func loadBits(p unsafe.Pointer, size int) uint64 {
	switch size {
	case 1:
		return uint64(*(*uint8)(p))
	case 2:
		return uint64(*(*uint16)(p))
	case 4:
		return uint64(*(*uint32)(p))
	}
	return *(*uint64)(p)
}
