package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// flagLike tells a flag from an expression that begins with a minus sign: "-threads" and "-o" from "-2*x".
var flagLike = regexp.MustCompile(`^--?[A-Za-z][A-Za-z-]*(=.*)?$`)

// normalise turns a command line in the style of Go's tools into the one that cobra understands: flags first,
// long ones with two dashes, then "--", then all other arguments. So flags may be written with one dash and may
// stand between the arguments, and an expression may begin with a minus sign.
func normalise(root *cobra.Command, args []string) []string {
	if len(args) == 0 {
		return args
	}
	i := slices.IndexFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == args[0] })
	if i < 0 {
		return args
	}
	cmd := root.Commands()[i]
	cmd.InitDefaultHelpFlag()
	flags, rest := []string{args[0]}, []string{"--"}
	for args = args[1:]; len(args) > 0; {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			rest = append(rest, args...)
			break
		}
		if !flagLike.MatchString(arg) {
			rest = append(rest, arg)
			continue
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		flag := cmd.Flags().Lookup(name)
		if flag == nil && len(name) == 1 {
			flag = cmd.Flags().ShorthandLookup(name)
		}
		if flag == nil { // cobra says that it does not know it
			flags = append(flags, "--"+strings.TrimLeft(arg, "-"))
			continue
		}
		arg = "--" + flag.Name + arg[strings.Index(arg, name)+len(name):]
		if !hasValue && flag.NoOptDefVal == "" {
			if len(args) == 0 {
				return []string{cmd.Name(), arg} // cobra says that the value is missing
			}
			arg += "=" + args[0]
			args = args[1:]
		}
		flags = append(flags, arg)
	}
	return append(flags, rest...)
}
