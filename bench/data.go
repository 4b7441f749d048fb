package main

import (
	"fmt"
	"math"
)

// Data holds the inputs and the result of one case at one size, as Go slices of the case's dtypes.
type Data struct {
	Case  *Case
	DType string
	N     int // elements of the result
	M     int // for columns and rows: N = M*M; otherwise 0
	In    []any
	Out   any
}

// newData fills the inputs of c; n is rounded down to a square for the cases with columns and rows.
func newData(c *Case, dtype string, n int) *Data {
	d := &Data{Case: c, DType: dtype, N: n}
	if c.Args[0].Layout == ColumnVector {
		d.M = int(math.Sqrt(float64(n)))
		d.N = d.M * d.M
	}
	for seed, a := range c.Args {
		length := map[Layout]int{Flat: n, Step2: 2 * n, ColumnVector: d.M, RowVector: d.M}[a.Layout]
		x := makeSlice(dtype, length)
		fill(x, a, seed)
		d.In = append(d.In, x)
	}
	d.Out = makeSlice(c.result(dtype), d.N)
	return d
}

func makeSlice(dtype string, n int) any {
	switch dtype {
	case "f64":
		return make([]float64, n)
	case "f32":
		return make([]float32, n)
	case "i64":
		return make([]int64, n)
	case "i32":
		return make([]int32, n)
	case "bool":
		return make([]bool, n)
	}
	panic("BUG: dtype " + dtype)
}

func clearSlice(x any) {
	switch x := x.(type) {
	case []float64:
		clear(x)
	case []float32:
		clear(x)
	case []int64:
		clear(x)
	case []int32:
		clear(x)
	case []bool:
		clear(x)
	}
}

// fill draws the same numbers as make_input in peers/worker.py.
func fill(x any, a Arg, seed int) {
	switch x := x.(type) {
	case []float64:
		for i := range x {
			x[i] = a.Lo + uniform(seed, i)*(a.Hi-a.Lo)
		}
	case []float32:
		for i := range x {
			x[i] = float32(a.Lo + uniform(seed, i)*(a.Hi-a.Lo))
		}
	case []int64:
		for i := range x {
			x[i] = int64(math.Floor(a.Lo + uniform(seed, i)*(a.Hi-a.Lo)))
		}
	case []int32:
		for i := range x {
			x[i] = int32(math.Floor(a.Lo + uniform(seed, i)*(a.Hi-a.Lo)))
		}
	default:
		panic(fmt.Sprintf("BUG: input of %T", x))
	}
}

// uniform returns element i of stream seed, in [0, 1): SplitMix64 of a counter. Steele, Lea, Flood, "Fast
// splittable pseudorandom number generators", https://doi.org/10.1145/2714064.2660195
func uniform(seed, i int) float64 {
	z := (uint64(i) + uint64(seed)<<40) * 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	z ^= z >> 31
	return float64(z>>11) * 0x1p-53
}

// every returns elements 0, step, 2*step … of a typed slice; no case has integers beyond float64's 53 bits.
func every(x any, step int) []float64 {
	switch x := x.(type) {
	case []float64:
		return pick(x, step)
	case []float32:
		return pick(x, step)
	case []int64:
		return pick(x, step)
	case []int32:
		return pick(x, step)
	case []bool:
		r := make([]float64, 0, len(x)/step+1)
		for i := 0; i < len(x); i += step {
			v := 0.0
			if x[i] {
				v = 1
			}
			r = append(r, v)
		}
		return r
	}
	panic(fmt.Sprintf("BUG: slice %T", x))
}

func pick[T float64 | float32 | int64 | int32](x []T, step int) []float64 {
	r := make([]float64, 0, len(x)/step+1)
	for i := 0; i < len(x); i += step {
		r = append(r, float64(x[i]))
	}
	return r
}

// checkStep is the distance of the elements whose results are compared: all of them up to 1e5, then about
// that many, at a distance that is odd so that every lane of a vector is seen.
func checkStep(n int) int { return n/100000 | 1 }

// inputsAt returns the inputs of result element i.
func (d *Data) inputsAt(i int, x []float64) []float64 {
	x = x[:0]
	for k, a := range d.Case.Args {
		j := i
		switch a.Layout {
		case Step2:
			j = 2 * i
		case ColumnVector:
			j = i / d.M
		case RowVector:
			j = i % d.M
		}
		x = append(x, at(d.In[k], j))
	}
	return x
}

func at(x any, i int) float64 {
	switch x := x.(type) {
	case []float64:
		return x[i]
	case []float32:
		return float64(x[i])
	case []int64:
		return float64(x[i])
	case []int32:
		return float64(x[i])
	}
	panic(fmt.Sprintf("BUG: input of %T", x))
}
