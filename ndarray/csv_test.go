package ndarray

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/lanes-go/lanes/kernels"
)

func TestReadCSV(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"integers", "a,b\n1,2\n-3,+4\n", "a int64 [ 1 -3]; b int64 [2 4]"},
		{"no last line end", "a\n1\n2", "a int64 [1 2]"},
		{"carriage returns", "a,b\r\n1,2\r\n3,4\r\n", "a int64 [1 3]; b int64 [2 4]"},
		{"floats", "a\n1\n2.5\n1e-3\n", "a float64 [1.0e+00 2.5e+00 1.0e-03]"},
		{"missing", "a,b,c\n1,,NA\n,2,NaN\n", "a float64 [ 1. nan]; b float64 [nan  2.]; c float64 [nan nan]"},
		{"bool", "a,b\ntrue,False\nFALSE,True\n", "a bool [ True False]; b bool [False  True]"},
		{"no rows", "a,b\n", "a float64 []; b float64 []"},
		{"header alone", "a", "a float64 []"},
		{"blank lines", "\n\na\n\n1\n \n2\n\n", "a int64 [1 2]"},
		{"blank in two columns", "a,b\n1,2\n\n3,4\n", "a int64 [1 3]; b int64 [2 4]"},
		{"white space", " a ,\tb\n 1 ,  2.5\t\n", "a int64 [1]; b float64 [2.5]"},
		{"quotes", "\"a,b\",\"c\"\"d\"\n\"1\", \"2\" \n", "a,b int64 [1]; c\"d int64 [2]"},
		{"line ends in quotes", "a,\"b\nc\"\n1,2\n", "a int64 [1]; b\nc int64 [2]"},
		{"byte order mark", "\ufeff\"a\"\n1\n", "a int64 [1]"},
		{"empty in one column", "a\n1\n\"\"\n", "a float64 [ 1. nan]"},
		{"large integers", "a\n9223372036854775807\n-9223372036854775808\n",
			"a int64 [ 9223372036854775807 -9223372036854775808]"},
		{"beyond int64", "a\n1\n9223372036854775808\n", "a float64 [1.00000000e+00 9.22337204e+18]"},
		{"negative zero", "a\n1\n-0\n", "a float64 [ 1. -0.]"},
		{"leading zeros", "a\n007\n", "a int64 [7]"},
		{"infinities", "a\ninf\n-Infinity\n", "a float64 [ inf -inf]"},
		{"integers become floats", "a\n9007199254740993\nNA\n", "a float64 [9.00719925e+15            nan]"},
		{"empty name", ",b\n1,2\n", " int64 [1]; b int64 [2]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, wrap := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r },
				iotest.OneByteReader, iotest.DataErrReader} {
				columns, err := ReadCSV(wrap(strings.NewReader(c.text)), CSVOptions{})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, col := range columns {
					got = append(got, fmt.Sprintf("%s %v %v", col.Name, col.Values.DType(), col.Values))
				}
				if s := strings.Join(got, "; "); s != c.want {
					t.Errorf("got %s, want %s", s, c.want)
				}
			}
		})
	}
}

func TestReadCSVErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "csv: f.csv:1: the file is empty: no header"},
		{"a,b\n1,2\n3\n", "csv: f.csv:3: 1 cells, but the header has 2"},
		{"a\n1,2\n", "csv: f.csv:2: 2 cells, but the header has 1"},
		{"a,b\n1,x\n", `csv: f.csv:2:2: column "b": "x" is no number`},
		{"a\n1e999\n", `csv: f.csv:2:1: column "a": "1e999" is beyond float64`},
		{"a\n1_000\n", `csv: f.csv:2:1: column "a": "1_000" is no number`},
		{"a\n0x10\n", `csv: f.csv:2:1: column "a": "0x10" is no number`},
		{"a\n\n\n\"\n\",\n", "csv: f.csv:4: 2 cells, but the header has 1"},
		{"a\n1\n\"x\n", "csv: f.csv:3:1: a quote that is not closed"},
		{"a\n1\"\n", "csv: f.csv:2:1: a quote inside a cell that does not begin with one"},
		{"a,b\n1,\"2\"x\n", "csv: f.csv:2:2: text behind the closing quote of a cell"},
		{"a\n1\ntrue\n", `csv: f.csv:3:1: column "a": "true", but cells before it are numbers`},
		{"a\ntrue\n1\n", `csv: f.csv:3:1: column "a": "1", but cells before it are true or false`},
		{"a,a\n1,2\n", `csv: f.csv:1:1: more than one column "a"`},
		{"a\n" + strings.Repeat("x", 99) + "\n",
			`csv: f.csv:2:1: column "a": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"... is no number`},
		{"a\n\"1\n2\n3\"\n4\nx\n", "csv: f.csv:2:1: column \"a\": \"1\\n2\\n3\" is no number"},
		{"a\n" + strings.Repeat("1", 300) + "\n",
			"csv: f.csv:2: a record of more than 200 bytes; is a quote not closed?"},
	} {
		_, err := ReadCSV(strings.NewReader(c.text), CSVOptions{File: "f.csv", MaxRecord: 200})
		if err == nil || err.Error() != c.want {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.want)
		}
		var bad *FormatError
		if !errors.As(err, &bad) || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrSize) {
			t.Errorf("%q: error %T %v", c.text, err, err)
		}
	}
	broken := errors.New("broken")
	if _, err := ReadCSV(io.MultiReader(strings.NewReader("a\n1\n"), iotest.ErrReader(broken)),
		CSVOptions{}); err != broken {
		t.Errorf("a failing reader: %v", err)
	}
}

func TestReadCSVColumn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(path, []byte("name,a\nten,10\n\"tw\"\"o\",2.5\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	x, err := ReadCSVColumn(path, "a")
	if err != nil || x.String() != "[10.   2.5]" {
		t.Errorf("got %v, %v", x, err)
	}
	_, err = ReadCSVColumn(path, "b")
	if want := "csv: " + path + `:1: no column "b"; there are name, a`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err = ReadCSVColumn(path+"x", "a"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestReadCSVComma(t *testing.T) {
	columns, err := ReadCSV(strings.NewReader("a\tb\n 1 \t\n"), CSVOptions{Comma: '\t', Columns: []string{"b",
		"a"}})
	if err != nil || columns[0].Name != "b" || columns[1].Values.String() != "[1]" ||
		columns[0].Values.String() != "[nan]" {
		t.Errorf("got %v, %v", columns, err)
	}
}

// TestReadCSVLarge crosses the reader's buffer many times.
func TestReadCSVLarge(t *testing.T) {
	var text bytes.Buffer
	text.WriteString("i,q,f\n")
	var want []float64
	for i := range 20_000 {
		f := math.Sqrt(float64(i)) / 3
		fmt.Fprintf(&text, "%d,\"x\"\"\n,%d\",%v\n", i, i, f)
		want = append(want, f)
	}
	columns, err := ReadCSV(&text, CSVOptions{Columns: []string{"f", "i"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := Data[float64](columns[0].Values); !slices.Equal(got, want) {
		t.Error("the floats do not read back")
	}
	if !Identical(columns[1].Values, Arange(int64(0), 20_000, 1)) {
		t.Error("the integers do not read back")
	}
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{"a,b\n1,2.5\n", "a\n\"1\"\n", "\"a\"\"b\",c\r\n,NA\r\ntrue,x\n",
		"\ufeffa\n-0\n", "a\n\n\n9223372036854775808"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read := func(r io.Reader) ([]CSVColumn, error) { return ReadCSV(r, CSVOptions{MaxRecord: 1 << 12}) }
		columns, err := read(bytes.NewReader(text))
		slow, slowErr := read(iotest.OneByteReader(bytes.NewReader(text)))
		if fmt.Sprint(err) != fmt.Sprint(slowErr) {
			t.Fatalf("at once %v, byte by byte %v", err, slowErr)
		}
		if err != nil {
			var bad *FormatError
			if !errors.As(err, &bad) || bad.Line < 1 {
				t.Fatalf("error %T: %v", err, err)
			}
			return
		}
		for i, c := range columns {
			if c.Values.NDim() != 1 || c.Values.Size() > len(text) || !Identical(c.Values, slow[i].Values) {
				t.Fatalf("column %q: %v and %v", c.Name, c.Values, slow[i].Values)
			}
			switch c.Values.DType() {
			case kernels.Bool, kernels.Int64, kernels.Float64:
			default:
				t.Fatalf("dtype %v", c.Values.DType())
			}
		}
	})
}

func BenchmarkReadCSV(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("origin,time_hour,temp,dewp,humid\n")
	for i := range 50_000 {
		fmt.Fprintf(&text, "EWR,2013-01-01T06:00:00Z,%.2f,%.2f,%.2f\n", float64(i)/100, float64(i)/37, 59.37)
	}
	for _, columns := range [][]string{{"temp"}, {"temp", "dewp", "humid"}} {
		b.Run(fmt.Sprint(len(columns)), func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				if _, err := ReadCSV(bytes.NewReader(text.Bytes()), CSVOptions{Columns: columns}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
