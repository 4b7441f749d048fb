package kernels

import (
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
	alignment = 64       // of every buffer: one cache line, one vector of AVX-512
	minPooled = 32 << 10 // smaller buffers come from the garbage collector and return to it
)

// Buffer is memory for the elements of arrays or for scratch, aligned to 64 bytes. A large buffer
// is recycled when the Buffer becomes unreachable, so whoever uses its memory keeps the Buffer
// reachable (runtime.KeepAlive), or calls Expose.
type Buffer struct {
	ptr     unsafe.Pointer
	n       int
	block   *block // nil if the memory is not the pool's
	exposed atomic.Bool
}

// Alloc returns a buffer of n bytes. The memory is not zeroed: the caller overwrites every
// byte before anybody else sees it.
func Alloc(n int) *Buffer { return alloc(n, rawBytes, func([]byte) {}) }

// AllocZero returns a buffer of n zero bytes.
func AllocZero(n int) *Buffer {
	// Of new memory the runtime knows what is zero already.
	return alloc(n, alignedBytes, func(old []byte) { clear(old) })
}

// alloc takes a small buffer from the garbage collector, and a large one from the pool, which
// reuse prepares, or from fresh.
func alloc(n int, fresh func(int) unsafe.Pointer, reuse func([]byte)) *Buffer {
	if n < minPooled {
		return &Buffer{ptr: alignedBytes(n), n: n}
	}
	size := sizeClass(n)
	b := &Buffer{n: n}
	if b.block = thePool.get(size); b.block != nil {
		b.ptr = b.block.ptr
		reuse(b.Bytes())
	} else {
		b.ptr = fresh(size)
		if size >= minHuge {
			adviseHuge(b.ptr, size)
		}
		b.block = &block{ptr: b.ptr, size: size}
	}
	thePool.lend(b)
	return b
}

// minHuge is the size from which on memory is backed by huge pages where the system has them, as NumPy's is.
const minHuge = 4 << 20

// Pointer returns the address of the first byte, a multiple of 64.
func (b *Buffer) Pointer() unsafe.Pointer { return b.ptr }

// Len returns the size in bytes.
func (b *Buffer) Len() int { return b.n }

// Bytes returns the memory. It stays valid as long as b is reachable, or b is exposed.
func (b *Buffer) Bytes() []byte { return unsafe.Slice((*byte)(b.ptr), b.n) }

// Expose says that the memory is now in the hands of somebody who does not keep b reachable. It
// is never recycled from then on.
func (b *Buffer) Expose() {
	if b.block != nil && !b.exposed.Swap(true) {
		thePool.forget(b.block)
	}
	runtime.KeepAlive(b)
}

// Free returns the memory to the pool at once. The caller says that nobody uses the memory any
// more, and must not use b afterwards. An exposed buffer is left to the garbage collector.
func (b *Buffer) Free() {
	if b.ptr == nil {
		panic("BUG: a buffer is freed twice")
	}
	if b.block != nil && !b.exposed.Load() {
		thePool.giveBack(b.block)
	}
	b.ptr, b.n, b.block = nil, 0, nil
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
