package ndarray

import (
	"runtime/debug"
	"unsafe"
)

// layout is memory with strides in bytes, to be walked along a shape kept elsewhere.
type layout struct {
	ptr     unsafe.Pointer
	strides []int
}

func (x *Array) layout() layout { return layout{x.ptr, x.strides} }

// row is n elements of memory, stride bytes apart.
type row struct {
	ptr    unsafe.Pointer
	stride int
}

// rows calls f for the innermost rows of a and b, in C order of shape, until f returns false. Axes
// that lie one after another in both are one row. An empty shape has no rows.
func rows(shape []int, a, b layout, f func(a, b row, n int) bool) {
	if count(shape) == 0 {
		return
	}
	var lengths, as, bs [maxRank]int // the axes of the walk, outermost first
	rank := 0
	for k, n := range shape {
		if n == 1 {
			continue
		}
		if rank > 0 && as[rank-1] == n*a.strides[k] && bs[rank-1] == n*b.strides[k] {
			rank--
			n *= lengths[rank]
		}
		lengths[rank], as[rank], bs[rank] = n, a.strides[k], b.strides[k]
		rank++
	}
	if rank == 0 {
		f(row{a.ptr, 0}, row{b.ptr, 0}, 1)
		return
	}
	var index [maxRank]int
	last := rank - 1
	for ao, bo := 0, 0; ; {
		if !f(row{unsafe.Add(a.ptr, ao), as[last]}, row{unsafe.Add(b.ptr, bo), bs[last]}, lengths[last]) {
			return
		}
		k := last - 1
		for ; k >= 0; k-- {
			ao, bo = ao+as[k], bo+bs[k]
			if index[k]++; index[k] < lengths[k] {
				break
			}
			ao, bo = ao-lengths[k]*as[k], bo-lengths[k]*bs[k]
			index[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// anyOrder is rows for loops in which the order of elements does not matter: the axis with the
// smallest stride of a becomes the innermost.
func anyOrder(shape []int, a, b layout, f func(a, b row, n int)) {
	var lengths, as, bs [maxRank]int
	rank := len(shape)
	for k := range shape {
		at := k
		for ; at > 0 && abs(as[at-1]) < abs(a.strides[k]); at-- {
			lengths[at], as[at], bs[at] = lengths[at-1], as[at-1], bs[at-1]
		}
		lengths[at], as[at], bs[at] = shape[k], a.strides[k], b.strides[k]
	}
	rows(lengths[:rank], layout{a.ptr, as[:rank]}, layout{b.ptr, bs[:rank]}, func(a, b row, n int) bool {
		f(a, b, n)
		return true
	})
}

func abs(n int) int { return max(n, -n) }

// guard runs f, which reads the memory of an array. If that is a mapped file which is no longer
// what it was, the fault becomes an error that matches ErrFault.
func guard(op string, mapped bool, f func()) (err error) {
	if !mapped {
		f()
		return nil
	}
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		switch r := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = valueError(op, ErrFault, "the mapped file cannot be read any more: was it truncated?")
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

// extent returns the addresses of the first byte of an array and of the byte after the last.
func (x *Array) extent() (low, high uintptr) {
	low = uintptr(x.ptr)
	if x.Size() == 0 {
		return low, low
	}
	high = low + uintptr(x.dtype.Size())
	for k, s := range x.strides {
		if span := (x.shape[k] - 1) * s; span < 0 {
			low -= uintptr(-span)
		} else {
			high += uintptr(span)
		}
	}
	return low, high
}

// mayOverlap reports whether x and y may share bytes.
func mayOverlap(x, y *Array) bool {
	xl, xh := x.extent()
	yl, yh := y.extent()
	return xl < yh && yl < xh
}
