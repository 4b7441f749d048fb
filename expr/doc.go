// Package expr turns what the user wrote, the text of an expression, into an immutable program that is
// safe for concurrent use and runs as fused vector code over arrays.
//
// It may import ndarray, kernels and what lies below them; it must not know partitions, clusters or files.
//
//	y, err := expr.Eval("sin(x)**2 + 0.5*x", expr.Vars{"x": x}) // compiled once, then from a cache
//
//	p, err := expr.Compile("where(x > lo, sqrt(x), 0) * scale") // names, syntax, arities are checked here
//	out, err := p.Run(expr.Vars{"x": x, "lo": 0.25, "scale": 3}) // dtypes and shapes here
//	err = p.RunTo(out, vars)                                     // does not allocate
//
//	hypot := expr.MustFunc2[float64]("sqrt(a*a + b*b)") // func(dst, a, b []float64) error
//
// # The language
//
// Python's notation, precedence and element-wise meaning, as in NumPy:
//
//	a + b - c * d / e // f % g ** h      arithmetic; / is always a float, // and % round down
//	a < b <= c                           comparisons; chained, b is computed once
//	p and q or not r                     truth values; both sides are always computed
//	i & j | k ^ l << m >> n, ~i          bits of integers and bools
//	x if c else y, where(c, x, y)        a choice by element
//	sqrt(x), exp(x), minimum(x, y), …    functions; float32(x), astype(x, 'f4') convert
//	`unit price` * n                     backticks quote names that are no plain words
//	t = x - m; t * t                     statements, ended by a line end or a semicolon
//	f(u, v) = u*u + v*v                  definitions; they are inlined
//	t, t > 0                             several results: RunAll
//
// If the last statement is an expression, or several with commas, its values are the results; else every
// assigned name that does not begin with an underscore. The constants pi, e, inf and nan are inputs that
// need not be given.
//
// # Types
//
// The dtype of a result depends on dtypes only (NumPy 2, NEP 50). Literals and Go arguments of type bool,
// int and float64 are weak: they take the dtype of the arrays they meet, so float32 stays float32 in
// 2.5*x. A weak integer that does not fit is an error, weak integers among themselves are exact. All
// other Go numbers have the dtype of their type.
//
// # What happens
//
// Compile lexes, parses, checks names and builds a graph in which equal values are one node. The first
// run on operands of new dtypes or ranks binds the program (see Program.bind): types, constants folded by
// the same kernels that run, rewrites that keep every bit, stages, kernels. A subtree that broadcasts is
// computed once at its own shape. Explain shows it all.
//
// All errors are of type *Error and carry the place in the text; errors.Is tells the kind. No text and no
// operand makes this package panic, hang or take memory beyond Limits.
//
// Reductions, indexing, attributes, complex numbers, strings and @ are parsed and refused with
// ErrUnsupported.
package expr
