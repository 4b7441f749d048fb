package ndarray

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
)

// columnBuilder collects the cells of a column, as integers or bools as long as all cells are.
type columnBuilder struct {
	dtype  kernels.DType // Invalid before the first cell
	values []uint64      // the bits of int64 or float64, 0 or 1 for bool
}

func (b *columnBuilder) add(cell []byte) error {
	if b.dtype == kernels.Int64 || b.dtype == kernels.Invalid {
		if v, ok := parseInt(cell); ok {
			b.dtype = kernels.Int64
			b.values = append(b.values, uint64(v))
			return nil
		}
	}
	v, isBool, err := parseCell(cell)
	switch {
	case err != nil:
		return err
	case isBool && b.dtype == kernels.Invalid:
		b.dtype = kernels.Bool
	case isBool != (b.dtype == kernels.Bool):
		before := "true or false"
		if isBool {
			before = "numbers"
		}
		return fmt.Errorf("%s, but cells before it are %s", clipText(cell), before)
	case !isBool && b.dtype != kernels.Float64:
		b.dtype = kernels.Float64
		for i, n := range b.values {
			b.values[i] = math.Float64bits(float64(int64(n)))
		}
	}
	if !isBool {
		b.values = append(b.values, math.Float64bits(v))
	} else {
		b.values = append(b.values, uint64(v))
	}
	return nil
}

// parseInt reads a decimal integer. It refuses -0, which only a float can keep.
func parseInt(cell []byte) (v int64, ok bool) {
	digits := cell
	if len(cell) > 0 && (cell[0] == '-' || cell[0] == '+') {
		digits = cell[1:]
	}
	if len(digits) == 0 || len(digits) > 18 { // longer ones are rare
		v, err := strconv.ParseInt(string(cell), 10, 64)
		return v, err == nil && v != 0
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		v = v*10 + int64(d-'0')
	}
	if cell[0] == '-' {
		return -v, v != 0
	}
	return v, true
}

// parseCell reads a number, a missing value, which is NaN, or true or false as 1 or 0.
func parseCell(cell []byte) (v float64, isBool bool, err error) {
	switch string(cell) {
	case "", "NA", "N/A", "null", "NULL":
		return math.NaN(), false, nil
	case "true", "True", "TRUE":
		return 1, true, nil
	case "false", "False", "FALSE":
		return 0, true, nil
	}
	v, err = strconv.ParseFloat(unsafe.String(&cell[0], len(cell)), 64)
	switch {
	case err == nil && !goSyntax(cell):
		return v, false, nil
	case err != nil && math.IsInf(v, 0):
		return 0, false, fmt.Errorf("%s is beyond float64", clipText(cell))
	}
	return 0, false, fmt.Errorf("%s is no number", clipText(cell))
}

// goSyntax reports whether a number is one only for Go: 1_000, 0x1p3.
func goSyntax(cell []byte) bool {
	return bytes.IndexByte(cell, '_') >= 0 || bytes.IndexByte(cell, 'x') >= 0 || bytes.IndexByte(cell, 'X') >= 0
}

// array returns the column as an array.
func (b *columnBuilder) array() (*Array, error) {
	dt := b.dtype
	if dt == kernels.Invalid {
		dt = kernels.Float64
	}
	x, err := newArray("ReadCSV", dt, []int{len(b.values)}, C, kernels.Alloc)
	if err != nil {
		return nil, err
	}
	for i, v := range b.values {
		if p := unsafe.Add(x.ptr, i*dt.Size()); dt == kernels.Bool {
			*(*uint8)(p) = uint8(v)
		} else {
			*(*uint64)(p) = v
		}
	}
	runtime.KeepAlive(x)
	return x, nil
}
