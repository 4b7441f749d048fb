package main

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// chart draws, for every case, the time of the best eligible peer over that of Lanes: one point for each size
// and number of threads, on a logarithmic axis. Right of 1 Lanes is faster.
func (r *Results) chart(file string) error {
	var names []string
	index := map[string]int{}
	series := map[string]plotter.XYs{}
	var order []string
	for i := range r.Rows {
		row := &r.Rows[i]
		x := row.ratio(row.best())
		if math.IsNaN(x) {
			continue
		}
		name := row.Case + " " + row.DType
		if _, ok := index[name]; !ok {
			index[name] = len(names)
			names = append(names, name)
		}
		key := fmt.Sprintf("n = %s, %d %s", shortNumber(magnitude(row.N)), row.Threads, plural(row.Threads,
			"thread"))
		if series[key] == nil {
			order = append(order, key)
		}
		series[key] = append(series[key], plotter.XY{X: x, Y: -float64(index[name])})
	}
	p := plot.New()
	p.Title.Text = "Time of the best peer of the same accuracy over that of Lanes"
	p.X.Label.Text = "ratio (right of 1: Lanes is faster)"
	if len(names) == 0 {
		p.Title.Text = "No ratios: Lanes or its peers did not run"
		return p.Save(20*vg.Centimeter, 4*vg.Centimeter, file)
	}
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, ratioTicks{}
	p.Y.Tick.Marker = caseTicks(names)
	p.Y.Min, p.Y.Max = -float64(len(names))+0.5, 0.5
	p.Y.Tick.LineStyle.Width = 0
	p.Y.Label.Text = " " // a margin for the names
	p.Add(plotter.NewGrid())
	one, err := plotter.NewLine(plotter.XYs{{X: 1, Y: p.Y.Min}, {X: 1, Y: p.Y.Max}})
	if err != nil {
		return err
	}
	one.Width = vg.Points(1.5)
	p.Add(one)
	for i, key := range order {
		points, err := plotter.NewScatter(series[key])
		if err != nil {
			return err
		}
		points.GlyphStyle = glyphs[i%len(glyphs)]
		p.Add(points)
		p.Legend.Add(key, points)
	}
	p.Legend.Top, p.Legend.Padding = true, vg.Points(3)
	p.Legend.XOffs = -vg.Points(4)
	p.X.Min, p.X.Max = min(p.X.Min, 0.5), max(p.X.Max, 2)*2 // the legend stands right of the points
	p.Title.TextStyle.Font.Size = font.Length(12)
	return p.Save(22*vg.Centimeter, vg.Length(len(names)+4)*0.55*vg.Centimeter+2*vg.Centimeter, file)
}

// magnitude rounds n, which cases with columns and rows have made a square, back to the size that was asked
// for.
func magnitude(n int) int {
	p := int(math.Pow(10, math.Floor(math.Log10(float64(n)*1.1))))
	return int(math.Round(float64(n)/float64(p))) * p
}

// glyphs tell the series apart by colour (sizes) and shape (threads).
var glyphs = func() (list []draw.GlyphStyle) {
	for _, c := range []color.RGBA{{230, 159, 0, 255}, {0, 114, 178, 255}, {0, 158, 115, 255}, {204, 121,
		167, 255}} {
		for _, shape := range []draw.GlyphDrawer{draw.CircleGlyph{}, draw.TriangleGlyph{}} {
			list = append(list, draw.GlyphStyle{Color: c, Radius: vg.Points(3.5), Shape: shape})
		}
	}
	return list
}()

// ratioTicks labels the powers of two.
type ratioTicks struct{}

// Ticks returns the labelled powers of two from low to high.
func (ratioTicks) Ticks(low, high float64) (ticks []plot.Tick) {
	for e := math.Floor(math.Log2(low)); e <= math.Ceil(math.Log2(high)); e++ {
		x := math.Exp2(e)
		ticks = append(ticks, plot.Tick{Value: x, Label: fmt.Sprint(x)})
	}
	return ticks
}

// caseTicks names the rows from the top.
type caseTicks []string

// Ticks returns one tick for each case.
func (names caseTicks) Ticks(_, _ float64) (ticks []plot.Tick) {
	for i, name := range names {
		ticks = append(ticks, plot.Tick{Value: -float64(i), Label: name})
	}
	return ticks
}
