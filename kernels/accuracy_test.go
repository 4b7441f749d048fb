package kernels

import (
	"bufio"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/lanes-go/lanes/simd"
)

// measured functions: the reference, and points beyond those of all binades.
var measured = []struct {
	name     string
	ref      reference
	directed func(r *rand.Rand) float64
	lo, hi   float64 // domain
}{
	{"exp", refExp, expPoint, -750, 709.7827},
	{"log", refLog, logPoint, 0x1p-1074, math.MaxFloat64},
	{"sin", refSin, sinPoint, -math.MaxFloat64, math.MaxFloat64},
	{"cos", refCos, sinPoint, -math.MaxFloat64, math.MaxFloat64},
	{"deg2rad", refTimes(false), sinPoint, -math.MaxFloat64, math.MaxFloat64},
	{"rad2deg", refTimes(true), sinPoint, -0x1p1018, 0x1p1018},
}

// near is x with its last bits changed.
func near(r *rand.Rand, x float64) float64 {
	return math.Float64frombits(math.Float64bits(x) + uint64(r.IntN(65)) - 32)
}

func expPoint(r *rand.Rand) float64 {
	switch r.IntN(5) {
	case 0: // where the reduction changes its integer
		return near(r, (float64(r.IntN(2100)-1075)+0.5)*math.Ln2)
	case 1: // reduced arguments
		return (r.Float64() - 0.5) * math.Ln2
	case 2: // subnormal results
		return -708.3 - 37*r.Float64()
	case 3:
		return 709.7 + 0.083*r.Float64()
	}
	return r.Float64()*1450 - 745
}

func logPoint(r *rand.Rand) float64 {
	switch r.IntN(4) {
	case 0: // close to 1
		return 1 + math.Ldexp(r.Float64()-0.5, -r.IntN(52))
	case 1: // where the exponent changes
		return near(r, math.Ldexp(math.Sqrt2, r.IntN(2040)-1020))
	case 2: // subnormal
		return math.Float64frombits(r.Uint64N(1 << 52))
	}
	return 0.5 + 1.5*r.Float64()
}

func sinPoint(r *rand.Rand) float64 {
	switch r.IntN(5) {
	case 0: // close to multiples of π/2
		return near(r, float64(r.IntN(1<<r.IntN(21)))*(math.Pi/2))
	case 1: // where the quadrant changes
		return near(r, (float64(r.IntN(1<<r.IntN(21)))+0.5)*(math.Pi/2))
	case 2:
		return (r.Float64() - 0.5) * (math.Pi / 2)
	case 3: // around the end of the main path
		return 0x1p20 * (0.9 + 0.2*r.Float64())
	}
	return (r.Float64() - 0.5) * 200
}

// columnOf returns n arguments: directed ones and all binades of the domain by turns.
func columnOf(r *rand.Rand, n int, directed func(*rand.Rand) float64, lo, hi float64) []uint64 {
	var col []uint64
	for len(col) < n {
		x := math.Float64frombits(r.Uint64())
		if len(col)%4 != 0 {
			x = directed(r)
		}
		if x >= lo && x <= hi {
			col = append(col, math.Float64bits(x))
		}
	}
	return col
}

// TestAccuracy holds the error of float64 functions to the bound of the row.
func TestAccuracy(t *testing.T) {
	n := 100_000
	if *long {
		n = 20_000_000
	}
	for _, m := range measured {
		t.Run(m.name, func(t *testing.T) {
			f := Lookup(m.name)
			k, operands, result := compileRow(t, f, []DType{Float64}, simd.Auto)
			r := rand.New(rand.NewPCG(7, uint64(len(m.name))))
			worst, at := 0.0, 0.0
			for done := 0; done < n; done += 50_000 {
				col := columnOf(r, 50_000, m.directed, m.lo, m.hi)
				for i, bits := range runKernel(k, operands, result, [][]uint64{col}) {
					x := math.Float64frombits(col[i])
					y, exp := m.ref(x)
					if e := ulps(math.Float64frombits(bits), y, exp); !(e <= worst) {
						worst, at = e, x
					}
				}
			}
			t.Logf("%s: %.4f ULP at %x", m.name, worst, at)
			if !(worst <= f.ULP) {
				t.Errorf("%s is off by %.4f ULP at %x, the bound is %v", m.name, worst, at, f.ULP)
			}
		})
	}
}

// TestMPFR compares with values made by MPFR, and the references of the other tests with them.
func TestMPFR(t *testing.T) {
	file, err := os.Open("testdata/functions_mpfr.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	refs := map[string]reference{}
	for _, m := range measured {
		refs[m.name] = m.ref
	}
	lines := 0
	for in := bufio.NewScanner(file); in.Scan(); {
		if strings.HasPrefix(in.Text(), "#") {
			continue
		}
		var name string
		var x float64
		var want pair
		if _, err := fmt.Sscan(in.Text(), &name, &x, &want.hi, &want.lo); err != nil {
			t.Fatal(in.Text(), err)
		}
		lines++
		f := Lookup(name)
		bits, _, err := EvalScalar(f, []DType{Float64}, []uint64{math.Float64bits(x)})
		if err != nil {
			t.Fatal(err)
		}
		if e := ulps(math.Float64frombits(bits), want, 0); !(e <= f.ULP) {
			t.Errorf("%s(%x) is off by %.4f ULP", name, x, e)
		}
		y, exp := refs[name](x)
		y = pair{math.Ldexp(y.hi, exp), math.Ldexp(y.lo, exp)}
		tiny := 0x1p-90*math.Abs(want.hi) + 0x1p-1074
		if d := (y.hi - want.hi) + (y.lo - want.lo); !(math.Abs(d) <= tiny) && !math.IsInf(want.hi, 0) {
			t.Errorf("the reference for %s(%x) is off by %g", name, x, d)
		}
	}
	if lines < 1000 {
		t.Errorf("only %d values", lines)
	}
}

// TestFloat32 compares float32 functions with the float64 function of the same argument, whose error does not count
// here: a sample, or with -long all 2^32 arguments. A result that is not the nearest float32 must be close to a tie.
func TestFloat32(t *testing.T) {
	step := uint64(4001)
	if *long {
		step = 1
	}
	const block = 1 << 14
	in32, out32 := make([]float32, block), make([]float32, block)
	in64, out64 := make([]float64, block), make([]float64, block)
	for _, m := range measured {
		t.Run(m.name, func(t *testing.T) {
			f := Lookup(m.name)
			k32, _, _ := compileRow(t, f, []DType{Float32}, simd.Auto)
			k64, _, _ := compileRow(t, f, []DType{Float64}, simd.Auto)
			worst, at, count, missed := 0.5, float32(0), 0, 0
			for start := uint64(0); start < 1<<32; {
				n := 0
				for ; n < block && start < 1<<32; start += step {
					in32[n] = math.Float32frombits(uint32(start))
					in64[n] = float64(in32[n])
					n++
				}
				k32.Run(n, 0, []unsafe.Pointer{unsafe.Pointer(&in32[0]), unsafe.Pointer(&out32[0])}, nil, 0)
				k64.Run(n, 0, []unsafe.Pointer{unsafe.Pointer(&in64[0]), unsafe.Pointer(&out64[0])}, nil, 0)
				count += n
				for i, got := range out32[:n] {
					if want := out64[i]; got == float32(want) || got != got && want != want {
						continue
					}
					missed++
					if e := ulps32(got, out64[i]); !(e <= worst) {
						worst, at = e, in32[i]
					}
				}
			}
			t.Logf("%s: %.4f ULP at %x, %d of %d not the nearest", m.name, worst, at, missed, count)
			if !(worst <= 0.51) {
				t.Errorf("%s of float32 is off by %.4f ULP at %x", m.name, worst, at)
			}
		})
	}
}

// ulps32 is the error of a float32 result.
func ulps32(got float32, want float64) float64 {
	switch {
	case want != want:
		if got != got {
			return 0
		}
		return math.Inf(1)
	case float64(got) == want || got == float32(want):
		if math.IsInf(want, 0) || math.IsInf(float64(got), 0) {
			return 0
		}
	}
	_, e := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(e-24, -149))
}

// TestSpecialValues holds C99 Annex F and the points that users check.
func TestSpecialValues(t *testing.T) {
	inf, nan, negZero, pi := math.Inf(1), math.NaN(), math.Copysign(0, -1), float64(math.Pi)
	for _, c := range []struct {
		name    string
		x, want float64
	}{
		{"exp", 0, 1}, {"exp", negZero, 1}, {"exp", 1, 2.718281828459045}, {"exp", inf, inf}, {"exp", -inf,
			0},
		{"exp", nan, nan}, {"exp", 710, inf}, {"exp", -746, 0}, {"exp", 709.782712893384,
			1.7976931348622732e308},
		{"exp", 709.7827128933841, inf}, {"exp", -745.1332191019411, 0x1p-1074}, {"exp", -745.1332191019412,
			0},
		{"exp", 0x1p-1074, 1}, {"exp", -708.3964185322641, 2.2250738585072626e-308},
		{"exp", math.MaxFloat64, inf}, {"exp", -math.MaxFloat64, 0},
		{"log", 1, 0}, {"log", 2.718281828459045, 1}, {"log", 0, -inf}, {"log", negZero, -inf}, {"log", inf,
			inf},
		{"log", -1, nan}, {"log", -inf, nan}, {"log", nan, nan}, {"log", 2, 0.6931471805599453},
		{"log", 0x1p-1074, -744.4400719213812}, {"log", -0x1p-1074, nan}, {"log", math.MaxFloat64,
			709.782712893384},
		{"log", 0x1p-1022, -708.3964185322641},
		{"sin", 0, 0}, {"sin", negZero, negZero}, {"sin", math.Pi, 1.2246467991473532e-16}, {"sin",
			math.Pi / 2, 1},
		{"sin", pi / 6, 0.49999999999999994}, {"sin", inf, nan}, {"sin", -inf, nan}, {"sin", nan, nan},
		{"sin", 0x1p-1074, 0x1p-1074}, {"sin", 1e22, -0.8522008497671888}, {"sin", -0x1p-1022, -0x1p-1022},
		{"cos", 0, 1}, {"cos", negZero, 1}, {"cos", math.Pi, -1}, {"cos", math.Pi / 2, 6.123233995736766e-17},
		{"cos", pi / 3, 0.5000000000000001}, {"cos", inf, nan}, {"cos", -inf, nan}, {"cos", nan, nan},
		{"cos", 1e22, 0.523214785395139},
		{"deg2rad", 180, math.Pi}, {"deg2rad", inf, inf}, {"deg2rad", -inf, -inf}, {"deg2rad", negZero,
			negZero},
		{"rad2deg", math.Pi, 180}, {"rad2deg", -inf, -inf}, {"rad2deg", nan, nan}, {"sqrt", negZero, negZero},
		{"sqrt", -1, nan},
	} {
		for _, e := range simd.Engines() {
			for _, d := range []DType{Float64, Float32} {
				k, operands, result := compileRow(t, Lookup(c.name), []DType{d}, e)
				x, want := fromFloat(d, c.x), fromFloat(d, c.want)
				if d == Float32 && asFloat(d, x) != c.x && c.x == c.x {
					continue // not a float32
				}
				got := runKernel(k, operands, result, [][]uint64{{x}})[0]
				if !sameBits(d, got, want) {
					t.Errorf("%s(%v) of %v on %v is %s, want %s", c.name, c.x, d, e, show(d, got), show(d,
						want))
				}
			}
		}
	}
}

// TestSymmetryAndOrder checks that sin is odd and cos even, that both stay within [-1, 1], and that exp and
// log never fall from one argument to the next.
func TestSymmetryAndOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	eval := func(name string, col []uint64) []uint64 {
		k, operands, result := compileRow(t, Lookup(name), []DType{Float64}, simd.Auto)
		return runKernel(k, operands, result, [][]uint64{col})
	}
	const sign = 1 << 63
	col := columnOf(r, 20_000, sinPoint, -math.MaxFloat64, math.MaxFloat64)
	minus := make([]uint64, len(col))
	for i, x := range col {
		minus[i] = x ^ sign
	}
	for name, flip := range map[string]uint64{"sin": sign, "cos": 0} {
		plus, minus := eval(name, col), eval(name, minus)
		for i := range col {
			y := math.Float64frombits(plus[i])
			if plus[i] != minus[i]^flip || math.Abs(y) > 1 {
				t.Fatalf("%s(±%x) = %x", name, math.Float64frombits(col[i]), y)
			}
		}
	}
	for name, directed := range map[string]func(*rand.Rand) float64{"exp": expPoint, "log": logPoint} {
		for range 300 {
			x := math.Float64bits(math.Abs(directed(r)))
			run := make([]uint64, 64)
			for i := range run {
				run[i] = x + uint64(i)
			}
			got := eval(name, run)
			for i := 1; i < len(got); i++ {
				if math.Float64frombits(got[i]) < math.Float64frombits(got[i-1]) {
					t.Fatalf("%s falls after %x", name, math.Float64frombits(run[i-1]))
				}
			}
		}
	}
}

// TestTwoOverPi checks the digits that large arguments are reduced with.
func TestTwoOverPi(t *testing.T) {
	digits, ok := new(big.Int).SetString(twoOverPiDigits, 16)
	if !ok {
		t.Fatal("not a hexadecimal number")
	}
	got := new(big.Float).SetPrec(refPrec).SetInt(digits)
	got.SetMantExp(got, -1200)
	want := new(big.Float).SetPrec(refPrec).Quo(big.NewFloat(2), refPi)
	if d := want.Sub(want, got); d.MantExp(nil) > -1199 {
		t.Errorf("the digits of 2/π are off by 2^%d", d.MantExp(nil))
	}
}

// TestSharedReduction checks that sin and cos of one x reduce it once.
func TestSharedReduction(t *testing.T) {
	size := func(names ...string) int {
		b := simd.NewBuilder()
		x := LoadValue(b, Float64, SourceLoad)
		for _, name := range names {
			StoreValue(b, Float64, Lookup(name).Lower(b, []DType{Float64}, []simd.Value{x}))
		}
		p, err := b.Program()
		if err != nil {
			t.Fatal(err)
		}
		return p.Len()
	}
	if one, both := size("sin"), size("sin", "cos"); both > one+10 {
		t.Errorf("sin takes %d instructions, sin and cos %d", one, both)
	}
}
