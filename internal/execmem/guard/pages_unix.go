//go:build linux || darwin

package guard

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// pages returns whole writable pages, at least one and at least size bytes, between two inaccessible ones.
func pages(tb testing.TB, size int) []byte {
	tb.Helper()
	page := os.Getpagesize()
	size = max(1, (size+page-1)/page) * page
	mem, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		tb.Fatalf("cannot map %d guarded bytes: %v", size, err)
	}
	tb.Cleanup(func() {
		if err := unix.Munmap(mem); err != nil {
			tb.Errorf("cannot unmap guarded memory: %v", err)
		}
	})
	inner := mem[page : page+size : page+size]
	if err := unix.Mprotect(inner, unix.PROT_READ|unix.PROT_WRITE); err != nil {
		tb.Fatalf("cannot open guarded memory: %v", err)
	}
	return inner
}
