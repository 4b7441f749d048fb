package ndarray

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lanes-go/lanes/kernels"
)

// The classes of errors, for errors.Is.
var (
	ErrShape       = errors.New("shapes do not fit")
	ErrDType       = errors.New("dtype does not fit")
	ErrAxis        = errors.New("no such axis")
	ErrIndex       = errors.New("index out of range")
	ErrValue       = errors.New("bad value")
	ErrReadOnly    = errors.New("array is read-only")
	ErrSize        = errors.New("array too large")
	ErrFormat      = errors.New("bad file format")
	ErrUnsupported = errors.New("not supported")
	ErrFault       = errors.New("mapped file changed") // reading it failed: truncated, or an I/O error
)

// ShapeError says that shapes do not fit each other or an operation. It matches ErrShape.
type ShapeError struct {
	Func   string  // the function, "Reshape"
	What   string  // what is wrong, with the shapes in words
	Shapes [][]int // the shapes
}

func (e *ShapeError) Error() string { return "ndarray." + e.Func + ": " + e.What }

// Unwrap returns ErrShape.
func (e *ShapeError) Unwrap() error { return ErrShape }

// DTypeError says that a dtype is not the one needed. It matches ErrDType, or ErrUnsupported for a
// dtype that arrays cannot have yet.
type DTypeError struct {
	Func  string
	What  string
	DType kernels.DType
	Class error // ErrDType or ErrUnsupported
}

func (e *DTypeError) Error() string { return "ndarray." + e.Func + ": " + e.What }

// Unwrap returns the class.
func (e *DTypeError) Unwrap() error { return e.Class }

// AxisError says that an array has no such axis, or that an axis was given twice. It matches
// ErrAxis.
type AxisError struct {
	Func     string
	Axis     int
	Rank     int
	Shape    []int // nil if no array has that rank yet
	Repeated bool
}

func (e *AxisError) Error() string {
	if e.Repeated {
		return fmt.Sprintf("ndarray.%s: axis %d is given twice", e.Func, e.Axis)
	}
	text := fmt.Sprintf("ndarray.%s: axis %d out of range for rank %d", e.Func, e.Axis, e.Rank)
	if e.Shape != nil {
		text += " " + formatShape(e.Shape)
	}
	return text
}

// Unwrap returns ErrAxis.
func (e *AxisError) Unwrap() error { return ErrAxis }

// IndexError says that an index is outside its axis, or no index at all. It matches ErrIndex.
type IndexError struct {
	Func string
	What string
}

func (e *IndexError) Error() string { return "ndarray." + e.Func + ": " + e.What }

// Unwrap returns ErrIndex.
func (e *IndexError) Unwrap() error { return ErrIndex }

// ValueError says that an argument has a value that the function cannot work with, or that an
// array is in the wrong state. It matches its Class.
type ValueError struct {
	Func  string
	What  string
	Class error // ErrValue, ErrReadOnly, ErrSize, ErrFault
}

func (e *ValueError) Error() string { return "ndarray." + e.Func + ": " + e.What }

// Unwrap returns the class.
func (e *ValueError) Unwrap() error { return e.Class }

// FormatError says where a file is not what its format demands. It matches ErrFormat, or
// ErrUnsupported if the format allows what this package does not read.
type FormatError struct {
	Format       string // "npy" or "csv"
	File         string // the path, if there is one
	Offset       int64  // byte offset, for npy
	Line, Column int    // from 1, for csv; Column counts cells, 0 if the whole line is meant
	What         string
	Class        error // ErrFormat, ErrUnsupported or ErrSize
}

func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString(e.Format)
	b.WriteString(": ")
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString(":")
		}
	}
	switch {
	case e.Line == 0:
		fmt.Fprintf(&b, "offset %d: ", e.Offset)
	case e.Column == 0:
		fmt.Fprintf(&b, "%d: ", e.Line)
	default:
		fmt.Fprintf(&b, "%d:%d: ", e.Line, e.Column)
	}
	b.WriteString(e.What)
	return b.String()
}

// Unwrap returns the class.
func (e *FormatError) Unwrap() error { return e.Class }

// shapeError keeps the arguments that are shapes.
func shapeError(op, format string, args ...any) error {
	e := &ShapeError{Func: op, What: fmt.Sprintf(format, args...)}
	for _, a := range args {
		if s, ok := a.(shapeText); ok {
			e.Shapes = append(e.Shapes, slices.Clone(s))
		}
	}
	return e
}

// shapeText is a shape that prints as errors show it.
type shapeText []int

func (s shapeText) String() string { return formatShape(s) }

func valueError(op string, class error, format string, args ...any) error {
	return &ValueError{Func: op, What: fmt.Sprintf(format, args...), Class: class}
}

func indexError(op string, format string, args ...any) error {
	return &IndexError{Func: op, What: fmt.Sprintf(format, args...)}
}

func dtypeError(op string, dt kernels.DType, format string, args ...any) error {
	return &DTypeError{Func: op, What: fmt.Sprintf(format, args...), DType: dt, Class: ErrDType}
}

func unsupported(op string, dt kernels.DType) error {
	what := "arrays of " + dt.String() + " are not supported yet"
	return &DTypeError{Func: op, What: what, DType: dt, Class: ErrUnsupported}
}

// writable returns an error if x must not be written.
func (x *Array) writable(op string) error {
	if x.readOnly {
		return valueError(op, ErrReadOnly, "array %s is read-only; Clone it", formatShape(x.shape))
	}
	return nil
}
