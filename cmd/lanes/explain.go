package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func explainCommand() *cobra.Command {
	var flags source
	cmd := &cobra.Command{
		Use:   "explain [flags] EXPR [NAME=VALUE ...]",
		Short: "Show every stage of an expression's compilation",
		Long: `Explain compiles an expression for the given values, as eval does, and shows every stage: the tree
with dtypes and shapes, the vector program before and after optimisation, the engine, the machine code, bytes
and operations per element.`,
		Example: `  lanes explain "a*b + c" a=1.5 b=2 c=x.npy`,
		RunE: func(cmd *cobra.Command, args []string) error {
			program, vars, err := flags.compile(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			text, err := program.Explain(vars)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
	flags.addFlags(cmd)
	return cmd
}
