package ndarray

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Save writes x to a .npy file. The file appears whole or not at all: the bytes go to a temporary
// file beside it, which takes its place when they are on disk. Something that is not a file, like a
// terminal or a pipe, is written directly. Errors are those of the file system and of Write.
func Save(path string, x *Array) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return writeAndClose(f, x, false)
	}
	mode := os.FileMode(0o666)
	if err == nil {
		mode = info.Mode().Perm()
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target // so that a link stays one
		}
	}
	return replace(path, mode, func(f *os.File) error { return writeAndClose(f, x, true) })
}

// replace has write fill and close a temporary file, and puts it in the place of path.
func replace(path string, mode os.FileMode, write func(*os.File) error) (err error) {
	dir, name := filepath.Split(path)
	temp := filepath.Join(dir, fmt.Sprintf(".%s.%08x.tmp", name, rand.Uint32()))
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temp)
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// writeAndClose writes x to f, to the disk if sync is set, and closes f in any case.
func writeAndClose(f *os.File, x *Array, sync bool) error {
	err := Write(f, x)
	if err == nil && sync {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}
