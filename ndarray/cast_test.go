package ndarray

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/lanes-go/lanes/kernels"
)

// storedTypes are the dtypes that arrays can have.
func storedTypes() (all []kernels.DType) {
	for _, dt := range kernels.DTypes() {
		if stored(dt) {
			all = append(all, dt)
		}
	}
	return all
}

// bounds returns the least and the largest value of an integer dtype.
func bounds(dt kernels.DType) (least, most *big.Int) {
	one, bits := big.NewInt(1), uint(dt.Size()*8)
	if dt.Kind() == kernels.KindUint {
		return new(big.Int), new(big.Int).Sub(new(big.Int).Lsh(one, bits), one)
	}
	half := new(big.Int).Lsh(one, bits-1)
	return new(big.Int).Neg(half), new(big.Int).Sub(half, one)
}

// exact is the value of an element of size 1, or NaN and infinities as they are.
func exact(x *Array) (*big.Float, float64) {
	f := new(big.Float).SetPrec(200)
	switch x.DType().Kind() {
	case kernels.KindBool:
		if Item[bool](x) {
			f.SetInt64(1)
		}
	case kernels.KindUint:
		f.SetUint64(Item[uint64](x))
	case kernels.KindInt:
		f.SetInt64(Item[int64](x))
	default:
		v := Item[float64](x)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, v
		}
		f.SetFloat64(v)
	}
	return f, 0
}

// castTo is the definition of a conversion to dt, as the value that comes out.
func castTo(dt kernels.DType, f *big.Float, special float64) (*big.Float, float64) {
	result := new(big.Float).SetPrec(200)
	switch dt.Kind() {
	case kernels.KindBool:
		if f == nil || f.Sign() != 0 {
			result.SetInt64(1)
		}
		return result, 0
	case kernels.KindFloat:
		if f == nil {
			return nil, special
		}
		v, _ := f.Float64()
		if dt == kernels.Float32 {
			w, _ := f.Float32()
			v = float64(w)
		}
		if math.IsInf(v, 0) {
			return nil, v
		}
		return result.SetFloat64(v), 0
	}
	least, most := bounds(dt)
	if f == nil {
		switch {
		case special > 0:
			return result.SetInt(most), 0
		case special < 0:
			return result.SetInt(least), 0
		}
		return result, 0
	}
	n, _ := f.Int(nil) // truncates
	return result.SetInt(n), 0
}

// TestCast walks all pairs of dtypes with values at their edges.
func TestCast(t *testing.T) {
	values := map[kernels.DType][]*Array{}
	for _, from := range storedTypes() {
		var all []*Array
		switch from.Kind() {
		case kernels.KindBool:
			all = []*Array{scalar(false), scalar(true)}
		case kernels.KindFloat:
			for _, v := range []float64{0, math.Copysign(0, -1), 0.5, -0.5, 0.999, -0.999, 1, -1, 1.5, -1.5, 2.5,
				127, 127.5, 128, -128, -128.9,
				-129, 255, 255.9, 256, 32767.5, 65535.5, 65536, 1 << 24, 1<<24 + 1, 1 << 31, 1<<31 - 0.5, -1 << 31,
				-1<<31 - 1, 1 << 32, 1 << 53,
				1 << 62, 1 << 63, -1 << 63, 1<<63 - 1024, 1 << 64, 1<<64 - 2048, 1e30, -1e30, 1e300, 1e-320, 0.1, 1 / 3.0,
				math.MaxFloat32, math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1)} {
				all = append(all, must(scalar(v).AsType(from)))
			}
		default:
			least, most := bounds(from)
			for _, base := range []*big.Int{least, most, new(big.Int), big.NewInt(1 << 24), big.NewInt(1 << 53),
				big.NewInt(1<<54 + 1<<30), // a half of the last digit of a float32, and a little
				big.NewInt(1 << 62)} {
				for d := int64(-2); d <= 2; d++ {
					v := new(big.Int).Add(base, big.NewInt(d))
					if v.Cmp(least) < 0 || v.Cmp(most) > 0 {
						continue
					}
					x := scalar(v.Int64())
					if from == kernels.Uint64 {
						x = scalar(v.Uint64())
					}
					all = append(all, must(x.AsType(from)))
				}
			}
		}
		values[from] = all
	}
	for from, all := range values {
		for _, to := range storedTypes() {
			for _, x := range all {
				f, special := exact(x)
				want, wantSpecial := castTo(to, f, special)
				got, gotSpecial := exact(must(x.AsType(to)))
				if want != nil && (to.Kind() == kernels.KindInt || to.Kind() == kernels.KindUint) {
					want = fit(to, want, from.Kind() == kernels.KindFloat)
				}
				switch {
				case want != nil && got != nil && want.Cmp(got) == 0 && (want.Sign() != 0 ||
					want.Signbit() == got.Signbit() || to.Kind() != kernels.KindFloat):
				case want == nil && got == nil && (wantSpecial == gotSpecial || wantSpecial != wantSpecial &&
					gotSpecial != gotSpecial):
				default:
					t.Errorf("%v %v to %v: got %v %v, want %v %v", from, x, to, got, gotSpecial, want, wantSpecial)
				}
			}
		}
	}
}

// fit brings an integer into the range of dt: by saturating, or else by wrapping around.
func fit(dt kernels.DType, f *big.Float, saturates bool) *big.Float {
	n, _ := f.Int(nil)
	least, most := bounds(dt)
	span := new(big.Int).Add(new(big.Int).Sub(most, least), big.NewInt(1))
	switch {
	case saturates && n.Cmp(least) < 0:
		n = least
	case saturates && n.Cmp(most) > 0:
		n = most
	case !saturates:
		n.Sub(n, least).Mod(n, span).Add(n, least)
	}
	return new(big.Float).SetPrec(200).SetInt(n)
}

// TestCastLayouts converts between arrays of all layouts, longer than a block of the conversion.
func TestCastLayouts(t *testing.T) {
	base := Arange(0, 3*4*300, 1)
	for _, x := range []*Array{
		base, base.Reshape(3, 4, 300), base.Reshape(300, 12).T(), base.Flip(), base.Reshape(12,
			300).Slice(Step(-2), Step(3)),
		base.Reshape(3, 4, 300).Transpose(1, 2, 0),
	} {
		y := must(must(x.AsType(kernels.Float64)).AsType(kernels.Int16))
		if !Identical(must(y.AsType(kernels.Int64)), x) {
			t.Errorf("shape %v strides %v changes on the way to float64 and int16", x.Shape(), x.Strides())
		}
		f := must(New(kernels.Float32, x.Shape(), F))
		if err := f.CopyFrom(x); err != nil {
			t.Fatal(err)
		}
		if !Identical(must(f.AsType(kernels.Int64)), x) {
			t.Errorf("shape %v strides %v changes on the way to Fortran order", x.Shape(), x.Strides())
		}
	}
}

func TestCopyFrom(t *testing.T) {
	x := Zeros(kernels.Float32, 2, 3)
	if err := x.CopyFrom(Of(1, 2, 3)); err != nil || x.String() != "[[1. 2. 3.]\n [1. 2. 3.]]" {
		t.Errorf("got %v, %v", x, err)
	}
	for want, err := range map[string]error{
		"ndarray.CopyFrom: cannot broadcast (2,) to (2,3): axis 1 has lengths 2 and 3": x.CopyFrom(Of(1.0, 2)),
		"ndarray.CopyFrom: float64 into int64 is not a same-kind cast": Zeros(kernels.Int64,
			3).CopyFrom(Of(1.5)),
		"ndarray.Fill: float64 into int32 is not a same-kind cast": Fill(Zeros(kernels.Int32,
			3), 1.5),
		"ndarray.CopyFrom: (1,2) has more axes than (2,)": Zeros(kernels.Int64,
			2).CopyFrom(Zeros(kernels.Int64, 1, 2)),
		"ndarray.AsType: arrays of complex64 are not supported yet": second(x.AsType(kernels.Complex64)),
		"ndarray.Make: arrays of invalid are not supported yet":     second(Make(kernels.Invalid, nil)),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := second(x.AsType(kernels.Float16)); !errors.Is(err, ErrUnsupported) {
		t.Errorf("float16: %v", err)
	}
	var bad *DTypeError
	if err := Fill(x, true); err != nil || x.At(1, 2) != 1 {
		t.Errorf("Fill: %v, %v", x, err)
	}
	if err := Fill(Zeros(kernels.Bool, 1), 1); !errors.As(err, &bad) || bad.DType != kernels.Int64 {
		t.Errorf("Fill: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestCopyOverlap copies within one array in all ways and compares with a copy of the source.
func TestCopyOverlap(t *testing.T) {
	spans := []any{All, Step(-1), From(1), To(-1), Step(2), RangeStep(1, 11, 2), Range(3, 8), Range(2, 7),
		RangeStep(8, 3, -1)}
	for _, to := range spans {
		for _, from := range spans {
			x := Arange(0, 12, 1)
			dst, src := x.Slice(to), x.Slice(from)
			if dst.Size() != src.Size() {
				continue
			}
			want := src.Clone()
			if err := dst.CopyFrom(src); err != nil || !Identical(dst, want) {
				t.Errorf("%v from %v: got %v, %v; want %v", to, from, dst, err, want)
			}
		}
	}
	x := Arange(0, 9, 1).Reshape(3, 3)
	if want := x.T().Clone(); x.CopyFrom(x.T()) != nil || !Identical(x, want) {
		t.Errorf("transposed in place: %v", x)
	}
}
