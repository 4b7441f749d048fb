package simd

// Op is a primitive, a row of the primitive table.
type Op uint8

const (
	OpInvalid Op = iota

	// Sources. Imm is the slot: the operand's place among the pointers given to Run.
	OpLoad    // element i of a contiguous stream
	OpStrided // element i of a stream with a stride in bytes, of any sign
	OpScalar  // one element, the same in every lane
	OpIndex   // the element's index: start + i
	OpConst   // Imm holds the bits

	// Arithmetic.
	OpAdd
	OpSub
	OpMul
	OpDiv
	OpIDiv
	OpNeg
	OpAbs
	OpSqrt
	OpFMA
	OpFMS
	OpFNMA
	OpMin
	OpMax
	OpMinNum
	OpMaxNum
	OpFloor
	OpCeil
	OpTrunc
	OpRint
	OpMulWide

	// Bits.
	OpAnd
	OpOr
	OpXor
	OpAndNot
	OpNot
	OpShl
	OpShr
	OpShlV
	OpShrV

	// Comparison and choice.
	OpLt
	OpLe
	OpEq
	OpNe
	OpSelect
	OpMerge

	// Change of type.
	OpBitcast
	OpConvert

	// Memory of the program itself.
	OpLookup

	// Rare regions: OpRare opens one, OpEnd closes it; OpMerge takes values out.
	OpRare
	OpEnd

	// Sinks. Imm is the slot.
	OpStore
	OpStoreMasked
	OpAccumulate

	numOps
)

// form says how operand and result types of a row hang together.
type form uint8

const (
	formSource  form = iota // -> T
	formUnary               // T -> T
	formBinary              // T T -> T
	formTernary             // T T T -> T
	formShift               // T #n -> T
	formCompare             // T T -> mask
	formSelect              // mask T T -> T
	formCast                // S -> T
	formLookup              // integer64 -> u64
	formRegion              // mask, or nothing
	formSink                // T, or mask T
)

// row is one line of the primitive table. Its meaning in scalar Go stands in portable_ops.go, its instructions in
// select_avx512.go and select_avx2.go; cycles is the cost of one 64-byte vector on the generated engines, used only to
// decide how much work a call is.
type row struct {
	name     string
	form     form
	args     int
	types    typeSet // operand types that the row takes (result types for sources)
	commutes bool
	cycles   float32
	doc      string
}

var rows = [numOps]row{
	OpLoad:    {"load", formSource, 0, numbers, false, 1, "element i of a contiguous stream"},
	OpStrided: {"strided", formSource, 0, numbers, false, 8, "element i of a stream with a stride in bytes"},
	OpScalar:  {"scalar", formSource, 0, numbers, false, 0, "one element in every lane"},
	OpIndex:   {"index", formSource, 0, setOf(I64), false, 1, "index of the element"},
	OpConst:   {"const", formSource, 0, anyType, false, 0, "constant bits in every lane"},

	OpAdd:     {"add", formBinary, 2, numbers, true, 1, "x + y; integers wrap"},
	OpSub:     {"sub", formBinary, 2, numbers, false, 1, "x - y; integers wrap"},
	OpMul:     {"mul", formBinary, 2, floats | wideInts, true, 1.5, "x * y; integers wrap"},
	OpDiv:     {"div", formBinary, 2, floats, false, 10, "x / y"},
	OpIDiv:    {"idiv", formBinary, 2, setOf(I64), false, 80, "x / y truncated; x/0 = 0, MinInt/-1 = MinInt"},
	OpNeg:     {"neg", formUnary, 1, numbers, false, 1, "-x: sign bit of floats, two's complement of integers"},
	OpAbs:     {"abs", formUnary, 1, numbers, false, 1, "|x|: sign bit of floats cleared; abs(MinInt) = MinInt"},
	OpSqrt:    {"sqrt", formUnary, 1, floats, false, 16, "square root"},
	OpFMA:     {"fma", formTernary, 3, floats, false, 1, "x*y + z, rounded once"},
	OpFMS:     {"fms", formTernary, 3, floats, false, 1, "x*y - z, rounded once"},
	OpFNMA:    {"fnma", formTernary, 3, floats, false, 1, "z - x*y, rounded once"},
	OpMin:     {"min", formBinary, 2, numbers, true, 3, "minimum: NaN if either is NaN, -0 < +0"},
	OpMax:     {"max", formBinary, 2, numbers, true, 3, "maximum: NaN if either is NaN, -0 < +0"},
	OpMinNum:  {"minnum", formBinary, 2, floats, true, 3, "minimum of the numbers: a NaN is ignored, -0 < +0"},
	OpMaxNum:  {"maxnum", formBinary, 2, floats, true, 3, "maximum of the numbers: a NaN is ignored, -0 < +0"},
	OpFloor:   {"floor", formUnary, 1, floats, false, 1, "round down; keeps -0"},
	OpCeil:    {"ceil", formUnary, 1, floats, false, 1, "round up; keeps -0"},
	OpTrunc:   {"trunc", formUnary, 1, floats, false, 1, "round towards zero; keeps -0"},
	OpRint:    {"rint", formUnary, 1, floats, false, 1, "round to nearest, ties to even; keeps -0"},
	OpMulWide: {"mulwide", formBinary, 2, setOf(U64), true, 1, "product of the low 32 bits of x and y"},

	OpAnd:    {"and", formBinary, 2, ints | setOf(Mask), true, 0.5, "x & y"},
	OpOr:     {"or", formBinary, 2, ints | setOf(Mask), true, 0.5, "x | y"},
	OpXor:    {"xor", formBinary, 2, ints | setOf(Mask), true, 0.5, "x ^ y"},
	OpAndNot: {"andnot", formBinary, 2, ints | setOf(Mask), false, 0.5, "x &^ y"},
	OpNot:    {"not", formUnary, 1, ints | setOf(Mask), false, 0.5, "^x"},
	OpShl:    {"shl", formShift, 1, wideInts, false, 1, "x << n for a constant n below the width"},
	OpShr:    {"shr", formShift, 1, wideInts, false, 1, "x >> n for a constant n below the width; arithmetic if signed"},
	OpShlV: {"shlv", formBinary, 2, setOf(I32, I64, U32, U64), false, 1,
		"x << y; y counts as unsigned, 0 from the width on"},
	OpShrV: {"shrv", formBinary, 2, setOf(I32, I64, U32, U64), false, 1,
		"x >> y; y counts as unsigned, 0 or sign fill from the width on"},

	OpLt:     {"lt", formCompare, 2, numbers, false, 1, "x < y; false for NaN"},
	OpLe:     {"le", formCompare, 2, numbers, false, 1, "x <= y; false for NaN"},
	OpEq:     {"eq", formCompare, 2, numbers, true, 1, "x == y; false for NaN"},
	OpNe:     {"ne", formCompare, 2, numbers, true, 1, "x != y; true for NaN"},
	OpSelect: {"select", formSelect, 3, numbers, false, 1, "x where the mask is set, else y"},
	OpMerge:  {"merge", formSelect, 3, anyType, false, 0.1, "select of a value of the rare region just closed"},

	OpBitcast: {"bitcast", formCast, 1, numbers, false, 0, "the same bits as another type of the same width"},
	OpConvert: {"convert", formCast, 1, numbers, false, 2,
		"integers extend by their own signedness or wrap; integer to float rounds once; float to integer truncates, " +
			"saturates, NaN gives 0"},

	OpLookup: {"lookup", formLookup, 1, setOf(I64, U64), false, 16, "table[x mod its length]"},

	OpRare: {"rare", formRegion, 1, setOf(Mask), false, 1, "opens a region that runs only if a lane has the mask"},
	OpEnd:  {"end", formRegion, 0, 0, false, 0, "closes the region"},

	OpStore:       {"store", formSink, 1, numbers, false, 1, "element i of a contiguous stream"},
	OpStoreMasked: {"storemasked", formSink, 2, numbers, false, 2, "as store, in lanes that have the mask"},
	OpAccumulate: {"accumulate", formSink, 1, numbers, false, 2,
		"lane i mod 32 of an array of 32 elements takes op(lane, x), in the order of i"},
}

// AccLanes is the number of virtual lanes that OpAccumulate works on, the same on every engine.
const AccLanes = 32

// accOps are the operations OpAccumulate takes.
var accOps = [numOps]bool{OpAdd: true, OpMul: true, OpMin: true, OpMax: true, OpMinNum: true, OpMaxNum: true,
	OpAnd: true, OpOr: true, OpXor: true}

// String returns the name used in the text form of programs.
func (op Op) String() string {
	if op > OpInvalid && op < numOps {
		return rows[op].name
	}
	return "invalid"
}

var opByName = func() map[string]Op {
	m := make(map[string]Op, numOps)
	for op := OpInvalid + 1; op < numOps; op++ {
		m[rows[op].name] = op
	}
	return m
}()

func (op Op) isSource() bool { return op >= OpLoad && op <= OpIndex }
func (op Op) isSink() bool   { return op >= OpStore && op <= OpAccumulate }

// hasSlot tells whether the op reads or writes memory given to Run. An index has a slot too, with no memory behind it.
func (op Op) hasSlot() bool { return op.isSource() || op.isSink() }
