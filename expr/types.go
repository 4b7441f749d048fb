package expr

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/lanes-go/lanes/kernels"
)

// typedKind is the kind of a typed node.
type typedKind uint8

const (
	tyInput  typedKind = iota // bits: number of the input
	tyConst                   // bits of an element; a weak integer: index into binder.ints
	tyCall                    // fn of args, which have the dtypes operands
	tyStrong                  // a weak value as dtype, converted when the program runs
)

// typed is a node of the graph with its dtype. Equal nodes are one; operands come before what they feed.
type typed struct {
	kind     typedKind
	weak     bool
	dtype    kernels.DType // of a weak value: Bool, Int64 or Float64
	fn       *kernels.Func
	operands []kernels.DType
	args     []int32
	bits     uint64
	shape    int32
	value    int32 // of the graph, for its place in the source
}

type typedKey struct {
	kind  typedKind
	weak  bool
	dtype kernels.DType
	fn    *kernels.Func
	bits  uint64
	shape int32
	args  [3]int32
	more  string
}

// inputType is what a bound program knows of an input: no value, no length, no address.
type inputType struct {
	dtype kernels.DType // Invalid: a constant (pi, …) that was not given
	weak  bool
	wide  []bool // by axis: the length is not one
}

// binder gives a graph dtypes and cuts it into stages.
type binder struct {
	p       *Program
	g       *graph
	in      []inputType
	live    []bool
	shapes  *shapeTable
	shapeOf []int32 // by value
	ids     []int32 // by value: its typed node
	nodes   []typed
	seen    map[typedKey]int32
	at      int32 // the value being typed
	applied []rewrite
	plain   bool // no rewrites
	start   time.Time
	must    []int32 // nodes that may fail: computed even if a rewrite drops their value

	results []int32 // typed nodes
	plan
}

// fail ends the binding with an error at the value being typed.
func (b *binder) fail(kind error, msg, hint string) {
	panic(b.p.failAt(kind, &b.g.values[b.at], msg, hint))
}

// typeValues gives every live value its dtype.
func (b *binder) typeValues() {
	b.ints = append(b.ints, b.g.ints...)
	b.ids = make([]int32, len(b.g.values))
	b.seen = make(map[typedKey]int32, len(b.g.values))
	b.nodes = make([]typed, 0, len(b.g.values)+8)
	scalar := b.shapes.intern(nil)
	for i := range b.g.values {
		if !b.live[i] {
			continue
		}
		v := &b.g.values[i]
		b.at = int32(i)
		n := typed{kind: tyConst, weak: true, bits: v.val, shape: scalar}
		switch v.kind {
		case vInput:
			n = b.input(v)
		case vBool:
			n.dtype = kernels.Bool
		case vInt:
			n.dtype = kernels.Int64
		case vFloat:
			n.dtype = kernels.Float64
		case vCall:
			args := make([]int32, len(v.args))
			for k, a := range v.args {
				args[k] = b.ids[a]
			}
			b.ids[i] = b.call(v.fn, args, b.shapeOf[i])
			continue
		}
		b.ids[i] = b.add(n)
	}
}

func (b *binder) input(v *value) typed {
	in := b.in[v.val]
	n := typed{kind: tyInput, weak: in.weak, dtype: in.dtype, bits: v.val, shape: b.shapeOf[b.at]}
	if in.dtype == kernels.Invalid {
		n = typed{kind: tyConst, weak: true, dtype: kernels.Float64, shape: n.shape,
			bits: math.Float64bits(b.g.inputs[v.val].def)}
	}
	return n
}

// add returns the node n, which is new or was there already.
func (b *binder) add(n typed) int32 {
	n.value = b.at
	key := typedKey{kind: n.kind, weak: n.weak, dtype: n.dtype, fn: n.fn, bits: n.bits, shape: n.shape,
		args: [3]int32{none, none, none}}
	if copy(key.args[:], n.args) < len(n.args) {
		key.more = fmt.Sprint(n.args[3:])
	}
	if n.fn != nil && n.fn.Commutes && len(n.args) == 2 && key.args[0] > key.args[1] {
		key.args[0], key.args[1] = key.args[1], key.args[0]
	}
	if id, ok := b.seen[key]; ok {
		return id
	}
	id := int32(len(b.nodes))
	b.nodes = append(b.nodes, n)
	b.seen[key] = id
	return id
}

// rule returns the rule of fn's signature, see kernels.Func.
func rule(fn *kernels.Func) string {
	_, r, _ := strings.Cut(fn.Sig, " ")
	return r
}

// call types fn(args): weak operands take the dtype of the strong ones, operands are converted to what fn
// computes in, constants are folded.
func (b *binder) call(fn *kernels.Func, args []int32, shape int32) int32 {
	if d := dtypeNames[fn.Name]; d != kernels.Invalid {
		from := b.nodes[args[0]].dtype
		x := b.convert(args[0], from)
		return b.simplify(typed{kind: tyCall, fn: fn, operands: []kernels.DType{from}, dtype: d,
			args: []int32{x}, shape: shape})
	}
	dtypes, allWeak := b.operandTypes(fn, args)
	if allWeak {
		if id := b.foldWeakInt(fn, args); id != none {
			return id
		}
	} else if id := b.outOfRange(fn, args, dtypes, shape); id != none {
		return id
	}
	if fn == powerFunc {
		if id := b.literalPower(args, dtypes, shape); id != none {
			return id
		}
	}
	operands, result, err := fn.Resolve(dtypes)
	if err != nil {
		b.failResolve(err)
	}
	n := typed{kind: tyCall, fn: fn, operands: operands, dtype: result, shape: shape,
		args: make([]int32, len(args))}
	n.weak = allWeak && (result == kernels.Bool || result == kernels.Int64 || result == kernels.Float64)
	weakInts := n.weak && result == kernels.Int64 && weakIntOps[fn] != nil
	for i, a := range args {
		if weakInts {
			n.args[i] = a // computed exactly, in Go
			continue
		}
		n.args[i] = b.convert(a, operands[i])
	}
	b.checkPower(&n)
	id := b.simplify(n)
	if weakInts || isIntPower(&b.nodes[id]) {
		b.must = append(b.must, id)
	}
	return id
}

// operandTypes returns the dtypes that fn's rule is asked about.
func (b *binder) operandTypes(fn *kernels.Func, args []int32) (dtypes []kernels.DType, allWeak bool) {
	dtypes = make([]kernels.DType, len(args))
	first := 0
	if strings.HasPrefix(fn.Sig, "?") {
		first = 1 // a condition has no say in the dtype of the values
	}
	var strong []kernels.DType
	allWeak, bools := true, true
	for i, a := range args {
		n := &b.nodes[a]
		dtypes[i] = n.dtype
		allWeak = allWeak && n.weak
		if i >= first {
			bools = bools && n.dtype == kernels.Bool
			if !n.weak {
				strong = append(strong, n.dtype)
			}
		}
	}
	r := rule(fn)
	if allWeak && bools && r != "b1" && r != "?" && (r != "=" || strings.Contains(fn.Sig, "b")) {
		for i := first; i < len(dtypes); i++ {
			dtypes[i] = kernels.Int64 // a weak bool is a weak int where bools have no dtype to stay in
		}
	}
	common := kernels.ResultType(strong...)
	for i, a := range args {
		if n := &b.nodes[a]; n.weak && i >= first && len(strong) > 0 {
			dtypes[i] = weakAs(n.dtype, common)
			if r == "b1" && n.dtype == kernels.Int64 && n.kind != tyConst && !isFloat(common) {
				dtypes[i] = kernels.Int64 // compared by value, whatever it is
			}
		}
	}
	if all := kernels.ResultType(dtypes[first:]...); r == "=" && all != kernels.Invalid {
		for i := first; i < len(dtypes); i++ { // a bool beside numbers is one: only bool - bool is an error
			if dtypes[i] == kernels.Bool {
				dtypes[i] = all
			}
		}
	}
	return dtypes, allWeak
}

// isFloat reports whether d is a float or complex dtype.
func isFloat(d kernels.DType) bool { return d.Kind() >= kernels.KindFloat }

// isInteger reports whether d is an integer dtype, signed or not.
func isInteger(d kernels.DType) bool {
	return d.Kind() == kernels.KindInt || d.Kind() == kernels.KindUint
}

// weakAs is the dtype that a weak value takes beside strong ones.
func weakAs(weak, common kernels.DType) kernels.DType {
	switch {
	case weak == kernels.Bool:
		return kernels.Bool
	case weak == kernels.Int64 && common == kernels.Bool:
		return kernels.Int64
	case weak == kernels.Float64 && !isFloat(common):
		return kernels.Float64
	}
	return common
}

// failResolve ends the binding with the error of a type rule.
func (b *binder) failResolve(err error) {
	kind, msg, hint := ErrDType, err.Error(), ""
	if e := (*kernels.DTypeError)(nil); errors.As(err, &e) {
		msg, hint = e.Msg, e.Hint
	}
	if strings.Contains(msg, "not supported yet") {
		kind = ErrUnsupported
	}
	b.fail(kind, msg, hint)
}

// foldWeakInt computes an operation of weak integer constants, or gives none.
func (b *binder) foldWeakInt(fn *kernels.Func, args []int32) int32 {
	if weakIntOps[fn] == nil || len(args) > 2 {
		return none
	}
	var v [2]*big.Int
	ints := false
	for i, a := range args {
		n := &b.nodes[a]
		if n.kind != tyConst || n.dtype == kernels.Float64 {
			return none
		}
		ints = ints || n.dtype == kernels.Int64
		v[i] = b.weakInt(n)
	}
	if !ints {
		return none
	}
	z, _, err := weakInt(fn, v[0], v[1])
	if err != nil {
		b.failWeak(err)
	}
	return b.integer(z)
}

func (b *binder) failWeak(err error) {
	if err == errIntNegPower {
		b.failPower()
	}
	b.fail(ErrOverflow, "integer constants compute in int64: "+err.Error(), hintWeakRange)
}

func (b *binder) weakInt(n *typed) *big.Int {
	if n.dtype == kernels.Bool {
		return big.NewInt(int64(n.bits))
	}
	return b.ints[n.bits]
}

func (b *binder) integer(x *big.Int) int32 {
	b.ints = append(b.ints, x)
	return b.add(typed{kind: tyConst, weak: true, dtype: kernels.Int64, bits: uint64(len(b.ints) - 1),
		shape: b.shapes.intern(nil)})
}

// outOfRange types the comparison of integers with a weak constant that their dtype cannot hold: it is
// always true or always false. Otherwise it gives none.
func (b *binder) outOfRange(fn *kernels.Func, args []int32, dtypes []kernels.DType, shape int32) int32 {
	if rule(fn) != "b1" || len(args) != 2 {
		return none
	}
	for i, a := range args {
		n, other := &b.nodes[a], args[1-i]
		if !n.weak || n.kind != tyConst || n.dtype != kernels.Int64 || isFloat(dtypes[i]) {
			continue
		}
		x := b.weakInt(n)
		if _, ok := intBits(x, dtypes[i]); ok {
			return none
		}
		sign := x.Sign()
		if i == 0 {
			sign = -sign
		}
		truth := false // of "a value in range fn something far above (sign > 0) or below"
		switch fn.Name {
		case "less", "less_equal":
			truth = sign > 0
		case "greater", "greater_equal":
			truth = sign < 0
		case "not_equal":
			truth = true
		}
		name := map[bool]string{true: "equal", false: "not_equal"}[truth]
		return b.call(kernels.Lookup(name), []int32{other, other}, shape)
	}
	return none
}

// convert returns node a as a strong value of dtype d.
func (b *binder) convert(a int32, d kernels.DType) int32 {
	n := b.nodes[a]
	switch {
	case !n.weak && n.dtype == d:
		return a
	case n.weak && n.kind == tyConst:
		return b.strongConst(&n, d)
	case n.weak:
		id := b.add(typed{kind: tyStrong, dtype: d, args: []int32{a}, shape: n.shape})
		b.must = append(b.must, id)
		return id
	}
	return b.simplify(typed{kind: tyCall, fn: kernels.Lookup(d.String()), operands: []kernels.DType{n.dtype},
		dtype: d, args: []int32{a}, shape: n.shape})
}

// strongConst returns a weak constant as a constant of dtype d.
func (b *binder) strongConst(n *typed, d kernels.DType) int32 {
	c := typed{kind: tyConst, dtype: d, shape: n.shape}
	ok := true
	if n.dtype == kernels.Int64 {
		c.bits, ok = intBits(b.weakInt(n), d)
		if !ok {
			x := b.weakInt(n)
			b.fail(ErrOverflow, fmt.Sprintf("value %v does not fit %v", x, d), widerHint(x, d))
		}
		return b.add(c)
	}
	if c.bits, ok = scalarBits(n.bits, n.dtype, d); !ok {
		panic(fmt.Sprintf("BUG: a weak %v constant as %v", n.dtype, d))
	}
	return b.add(c)
}

// widerHint proposes the narrowest integer dtype that holds x and every value of d.
func widerHint(x *big.Int, d kernels.DType) string {
	for _, wide := range []kernels.DType{kernels.Int16, kernels.Int32, kernels.Int64} {
		if _, ok := intBits(x, wide); ok && kernels.CanCast(d, wide, kernels.Safe) {
			return fmt.Sprintf("convert the array first, %v(…)", wide)
		}
	}
	return "convert the array first, float64(…)"
}

// intBits converts an integer to dtype d: exactly to integers, if it fits, and rounded once to floats.
func intBits(x *big.Int, d kernels.DType) (bits uint64, ok bool) {
	size := uint(8 * d.Size())
	switch d.Kind() {
	case kernels.KindBool:
		return uint64(x.Sign() & 1), true
	case kernels.KindInt:
		if !x.IsInt64() || x.Int64()<<(64-size)>>(64-size) != x.Int64() {
			return 0, false
		}
		return uint64(x.Int64()) & (1<<(size-1)<<1 - 1), true
	case kernels.KindUint:
		if !x.IsUint64() || x.Uint64()<<(64-size)>>(64-size) != x.Uint64() {
			return 0, false
		}
		return x.Uint64(), true
	}
	f := new(big.Float).SetInt(x)
	if d == kernels.Float32 {
		v, _ := f.Float32()
		return uint64(math.Float32bits(v)), true
	}
	v, _ := f.Float64()
	return math.Float64bits(v), d == kernels.Float64
}

// scalarBits converts a weak value of dtype from, Bool, Int64 or Float64, to dtype d. Integers that do
// not fit, and what no type rule asks for, are not ok.
func scalarBits(bits uint64, from, d kernels.DType) (uint64, bool) {
	if from == kernels.Int64 || from == kernels.Bool {
		x := int64(bits)
		size := uint(8 * d.Size())
		switch d.Kind() {
		case kernels.KindBool:
			return b2u(x != 0), true
		case kernels.KindInt:
			return bits & (1<<(size-1)<<1 - 1), x<<(64-size)>>(64-size) == x
		case kernels.KindUint:
			return bits, x >= 0 && bits<<(64-size)>>(64-size) == bits
		}
		if d == kernels.Float32 {
			return uint64(math.Float32bits(float32(x))), true
		}
		return math.Float64bits(float64(x)), d == kernels.Float64
	}
	x := math.Float64frombits(bits)
	switch d {
	case kernels.Bool:
		return b2u(x != 0), true
	case kernels.Float32:
		return uint64(math.Float32bits(float32(x))), true
	}
	return bits, d == kernels.Float64
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// literalPower types x ** y for a literal exponent that has a function of its own; none if it has not.
// dtypes are those of operandTypes.
func (b *binder) literalPower(args []int32, dtypes []kernels.DType, shape int32) int32 {
	x, y := &b.nodes[args[0]], &b.nodes[args[1]]
	if y.kind != tyConst || !y.weak {
		return none
	}
	exponent := math.Float64frombits(y.bits)
	if y.dtype != kernels.Float64 {
		exponent, _ = new(big.Float).SetInt(b.weakInt(y)).Float64()
		if exponent < 0 && !isFloat(dtypes[0]) {
			b.failPower()
		}
		if x.weak && x.dtype != kernels.Float64 {
			return none // exact, in Go
		}
	}
	fn, base := kernels.PowLiteral(exponent), args[0]
	switch {
	case fn == nil:
		return none
	case y.dtype == kernels.Float64 && !isFloat(x.dtype):
		if x.weak {
			return none
		}
		base = b.convert(base, kernels.Float64)
	}
	d := b.nodes[base].dtype
	switch {
	case exponent == 1 && d != kernels.Bool:
		return b.rewritten("x ** 1 → x", base)
	case exponent == 2 && d != kernels.Bool:
		return b.rewritten("x ** 2 → x * x", b.call(kernels.Lookup("multiply"), []int32{base, base}, shape))
	}
	return b.call(fn, []int32{base}, shape)
}

// checkPower refuses a constant negative exponent of an integer power.
func (b *binder) checkPower(n *typed) {
	if !isIntPower(n) {
		return
	}
	if e := &b.nodes[n.args[1]]; e.kind == tyConst && !e.weak && signed(e.bits, e.dtype) < 0 {
		b.failPower()
	}
}

func (b *binder) failPower() {
	b.fail(ErrValue, errIntNegPower.Error(), hintNegPower)
}

func isIntPower(n *typed) bool {
	return n.kind == tyCall && n.fn == powerFunc && n.dtype.Kind() == kernels.KindInt
}

// signed returns the value of an element of a signed integer dtype.
func signed(bits uint64, d kernels.DType) int64 {
	shift := 64 - 8*d.Size()
	return int64(bits) << shift >> shift
}

// fold computes a call whose operands are constants by the portable engine, as it would be computed at
// run time.
func (b *binder) fold(n *typed) int32 {
	bits := make([]uint64, len(n.args))
	for i, a := range n.args {
		c := &b.nodes[a]
		if c.kind != tyConst || c.weak {
			return none
		}
		bits[i] = c.bits
	}
	v, _, err := kernels.EvalScalar(n.fn, n.operands, bits)
	if err != nil {
		return none // what cannot be folded fails, or runs, where it is used
	}
	c := typed{kind: tyConst, weak: n.weak, dtype: n.dtype, bits: v, shape: n.shape}
	if n.weak && n.dtype == kernels.Int64 {
		b.ints = append(b.ints, big.NewInt(int64(v)))
		c.bits = uint64(len(b.ints) - 1)
	}
	return b.add(c)
}
