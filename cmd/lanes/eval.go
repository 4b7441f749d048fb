package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lanes-go/lanes/expr"
	"github.com/lanes-go/lanes/ndarray"
	"github.com/lanes-go/lanes/simd"
)

// source is where a command's expression comes from and how it shall run; eval and explain share it.
type source struct {
	file    string
	engine  string
	threads int
}

func (s *source) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&s.file, "file", "f", "", "read the expression from `FILE`; - is standard input")
	cmd.Flags().StringVar(&s.engine, "engine", "auto", "run on `ENGINE`: auto, avx512, avx2, neon or portable")
	cmd.Flags().IntVar(&s.threads, "threads", 0, "use at most `N` threads; 0 is one per core")
}

// compile compiles the expression and reads the values that args give.
func (s *source) compile(args []string, stdin io.Reader) (*expr.Program, expr.Vars, error) {
	engine, err := simd.ParseEngine(s.engine)
	if err != nil {
		return nil, nil, usageError{err}
	}
	if s.threads < 0 {
		return nil, nil, usageError{fmt.Errorf("-threads %d is negative", s.threads)}
	}
	if engine != simd.Auto && !slices.Contains(simd.Engines(), engine) {
		return nil, nil, fmt.Errorf("engine %s does not run here; these do: %v", engine, simd.Engines())
	}
	text := ""
	if s.file != "" {
		text, err = readText(s.file, stdin)
	} else if len(args) == 0 {
		err = usageError{errors.New("an expression is missing")}
	} else {
		text, args = args[0], args[1:]
	}
	if err != nil {
		return nil, nil, err
	}
	program, err := expr.Compile(text, expr.Options{Engine: engine, Threads: s.threads})
	if err != nil {
		return nil, nil, err
	}
	vars, err := parseValues(args)
	return program, vars, err
}

// readText reads an expression. What is longer than any expression may be is cut: Compile refuses it.
func readText(file string, stdin io.Reader) (string, error) {
	const most = 4 << 20
	in := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, most))
	return string(text), err
}

// evalFlags are the flags of eval.
type evalFlags struct {
	source
	output string
	time   bool
	json   bool
}

func evalCommand() *cobra.Command {
	var flags evalFlags
	cmd := &cobra.Command{
		Use:   "eval [flags] EXPR [NAME=VALUE ...]",
		Short: "Evaluate an expression on numbers and files",
		Long: `Eval evaluates an expression and prints its results, as NumPy prints arrays. Several results are
printed as "name = value". With -o the result is written to a file instead; the expression must have one
result. With -time the expression runs repeatedly into a kept output and the time is printed instead of the
results.`,
		Example: `  lanes eval "sqrt(a*a + b*b)" a=3 b=4
  lanes eval -o hi.npy -f heatindex.expr t=weather.csv#temp rh=weather.csv#humid
  lanes eval -time -threads 1 "sin(x)**2 + cos(x)**2" x=x.npy`,
		RunE: func(cmd *cobra.Command, args []string) error { return flags.run(cmd, args) },
	}
	flags.addFlags(cmd)
	cmd.Flags().StringVarP(&flags.output, "output", "o", "", "write the result to `FILE.npy`")
	cmd.Flags().BoolVar(&flags.time, "time", false, "print how long a run takes instead of the results")
	cmd.Flags().BoolVar(&flags.json, "json", false, "with -time: print one JSON object")
	return cmd
}

func (f *evalFlags) run(cmd *cobra.Command, args []string) error {
	if f.json && !f.time {
		return usageError{errors.New("-json goes with -time")}
	}
	program, vars, err := f.compile(args, cmd.InOrStdin())
	if err != nil {
		return err
	}
	names := program.Results()
	if f.output != "" && len(names) != 1 {
		return fmt.Errorf("-o writes one result, but the expression has %d: %s",
			len(names), clip(strings.Join(names, ", ")))
	}
	ctx, done := withProgress(cmd.Context(), cmd.ErrOrStderr())
	results, err := program.RunAllContext(ctx, vars)
	done()
	if err != nil {
		return err
	}
	if f.output != "" {
		if err := ndarray.Save(f.output, results[0].Array); err != nil {
			return err
		}
	}
	switch {
	case f.time:
		return f.printTime(cmd, program, vars, results)
	case f.output == "":
		return printResults(cmd.OutOrStdout(), results)
	}
	return nil
}
