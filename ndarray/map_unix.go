//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package ndarray

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// mapMemory maps the first n bytes of f for reading.
func mapMemory(f *os.File, n int64) (*mapping, error) {
	if int64(int(n)) != n {
		return nil, unix.ENOMEM
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(n), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	m := &mapping{data}
	runtime.AddCleanup(m, func(data []byte) { unix.Munmap(data) }, data)
	return m, nil
}
