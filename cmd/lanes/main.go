// Command lanes evaluates array expressions on files at the terminal, explains how they run, and describes the
// machine. It may import every package of the module; nothing imports it. It must not compute anything itself: it
// reads arguments, calls package expr, and prints.
//
//	lanes eval    [flags] EXPR [NAME=VALUE ...]      evaluate an expression
//	lanes explain [flags] EXPR [NAME=VALUE ...]      show every stage of its compilation
//	lanes info    [flags]                            describe the machine and the engines that run on it
//
// A VALUE is a number, FILE.npy, or FILE.csv#COLUMN. Long flags may be written with one dash or two. The exit code
// is 0 on success, 1 for bad input (with one message on standard error), and 2 for a wrong command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitOK    = 0
	exitInput = 1
	exitUsage = 2
)

// usageError is a mistake in the command line, as against one in the input that it names.
type usageError struct{ error }

// run executes the command line args and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(stderr, "lanes: internal error: %v\n", r)
			code = exitInput
		}
	}()
	root := newCommand()
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(normalise(root, args))
	began := false // once the command has begun, its line was right
	root.PersistentPreRun = func(*cobra.Command, []string) { began = true }
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	fmt.Fprintln(stderr, "lanes:", err)
	if usage := (usageError{}); !began || errors.As(err, &usage) {
		fmt.Fprintln(stderr, `Run "lanes help" for the command line.`)
		return exitUsage
	}
	return exitInput
}

// newCommand builds the tree of commands.
func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "lanes",
		Short: "Evaluate array expressions as fused machine code",
		Long: `Lanes evaluates array expressions as fused machine code on all cores, with the same bits on every
engine.

A VALUE is a number, FILE.npy, or FILE.csv#COLUMN: a column of whole numbers is int64, one of true and false
bool, any other float64 with NaN for empty cells, NA, N/A and null. Long flags may be written with one dash
or two; an expression that could be taken for a flag goes behind "--".`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError{errors.New("which command? eval, explain or info")}
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(evalCommand(), explainCommand(), infoCommand())
	return root
}
