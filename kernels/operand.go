package kernels

import "unsafe"

// Operand is memory with a layout, as the drivers take it: the element with index i lies at
// Ptr + the sum of i[k]*Strides[k]. The shape is the operation's, not the operand's.
type Operand struct {
	Ptr     unsafe.Pointer
	DType   DType
	Strides []int // in bytes, one for each axis, of any sign; shared with the array, not to be changed
	Mapped  bool  // memory of a mapped file: touching it may fault

	// Owner is what must stay reachable as long as Ptr is in use: a *Buffer returns to the pool
	// and a mapping is undone when nothing refers to it, whether or not Ptr still does.
	Owner any
}
