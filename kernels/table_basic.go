package kernels

import "github.com/lanes-go/lanes/simd"

// What functions of one, two and three operands emit; the methods of simd.Builder are such operations.
type (
	unaryOp   = func(b *simd.Builder, x simd.Value) simd.Value
	binaryOp  = func(b *simd.Builder, x, y simd.Value) simd.Value
	ternaryOp = func(b *simd.Builder, x, y, z simd.Value) simd.Value
)

func unary(f unaryOp) lowering {
	return func(b *simd.Builder, x []simd.Value) simd.Value { return f(b, x[0]) }
}

func binary(f binaryOp) lowering {
	return func(b *simd.Builder, x []simd.Value) simd.Value { return f(b, x[0], x[1]) }
}

func ternary(f ternaryOp) lowering {
	return func(b *simd.Builder, x []simd.Value) simd.Value { return f(b, x[0], x[1], x[2]) }
}

// fold applies f from left to right, for functions of any number of operands.
func fold(f binaryOp) lowering {
	return func(b *simd.Builder, x []simd.Value) simd.Value {
		r := x[0]
		for _, y := range x[1:] {
			r = f(b, r, y)
		}
		return r
	}
}

func identity(_ *simd.Builder, x simd.Value) simd.Value { return x }

const (
	hintBoolMinus = "use ^ or ~ for bools"
	hintBits      = "convert with int64(x)"
)

var arithmeticRows = []Func{
	{Name: "add", Operator: "+", MinArgs: 2, MaxArgs: 2, Sig: "BIF =", Commutes: true,
		Doc: "x + y; integers wrap, bools or", lower: binary(lowerAdd)},
	{Name: "subtract", Operator: "-", MinArgs: 2, MaxArgs: 2, Sig: "IF =",
		Doc: "x - y; integers wrap", Hint: hintBoolMinus, lower: binary((*simd.Builder).Sub)},
	{Name: "multiply", Operator: "*", MinArgs: 2, MaxArgs: 2, Sig: "BIF =", Commutes: true,
		Doc: "x * y; integers wrap, bools and", lower: binary(lowerMul)},
	{Name: "divide", Aliases: []string{"true_divide"}, Operator: "/", MinArgs: 2, MaxArgs: 2, Sig: "BIF /",
		Doc: "x / y; of integers in float64", lower: binary((*simd.Builder).Div)},
	{Name: "floor_divide", Operator: "//", MinArgs: 2, MaxArgs: 2, Sig: "bIF =",
		Doc: "the floor of x / y; an integer by 0 gives 0", lower: binary(lowerFloorDivide)},
	{Name: "remainder", Aliases: []string{"mod"}, Operator: "%", MinArgs: 2, MaxArgs: 2, Sig: "bIF =",
		Doc: "x modulo y with the sign of y, exact; an integer by 0 gives 0", lower: binary(lowerRemainder)},
	{Name: "pow", Aliases: []string{"power"}, Operator: "**", MinArgs: 2, MaxArgs: 2, Sig: "bIF =", ULP: 0.55,
		Doc: "x to the power y; of integers modulo 2^width", lower: binary(lowerPow)},
	{Name: "trunc_divide", MinArgs: 2, MaxArgs: 2, Sig: "bIF =",
		Doc: "x / y rounded towards zero; an integer by 0 gives 0", lower: binary(lowerTruncDivide)},
	{Name: "fmod", MinArgs: 2, MaxArgs: 2, Sig: "bIF =",
		Doc: "x modulo y with the sign of x, exact; an integer by 0 gives 0", lower: binary(lowerFmod)},
	{Name: "negative", Operator: "-", MinArgs: 1, MaxArgs: 1, Sig: "IF =",
		Doc: "-x; integers wrap", Hint: "use ~ or not for bools", lower: unary((*simd.Builder).Neg)},
	{Name: "positive", Operator: "+", MinArgs: 1, MaxArgs: 1, Sig: "IF =",
		Doc: "x itself", Hint: "use int64(x) for bools", lower: unary(identity)},
	{Name: "abs", Aliases: []string{"absolute"}, MinArgs: 1, MaxArgs: 1, Sig: "BIF =",
		Doc: "the absolute value; that of the least integer is itself", lower: unary(lowerAbs)},
	{Name: "fabs", MinArgs: 1, MaxArgs: 1, Sig: "BIF fl",
		Doc: "the absolute value as a float", lower: unary((*simd.Builder).Abs)},
	{Name: "sign", MinArgs: 1, MaxArgs: 1, Sig: "IF =",
		Doc: "-1, 0 or 1 by the sign of x; NaN for NaN", lower: unary(lowerSign)},
	{Name: "square", MinArgs: 1, MaxArgs: 1, Sig: "IF =",
		Doc: "x * x", lower: unary(func(b *simd.Builder, x simd.Value) simd.Value {
			return lowerMul(b, x,
				x)
		})},
	{Name: "fma", MinArgs: 3, MaxArgs: 3, Sig: "BIF fl",
		Doc: "x*y + z, rounded once", lower: ternary((*simd.Builder).FMA)},
}

var comparisonRows = []Func{
	{Name: "equal", Operator: "==", MinArgs: 2, MaxArgs: 2, Sig: "BIF b1", Commutes: true,
		Doc: "x == y; NaN equals nothing", lower: binary(lowerEq)},
	{Name: "not_equal", Operator: "!=", MinArgs: 2, MaxArgs: 2, Sig: "BIF b1", Commutes: true,
		Doc: "x != y; NaN differs from everything", lower: binary(lowerNe)},
	{Name: "less", Operator: "<", MinArgs: 2, MaxArgs: 2, Sig: "BIF b1",
		Doc: "x < y", lower: binary(lowerLt)},
	{Name: "less_equal", Operator: "<=", MinArgs: 2, MaxArgs: 2, Sig: "BIF b1",
		Doc: "x <= y", lower: binary(lowerLe)},
	{Name: "greater", Operator: ">", MinArgs: 2, MaxArgs: 2, Sig: "BIF b1",
		Doc: "x > y", lower: binary(swapped(lowerLt))},
	{Name: "greater_equal", Operator: ">=", MinArgs: 2, MaxArgs: 2, Sig: "BIF b1",
		Doc: "x >= y", lower: binary(swapped(lowerLe))},
	{Name: "logical_and", Operator: "and", MinArgs: 2, MaxArgs: 2, Sig: "BIF ?", Commutes: true,
		Doc: "both are true (not 0)", lower: binary((*simd.Builder).And)},
	{Name: "logical_or", Operator: "or", MinArgs: 2, MaxArgs: 2, Sig: "BIF ?", Commutes: true,
		Doc: "one or both are true (not 0)", lower: binary((*simd.Builder).Or)},
	{Name: "logical_xor", MinArgs: 2, MaxArgs: 2, Sig: "BIF ?", Commutes: true,
		Doc: "one is true (not 0), the other is not", lower: binary((*simd.Builder).Xor)},
	{Name: "logical_not", Operator: "not", MinArgs: 1, MaxArgs: 1, Sig: "BIF ?",
		Doc: "x is 0 or false", lower: unary((*simd.Builder).Not)},
	{Name: "isnan", MinArgs: 1, MaxArgs: 1, Sig: "BIF b1",
		Doc: "x is not a number", lower: unary(lowerIsNaN)},
	{Name: "isinf", MinArgs: 1, MaxArgs: 1, Sig: "BIF b1",
		Doc: "x is infinite", lower: unary(lowerIsInf)},
	{Name: "isfinite", MinArgs: 1, MaxArgs: 1, Sig: "BIF b1",
		Doc: "x is neither infinite nor NaN", lower: unary(lowerIsFinite)},
	{Name: "isposinf", MinArgs: 1, MaxArgs: 1, Sig: "IF b1",
		Doc: "x is +inf", lower: unary(lowerIsEndless(1))},
	{Name: "isneginf", MinArgs: 1, MaxArgs: 1, Sig: "IF b1",
		Doc: "x is -inf", lower: unary(lowerIsEndless(-1))},
	{Name: "signbit", MinArgs: 1, MaxArgs: 1, Sig: "IF b1",
		Doc: "the sign bit is set: x < 0, or -0; NaN gives false", lower: unary(lowerSignbit)},
}

var choiceRows = []Func{
	{Name: "where", MinArgs: 3, MaxArgs: 3, Sig: "?BIF =",
		Doc: "x where c is true (not 0), else y", lower: ternary((*simd.Builder).Select)},
	{Name: "minimum", MinArgs: 2, MaxArgs: -1, Sig: "BIF =", Commutes: true,
		Doc: "the least; NaN if one is NaN, -0 < +0", lower: fold(lowerMin)},
	{Name: "maximum", MinArgs: 2, MaxArgs: -1, Sig: "BIF =", Commutes: true,
		Doc: "the greatest; NaN if one is NaN, -0 < +0", lower: fold(lowerMax)},
	{Name: "fmin", MinArgs: 2, MaxArgs: 2, Sig: "BIF =", Commutes: true,
		Doc: "the lesser; a NaN is ignored", lower: binary(lowerFmin)},
	{Name: "fmax", MinArgs: 2, MaxArgs: 2, Sig: "BIF =", Commutes: true,
		Doc: "the greater; a NaN is ignored", lower: binary(lowerFmax)},
	{Name: "clip", Aliases: []string{"clamp"}, MinArgs: 3, MaxArgs: 3, Sig: "BIF =",
		Doc: "x within lo and hi: minimum(maximum(x, lo), hi)", lower: ternary(lowerClip)},
	{Name: "copysign", MinArgs: 2, MaxArgs: 2, Sig: "BIF fl",
		Doc: "|x| with the sign of y; a NaN y counts as positive", lower: binary(lowerCopysign)},
}

var bitRows = []Func{
	{Name: "bitwise_and", Operator: "&", MinArgs: 2, MaxArgs: 2, Sig: "BI =", Commutes: true,
		Doc: "bits set in both", Hint: hintBits, lower: binary((*simd.Builder).And)},
	{Name: "bitwise_or", Operator: "|", MinArgs: 2, MaxArgs: 2, Sig: "BI =", Commutes: true,
		Doc: "bits set in one or both", Hint: hintBits, lower: binary((*simd.Builder).Or)},
	{Name: "bitwise_xor", Operator: "^", MinArgs: 2, MaxArgs: 2, Sig: "BI =", Commutes: true,
		Doc: "bits set in one only", Hint: "use ** for powers", lower: binary((*simd.Builder).Xor)},
	{Name: "bitwise_invert", Aliases: []string{"invert", "bitwise_not"}, Operator: "~", MinArgs: 1, MaxArgs: 1,
		Sig: "BI =", Doc: "all bits flipped", Hint: hintBits, lower: unary((*simd.Builder).Not)},
	{Name: "left_shift", Aliases: []string{"bitwise_left_shift"}, Operator: "<<", MinArgs: 2, MaxArgs: 2,
		Sig: "bI =", Hint: hintBits, lower: binary(lowerShl),
		Doc: "x * 2**y, wrapped; 0 if y is negative or not below the width"},
	{Name: "right_shift", Aliases: []string{"bitwise_right_shift"}, Operator: ">>", MinArgs: 2, MaxArgs: 2,
		Sig: "bI =", Hint: hintBits, lower: binary(lowerShr),
		Doc: "the floor of x / 2**y; 0 or -1 if y is negative or not below the width"},
}

var roundingRows = []Func{
	{Name: "floor", MinArgs: 1, MaxArgs: 1, Sig: "BIF =", Doc: "rounded down",
		lower: unary(ofFloat((*simd.Builder).Floor))},
	{Name: "ceil", MinArgs: 1, MaxArgs: 1, Sig: "BIF =", Doc: "rounded up",
		lower: unary(ofFloat((*simd.Builder).Ceil))},
	{Name: "trunc", Aliases: []string{"fix"}, MinArgs: 1, MaxArgs: 1, Sig: "BIF =",
		Doc:   "rounded towards zero",
		lower: unary(ofFloat((*simd.Builder).Trunc))},
	{Name: "rint", Aliases: []string{"round"}, MinArgs: 1, MaxArgs: 1, Sig: "BIF =",
		Doc: "rounded to the nearest integer, ties to even", lower: unary(ofFloat((*simd.Builder).Rint))},
}
