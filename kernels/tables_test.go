package kernels

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/lanes-go/lanes/simd"
)

var long = flag.Bool("long", false, "run the long sweeps")

// storableDTypes are the dtypes that programs can compute.
func storableDTypes() []DType {
	var ds []DType
	for _, d := range DTypes() {
		if storable(d) {
			ds = append(ds, d)
		}
	}
	return ds
}

// compileRow makes a kernel of one function: columns in, column out.
func compileRow(t testing.TB, f *Func, args []DType, engine simd.Engine) (*simd.Kernel, []DType, DType) {
	t.Helper()
	operands, result, err := f.Resolve(args)
	if err != nil {
		t.Fatal(err)
	}
	b := simd.NewBuilder()
	values := make([]simd.Value, len(operands))
	for i, d := range operands {
		values[i] = LoadValue(b, d, SourceLoad)
	}
	StoreValue(b, result, f.Lower(b, operands, values))
	p, err := b.Program()
	if err != nil {
		t.Fatal(f.Name, args, err)
	}
	k, err := simd.Compile(p, simd.Options{Engine: engine})
	if err != nil {
		t.Fatal(f.Name, args, err)
	}
	return k, operands, result
}

// runKernel runs k on columns of element bits.
func runKernel(k *simd.Kernel, operands []DType, result DType, columns [][]uint64) []uint64 {
	n := len(columns[0])
	var keep [][]byte
	var ptrs []unsafe.Pointer
	column := func(d DType) []byte {
		m := make([]byte, n*d.Size()+1)
		keep = append(keep, m)
		ptrs = append(ptrs, unsafe.Pointer(&m[0]))
		return m
	}
	for c, d := range operands {
		m := column(d)
		for i, bits := range columns[c] {
			putBits(m[i*d.Size():], d.Size(), bits)
		}
	}
	m := column(result)
	k.Run(n, 0, ptrs, nil, 0)
	out := make([]uint64, n)
	for i := range out {
		out[i] = getBits(m[i*result.Size():], result.Size())
	}
	return out
}

func putBits(m []byte, size int, bits uint64) {
	for i := range size {
		m[i] = byte(bits >> (8 * i))
	}
}

func getBits(m []byte, size int) (bits uint64) {
	for i := range size {
		bits |= uint64(m[i]) << (8 * i)
	}
	return bits
}

// mask cuts bits to the size of d.
func mask(d DType, bits uint64) uint64 { return bits & (^uint64(0) >> (64 - 8*d.Size())) }

var edgeFloats = []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 1.5, -1.5, 2, 2.5, -2.5, 3, -3, 7, 10,
	64, 127, 128, 255, 256,
	0.1, -0.1, 1e-10, 3e38, -3e38, 1e39, 0x1p-149, -0x1p-149, 0x1p-126, 0x1p-1022, -0x1p-1022, 0x1p-1074,
	-0x1p-1074, 0x1p31,
	-0x1p31, 0x1p32, 0x1p52 + 0.5, 0x1p53, 0x1p53 + 2, 0x1p62, 0x1p63, -0x1p63, 0x1p64, 1e300,
	math.MaxFloat64, -math.MaxFloat64,
	math.Inf(1), math.Inf(-1), math.NaN(), math.Pi, 1e17, 2147483647, -2147483649, 4294967295.5,
	9007199254740991, 1 - 0x1p-53, 1 + 0x1p-52}

var edgeInts = []uint64{0, 1, 2, 3, 5, 7, 8, 15, 16, 31, 32, 63, 64, 65, 100, 127, 128, 200, 255, 256, 32767,
	32768, 65535, 65536,
	1<<31 - 1, 1 << 31, 1<<31 + 1, 1<<32 - 1, 1 << 32, 1<<53 + 1, 1<<63 - 1, 1 << 63, 1<<63 + 1, ^uint64(0),
	^uint64(1), ^uint64(2),
	^uint64(6), ^uint64(126), ^uint64(127)}

// edges are the values of d that rules turn on, as bits.
func edges(d DType) []uint64 {
	var out []uint64
	switch d {
	case Bool:
		return []uint64{0, 1}
	case Float64:
		for _, x := range edgeFloats {
			out = append(out, math.Float64bits(x))
		}
		return out
	case Float32:
		for _, x := range edgeFloats {
			out = append(out, uint64(math.Float32bits(float32(x))))
		}
		return out
	}
	for _, x := range edgeInts {
		out = append(out, mask(d, x))
	}
	return out
}

// randomBits is a value of d: any bits, or a number of moderate size.
func randomBits(r *rand.Rand, d DType) uint64 {
	x := math.Ldexp(r.Float64()*2-1, r.IntN(40)-10)
	switch {
	case d == Bool:
		return r.Uint64() & 1
	case r.IntN(2) == 0:
		return mask(d, r.Uint64())
	case d == Float64:
		return math.Float64bits(x)
	case d == Float32:
		return uint64(math.Float32bits(float32(x)))
	}
	return mask(d, uint64(r.Int64N(41)-20))
}

// columnsFor returns columns of arguments: all pairs of edges (triples drawn from them), then random ones.
func columnsFor(r *rand.Rand, ds []DType, random int) [][]uint64 {
	cols := make([][]uint64, len(ds))
	add := func(bits ...uint64) {
		for i, b := range bits {
			cols[i] = append(cols[i], b)
		}
	}
	switch len(ds) {
	case 1:
		for _, x := range edges(ds[0]) {
			add(x)
		}
	case 2:
		for _, x := range edges(ds[0]) {
			for _, y := range edges(ds[1]) {
				add(x, y)
			}
		}
	}
	for i := range random {
		bits := make([]uint64, len(ds))
		for k, d := range ds {
			if e := edges(d); i%2 == 0 && len(ds) > 2 {
				bits[k] = e[r.IntN(len(e))]
			} else {
				bits[k] = randomBits(r, d)
			}
		}
		add(bits...)
	}
	return cols
}

// sameBits compares results; all NaN are one.
func sameBits(d DType, x, y uint64) bool {
	switch d {
	case Float64:
		a, b := math.Float64frombits(x), math.Float64frombits(y)
		return x == y || a != a && b != b
	case Float32:
		a, b := math.Float32frombits(uint32(x)), math.Float32frombits(uint32(y))
		return x == y || a != a && b != b
	}
	return x == y
}

func show(d DType, bits uint64) string {
	switch {
	case d == Float64:
		return fmt.Sprintf("%v (%x)", math.Float64frombits(bits), math.Float64frombits(bits))
	case d == Float32:
		return fmt.Sprintf("%v", math.Float32frombits(uint32(bits)))
	case d.Kind() == KindInt:
		return fmt.Sprint(signExtend(d, bits))
	}
	return fmt.Sprint(bits)
}

func signExtend(d DType, bits uint64) int64 {
	shift := 64 - 8*d.Size()
	return int64(bits<<shift) >> shift
}

// rowArgs are the argument dtypes that f is tested with: all alike, and the mixed comparisons.
func rowArgs(f *Func) [][]DType {
	var list [][]DType
	for _, d := range storableDTypes() {
		n := f.MinArgs
		if f.MaxArgs < 0 {
			n = 3
		}
		args := make([]DType, n)
		fill(args, d)
		if f.sig.condition {
			args[0] = Bool
		}
		if _, _, err := f.Resolve(args); err == nil {
			list = append(list, args)
		}
	}
	if f.sig.rule == "b1" && f.MinArgs == 2 {
		list = append(list, []DType{Int64, Uint64}, []DType{Uint64, Int32})
	}
	return list
}

// TestRows runs every function on every dtype that it takes and on every engine here, and compares with its
// definition in plain Go, or, where there is none but an accuracy test, with the portable engine.
func TestRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, f := range Funcs() {
		def := definitions[f.Name]
		if def == nil && f.ULP <= 0.5 && !isCast(f) {
			t.Errorf("%s has neither a definition nor an error bound", f.Name)
		}
		for _, args := range rowArgs(f) {
			testRow(t, r, f, args, def)
		}
	}
}

func isCast(f *Func) bool { d, err := ParseDType(f.Name); return err == nil && d != Invalid }

func testRow(t *testing.T, r *rand.Rand, f *Func, args []DType, def definition) {
	t.Helper()
	operands, result, err := f.Resolve(args)
	if err != nil {
		t.Fatal(err)
	}
	cols := columnsFor(r, operands, 1000)
	var want []uint64
	if def != nil {
		for i := range cols[0] {
			x := make([]uint64, len(cols))
			for c := range cols {
				x[c] = cols[c][i]
			}
			want = append(want, mask(result, def(operands, x)))
		}
	}
	for i := len(simd.Engines()) - 1; i >= 0; i-- { // the portable engine first
		engine := simd.Engines()[i]
		k, _, _ := compileRow(t, f, args, engine)
		got := runKernel(k, operands, result, cols)
		if want == nil {
			want = got
		}
		for i := range want {
			if sameBits(result, got[i], want[i]) {
				continue
			}
			text := ""
			for c, d := range operands {
				text += " " + show(d, cols[c][i])
			}
			t.Errorf("%s %v on %v:%s = %s, want %s", f.Name, args, engine, text, show(result, got[i]),
				show(result, want[i]))
			break
		}
	}
}
