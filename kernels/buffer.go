package kernels

import (
	"container/list"
	"fmt"
	"math"
	"math/bits"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

const (
	alignment     = 64       // of every buffer: one cache line, one vector of AVX-512
	minPooled     = 32 << 10 // smaller buffers come from the garbage collector and return to it
	maxPooled     = 256 << 20
	maxIdleCycles = 3 // garbage collections that unused pooled memory survives
)

// Buffer is memory for the elements of arrays or for scratch, aligned to 64 bytes. A large buffer
// is recycled when the Buffer becomes unreachable, so whoever uses its memory keeps the Buffer
// reachable (runtime.KeepAlive), or calls Expose.
type Buffer struct {
	ptr     unsafe.Pointer
	n       int
	block   *block // nil if the memory is not recycled
	cleanup runtime.Cleanup
}

// block is memory of the pool: in use by one Buffer, or idle in the pool. It must not refer to its
// Buffer, which would never become unreachable.
type block struct {
	ptr     unsafe.Pointer
	size    int // a size class
	exposed atomic.Bool
	cycle   uint32 // the pool's cycle in which it became idle
}

// Alloc returns a buffer of n bytes. The memory is not zeroed: the caller overwrites every
// byte before anybody else sees it.
func Alloc(n int) *Buffer {
	if n < minPooled {
		return &Buffer{ptr: alignedBytes(n), n: n}
	}
	b := thePool.get(sizeClass(n))
	if b == nil {
		b = &block{size: sizeClass(n)}
		b.ptr = rawBytes(b.size)
	}
	return newBuffer(b, n)
}

// AllocZero returns a buffer of n zero bytes.
func AllocZero(n int) *Buffer {
	if n < minPooled {
		return &Buffer{ptr: alignedBytes(n), n: n}
	}
	if b := thePool.get(sizeClass(n)); b != nil {
		clear(unsafe.Slice((*byte)(b.ptr), n))
		return newBuffer(b, n)
	}
	b := &block{size: sizeClass(n)}
	b.ptr = alignedBytes(b.size) // the runtime knows which memory is zero already
	return newBuffer(b, n)
}

func newBuffer(b *block, n int) *Buffer {
	buf := &Buffer{ptr: b.ptr, n: n, block: b}
	buf.cleanup = runtime.AddCleanup(buf, thePool.put, b)
	return buf
}

// MemoryBudget returns the bytes that one allocation on behalf of a caller may ask for: the memory
// limit given to the process, at most all memory of the machine where that is known. More would
// not be an error of Go but the end of the process.
func MemoryBudget() int { return memoryBudget() }

var memoryBudget = sync.OnceValue(func() int {
	limit := min(debug.SetMemoryLimit(-1), math.MaxInt)
	text, err := os.ReadFile("/proc/meminfo") // Linux
	if err != nil {
		return int(limit)
	}
	var kib int64
	if n, _ := fmt.Sscanf(string(text), "MemTotal: %d kB", &kib); n == 1 {
		limit = min(limit, kib<<10)
	}
	return int(limit)
})

// Pointer returns the address of the first byte, a multiple of 64.
func (b *Buffer) Pointer() unsafe.Pointer { return b.ptr }

// Len returns the size in bytes.
func (b *Buffer) Len() int { return b.n }

// Bytes returns the memory. It stays valid as long as b is reachable, or b is exposed.
func (b *Buffer) Bytes() []byte { return unsafe.Slice((*byte)(b.ptr), b.n) }

// Expose says that the memory is now in the hands of somebody who does not keep b reachable. It
// is never recycled from then on.
func (b *Buffer) Expose() {
	if b.block != nil {
		b.block.exposed.Store(true)
		runtime.KeepAlive(b)
	}
}

// Free returns the memory to the pool at once. The caller says that nobody uses the memory any
// more, and must not use b afterwards. An exposed buffer is left to the garbage collector.
func (b *Buffer) Free() {
	if b.ptr == nil {
		panic("BUG: a buffer is freed twice")
	}
	block := b.block
	b.cleanup.Stop()
	*b = Buffer{}
	if block != nil {
		thePool.put(block)
	}
}

// sizeClass rounds n up to one of eight sizes between two powers of two, so that memory is reused
// for arrays of about the same size at the cost of at most an eighth more.
func sizeClass(n int) int {
	step := 1 << max(bits.Len(uint(n-1))-4, 6)
	return (n + step - 1) &^ (step - 1)
}

// alignedBytes returns zeroed memory.
func alignedBytes(n int) unsafe.Pointer {
	return align(unsafe.Pointer(unsafe.SliceData(make([]byte, n+alignment-1))))
}

// rawBytes returns memory that is not zeroed, which saves a pass over it. The builder of strings
// is the one place in the standard library that hands such memory out.
func rawBytes(n int) unsafe.Pointer {
	var s strings.Builder
	s.Grow(n + alignment - 1)
	s.WriteByte(0)
	return align(unsafe.Pointer(unsafe.StringData(s.String())))
}

func align(p unsafe.Pointer) unsafe.Pointer {
	return unsafe.Add(p, -uintptr(p)&(alignment-1))
}

// pool keeps idle blocks. What it keeps is bounded: the longest idle block goes first, and
// a block that stays idle for a few garbage collections goes too.
type pool struct {
	mu    sync.Mutex
	idle  map[int][]*list.Element // by size class, the longest idle first
	age   list.List               // of *block, the longest idle first
	bytes int
	limit int
	cycle uint32
	armed bool // a garbage collection will call tick
}

var thePool = newPool(poolLimit())

// poolLimit is an eighth of the memory limit that the process was given, if that is less.
func poolLimit() int {
	return int(min(maxPooled, debug.SetMemoryLimit(-1)/8))
}

func newPool(limit int) *pool {
	return &pool{idle: map[int][]*list.Element{}, limit: limit}
}

func (p *pool) get(size int) *block {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle[size]
	if len(idle) == 0 {
		return nil
	}
	last := len(idle) - 1 // the one most likely to be in a cache
	b := p.remove(idle[last])
	idle[last] = nil
	p.idle[size] = idle[:last]
	return b
}

// remove takes e out of the list of ages; its caller has taken it out of idle.
func (p *pool) remove(e *list.Element) *block {
	b := p.age.Remove(e).(*block)
	p.bytes -= b.size
	return b
}

func (p *pool) put(b *block) {
	if b.exposed.Load() || b.size > p.limit {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b.cycle = p.cycle
	p.idle[b.size] = append(p.idle[b.size], p.age.PushBack(b))
	p.bytes += b.size
	for p.bytes > p.limit {
		p.dropOldest()
	}
	p.arm()
}

func (p *pool) dropOldest() {
	b := p.remove(p.age.Front())
	// Blocks of one size enter and leave idle at its end, so the oldest of all is the first.
	p.idle[b.size][0] = nil
	p.idle[b.size] = p.idle[b.size][1:]
}

// arm has the next garbage collection call tick, as long as there is something to drop.
func (p *pool) arm() {
	if p.armed || p.age.Len() == 0 {
		return
	}
	p.armed = true
	runtime.AddCleanup(new([alignment]byte), (*pool).tick, p)
}

// tick counts a garbage collection and drops what was idle for too many of them.
func (p *pool) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cycle++
	for e := p.age.Front(); e != nil && p.cycle-e.Value.(*block).cycle > maxIdleCycles; e = p.age.Front() {
		p.dropOldest()
	}
	p.armed = false
	p.arm()
}
