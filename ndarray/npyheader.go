package ndarray

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/lanes-go/lanes/kernels"
)

// The .npy format: magic, version, header length, a Python dict literal padded with spaces, and
// the elements (https://numpy.org/neps/nep-0001-npy-format.html).
const (
	npyMagic     = "\x93NUMPY"
	maxNPYHeader = 10_000 // NumPy's own limit; a header has about a hundred bytes
)

// npyHeader is what the header of a .npy file says.
type npyHeader struct {
	dtype   kernels.DType
	swapped bool // the other byte order than this machine's
	fortran bool
	shape   []int
	bytes   int   // of the elements
	offset  int64 // where they begin, counted from the magic
}

var bigEndianHost = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

func npyError(offset int64, class error, format string, args ...any) error {
	return &FormatError{Format: "npy", Offset: offset, What: fmt.Sprintf(format, args...), Class: class}
}

// readNPYHeader reads from the magic up to the first element.
func readNPYHeader(r io.Reader) (npyHeader, error) {
	var start [12]byte
	if err := readExactly(r, start[:8], 0, "the magic and version"); err != nil {
		return npyHeader{}, err
	}
	if string(start[:6]) != npyMagic {
		return npyHeader{}, npyError(0, ErrFormat, `the magic is %q, not %q: no .npy file`, start[:6], npyMagic)
	}
	major, minor, width := start[6], start[7], 4
	if major < 1 || major > 3 || minor != 0 {
		return npyHeader{}, npyError(6, ErrUnsupported, "version %d.%d is not 1.0, 2.0 or 3.0", major, minor)
	}
	if major == 1 {
		width = 2
	}
	if err := readExactly(r, start[8:8+width], 8, "the header length"); err != nil {
		return npyHeader{}, err
	}
	length := binary.LittleEndian.Uint32(start[8:12]) // version 1 leaves the upper half zero
	if length > maxNPYHeader {
		return npyHeader{}, npyError(8, ErrSize, "a header of %d bytes is above the limit of %d",
			length, maxNPYHeader)
	}
	text := make([]byte, length)
	base := int64(8 + width)
	if err := readExactly(r, text, base, "the header"); err != nil {
		return npyHeader{}, err
	}
	p := npyParser{text: string(text), base: base, python2: major < 3}
	p.header.offset = base + int64(length)
	err := p.dict()
	return p.header, err
}

// readExactly fills b from offset on, and says what is missing if it cannot.
func readExactly(r io.Reader, b []byte, offset int64, what string) error {
	n, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return npyError(offset, ErrFormat, "want %d bytes of %s, got %d", len(b), what, n)
	}
	return err
}

// npyParser reads the one kind of dict that a header is, never Python in general.
type npyParser struct {
	text    string
	at      int
	base    int64
	python2 bool // lengths may have the suffix L
	header  npyHeader
}

func (p *npyParser) fail(at int, class error, format string, args ...any) error {
	return npyError(p.base+int64(at), class, format, args...)
}

// skip skips white space.
func (p *npyParser) skip() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n\f", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take skips white space, and then token if it comes next.
func (p *npyParser) take(token string) bool {
	if p.skip(); !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	return true
}

// next shows what comes next, for error texts.
func (p *npyParser) next() string {
	p.skip()
	if p.at == len(p.text) {
		return "the end of the header"
	}
	return strconv.QuoteToASCII(p.text[p.at:min(len(p.text), p.at+12)])
}

func (p *npyParser) dict() error {
	if !p.take("{") {
		return p.fail(p.at, ErrFormat, "the header begins with %s, not {", p.next())
	}
	values := map[string]func() error{"descr": p.descr, "fortran_order": p.fortranOrder, "shape": p.shape}
	for !p.take("}") {
		p.skip()
		at := p.at
		key, err := p.str()
		if err != nil {
			return err
		}
		value := values[key]
		if value == nil {
			return p.fail(at, ErrFormat, "key %q is unknown or given twice", key)
		}
		delete(values, key)
		if !p.take(":") {
			return p.fail(p.at, ErrFormat, "key %q is followed by %s, not a colon", key, p.next())
		}
		if err := value(); err != nil {
			return err
		}
		if !p.take(",") {
			if !p.take("}") {
				return p.fail(p.at, ErrFormat, "want a comma or } after %q, got %s", key, p.next())
			}
			break
		}
	}
	if p.skip(); p.at != len(p.text) {
		return p.fail(p.at, ErrFormat, "the header goes on after } with %s", p.next())
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if values[key] != nil {
			return p.fail(0, ErrFormat, "key %q is missing", key)
		}
	}
	return p.size()
}

// size checks what shape and dtype claim together.
func (p *npyParser) size() (err error) {
	h := &p.header
	if h.bytes, err = sizeOf("Load", h.dtype, h.shape); err != nil {
		return p.fail(0, classOf(err), "%s", strings.TrimPrefix(err.Error(), "ndarray.Load: "))
	}
	return nil
}

func classOf(err error) error {
	if errors.Is(err, ErrSize) {
		return ErrSize
	}
	return ErrFormat
}

// str reads a string literal without escapes.
func (p *npyParser) str() (string, error) {
	p.skip()
	for _, quote := range []string{"'", `"`} {
		start := p.at + 1
		if !p.take(quote) {
			continue
		}
		n := strings.IndexAny(p.text[start:], quote+"\\\n")
		if n < 0 || p.text[start+n] != quote[0] {
			return "", p.fail(start-1, ErrFormat, "a string without end")
		}
		p.at = start + n + 1
		return p.text[start : start+n], nil
	}
	return "", p.fail(p.at, ErrFormat, "want a string, got %s", p.next())
}

func (p *npyParser) descr() error {
	p.skip()
	at := p.at
	if p.at < len(p.text) && strings.IndexByte("[({", p.text[p.at]) >= 0 {
		return p.fail(at, ErrUnsupported, "structured dtypes are not supported")
	}
	text, err := p.str()
	if err != nil {
		return err
	}
	order, code := byte('|'), text
	if text != "" && strings.IndexByte("<>=|", text[0]) >= 0 {
		order, code = text[0], text[1:]
	}
	if strings.HasPrefix(code, "O") {
		return p.fail(at, ErrUnsupported, "dtype object is never read: its elements are programs (pickles)")
	}
	dt, err := kernels.ParseDType(code)
	if err != nil || dt.Code() != code || !stored(dt) {
		return p.fail(at, ErrUnsupported, "dtype %.32q is not supported", text)
	}
	if order == '|' && dt.Size() > 1 {
		return p.fail(at, ErrFormat, "dtype %q has no byte order", text)
	}
	p.header.dtype = dt
	p.header.swapped = dt.Size() > 1 && (order == '<' && bigEndianHost || order == '>' && !bigEndianHost)
	return nil
}

func (p *npyParser) fortranOrder() error {
	switch {
	case p.take("True"):
		p.header.fortran = true
	case !p.take("False"):
		return p.fail(p.at, ErrFormat, "fortran_order is %s, not True or False", p.next())
	}
	return nil
}

// shape reads a tuple of lengths: (), (3,), (2, 3), also (2, 3,).
func (p *npyParser) shape() error {
	if !p.take("(") {
		return p.fail(p.at, ErrFormat, "the shape is %s, not a tuple", p.next())
	}
	at := p.at - 1
	var shape []int
	for comma := true; !p.take(")"); comma = p.take(",") {
		if !comma {
			return p.fail(p.at, ErrFormat, "want a comma or ) in the shape, got %s", p.next())
		}
		if len(shape) == maxRank {
			return p.fail(at, ErrFormat, "the shape has more than %d axes", maxRank)
		}
		d, err := p.length()
		if err != nil {
			return err
		}
		shape = append(shape, d)
	}
	if len(shape) == 1 && !strings.HasSuffix(strings.TrimRight(p.text[at:p.at-1], " \t\r\n\f"), ",") {
		return p.fail(at, ErrFormat, "the shape is a number in brackets, not a tuple")
	}
	p.header.shape = shape
	if i := slices.IndexFunc(shape, func(d int) bool { return d < 0 }); i >= 0 {
		return p.fail(at, ErrFormat, "shape %s is negative", formatShape(shape))
	}
	return nil
}

// length reads an integer, which may be negative for the sake of the error.
func (p *npyParser) length() (int, error) {
	p.skip()
	start := p.at
	p.take("-")
	digits := p.at
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	text := p.text[digits:p.at]
	switch {
	case text == "":
		return 0, p.fail(start, ErrFormat, "want a length, got %s", p.next())
	case text[0] == '0' && len(text) > 1:
		return 0, p.fail(start, ErrFormat, "a length with a leading zero")
	}
	n, err := strconv.Atoi(p.text[start:p.at])
	if err != nil {
		return 0, p.fail(start, ErrSize, "the length %.24s... does not fit an int", text)
	}
	if p.python2 && p.at < len(p.text) && p.text[p.at] == 'L' {
		p.at++
	}
	return n, nil
}

// appendNPYHeader appends the bytes before the elements as NumPy writes them: keys sorted, room for
// the length of the slowest axis to grow to 21 characters, and the elements at a multiple of 64.
func appendNPYHeader(b []byte, dt kernels.DType, fortran bool, shape []int) []byte {
	order := byte('<')
	if dt.Size() == 1 {
		order = '|'
	}
	h := fmt.Appendf(nil, "{'descr': '%c%s', 'fortran_order': %s, 'shape': (",
		order, dt.Code(), pythonBool(fortran))
	for i, d := range shape {
		if i > 0 {
			h = append(h, ", "...)
		}
		h = strconv.AppendInt(h, int64(d), 10)
	}
	if len(shape) == 1 {
		h = append(h, ',')
	}
	h = append(h, "), }"...)
	if len(shape) > 0 {
		slowest := shape[0]
		if fortran {
			slowest = shape[len(shape)-1]
		}
		h = append(h, strings.Repeat(" ", 21-len(strconv.Itoa(slowest)))...)
	}
	const prefix = 10 // magic, version and length of version 1, which 64 axes do not exceed
	h = append(h, strings.Repeat(" ", 64-(prefix+len(h)+1)%64)...)
	h = append(h, '\n')
	b = append(b, npyMagic...)
	b = append(b, 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(h)))
	return append(b, h...)
}

func pythonBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}
