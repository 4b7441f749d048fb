package expr

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

func isHexDigit(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// digits steps over digits that in accepts, single underscores between them allowed, and returns how many
// there were. A misplaced underscore stays in front of lx.pos, where scanNumber reports it.
func (lx *lexer) digits(in func(byte) bool) int {
	n := 0
	for {
		switch c := lx.peek(0); {
		case in(c):
			n++
			lx.pos++
		case c == '_' && n > 0 && in(lx.peek(1)):
			lx.pos++
		default:
			return n
		}
	}
}

// scanNumber reads an integer, float or imaginary literal. It checks only the form; value is for the parser.
func (lx *lexer) scanNumber() tokenKind {
	start := lx.pos
	kind, ok := tInt, true
	switch base := lx.peek(1) | 0x20; {
	case lx.peek(0) == '0' && base == 'x':
		lx.pos += 2
		kind, ok = lx.scanHex()
	case lx.peek(0) == '0' && base == 'o':
		lx.pos += 2
		ok = lx.digits(func(c byte) bool { return '0' <= c && c <= '7' }) > 0
	case lx.peek(0) == '0' && base == 'b':
		lx.pos += 2
		ok = lx.digits(func(c byte) bool { return c == '0' || c == '1' }) > 0
	default:
		kind, ok = lx.scanDecimal()
	}
	if c := lx.peek(0); ok && !isLetter(c) && !isDigit(c) && (c != '.' || kind == tInt && lx.peek(1) == '.') {
		if n := lx.pos - start; n > lx.lim.NumberBytes {
			lx.err = limitError(lx.src, start, lx.pos, "bytes of a number", n, lx.lim.NumberBytes)
			return tError
		}
		return kind
	}
	return lx.badNumber(start)
}

// badNumber reports the number at start with all letters, digits and dots that follow it.
func (lx *lexer) badNumber(start int) tokenKind {
	for c := lx.peek(0); isLetter(c) || isDigit(c) || c == '.'; c = lx.peek(0) {
		lx.pos++
	}
	text := lx.src[start:lx.pos]
	hint := ""
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	name := text[len(number):]
	plain := strings.Trim(number, "0123456789.") == "" && len(text) < 40
	if plain && name != "" && name != "e" && name[0]|0x20 != 'x' {
		hint = "write " + number + "*" + name
	}
	return lx.fail(start, lx.pos, "malformed number "+quote(text), hint)
}

// scanHex reads the digits after 0x, and fraction and exponent of a hexadecimal float.
func (lx *lexer) scanHex() (kind tokenKind, ok bool) {
	n := lx.digits(isHexDigit)
	kind = tInt
	if lx.peek(0) == '.' && (isHexDigit(lx.peek(1)) || lx.peek(1)|0x20 == 'p') {
		lx.pos++
		n += lx.digits(isHexDigit)
		kind = tFloat
	}
	if c := lx.peek(0); n > 0 && (c == 'p' || c == 'P') {
		return tFloat, lx.scanExponent()
	}
	return kind, n > 0 && kind == tInt
}

func (lx *lexer) scanDecimal() (kind tokenKind, ok bool) {
	start := lx.pos
	kind = tInt
	n := lx.digits(isDigit)
	whole := lx.src[start:lx.pos]
	if lx.peek(0) == '.' && lx.peek(1) != '.' {
		lx.pos++
		n += lx.digits(isDigit)
		kind = tFloat
	}
	if c := lx.peek(0); c == 'e' || c == 'E' {
		kind = tFloat
		if !lx.scanExponent() {
			return kind, false
		}
	}
	if c := lx.peek(0); c == 'j' || c == 'J' {
		lx.pos++
		return tImag, n > 0
	}
	leadingZero := kind == tInt && len(whole) > 1 && whole[0] == '0' && strings.Trim(whole, "0_") != ""
	return kind, n > 0 && !leadingZero
}

func (lx *lexer) scanExponent() bool {
	lx.pos++
	if c := lx.peek(0); c == '+' || c == '-' {
		lx.pos++
	}
	return lx.digits(isDigit) > 0
}

// maxIntBits bounds integer literals and their folding.
const maxIntBits = 256

// intValue returns the exact value of an integer literal.
func intValue(text string) (*big.Int, bool) {
	text = strings.ReplaceAll(text, "_", "")
	base := 10
	if len(text) > 1 && text[0] == '0' {
		switch text[1] | 0x20 {
		case 'x':
			base, text = 16, text[2:]
		case 'o':
			base, text = 8, text[2:]
		case 'b':
			base, text = 2, text[2:]
		}
	}
	if small, err := strconv.ParseInt(text, base, 64); err == nil {
		return big.NewInt(small), true
	}
	v, ok := new(big.Int).SetString(text, base)
	return v, ok && v.BitLen() <= maxIntBits
}

// floatValue returns a float literal rounded once to float64. Overflow, and underflow of a nonzero
// literal to zero, are not ok; then v is infinite or zero.
func floatValue(text string) (v float64, ok bool) {
	text = strings.ReplaceAll(text, "_", "")
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.Inf(1), false
	}
	if v == 0 {
		mantissa, exponent := strings.ToLower(text), "e"
		if strings.HasPrefix(mantissa, "0x") {
			mantissa, exponent = mantissa[2:], "p"
		}
		mantissa, _, _ = strings.Cut(mantissa, exponent)
		return 0, strings.Trim(mantissa, "0.") == ""
	}
	return v, true
}

// formatFloat writes a float so that it parses back to the same bits, always as a float, or as inf.
func formatFloat(v float64) string {
	if math.IsInf(v, 1) {
		return "inf"
	}
	if a := math.Abs(v); a == 0 || 1e-5 <= a && a < 1e16 {
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	return strconv.FormatFloat(v, 'e', -1, 64)
}
