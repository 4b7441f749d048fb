package simd

import (
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/lanes-go/lanes/internal/amd64"
	"github.com/lanes-go/lanes/internal/execmem"
)

// machineCode runs a program as machine code. Variants of the routine are made when they are first asked for.
type machineCode struct {
	p        *Program
	set      *isa
	plain    *routine
	variants [variants]struct {
		once sync.Once
		*routine
	}
	perCall int // elements that one call computes at the most, so that it returns soon
	pads    sync.Pool
}

// routine is one piece of loaded machine code.
type routine struct {
	*listing
	code    *execmem.Code
	scratch sync.Pool
}

// frame is the argument block. Its layout is known to the code: see the offsets in codegen.go.
type frame struct {
	left    int
	first   int
	start   int64
	ptrs    *unsafe.Pointer
	strides *int
	scratch unsafe.Pointer
	rows    int
	row     int
	steps   *int
}

// callCycles bounds the estimated length of one call, every rare region included. Generated code cannot be preempted: a
// garbage collection waits for it.
const callCycles = 100_000

// isaOf returns the tables of an engine.
func isaOf(e Engine) *isa {
	if e == AVX512 {
		return avx512
	}
	return avx2
}

// generate compiles p to machine code.
func generate(p *Program, e Engine) (*machineCode, error) {
	m := &machineCode{p: p, set: isaOf(e)}
	var err error
	if m.plain, err = load(p, m.set, 0); err != nil {
		return nil, err
	}
	per := int(callCycles / max(cost(p, e, true), 0.5))
	m.perCall = max(128, min(per, 1<<15)) &^ 127 // whole turns of the loop, and of AccLanes
	m.pads.New = func() any { return newPad(p, m.plain.units*m.plain.lanes) }
	return m, nil
}

func load(p *Program, set *isa, v variant) (*routine, error) {
	l, err := translate(p, set, v)
	if err != nil {
		return nil, err
	}
	bytes, err := amd64.Assemble(l.code, l.pool, set.level)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	r := &routine{listing: l}
	if r.code, err = execmem.Alloc(bytes); err != nil {
		return nil, err
	}
	r.scratch.New = func() any { b := alignedBytes(64 * l.slots); return &b }
	return r, nil
}

// alignedBytes returns n bytes of memory aligned to 64.
func alignedBytes(n int) []byte {
	b := make([]byte, n+63)
	off := int(-uintptr(unsafe.Pointer(&b[0])) & 63)
	return b[off : off+n : off+n]
}

func (m *machineCode) listing() string {
	var b strings.Builder
	for _, in := range m.plain.listing.code {
		if in.Op != amd64.LABEL {
			b.WriteString("  ")
		}
		b.WriteString(in.String())
		b.WriteByte('\n')
	}
	return b.String()
}

func (m *machineCode) run(n int, start int64, ptrs []unsafe.Pointer, strides []int, flags Flags) {
	traceAccess(m.p, n, ptrs, strides)
	f := frame{start: start, ptrs: unsafe.SliceData(ptrs), strides: unsafe.SliceData(strides)}
	r := m.plain
	head := 0
	if n >= 512 {
		head = m.head(ptrs)
		if flags&Streaming != 0 && m.alignedAt(head, ptrs) {
			r = m.variant(streaming)
		}
	}
	if head > 0 {
		f.left = head
		m.plain.call(&f)
	}
	whole := n
	if !m.plain.masked {
		whole -= n % (m.plain.units * m.plain.lanes)
	}
	for f.first = head; f.first < whole; f.first += f.left {
		f.left = min(m.perCall, whole-f.first)
		r.call(&f)
	}
	if whole < n {
		m.padded(whole, n-whole, start, ptrs, strides)
	}
	runtime.KeepAlive(m)
}

// head is how many elements come before the first store to a border of vectors: stores across cache lines cost most.
// Programs that must take elements in whole groups have none.
func (m *machineCode) head(ptrs []unsafe.Pointer) int {
	if !m.plain.masked || m.p.accumulates() || len(m.p.sinks) == 0 {
		return 0
	}
	size := m.p.sinks[0].Type.Size()
	width := min(64, m.plain.lanes*size)
	off := int(uintptr(ptrs[len(m.p.sources)]) & uintptr(width-1))
	if off%size != 0 {
		return 0
	}
	return (width - off) % width / size
}

// alignedAt tells whether every store from an element on meets a border of vectors, as non-temporal stores must.
func (m *machineCode) alignedAt(first int, ptrs []unsafe.Pointer) bool {
	for k, o := range m.p.sinks {
		size := o.Type.Size()
		width := m.plain.lanes * size
		at := uintptr(ptrs[len(m.p.sources)+k]) + uintptr(first*size)
		if o.Op != OpStore || width >= 16 && at%uintptr(min(width, 64)) != 0 {
			return false
		}
	}
	return true
}

// runRows computes rows of n elements, row r with operand k steps[k]*r bytes further on. It returns false if it cannot.
func (m *machineCode) runRows(rows, n int, ptrs []unsafe.Pointer, steps []int) bool {
	if !m.plain.rows || n > m.perCall {
		return false
	}
	r := m.variant(rowwise)
	if r == m.plain {
		return false
	}
	for row := range rows {
		traceRow(m.p, row, n, ptrs, steps)
	}
	f := frame{left: n, ptrs: unsafe.SliceData(ptrs), steps: unsafe.SliceData(steps)}
	for f.row < rows {
		f.rows = min(rows, f.row+m.rowsPerCall(n))
		r.call(&f)
	}
	runtime.KeepAlive(m)
	return true
}

// rowsPerCall is how many rows of n elements one call computes: the shortest row costs a whole vector and its pointers.
func (m *machineCode) rowsPerCall(n int) int { return max(1, m.perCall/(n+2*m.plain.lanes)) }

// variant returns a variant of the routine; if it cannot be made, the plain one, which serves as well but for rowwise.
func (m *machineCode) variant(v variant) *routine {
	x := &m.variants[v]
	x.once.Do(func() {
		r, err := load(m.p, m.set, v)
		if err != nil {
			r = m.plain
		}
		x.routine = r
	})
	return x.routine
}

func (r *routine) call(f *frame) {
	if r.slots == 0 {
		execmem.Call(r.code.Entry(), unsafe.Pointer(f))
		return
	}
	b := r.scratch.Get().(*[]byte)
	f.scratch = unsafe.Pointer(unsafe.SliceData(*b))
	execmem.Call(r.code.Entry(), unsafe.Pointer(f))
	f.scratch = nil
	r.scratch.Put(b)
}

// pad is memory for one turn of the main loop: where the last vector cannot be masked, its elements are computed here.
type pad struct {
	mem     []byte
	ptrs    []unsafe.Pointer
	strides []int
}

func newPad(p *Program, n int) *pad {
	operands := append(p.Sources(), p.sinks...)
	each := max(8*n, 8*AccLanes)
	d := &pad{mem: alignedBytes(each * len(operands)), ptrs: make([]unsafe.Pointer, len(operands)),
		strides: make([]int, len(operands))}
	for k, o := range operands {
		d.ptrs[k] = unsafe.Pointer(&d.mem[k*each])
		d.strides[k] = o.Type.Size()
	}
	return d
}

// padded computes elements first … first+n-1, fewer than one turn of the main loop, on copies.
func (m *machineCode) padded(first, n int, start int64, ptrs []unsafe.Pointer, strides []int) {
	d := m.pads.Get().(*pad)
	sources := len(m.p.sources)
	begin := start + int64(first)
	lane := func(i int) int { return int((uint64(begin) + uint64(i)) % AccLanes) }
	for k, o := range m.p.sources {
		size := o.Type.Size()
		switch o.Op {
		case OpScalar:
			d.ptrs[k] = ptrs[k]
		case OpLoad:
			copyElements(d.ptrs[k], unsafe.Add(ptrs[k], first*size), n*size)
		case OpStrided:
			gatherStrided(d.ptrs[k], unsafe.Add(ptrs[k], first*strides[k]), size, strides[k], n)
		}
	}
	for k, o := range m.p.sinks {
		switch size, at := o.Type.Size(), ptrs[sources+k]; o.Op {
		case OpStoreMasked:
			copyElements(d.ptrs[sources+k], unsafe.Add(at, first*size), n*size)
		case OpAccumulate: // turned, so that the first element meets its lane
			for i := range AccLanes {
				copyElements(unsafe.Add(d.ptrs[sources+k], i*size), unsafe.Add(at, lane(i)*size), size)
			}
		}
	}
	f := frame{left: m.plain.units * m.plain.lanes, start: begin, ptrs: &d.ptrs[0], strides: &d.strides[0]}
	m.plain.call(&f)
	for k, o := range m.p.sinks {
		size, at := o.Type.Size(), ptrs[sources+k]
		if o.Op != OpAccumulate {
			copyElements(unsafe.Add(at, first*size), d.ptrs[sources+k], n*size)
			continue
		}
		for i := range n {
			copyElements(unsafe.Add(at, lane(i)*size), unsafe.Add(d.ptrs[sources+k], i*size), size)
		}
	}
	for k, o := range m.p.sources {
		if o.Op == OpScalar {
			d.ptrs[k] = unsafe.Pointer(&d.mem[0]) // do not keep the caller's memory
		}
	}
	m.pads.Put(d)
}

func copyElements(d, s unsafe.Pointer, bytes int) {
	copy(unsafe.Slice((*byte)(d), bytes), unsafe.Slice((*byte)(s), bytes))
}
