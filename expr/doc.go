// Package expr turns what the user wrote, the text of an expression, into an immutable program that is safe for
// concurrent use and runs as fused vector code over arrays.
//
// It may import ndarray, kernels and what lies below them; it must not know partitions, clusters or files.
package expr
