package kernels

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/lanes-go/lanes/simd"
)

// refPow is x**y for positive x in double-double arithmetic.
func refPow(x, y float64) (pair, int) {
	l, _ := refLog(x)
	e := l.mul(pair{y, 0})
	v, exp := refExp(e.hi)
	return v.mul(pair{1, e.lo}.add(pair{e.lo * e.lo / 2, 0})), exp
}

// powPoint is a pair whose power is in the range of float64, or close to its ends.
func powPoint(r *rand.Rand) (x, y float64) {
	switch r.IntN(6) {
	case 0: // close to 1, with a large exponent
		x = 1 + math.Ldexp(r.Float64()-0.5, -r.IntN(50))
	case 1:
		x = float64(r.IntN(1000) + 2)
	case 2: // where the logarithm changes its exponent
		x = near(r, math.Ldexp(math.Sqrt2, r.IntN(2040)-1020))
	case 3:
		x = math.Float64frombits(r.Uint64N(0x7ff << 52)) // any binade
	default:
		x = r.Float64() * 4
	}
	y = (r.Float64()*2 - 1) * 745 / math.Log(x)
	switch {
	case y != y || math.IsInf(y, 0) || x == 0:
		return 2, 0.5
	case r.IntN(4) == 0:
		y = math.Round(y)
	case r.IntN(4) == 0: // results close to 1
		y *= math.Ldexp(1, -r.IntN(60))
	}
	return x, y
}

func TestPowAccuracy(t *testing.T) {
	n := 100_000
	if *long {
		n = 10_000_000
	}
	f := Lookup("pow")
	k, operands, result := compileRow(t, f, []DType{Float64, Float64}, simd.Auto)
	k32, operands32, result32 := compileRow(t, f, []DType{Float32, Float32}, simd.Auto)
	r := rand.New(rand.NewPCG(5, 6))
	worst, worst32, at := 0.0, 0.0, ""
	for range n / 50_000 {
		var xs, ys, xs32, ys32 []uint64
		for range 50_000 {
			x, y := powPoint(r)
			xs, ys = append(xs, math.Float64bits(x)), append(ys, math.Float64bits(y))
			xs32 = append(xs32, uint64(math.Float32bits(float32(x))))
			ys32 = append(ys32, uint64(math.Float32bits(float32(y*0.14))))
		}
		for i, bits := range runKernel(k, operands, result, [][]uint64{xs, ys}) {
			x, y := math.Float64frombits(xs[i]), math.Float64frombits(ys[i])
			v, exp := refPow(x, y)
			if e := ulps(math.Float64frombits(bits), v, exp); !(e <= worst) {
				worst, at = e, fmt.Sprintf("%x ** %x", x, y)
			}
		}
		for i, bits := range runKernel(k32, operands32, result32, [][]uint64{xs32, ys32}) {
			x, y := float64(math.Float32frombits(uint32(xs32[i]))),
				float64(math.Float32frombits(uint32(ys32[i])))
			if x == 0 || math.IsInf(x, 0) || math.IsInf(y, 0) || math.Abs(y*math.Log(x)) > 700 {
				continue
			}
			v, exp := refPow(x, y)
			if e := ulps32(math.Float32frombits(uint32(bits)), math.Ldexp(v.hi, exp)); !(e <= worst32) {
				worst32 = e
			}
		}
	}
	t.Logf("pow: %.4f ULP at %s; float32 %.4f", worst, at, worst32)
	if !(worst <= f.ULP) || !(worst32 <= 0.51) {
		t.Errorf("pow is off by %.4f ULP at %s, float32 by %.4f", worst, at, worst32)
	}
}

// TestPowExact checks the powers that users know by heart.
func TestPowExact(t *testing.T) {
	var xs, ys []uint64
	var want []float64
	add := func(x float64, n int, v float64) {
		xs, ys, want = append(xs, math.Float64bits(x)), append(ys, math.Float64bits(float64(n))), append(want, v)
	}
	for n := -1074; n < 1024; n++ {
		add(2, n, math.Ldexp(1, n))
	}
	for n := -330; n <= 310; n++ {
		v, _ := strconv.ParseFloat(fmt.Sprintf("1e%d", n), 64)
		add(10, n, v)
	}
	for x := 3.0; x < 40; x++ {
		for n, v := 1, x; v < 1<<53; n, v = n+1, v*x {
			add(x, n, v)
			add(-x, n, v*float64(1-n%2*2))
		}
	}
	k, operands, result := compileRow(t, Lookup("pow"), []DType{Float64, Float64}, simd.Auto)
	for i, got := range runKernel(k, operands, result, [][]uint64{xs, ys}) {
		if math.Float64frombits(got) != want[i] {
			t.Errorf("%s ** %s = %s, want %v", show(Float64, xs[i]), show(Float64, ys[i]), show(Float64, got), want[i])
		}
	}
}

// TestPowSpecial compares with IEEE 754-2019, 9.2.1, which Go's math.Pow follows for special operands.
func TestPowSpecial(t *testing.T) {
	values := []float64{0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 2, -2, 3, -3, 4, 5, -7, 2.5, -2.5, 1e300,
		-1e300, 0x1p53,
		0x1p53 - 1, 0x1p54, -0x1p53 + 1, 0x1p-1074, -0x1p-1074, math.MaxFloat64, math.Inf(1), math.Inf(-1),
		math.NaN()}
	for _, e := range simd.Engines() {
		for _, d := range []DType{Float64, Float32} {
			k, operands, result := compileRow(t, Lookup("pow"), []DType{d, d}, e)
			var xs, ys []uint64
			for _, x := range values {
				for _, y := range values {
					xs, ys = append(xs, fromFloat(d, x)), append(ys, fromFloat(d, y))
				}
			}
			for i, bits := range runKernel(k, operands, result, [][]uint64{xs, ys}) {
				x, y := asFloat(d, xs[i]), asFloat(d, ys[i])
				want := math.Pow(x, y)
				if got := asFloat(d, bits); !sameBits(d, bits, fromFloat(d, want)) &&
					!(math.Abs(got-want) <= 1e-14*math.Abs(want)) && !(d == Float32 &&
					float32(want) == float32(got)) {
					t.Errorf("%v ** %v of %v on %v = %v, want %v", x, y, d, e, got, want)
				}
			}
		}
	}
}

// TestIntPow compares integer powers with math/big, exponents of all sizes included.
func TestIntPow(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for _, d := range storableDTypes() {
		if isFloat(d) || d == Bool {
			continue
		}
		cols := columnsFor(r, []DType{d, d}, 2000)
		for i, y := range cols[1] {
			if d.Kind() == KindInt && signExtend(d, y) < 0 {
				cols[1][i] = ^y & mask(d, ^uint64(0)) // a negative exponent is the caller's error
			}
		}
		modulus := new(big.Int).Lsh(big.NewInt(1), uint(8*d.Size()))
		for _, e := range simd.Engines() {
			k, operands, result := compileRow(t, Lookup("pow"), []DType{d, d}, e)
			for i, got := range runKernel(k, operands, result, cols) {
				x, y := asBig(d, cols[0][i]), asBig(d, cols[1][i])
				if want := new(big.Int).Exp(x, y, modulus); want.Uint64() != got {
					t.Fatalf("%v ** %v of %v on %v = %v, want %v", x, y, d, e, got, want)
				}
			}
		}
	}
}

// TestPowLiteral checks x**n for literal n on every engine: integers exactly, floats to half a unit.
func TestPowLiteral(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 11))
	ns := []int{-64, -63, -33, -17, -10, -5, -3, -2, -1, 0, 1, 2, 3, 4, 5, 7, 10, 15, 31, 47, 63, 64}
	for _, n := range ns {
		for _, d := range []DType{Float64, Float32, Int64, Int32, Uint8} {
			if n < 0 && !isFloat(d) {
				if _, _, err := PowLiteral(float64(n)).Resolve([]DType{d}); err == nil {
					t.Errorf("no error for %v ** %d", d, n)
				}
				continue
			}
			testPowLiteral(t, r, n, d)
		}
	}
	if PowLiteral(65) != nil || PowLiteral(1.5) != nil || PowLiteral(math.NaN()) != nil {
		t.Error("a function for a literal exponent that has none")
	}
}

func testPowLiteral(t *testing.T, r *rand.Rand, n int, d DType) {
	f := PowLiteral(float64(n))
	cols := [][]uint64{edges(d)}
	for range 400 {
		x := randomBits(r, d)
		if isFloat(d) && n != 0 { // results over the whole range and beyond
			x = fromFloat(d, math.Exp2((r.Float64()*2200-1100)/float64(max(n, -n)))*float64(1-2*r.IntN(2)))
		}
		cols[0] = append(cols[0], x)
	}
	for _, e := range simd.Engines() {
		k, operands, result := compileRow(t, f, []DType{d}, e)
		for i, got := range runKernel(k, operands, result, cols) {
			x := cols[0][i]
			if !isFloat(d) {
				want := mask(d, fromBig(new(big.Int).Exp(asBig(d, x), big.NewInt(int64(n)), nil)))
				if got != want {
					t.Fatalf("%v ** %d of %v on %v = %v, want %v", show(d, x), n, d, e, got, want)
				}
				continue
			}
			if u := powUlps(d, asFloat(d, x), n, asFloat(d, got)); !(u <= f.ULP) {
				t.Fatalf("%s ** %d of %v on %v = %s, off by %v ULP", show(d, x), n, d, e, show(d, got), u)
			}
		}
	}
}

// powUlps is the error of got against x**n, which math/big computes; special operands must match math.Pow.
func powUlps(d DType, x float64, n int, got float64) float64 {
	if x == 0 || math.IsInf(x, 0) || x != x || n == 0 {
		if sameBits(Float64, math.Float64bits(got), math.Float64bits(math.Pow(x, float64(n)))) {
			return 0
		}
		return math.Inf(1)
	}
	v := new(big.Float).SetPrec(4000).SetInt64(1)
	for range max(n, -n) {
		v.Mul(v, new(big.Float).SetFloat64(x))
	}
	if n < 0 {
		v.Quo(new(big.Float).SetPrec(4000).SetInt64(1), v)
	}
	digits, least, most := 53, -1074, 1024
	if d == Float32 {
		digits, least, most = 24, -149, 128
	}
	exp := v.MantExp(nil)
	if math.IsInf(got, 0) { // right if v rounds to it
		if exp > most {
			return 0
		}
		got = math.Copysign(math.Ldexp(0.5, most), got) * 2
		if most == 1024 {
			limit := new(big.Float).SetMantExp(big.NewFloat(1-0x1p-54), 1024)
			if v.Abs(v).Cmp(limit.SetPrec(100)) >= 0 {
				return 0
			}
			return math.Inf(1)
		}
	}
	diff := new(big.Float).SetPrec(4000).Sub(v, new(big.Float).SetFloat64(got))
	u, _ := diff.SetMantExp(diff, -max(exp-digits, least)).Float64()
	return math.Abs(u)
}
