package expr

// parser is a recursive descent parser. Chains of binary operators, statements and arguments are loops;
// what really nests counts against Limits.Nesting.
type parser struct {
	tree
	toks   []token
	at     int // index of the current token
	lim    *Limits
	lexErr *Error
	depth  int
	paren  int32   // the node that last stood alone in parentheses
	stack  []int32 // arguments being collected
}

// parse returns the syntax tree of src.
func parse(src string, lim *Limits) (t *tree, err *Error) {
	toks, lexErr := lex(src, lim)
	if toks == nil {
		return nil, lexErr
	}
	p := parser{toks: toks, lim: lim, lexErr: lexErr, paren: -1}
	p.src = src
	p.nodes = make([]node, 0, len(toks))
	p.ids = map[string]int32{}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error: // from p.fail
			t, err = nil, r
		default:
			panic(r)
		}
	}()
	p.program()
	return &p.tree, nil
}

// fail ends the parse.
func (p *parser) fail(tok token, msg, hint string) {
	panic(newError(ErrSyntax, p.src, int(tok.pos), int(tok.end), msg, hint))
}

func (p *parser) kind() tokenKind { return p.toks[p.at].kind }

// ahead returns the kind of the token n places ahead; the list ends with tEOF.
func (p *parser) ahead(n int) tokenKind { return p.toks[min(p.at+n, len(p.toks)-1)].kind }

func (p *parser) next() token {
	tok := p.toks[p.at]
	if tok.kind != tEOF {
		p.at++
	}
	return tok
}

func (p *parser) accept(kind tokenKind) bool {
	if p.kind() != kind {
		return false
	}
	p.at++
	return true
}

func (p *parser) text(tok token) string { return p.src[tok.pos:tok.end] }

// add appends a node that is reported at tok.
func (p *parser) add(n node, tok token) int32 {
	n.pos, n.end = tok.pos, tok.end
	p.nodes = append(p.nodes, n)
	return int32(len(p.nodes) - 1)
}

func (p *parser) enter(tok token) {
	if p.depth++; p.depth > p.lim.Nesting {
		panic(limitError(p.src, int(tok.pos), int(tok.end), "nesting", p.depth, p.lim.Nesting))
	}
}

// program = { sep } [ statement { sep { sep } statement } ] { sep }
func (p *parser) program() {
	for {
		for p.accept(tNewline) {
		}
		if p.kind() == tEOF {
			break
		}
		p.statement()
		if k := p.kind(); k != tNewline && k != tEOF {
			p.unexpected("an operator or the end of the statement")
		}
	}
	if len(p.stmts) == 0 {
		p.fail(token{}, "the expression is empty", "")
	}
}

// statement = define | assign | exprlist
func (p *parser) statement() {
	s := statement{lo: int32(len(p.nodes)), pos: p.toks[p.at].pos, end: p.toks[p.at].end}
	if p.isDefine() {
		s.define = true
		s.name = p.name(p.nameAt(p.next()))
		p.next()
		for p.kind() != tRParen {
			if tok := p.next(); tok.kind == tName {
				s.names = append(s.names, tok)
			}
		}
		p.at += 2
		p.distinct(s.names)
		s.exprs = []int32{p.expr()}
		if p.kind() == tComma {
			p.fail(p.next(), "a definition has one value", "")
		}
	} else {
		if p.isAssign() {
			for p.kind() != tAssign {
				if tok := p.next(); tok.kind == tName {
					s.names = append(s.names, tok)
				}
			}
			p.next()
		}
		s.exprs = p.exprList()
	}
	for _, tok := range s.names {
		p.name(p.nameAt(tok)) // so that every name has a number
	}
	s.hi = int32(len(p.nodes))
	p.stmts = append(p.stmts, s)
}

// isDefine looks ahead for NAME ( NAME , … ) =
func (p *parser) isDefine() bool {
	if p.kind() != tName || p.ahead(1) != tLParen {
		return false
	}
	n := 2
	for p.ahead(n) == tName {
		if n++; p.ahead(n) != tComma {
			break
		}
		n++
	}
	return p.ahead(n) == tRParen && p.ahead(n+1) == tAssign
}

// isAssign looks ahead for NAME , … =
func (p *parser) isAssign() bool {
	for n := 0; p.ahead(n) == tName; n += 2 {
		switch p.ahead(n + 1) {
		case tAssign:
			return true
		case tComma:
		default:
			return false
		}
	}
	return false
}

func (p *parser) distinct(params []token) {
	seen := map[string]bool{}
	for _, tok := range params {
		if seen[p.nameAt(tok)] {
			p.fail(tok, "two parameters have the name "+quote(p.nameAt(tok)), "")
		}
		seen[p.nameAt(tok)] = true
	}
}

// exprlist = expr { "," expr } [ "," ]
func (p *parser) exprList() []int32 {
	list := []int32{p.expr()}
	for p.accept(tComma) {
		if k := p.kind(); k == tNewline || k == tEOF {
			break
		}
		list = append(list, p.expr())
	}
	return list
}

// expr = or [ "if" or "else" expr ]
func (p *parser) expr() int32 {
	value := p.or()
	if p.kind() != tIf {
		return value
	}
	tok := p.next()
	p.enter(tok)
	cond := p.or()
	if !p.accept(tElse) {
		p.unexpected("else")
	}
	other := p.expr()
	p.depth--
	return p.add(node{kind: nIf, a: cond, b: value, c: other}, tok)
}

func (p *parser) or() int32 {
	x := p.and()
	for p.kind() == tOr {
		tok := p.next()
		x = p.add(node{kind: nBinary, op: tOr, a: x, b: p.and()}, tok)
	}
	return x
}

func (p *parser) and() int32 {
	x := p.not()
	for p.kind() == tAnd {
		tok := p.next()
		x = p.add(node{kind: nBinary, op: tAnd, a: x, b: p.not()}, tok)
	}
	return x
}

func (p *parser) not() int32 {
	if p.kind() != tNot {
		return p.compare()
	}
	tok := p.next()
	p.enter(tok)
	x := p.not()
	p.depth--
	return p.add(node{kind: nUnary, op: tNot, a: x}, tok)
}

// compare = bitor { comparison bitor }. In a chain an operand with a bare & | ^ is an error: "a > 1 & a <
// 3" is Python's a > (1 & a) < 3, which nobody means.
func (p *parser) compare() int32 {
	x := p.binary(precBitOr)
	bare := p.bareBits(x)
	for links := 0; ; links++ {
		op, tok := p.comparison()
		if op == tEOF {
			return x
		}
		y := p.binary(precBitOr)
		if bit := p.bareBits(y); bit >= 0 {
			bare = bit
		}
		kind := nBinary
		if links > 0 {
			kind = nChain
		}
		x = p.add(node{kind: kind, op: op, a: x, b: y}, tok)
		if links > 0 && bare >= 0 {
			p.failBare(x, bare)
		}
	}
}

// comparison accepts a comparison operator, or gives tEOF.
func (p *parser) comparison() (op tokenKind, tok token) {
	switch k := p.kind(); {
	case tEq <= k && k <= tGe || k == tIn:
		return k, p.next()
	case k == tNot && p.ahead(1) == tIn:
		tok = p.next()
		tok.end = p.next().end
		return tNotIn, tok
	}
	return tEOF, token{}
}

// bareBits returns x if it is a & | ^ operation that does not stand in parentheses, else -1.
func (p *parser) bareBits(x int32) int32 {
	n := p.nodes[x]
	if n.kind == nBinary && (n.op == tAmp || n.op == tPipe || n.op == tCaret) && x != p.paren {
		return x
	}
	return -1
}

func (p *parser) failBare(chain, bit int32) {
	n, b := p.nodes[chain], p.nodes[bit]
	tok := token{b.op, b.pos, b.end}
	word := map[tokenKind]string{tAmp: "and", tPipe: "or", tCaret: "!="}[b.op]
	op := spelling[b.op]
	hint := "put each comparison in parentheses, or write " + word
	if left := p.nodes[n.a]; left.kind == nBinary && left.b == bit {
		l := p.print(left.a) + " " + spelling[left.op] + " " + p.print(b.a)
		r := p.print(b.b) + " " + spelling[n.op] + " " + p.print(n.b)
		if len(l)+len(r) <= 80 {
			hint = "write (" + l + ") " + op + " (" + r + "), or " + l + " " + word + " " + r
			if b.op == tCaret {
				hint = "write (" + l + ") ^ (" + r + ")"
			}
		}
	}
	p.fail(tok, op+" binds tighter than the comparisons around it", hint)
}

// Precedences of the binary operators that are parsed by one loop.
const (
	precBitOr = iota + 1
	precBitXor
	precBitAnd
	precShift
	precSum
	precTerm
)

var binaryPrec = [numTokens]int{
	tPipe: precBitOr, tCaret: precBitXor, tAmp: precBitAnd, tShl: precShift, tShr: precShift, tAdd: precSum,
	tSub: precSum, tMul: precTerm, tDiv: precTerm, tFloorDiv: precTerm, tMod: precTerm, tMatMul: precTerm,
}

// binary parses the left-associative operators of precedence low and above. It calls itself only for a
// tighter operator on the right, so at most six deep.
func (p *parser) binary(low int) int32 {
	x := p.factor()
	for {
		prec := binaryPrec[p.kind()]
		if prec < low || prec == 0 {
			return x
		}
		tok := p.next()
		x = p.add(node{kind: nBinary, op: tok.kind, a: x, b: p.binary(prec + 1)}, tok)
	}
}

// factor = ( "+" | "-" | "~" ) factor | power
func (p *parser) factor() int32 {
	switch p.kind() {
	case tAdd, tSub, tTilde:
		tok := p.next()
		p.enter(tok)
		x := p.factor()
		p.depth--
		return p.add(node{kind: nUnary, op: tok.kind, a: x}, tok)
	}
	return p.power()
}

// power = postfix [ "**" factor ]
func (p *parser) power() int32 {
	x := p.postfix()
	if p.kind() != tPow {
		return x
	}
	tok := p.next()
	p.enter(tok)
	y := p.factor()
	p.depth--
	return p.add(node{kind: nBinary, op: tPow, a: x, b: y}, tok)
}

// unexpected fails at the current token, which is not what the grammar wants there.
func (p *parser) unexpected(want string) {
	tok := p.toks[p.at]
	found := p.text(tok)
	hint := ""
	switch tok.kind {
	case tError:
		panic(p.lexErr)
	case tEOF:
		if open, ok := p.unclosed(); ok {
			p.fail(open, p.text(open)+" is never closed", "")
		}
		p.fail(tok, "expected "+want+", found the end", "")
	case tNewline:
		if found != ";" {
			found = "the end of the line"
		}
	case tReserved:
		if hint = reserved[found]; hint == "" {
			hint = "in backticks it is a name"
		}
		p.fail(tok, found+" is a reserved word", hint)
	case tAssign:
		p.fail(tok, "= stands only after the name of a statement", "write == to compare")
	case tIf:
		hint = "write x if condition else y"
	case tNot:
		hint = "put not and its operand in parentheses"
	case tName, tInt, tFloat, tLParen:
		hint = "write * to multiply"
	case tRParen, tRBracket:
		if p.depth == 0 {
			p.fail(tok, found+" has no opening bracket", "")
		}
	}
	if tok.kind < tAnd && tok.kind != tNewline {
		found = quote(found)
	}
	p.fail(tok, "expected "+want+", found "+found, hint)
}

// unclosed returns the innermost bracket that is still open at the end of the source.
func (p *parser) unclosed() (open token, ok bool) {
	var stack []token
	for _, tok := range p.toks {
		switch tok.kind {
		case tLParen, tLBracket:
			stack = append(stack, tok)
		case tRParen, tRBracket:
			if len(stack) > 0 {
				stack = stack[:len(stack)-1]
			}
		}
	}
	if len(stack) == 0 {
		return token{}, false
	}
	return stack[len(stack)-1], true
}
