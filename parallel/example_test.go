package parallel_test

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/lanes-go/lanes/parallel"
)

func ExampleFor() {
	x := make([]float64, 100_000)
	const cyclesPerItem = 20 // of math.Sqrt and the loop around it, roughly
	err := parallel.For(context.Background(), len(x), 8, cyclesPerItem, 0, func(lo, hi int) error {
		for i := lo; i < hi; i++ {
			x[i] = math.Sqrt(float64(i))
		}
		return nil
	})
	fmt.Println(x[49], x[90_000], err)
	// Output: 7 300 <nil>
}

// A reduction adds the ranges' sums in the order in which they finish; integers do not mind.
func ExampleFor_sum() {
	var mu sync.Mutex
	sum := 0
	parallel.For(nil, 1_000_000, 1, 1, 0, func(lo, hi int) error {
		part := 0
		for i := lo; i < hi; i++ {
			part += i
		}
		mu.Lock()
		sum += part
		mu.Unlock()
		return nil
	})
	fmt.Println(sum)
	// Output: 499999500000
}

func ExampleMap() {
	size := func(ctx context.Context, name string) (int, error) {
		if name == "missing.csv" {
			return 0, fmt.Errorf("%s: no such file", name)
		}
		return len(name), nil // of the file, say
	}
	ctx := context.Background()
	fmt.Println(parallel.Map(ctx, 8, []string{"a.csv", "b.csv", "c.csv"}, size))
	fmt.Println(parallel.Map(ctx, 8, []string{"a.csv", "missing.csv"}, size))
	// Output:
	// [5 5 5] <nil>
	// [] task 1: missing.csv: no such file
}

func ExampleWithProgress() {
	ctx := parallel.WithProgress(context.Background(), func(done, total int) {
		fmt.Printf("%d of %d\n", done, total)
	})
	parallel.Map(ctx, 1, []int{1, 2, 3}, func(_ context.Context, x int) (int, error) { return x * x, nil })
	// Output:
	// 1 of 3
	// 2 of 3
	// 3 of 3
}
