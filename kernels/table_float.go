package kernels

import "github.com/lanes-go/lanes/simd"

// The float functions. ULP bounds are the limit that tests hold the measured error to; 0.5 means correctly rounded.
var floatRows = []Func{
	{Name: "sqrt", MinArgs: 1, MaxArgs: 1, Sig: "BIF fl", ULP: 0.5, Doc: "the square root",
		lower: unary((*simd.Builder).Sqrt)},
	{Name: "reciprocal", MinArgs: 1, MaxArgs: 1, Sig: "F =", ULP: 0.5, Doc: "1 / x", Hint: "write 1 / x",
		lower: unary(lowerReciprocal)},
	{Name: "deg2rad", Aliases: []string{"radians"}, MinArgs: 1, MaxArgs: 1, Sig: "BIF fl", ULP: 0.51,
		Doc: "degrees to radians", lower: unary(timesPair(radianHi, radianLo))},
	{Name: "rad2deg", Aliases: []string{"degrees"}, MinArgs: 1, MaxArgs: 1, Sig: "BIF fl", ULP: 0.51,
		Doc: "radians to degrees", lower: unary(timesPair(degreeHi, degreeLo))},
}
