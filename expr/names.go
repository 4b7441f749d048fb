package expr

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/lanes-go/lanes/kernels"
)

// The functions behind the operators, from the table of functions.
var (
	binaryFuncs = operators(2, tEq, tNe, tLt, tLe, tGt, tGe, tShl, tShr, tAdd, tSub, tMul, tDiv, tFloorDiv,
		tMod, tPow, tAmp, tPipe, tCaret, tAnd, tOr)
	unaryFuncs = operators(1, tAdd, tSub, tTilde, tNot)
	whereFunc  = kernels.Lookup("where")
)

func operators(arity int, kinds ...tokenKind) (funcs [numTokens]*kernels.Func) {
	for _, k := range kinds {
		funcs[k] = kernels.Operator(spelling[k], arity)
	}
	return funcs
}

// dtypeNames are the dtypes by name. Those that programs can compute are functions too, the conversions.
var dtypeNames = func() map[string]kernels.DType {
	m := map[string]kernels.DType{}
	for _, d := range kernels.DTypes() {
		m[d.String()] = d
	}
	return m
}()

// pairs are the functions with two results, which stand alone on the right of an assignment or as a result.
var pairs = map[string][2]string{
	"divmod": {"floor_divide", "remainder"},
	"sincos": {"sin", "cos"},
}

// later are the functions that the language has and this version does not, by what they are. A row in the
// table of functions takes precedence.
var later = func() map[string]string {
	m := map[string]string{}
	for what, names := range map[string]string{
		"the reduction": `
			sum prod min max amin amax minmax ptp mean var std any all count_nonzero argmin argmax
			median quantile percentile norm dot vdot vecdot logsumexp average cov corrcoef nansum
			nanprod nanmin nanmax nanmean nanvar nanstd nanmedian nanquantile nanargmin nanargmax`,
		"the scan": "cumsum cumprod cummax cummin diff shift softmax log_softmax unwrap",
		"the function": `
			fabs sign square reciprocal conj real imag angle complex proj rsqrt cbrt hypot exp2
			exp10 expm1 ln log2 log10 log1p logaddexp logaddexp2 float_power fma tan sincos sinpi
			cospi tanpi asin arcsin acos arccos atan arctan atan2 arctan2 sinc sinh cosh tanh asinh
			arcsinh acosh arccosh atanh arctanh deg2rad radians rad2deg degrees erf erfc erfinv ndtr
			normcdf ndtri normcdfinv gamma lgamma gammaln digamma beta sigmoid expit logit softplus
			gelu relu fix round round_away fmod divmod trunc_divide ieee_remainder modf frexp ldexp
			nextafter spacing copysign heaviside fmax fmin clip clamp isnan isinf isfinite signbit
			isposinf isneginf is_null is_valid isclose logical_xor bitwise_count popcount clz ctz
			rotl rotr gcd lcm bitcast select choose coalesce fill_null nan_to_num saturate checked
			copy zeros_like ones_like full_like index interp searchsorted isin take`,
		"the string function": "contains starts_with ends_with str_len",
		"the view":            "reshape transpose broadcast_to expand_dims squeeze flip roll concat stack",
	} {
		for _, name := range strings.Fields(names) {
			m[name] = what
		}
	}
	return m
}()

// static checks one node as far as its text goes: what it calls, how many arguments, what its operands are.
func (c *checker) static(x int32, s *statement) {
	n := &c.nodes[x]
	switch n.kind {
	case nImag:
		c.report(ErrUnsupported, n, "not supported yet: complex numbers", "")
	case nUnary:
		c.operand(n.a)
	case nBinary, nChain:
		switch {
		case n.op == tMatMul:
			c.report(ErrUnsupported, n, "not supported yet: the matrix product @", "")
		case n.op == tIn || n.op == tNotIn:
			c.report(ErrUnsupported, n, "not supported yet: "+spelling[n.op], "write x == a or x == b")
		default:
			c.operand(n.a)
			c.operand(n.b)
		}
	case nIf:
		c.operand(n.a)
		c.operand(n.b)
		c.operand(n.c)
	case nIndex:
		c.report(ErrUnsupported, n, "not supported yet: indexing", "")
	case nAttr:
		c.report(ErrUnsupported, n, "not supported yet: the attribute ."+c.names[n.b], "")
	case nCall:
		c.calls[x] = c.resolve(n, s, x)
	}
}

// operand reports a node that stands where a value must and is none.
func (c *checker) operand(x int32) {
	n := &c.nodes[x]
	switch n.kind {
	case nString:
		c.report(ErrUnsupported, n, "not supported yet: strings", "")
	case nTuple:
		c.report(ErrSyntax, n, "a tuple is not a value",
			"tuples stand for axis=, shapes, and on the right of in")
	case nNone:
		c.report(ErrSyntax, n, "None is not a value", "None stands as an index or for axis=")
	case nKeyword:
		c.report(ErrUnsupported, n, "not supported yet: keyword arguments", "")
	}
}

// resolve finds what a call calls and checks the number of arguments.
func (c *checker) resolve(n *node, s *statement, x int32) (callee callee) {
	name, args := c.names[n.a], c.list[n.b:n.c]
	low, high := 1, 1
	switch d, fn := c.defNames[n.a], kernels.Lookup(name); {
	case s.define && s.name == n.a:
		c.report(ErrName, n, "the definition calls itself: "+name+" → "+name,
			"definitions are inlined and cannot recur")
		return callee
	case d != nil:
		callee.def = d
		low, high = len(d.params), len(d.params)
	case c.definedLater(n.a):
		c.report(ErrName, n, c.laterMessage(name, s), "define it before its first use")
		return callee
	case fn != nil:
		callee.fn = fn
		low, high = fn.MinArgs, fn.MaxArgs
	case dtypeNames[name] != kernels.Invalid:
		c.report(ErrUnsupported, n, "not supported yet: the dtype "+name, "")
		return callee
	case name == "astype":
		callee.fn = c.astype(n, args)
		return callee
	case pairs[name][0] != "" && kernels.Lookup(pairs[name][0]) != nil:
		callee.pair = [2]*kernels.Func{kernels.Lookup(pairs[name][0]), kernels.Lookup(pairs[name][1])}
		low, high = callee.pair[0].MinArgs, callee.pair[0].MaxArgs
		if !c.isWhole(x, s) {
			c.report(ErrArity, n, name+" has two values", "write a, b = "+name+"(…)")
		}
	default:
		c.unknownFunction(n, name, len(args))
		return callee
	}
	for _, a := range args {
		c.operand(a)
	}
	if len(args) < low || high >= 0 && len(args) > high {
		c.report(ErrArity, n, fmt.Sprintf("%s takes %s, got %d", name, arity(low, high), len(args)), "")
	}
	return callee
}

// isWhole reports whether node x is all of one value of a statement.
func (c *checker) isWhole(x int32, s *statement) bool {
	for _, y := range s.exprs {
		if x == y && !s.define {
			return true
		}
	}
	return false
}

func arity(low, high int) string {
	switch {
	case high < 0:
		return "at least " + plural(low, "argument")
	case low == high:
		return plural(low, "argument")
	}
	return fmt.Sprintf("%d to %d arguments", low, high)
}

// astype resolves astype(x, 'f4') to the conversion.
func (c *checker) astype(n *node, args []int32) *kernels.Func {
	if len(args) != 2 || c.nodes[args[1]].kind != nString {
		c.report(ErrArity, n, "astype takes a value and the name of a dtype", "write astype(x, 'float32')")
		return nil
	}
	c.operand(args[0])
	d, err := kernels.ParseDType(c.consts[c.nodes[args[1]].a].s)
	if err != nil {
		c.report(ErrValue, &c.nodes[args[1]], err.Error(), "")
		return nil
	}
	fn := kernels.Lookup(d.String())
	if fn == nil {
		c.report(ErrUnsupported, &c.nodes[args[1]], "not supported yet: the dtype "+d.String(), "")
	}
	return fn
}

// definedLater reports whether a statement still to come defines the name, or defines it now.
func (c *checker) definedLater(name int32) bool {
	return c.laterDefs()[name] != nil && c.defNames[name] == nil
}

// laterDefs are all definitions of the program by name, the first one of each.
func (c *checker) laterDefs() map[int32]*statement {
	if c.allDefs == nil {
		c.allDefs = map[int32]*statement{}
		for i := range c.stmts {
			if s := &c.stmts[i]; s.define && c.allDefs[s.name] == nil {
				c.allDefs[s.name] = s
			}
		}
	}
	return c.allDefs
}

// laterMessage says what is wrong with calling name, which is defined below s: a cycle, if there is one.
func (c *checker) laterMessage(name string, s *statement) string {
	if s.define {
		cycle := c.names[s.name]
		seen := map[int32]bool{}
		for id := c.ids[name]; !seen[id]; {
			seen[id] = true
			cycle += " → " + c.names[id]
			next := none
			for i := c.laterDefs()[id].lo; i < c.laterDefs()[id].hi; i++ {
				n := &c.nodes[i]
				if n.kind == nCall && n.a == s.name {
					return "the definition calls itself: " + cycle + " → " + c.names[s.name]
				}
				if n.kind == nCall && next == none && c.definedLater(n.a) {
					next = n.a
				}
			}
			if next == none {
				break
			}
			id = next
		}
	}
	return name + " is called before it is defined"
}

func (c *checker) unknownFunction(n *node, name string, args int) {
	switch what := later[name]; {
	case args > 1 && (name == "min" || name == "max"):
		c.report(ErrArity, n, name+" takes one array", "write "+name+"imum(…) to compare values")
	case what != "":
		c.report(ErrUnsupported, n, "not supported yet: "+what+" "+name, "")
	case c.locals[n.a] != none || c.inputIDs[n.a] != none:
		c.report(ErrName, n, quote(name)+" is a value, not a function", "write "+name+" * (…)")
	default:
		hint := ""
		if s := suggest(name, c.functionNames()); s != "" {
			hint = fmt.Sprintf("did you mean %q?", s)
		}
		c.report(ErrName, n, "unknown function "+quote(name), hint)
	}
}

// functionNames returns the names of all functions, those of the program first.
func (c *checker) functionNames() (names []string) {
	for _, d := range c.defs {
		names = append(names, c.names[d.name])
	}
	for _, f := range kernels.Funcs() {
		names = append(append(names, f.Name), f.Aliases...)
	}
	for name := range later {
		names = append(names, name)
	}
	return names
}

// suggest returns the candidate closest to name: the same but for case, or else at most two typing errors
// away and at most one in three letters; "" if there is none. Among equals the first in order of the
// alphabet wins.
func suggest(name string, candidates []string) string {
	if len(name) > 64 {
		return ""
	}
	limit := min(2, utf8.RuneCountInString(name)/3)
	best, bestDist := "", limit+1
	for _, s := range candidates {
		d := limit + 1
		if strings.EqualFold(s, name) {
			d = 0
		} else if diff := len(s) - len(name); -3 < diff && diff < 3 {
			d = distance([]rune(strings.ToLower(name)), []rune(strings.ToLower(s)))
		}
		if d <= limit && (d < bestDist || d == bestDist && s < best) {
			best, bestDist = s, d
		}
	}
	return best
}

// distance is the restricted Damerau–Levenshtein distance: insertions, deletions, replacements and
// exchanges of neighbours.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
