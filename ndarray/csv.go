package ndarray

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/lanes-go/lanes/kernels"
)

// CSVOptions says how to read a CSV file; the zero value reads all columns of what RFC 4180 describes.
type CSVOptions struct {
	Columns   []string // the columns to read, by their names in the header; nil for all
	Comma     byte     // between cells; 0 is a comma
	MaxRecord int      // bytes of one record, which are held in memory; 0 is 1 MiB
	File      string   // name of the file for errors
}

// CSVColumn is a column of a CSV file.
type CSVColumn struct {
	Name   string
	Values *Array // of one axis: int64, float64 or bool
}

// ReadCSVColumn reads one column of a CSV file by its name in the header, as ReadCSV does.
func ReadCSVColumn(path, column string) (*Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	columns, err := ReadCSV(f, CSVOptions{Columns: []string{column}, File: path})
	if err != nil {
		return nil, err
	}
	return columns[0].Values, nil
}

// ReadCSV reads columns of numbers from CSV text with a header. Cells may be quoted ("" is a quote in
// a quoted cell, which may hold line ends), white space around a cell is dropped, and blank lines
// are skipped. A column is int64 if every cell is an integer, bool if every cell is true or
// false, else float64, where empty cells, NA, N/A, null and NaN are NaN.
//
// The text is read as a stream; memory goes to the values of the columns that are asked for. The
// error is a *FormatError with line and cell, or that of r.
func ReadCSV(r io.Reader, o CSVOptions) ([]CSVColumn, error) {
	c := newCSVReader(r, o)
	names, err := c.header()
	if err != nil {
		return nil, err
	}
	wanted, err := c.choose(names, o.Columns)
	if err != nil {
		return nil, err
	}
	builders := make([]columnBuilder, len(wanted))
	most := kernels.MemoryBudget() / 32 / max(1, len(wanted)) // rows: the values, while they grow and are copied
	for row := 0; ; row++ {
		more, err := c.next()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		if len(c.cells) != len(names) {
			return nil, c.fail(0, ErrFormat, "%d cells, but the header has %d", len(c.cells), len(names))
		}
		if row > most {
			return nil, c.fail(0, ErrSize, "%d columns of more rows than memory has room for", len(wanted))
		}
		for i, at := range wanted {
			if err := builders[i].add(c.cell(at)); err != nil {
				return nil, c.fail(at+1, ErrFormat, "column %s: %v", clipText(names[at]), err)
			}
		}
	}
	columns := make([]CSVColumn, len(wanted))
	for i, at := range wanted {
		if columns[i].Values, err = builders[i].array(); err != nil {
			return nil, c.fail(at+1, ErrSize, "column %s: %v", clipText(names[at]), err)
		}
		columns[i].Name = names[at]
	}
	return columns, nil
}

func (c *csvReader) fail(column int, class error, format string, args ...any) error {
	return &FormatError{Format: "csv", File: c.file, Line: c.line, Column: column,
		What: fmt.Sprintf(format, args...), Class: class}
}

// clipText quotes a piece of a file for an error.
func clipText[T string | []byte](s T) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q...", s[:40])
	}
	return fmt.Sprintf("%q", s)
}

// header reads the names of the columns.
func (c *csvReader) header() ([]string, error) {
	if err := c.skipBOM(); err != nil {
		return nil, err
	}
	more, err := c.next()
	if err != nil {
		return nil, err
	}
	if !more {
		c.line = 1
		return nil, c.fail(0, ErrFormat, "the file is empty: no header")
	}
	names := make([]string, len(c.cells))
	for i := range names {
		names[i] = string(c.cell(i))
	}
	return names, nil
}

// choose returns the positions of the columns that are asked for.
func (c *csvReader) choose(names, asked []string) ([]int, error) {
	if asked == nil {
		asked = names
	}
	at := make([]int, len(asked))
	for i, name := range asked {
		if at[i] = slices.Index(names, name); at[i] < 0 {
			return nil, c.fail(0, ErrFormat, "no column %s; there are %s", clipText(name), clipList(names))
		}
		if slices.Contains(names[at[i]+1:], name) {
			return nil, c.fail(at[i]+1, ErrFormat, "more than one column %s", clipText(name))
		}
	}
	return at, nil
}

func clipList(names []string) string {
	if len(names) > 20 {
		return strings.Join(names[:20], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}
