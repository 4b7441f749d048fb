//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package ndarray

import (
	"errors"
	"os"
)

// mapMemory has no way to map files here; Map loads them.
func mapMemory(*os.File, int64) (*mapping, error) { return nil, errors.ErrUnsupported }
