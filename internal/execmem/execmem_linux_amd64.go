//go:build !purego

package execmem

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// int3 is the one-byte trap that fills what is not code: a stray jump dies at once instead of sliding on.
const int3 = 0xCC

var probeCode = []byte{0xC3} // RET

// Call calls the code at entry with args in RDI. It does not let args escape: the block may live on the
// caller's stack, which cannot move while the code runs. What args points to must stay reachable through
// typed pointers. The goroutine can be preempted at the start of every call, and not before the code returns.
//
//go:noescape
func Call(entry uintptr, args unsafe.Pointer)

// VZeroUpper clears the upper halves of the vector registers. A fault leaves generated code before its own
// VZEROUPPER; whoever recovers from one calls this, or scalar SSE code runs many times slower from then on.
// The processor must have AVX, which holds where code that needs this ran.
func VZeroUpper()

// mapCode returns code in executable pages of its own, followed by traps.
func mapCode(code []byte) ([]byte, error) {
	page := os.Getpagesize()
	size := (len(code) + 1 + page - 1) / page * page
	mem, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("cannot map %d bytes: %w", size, err)
	}
	for i := copy(mem, code); i < size; i++ {
		mem[i] = int3
	}
	if err := unix.Mprotect(mem, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		unmapCode(mem)
		return nil, fmt.Errorf("the system refuses to make memory executable: %w", err)
	}
	return mem, nil
}

func unmapCode(mem []byte) {
	if err := unix.Munmap(mem); err != nil {
		panic("BUG: execmem: unmapping code: " + err.Error())
	}
}
