package main

import (
	"math"
	"sync"
)

// Loop computes the elements [lo,hi) of a result, or its rows where it has columns and rows.
type Loop func(lo, hi int)

// float is what the floating-point loops are written for. Conversions around products forbid the compiler to
// fuse them on machines where it would, so that the results are those of the other contenders.
type float interface{ float32 | float64 }

func in[T any](d *Data, k int) []T { return d.In[k].([]T) }
func out[T any](d *Data) []T       { return d.Out.([]T) }

func goAdd[F float](d *Data) Loop {
	a, b, o := in[F](d, 0), in[F](d, 1), out[F](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a, b := a[lo:][:len(o)], b[lo:][:len(o)]
		for i := range o {
			o[i] = a[i] + b[i]
		}
	}
}

func goTriad[F float](d *Data) Loop {
	a, b, c, o := in[F](d, 0), in[F](d, 1), in[F](d, 2), out[F](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a, b, c := a[lo:][:len(o)], b[lo:][:len(o)], c[lo:][:len(o)]
		for i := range o {
			o[i] = a[i] + F(b[i]*c[i])
		}
	}
}

func goPoly5(d *Data) Loop {
	a, o := in[float64](d, 0), out[float64](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a := a[lo:][:len(o)]
		for i := range o {
			x := a[i]
			y := float64(0.5*x) + 1.25
			y = float64(y*x) - 0.75
			y = float64(y*x) + 0.3
			y = float64(y*x) - 1.1
			o[i] = float64(y*x) + 2.0
		}
	}
}

func goPow10(d *Data) Loop {
	a, o := in[float64](d, 0), out[float64](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a := a[lo:][:len(o)]
		for i := range o {
			x2 := a[i] * a[i]
			x4 := x2 * x2
			o[i] = x4 * x4 * x2
		}
	}
}

func goAxpby(d *Data) Loop {
	a, b, o := in[float64](d, 0), in[float64](d, 1), out[float64](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a, b := a[lo:][:len(o)], b[lo:][:len(o)]
		for i := range o {
			o[i] = float64(2*a[i]) + float64(3*b[i])
		}
	}
}

func goSqrt[F float](d *Data) Loop {
	a, o := in[F](d, 0), out[F](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a := a[lo:][:len(o)]
		for i := range o {
			o[i] = F(math.Sqrt(float64(a[i])))
		}
	}
}

func goWhere(d *Data) Loop {
	a, b, o := in[float64](d, 0), in[float64](d, 1), out[float64](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a, b := a[lo:][:len(o)], b[lo:][:len(o)]
		for i := range o {
			v := b[i]
			if a[i] > v {
				v = a[i]
			}
			o[i] = v
		}
	}
}

func goCmp3(d *Data) Loop {
	a, b, o := in[float64](d, 0), in[float64](d, 1), out[bool](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a, b := a[lo:][:len(o)], b[lo:][:len(o)]
		for i := range o {
			o[i] = float64(a[i]*b[i])-float64(4.1*a[i]) > 2.5*b[i]
		}
	}
}

func goIMulAdd(d *Data) Loop {
	a, b, c, o := in[int64](d, 0), in[int64](d, 1), in[int64](d, 2), out[int64](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a, b, c := a[lo:][:len(o)], b[lo:][:len(o)], c[lo:][:len(o)]
		for i := range o {
			o[i] = a[i]*b[i] + c[i]
		}
	}
}

func goICmp(d *Data) Loop {
	a, b, o := in[int32](d, 0), in[int32](d, 1), out[bool](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a, b := a[lo:][:len(o)], b[lo:][:len(o)]
		for i := range o {
			o[i] = a[i] < b[i]
		}
	}
}

func goCast[I int32 | int64, F float](d *Data) Loop {
	a, o := in[I](d, 0), out[F](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a := a[lo:][:len(o)]
		for i := range o {
			o[i] = F(a[i])
		}
	}
}

func goSC2(d *Data) Loop {
	a, b, o := in[float64](d, 0), in[float64](d, 1), out[float64](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a, b := a[lo:][:len(o)], b[lo:][:len(o)]
		for i := range o {
			s, c := math.Sin(a[i]), math.Cos(b[i])
			o[i] = float64(s*s) + float64(c*c)
		}
	}
}

func goExp[F float](d *Data) Loop {
	a, o := in[F](d, 0), out[F](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a := a[lo:][:len(o)]
		for i := range o {
			o[i] = F(math.Exp(float64(a[i])))
		}
	}
}

func goLog[F float](d *Data) Loop {
	a, o := in[F](d, 0), out[F](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a := a[lo:][:len(o)]
		for i := range o {
			o[i] = F(math.Log(float64(a[i])))
		}
	}
}

func goSin[F float](d *Data) Loop {
	a, o := in[F](d, 0), out[F](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a := a[lo:][:len(o)]
		for i := range o {
			o[i] = F(math.Sin(float64(a[i])))
		}
	}
}

func goCos[F float](d *Data) Loop {
	a, o := in[F](d, 0), out[F](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a := a[lo:][:len(o)]
		for i := range o {
			o[i] = F(math.Cos(float64(a[i])))
		}
	}
}

func goSigmoid(d *Data) Loop {
	a, o := in[float32](d, 0), out[float32](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a := a[lo:][:len(o)]
		for i := range o {
			o[i] = 1 / (1 + float32(math.Exp(float64(-a[i]))))
		}
	}
}

func goHorner16(d *Data) Loop {
	a, o := in[float64](d, 0), out[float64](d)
	return func(lo, hi int) {
		o := o[lo:hi]
		a := a[lo:][:len(o)]
		for i := range o {
			x, y := a[i], 1.0/16
			for _, c := range horner16Tail {
				y = math.FMA(y, x, c)
			}
			o[i] = y
		}
	}
}

// horner16Tail has the coefficients after the first of horner16.
var horner16Tail = [16]float64{1.0 / 15, 1.0 / 14, 1.0 / 13, 1.0 / 12, 1.0 / 11, 1.0 / 10, 1.0 / 9, 1.0 / 8,
	1.0 / 7,
	1.0 / 6, 1.0 / 5, 1.0 / 4, 1.0 / 3, 1.0 / 2, 1, 1}

func goStrided(d *Data) Loop {
	a, b, o := in[float64](d, 0), in[float64](d, 1), out[float64](d)
	return func(lo, hi int) {
		for i := lo; i < hi; i++ {
			o[i] = a[2*i] + b[2*i]
		}
	}
}

func goBcastAdd(d *Data) Loop {
	p, q, o := in[float64](d, 0), in[float64](d, 1), out[float64](d)
	return func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := o[i*d.M:][:len(q)]
			for j := range q {
				row[j] = p[i] + q[j]
			}
		}
	}
}

// goBcastSC2 evaluates each function once per row or column, as a Go programmer would.
func goBcastSC2(d *Data) Loop {
	p, q, o := in[float64](d, 0), in[float64](d, 1), out[float64](d)
	return func(lo, hi int) {
		c2 := make([]float64, len(q))
		for j := range q {
			c := math.Cos(q[j])
			c2[j] = c * c
		}
		for i := lo; i < hi; i++ {
			s := math.Sin(p[i])
			s2 := s * s
			row := o[i*d.M:][:len(c2)]
			for j := range c2 {
				row[j] = s2 + c2[j]
			}
		}
	}
}

// spread runs loop over n elements on goroutines, the caller being one of them.
func spread(loop Loop, n, threads int) {
	var wg sync.WaitGroup
	for t := 1; t < threads; t++ {
		wg.Go(func() { loop(n*t/threads, n*(t+1)/threads) })
	}
	loop(0, n/threads)
	wg.Wait()
}
