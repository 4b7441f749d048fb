package kernels

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/lanes-go/lanes/simd"
)

// Func is a row of the function table: a named element-wise function, its type rule and its one lowering to
// primitives. Parser names, type rules, constant folding, the array functions and the test matrix derive from
// the row. Rows are immutable; each exists once, so that pointers can be compared.
type Func struct {
	Name     string
	Aliases  []string // other accepted names
	Operator string   // operator spelling, "" if it has none
	MinArgs  int
	MaxArgs  int    // -1: any number from MinArgs on
	Sig      string // type rule, see Resolve
	Commutes bool   // f(x, y) and f(y, x) have the same bits
	ULP      float64
	Doc      string // one line
	Hint     string // what to do instead when operands have a dtype that f does not take

	sig   signature
	lower lowering
}

// A lowering emits the code of a function for operands x, which have the dtypes Resolve chose. Bool values
// are masks.
type lowering func(b *simd.Builder, x []simd.Value) simd.Value

// signature is a parsed Sig.
type signature struct {
	classes   [KindComplex + 1]bool // kinds of the value operands
	condition bool                  // the first operand is a truth value
	boolToInt bool                  // bools are computed as int8
	rule      string
}

// parseSig reads "[?]classes rule". Classes are letters: B bool (b: taken as int8), I integers, F floats; ?
// in front stands for a first operand that is a truth value, such as where's. The rule follows a blank:
//
//	=    operands are promoted together; the result has their dtype
//	fl   as =, then integers become floats: two bytes float32, wider float64
//	/    as =, then integers become float64: true division
//	b1   operands are promoted together; the result is bool
//	?    operands become truth values; the result is bool
//	else a dtype code: a conversion; operands stay as they are
func parseSig(text string) signature {
	classes, rule, ok := strings.Cut(text, " ")
	s := signature{rule: rule}
	for _, c := range classes {
		switch c {
		case '?':
			s.condition = true
		case 'b':
			s.classes[KindBool], s.boolToInt = true, true
		case 'B':
			s.classes[KindBool] = true
		case 'I':
			s.classes[KindInt], s.classes[KindUint] = true, true
		case 'F':
			s.classes[KindFloat] = true
		default:
			ok = false
		}
	}
	if !ok {
		panic("BUG: bad signature " + text)
	}
	return s
}

// DTypeError says that a function does not take operands of some dtypes.
type DTypeError struct {
	Func *Func
	Args []DType
	Msg  string // what is wrong
	Hint string // what to write instead, or ""
}

// Error returns the message, followed by the hint if there is one.
func (e *DTypeError) Error() string {
	if e.Hint == "" {
		return e.Msg
	}
	return e.Msg + "; " + e.Hint
}

// Lookup returns the function of a name or alias, nil if there is none.
func Lookup(name string) *Func { return table.byName[name] }

// Operator returns the function of an operator spelling ("+", "//", "and") with one or two operands, nil if
// there is none.
func Operator(spelling string, arity int) *Func {
	return table.byOperator[operatorKey{spelling, arity}]
}

// Funcs returns all functions in the order of the table.
func Funcs() []*Func { return append([]*Func(nil), table.rows...) }

type operatorKey struct {
	spelling string
	arity    int
}

type funcTable struct {
	rows       []*Func
	byName     map[string]*Func
	byOperator map[operatorKey]*Func
}

// table is the function table. The rows of one subject stand in one file.
var table = newTable(arithmeticRows, comparisonRows, choiceRows, bitRows, roundingRows, floatRows, castRows())

func newTable(groups ...[]Func) *funcTable {
	t := &funcTable{byName: map[string]*Func{}, byOperator: map[operatorKey]*Func{}}
	for _, group := range groups {
		for i := range group {
			t.add(&group[i])
		}
	}
	return t
}

func (t *funcTable) add(f *Func) {
	f.sig = parseSig(f.Sig)
	t.rows = append(t.rows, f)
	for _, name := range append([]string{f.Name}, f.Aliases...) {
		if t.byName[name] != nil {
			panic("BUG: two functions named " + name)
		}
		t.byName[name] = f
	}
	if f.Operator != "" {
		t.byOperator[operatorKey{f.Operator, f.MinArgs}] = f
	}
}

// spelling is how messages call f.
func (f *Func) spelling() string {
	if f.Operator != "" {
		return f.Operator
	}
	return f.Name
}

// String returns the name.
func (f *Func) String() string { return f.Name }

// Resolve applies f's type rule to the dtypes of its arguments. It returns the dtype that each argument must
// be converted to before Lower, and the dtype of the result. The error is a *DTypeError, or says that the
// number of arguments is wrong.
func (f *Func) Resolve(args []DType) (operands []DType, result DType, err error) {
	if len(args) < f.MinArgs || f.MaxArgs >= 0 && len(args) > f.MaxArgs {
		return nil, Invalid, fmt.Errorf("%s takes %s, got %d", f.Name, f.arity(), len(args))
	}
	operands = append(operands, args...)
	values := operands
	if f.sig.condition {
		values = operands[1:]
	}
	for i, d := range operands {
		if !storable(d) {
			return nil, Invalid, f.unsupported(args, d)
		}
		if cond := f.sig.condition && i == 0; !cond && f.sig.rule != "?" && !f.sig.classes[d.Kind()] {
			return nil, Invalid, &DTypeError{f, args, f.needs(args), f.Hint}
		}
	}
	if f.sig.condition {
		operands[0] = Bool
	}
	common := ResultType(values...)
	result = common
	switch f.sig.rule {
	case "=":
	case "fl":
		result = floatOf(common)
	case "/":
		if result.Kind() < KindFloat {
			result = Float64
		}
	case "b1":
		if common == Float64 && exactCompare(values) {
			return operands, Bool, nil
		}
		fill(values, common)
		return operands, Bool, nil
	case "?":
		fill(operands, Bool)
		return operands, Bool, nil
	default:
		return operands, mustDType(f.sig.rule), nil
	}
	if result == Bool && f.sig.boolToInt {
		result = Int8
	}
	if !storable(result) {
		return nil, Invalid, f.unsupported(args, result)
	}
	fill(values, result)
	return operands, result, nil
}

func fill(ds []DType, d DType) {
	for i := range ds {
		ds[i] = d
	}
}

// exactCompare prepares a comparison of a signed integer with a uint64, which is by value though their
// promoted dtype, float64, would round: the operands are left as int64 and uint64.
func exactCompare(ds []DType) bool {
	for _, d := range ds {
		if d.Kind() != KindInt && d.Kind() != KindUint {
			return false
		}
	}
	for i, d := range ds {
		if d.Kind() == KindInt {
			ds[i] = Int64
		}
	}
	return true
}

// floatOf is the float dtype that float functions of d compute in.
func floatOf(d DType) DType {
	if d.Kind() >= KindFloat {
		return d
	}
	switch d.Size() {
	case 1:
		return Float16
	case 2:
		return Float32
	}
	return Float64
}

// storable tells whether programs can load elements of d; half types and complex dtypes are not built yet.
func storable(d DType) bool {
	return d != Float16 && d != BFloat16 && d.Kind() != KindComplex && d.Kind() != KindInvalid
}

func (f *Func) arity() string {
	switch {
	case f.MaxArgs < 0:
		return fmt.Sprintf("%d or more arguments", f.MinArgs)
	case f.MinArgs == f.MaxArgs && f.MinArgs == 1:
		return "1 argument"
	case f.MinArgs == f.MaxArgs:
		return fmt.Sprintf("%d arguments", f.MinArgs)
	}
	return fmt.Sprintf("%d to %d arguments", f.MinArgs, f.MaxArgs)
}

// needs names the classes that f takes and what it got.
func (f *Func) needs(args []DType) string {
	var classes []string
	for _, c := range []struct {
		kind Kind
		name string
	}{{KindInt, "integers"}, {KindFloat, "floats"}, {KindBool, "bools"}} {
		if f.sig.classes[c.kind] {
			classes = append(classes, c.name)
		}
	}
	return fmt.Sprintf("%s needs %s, got %s", f.spelling(), strings.Join(classes, " or "), joinDTypes(args))
}

func (f *Func) unsupported(args []DType, d DType) error {
	e := &DTypeError{Func: f, Args: args}
	if d.Kind() == KindFloat {
		e.Msg = fmt.Sprintf("%s of %s computes in %s, which is not supported yet", f.spelling(),
			joinDTypes(args), d)
		e.Hint = "convert with float32(x)"
	} else {
		e.Msg = fmt.Sprintf("%s of %s is not supported yet", f.spelling(), d)
	}
	return e
}

func joinDTypes(ds []DType) string {
	names := make([]string, len(ds))
	for i, d := range ds {
		names[i] = d.String()
	}
	return strings.Join(names, ", ")
}

// Lower emits the code of f. args are values of the dtypes operands, as Resolve returned them; bools are
// masks. The value returned has the result dtype of Resolve.
func (f *Func) Lower(b *simd.Builder, operands []DType, args []simd.Value) simd.Value {
	if len(args) != len(operands) || len(args) < f.MinArgs || f.MaxArgs >= 0 && len(args) > f.MaxArgs {
		panic("BUG: " + f.Name + " lowered with a wrong number of operands")
	}
	return f.lower(b, args)
}

// EvalScalar computes f of one element, given and returned as bits, by the portable engine. It is what
// constant folding uses, so that a folded value has the bits of a computed one. operands are the dtypes that
// Resolve returned.
func EvalScalar(f *Func, operands []DType, args []uint64) (uint64, DType, error) {
	_, result, err := f.Resolve(operands)
	if err != nil {
		return 0, Invalid, err
	}
	b := simd.NewBuilder()
	values := make([]simd.Value, len(args))
	ptrs := make([]unsafe.Pointer, len(args)+1)
	memory := append([]uint64(nil), args...)
	for i := range args {
		values[i] = LoadValue(b, operands[i], SourceScalar)
		ptrs[i] = unsafe.Pointer(&memory[i])
	}
	StoreValue(b, result, f.Lower(b, operands, values))
	p, err := b.Program()
	if err != nil {
		return 0, Invalid, err
	}
	k, err := simd.Compile(p, simd.Options{Engine: simd.Portable})
	if err != nil {
		return 0, Invalid, err
	}
	var bits uint64
	ptrs[len(args)] = unsafe.Pointer(&bits)
	k.Run(1, 0, ptrs, nil, 0)
	return bits, result, nil
}
