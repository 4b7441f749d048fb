package ndarray

import (
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
)

// floatFormat formats the floats of one array alike (NumPy's FloatingFormat).
type floatFormat struct {
	o           PrintOptions
	dtype       kernels.DType
	exponent    bool // 1.5e+00
	precision   int  // digits after the point, at most, or exactly if all; below 0 as many as needed
	all         bool
	left, right int // characters before and after the point
	expLen      int // characters of the exponent, with its sign
}

func newFloatFormat(o PrintOptions, dt kernels.DType, p *printer) *floatFormat {
	f := &floatFormat{o: o, dtype: dt, precision: o.Precision, all: o.FloatMode == Fixed}
	if o.FloatMode == Unique {
		f.precision = -1
	}
	finite, special, negativeInf, signs := 0, false, false, false
	least, most := math.Inf(1), 0.0 // magnitudes that are not zero
	p.shown(func(p unsafe.Pointer) {
		v := loadFloat(dt, p)
		if a := math.Abs(v); a <= math.MaxFloat64 {
			finite++
			signs = signs || math.Signbit(v)
			if a > 0 {
				least, most = min(least, a), max(most, a)
			}
		} else {
			special = true
			negativeInf = negativeInf || v < 0
		}
	})
	f.exponent = most > 0 && f.needsExponent(least, most)
	if finite > 0 {
		f.measure(p)
	}
	if o.Sign == ' ' && !signs {
		f.left++
	}
	if special {
		room := f.right + 1 // of the digits after the point, and the point
		inf := len(o.Inf)
		if negativeInf || o.Sign == '+' || o.Sign == ' ' {
			inf++
		}
		f.left = max(f.left, len(o.NaN)-room, inf-room)
	}
	return f
}

// needsExponent decides by the least and the largest magnitude. The comparisons are made in the
// dtype, as NumPy does.
func (f *floatFormat) needsExponent(least, most float64) bool {
	cutoff, small, ratio := 1e8, 1e-4, most/least
	if f.dtype == kernels.Float32 {
		cutoff, small, ratio = 1e6, float64(float32(small)), float64(float32(most)/float32(least))
	}
	return most >= cutoff || !f.o.Suppress && (least < small || ratio > 1000)
}

// measure finds the widths of the parts of the finite numbers, and from them how many digits all get.
func (f *floatFormat) measure(p *printer) {
	digits := 0
	p.shown(func(p unsafe.Pointer) {
		v := loadFloat(f.dtype, p)
		if math.Abs(v) <= math.MaxFloat64 {
			whole, frac, exp := f.parts(v)
			f.left, digits, f.expLen = max(f.left, len(whole)), max(digits, len(frac)), max(f.expLen, len(exp))
		}
	})
	f.right = digits
	if f.exponent {
		f.right = f.expLen + 1 + digits
	}
	if f.exponent || f.o.FloatMode == Fixed || f.o.FloatMode == MaxPrecEqual {
		f.precision, f.all = digits, true
	}
}

// parts returns the digits of a finite number before and after the point, with the sign, and the
// exponent with its sign. Digits are the shortest that read back, or rounded from the exact value if
// that is too long or not long enough; zeros at the end are dropped unless all digits are wanted.
func (f *floatFormat) parts(v float64) (whole, frac, exp string) {
	verb, bits := byte('f'), f.dtype.Size()*8
	if f.exponent {
		verb = 'e'
	}
	if !f.all {
		whole, frac, exp = split(strconv.FormatFloat(v, verb, -1, bits))
	}
	if f.all || f.precision >= 0 && len(frac) > f.precision {
		whole, frac, exp = split(strconv.FormatFloat(v, verb, f.precision, bits))
	}
	if !f.all {
		frac = strings.TrimRight(frac, "0")
	}
	if f.o.Sign == '+' && whole[0] != '-' {
		whole = "+" + whole
	}
	return whole, frac, exp
}

// split cuts the text of a number into its parts.
func split(s string) (whole, frac, exp string) {
	s, exp, _ = strings.Cut(s, "e")
	whole, frac, _ = strings.Cut(s, ".")
	return whole, frac, exp
}

// format returns the text of the float at p.
func (f *floatFormat) format(p unsafe.Pointer) string {
	v := loadFloat(f.dtype, p)
	if math.Abs(v) <= math.MaxFloat64 {
		whole, frac, exp := f.parts(v)
		if f.exponent {
			zeros := strings.Repeat("0", f.expLen-len(exp))
			return padLeft(whole, f.left) + "." + frac + "e" + exp[:1] + zeros + exp[1:]
		}
		return padLeft(whole, f.left) + "." + frac + strings.Repeat(" ", max(0, f.right-len(frac)))
	}
	text, sign := f.o.NaN, ""
	if f.o.Sign == '+' {
		sign = "+"
	}
	if v == v {
		if text = f.o.Inf; v < 0 {
			sign = "-"
		}
	}
	return padLeft(sign+text, f.left+1+f.right)
}

// floatText returns a float as str of a NumPy scalar does: the shortest digits that read back, with
// an exponent below 1e-4 and from 1e16 on, from 1e6 on for float32.
func floatText(v float64, bits int) string {
	a, large := math.Abs(v), 1e16
	if bits == 32 {
		large = 1e6
	}
	switch {
	case v != v:
		return "nan"
	case v > math.MaxFloat64:
		return "inf"
	case v < -math.MaxFloat64:
		return "-inf"
	case a != 0 && (a >= large || a < 1e-4):
		return strconv.FormatFloat(v, 'e', -1, bits)
	}
	s := strconv.FormatFloat(v, 'f', -1, bits)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
