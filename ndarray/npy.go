package ndarray

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
)

const stepBytes = 16 << 20 // of a claimed size that are believed at once

// Load reads an array from a .npy file. Versions 1 to 3, both byte orders and Fortran order are
// read; the dtype is any that arrays have. The error is a *FormatError with the byte offset if
// the file is not one, or that of the file system.
func Load(path string) (*Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	x, err := Read(f)
	return x, inFile(err, path)
}

// inFile adds the path to a FormatError.
func inFile(err error, path string) error {
	var bad *FormatError
	if errors.As(err, &bad) {
		bad.File = path
	}
	return err
}

// Read reads an array in .npy form from r, and not a byte more, so that a stream may hold several.
// Errors are those of Load and of r. Memory grows with what arrives, not with what is claimed.
func Read(r io.Reader) (*Array, error) {
	h, err := readNPYHeader(r)
	if err != nil {
		return nil, err
	}
	if h.bytes > kernels.MemoryBudget() {
		return nil, npyError(h.offset, ErrSize, "%s of %v takes %d bytes, more than memory",
			formatShape(h.shape), h.dtype, h.bytes)
	}
	if left, known := remaining(r); known && left < int64(h.bytes) {
		return nil, h.short(left)
	} else if !known && h.bytes > stepBytes {
		return h.readUnknown(r)
	}
	x := h.array(nil)
	if err := h.fill(r, x.memory(), 0); err != nil {
		return nil, err
	}
	h.repair(x)
	return x, nil
}

// remaining returns how many bytes r has left, where it says so.
func remaining(r io.Reader) (int64, bool) {
	switch r := r.(type) {
	case *bytes.Reader:
		return int64(r.Len()), true
	case *bytes.Buffer:
		return int64(r.Len()), true
	case *strings.Reader:
		return int64(r.Len()), true
	case *os.File:
		info, err := r.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return 0, false
		}
		at, err := r.Seek(0, io.SeekCurrent)
		return info.Size() - at, err == nil
	case *io.LimitedReader:
		left, known := remaining(r.R)
		return min(left, r.N), known
	}
	return 0, false
}

func (h *npyHeader) short(got int64) error {
	return npyError(h.offset, ErrFormat, "want %d data bytes, got %d", h.bytes, max(got, 0))
}

// fill reads the bytes of the elements from the given one on.
func (h *npyHeader) fill(r io.Reader, b []byte, from int) error {
	n, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return h.short(int64(from + n))
	}
	return err
}

// readUnknown reads elements in steps, and allocates the array when all of them are there: what is
// in use never exceeds twice what arrived and one step.
func (h *npyHeader) readUnknown(r io.Reader) (*Array, error) {
	var steps []*kernels.Buffer
	defer func() {
		for _, s := range steps {
			s.Free()
		}
	}()
	for from := 0; from < h.bytes; from += stepBytes {
		s := kernels.Alloc(min(stepBytes, h.bytes-from))
		steps = append(steps, s)
		if err := h.fill(r, s.Bytes(), from); err != nil {
			return nil, err
		}
	}
	x := h.array(nil)
	b := x.memory()
	for i, s := range steps {
		copy(b[i*stepBytes:], s.Bytes())
	}
	h.repair(x)
	return x, nil
}

// array returns an array as the header describes it: on new memory, or on that of a mapped file.
func (h *npyHeader) array(m *mapping) *Array {
	x := alloc(h.dtype, len(h.shape))
	order := C
	if h.fortran {
		order = F
	}
	copy(x.shape, h.shape)
	fillStrides(x.strides, h.shape, h.dtype.Size(), order)
	if m != nil {
		x.ptr, x.owner, x.mapped, x.readOnly = unsafe.Pointer(&m.data[h.offset]), m, true, true
		return x
	}
	buf := kernels.Alloc(h.bytes)
	x.ptr, x.owner = buf.Pointer(), buf
	return x
}

// memory returns the bytes of the elements of a new array.
func (x *Array) memory() []byte {
	return unsafe.Slice((*byte)(x.ptr), x.Size()*x.dtype.Size())
}

// repair swaps bytes of the other byte order, and makes any true bool 1.
func (h *npyHeader) repair(x *Array) {
	if h.swapped {
		swapBytes(x.memory(), h.dtype.Size())
	}
	if h.dtype == kernels.Bool {
		b := x.memory()
		for i, v := range b {
			if v > 1 {
				b[i] = 1
			}
		}
	}
	runtime.KeepAlive(x)
}

// swapBytes reverses the bytes of each element.
func swapBytes(b []byte, size int) {
	little, big := binary.LittleEndian, binary.BigEndian
	for ; len(b) > 0; b = b[size:] {
		switch size {
		case 2:
			little.PutUint16(b, big.Uint16(b))
		case 4:
			little.PutUint32(b, big.Uint32(b))
		case 8:
			little.PutUint64(b, big.Uint64(b))
		default:
			return
		}
	}
}

// Write writes x in .npy form, version 1, little-endian: byte for byte what NumPy writes. An array
// in Fortran order is written in that order, any other in C order. The error is that of w, or
// matches ErrFault if x is mapped and its file changed.
func Write(w io.Writer, x *Array) error {
	fortran := x.IsFContiguous() && !x.IsContiguous()
	if _, err := w.Write(appendNPYHeader(nil, x.dtype, fortran, x.shape)); err != nil {
		return err
	}
	if fortran {
		x = x.T()
	}
	size := x.dtype.Size()
	block := make([]byte, min(x.Size()*size, 1<<18))
	var failed error
	err := x.packed("Write", block, func(p unsafe.Pointer, n int) bool {
		b := unsafe.Slice((*byte)(p), n*size)
		if bigEndianHost {
			b = slices.Clone(b)
			swapBytes(b, size)
		}
		_, failed = w.Write(b)
		return failed == nil
	})
	return errors.Join(err, failed)
}
