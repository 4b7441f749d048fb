package expr

import "math/big"

// nodeKind is the kind of a node of the tree.
type nodeKind uint8

const (
	nInt      nodeKind = iota // a: constant
	nFloat                    // a: constant
	nImag                     // a: constant
	nString                   // a: constant
	nTrue                     //
	nFalse                    //
	nNone                     //
	nName                     // a: name
	nUnary                    // op, a: operand; op is + - ~ not
	nBinary                   // op, a, b: operands; also comparisons, and, or
	nChain                    // op, a: comparison whose right operand is compared on, b: operand
	nIf                       // a: condition, b: value if true, c: value if false
	nCall                     // a: name, b, c: range of arguments in list
	nKeyword                  // a: name, b: value; only as an argument
	nTuple                    // b, c: range of items in list
	nIndex                    // a: indexed value, b, c: range of indexes in list
	nSlice                    // a, b, c: start, stop, step, each a node or -1; only as an index
	nEllipsis                 // only as an index
	nAttr                     // a: value, b: name
)

// node is one node of the tree, at the place in the source where its operator or name stands. Operands
// always stand before their node in tree.nodes, so every pass over a tree is a loop.
type node struct {
	kind     nodeKind
	op       tokenKind
	pos, end int32
	a, b, c  int32
}

// constant is the value of a literal.
type constant struct {
	i *big.Int
	f float64
	s string
}

// statement is one statement. Its nodes are tree.nodes[lo:hi].
type statement struct {
	define   bool    // params and one expression, inlined where name is called
	name     int32   // of the definition
	names    []token // targets of an assignment, or parameters
	exprs    []int32 // values, or the body
	lo, hi   int32
	pos, end int32
}

// tree is the syntax tree of a program.
type tree struct {
	src    string
	nodes  []node
	list   []int32 // arguments, items and indexes
	consts []constant
	names  []string // every name of the program once
	ids    map[string]int32
	stmts  []statement
}

// name returns the number of a name.
func (t *tree) name(s string) int32 {
	id, ok := t.ids[s]
	if !ok {
		id = int32(len(t.names))
		t.names = append(t.names, s)
		t.ids[s] = id
	}
	return id
}

// nameAt returns the name in a tName token, without its backticks.
func (t *tree) nameAt(tok token) string {
	s := t.src[tok.pos:tok.end]
	if s[0] == '`' {
		s = s[1 : len(s)-1]
	}
	return s
}
