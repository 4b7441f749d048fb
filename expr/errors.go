package expr

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The kinds of Error, for errors.Is.
var (
	ErrSyntax      = errors.New("expr: syntax error")
	ErrName        = errors.New("expr: unknown or missing name")
	ErrArity       = errors.New("expr: wrong number of arguments or values")
	ErrDType       = errors.New("expr: dtype error")
	ErrShape       = errors.New("expr: shape error")
	ErrValue       = errors.New("expr: value error")
	ErrLimit       = errors.New("expr: limit exceeded")
	ErrOverflow    = errors.New("expr: integer or literal out of range")
	ErrUnsupported = errors.New("expr: not supported yet")
)

// Error is what Compile, Run and their relatives return for a problem in the text of an expression or in
// what it is given. errors.Is(err, ErrShape) and the like tell the kind.
type Error struct {
	Kind     error  // one of the kinds above, or ndarray.ErrFault
	Offset   int    // the place: bytes from the start of Source
	End      int    // end of the place, Offset <= End
	Line     int    // line of the place, from 1
	Col      int    // column of the place in characters, from 1
	Msg      string // what is wrong
	Hint     string // what to write instead, or ""
	Operands string // dtypes and shapes of the operands, or ""
	Source   string // the whole text
}

func newError(kind error, src string, pos, end int, msg, hint string) *Error {
	pos = min(max(pos, 0), len(src))
	e := &Error{Kind: kind, Offset: pos, End: min(max(pos, end), len(src)), Msg: msg, Hint: hint, Source: src}
	start := 0
	for i := 0; i < pos; i++ {
		if n := newlineLen(src, i); n > 0 {
			i += n - 1
			e.Line++
			start = i + 1
		}
	}
	e.Line++
	e.Col = utf8.RuneCountInString(src[min(start, pos):pos]) + 1
	return e
}

// newlineLen returns the bytes of the line end at src[i], 0 if there is none: "\n", "\r\n" and a lone
// "\r" end a line.
func newlineLen(src string, i int) int {
	switch {
	case src[i] == '\n':
		return 1
	case src[i] != '\r':
		return 0
	case i+1 < len(src) && src[i+1] == '\n':
		return 2
	}
	return 1
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// Error returns "expr: line:col: message; hint", then the line of the source (about 100 characters of
// it), then a caret under the place and the operands.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("expr: ")
	b.WriteString(strconv.Itoa(e.Line))
	b.WriteByte(':')
	b.WriteString(strconv.Itoa(e.Col))
	b.WriteString(": ")
	b.WriteString(e.Msg)
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	before, after := e.window()
	if before+after == "" && e.Operands == "" {
		return b.String()
	}
	b.WriteString("\n  ")
	b.WriteString(printable(before))
	b.WriteString(printable(after))
	b.WriteString("\n  ")
	for _, r := range before {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	b.WriteByte('^')
	if e.Operands != "" {
		b.WriteByte(' ')
		b.WriteString(e.Operands)
	}
	return b.String()
}

// window returns the part of the line before and after the place, cut to about 100 characters.
func (e *Error) window() (before, after string) {
	const left, total = 60, 100
	before, after = e.Source[:e.Offset], e.Source[e.Offset:]
	if i := strings.LastIndexAny(before, "\n\r"); i >= 0 {
		before = before[i+1:]
	}
	if i := strings.IndexAny(after, "\n\r"); i >= 0 {
		after = after[:i]
	}
	nb, na := utf8.RuneCountInString(before), utf8.RuneCountInString(after)
	if nb+na <= total {
		return before, after
	}
	keepAfter := min(na, max(total-nb, total-left))
	keepBefore := min(nb, total-keepAfter)
	if keepBefore < nb {
		before = "…" + lastRunes(before, keepBefore)
	}
	if keepAfter < na {
		after = firstRunes(after, keepAfter) + "…"
	}
	return before, after
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func lastRunes(s string, n int) string {
	i := len(s)
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return s[i:]
}

// printable replaces what could disturb a terminal: control and bidirectional characters and invalid bytes.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (r < ' ' || r == 0x7f || isHidden(r)) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// quote returns a piece of source for an error message, cut to 40 characters.
func quote(s string) string {
	if short := firstRunes(s, 40); len(short) < len(s) {
		s = short + "…"
	}
	return `"` + printable(s) + `"`
}
