package simd

import (
	"errors"
	"unsafe"
)

type machineCode struct{}

func generate(p *Program, e Engine) (*machineCode, error) { return nil, errors.ErrUnsupported }
func (m *machineCode) run(n int, start int64, ptrs []unsafe.Pointer, strides []int, flags Flags) {
}
func (m *machineCode) listing() string { return "" }
