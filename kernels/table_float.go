package kernels

import "github.com/lanes-go/lanes/simd"

// The float functions. ULP bounds are the limit that tests hold the measured error to; 0.5 means correctly
// rounded.
var floatRows = []Func{
	{Name: "sqrt", MinArgs: 1, MaxArgs: 1, Sig: "BIF fl", ULP: 0.5, Doc: "the square root",
		lower: unary((*simd.Builder).Sqrt)},
	{Name: "reciprocal", MinArgs: 1, MaxArgs: 1, Sig: "F =", ULP: 0.5, Doc: "1 / x", Hint: "write 1 / x",
		lower: unary(lowerReciprocal)},
	{Name: "exp", MinArgs: 1, MaxArgs: 1, Sig: "BIF fl", ULP: 0.55, Doc: "e to the power x",
		lower: unary(lowerExp)},
	{Name: "log", Aliases: []string{"ln"}, MinArgs: 1, MaxArgs: 1, Sig: "BIF fl", ULP: 0.56,
		Doc: "the natural logarithm", lower: unary(lowerLog)},
	{Name: "sin", MinArgs: 1, MaxArgs: 1, Sig: "BIF fl", ULP: 0.6, Doc: "the sine of x radians",
		lower: unary(lowerSin)},
	{Name: "cos", MinArgs: 1, MaxArgs: 1, Sig: "BIF fl", ULP: 0.6, Doc: "the cosine of x radians",
		lower: unary(lowerCos)},
	// Close to the smallest normal number the low part of the constant underflows.
	{Name: "deg2rad", Aliases: []string{"radians"}, MinArgs: 1, MaxArgs: 1, Sig: "BIF fl", ULP: 0.55,
		Doc: "degrees to radians", lower: unary(timesPair(radianHi, radianLo))},
	{Name: "rad2deg", Aliases: []string{"degrees"}, MinArgs: 1, MaxArgs: 1, Sig: "BIF fl", ULP: 0.51,
		Doc: "radians to degrees", lower: unary(timesPair(degreeHi, degreeLo))},
}
