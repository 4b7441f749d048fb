package expr

import (
	"fmt"
	"strings"
)

// Precedences of the printer: the binary operators of precedence p in the parser's table have bindCompare
// + p.
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

// String returns the canonical text of the program: one statement per line, one blank around binary
// operators except **, and only the parentheses that the meaning needs. Its tree is the tree of the
// program.
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

// write prints node x. The pieces to come stand on a stack, not on Go's: a chain of 10^5 terms is a deep
// tree.
func (t *tree) write(b *strings.Builder, x int32) {
	stack := []piece{{node: x}}
	var list pieces
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if top.node < 0 {
			b.WriteString(top.text)
			continue
		}
		list = list[:0]
		t.pieces(&list, top.node)
		if t.binding(top.node) < top.low {
			b.WriteByte('(')
			stack = append(stack, piece{node: -1, text: ")"})
		}
		for i := len(list) - 1; i >= 0; i-- {
			stack = append(stack, list[i])
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

// pieces is what a node prints as.
type pieces []piece

func (p *pieces) text(s string)        { *p = append(*p, piece{node: -1, text: s}) }
func (p *pieces) sub(x int32, low int) { *p = append(*p, piece{node: x, low: low}) }

func (p *pieces) list(items []int32) {
	for i, x := range items {
		if i > 0 {
			p.text(", ")
		}
		p.sub(x, bindExpr)
	}
}

// pieces appends what node x prints as, parentheses around it apart.
func (t *tree) pieces(out *pieces, x int32) {
	n := &t.nodes[x]
	switch n.kind {
	case nUnary:
		if n.op == tNot {
			out.text("not ")
			out.sub(n.a, bindNot)
		} else {
			out.text(spelling[n.op])
			out.sub(n.a, bindFactor)
		}
	case nBinary:
		left, right := binding(n.op)
		out.sub(n.a, left)
		if n.op == tPow {
			out.text("**")
		} else {
			out.text(" " + spelling[n.op] + " ")
		}
		out.sub(n.b, right)
	case nChain:
		t.chainPieces(out, x)
	case nIf:
		out.sub(n.b, bindOr)
		out.text(" if ")
		out.sub(n.a, bindOr)
		out.text(" else ")
		out.sub(n.c, bindExpr)
	case nCall, nKeyword, nTuple, nIndex, nSlice, nAttr:
		t.postfixPieces(out, n)
	default:
		out.text(t.leaf(n))
	}
}

// postfixPieces is pieces for calls, indexes and what stands in their brackets.
func (t *tree) postfixPieces(out *pieces, n *node) {
	switch n.kind {
	case nCall:
		out.text(quoteName(t.names[n.a]) + "(")
		out.list(t.list[n.b:n.c])
		out.text(")")
	case nKeyword:
		out.text(quoteName(t.names[n.a]) + "=")
		out.sub(n.b, bindExpr)
	case nTuple:
		out.text("(")
		out.list(t.list[n.b:n.c])
		if n.c-n.b == 1 {
			out.text(",")
		}
		out.text(")")
	case nIndex:
		out.sub(n.a, bindAtom)
		out.text("[")
		out.list(t.list[n.b:n.c])
		out.text("]")
	case nSlice:
		for i, part := range [3]int32{n.a, n.b, n.c} {
			if i == 1 || i == 2 && part >= 0 {
				out.text(":")
			}
			if part >= 0 {
				out.sub(part, bindExpr)
			}
		}
	case nAttr:
		low := bindAtom
		if t.nodes[n.a].kind <= nImag {
			low++ // 1.real would be a malformed number
		}
		out.sub(n.a, low)
		out.text("." + t.names[n.b])
	}
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

// chainPieces is pieces for a chained comparison, from its first operand on.
func (t *tree) chainPieces(out *pieces, x int32) {
	var links []int32
	for ; t.nodes[x].kind == nChain; x = t.nodes[x].a {
		links = append(links, x)
	}
	links = append(links, x)
	const low = bindCompare + precBitAnd + 1 // a bare & | ^ in a chain is an error
	out.sub(t.nodes[x].a, low)
	for i := len(links) - 1; i >= 0; i-- {
		n := &t.nodes[links[i]]
		out.text(" " + spelling[n.op] + " ")
		out.sub(n.b, low)
	}
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
