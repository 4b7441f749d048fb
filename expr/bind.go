package expr

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/simd"
)

// bound is a program with dtypes and ranks: all that running it on operands of these dtypes and ranks
// needs, whatever their values and lengths. It is immutable and refers to no operand.
type bound struct {
	key     string
	nodes   []typed
	shapes  *shapeTable
	equal   [][2]axis // axes that must be of one length
	results []int32
	applied []rewrite
	plan
	actions []action
	used    atomic.Int64 // when it was used last, see Program.lookup
}

// action is one thing to do in a run, in order: index is one of a step, a stage or a check.
type action struct {
	kind  actionKind
	index int
}

type actionKind uint8

const (
	doStep actionKind = iota
	doStage
	doCheck
)

// bind gives a program dtypes and ranks. dst is the dtype that the one result is stored in, or Invalid
// for its own.
func (p *Program) bind(key string, in []inputType, dst kernels.DType) (bd *bound, err *Error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error: // from b.fail
			bd, err = nil, r
		default:
			panic(r)
		}
	}()
	b := &binder{p: p, g: p.graph, start: time.Now(), in: in, live: p.graph.live(), plain: p.plain}
	b.inferShapes()
	b.typeValues()
	b.storeAs(dst)
	b.cut()
	b.compile()
	return &bound{key: key, nodes: b.nodes, shapes: b.shapes, equal: b.shapes.equalAxes(), results: b.results,
		applied: b.applied, plan: b.plan, actions: b.schedule()}, nil
}

// storeAs makes the results strong and, for RunTo, converts them to the dtype of dst by the same-kind rule.
func (b *binder) storeAs(dst kernels.DType) {
	for _, r := range b.g.results {
		b.at = r.value
		id := b.ids[r.value]
		id = b.convert(id, b.nodes[id].dtype)
		if d := b.nodes[id].dtype; dst != kernels.Invalid && d != dst {
			if !kernels.CanCast(d, dst, kernels.SameKind) {
				b.fail(ErrDType, "the result is "+d.String()+" and dst is "+dst.String(),
					"convert with "+dst.String()+"(…)")
			}
			id = b.convert(id, dst)
		}
		b.results = append(b.results, id)
	}
}

// compile makes the kernel of every stage.
func (b *binder) compile() {
	for i := range b.stages {
		s := &b.stages[i]
		b.emit(s)
		specs := make([]kernels.Source, len(s.sources))
		for k, src := range s.sources {
			n := &b.nodes[src.node]
			specs[k] = kernels.Source{DType: n.dtype, Scalar: b.shapes.rank(n.shape) == 0}
		}
		dsts := make([]kernels.DType, len(s.sinks))
		for k, sink := range s.sinks {
			dsts[k] = b.nodes[sink.node].dtype
		}
		o := simd.Options{Engine: b.p.opts.Engine, Contract: b.p.opts.Relaxed.Contract}
		if b.shapes.rank(s.space) == 0 {
			o.Engine = simd.Portable // one element: not worth machine code
		}
		if time.Since(b.start) > b.p.opts.Limits.CompileTime {
			o.Engine = simd.Portable // a hostile program: it runs, but is not worth more time
		}
		kernel, err := kernels.NewStage(s.program, specs, dsts, o)
		if err != nil {
			b.at = b.nodes[s.sinks[len(s.sinks)-1].node].value
			b.fail(ErrUnsupported, "not supported yet: "+err.Error(), "")
		}
		s.kernel = kernel
	}
}

// schedule puts steps, stages and checks into the order of a run.
func (b *binder) schedule() (list []action) {
	for i, s := range b.steps {
		list = append(list, action{doStep, i})
		_ = s
	}
	for i := range b.stages {
		list = append(list, action{doStage, i})
	}
	for i := range b.checks {
		list = append(list, action{doCheck, i})
	}
	level := func(a action) int32 {
		switch a.kind {
		case doStep:
			return b.steps[a.index].level
		case doStage:
			return b.stages[a.index].level
		}
		return b.checks[a.index].level
	}
	slices.SortStableFunc(list, func(x, y action) int {
		if d := level(x) - level(y); d != 0 {
			return int(d)
		}
		return int(x.kind) - int(y.kind)
	})
	return list
}

// maxBound bounds the bound programs that one Program keeps.
const maxBound = 32

// lookup returns the bound program for a key, which is new only once: others that need the same wait. The
// list is replaced, never changed, so that looking into it needs no lock.
func (p *Program) lookup(c *call, dst kernels.DType) (*bound, *Error) {
	if list := p.bounds.Load(); list != nil {
		for _, b := range *list {
			if b.key == string(c.key) {
				if now := p.clock.Load(); b.used.Load() != now {
					b.used.Store(now)
				}
				return b, nil
			}
		}
	}
	return p.bindOnce(c, dst)
}

func (p *Program) bindOnce(c *call, dst kernels.DType) (*bound, *Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []*bound
	if old := p.bounds.Load(); old != nil {
		list = *old
	}
	if i := slices.IndexFunc(list, func(b *bound) bool { return b.key == string(c.key) }); i >= 0 {
		return list[i], nil
	}
	b, err := p.bind(string(c.key), c.types(), dst)
	if err != nil {
		err.Operands = c.describe(p, valueAt(p.graph, err))
		return nil, err
	}
	if p.opts.NoCache {
		return b, nil
	}
	b.used.Store(p.clock.Add(1))
	list = append(make([]*bound, 0, len(list)+1), list...)
	if len(list) >= maxBound {
		oldest := 0
		for i := range list {
			if list[i].used.Load() < list[oldest].used.Load() {
				oldest = i
			}
		}
		list = slices.Delete(list, oldest, oldest+1)
	}
	list = append(list, b)
	p.bounds.Store(&list)
	return b, nil
}
