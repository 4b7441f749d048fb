package main

import (
	"github.com/viterin/vek"
	"github.com/viterin/vek/vek32"
	"gonum.org/v1/gonum/floats"
)

// The cases that gonum/floats and vek have functions for; several calls where there is no fused one.
var (
	libAdd = []Lib{
		{"gonum", "f64", two(func(o, a, b []float64) { floats.AddTo(o, a, b) })},
		{"vek", "f64", two(func(o, a, b []float64) { vek.Add_Into(o, a, b) })},
		{"vek", "f32", two(func(o, a, b []float32) { vek32.Add_Into(o, a, b) })},
	}
	libTriad = []Lib{
		{"gonum", "f64", three(func(o, a, b, c []float64) { floats.Add(floats.MulTo(o, b, c), a) })},
		{"vek", "f64", three(func(o, a, b, c []float64) { vek.Add_Inplace(vek.Mul_Into(o, b, c), a) })},
		{"vek", "f32", three(func(o, a, b, c []float32) { vek32.Add_Inplace(vek32.Mul_Into(o, b, c), a) })},
	}
	libAxpby = []Lib{
		{"gonum", "f64", two(func(o, a, b []float64) { floats.AddScaled(floats.ScaleTo(o, 2, a), 3, b) })},
	}
	libSqrt = []Lib{
		{"vek", "f64", one(func(o, a []float64) { vek.Sqrt_Into(o, a) })},
		{"vek", "f32", one(func(o, a []float32) { vek32.Sqrt_Into(o, a) })},
	}
	libWhere = []Lib{{"vek", "f64", two(func(o, a, b []float64) { vek.Maximum_Into(o, a, b) })}}
	libCast  = []Lib{{"vek", "i64", func(d *Data) func() {
		a, o := in[int64](d, 0), out[float64](d)
		return func() { vek.FromInt64_Into(o, a) }
	}}}
	libExp = []Lib{{"vek", "f32", one(func(o, a []float32) { vek32.Exp_Into(o, a) })}}
	libLog = []Lib{{"vek", "f32", one(func(o, a []float32) { vek32.Log_Into(o, a) })}}
	libSin = []Lib{{"vek", "f32", one(func(o, a []float32) { vek32.Sin_Into(o, a) })}}
	libCos = []Lib{{"vek", "f32", one(func(o, a []float32) { vek32.Cos_Into(o, a) })}}
)

func one[F float](f func(o, a []F)) func(*Data) func() {
	return func(d *Data) func() {
		o, a := out[F](d), in[F](d, 0)
		return func() { f(o, a) }
	}
}

func two[F float](f func(o, a, b []F)) func(*Data) func() {
	return func(d *Data) func() {
		o, a, b := out[F](d), in[F](d, 0), in[F](d, 1)
		return func() { f(o, a, b) }
	}
}

func three[F float](f func(o, a, b, c []F)) func(*Data) func() {
	return func(d *Data) func() {
		o, a, b, c := out[F](d), in[F](d, 0), in[F](d, 1), in[F](d, 2)
		return func() { f(o, a, b, c) }
	}
}
