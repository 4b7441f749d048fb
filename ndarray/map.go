package ndarray

import (
	"io"
	"os"

	"github.com/lanes-go/lanes/kernels"
)

// mapping is the memory of a mapped file, which is unmapped when the mapping is unreachable.
type mapping struct{ data []byte }

// Map returns an array on the memory-mapped elements of a .npy file: nothing is read until it is
// used, and files larger than memory work. The array is read-only and stays mapped as long as
// it or a view of it is reachable. Whoever changes the file changes the array; if the file is
// truncated, reading fails with an error that matches ErrFault.
//
// Elements that this machine cannot use in place (of the other byte order, not aligned, or bool) are
// loaded instead, and so is everything where the system has no mapping; then Mapped is false.
// Errors are those of Load.
func Map(path string) (*Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	x, err := mapFile(f)
	return x, inFile(err, path)
}

func mapFile(f *os.File) (*Array, error) {
	h, err := readNPYHeader(f)
	if err != nil {
		return nil, err
	}
	left, known := remaining(f)
	if known && left < int64(h.bytes) {
		return nil, h.short(left)
	}
	aligned := h.offset%int64(h.dtype.Size()) == 0
	if known && h.bytes > 0 && aligned && !h.swapped && h.dtype != kernels.Bool {
		if m, err := mapMemory(f, h.offset+int64(h.bytes)); err == nil {
			return h.array(m), nil
		}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	x, err := Read(f)
	if err != nil {
		return nil, err
	}
	x.readOnly = true
	return x, nil
}
