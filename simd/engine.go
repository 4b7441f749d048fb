package simd

import (
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/klauspost/cpuid/v2"

	"github.com/lanes-go/lanes/internal/execmem"
)

// Engine names a way to run programs. All give the same bits.
type Engine uint8

const (
	Auto     Engine = iota // the best that runs here, or what the environment variable LANES_ENGINE names
	Portable               // plain Go: the definition
	AVX2                   // machine code for AVX2 and FMA
	AVX512                 // machine code for AVX-512 F, CD, DQ, BW, VL
	NEON                   // machine code for arm64; not yet built
)

var engineNames = []string{"auto", "portable", "avx2", "avx512", "neon"}

// String returns the engine's name as LANES_ENGINE takes it.
func (e Engine) String() string {
	if int(e) < len(engineNames) {
		return engineNames[e]
	}
	return "unknown"
}

// ParseEngine reads an engine's name.
func ParseEngine(s string) (Engine, error) {
	for i, name := range engineNames {
		if s == name {
			return Engine(i), nil
		}
	}
	return Auto, fmt.Errorf("simd: unknown engine %q (have auto, avx512, avx2, neon, portable)", s)
}

// Engines lists the engines that run here, best first. The portable engine is always the last.
func Engines() []Engine {
	var list []Engine
	if execmem.Available() == nil {
		if hasAVX512() {
			list = append(list, AVX512)
		}
		if hasAVX2() {
			list = append(list, AVX2)
		}
	}
	return append(list, Portable)
}

// Best returns the engine that Auto stands for, LANES_ENGINE considered. An engine that cannot run here gives the
// portable one.
func Best() Engine { return best() }

var best = sync.OnceValue(func() Engine {
	e, err := ParseEngine(os.Getenv("LANES_ENGINE"))
	have := Engines()
	switch {
	case err != nil || e == Auto:
		return have[0]
	case slices.Contains(have, e):
		return e
	}
	return Portable
})

// resolve turns a wish into an engine that runs here.
func resolve(e Engine) (Engine, error) {
	if e == Auto {
		return Best(), nil
	}
	if slices.Contains(Engines(), e) {
		return e, nil
	}
	return Portable, fmt.Errorf("simd: engine %s does not run here (have %v)", e, Engines())
}

// hasAVX2 and hasAVX512 ask for every feature the instruction selection uses; cpuid checks that the operating system
// saves the registers.
func hasAVX2() bool {
	return cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.BMI1, cpuid.BMI2, cpuid.F16C)
}

func hasAVX512() bool {
	return hasAVX2() && cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512CD, cpuid.AVX512DQ, cpuid.AVX512BW, cpuid.AVX512VL)
}

// CacheSizes returns the bytes of first-, second- and third-level data cache that a core can use; a size that the
// processor does not tell is guessed.
func CacheSizes() (l1, l2, l3 int) {
	guess := func(n, otherwise int) int {
		if n <= 0 {
			return otherwise
		}
		return n
	}
	c := cpuid.CPU.Cache
	return guess(c.L1D, 32<<10), guess(c.L2, 512<<10), guess(c.L3, 8<<20)
}
