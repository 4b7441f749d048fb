package main

import (
	"fmt"
	"time"

	"github.com/lanes-go/lanes/expr"
	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/ndarray"
	"github.com/lanes-go/lanes/simd"
)

// engineName is the engine that runs the contender lanes.
func engineName() string { return simd.Best().String() }

// lanesContenders are the compiled expression with a destination that stands ready, and the function of
// slices where the case has one.
func lanesContenders(d *Data, threads int) ([]Contender, error) {
	o := expr.Options{Threads: threads, Relaxed: expr.Relaxed{Contract: d.Case.Contract}}
	list, err := programContender(d, o)
	if err != nil {
		return nil, err
	}
	var f func() error
	switch {
	case d.Case.Args[0].Layout != Flat || d.Case.result(d.DType) != d.DType:
		return list, nil
	case d.DType == "f64":
		f, err = sliceFunc[float64](d, o)
	case d.DType == "f32":
		f, err = sliceFunc[float32](d, o)
	case d.DType == "i64":
		f, err = sliceFunc[int64](d, o)
	}
	if err != nil {
		return nil, err
	}
	return append(list, lanesContender(funcName, f, d.Out)), nil
}

// programContender is Program.RunTo.
func programContender(d *Data, o expr.Options) ([]Contender, error) {
	p, err := expr.Compile(d.Case.Text, o)
	if err != nil {
		return nil, err
	}
	vars := expr.Vars{}
	for i, a := range d.Case.Args {
		x, err := toArray(d.In[i])
		if err != nil {
			return nil, err
		}
		vars[a.Name] = view(x, a.Layout)
	}
	shape := []int{d.N}
	if d.M > 0 {
		shape = []int{d.M, d.M}
	}
	dst := ndarray.Zeros(dtypes[d.Case.result(d.DType)], shape...)
	return []Contender{lanesContender(lanesName, func() error { return p.RunTo(dst, vars) },
		elements(dst))}, nil
}

// lanesContender times f, which fills out.
func lanesContender(name string, f func() error, out any) Contender {
	return Contender{
		Name: name,
		Sample: func(reps int) (time.Duration, error) {
			start := time.Now()
			for range reps {
				if err := f(); err != nil {
					return 0, err
				}
			}
			return time.Since(start), nil
		},
		Output: func(step int) ([]float64, error) {
			clearSlice(out) // what another contender left there must not count
			err := f()
			return every(out, step), err
		},
	}
}

// sliceFunc is the case as a function of slices.
func sliceFunc[T ndarray.Scalar](d *Data, o expr.Options) (func() error, error) {
	dst := out[T](d)
	switch len(d.In) {
	case 1:
		f, err := expr.Func1[T](d.Case.Text, o)
		a := in[T](d, 0)
		return func() error { return f(dst, a) }, err
	case 2:
		f, err := expr.Func2[T](d.Case.Text, o)
		a, b := in[T](d, 0), in[T](d, 1)
		return func() error { return f(dst, a, b) }, err
	}
	f, err := expr.Func3[T](d.Case.Text, o)
	a, b, c := in[T](d, 0), in[T](d, 1), in[T](d, 2)
	return func() error { return f(dst, a, b, c) }, err
}

var dtypes = map[string]kernels.DType{"f64": kernels.Float64, "f32": kernels.Float32, "i64": kernels.Int64,
	"i32": kernels.Int32, "bool": kernels.Bool}

func toArray(x any) (*ndarray.Array, error) {
	switch x := x.(type) {
	case []float64:
		return ndarray.FromSlice(x)
	case []float32:
		return ndarray.FromSlice(x)
	case []int64:
		return ndarray.FromSlice(x)
	case []int32:
		return ndarray.FromSlice(x)
	}
	return nil, fmt.Errorf("BUG: input of %T", x)
}

func view(x *ndarray.Array, l Layout) *ndarray.Array {
	switch l {
	case Step2:
		return x.Slice(ndarray.Step(2))
	case ColumnVector:
		return x.Reshape(-1, 1)
	case RowVector:
		return x.Reshape(1, -1)
	}
	return x
}

// elements returns the memory of x as a slice.
func elements(x *ndarray.Array) any {
	switch x.DType() {
	case kernels.Float64:
		return ndarray.Data[float64](x)
	case kernels.Float32:
		return ndarray.Data[float32](x)
	case kernels.Int64:
		return ndarray.Data[int64](x)
	case kernels.Int32:
		return ndarray.Data[int32](x)
	}
	return ndarray.Data[bool](x)
}

// lanesOverhead adds what calls of Lanes cost on 8 elements, and a text that was never seen before.
func lanesOverhead(rows []Overhead, e Effort) error {
	a, err := ndarray.FromSlice([]float64{1, 2, 3, 4, 5, 6, 7, 8})
	if err != nil {
		return err
	}
	dst, vars := ndarray.Zeros(kernels.Float64, 8), expr.Vars{"a": a, "b": a}
	x, y := ndarray.Data[float64](a), ndarray.Data[float64](dst)
	var failed error
	note := func(err error) {
		if err != nil {
			failed = err
		}
	}
	for i, text := range []string{"a+b", "2*a+3*b"} {
		f, err := expr.Func2[float64](text)
		if err != nil {
			return err
		}
		p, err := expr.Compile(text)
		if err != nil {
			return err
		}
		rows[i].US[funcName] = microseconds(func() { note(f(y, x, x)) }, e)
		rows[i].US["lanes-runto"] = microseconds(func() { note(p.RunTo(dst, vars)) }, e)
		rows[i].US["lanes-eval"] = microseconds(func() {
			_, err := expr.Eval(text, vars)
			note(err)
		}, e)
	}
	sides := make([]func(), 64)
	p, err := expr.Compile("2*a+3*b")
	if err != nil {
		return err
	}
	for i := range sides {
		dst := ndarray.Zeros(kernels.Float64, 8)
		sides[i] = func() {
			if p.RunTo(dst, vars) != nil {
				panic("BUG: the call that has just worked fails")
			}
		}
	}
	rows[3].US["lanes-runto"] = fastest(sides, e) / float64(len(sides)) / 1000
	k := 0
	rows[2].US["lanes"] = microseconds(func() {
		k++
		p, err := expr.Compile(fmt.Sprintf("(a+%d)*b-2*a+b*b-a*3+b+%d", k, k))
		if err != nil {
			note(err)
			return
		}
		note(p.RunTo(dst, vars))
	}, e)
	return failed
}
