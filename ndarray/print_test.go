package ndarray

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/lanes-go/lanes/kernels"
)

// printCase is a line of testdata/print/print.txt.
type printCase struct {
	DType     string
	Shape     []int
	Data      []string
	Opts      map[string]any
	Str, Repr string
}

func (c *printCase) array(t *testing.T) *Array {
	dt, err := kernels.ParseDType(c.DType)
	if err != nil {
		t.Fatal(err)
	}
	x := Must(Make(dt, c.Shape))
	flat := x.Reshape(-1)
	if c.Data == nil {
		if err := flat.CopyFrom(must(Arange(0, x.Size(), 1).AsType(dt))); err != nil {
			t.Fatal(err)
		}
		return x
	}
	for i, text := range c.Data {
		at := flat.Slice(i)
		switch dt.Kind() {
		case kernels.KindFloat:
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			err = at.CopyFrom(scalar(v))
			if err != nil {
				t.Fatal(err)
			}
		case kernels.KindUint:
			v, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if err := at.CopyFrom(must(scalar(v).AsType(dt))); err != nil {
				t.Fatal(err)
			}
		default:
			v, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if err := at.CopyFrom(must(scalar(v).AsType(dt))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return x
}

func (c *printCase) options(t *testing.T) (o PrintOptions) {
	for name, value := range c.Opts {
		switch name {
		case "precision":
			o.Precision = int(value.(float64))
		case "threshold":
			o.Threshold = int(value.(float64))
		case "edgeitems":
			o.EdgeItems = int(value.(float64))
		case "linewidth":
			o.LineWidth = int(value.(float64))
		case "suppress":
			o.Suppress = value.(bool)
		case "sign":
			o.Sign = value.(string)[0]
		case "nanstr":
			o.NaN = value.(string)
		case "infstr":
			o.Inf = value.(string)
		case "floatmode":
			modes := map[string]FloatMode{"fixed": Fixed, "unique": Unique, "maxprec_equal": MaxPrecEqual}
			o.FloatMode = modes[value.(string)]
		default:
			t.Fatalf("unknown option %s", name)
		}
	}
	return o
}

func TestPrintAsNumPy(t *testing.T) {
	text, err := os.ReadFile("testdata/print/print.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(text) {
		if line[0] == '#' {
			continue
		}
		var c printCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		x, o := c.array(t), c.options(t)
		if got := o.String(x); got != c.Str {
			t.Errorf("%s %v %v\n got %s\nwant %s", c.DType, c.Data, c.Opts, got, c.Str)
		}
		if got := o.Repr(x); got != c.Repr {
			t.Errorf("%s %v %v\n got %s\nwant %s", c.DType, c.Data, c.Opts, got, c.Repr)
		}
		n++
	}
	if n < 300 {
		t.Errorf("only %d cases", n)
	}
}

func TestFormat(t *testing.T) {
	x := Of(1.0, 2.123456789)
	for _, c := range []struct{ format, want string }{
		{"%v", "[1.         2.12345679]"},
		{"%s", "[1.         2.12345679]"},
		{"%+v", "array([1.        , 2.12345679])"},
		{"%#v", "array([1.        , 2.12345679])"},
		{"%.3v", "[1.    2.123]"},
		{"%.0v", "[1. 2.]"},
		{"%d", "%!d(*ndarray.Array=float64 (2,))"},
	} {
		if got := fmt.Sprintf(c.format, x); got != c.want {
			t.Errorf("%s: got %s, want %s", c.format, got, c.want)
		}
	}
	if got := fmt.Sprint((*Array)(nil)); got != "<nil>" {
		t.Errorf("a nil array prints as %q", got)
	}
}

// TestPrintLarge prints what could never be held in memory.
func TestPrintLarge(t *testing.T) {
	x := Must(Of(1.5).BroadcastTo(1<<15, 1<<15))
	if got := x.String(); !strings.HasPrefix(got, "[[1.5 1.5 1.5 ... 1.5 1.5 1.5]\n") || len(got) > 1000 {
		t.Errorf("got %d bytes: %.100s", len(got), got)
	}
	shape := make([]int, 60)
	for k := range shape {
		shape[k] = 2
	}
	if got := Must(Of(1.5).BroadcastTo(shape...)).String(); got != "[...]" {
		t.Errorf("got %d bytes: %.100s", len(got), got)
	}
}
