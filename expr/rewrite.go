package expr

import (
	"math"

	"github.com/lanes-go/lanes/kernels"
)

// rewrite is a rewrite that was applied, for Explain.
type rewrite struct {
	name  string
	value int32
}

// rewriteRule is a row of the table of rewrites. All keep every bit for all operands; the sign and
// payload of NaN are outside that promise. apply returns the node that replaces n, or none.
type rewriteRule struct {
	name  string
	fns   []string
	apply func(b *binder, n *typed) int32
}

// rewriteRules are tried in order. A rule may use that operands of commutative functions come in any order.
var rewriteRules = []rewriteRule{
	{"x * 1 → x", []string{"multiply"}, func(b *binder, n *typed) int32 { return b.neutral(n, 1, true) }},
	{"x / 1 → x", []string{"divide"}, func(b *binder, n *typed) int32 { return b.neutral(n, 1, false) }},
	{"x + -0.0 → x", []string{"add"}, func(b *binder, n *typed) int32 {
		if n.dtype.Kind() == kernels.KindFloat {
			return b.neutral(n, math.Copysign(0, -1), true)
		}
		return b.neutral(n, 0, true)
	}},
	{"x - 0 → x", []string{"subtract"}, func(b *binder, n *typed) int32 { return b.neutral(n, 0, false) }},
	{"x | 0, x ^ 0 → x", []string{"bitwise_or", "bitwise_xor", "logical_or", "logical_xor"},
		func(b *binder, n *typed) int32 { return b.neutral(n, 0, true) }},
	{"x << 0, x >> 0 → x", []string{"left_shift", "right_shift"},
		func(b *binder, n *typed) int32 { return b.neutral(n, 0, false) }},
	{"x & -1 → x", []string{"bitwise_and"}, func(b *binder, n *typed) int32 {
		if n.dtype == kernels.Bool {
			return b.neutral(n, 1, true)
		}
		return b.neutral(n, -1, true)
	}},
	{"c and True → c", []string{"logical_and"},
		func(b *binder, n *typed) int32 { return b.neutral(n, 1, true) }},
	{"x * 0, x & 0 → 0", []string{"multiply", "bitwise_and", "logical_and"},
		func(b *binder, n *typed) int32 {
			if !isFloat(n.dtype) && (b.isNumber(n.args[0], 0) || b.isNumber(n.args[1], 0)) {
				return b.number(n, 0)
			}
			return none
		}},
	{"c or True → True", []string{"logical_or"}, func(b *binder, n *typed) int32 {
		if b.isNumber(n.args[0], 1) || b.isNumber(n.args[1], 1) {
			return b.number(n, 1)
		}
		return none
	}},
	{"x - x, x ^ x → 0", []string{"subtract", "bitwise_xor", "logical_xor"},
		func(b *binder, n *typed) int32 {
			if !isFloat(n.dtype) && n.args[0] == n.args[1] {
				return b.number(n, 0)
			}
			return none
		}},
	{"x & x, x | x → x", []string{"bitwise_and", "bitwise_or", "logical_and", "logical_or"},
		func(b *binder, n *typed) int32 {
			if n.args[0] == n.args[1] {
				return n.args[0]
			}
			return none
		}},
	{"square(x) → x * x", []string{"square"}, func(b *binder, n *typed) int32 {
		return b.apply("multiply", n, n.args[0], n.args[0])
	}},
	{"x * 2 → x + x", []string{"multiply"}, func(b *binder, n *typed) int32 {
		for i, a := range n.args {
			if n.dtype != kernels.Bool && b.isNumber(a, 2) {
				return b.apply("add", n, n.args[1-i], n.args[1-i])
			}
		}
		return none
	}},
	{"x * -1, x / -1 → -x", []string{"multiply", "divide"}, func(b *binder, n *typed) int32 {
		for i, a := range n.args {
			if b.isNumber(a, -1) && (i == 1 || n.fn.Commutes) {
				return b.apply("negative", n, n.args[1-i])
			}
		}
		return none
	}},
	{"-(-x), ~~x → x", []string{"negative", "bitwise_invert", "logical_not"},
		func(b *binder, n *typed) int32 { return b.argOf(n.args[0], n.fn) }},
	{"x + -y → x - y", []string{"add"}, func(b *binder, n *typed) int32 {
		for i, a := range n.args {
			if y := b.argOf(a, negativeFunc); y != none {
				return b.apply("subtract", n, n.args[1-i], y)
			}
		}
		return none
	}},
	{"x - -y → x + y", []string{"subtract"}, func(b *binder, n *typed) int32 {
		if y := b.argOf(n.args[1], negativeFunc); y != none {
			return b.apply("add", n, n.args[0], y)
		}
		return none
	}},
	{"-x * -y → x * y", []string{"multiply"}, func(b *binder, n *typed) int32 {
		x, y := b.argOf(n.args[0], negativeFunc), b.argOf(n.args[1], negativeFunc)
		if x != none && y != none {
			return b.apply("multiply", n, x, y)
		}
		return none
	}},
	{"-x / -y → x / y", []string{"divide"}, func(b *binder, n *typed) int32 {
		x, y := b.argOf(n.args[0], negativeFunc), b.argOf(n.args[1], negativeFunc)
		if x != none && y != none {
			return b.apply("divide", n, x, y)
		}
		return none
	}},
	{"abs(x) * abs(x) → x * x", []string{"multiply"}, func(b *binder, n *typed) int32 {
		if x := b.argOf(n.args[0], absFunc); x != none && n.args[0] == n.args[1] {
			return b.apply("multiply", n, x, x)
		}
		return none
	}},
	{"abs(-x), abs(abs(x)) → abs(x)", []string{"abs"}, func(b *binder, n *typed) int32 {
		if x := b.argOf(n.args[0], negativeFunc); x != none {
			return b.apply("abs", n, x)
		}
		if b.argOf(n.args[0], absFunc) != none {
			return n.args[0]
		}
		return none
	}},
	{"x / 2**k → x * 2**-k", []string{"divide"}, func(b *binder, n *typed) int32 {
		if r := b.inverse(n.args[1]); r != none {
			return b.apply("multiply", n, n.args[0], r)
		}
		return none
	}},
	{"x // 2**k → x >> k", []string{"floor_divide"}, func(b *binder, n *typed) int32 {
		if k := b.powerOfTwo(n.args[1]); k >= 0 {
			return b.apply("right_shift", n, n.args[0], b.number(n, float64(k)))
		}
		return none
	}},
	{"x % 2**k → x & (2**k - 1)", []string{"remainder"}, func(b *binder, n *typed) int32 {
		if k := b.powerOfTwo(n.args[1]); k >= 0 {
			mask := typed{kind: tyConst, dtype: n.dtype, bits: 1<<k - 1, shape: b.nodes[n.args[1]].shape}
			return b.apply("bitwise_and", n, n.args[0], b.add(mask))
		}
		return none
	}},
	{"+x → x", []string{"positive"}, func(b *binder, n *typed) int32 { return n.args[0] }},
	{"floor(floor(x)) → floor(x)", []string{"floor", "ceil", "trunc", "rint"},
		func(b *binder, n *typed) int32 {
			x := &b.nodes[n.args[0]]
			if !isFloat(n.dtype) || x.kind == tyCall && roundings[x.fn] {
				return n.args[0]
			}
			return none
		}},
	{"where(c, x, x) → x", []string{"where"}, func(b *binder, n *typed) int32 {
		if n.args[1] == n.args[2] {
			return n.args[1]
		}
		return none
	}},
	{"where(True, x, y) → x", []string{"where"}, func(b *binder, n *typed) int32 {
		switch {
		case b.isNumber(n.args[0], 1):
			return n.args[1]
		case b.isNumber(n.args[0], 0):
			return n.args[2]
		}
		return none
	}},
	{"where(not c, x, y) → where(c, y, x)", []string{"where"}, func(b *binder, n *typed) int32 {
		if c := b.argOf(n.args[0], notFunc); c != none {
			return b.apply("where", n, c, n.args[2], n.args[1])
		}
		return none
	}},
	{"x > y → y < x", []string{"greater"}, func(b *binder, n *typed) int32 {
		return b.applySwapped("less", n)
	}},
	{"x >= y → y <= x", []string{"greater_equal"}, func(b *binder, n *typed) int32 {
		return b.applySwapped("less_equal", n)
	}},
}

var (
	powerFunc    = kernels.Lookup("power")
	negativeFunc = kernels.Lookup("negative")
	absFunc      = kernels.Lookup("abs")
	notFunc      = kernels.Lookup("logical_not")
	roundings    = map[*kernels.Func]bool{kernels.Lookup("floor"): true, kernels.Lookup("ceil"): true,
		kernels.Lookup("trunc"): true, kernels.Lookup("rint"): true}
	rulesOf = map[*kernels.Func][]*rewriteRule{} // the rows for a function
)

func init() { // not an initialiser: the rules use rulesOf themselves
	for i := range rewriteRules {
		for _, name := range rewriteRules[i].fns {
			if fn := kernels.Lookup(name); fn != nil {
				rulesOf[fn] = append(rulesOf[fn], &rewriteRules[i])
			}
		}
	}
}

// simplify adds the call n: folded if its operands are constants, rewritten if a rule applies. Rewritten
// calls were simplified themselves when a rule made them, so one step is enough.
func (b *binder) simplify(n typed) int32 {
	if n.weak && n.dtype == kernels.Int64 && weakIntOps[n.fn] != nil {
		return b.add(n) // exact, in Go
	}
	if id := b.fold(&n); id != none {
		return id
	}
	if b.plain {
		return b.add(n)
	}
	if id := b.narrowed(&n); id != none {
		return id
	}
	for _, rule := range rulesOf[n.fn] {
		id := rule.apply(b, &n)
		if id == none {
			continue
		}
		if r := &b.nodes[id]; r.shape != n.shape || r.dtype != n.dtype || r.weak != n.weak {
			continue // the value would do, but not for this place
		}
		return b.rewritten(rule.name, id)
	}
	return b.add(n)
}

// rewritten notes a rewrite for Explain.
func (b *binder) rewritten(name string, id int32) int32 {
	b.applied = append(b.applied, rewrite{name, b.at})
	return id
}

// narrowed undoes a conversion to a dtype that holds every value of the first, and back.
func (b *binder) narrowed(n *typed) int32 {
	if dtypeNames[n.fn.Name] == kernels.Invalid {
		return none
	}
	x := &b.nodes[n.args[0]]
	switch {
	case x.dtype == n.dtype && !x.weak && !n.weak:
		return n.args[0]
	case x.kind == tyCall && dtypeNames[x.fn.Name] != kernels.Invalid:
		y := &b.nodes[x.args[0]]
		if y.dtype == n.dtype && !y.weak && kernels.CanCast(y.dtype, x.dtype, kernels.Safe) {
			return b.rewritten("a wider dtype and back → x", x.args[0])
		}
	}
	return none
}

// neutral returns the other operand if one, or only the second, is the number v. Operands have the dtype
// of the result.
func (b *binder) neutral(n *typed, v float64, either bool) int32 {
	if b.isNumber(n.args[1], v) {
		return n.args[0]
	}
	if either && b.isNumber(n.args[0], v) {
		return n.args[1]
	}
	return none
}

// isNumber reports whether node a is the constant v, with its sign if it is zero.
func (b *binder) isNumber(a int32, v float64) bool {
	n := &b.nodes[a]
	if n.kind != tyConst || n.weak {
		return false
	}
	bits, ok := numberBits(v, n.dtype)
	return ok && n.bits == bits
}

// number adds the constant v of n's dtype and shape.
func (b *binder) number(n *typed, v float64) int32 {
	bits, ok := numberBits(v, n.dtype)
	if !ok || n.weak && n.dtype == kernels.Int64 { // a weak integer is no element
		return none
	}
	return b.add(typed{kind: tyConst, dtype: n.dtype, weak: n.weak, bits: bits, shape: n.shape})
}

// numberBits returns a small integer as an element of dtype d. It is not ok if d has no such value.
func numberBits(v float64, d kernels.DType) (bits uint64, ok bool) {
	switch d.Kind() {
	case kernels.KindFloat:
		return scalarBits(math.Float64bits(v), kernels.Float64, d)
	case kernels.KindBool:
		return uint64(v), v == 0 && !math.Signbit(v) || v == 1
	}
	if v == 0 && math.Signbit(v) {
		return 0, false
	}
	return scalarBits(uint64(int64(v)), kernels.Int64, d)
}

// argOf returns the operand of node a if it is a call of the unary fn, else none.
func (b *binder) argOf(a int32, fn *kernels.Func) int32 {
	if n := &b.nodes[a]; n.kind == tyCall && n.fn == fn && !n.weak {
		return n.args[0]
	}
	return none
}

// apply adds a call of the function of that name in place of n: with n's dtype, shape and operand dtypes.
func (b *binder) apply(name string, n *typed, args ...int32) int32 {
	fn := kernels.Lookup(name)
	for _, a := range args {
		if a == none {
			return none
		}
	}
	operands := make([]kernels.DType, len(args))
	for i, a := range args {
		operands[i] = b.nodes[a].dtype
	}
	return b.simplify(typed{kind: tyCall, fn: fn, operands: operands, dtype: n.dtype, weak: n.weak,
		args: args, shape: n.shape})
}

func (b *binder) applySwapped(name string, n *typed) int32 {
	return b.apply(name, n, n.args[1], n.args[0])
}

// inverse returns 1/c for a float constant c that is a power of two, if that is normal, else none.
func (b *binder) inverse(a int32) int32 {
	n := b.nodes[a]
	if n.kind != tyConst || n.weak || n.dtype.Kind() != kernels.KindFloat {
		return none
	}
	c, low := math.Float64frombits(n.bits), -1021
	if n.dtype == kernels.Float32 {
		c, low = float64(math.Float32frombits(uint32(n.bits))), -125
	}
	frac, exp := math.Frexp(1 / c)
	if math.Abs(frac) != 0.5 || exp < low || exp > 2-low || math.IsInf(1/c, 0) {
		return none
	}
	bits, ok := scalarBits(math.Float64bits(1/c), kernels.Float64, n.dtype)
	if !ok {
		return none
	}
	n.bits = bits
	return b.add(n)
}

// powerOfTwo returns the logarithm of an integer constant that is a power of two below the sign bit, else -1.
func (b *binder) powerOfTwo(a int32) int {
	n := &b.nodes[a]
	if n.kind != tyConst || n.weak || !isInteger(n.dtype) {
		return -1
	}
	for k := range 8*n.dtype.Size() - 1 {
		if n.bits == 1<<k {
			return k
		}
	}
	return -1
}
