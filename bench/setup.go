package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// peerEnv is where the peers live.
type peerEnv struct{ python, worker, lib, loops string }

// setupPeers builds bench/.venv: a Python environment with the pinned packages of peers/requirements.txt, and
// the C loops compiled for this machine. A file named after their contents says that this has been done.
func setupPeers(root string, say func(string)) (*peerEnv, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return nil, fmt.Errorf("peers: they are pinned for linux/amd64, this is %s/%s", runtime.GOOS,
			runtime.GOARCH)
	}
	dir := filepath.Join(root, "bench", ".venv")
	source := filepath.Join(root, "bench", "peers")
	env := &peerEnv{
		python: filepath.Join(dir, "bin", "python"),
		worker: filepath.Join(source, "worker.py"),
		lib:    filepath.Join(dir, "lib"),
		loops:  filepath.Join(dir, "loops"),
	}
	requirements := filepath.Join(source, "requirements.txt")
	if err := once(dir, "packages", func() error { return installPackages(dir, requirements, say) },
		requirements); err != nil {
		return nil, err
	}
	loops := filepath.Join(source, "loops.c")
	err := once(dir, "loops", func() error { return buildLoops(env.loops, loops, say) }, loops,
		"/proc/cpuinfo")
	return env, err
}

// once runs f unless it ran before in dir for the same contents of the files.
func once(dir, name string, f func() error, files ...string) error {
	h := sha256.New()
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("peers: %w", err)
		}
		if file == "/proc/cpuinfo" {
			b = cpuIdentity(b)
		}
		fmt.Fprintf(h, "%d\n%s", len(b), b)
	}
	done := filepath.Join(dir, fmt.Sprintf("%s-%x", name, h.Sum(nil)[:8]))
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := f(); err != nil {
		return err
	}
	return os.WriteFile(done, nil, 0o644)
}

// cpuIdentity keeps the lines of /proc/cpuinfo that -march=native depends on.
func cpuIdentity(info []byte) []byte {
	var r []byte
	for line := range bytes.Lines(info) {
		if bytes.HasPrefix(line, []byte("model")) || bytes.HasPrefix(line, []byte("flags")) {
			r = append(r, line...)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
	}
	return r
}

func installPackages(dir, requirements string, say func(string)) error {
	python := ""
	for _, name := range []string{"python3.11", "python3.12", "python3.13", "python3"} {
		if path, err := exec.LookPath(name); err == nil && exec.Command(path, "-c",
			pythonCheck).Run() == nil {
			python = path
			break
		}
	}
	if python == "" {
		return errors.New("peers: no Python 3.11 to 3.13 with the venv and ensurepip modules in PATH " +
			"(on Debian: apt-get install python3-venv); the newest Numba with SVML needs one of them")
	}
	say("peers: building " + dir)
	if err := command(python, "-m", "venv", dir); err != nil {
		return err
	}
	say("peers: installing " + requirements)
	pip := filepath.Join(dir, "bin", "python")
	err := command(pip, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r",
		requirements)
	if err != nil {
		return fmt.Errorf("%w\npeers: could not install %s; is a package index reachable?", err, requirements)
	}
	return nil
}

const pythonCheck = "import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"

// buildLoops compiles the C loops: -fopenmp only for more than one thread, so that the serial ones are plain
// loops.
func buildLoops(dir, source string, say func(string)) error {
	if _, err := exec.LookPath("gcc"); err != nil {
		return errors.New("peers: no gcc in PATH for the C loops (on Debian: apt-get install gcc libc6-dev)")
	}
	say("peers: compiling " + source)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("peers: %w", err)
	}
	for variant, flags := range cFlags {
		for suffix, omp := range map[string]string{"": "-Wno-unknown-pragmas", "-omp": "-fopenmp"} {
			args := append([]string{"-O3", "-march=native", "-shared", "-fPIC", omp}, flags...)
			args = append(args, source, "-o", filepath.Join(dir, "loops-"+variant+suffix+".so"), "-lm")
			if err := command("gcc", args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// cFlags: strict code may still vectorise sqrt and selections; fast code calls glibc's vector functions
// (libmvec).
var cFlags = map[string][]string{
	"strict": {"-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"},
	"fast":   {"-ffast-math"},
}

// command runs a program; its output is part of the error.
func command(name string, args ...string) error {
	b, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("peers: %s %s: %w\n%s", name, strings.Join(args, " "), err, bytes.TrimSpace(b))
	}
	return nil
}

// findRoot is the directory of go.mod above the current one.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("bench must run inside the repository: no go.mod here or above")
		}
		dir = filepath.Dir(dir)
	}
}
