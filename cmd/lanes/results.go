package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lanes-go/lanes/expr"
	"github.com/lanes-go/lanes/ndarray"
	"github.com/lanes-go/lanes/simd"
)

// printResults prints one result as NumPy prints an array, several as "name = value".
func printResults(w io.Writer, results []expr.Result) error {
	for _, r := range results {
		text := r.Array.String()
		if len(results) > 1 {
			name := r.Name + " = "
			text = name + strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", len(name)))
		}
		if _, err := fmt.Fprintln(w, text); err != nil {
			return err
		}
	}
	return nil
}

// printTime runs the program again and again into its results and prints how long that takes.
func (f *evalFlags) printTime(cmd *cobra.Command, p *expr.Program, vars expr.Vars, results []expr.Result) error {
	t := timing{Engine: f.engine, Threads: f.threads}
	if f.engine == simd.Auto.String() {
		t.Engine = simd.Best().String()
	}
	if f.threads == 0 {
		t.Threads = runtime.GOMAXPROCS(0)
	}
	again := func() error { return p.RunTo(results[0].Array, vars) }
	if len(results) > 1 { // a program of several results has no form that writes into kept memory
		again = func() error { _, err := p.RunAll(vars); return err }
	}
	if err := t.measure(again); err != nil {
		return err
	}
	elements, bytes := 0, 0
	for _, r := range results {
		elements += r.Array.Size()
		bytes += size(r.Array)
	}
	for _, v := range vars {
		if x, ok := v.(*ndarray.Array); ok {
			bytes += size(x)
		}
	}
	t.setWork(elements, bytes)
	if f.json {
		return writeJSON(cmd.OutOrStdout(), t)
	}
	return t.print(cmd.OutOrStdout())
}

// size returns the bytes of the elements of x.
func size(x *ndarray.Array) int { return x.Size() * x.DType().Size() }
