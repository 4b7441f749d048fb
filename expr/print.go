package expr

import (
	"fmt"
	"strings"
)

// Precedences of the printer: the binary operators of precedence p in the parser's table have bindCompare + p.
const (
	bindExpr = iota
	bindOr
	bindAnd
	bindNot
	bindCompare
	bindFactor = bindCompare + precTerm + 1
	bindPower  = bindFactor + 1
	bindAtom   = bindPower + 1
)

// piece is text still to be printed: a node that needs precedence low, or a string if the node is negative.
type piece struct {
	node int32
	low  int
	text string
}

// String returns the canonical text of the program: one statement per line, one blank around binary operators except
// **, and only the parentheses that the meaning needs. Its tree is the tree of the program.
func (t *tree) String() string {
	var b strings.Builder
	for i, s := range t.stmts {
		if i > 0 {
			b.WriteByte('\n')
		}
		for j, tok := range s.names {
			if j == 0 && s.define {
				b.WriteString(quoteName(t.names[s.name]) + "(")
			} else if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quoteName(t.nameAt(tok)))
		}
		switch {
		case s.define && len(s.names) == 0:
			b.WriteString(quoteName(t.names[s.name]) + "() = ")
		case s.define:
			b.WriteString(") = ")
		case len(s.names) > 0:
			b.WriteString(" = ")
		}
		for j, x := range s.exprs {
			if j > 0 {
				b.WriteString(", ")
			}
			t.write(&b, x)
		}
	}
	return b.String()
}

// print returns the canonical text of one node.
func (t *tree) print(x int32) string {
	var b strings.Builder
	t.write(&b, x)
	return b.String()
}

// write prints node x. The pieces to come stand on a stack, not on Go's: a chain of 10^5 terms is a deep tree.
func (t *tree) write(b *strings.Builder, x int32) {
	stack := []piece{{node: x}}
	var pieces []piece
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if top.node < 0 {
			b.WriteString(top.text)
			continue
		}
		pieces = t.pieces(pieces[:0], top.node)
		if t.binding(top.node) < top.low {
			b.WriteByte('(')
			stack = append(stack, piece{node: -1, text: ")"})
		}
		for i := len(pieces) - 1; i >= 0; i-- {
			stack = append(stack, pieces[i])
		}
	}
}

// binding returns how tightly a node holds together.
func (t *tree) binding(x int32) int {
	switch n := &t.nodes[x]; n.kind {
	case nIf:
		return bindExpr
	case nUnary:
		if n.op == tNot {
			return bindNot
		}
		return bindFactor
	case nChain:
		return bindCompare
	case nBinary:
		switch n.op {
		case tOr:
			return bindOr
		case tAnd:
			return bindAnd
		case tPow:
			return bindPower
		}
		return bindCompare + binaryPrec[n.op]
	}
	return bindAtom
}

// pieces appends what node x prints as, parentheses around it apart.
func (t *tree) pieces(out []piece, x int32) []piece {
	text := func(s string) { out = append(out, piece{node: -1, text: s}) }
	sub := func(x int32, low int) { out = append(out, piece{node: x, low: low}) }
	list := func(b, c int32) {
		for i := b; i < c; i++ {
			if i > b {
				text(", ")
			}
			sub(t.list[i], bindExpr)
		}
	}
	n := &t.nodes[x]
	switch n.kind {
	case nUnary:
		if n.op == tNot {
			text("not ")
			sub(n.a, bindNot)
		} else {
			text(spelling[n.op])
			sub(n.a, bindFactor)
		}
	case nBinary:
		left, right := binding(n.op)
		sub(n.a, left)
		if n.op == tPow {
			text("**")
		} else {
			text(" " + spelling[n.op] + " ")
		}
		sub(n.b, right)
	case nChain:
		return t.chainPieces(out, x)
	case nIf:
		sub(n.b, bindOr)
		text(" if ")
		sub(n.a, bindOr)
		text(" else ")
		sub(n.c, bindExpr)
	case nCall:
		text(quoteName(t.names[n.a]) + "(")
		list(n.b, n.c)
		text(")")
	case nKeyword:
		text(quoteName(t.names[n.a]) + "=")
		sub(n.b, bindExpr)
	case nTuple:
		text("(")
		list(n.b, n.c)
		if n.c-n.b == 1 {
			text(",")
		}
		text(")")
	case nIndex:
		sub(n.a, bindAtom)
		text("[")
		list(n.b, n.c)
		text("]")
	case nSlice:
		for i, part := range [3]int32{n.a, n.b, n.c} {
			if i == 1 || i == 2 && part >= 0 {
				text(":")
			}
			if part >= 0 {
				sub(part, bindExpr)
			}
		}
	case nAttr:
		sub(n.a, bindAtom)
		if k := t.nodes[n.a].kind; k <= nImag { // 1.real would be a malformed number
			out[len(out)-1].low = bindAtom + 1
		}
		text("." + t.names[n.b])
	default:
		text(t.leaf(n))
	}
	return out
}

// binding returns what an operator needs of its operands.
func binding(op tokenKind) (left, right int) {
	switch op {
	case tOr:
		return bindOr, bindAnd
	case tAnd:
		return bindAnd, bindNot
	case tPow:
		return bindAtom, bindFactor
	}
	if prec := binaryPrec[op]; prec > 0 {
		return bindCompare + prec, bindCompare + prec + 1
	}
	return bindCompare + 1, bindCompare + 1
}

// chainPieces appends a chained comparison, from its first operand on.
func (t *tree) chainPieces(out []piece, x int32) []piece {
	var links []int32
	for ; t.nodes[x].kind == nChain; x = t.nodes[x].a {
		links = append(links, x)
	}
	links = append(links, x)
	const low = bindCompare + precBitAnd + 1 // a bare & | ^ in a chain is an error
	out = append(out, piece{node: t.nodes[x].a, low: low})
	for i := len(links) - 1; i >= 0; i-- {
		n := &t.nodes[links[i]]
		out = append(out, piece{node: -1, text: " " + spelling[n.op] + " "}, piece{node: n.b, low: low})
	}
	return out
}

// leaf returns the text of a node without operands.
func (t *tree) leaf(n *node) string {
	switch n.kind {
	case nInt:
		return t.consts[n.a].i.String()
	case nFloat:
		return formatFloat(t.consts[n.a].f)
	case nImag:
		return formatFloat(t.consts[n.a].f) + "j"
	case nString:
		return quoteString(t.consts[n.a].s)
	case nTrue:
		return "True"
	case nFalse:
		return "False"
	case nNone:
		return "None"
	case nName:
		return quoteName(t.names[n.a])
	case nEllipsis:
		return "..."
	}
	panic(fmt.Sprintf("BUG: node kind %d has no text", n.kind))
}

// quoteName returns a name as it is written: in backticks unless it is a plain word.
func quoteName(name string) string {
	plain := nameKind(name) == tName && isLetter(name[0])
	for i := 0; i < len(name) && plain; i++ {
		plain = isLetter(name[i]) || isDigit(name[i])
	}
	if plain {
		return name
	}
	return "`" + name + "`"
}

func quoteString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case isHidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
