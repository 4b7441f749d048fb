package kernels

import (
	"bytes"
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"
)

// withPool runs f with a pool of its own.
func withPool(t *testing.T, limit int) *pool {
	t.Helper()
	old := thePool
	thePool = newPool(limit)
	t.Cleanup(func() { thePool = old })
	return thePool
}

func (p *pool) held() (n, size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.idle {
		n++
		size += b.size
	}
	if size != p.bytes {
		panic("BUG: the pool miscounts its bytes")
	}
	return n, size
}

// collect runs the garbage collector until done says so.
func collect(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 200 {
		if runtime.GC(); done() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("after 200 collections: not %s", what)
}

func TestAlloc(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 4096, minPooled - 1, minPooled, minPooled + 1, 1<<20 + 7} {
		for _, alloc := range []func(int) *Buffer{Alloc, AllocZero} {
			b := alloc(n)
			if uintptr(b.Pointer())%alignment != 0 || len(b.Bytes()) != n || b.Len() != n {
				t.Errorf("n %d: address %p, %d bytes", n, b.Pointer(), len(b.Bytes()))
			}
			for i := range b.Bytes() {
				b.Bytes()[i] = 0xff
			}
			b.Free()
		}
		if b := AllocZero(n); len(bytes.Trim(b.Bytes(), "\x00")) != 0 {
			t.Errorf("AllocZero(%d) is not zero", n)
		}
	}
}

func TestSizeClass(t *testing.T) {
	for n := minPooled; n < 1<<22; n += 1 + n/1000 {
		c := sizeClass(n)
		if c < n || c > n+n/8 || sizeClass(c) != c {
			t.Fatalf("sizeClass(%d) = %d, of itself %d", n, c, sizeClass(c))
		}
	}
}

func TestFreeReuses(t *testing.T) {
	p := withPool(t, 1<<20)
	b := Alloc(100_000)
	ptr := b.Pointer()
	b.Free()
	if n, size := p.held(); n != 1 || size != sizeClass(100_000) {
		t.Fatalf("the pool holds %d blocks, %d bytes", n, size)
	}
	if c := Alloc(99_999); c.Pointer() != ptr {
		t.Error("the freed memory is not reused")
	}
	defer func() {
		if recover() == nil {
			t.Error("the second Free went unnoticed")
		}
	}()
	b.Free()
}

func TestUnreachableReturns(t *testing.T) {
	p := withPool(t, 1<<20)
	b := Alloc(100_000)
	addr := uintptr(b.Pointer())
	runtime.KeepAlive(b)
	b = nil
	collect(t, "returned", func() bool { n, _ := p.held(); return n == 1 })
	if c := Alloc(100_000); uintptr(c.Pointer()) != addr {
		t.Error("the returned memory is not reused")
	}
}

func TestExposedNeverReturns(t *testing.T) {
	p := withPool(t, 1<<20)
	b := Alloc(100_000)
	data := b.Bytes()
	b.Expose()
	b = nil
	other := Alloc(100_000)
	runtime.KeepAlive(other)
	other = nil
	collect(t, "returned", func() bool { n, _ := p.held(); return n > 0 })
	for range 5 {
		runtime.GC()
	}
	if b := Alloc(100_000); b.Pointer() == unsafe.Pointer(&data[0]) {
		t.Error("exposed memory is reused")
	}
	c := Alloc(100_000)
	c.Expose()
	c.Free()
	if n, _ := p.held(); n != 0 {
		t.Error("exposed memory was freed into the pool")
	}
	data[0] = 1
}

func TestPoolIsBounded(t *testing.T) {
	const size = 1 << 18
	p := withPool(t, 4*size)
	var all []*Buffer
	for range 10 {
		all = append(all, Alloc(size))
	}
	newest := all[9].Pointer()
	for _, b := range all {
		b.Free()
	}
	if n, bytes := p.held(); n != 4 || bytes != 4*size {
		t.Errorf("the pool holds %d blocks, %d bytes", n, bytes)
	}
	if Alloc(size).Pointer() != newest {
		t.Error("the newest block is not the first to be reused")
	}
	big := Alloc(8 * size)
	big.Free()
	if _, bytes := p.held(); bytes > 4*size {
		t.Errorf("the pool holds %d bytes", bytes)
	}
}

func TestIdleMemoryIsDropped(t *testing.T) {
	p := withPool(t, 1<<24)
	for n := range 4 {
		Alloc(100_000 << n).Free()
	}
	if n, _ := p.held(); n != 4 {
		t.Fatalf("the pool holds %d blocks, want 4", n)
	}
	collect(t, "empty", func() bool { n, _ := p.held(); return n == 0 })
}

// TestPoolRace has many goroutines write their own pattern and find it again, while buffers come
// and go in every way.
func TestPoolRace(t *testing.T) {
	withPool(t, 4<<20)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var kept [][]byte
			for i := range 200 {
				n := minPooled + i%5*10_000
				b := Alloc(n)
				data := b.Bytes()
				for j := range data {
					data[j] = byte(g)
				}
				switch i % 3 {
				case 0:
					b.Expose()
					if kept = append(kept, data); len(kept) > 4 {
						kept = kept[1:]
					}
				case 1:
					runtime.Gosched()
				}
				for _, d := range append(kept, data) {
					if d[0] != byte(g) || d[len(d)-1] != byte(g) || d[len(d)/2] != byte(g) {
						t.Errorf("goroutine %d finds foreign bytes", g)
						return
					}
				}
				runtime.KeepAlive(b)
				if i%3 == 2 {
					b.Free()
				}
				if i%50 == 0 {
					runtime.GC()
				}
			}
		})
	}
	wg.Wait()
}

func TestMemoryBudget(t *testing.T) {
	if b := MemoryBudget(); b < 1<<20 {
		t.Errorf("the memory budget is %d bytes", b)
	}
}

func BenchmarkAlloc(b *testing.B) {
	for _, n := range []int{64, 1 << 16, 1 << 23} {
		b.Run("free", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Alloc(n).Free()
			}
		})
		b.Run("collected", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Alloc(n)
			}
		})
	}
}

// TestPoolCollects drops buffer after buffer: the pool finds the memory again before long, without a
// collection that somebody else asks for.
func TestPoolCollects(t *testing.T) {
	const size = 24 << 20
	withPool(t, 1<<28)
	seen := map[unsafe.Pointer]bool{}
	for range 30 {
		b := Alloc(size)
		seen[b.Pointer()] = true
		b.Bytes()[0] = 1
		runtime.KeepAlive(b)
	}
	if len(seen) > 15 {
		t.Errorf("30 buffers that were dropped took the memory of %d", len(seen))
	}
}

// TestPoolKeepsUsers has many buffers in use: the pool asks for collections ever more rarely.
func TestPoolKeepsUsers(t *testing.T) {
	p := withPool(t, 1<<28)
	p.patience = 1 << 18
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var all []*Buffer
	for range 200 {
		all = append(all, Alloc(1<<18))
	}
	runtime.ReadMemStats(&after)
	if n := after.NumForcedGC - before.NumForcedGC; n < 1 || n > 20 {
		t.Errorf("200 buffers in use asked for %d collections", n)
	}
	seen := map[unsafe.Pointer]bool{}
	for _, b := range all {
		seen[b.Pointer()] = true
	}
	if len(seen) != len(all) {
		t.Errorf("%d buffers in use have %d addresses", len(all), len(seen))
	}
}
