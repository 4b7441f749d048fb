package expr

import (
	"testing"

	"github.com/lanes-go/lanes/ndarray"
)

func TestRunFirst(t *testing.T) {
	x := ndarray.Linspace(0, 1, 5)
	p, err := Compile("where(x > lo, sqrt(x), 0) * scale + x*2")
	if err != nil {
		t.Fatal(err)
	}
	y, err := p.Run(Vars{"x": x, "lo": 0.25, "scale": 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(y)
	p, _ = Compile("x*y + sqrt(abs(x)+1)")
	y, err = p.Run(Vars{"x": []float64{1, 2, 3}, "y": ndarray.Linspace(0, 1, 4).Reshape(4, 1)})
	t.Log(y, err)
	p, _ = Compile("x*y")
	_, err = p.Run(Vars{"x": []float64{1, 2, 3}, "y": []float32{1, 2}})
	t.Log(err)
	_, err = p.Run(Vars{"x": []float64{1, 2, 3}, "z": []float32{1, 2}})
	t.Log(err)
	p, _ = Compile("1 + x ^ 2")
	_, err = p.Run(Vars{"x": []float64{1, 2, 3}})
	t.Log(err)
}
