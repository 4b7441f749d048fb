package ndarray_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lanes-go/lanes/kernels"
	"github.com/lanes-go/lanes/ndarray"
)

func Example() {
	x := ndarray.Linspace(0, 1, 6).Reshape(2, 3)
	fmt.Println(x)
	fmt.Println(x.T().Slice(ndarray.From(1)))
	fmt.Printf("%+v\n", x.Slice(-1))
	// Output:
	// [[0.  0.2 0.4]
	//  [0.6 0.8 1. ]]
	// [[0.2 0.8]
	//  [0.4 1. ]]
	// array([0.6, 0.8, 1. ])
}

func ExampleFromSlice() {
	x, err := ndarray.FromSlice([]float32{1, 2, 3, 4}, 2, 2)
	fmt.Printf("%+v %v\n", x, err)
	_, err = ndarray.FromSlice([]float32{1, 2, 3}, 2, 2)
	fmt.Println(err)
	// Output:
	// array([[1., 2.],
	//        [3., 4.]], dtype=float32) <nil>
	// ndarray.FromSlice: 3 elements do not fill (2,2)
}

func ExampleWrapSlice() {
	s := []int64{1, 2, 3, 4}
	x, _ := ndarray.WrapSlice(s, 2, 2)
	s[3] = 40
	fmt.Println(x)
	// Output:
	// [[ 1  2]
	//  [ 3 40]]
}

func ExampleData() {
	x := ndarray.Of(1.5, 2.5)
	for i, v := range ndarray.Data[float64](x) {
		ndarray.Data[float64](x)[i] = 2 * v
	}
	fmt.Println(x)
	// Output: [3. 5.]
}

func ExampleValues() {
	x := ndarray.Arange(0, 6, 1).Reshape(2, 3)
	for v := range ndarray.Values[int](x.T()) {
		fmt.Print(v, " ")
	}
	fmt.Println()
	// Output: 0 3 1 4 2 5
}

func ExampleArray_Slice() {
	x := ndarray.Arange(0, 12, 1).Reshape(3, 4)
	fmt.Println(x.Slice(1))                                             // x[1]
	fmt.Println(x.Slice(ndarray.All, -1))                               // x[:, -1]
	fmt.Println(x.Slice(ndarray.Step(-2), ndarray.Range(1, 3)))         // x[::-2, 1:3]
	fmt.Println(x.Slice(ndarray.Ellipsis, ndarray.Newaxis).Shape())     // x[..., None].shape
	fmt.Println(x.Slice(0, ndarray.RangeStep(3, 0, -1)), x.Slice(2, 3)) // x[0, 3:0:-1], x[2, 3]
	// Output:
	// [4 5 6 7]
	// [ 3  7 11]
	// [[ 9 10]
	//  [ 1  2]]
	// [3 4 1]
	// [3 2 1] 11
}

func ExampleArray_Reshape() {
	x := ndarray.Arange(0, 6, 1)
	fmt.Println(x.Reshape(2, -1))
	// Output:
	// [[0 1 2]
	//  [3 4 5]]
}

func ExampleArray_BroadcastTo() {
	x, err := ndarray.Of(1, 2, 3).BroadcastTo(2, 3)
	fmt.Println(x, err)
	_, err = ndarray.Of(1, 2, 3).BroadcastTo(3, 2)
	fmt.Println(err)
	// Output:
	// [[1 2 3]
	//  [1 2 3]] <nil>
	// ndarray.BroadcastTo: cannot broadcast (3,) to (3,2): axis 1 has lengths 3 and 2
}

func ExampleBroadcastShapes() {
	fmt.Println(ndarray.BroadcastShapes([]int{5, 1}, []int{3}))
	fmt.Println(ndarray.BroadcastShapes([]int{3, 4}, []int{3, 5}))
	// Output:
	// [5 3] <nil>
	// [] ndarray.BroadcastShapes: cannot broadcast (3,4) with (3,5): axis 1 has lengths 4 and 5
}

func ExampleArray_AsType() {
	x := ndarray.Of(-1.7, 1.7, 300)
	i, _ := x.AsType(kernels.Int64)
	u, _ := x.AsType(kernels.Uint8) // floats saturate
	w, _ := i.AsType(kernels.Uint8) // integers wrap
	fmt.Println(i, u, w)
	// Output: [ -1   1 300] [  0   1 255] [255   1  44]
}

func ExampleArray_CopyFrom() {
	x := ndarray.Arange(0, 5, 1)
	err := x.Slice(ndarray.From(1)).CopyFrom(x.Slice(ndarray.To(-1))) // as if they did not overlap
	fmt.Println(x, err)
	// Output: [0 0 1 2 3] <nil>
}

func ExampleLoad() {
	dir, _ := os.MkdirTemp("", "lanes")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "x.npy")
	if err := ndarray.Save(path, ndarray.Of(1.5, 2.5)); err != nil {
		fmt.Println(err)
	}
	x, err := ndarray.Load(path)
	fmt.Println(x, err)

	os.Truncate(path, 136) // one element is lost
	_, err = ndarray.Load(path)
	fmt.Println(errors.Is(err, ndarray.ErrFormat), strings.TrimPrefix(err.Error(), "npy: "+path+": "))
	// Output:
	// [1.5 2.5] <nil>
	// true offset 128: want 16 data bytes, got 8
}

func ExampleMap() {
	dir, _ := os.MkdirTemp("", "lanes")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "x.npy")
	if err := ndarray.Save(path, ndarray.Arange(0.0, 1e5, 1)); err != nil {
		fmt.Println(err)
	}
	x, err := ndarray.Map(path) // reads nothing but the header
	fmt.Println(x.Slice(ndarray.RangeStep(-1, -4, -1)), x.ReadOnly(), err)
	// Output: [99999. 99998. 99997.] true <nil>
}

func ExampleReadCSV() {
	text := "city,high,rain\nOslo,21.5,0\n\"Bergen, west\",,12\n"
	columns, err := ndarray.ReadCSV(strings.NewReader(text), ndarray.CSVOptions{Columns: []string{"rain",
		"high"}})
	for _, c := range columns {
		fmt.Println(c.Name, c.Values.DType(), c.Values)
	}
	fmt.Println(err)
	_, err = ndarray.ReadCSV(strings.NewReader(text), ndarray.CSVOptions{File: "x.csv"})
	fmt.Println(err)
	// Output:
	// rain int64 [ 0 12]
	// high float64 [21.5  nan]
	// <nil>
	// csv: x.csv:2:1: column "city": "Oslo" is no number
}

func ExamplePrintOptions() {
	x := ndarray.Of(1.0/3, 2.0/3, 1e-9)
	fmt.Println(x)
	fmt.Println(ndarray.PrintOptions{Precision: 3, Suppress: true}.String(x))
	fmt.Printf("%.2v\n", x)
	// Output:
	// [3.33333333e-01 6.66666667e-01 1.00000000e-09]
	// [0.333 0.667 0.   ]
	// [3.33e-01 6.67e-01 1.00e-09]
}
