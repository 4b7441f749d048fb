package expr

import (
	"container/list"
	"sync"

	"github.com/lanes-go/lanes/ndarray"
)

// Bounds of the cache behind Eval.
const (
	maxPrograms   = 512
	maxCacheBytes = 64 << 20
)

// Stats counts what Eval's cache has done and holds.
type Stats struct {
	Hits, Misses, Evictions int64
	Programs                int
	Bytes                   int64 // estimated: texts, trees, graphs
}

// programCache keeps compiled programs by text, the least recently used go first. It holds no operands
// and no results.
type programCache struct {
	mu      sync.Mutex
	entries map[string]*list.Element // of *cached
	order   *list.List               // front: used last
	stats   Stats
}

// cached is one program, or the error its text gives. once compiles it a single time for all who ask at once.
type cached struct {
	text string
	once sync.Once
	p    *Program
	err  error
	size int64
}

var programs = programCache{entries: map[string]*list.Element{}, order: list.New()}

// Eval computes the one result of an expression: Compile and Run with the compiled programs kept, the
// most recently used 512 and 64 MiB of them.
func Eval(text string, vars Vars) (*ndarray.Array, error) {
	p, err := programs.get(text)
	if err != nil {
		return nil, err
	}
	return p.Run(vars)
}

// CacheStats returns the state of Eval's cache.
func CacheStats() Stats {
	programs.mu.Lock()
	defer programs.mu.Unlock()
	return programs.stats
}

func (c *programCache) get(text string) (*Program, error) {
	c.mu.Lock()
	e, ok := c.entries[text]
	if ok {
		c.stats.Hits++
		if c.order.Front() != e {
			c.order.MoveToFront(e)
		}
	} else {
		c.stats.Misses++
		c.stats.Programs++
		e = c.order.PushFront(&cached{text: text})
		c.entries[text] = e
		c.evict()
	}
	c.mu.Unlock()
	p := e.Value.(*cached)
	p.once.Do(func() { c.compile(e, p) })
	return p.p, p.err
}

// compile fills an entry. Errors are not kept: they are rare, and cheap to find again.
func (c *programCache) compile(e *list.Element, p *cached) {
	p.p, p.err = Compile(p.text)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[p.text] != e {
		return // evicted meanwhile
	}
	if p.err != nil {
		c.remove(e)
		return
	}
	p.size = p.p.size()
	c.stats.Bytes += p.size
	c.evict()
}

func (c *programCache) evict() {
	for c.stats.Programs > 1 && (c.stats.Programs > maxPrograms || c.stats.Bytes > maxCacheBytes) {
		c.remove(c.order.Back())
		c.stats.Evictions++
	}
}

func (c *programCache) remove(e *list.Element) {
	p := c.order.Remove(e).(*cached)
	delete(c.entries, p.text)
	c.stats.Programs--
	c.stats.Bytes -= p.size
}

// size estimates the bytes of a program and of what binding it will add.
func (p *Program) size() int64 {
	return int64(len(p.tree.src)) + 64*int64(len(p.tree.nodes)) + 512*int64(len(p.graph.values)) + 4096
}
