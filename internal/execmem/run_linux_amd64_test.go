//go:build !purego

package execmem_test

import (
	"bufio"
	"bytes"
	"flag"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/cpu"

	"github.com/lanes-go/lanes/internal/execmem"
)

var long = flag.Bool("long", false, "run the long stress under the runtime's debug settings")

// Hand-written functions; the argument block is a Go struct whose address is in RDI.
var (
	codeRet = []byte{0xC3}
	// args {a, b, sum}: sum = a + b
	codeAdd = []byte{
		0x48, 0x8B, 0x07, // mov rax, [rdi]
		0x48, 0x03, 0x47, 0x08, // add rax, [rdi+8]
		0x48, 0x89, 0x47, 0x10, // mov [rdi+16], rax
		0xC3,
	}
	// args {n}: counts n > 0 down to 0 in about n cycles
	codeCount = []byte{
		0x48, 0x8B, 0x0F, // mov rcx, [rdi]
		0x48, 0xFF, 0xC9, // dec rcx
		0x75, 0xFB, // jnz -5
		0xC3,
	}
	// args {n, dst, src}: copies n > 0 words
	codeCopy = []byte{
		0x48, 0x8B, 0x0F, // mov rcx, [rdi]
		0x48, 0x8B, 0x77, 0x08, // mov rsi, [rdi+8]
		0x48, 0x8B, 0x57, 0x10, // mov rdx, [rdi+16]
		0x48, 0xFF, 0xC9, // dec rcx
		0x48, 0x8B, 0x04, 0xCA, // mov rax, [rdx+rcx*8]
		0x48, 0x89, 0x04, 0xCE, // mov [rsi+rcx*8], rax
		0x75, 0xF3, // jnz -13
		0xC3,
	}
	// args {address}: reads a word there, with the upper vector halves dirty
	codeRead = []byte{
		0xC5, 0xFD, 0x76, 0xC0, // vpcmpeqd ymm0, ymm0, ymm0
		0x48, 0x8B, 0x07, // mov rax, [rdi]
		0x48, 0x8B, 0x00, // mov rax, [rax]
		0xC5, 0xF8, 0x77, // vzeroupper
		0xC3,
	}
)

type countArgs struct{ n int }

type copyArgs struct {
	n        int
	dst, src *uint64
}

func mustAlloc(t testing.TB, code []byte) *execmem.Code {
	t.Helper()
	if err := execmem.Available(); err != nil {
		t.Skip("this system refuses executable memory: ", err)
	}
	c, err := execmem.Alloc(code)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func call[T any](c *execmem.Code, args *T) {
	execmem.Call(c.Entry(), unsafe.Pointer(args))
	runtime.KeepAlive(c)
}

func TestCall(t *testing.T) {
	call(mustAlloc(t, codeRet), &countArgs{})

	add := mustAlloc(t, codeAdd)
	x := struct{ a, b, sum int }{a: 40, b: 2}
	if call(add, &x); x.sum != 42 {
		t.Errorf("40 + 2 = %d", x.sum)
	}
	if n := testing.AllocsPerRun(100, func() {
		y := struct{ a, b, sum int }{a: x.sum, b: 1}
		call(add, &y)
		x.sum = y.sum
	}); n != 0 {
		t.Errorf("a call allocates %v times", n)
	}
	if x.sum != 42+101 {
		t.Errorf("101 increments of 42 give %d", x.sum)
	}
}

// TestSizes checks alignment, contents, and the traps behind, for code shorter than, equal to and beyond a
// page.
func TestSizes(t *testing.T) {
	page := os.Getpagesize()
	for _, n := range []int{1, 2, 63, page - 1, page, page + 1, 3*page - 1, 3 * page, 100_000} {
		code := bytes.Repeat([]byte{0x90}, n) // NOP
		code[n-1] = 0xC3
		c := mustAlloc(t, code)
		call(c, &countArgs{})
		if c.Entry()%uintptr(page) != 0 {
			t.Errorf("%d bytes: entry %#x is not page-aligned", n, c.Entry())
		}
		entry := c.Entry()
		mem := unsafe.Slice(*(**byte)(unsafe.Pointer(&entry)), (n/page+1)*page)
		if !bytes.Equal(mem[:n], code) {
			t.Errorf("%d bytes: the code differs in memory", n)
		}
		if slices.ContainsFunc(mem[n:], func(b byte) bool { return b != 0xCC }) {
			t.Errorf("%d bytes: the rest of the last page is not filled with INT3", n)
		}
		runtime.KeepAlive(c)
	}
}

// clobber returns code that overwrites every general register but SP and BP and every vector and mask
// register.
func clobber() []byte {
	var code []byte
	for reg := byte(0); reg < 16; reg++ {
		if reg == 4 || reg == 5 { // SP, BP
			continue
		}
		code = append(code, 0x48|reg>>3, 0xC7, 0xC0|reg&7, 0xEF, 0xBE, 0xAD, 0x0E) // mov reg, 0x0EADBEEF
	}
	for reg := byte(0); reg < 16; reg++ { // vpcmpeqd ymm, ymm0, ymm0
		code = append(code, 0xC5, 0xFD^(reg>>3)<<7, 0x76, 0xC0|reg&7<<3)
	}
	if cpu.X86.HasAVX512F {
		for reg := byte(0); reg < 32; reg++ { // vpternlogd zmm, zmm, zmm, 0xFF
			bit3, bit4 := reg>>3&1, reg>>4
			code = append(code, 0x62, 0xF3^bit3<<7^bit4<<6^bit3<<5^bit4<<4,
				0x7D^(reg&15)<<3, 0x48^bit4<<3, 0x25, 0xC0|reg&7<<3|reg&7, 0xFF)
		}
		for k := byte(0); k < 8; k++ { // kxnorw k, k, k
			code = append(code, 0xC5, 0xFC^k<<3, 0x46, 0xC0|k<<3|k)
		}
	}
	return append(code, 0xC5, 0xF8, 0x77, 0xC3) // vzeroupper; ret
}

// TestClobber checks that Go code around a call relies on no register, under stack growth and allocation.
func TestClobber(t *testing.T) {
	if !cpu.X86.HasAVX {
		t.Skip("the processor has no AVX")
	}
	c := mustAlloc(t, clobber())
	a, b, x, y := 1, 2, 3.5, 4.5
	var sink []*[100]int
	for range 10_000 {
		call(c, &countArgs{})
		a, b, x, y = a+b, b+1, x+y, y+1
		sink = append(sink[:len(sink)%10], new([100]int))
		if *sink[len(sink)-1] != [100]int{} {
			t.Fatal("fresh memory is not zero")
		}
	}
	const sum = 10_000 * 9_999 / 2
	if a != 1+2*10_000+sum || x != 3.5+4.5*10_000+sum || b != 10_002 || y != 10_004.5 {
		t.Errorf("registers were lost: %v %v %v %v", a, b, x, y)
	}
}

// writableCode returns the lines of /proc/self/maps that are writable and executable at once, and the number
// of anonymous executable mappings.
func writableCode(t *testing.T) (bad []string, executable int) {
	t.Helper()
	data, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		f := strings.Fields(s.Text())
		if strings.Contains(f[1], "w") && strings.Contains(f[1], "x") {
			bad = append(bad, s.Text())
		}
		if strings.Contains(f[1], "x") && len(f) == 5 {
			executable++
		}
	}
	return bad, executable
}

// TestFreed checks that unreachable code is unmapped: addresses return to the system instead of adding up.
func TestFreed(t *testing.T) {
	size := func() (bytes uint64) {
		data, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if f := strings.Fields(line); len(f) == 5 && f[1] == "r-xp" {
				lo, hi, _ := strings.Cut(f[0], "-")
				bytes += hex(t, hi) - hex(t, lo)
			}
		}
		return bytes
	}
	const each = 1 << 20
	runtime.GC()
	before := size()
	var keep []*execmem.Code
	for range 16 {
		keep = append(keep, mustAlloc(t, append(make([]byte, each-2), 0xC3)))
	}
	if got := int(size()) - int(before); got < 15*each {
		t.Errorf("16 MiB of code map %d bytes", got)
	}
	runtime.KeepAlive(keep)
	keep = nil
	for try := 0; size() >= before+each; try++ {
		if try == 100 {
			t.Fatalf("%d bytes of unreachable code are still mapped", size()-before)
		}
		runtime.GC()
		runtime.Gosched()
	}
}

func BenchmarkCall(b *testing.B) {
	c := mustAlloc(b, codeRet)
	var x countArgs
	for b.Loop() {
		call(c, &x)
	}
}

// BenchmarkAlloc includes unmapping, which the collector triggers.
func BenchmarkAlloc(b *testing.B) {
	code := append(make([]byte, 999), 0xC3)
	for b.Loop() {
		mustAlloc(b, code)
	}
}
