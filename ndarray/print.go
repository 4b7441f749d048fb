package ndarray

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
)

// PrintOptions says how arrays are printed; the zero value is NumPy's default. The rules are NumPy's
// too.
type PrintOptions struct {
	Precision int       // digits after the point at most; 0 is 8, below 0 is none
	Threshold int       // arrays of more elements are summarised; 0 is 1000
	EdgeItems int       // elements shown at each end of an axis of a summarised array; 0 is 3
	LineWidth int       // columns of a line; 0 is 75
	Suppress  bool      // no exponents only because numbers are small or differ in magnitude
	Sign      byte      // '+' shows the sign of positive floats, ' ' leaves room for it; 0 is '-'
	NaN, Inf  string    // text of these values; "" is nan and inf
	FloatMode FloatMode // how many digits
}

// FloatMode says how many digits floats are printed with.
type FloatMode uint8

// The modes. All pad the numbers of an array to equal width.
const (
	MaxPrec      FloatMode = iota // as many as the number needs to be read back, at most Precision
	MaxPrecEqual                  // the same, but the same number of digits for all
	Unique                        // as many as each number needs to be read back
	Fixed                         // exactly Precision
)

// maxShown bounds the text of arrays with many axes: more elements than that are not shown at all.
const maxShown = 1 << 20

func (o PrintOptions) withDefaults() PrintOptions {
	or := func(v *int, byDefault int) {
		if *v == 0 {
			*v = byDefault
		}
	}
	or(&o.Precision, 8)
	or(&o.Threshold, 1000)
	or(&o.EdgeItems, 3)
	or(&o.LineWidth, 75)
	o.Precision = max(o.Precision, 0)
	o.EdgeItems = max(o.EdgeItems, 1)
	if o.NaN == "" {
		o.NaN = "nan"
	}
	if o.Inf == "" {
		o.Inf = "inf"
	}
	return o
}

// String returns x as NumPy's str does; arrays of more than 1000 elements are summarised.
func (x *Array) String() string { return PrintOptions{}.String(x) }

// Format prints x: %v and %s as NumPy's str, %+v and %#v as its repr, with a precision (%.3v) that
// many digits after the point.
func (x *Array) Format(f fmt.State, verb rune) {
	var o PrintOptions
	if p, ok := f.Precision(); ok {
		if o.Precision = p; p == 0 {
			o.Precision = -1
		}
	}
	switch {
	case verb != 'v' && verb != 's':
		fmt.Fprintf(f, "%%!%c(*ndarray.Array=%s %s)", verb, x.dtype, formatShape(x.shape))
	case f.Flag('+') || f.Flag('#'):
		f.Write([]byte(o.Repr(x)))
	default:
		f.Write([]byte(o.String(x)))
	}
}

// String returns x as NumPy's str does: [1. 2.]. A 0-d array prints as its element, with all digits.
func (o PrintOptions) String(x *Array) string {
	o = o.withDefaults()
	var text string
	err := guard("String", x.mapped, func() {
		if len(x.shape) == 0 {
			text = scalarText(x)
		} else {
			text = o.text(x, " ", "", o.LineWidth)
		}
	})
	runtime.KeepAlive(x)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	return text
}

// Repr returns x as NumPy's repr does: array([1., 2.], dtype=float32).
func (o PrintOptions) Repr(x *Array) string {
	o = o.withDefaults()
	const prefix = "array("
	var text string
	err := guard("Repr", x.mapped, func() { text = o.text(x, ", ", prefix, o.LineWidth-1) })
	runtime.KeepAlive(x)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	text = prefix + text
	var extras []string
	size := x.Size()
	if size > o.Threshold || size == 0 && len(x.shape) != 1 {
		extras = append(extras, "shape="+strings.ReplaceAll(formatShape(x.shape), ",", ", "))
		if len(x.shape) == 1 {
			extras[0] = "shape=" + formatShape(x.shape)
		}
	}
	implied := x.dtype == kernels.Bool || x.dtype == kernels.Int64 || x.dtype == kernels.Float64
	if !implied || size == 0 {
		extras = append(extras, "dtype="+x.dtype.String())
	}
	if len(extras) == 0 {
		return text + ")"
	}
	extra := strings.Join(extras, ", ") + ")"
	text += ","
	if len(text)-(strings.LastIndexByte(text, '\n')+1)+len(extra)+1 > o.LineWidth {
		return text + "\n" + strings.Repeat(" ", len(prefix)) + extra
	}
	return text + " " + extra
}

// scalarText formats the element of a 0-d array as str of a NumPy scalar.
func scalarText(x *Array) string {
	switch x.dtype.Kind() {
	case kernels.KindBool:
		return pythonBool(*(*byte)(x.ptr) != 0)
	case kernels.KindFloat:
		return floatText(loadFloat(x.dtype, x.ptr), x.dtype.Size()*8)
	}
	return intText(x.dtype, x.ptr)
}

// printer writes the brackets, separators and lines around the elements.
type printer struct {
	x         *Array
	element   func(p unsafe.Pointer) string
	edge      int // elements shown at each end of an axis; 0 for all
	separator string
}

// text returns the elements of x in brackets; prefix stands before it in the first line.
func (o PrintOptions) text(x *Array, separator, prefix string, width int) string {
	if x.Size() == 0 {
		return "[]"
	}
	p := printer{x: x, separator: separator}
	if x.Size() > o.Threshold {
		p.edge = o.EdgeItems
	}
	shown := 1
	for _, n := range x.shape {
		if p.cuts(n) {
			n = 2 * p.edge
		}
		if shown *= n; shown > maxShown {
			return "[...]"
		}
	}
	p.element = o.formatter(x, &p)
	return p.axis(0, 0, strings.Repeat(" ", len(prefix)+1), width)
}

// cuts reports whether an axis of length n is summarised.
func (p *printer) cuts(n int) bool { return p.edge > 0 && n/2 >= p.edge && n > 2*p.edge }

// shown calls f with the address of each element that is printed.
func (p *printer) shown(f func(unsafe.Pointer)) { p.shownFrom(0, 0, f) }

func (p *printer) shownFrom(axis, offset int, f func(unsafe.Pointer)) {
	if axis == len(p.x.shape) {
		f(unsafe.Add(p.x.ptr, offset))
		return
	}
	n := p.x.shape[axis]
	for i := 0; i < n; i++ {
		if p.cuts(n) && i == p.edge {
			i = n - p.edge
		}
		p.shownFrom(axis+1, offset+i*p.x.strides[axis], f)
	}
}

// axis returns the part of the array at offset, from an axis on. All lines but the first begin with
// indent; width is what is left of a line for the text and the brackets that close later.
func (p *printer) axis(axis, offset int, indent string, width int) string {
	if axis == len(p.x.shape) {
		return p.element(unsafe.Add(p.x.ptr, offset))
	}
	last := axis == len(p.x.shape)-1
	mark := strings.TrimRight(p.separator, " ")
	l := liner{line: []byte(indent), indent: indent, width: width - max(len(mark), 1)}
	newline := mark + strings.Repeat("\n", len(p.x.shape)-axis-1) + indent
	n := p.x.shape[axis]
	for i := 0; i < n; i++ {
		if i > 0 {
			l.separate(last, p.separator, newline)
		}
		if p.cuts(n) && i == p.edge {
			l.add(last, "...")
			l.separate(last, p.separator, newline)
			i = n - p.edge
		}
		l.add(last, p.axis(axis+1, offset+i*p.x.strides[axis], indent+" ", width-1))
	}
	return "[" + string(append(l.done, l.line...))[len(indent):] + "]"
}

// liner fills lines with words.
type liner struct {
	done, line []byte
	indent     string
	width      int
}

// add appends a word to the line, or to a new line if it does not fit and wrap is set.
func (l *liner) add(wrap bool, word string) {
	if wrap && len(l.line)+len(word) > l.width && len(l.line) > len(l.indent) {
		l.done = append(l.done, strings.TrimRight(string(l.line), " ")...)
		l.done = append(l.done, '\n')
		l.line = append(l.line[:0], l.indent...)
	}
	l.line = append(l.line, word...)
}

func (l *liner) separate(wrap bool, separator, newline string) {
	if wrap {
		l.line = append(l.line, separator...)
	} else {
		l.line = append(l.line, newline...)
	}
}

// formatter returns how the elements that p shows are formatted, all to the same width.
func (o PrintOptions) formatter(x *Array, p *printer) func(unsafe.Pointer) string {
	switch x.dtype.Kind() {
	case kernels.KindBool:
		return func(p unsafe.Pointer) string {
			switch {
			case *(*byte)(p) == 0:
				return "False"
			case len(x.shape) == 0:
				return "True"
			}
			return " True"
		}
	case kernels.KindFloat:
		return newFloatFormat(o, x.dtype, p).format
	}
	width := 0
	p.shown(func(p unsafe.Pointer) { width = max(width, len(intText(x.dtype, p))) })
	return func(p unsafe.Pointer) string { return padLeft(intText(x.dtype, p), width) }
}

func intText(dt kernels.DType, p unsafe.Pointer) string {
	if dt == kernels.Uint64 {
		return strconv.FormatUint(*(*uint64)(p), 10)
	}
	var v [1]int64
	load(v[:], dt, row{ptr: p})
	return strconv.FormatInt(v[0], 10)
}

func loadFloat(dt kernels.DType, p unsafe.Pointer) float64 {
	var v [1]float64
	load(v[:], dt, row{ptr: p})
	return v[0]
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-len(s))) + s
}
