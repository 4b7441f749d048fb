// Package lanes is the root of the module: it holds no code of its own, only the tests that keep the packages in
// order. What Lanes offers stands in these packages, each of which may import only those before it:
//
//   - [github.com/lanes-go/lanes/simd]: vector programs and the engines that run them on flat memory;
//   - [github.com/lanes-go/lanes/parallel]: index ranges on all cores;
//   - [github.com/lanes-go/lanes/kernels]: dtypes, promotion, the function table, operations on strided memory;
//   - [github.com/lanes-go/lanes/ndarray]: arrays with shape, strides and views, .npy files, printing;
//   - [github.com/lanes-go/lanes/expr]: expressions as text, compiled to one fused kernel.
//
// Start with package expr, or with the README.
package lanes
