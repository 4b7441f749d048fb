package expr

import (
	"strconv"
	"strings"
)

// postfix = atom { "[" index { "," index } [ "," ] "]" | "." attribute }
func (p *parser) postfix() int32 {
	x := p.atom()
	for {
		switch p.kind() {
		case tLBracket:
			open := p.next()
			p.enter(open)
			b, c := p.items(open, tRBracket, p.index)
			p.depth--
			x = p.add(node{kind: nIndex, a: x, b: b, c: c}, open)
		case tDot:
			x = p.attribute(x)
		case tLParen:
			p.fail(p.toks[p.at], "only a name can be called", "write an operator between the two operands")
		default:
			return x
		}
	}
}

func (p *parser) attribute(x int32) int32 {
	dot := p.next()
	if p.kind() != tName {
		p.unexpected("real, imag, T or mT")
	}
	tok := p.next()
	name := p.text(tok)
	tok.pos = dot.pos
	switch name {
	case "real", "imag", "T", "mT":
		return p.add(node{kind: nAttr, a: x, b: p.name(name)}, tok)
	}
	base := p.print(x)
	hint := "quote the name with backticks if it is a column: `" + base + "." + name + "`"
	if p.nodes[x].kind != nName || base[0] == '`' {
		hint = ""
	}
	if p.kind() == tLParen {
		hint = "write " + name + "(" + base + ")"
		if modules[base] {
			hint = "write " + name + "(…)"
		}
	}
	if len(hint) > 160 {
		hint = ""
	}
	p.fail(tok, "there are no attributes but .real .imag .T .mT, and no methods", hint)
	return -1
}

// modules are names in front of functions in other notations.
var modules = map[string]bool{"np": true, "numpy": true, "math": true, "jnp": true, "torch": true, "ne": true}

// items parses a list of items up to close, with an optional comma at its end, and returns its range in
// p.list. Items that have been parsed already come as first.
func (p *parser) items(open token, close tokenKind, item func() int32, first ...int32) (b, c int32) {
	base := len(p.stack)
	p.stack = append(p.stack, first...)
	for {
		if p.kind() == close && len(p.stack) > base {
			break
		}
		x := item()
		p.stack = append(p.stack, x)
		if !p.accept(tComma) {
			break
		}
	}
	p.close(open, close)
	b = int32(len(p.list))
	p.list = append(p.list, p.stack[base:]...)
	p.stack = p.stack[:base]
	return b, int32(len(p.list))
}

// close accepts the closing bracket of open.
func (p *parser) close(open token, close tokenKind) {
	if p.accept(close) {
		return
	}
	p.unexpected(spelling[close] + " or an operator")
}

// index = [ expr ] ":" [ expr ] [ ":" [ expr ] ] | "..." | "None" | expr
func (p *parser) index() int32 {
	if p.kind() == tEllipsis {
		return p.add(node{kind: nEllipsis}, p.next())
	}
	part := func() int32 {
		switch p.kind() {
		case tColon, tComma, tRBracket:
			return -1
		}
		return p.expr()
	}
	a := part()
	if p.kind() != tColon {
		if a < 0 {
			p.unexpected("an index")
		}
		return a
	}
	tok := p.next()
	n := node{kind: nSlice, a: a, b: part(), c: -1}
	if p.accept(tColon) {
		n.c = part()
	}
	return p.add(n, tok)
}

// atom = NUMBER | STRING | True | False | None | NAME [ "(" [ args ] ")" ] | "(" expr ")" | tuple
func (p *parser) atom() int32 {
	switch p.kind() {
	case tName:
		tok := p.next()
		if p.kind() == tLParen {
			return p.call(tok)
		}
		return p.add(node{kind: nName, a: p.name(p.nameAt(tok))}, tok)
	case tInt, tFloat, tImag:
		return p.number(p.next())
	case tString:
		tok := p.next()
		p.consts = append(p.consts, constant{s: unquote(p.text(tok))})
		return p.add(node{kind: nString, a: int32(len(p.consts) - 1)}, tok)
	case tTrue:
		return p.add(node{kind: nTrue}, p.next())
	case tFalse:
		return p.add(node{kind: nFalse}, p.next())
	case tNone:
		return p.add(node{kind: nNone}, p.next())
	case tLParen:
		return p.parens()
	}
	p.unexpected("an expression")
	return -1
}

func (p *parser) parens() int32 {
	open := p.next()
	p.enter(open)
	x := p.expr()
	if p.kind() == tComma {
		p.next()
		b, c := p.items(open, tRParen, p.expr, x)
		x = p.add(node{kind: nTuple, b: b, c: c}, open)
	} else {
		p.close(open, tRParen)
		p.paren = x
	}
	p.depth--
	return x
}

// call parses the arguments of a call: positional before keyword.
func (p *parser) call(name token) int32 {
	open := p.next()
	p.enter(open)
	n := node{kind: nCall, a: p.name(p.nameAt(name)), b: int32(len(p.list)), c: int32(len(p.list))}
	if !p.accept(tRParen) {
		keywords := false
		n.b, n.c = p.items(open, tRParen, func() int32 {
			if p.kind() == tName && p.ahead(1) == tAssign {
				keywords = true
				tok := p.next()
				p.next()
				return p.add(node{kind: nKeyword, a: p.name(p.nameAt(tok)), b: p.expr()}, tok)
			}
			if keywords {
				p.fail(p.toks[p.at], "positional arguments stand before keyword arguments", "")
			}
			return p.expr()
		})
	}
	p.depth--
	return p.add(n, name)
}

func (p *parser) number(tok token) int32 {
	text := p.text(tok)
	n := node{kind: nInt, a: int32(len(p.consts))}
	var c constant
	var ok bool
	switch tok.kind {
	case tInt:
		if c.i, ok = intValue(text); !ok {
			p.overflow(tok, "the integer is beyond 256 bits", "")
		}
	case tFloat, tImag:
		n.kind = nFloat
		if tok.kind == tImag {
			n.kind = nImag
		}
		if c.f, ok = floatValue(strings.TrimRight(text, "jJ")); !ok {
			p.overflow(tok, quote(text)+" is out of the range of float64", "write "+formatFloat(c.f))
		}
	}
	p.consts = append(p.consts, c)
	return p.add(n, tok)
}

func (p *parser) overflow(tok token, msg, hint string) {
	panic(newError(ErrOverflow, p.src, int(tok.pos), int(tok.end), msg, hint))
}

// unquote returns the value of a string literal, whose form the lexer has checked. \xHH is the character
// U+00HH.
func unquote(text string) string {
	var b strings.Builder
	for i := 1; i < len(text)-1; i++ {
		if text[i] != '\\' {
			b.WriteByte(text[i])
			continue
		}
		i++
		switch c := text[i]; c {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'x', 'u':
			n := map[byte]int{'x': 2, 'u': 4}[c]
			code, err := strconv.ParseUint(text[i+1:i+1+n], 16, 32)
			if err != nil {
				panic("BUG: " + err.Error())
			}
			b.WriteRune(rune(code))
			i += n
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
