package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/lanes-go/lanes/expr"
	"github.com/lanes-go/lanes/ndarray"
)

// csvColumn is a value still to be read.
type csvColumn struct{ variable, file, column string }

// parseValues reads the arguments NAME=VALUE. Columns of one CSV file are read in one pass over it.
func parseValues(args []string) (expr.Vars, error) {
	vars := expr.Vars{}
	var columns []csvColumn
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("want NAME=VALUE, got %q", clip(arg))}
		}
		if _, twice := vars[name]; twice {
			return nil, usageError{fmt.Errorf("%s is given twice", clip(name))}
		}
		if file, column, ok := strings.Cut(text, ".csv#"); ok {
			columns = append(columns, csvColumn{name, file + ".csv", column})
			vars[name] = nil
			continue
		}
		value, err := parseValue(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", clip(name), err)
		}
		vars[name] = value
	}
	return vars, readInto(vars, columns)
}

// parseValue reads a number or an .npy file.
func parseValue(text string) (any, error) {
	i, err := strconv.Atoi(text)
	if err == nil {
		return i, nil
	}
	var f float64
	if !errors.Is(err, strconv.ErrRange) {
		if f, err = strconv.ParseFloat(text, 64); err == nil {
			return f, nil
		}
	}
	switch {
	case errors.Is(err, strconv.ErrRange):
		return nil, fmt.Errorf("%s is out of range", clip(text))
	case text == "True" || text == "true":
		return true, nil
	case text == "False" || text == "false":
		return false, nil
	case strings.HasSuffix(text, ".npy"):
		return ndarray.Map(text)
	case strings.HasSuffix(text, ".csv"):
		return nil, fmt.Errorf("which column? write %s#COLUMN", text)
	}
	return nil, fmt.Errorf("%q is no number, FILE.npy or FILE.csv#COLUMN", clip(text))
}

// readInto reads the columns, file by file, into vars.
func readInto(vars expr.Vars, columns []csvColumn) error {
	for len(columns) > 0 {
		file := columns[0].file
		var variables, names []string
		for _, c := range columns {
			if c.file == file {
				variables, names = append(variables, c.variable), append(names, c.column)
			}
		}
		columns = slices.DeleteFunc(columns, func(c csvColumn) bool { return c.file == file })
		read, err := readColumns(file, names)
		if err != nil {
			return err
		}
		for i, c := range read {
			vars[variables[i]] = c.Values
		}
	}
	return nil
}

func readColumns(file string, names []string) ([]ndarray.CSVColumn, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ndarray.ReadCSV(f, ndarray.CSVOptions{Columns: names, File: file})
}

// clip shortens a text of the input for a message.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
