package ndarray

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/lanes-go/lanes/kernels"
)

func TestMake(t *testing.T) {
	for _, c := range []struct {
		shape []int
		class error
		want  string
	}{
		{[]int{-1}, ErrShape, "shape (-1,) is negative"},
		{[]int{2, -3}, ErrShape, "shape (2,-3) is negative"},
		{make([]int, 65), ErrShape, "rank 65 is above 64"},
		{[]int{math.MaxInt, 2}, ErrSize, "has more elements than an int can count"},
		{[]int{0, math.MaxInt, 2}, ErrSize, "has more elements than an int can count"},
		{[]int{math.MaxInt}, ErrSize, "has more bytes than an int can count"},
		{[]int{math.MaxInt / 8}, ErrSize, "more than memory"},
	} {
		for name, f := range map[string]func() error{
			"Make":  func() error { return second(Make(kernels.Float64, c.shape)) },
			"New":   func() error { return second(New(kernels.Float64, c.shape, F)) },
			"Zeros": func() error { return panicOf(func() { Zeros(kernels.Float64, c.shape...) }) },
			"Empty": func() error { return panicOf(func() { Empty(kernels.Float64, c.shape...) }) },
			"Ones":  func() error { return panicOf(func() { Ones(kernels.Float64, c.shape...) }) },
			"Full":  func() error { return panicOf(func() { Full(1.5, c.shape...) }) },
		} {
			err := f()
			if !errors.Is(err, c.class) || !strings.HasPrefix(err.Error(), "ndarray."+name+": ") ||
				!strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("%s %v: %v, want %s", name, c.shape, err, c.want)
			}
		}
	}
	x, err := Make(kernels.Float64, []int{0, math.MaxInt / 16})
	if err != nil || x.Size() != 0 || x.String() != "[]" || x.T().Slice(Range(1, 5)).Size() != 0 {
		t.Errorf("an empty array with a long axis: %v, %v", x, err)
	}
}

func TestConstructors(t *testing.T) {
	for _, dt := range storedTypes() {
		z, o := Zeros(dt, 300, 50), Ones(dt, 300, 50)
		if z.At(299, 49) != 0 || o.At(299, 49) != 1 || o.At(0, 0) != 1 || z.DType() != dt || o.Size() != 15000 {
			t.Errorf("%v: zeros %v ones %v", dt, z, o)
		}
	}
	if x := Full(float32(2.5), 2, 1); x.String() != "[[2.5]\n [2.5]]" || x.DType() != kernels.Float32 {
		t.Errorf("Full: %+v", x)
	}
	if x := Empty(kernels.Int32, 1000); !Identical(x, Zeros(kernels.Int32, 1000)) {
		t.Error("Empty shows memory")
	}
}

// TestStaleMemory fills arrays and lets them go; new ones must not show what was in them.
func TestStaleMemory(t *testing.T) {
	for range 20 {
		x, err := New(kernels.Uint8, []int{1 << 16}, C)
		if err != nil {
			t.Fatal(err)
		}
		if err := Fill(x, uint8(0xab)); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
		for _, y := range []*Array{Zeros(kernels.Uint8, 1<<16), Empty(kernels.Uint8, 1<<16),
			Must(Make(kernels.Uint8, []int{1 << 16}))} {
			if slices.Contains(Data[uint8](y), 0xab) {
				t.Fatal("old elements show")
			}
		}
	}
}

func TestLinspace(t *testing.T) {
	for _, c := range []struct {
		a, b float64
		n    int
		want string
	}{
		{0, 1, 0, "[]"},
		{2, 3, 1, "[2.]"},
		{0, 1, 2, "[0. 1.]"},
		{0, 1, 5, "[0.   0.25 0.5  0.75 1.  ]"},
		{1, -1, 3, "[ 1.  0. -1.]"},
		{5, 5, 3, "[5. 5. 5.]"},
		{0, 5e-324, 3, "[0.e+000 0.e+000 5.e-324]"},
	} {
		if got := Linspace(c.a, c.b, c.n).String(); got != c.want {
			t.Errorf("Linspace(%v, %v, %d) = %s, want %s", c.a, c.b, c.n, got, c.want)
		}
	}
	x := Linspace(0.1, 0.7, 1001)
	step := (0.7 - 0.1) / 1000
	for i, v := range Data[float64](x)[:1000] {
		if want := 0.1 + float64(float64(i)*step); v != want {
			t.Fatalf("element %d is %v, want %v", i, v, want)
		}
	}
	if x.At(-1) != 0.7 {
		t.Errorf("the last element is %v", x.At(-1))
	}
	if err := panicOf(func() { Linspace(0, 1, -1) }); !errors.Is(err, ErrShape) {
		t.Errorf("n -1: %v", err)
	}
}

func TestArange(t *testing.T) {
	for _, c := range []struct {
		got  *Array
		want string
	}{
		{Arange(0, 5, 1), "array([0, 1, 2, 3, 4])"},
		{Arange(5, 0, -2), "array([5, 3, 1])"},
		{Arange(0, 5, 2), "array([0, 2, 4])"},
		{Arange(0, 4, 2), "array([0, 2])"},
		{Arange(3, 3, 1), "array([], dtype=int64)"},
		{Arange(0, -5, 1), "array([], dtype=int64)"},
		{Arange(0.0, 1, 0.25), "array([0.  , 0.25, 0.5 , 0.75])"},
		{Arange(0.0, 1, 0.3), "array([0. , 0.3, 0.6, 0.9])"},
		{Arange(1.0, 0, -0.5), "array([1. , 0.5])"},
		{Arange(0, math.Inf(-1), 1), "array([], dtype=float64)"},
		{Arange(int8(-128), 127, 100), "array([-128,  -28,   72], dtype=int8)"},
		{Arange(uint8(5), 0, 1), "array([], dtype=uint8)"},
		{Arange(uint64(math.MaxUint64-2), math.MaxUint64, 1),
			"array([18446744073709551613, 18446744073709551614], dtype=uint64)"},
		{Arange(int64(math.MinInt64), math.MaxInt64, math.MaxInt64),
			"array([-9223372036854775808,                   -1,  9223372036854775806])"},
		{Arange(int64(math.MaxInt64), math.MinInt64, math.MinInt64),
			"array([9223372036854775807,                  -1])"},
	} {
		if got := (PrintOptions{LineWidth: 200}).Repr(c.got); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	for name, f := range map[string]func(){
		"Arange: a step of 0":                                 func() { Arange(0, 1, 0) },
		"Arange: a step of NaN":                               func() { Arange(0, 1, math.NaN()) },
		"Arange: from NaN to 1 by 1 is not a number":          func() { Arange(math.NaN(), 1, 1) },
		"Arange: from 0 to +Inf by 1 are too many elements":   func() { Arange(0, math.Inf(1), 1) },
		"Arange: from 0 to 1 by 1e-300 are too many elements": func() { Arange(0, 1, 1e-300) },
		"Arange: 18446744073709551615 elements are too many":  func() { Arange(uint64(0), math.MaxUint64, 1) },
	} {
		if err := panicOf(f); err == nil || !strings.HasPrefix(err.Error(), "ndarray."+name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

func TestSlices(t *testing.T) {
	s := []float64{1, 2, 3, 4, 5, 6}
	w, err := WrapSlice(s, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	c, err := FromSlice(s, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	s[4] = 50
	if w.At(1, 1) != 50 || c.At(1, 1) != 5 {
		t.Errorf("WrapSlice %v, FromSlice %v", w, c)
	}
	Set(w, 60, 1, -1)
	if s[5] != 60 || &Data[float64](w)[0] != &s[0] || len(Data[float64](w)) != 6 {
		t.Error("WrapSlice does not share")
	}
	if _, err := FromSlice(s, 4, 2); !errors.Is(err, ErrShape) ||
		err.Error() != "ndarray.FromSlice: 6 elements do not fill (4,2)" {
		t.Errorf("got %v", err)
	}
	if x, err := FromSlice([]float64(nil)); err != nil || x.Size() != 0 || Data[float64](x) == nil {
		t.Errorf("nil slice: %v, %v", x, err)
	}
	type celsius float32
	if x := Of[celsius](1.5); x.DType() != kernels.Float32 || Get[celsius](x, 0) != 1.5 {
		t.Errorf("a named type: %+v", x)
	}
	if x := Of(1, 2); x.DType().Size() != int(unsafe.Sizeof(0)) {
		t.Errorf("int: %+v", x)
	}
}

func TestAccess(t *testing.T) {
	x := Arange(0.0, 6, 1).Reshape(2, 3)
	fixed := Must(x.Slice(0).BroadcastTo(3))
	var bad *IndexError
	for want, f := range map[string]func(){
		"ndarray.At: index 2 out of range for axis 0 of length 2":  func() { x.At(2, 0) },
		"ndarray.At: index -4 out of range for axis 1 of length 3": func() { x.At(0, -4) },
		"ndarray.At: 1 indexes for an array of rank 2":             func() { x.At(1) },
		"ndarray.Get: index 3 out of range for axis 1 of length 3": func() { Get[float64](x, 0, 3) },
		"ndarray.Set: 0 indexes for an array of rank 2":            func() { Set(x, 1.5) },
		"ndarray.Get: elements are float64, not float32":           func() { Get[float32](x, 0, 0) },
		"ndarray.Set: float64 into int32 is not a same-kind cast": func() {
			Set(Zeros(kernels.Int32,
				2), 1.5, 0)
		},
		"ndarray.Data: elements are float64, not int8":                          func() { Data[int8](x) },
		"ndarray.Values: elements are float64, not int8":                        func() { Values[int8](x) },
		"ndarray.Data: array (3,2) is not contiguous; use Contiguous or Values": func() { Data[float64](x.T()) },
		"ndarray.Item: array (2,3) has 6 elements, not 1":                       func() { Item[float64](x) },
		"ndarray.Data: array (3,) is read-only; Clone it":                       func() { Data[float64](fixed) },
	} {
		if err := panicOf(f); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := panicOf(func() { x.At(9, 9) }); !errors.As(err, &bad) || bad.Func != "At" {
		t.Errorf("got %v", err)
	}
	if got := Item[int8](Of(300.7)); got != 127 {
		t.Errorf("Item converts to %d", got)
	}
	if got := Of(int64(math.MaxInt64)).At(0); got != 1<<63 {
		t.Errorf("At is %v", got)
	}
	n := 0
	for range Values[float64](x.T()) {
		if n++; n == 4 {
			break
		}
	}
	if n != 4 {
		t.Errorf("Values gave %d elements before the break", n)
	}
}

func TestOperand(t *testing.T) {
	x := Zeros(kernels.Int32, 4, 5).Slice(Step(-1), From(2))
	op := x.Operand()
	if op.DType != kernels.Int32 || !slices.Equal(op.Strides, []int{-20, 4}) || op.Mapped || op.Owner == nil ||
		op.Ptr != unsafe.Pointer(x.element("", []int{0, 0})) {
		t.Errorf("operand %+v", op)
	}
	if !slices.Equal(x.Strides(), []int{-5, 1}) || x.IsContiguous() || x.IsFContiguous() {
		t.Errorf("strides %v", x.Strides())
	}
	x.Shape()[0] = 99
	if x.Dim(0) != 4 || x.Dim(-1) != 3 {
		t.Error("Shape is not a copy")
	}
}

// TestDataOutlives checks that the slice of an array stays when the array goes.
func TestDataOutlives(t *testing.T) {
	data := Data[float64](Full(1.5, 100_000))
	for range 10 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		y := Full(2.5, 100_000)
		runtime.KeepAlive(y)
	}
	if slices.ContainsFunc(data, func(v float64) bool { return v != 1.5 }) {
		t.Error("the slice was overwritten")
	}
}
