//go:build purego || !(linux && amd64)

package execmem

import (
	"errors"
	"runtime"
	"unsafe"
)

var probeCode = []byte{0}

// Call never runs here: without executable memory there is no entry to call.
func Call(entry uintptr, args unsafe.Pointer) { panic("BUG: execmem: call without executable memory") }

// VZeroUpper does nothing here.
func VZeroUpper() {}

func mapCode([]byte) ([]byte, error) {
	return nil, errors.New("no generated code on " + runtime.GOOS + "/" + runtime.GOARCH +
		" or in a build with the tag purego")
}

func unmapCode([]byte) {}
