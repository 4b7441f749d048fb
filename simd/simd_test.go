package simd

import (
	"math"
	"testing"
	"unsafe"
)

func TestPortableRareRegionAndSharing(t *testing.T) {
	b := NewBuilder()
	x := b.Load(F64)
	y := b.Scalar(F64)
	s := b.Add(b.Mul(x, y), b.F64(1))
	big := b.Gt(s, b.F64(10))
	f := func() []Value { return []Value{b.Mul(s, b.F64(0.5)), b.F64(7)} }
	r := b.Rare(big, f, s, x)
	r2 := b.Rare(big, f, s, x)
	if r2[0] != r[0] || r2[1] != r[1] {
		t.Errorf("equal regions are not shared: %v %v", r, r2)
	}
	b.Store(r[0])
	b.Store(r[1])
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	q, err := Parse(p.String())
	if err != nil || q.String() != p.String() {
		t.Fatalf("round trip: %v\n%s", err, p)
	}
	for _, e := range Engines() {
		k, err := Compile(p, Options{Engine: e})
		if err != nil {
			t.Fatal(err)
		}
		n := 1100
		in, o1, o2 := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range in {
			in[i] = float64(i) / 100
		}
		scale := 3.0
		k.Run(n, 0, []unsafe.Pointer{unsafe.Pointer(&in[0]), unsafe.Pointer(&scale), unsafe.Pointer(&o1[0]),
			unsafe.Pointer(&o2[0])}, nil, 0)
		for i := range in {
			w, v := in[i]*3+1, in[i]
			if w > 10 {
				w, v = w*0.5, 7
			}
			if math.Float64bits(o1[i]) != math.Float64bits(w) || o2[i] != v {
				t.Fatalf("%v: element %d: %v %v, want %v %v", e, i, o1[i], o2[i], w, v)
			}
		}
	}
}
