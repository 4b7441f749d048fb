package kernels

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"unsafe"
	"weak"
)

const (
	maxPooled     = 256 << 20 // bytes of idle memory
	maxIdle       = 512       // idle blocks
	maxIdleCycles = 3         // garbage collections that idle memory survives
	minPatience   = 16 << 20  // bytes allocated anew before a collection is asked for
)

// block is memory of the pool: lent to a Buffer, or idle.
type block struct {
	ptr   unsafe.Pointer
	size  int                  // a size class
	user  weak.Pointer[Buffer] // whose memory it is; the pool must not keep that reachable
	index int                  // in lent
	cycle uint32               // in which it became idle
}

// pool recycles the memory of large buffers. After each garbage collection it takes back what was
// lent to Buffers that have become unreachable. What it keeps idle is bounded: the longest idle block
// goes first, and a block that stays idle for a few collections goes too.
//
// New memory is expensive: the system maps it page by page, which costs several times what it costs
// to fill it. So when much was allocated anew since the last collection, the pool asks for one,
// which is cheap where the memory is mostly arrays: these have no pointers to follow.
type pool struct {
	mu    sync.Mutex
	lent  []*block
	idle  []*block // the longest idle first
	bytes int      // of idle
	limit int      // of bytes

	recycled   int // blocks taken back from unreachable users, ever
	fresh      int // bytes allocated anew since the last collection
	patience   int // bytes of fresh that the pool does not ask for a collection for
	collecting bool
	cycle      uint32 // garbage collections seen
	armed      bool   // the next one will be seen
}

var thePool = newPool(poolLimit())

// poolLimit is an eighth of the memory limit that the process was given, if that is less.
func poolLimit() int {
	return int(min(maxPooled, debug.SetMemoryLimit(-1)/8))
}

func newPool(limit int) *pool { return &pool{limit: limit, patience: minPatience} }

// get returns an idle block of a size class, or nil if new memory is to be allocated.
func (p *pool) get(size int) *block {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.take(size)
	if b == nil && p.fresh+size > p.patience && !p.collecting {
		p.collect()
		b = p.take(size)
	}
	if b == nil {
		p.fresh += size
	}
	return b
}

// take removes the block from idle that is most likely to be in a cache.
func (p *pool) take(size int) *block {
	for i := len(p.idle) - 1; i >= 0; i-- {
		if b := p.idle[i]; b.size == size {
			p.idle = slices.Delete(p.idle, i, i+1)
			p.bytes -= size
			return b
		}
	}
	return nil
}

// lend notes that u has its block.
func (p *pool) lend(u *Buffer) {
	u.block.user = weak.Make(u)
	p.mu.Lock()
	defer p.mu.Unlock()
	u.block.index = len(p.lent)
	p.lent = append(p.lent, u.block)
	p.arm()
}

// forget leaves a lent block to the garbage collector.
func (p *pool) forget(b *block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(b)
}

// remove takes a block out of lent.
func (p *pool) remove(b *block) {
	last := len(p.lent) - 1
	p.lent[b.index] = p.lent[last]
	p.lent[b.index].index = b.index
	p.lent[last] = nil
	p.lent = p.lent[:last]
}

// giveBack makes a lent block idle.
func (p *pool) giveBack(b *block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(b)
	p.keep(b)
}

// keep adds a block to idle, and drops what is too much.
func (p *pool) keep(b *block) {
	if b.size > p.limit {
		return
	}
	b.cycle = p.cycle
	p.idle = append(p.idle, b)
	p.bytes += b.size
	for p.bytes > p.limit || len(p.idle) > maxIdle {
		p.dropOldest()
	}
}

func (p *pool) dropOldest() {
	p.bytes -= p.idle[0].size
	p.idle = slices.Delete(p.idle, 0, 1)
}

// arm has tick called after the next garbage collection.
func (p *pool) arm() {
	if !p.armed && len(p.lent)+len(p.idle) > 0 {
		p.armed = true
		runtime.AddCleanup(new([alignment]byte), (*pool).tick, p)
	}
}

// tick follows a garbage collection.
func (p *pool) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cycle++
	for len(p.idle) > 0 && p.cycle-p.idle[0].cycle > maxIdleCycles {
		p.dropOldest()
	}
	p.sweep()
	p.armed = false
	p.arm()
}

// sweep takes back the blocks whose users have become unreachable.
func (p *pool) sweep() {
	for i := len(p.lent) - 1; i >= 0; i-- {
		if b := p.lent[i]; b.user.Value() == nil {
			p.recycled++
			p.remove(b)
			p.keep(b)
		}
	}
	p.fresh = 0
}

// collect runs the garbage collector and sweeps. The pool waits longer for the next time if
// that was in vain, and always so long that the work of the collector stays a small part of
// filling the memory that was allocated in the meantime.
func (p *pool) collect() {
	p.collecting = true
	before := p.recycled
	p.mu.Unlock()
	pointers, on := collector()
	if on {
		runtime.GC()
	}
	p.mu.Lock()
	p.collecting = false
	if p.sweep(); p.recycled > before { // here or in tick, which may have been first
		p.patience = minPatience
	} else {
		p.patience *= 2
	}
	p.patience = min(max(p.patience, 8*pointers), math.MaxInt/4)
}

// collector returns how many bytes a garbage collection looks at, and whether the process wants any.
func collector() (pointers int, on bool) {
	s := []metrics.Sample{{Name: "/gc/scan/total:bytes"}, {Name: "/gc/gogc:percent"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 || s[1].Value.Kind() != metrics.KindUint64 {
		return 0, false
	}
	return int(min(s[0].Value.Uint64(), math.MaxInt/16)), s[1].Value.Uint64() != math.MaxUint64
}
