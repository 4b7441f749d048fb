package expr

import (
	"strings"
	"unicode/utf8"
)

// tokenKind is the kind of a token; the operators stand in the order of the table of spellings below.
type tokenKind uint8

const (
	tEOF tokenKind = iota
	tError
	tNewline // line end or semicolon
	tName
	tInt
	tFloat
	tImag
	tString
	tReserved // a Python keyword that is not part of the language
	// keywords
	tAnd
	tOr
	tNot
	tIf
	tElse
	tIn
	tTrue
	tFalse
	tNone
	// punctuation
	tLParen
	tRParen
	tLBracket
	tRBracket
	tComma
	tColon
	tDot
	tEllipsis
	tAssign
	// operators
	tEq
	tNe
	tLt
	tLe
	tGt
	tGe
	tNotIn // never in the list of tokens: the parser makes it of not and in
	tShl
	tShr
	tAdd
	tSub
	tMul
	tDiv
	tFloorDiv
	tMod
	tMatMul
	tPow
	tAmp
	tPipe
	tCaret
	tTilde
	numTokens
)

// spelling is the text of every token kind that has only one.
var spelling = [numTokens]string{
	tAnd: "and", tOr: "or", tNot: "not", tIf: "if", tElse: "else", tIn: "in", tTrue: "True", tFalse: "False",
	tNone:   "None",
	tLParen: "(", tRParen: ")", tLBracket: "[", tRBracket: "]", tComma: ",", tColon: ":", tDot: ".",
	tEllipsis: "...", tAssign: "=",
	tEq: "==", tNe: "!=", tLt: "<", tLe: "<=", tGt: ">", tGe: ">=", tNotIn: "not in",
	tShl: "<<", tShr: ">>", tAdd: "+", tSub: "-", tMul: "*", tDiv: "/", tFloorDiv: "//", tMod: "%",
	tMatMul: "@", tPow: "**", tAmp: "&", tPipe: "|", tCaret: "^", tTilde: "~",
}

// reserved words are no names, so that a program means the same in Python and here; some have a hint.
var reserved = map[string]string{
	"is": "write == to compare", "lambda": "define a function: f(x) = …", "def": "write f(x) = …",
	"while": "", "for": "", "return": "", "import": "", "yield": "", "await": "", "async": "", "del": "",
	"pass": "",
}

// token is one token: where it is in the source, and what it is.
type token struct {
	kind     tokenKind
	pos, end int32
}

// lexer cuts a source into tokens.
type lexer struct {
	src   string
	lim   *Limits
	pos   int
	depth int // open ( and [: line ends do not count inside
	toks  []token
	err   *Error
}

// lex returns the tokens of src. The first problem ends the list with a tError token, which the parser
// reports when it gets there, so that an earlier syntax error comes first.
func lex(src string, lim *Limits) ([]token, *Error) {
	if len(src) > lim.SourceBytes {
		return nil, limitError(src[:lim.SourceBytes], 0, 0, "bytes of source", len(src), lim.SourceBytes)
	}
	lx := lexer{src: src, lim: lim, toks: make([]token, 0, len(src)/3+8)}
	lx.pos = len(src) - len(strings.TrimPrefix(src, "\uFEFF"))
	for lx.err == nil && lx.skipSpace() {
		start := lx.pos
		kind := lx.scan()
		if lx.err != nil {
			break
		}
		if len(lx.toks) == lim.Tokens {
			lx.err = limitError(src, start, lx.pos, "tokens", len(lx.toks)+1, lim.Tokens)
			break
		}
		lx.toks = append(lx.toks, token{kind, int32(start), int32(lx.pos)})
	}
	if lx.err != nil {
		lx.toks = append(lx.toks, token{tError, int32(lx.err.Offset), int32(lx.err.End)})
	}
	lx.toks = append(lx.toks, token{tEOF, int32(len(src)), int32(len(src))})
	return lx.toks, lx.err
}

func (lx *lexer) fail(pos, end int, msg, hint string) tokenKind {
	if lx.err == nil {
		lx.err = newError(ErrSyntax, lx.src, pos, end, msg, hint)
	}
	return tError
}

// peek returns the byte i places ahead, 0 beyond the end.
func (lx *lexer) peek(i int) byte {
	if lx.pos+i < len(lx.src) {
		return lx.src[lx.pos+i]
	}
	return 0
}

// skipSpace skips blanks, comments, joined lines, and line ends inside brackets. It reports whether a
// token follows.
func (lx *lexer) skipSpace() bool {
	for lx.pos < len(lx.src) {
		switch c := lx.src[lx.pos]; {
		case c == ' ' || c == '\t' || c == '\f':
			lx.pos++
		case c == '#':
			lx.skipComment()
			if lx.err != nil {
				return false
			}
		case c == '\\':
			if lx.pos+1 == len(lx.src) || newlineLen(lx.src, lx.pos+1) == 0 {
				lx.fail(lx.pos, lx.pos+1, `unexpected character \`,
					"a backslash stands only at the end of a line")
				return false
			}
			lx.pos += 1 + newlineLen(lx.src, lx.pos+1)
		case lx.depth > 0 && (c == '\n' || c == '\r'):
			lx.pos++
		default:
			return true
		}
	}
	return false
}

func (lx *lexer) skipComment() {
	for lx.pos < len(lx.src) && lx.src[lx.pos] != '\n' && lx.src[lx.pos] != '\r' {
		if lx.char() == 0 {
			return
		}
	}
}

// char steps over one character of a comment or a string and returns it; NUL and invalid UTF-8 are errors
// and give 0.
func (lx *lexer) char() rune {
	r, size := utf8.DecodeRuneInString(lx.src[lx.pos:])
	switch {
	case r == 0:
		lx.fail(lx.pos, lx.pos+1, "NUL character in the source", "")
		return 0
	case r == utf8.RuneError && size <= 1:
		lx.fail(lx.pos, lx.pos+1, "the source is not valid UTF-8 here", "")
		return 0
	}
	lx.pos += size
	return r
}

// isHidden reports whether r is invisible or changes the direction of text: none of these may stand
// outside strings and comments, where a reader would see another program than the parser.
func isHidden(r rune) bool {
	switch {
	case r == 0xFEFF, r == 0x061C, r == 0x200E, r == 0x200F:
		return true
	}
	return 0x2028 <= r && r <= 0x202E || 0x2066 <= r && r <= 0x2069
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

// scan reads one token at lx.pos, which is not at the end of the source.
func (lx *lexer) scan() tokenKind {
	c := lx.src[lx.pos]
	switch {
	case isLetter(c):
		return lx.scanName()
	case isDigit(c), c == '.' && isDigit(lx.peek(1)):
		return lx.scanNumber()
	case c == '\n' || c == '\r':
		lx.pos += newlineLen(lx.src, lx.pos)
		return tNewline
	case c == ';':
		lx.pos++
		return tNewline
	case c == '`':
		return lx.scanQuotedName()
	case c == '\'' || c == '"':
		return lx.scanString(c)
	}
	return lx.scanOperator()
}

func (lx *lexer) scanName() tokenKind {
	start := lx.pos
	for lx.pos < len(lx.src) && (isLetter(lx.src[lx.pos]) || isDigit(lx.src[lx.pos])) {
		lx.pos++
	}
	name := lx.src[start:lx.pos]
	if len(name) > lx.lim.NameBytes {
		lx.err = limitError(lx.src, start, lx.pos, "bytes of a name", len(name), lx.lim.NameBytes)
		return tError
	}
	return nameKind(name)
}

// nameKind tells keywords and reserved words from names.
func nameKind(name string) tokenKind {
	if len(name) > 6 || len(name) < 2 {
		return tName
	}
	switch name {
	case "and":
		return tAnd
	case "or":
		return tOr
	case "not":
		return tNot
	case "if":
		return tIf
	case "else":
		return tElse
	case "in":
		return tIn
	case "True":
		return tTrue
	case "False":
		return tFalse
	case "None":
		return tNone
	}
	if _, ok := reserved[name]; ok {
		return tReserved
	}
	return tName
}

func (lx *lexer) scanQuotedName() tokenKind {
	start := lx.pos
	lx.pos++
	for lx.pos < len(lx.src) && lx.src[lx.pos] != '`' {
		if c := lx.src[lx.pos]; c == '\n' || c == '\r' {
			break
		}
		at := lx.pos
		r := lx.char()
		if lx.err == nil && (r < ' ' || r == 0x7f || isHidden(r)) {
			lx.fail(at, lx.pos, "control or invisible character in a name", "")
		}
		if lx.err != nil {
			return tError
		}
	}
	if lx.peek(0) != '`' {
		return lx.fail(start, start+1, "the name in backticks does not end on its line", "")
	}
	lx.pos++
	switch n := lx.pos - start - 2; {
	case n == 0:
		return lx.fail(start, lx.pos, "empty name", "")
	case n > lx.lim.NameBytes:
		lx.err = limitError(lx.src, start, lx.pos, "bytes of a name", n, lx.lim.NameBytes)
		return tError
	}
	return tName
}

func (lx *lexer) scanString(quote byte) tokenKind {
	start := lx.pos
	lx.pos++
	for lx.pos < len(lx.src) {
		switch c := lx.src[lx.pos]; {
		case c == quote:
			lx.pos++
			return tString
		case c == '\n' || c == '\r':
			return lx.fail(start, start+1, "the string does not end on its line", "")
		case c == '\\':
			if !lx.scanEscape() {
				return tError
			}
		default:
			if lx.char() == 0 {
				return tError
			}
		}
	}
	return lx.fail(start, start+1, "the string is not closed", "")
}

func (lx *lexer) scanEscape() bool {
	digits := 0
	switch lx.peek(1) {
	case '\\', '\'', '"', 'n', 't', 'r':
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	default:
		lx.fail(lx.pos, lx.pos+1, "unknown escape in a string", `write one of \\ \' \" \n \t \r \xHH \uHHHH`)
		return false
	}
	for i := range digits {
		if !isHexDigit(lx.peek(2 + i)) {
			lx.fail(lx.pos, lx.pos+2+i, "the escape needs more hexadecimal digits", "")
			return false
		}
	}
	lx.pos += 2 + digits
	return true
}

// scanOperator reads punctuation and operators, longest first, and knows the forms of other languages.
func (lx *lexer) scanOperator() tokenKind {
	start := lx.pos
	c, c1, c2 := lx.src[start], lx.peek(1), lx.peek(2)
	kind, size := operatorAt(c, c1, c2)
	if size == 0 {
		return lx.badCharacter(c, c1)
	}
	next := lx.peek(size)
	if next == '=' && lx.peek(size+1) != '=' && (tShl <= kind && kind <= tCaret || kind == tColon) {
		op := lx.src[start : start+size+1]
		hint := "write name = name " + strings.TrimSuffix(op, "=") + " …"
		if kind == tColon {
			hint = "write name = … as a statement of its own"
		}
		return lx.fail(start, start+size+1, op+" is not an operator", hint)
	}
	if (kind == tAmp || kind == tPipe) && c1 == c {
		word := map[tokenKind]string{tAmp: "and", tPipe: "or"}[kind]
		return lx.fail(start, start+2, lx.src[start:start+2]+" is not an operator", "write "+word)
	}
	switch kind {
	case tLParen, tLBracket:
		lx.depth++
	case tRParen, tRBracket:
		lx.depth = max(lx.depth-1, 0)
	}
	lx.pos += size
	return kind
}

func operatorAt(c, c1, c2 byte) (tokenKind, int) {
	if c == '.' && c1 == '.' && c2 == '.' {
		return tEllipsis, 3
	}
	switch string([]byte{c, c1}) {
	case "==":
		return tEq, 2
	case "!=":
		return tNe, 2
	case "<=":
		return tLe, 2
	case ">=":
		return tGe, 2
	case "<<":
		return tShl, 2
	case ">>":
		return tShr, 2
	case "**":
		return tPow, 2
	case "//":
		return tFloorDiv, 2
	}
	if kind := singles[c]; kind != tEOF {
		return kind, 1
	}
	return tEOF, 0
}

var singles = [256]tokenKind{
	'(': tLParen, ')': tRParen, '[': tLBracket, ']': tRBracket, ',': tComma, ':': tColon, '.': tDot,
	'=': tAssign, '<': tLt, '>': tGt, '+': tAdd, '-': tSub, '*': tMul, '/': tDiv, '%': tMod, '@': tMatMul,
	'&': tAmp, '|': tPipe, '^': tCaret, '~': tTilde,
}

func (lx *lexer) badCharacter(c, c1 byte) tokenKind {
	start := lx.pos
	switch c {
	case '!':
		return lx.fail(start, start+1, "! is not an operator", "write not")
	case '?':
		return lx.fail(start, start+1, "? is not an operator", "write x if condition else y")
	}
	r := lx.char()
	switch {
	case lx.err != nil:
		return tError
	case r < ' ' || r == 0x7f || isHidden(r):
		return lx.fail(start, lx.pos, "control or invisible character in the source", "")
	case r >= utf8.RuneSelf:
		return lx.fail(start, lx.pos, "unexpected character "+string(r),
			"names beyond ASCII stand in backticks")
	}
	return lx.fail(start, lx.pos, "unexpected character "+string(r), "")
}
