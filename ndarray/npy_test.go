package ndarray

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/lanes-go/lanes/kernels"
)

// TestNPYAsNumPy reads the files that NumPy wrote, and writes them again.
func TestNPYAsNumPy(t *testing.T) {
	files, err := filepath.Glob("testdata/npy/*.npy")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		name, kind, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".npy"), "_")
		var want *Array
		switch name {
		case "scalar":
			want = scalar(2.5)
		case "empty":
			want = Zeros(kernels.Float64, 0, 3)
		case "one", "version2", "version3":
			want = Arange(0.0, 5, 1)
		case "rank5":
			want = Arange(int32(0), 24, 1).Reshape(2, 3, 1, 2, 2)
		default:
			dt, err := kernels.ParseDType(name)
			if err != nil {
				t.Fatal(err)
			}
			want = Must(Arange(-2, 4, 1).AsType(dt)).Reshape(2, 3)
		}
		for how, load := range map[string]func(string) (*Array, error){"Load": Load, "Map": Map,
			"Read": readSlowly} {
			got, err := load(path)
			if err != nil {
				t.Errorf("%s %s: %v", how, path, err)
				continue
			}
			if !Identical(got, want) {
				t.Errorf("%s %s: got %+v, want %+v", how, path, got, want)
			}
			if kind == "f" && got.IsContiguous() {
				t.Errorf("%s %s: not in Fortran order", how, path)
			}
			if kind == "big" || strings.HasPrefix(name, "version") {
				continue // written in another form
			}
			var b bytes.Buffer
			if err := Write(&b, got); err != nil {
				t.Errorf("%s %s: writing: %v", how, path, err)
			}
			if original, _ := os.ReadFile(path); !bytes.Equal(b.Bytes(), original) {
				t.Errorf("%s %s: written again it is\n%q, not\n%q", how, path, b.Bytes(), original)
			}
		}
	}
}

func readSlowly(path string) (*Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(iotest.OneByteReader(f))
}

// npyBytes returns a file of version 1 with the given header text and data.
func npyBytes(header string, data string) []byte {
	b := append([]byte(npyMagic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	return append(append(b, header...), data...)
}

func TestNPYHeaders(t *testing.T) {
	eight := strings.Repeat("\x00", 8)
	for _, c := range []struct{ header, want string }{
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\n", "float64 (1,)"},
		{`{"shape":(1L,),"descr":"=f8","fortran_order":False}`, "float64 (1,)"},
		{" {'fortran_order' : True , 'shape' : ( 1 , ) , 'descr' : '>f8' } ", "float64 (1,)"},
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (), }", "float64 ()"},
		{"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4611686018427387904), }",
			"float64 (0,4611686018427387904)"},
		{"{'descr': '|i1', 'fortran_order': False, 'shape': (2, 2, 2,), }", "int8 (2,2,2)"},
	} {
		x, err := Read(bytes.NewReader(npyBytes(c.header, eight)))
		if err != nil {
			t.Errorf("%s: %v", c.header, err)
		} else if got := x.DType().String() + " " + formatShape(x.Shape()); got != c.want {
			t.Errorf("%s: got %s, want %s", c.header, got, c.want)
		}
	}
}

func TestNPYHostile(t *testing.T) {
	shape := func(s string) []byte {
		return npyBytes("{'descr': '<f8', 'fortran_order': False, 'shape': "+s+", }", "12345678")
	}
	descr := func(s string) []byte {
		return npyBytes("{'descr': "+s+", 'fortran_order': False, 'shape': (1,), }", "12345678")
	}
	header := func(s string) []byte { return npyBytes(s, "12345678") }
	for _, c := range []struct {
		name  string
		file  []byte
		class error
		want  string
	}{
		{"empty", nil, ErrFormat, "offset 0: want 8 bytes of the magic and version, got 0"},
		{"magic", []byte("PK\x03\x04 is a zip"), ErrFormat,
			`offset 0: the magic is "PK\x03\x04 i", not "\x93NUMPY": no .npy file`},
		{"version", []byte("\x93NUMPY\x09\x00......"), ErrUnsupported,
			"offset 6: version 9.0 is not 1.0, 2.0 or 3.0"},
		{"minor version", []byte("\x93NUMPY\x01\x01......"), ErrUnsupported,
			"offset 6: version 1.1 is not 1.0, 2.0 or 3.0"},
		{"no length", []byte("\x93NUMPY\x01\x00v"), ErrFormat,
			"offset 8: want 2 bytes of the header length, got 1"},
		{"large header", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xffv"), ErrSize,
			"offset 8: a header of 4294967295 bytes is above the limit of 10000"},
		{"short header", []byte("\x93NUMPY\x01\x00\x10\x00{'descr'"), ErrFormat,
			"offset 10: want 16 bytes of the header, got 8"},
		{"short data", shape("(2,)"), ErrFormat, "offset 67: want 16 data bytes, got 8"},
		{"no data", shape("(2,)")[:67], ErrFormat, "offset 67: want 16 data bytes, got 0"},
		{"negative", shape("(-1,)"), ErrFormat, "offset 60: shape (-1,) is negative"},
		{"too many elements", shape("(4294967296, 4294967296)"), ErrSize,
			"offset 10: shape (4294967296,4294967296) has more elements than an int can count"},
		{"too many bytes", shape("(4611686018427387904,)"), ErrSize,
			"offset 10: (4611686018427387904,) of float64 has more bytes than an int can count"},
		{"more than memory", shape("(1000000000000000,)"), ErrSize,
			"offset 82: (1000000000000000,) of float64 takes 8000000000000000 bytes, more than memory"},
		{"beyond int", shape("(99999999999999999999,)"), ErrSize,
			"offset 61: the length 99999999999999999999... does not fit an int"},
		{"zero hides overflow", shape("(0, 4611686018427387904, 4611686018427387904)"), ErrSize,
			"offset 10: shape (0,4611686018427387904,4611686018427387904) has more elements than an int can count"},
		{"rank", shape("(" + strings.Repeat("1,", 65) + ")"), ErrFormat,
			"offset 60: the shape has more than 64 axes"},
		{"number", shape("3"), ErrFormat, "offset 60: the shape is \"3, }\", not a tuple"},
		{"number in brackets", shape("(1)"), ErrFormat,
			"offset 60: the shape is a number in brackets, not a tuple"},
		{"float", shape("(1.5,)"), ErrFormat, "offset 62: want a comma or ) in the shape, got \".5,), }\""},
		{"expression", shape("(1+1,)"), ErrFormat, "offset 62: want a comma or ) in the shape, got \"+1,), }\""},
		{"leading zero", shape("(01,)"), ErrFormat, "offset 61: a length with a leading zero"},
		{"comma", shape("(,)"), ErrFormat, "offset 61: want a length, got \",), }\""},
		{"open shape", shape("(1,"), ErrFormat, "offset 63: want a length, got \", }\""},
		{"object", descr("'|O'"), ErrUnsupported,
			"offset 20: dtype object is never read: its elements are programs (pickles)"},
		{"structured", descr("[('a', '<f8')]"), ErrUnsupported, "offset 20: structured dtypes are not supported"},
		{"complex", descr("'<c8'"), ErrUnsupported, `offset 20: dtype "<c8" is not supported`},
		{"half", descr("'<f2'"), ErrUnsupported, `offset 20: dtype "<f2" is not supported`},
		{"string", descr("'<U5'"), ErrUnsupported, `offset 20: dtype "<U5" is not supported`},
		{"void", descr("'|V8'"), ErrUnsupported, `offset 20: dtype "|V8" is not supported`},
		{"odd size", descr("'<f7'"), ErrUnsupported, `offset 20: dtype "<f7" is not supported`},
		{"name", descr("'float64'"), ErrUnsupported, `offset 20: dtype "float64" is not supported`},
		{"no order", descr("'|f8'"), ErrFormat, `offset 20: dtype "|f8" has no byte order`},
		{"empty dtype", descr("''"), ErrUnsupported, `offset 20: dtype "" is not supported`},
		{"number as dtype", descr("8"), ErrFormat, `offset 20: want a string, got "8, 'fortran_"`},
		{"long dtype", descr("'" + strings.Repeat("x", 5000) + "'"), ErrUnsupported,
			`offset 20: dtype "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" is not supported`},
		{"escape", descr(`'\x3cf8'`), ErrFormat, "offset 20: a string without end"},
		{"no dict", header("[]"), ErrFormat, `offset 10: the header begins with "[]", not {`},
		{"blank", header("   "), ErrFormat, "offset 13: the header begins with the end of the header, not {"},
		{"no keys", header("{}"), ErrFormat, `offset 10: key "descr" is missing`},
		{"no shape", header("{'descr': '<f8', 'fortran_order': False}"), ErrFormat,
			`offset 10: key "shape" is missing`},
		{"unknown key", header("{'descr': '<f8', 'x': 1}"), ErrFormat,
			`offset 27: key "x" is unknown or given twice`},
		{"key twice", header("{'descr': '<f8', 'descr': '<f8'}"), ErrFormat,
			`offset 27: key "descr" is unknown or given twice`},
		{"no colon", header("{'descr' '<f8'}"), ErrFormat,
			`offset 19: key "descr" is followed by "'<f8'}", not a colon`},
		{"no comma", header("{'descr': '<f8' 'shape': ()}"), ErrFormat,
			`offset 26: want a comma or } after "descr", got "'shape': ()}"`},
		{"order", header("{'fortran_order': 1}"), ErrFormat, `offset 28: fortran_order is "1}", not True or False`},
		{"behind", header("{'descr': '<f8', 'fortran_order': False, 'shape': ()} + 1"), ErrFormat,
			`offset 64: the header goes on after } with "+ 1"`},
		{"open", header("{'descr': '<f8'"), ErrFormat,
			`offset 25: want a comma or } after "descr", got the end of the header`},
		{"open string", header("{'descr"), ErrFormat, "offset 11: a string without end"},
	} {
		if math.MaxInt == math.MaxInt32 && errors.Is(c.class, ErrSize) {
			continue // the texts differ where an int has 32 bits
		}
		readers := map[string]func() (*Array, error){
			"Read":    func() (*Array, error) { return Read(bytes.NewReader(c.file)) },
			"unknown": func() (*Array, error) { return Read(iotest.DataErrReader(bytes.NewReader(c.file))) },
		}
		for how, read := range readers {
			before := allocated()
			_, err := read()
			if n := allocated() - before; n > stepBytes+1<<20 {
				t.Errorf("%s: %s took %d bytes", c.name, how, n)
			}
			if err == nil || err.Error() != "npy: "+c.want || !errors.Is(err, c.class) {
				t.Errorf("%s: %s:\n got %v\nwant npy: %s", c.name, how, err, c.want)
			}
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestNPYClaims reads files that claim more than they hold.
func TestNPYClaims(t *testing.T) {
	file := npyBytes("{'descr': '<f8', 'fortran_order': False, 'shape': (100000000,), }", "12345678")
	before := allocated()
	_, err := Read(iotest.OneByteReader(bytes.NewReader(file))) // the size of the stream is not known
	if err == nil || !strings.HasSuffix(err.Error(), "want 800000000 data bytes, got 8") {
		t.Errorf("got %v", err)
	}
	if n := allocated() - before; n > 2*stepBytes {
		t.Errorf("8 bytes took %d bytes of memory", n)
	}
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, load := range []func(string) (*Array, error){Load, Map} {
		before := allocated()
		_, err := load(path)
		if want := fmt.Sprintf("npy: %s: offset %d: want 800000000 data bytes, got 8", path,
			len(file)-8); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if n := allocated() - before; n > 1<<20 {
			t.Errorf("8 bytes took %d bytes of memory", n)
		}
	}
}

// TestNPYSteps reads an array larger than a step from a stream of unknown size.
func TestNPYSteps(t *testing.T) {
	want := Arange(0, int64(stepBytes/8*5/2), 1)
	var b bytes.Buffer
	if err := Write(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := Read(struct{ io.Reader }{&b})
	if err != nil || !Identical(got, want) {
		t.Errorf("the array does not read back: %v", err)
	}
}

func TestNPYStream(t *testing.T) {
	var b bytes.Buffer
	all := []*Array{Of(1.5, 2), Of(true, false), scalar(int8(7)), Arange(0, 24, 1).Reshape(2, 3, 4).T()}
	for _, x := range all {
		if err := Write(&b, x); err != nil {
			t.Fatal(err)
		}
	}
	b.WriteString("rest")
	for _, x := range all {
		if got, err := Read(&b); err != nil || !Identical(got, x) {
			t.Errorf("got %v, %v; want %v", got, err, x)
		}
	}
	if b.String() != "rest" {
		t.Errorf("%q is left of the stream", b.String())
	}
}

func TestNPYBools(t *testing.T) {
	file := npyBytes("{'descr': '|b1', 'fortran_order': False, 'shape': (4,), }", "\x00\x01\x02\xff")
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, load := range []func(string) (*Array, error){Load, Map} {
		if x, err := load(path); err != nil || !Identical(x, Of(false, true, true, true)) {
			t.Errorf("got %v, %v", x, err)
		}
	}
}

// TestNPYViews writes views of all kinds.
func TestNPYViews(t *testing.T) {
	base := Arange(0.0, 60, 1).Reshape(3, 4, 5)
	for _, x := range []*Array{
		base.Slice(1), base.Slice(All, Step(-2)), base.Slice(Ellipsis, Step(3)), base.Transpose(1, 0, 2), base.T(),
		Must(base.Slice(0, 0, 0).BroadcastTo(300, 400)), base.Slice(Range(2, 2)),
	} {
		var b bytes.Buffer
		if err := Write(&b, x); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(&b); err != nil || !Identical(got, x) {
			t.Errorf("got %v, %v; want %v", got, err, x)
		}
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.npy")
	want := Arange(0.0, 10, 1)
	for range 2 { // also over an existing file
		if err := Save(path, want); err != nil {
			t.Fatal(err)
		}
		if got, err := Load(path); err != nil || !Identical(got, want) {
			t.Errorf("got %v, %v", got, err)
		}
	}
	mapped, err := Map(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Save(path, mapped.Flip()); err != nil { // over the file it reads
		t.Fatal(err)
	}
	if got, err := Load(path); err != nil || !Identical(got, want.Flip()) {
		t.Errorf("got %v, %v", got, err)
	}
	if err := Save(filepath.Join(dir, "no", "x.npy"), want); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if err := Save(dir, want); err == nil {
		t.Error("a directory was written")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}

// TestSaveFails fails at every write, and finds the old file in place.
func TestSaveFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.npy")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := replace(path, 0o666, func(f *os.File) error {
		f.WriteString("half")
		f.Close()
		return broken
	})
	if err != broken {
		t.Errorf("got %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "old" {
		t.Errorf("the file is %q", text)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files are left", len(entries))
	}
	for n := range 3 {
		if err := Write(&failing{after: n}, Arange(0, 100_000, 1).Reshape(-1, 10).T()); (err == nil) != (n == 2) {
			t.Errorf("after %d writes: %v", n, err)
		}
	}
}

// failing is a writer that fails after some writes.
type failing struct{ after int }

func (f *failing) Write(b []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

func FuzzNPY(f *testing.F) {
	files, err := filepath.Glob("testdata/npy/*.npy")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := Read(bytes.NewReader(b))
		y, slowErr := Read(iotest.OneByteReader(bytes.NewReader(b)))
		if fmt.Sprint(err) != fmt.Sprint(slowErr) {
			t.Fatalf("at once %v, byte by byte %v", err, slowErr)
		}
		if err != nil {
			var bad *FormatError
			if !errors.As(err, &bad) {
				t.Fatalf("error %T: %v", err, err)
			}
			return
		}
		if x.Size()*x.DType().Size() > len(b) || !Identical(x, y) {
			t.Fatalf("%d bytes became %+v", len(b), x)
		}
		var w bytes.Buffer
		if err := Write(&w, x); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&w)
		if err != nil || !Identical(x, again) || !slices.Equal(x.Shape(), again.Shape()) {
			t.Fatalf("%+v reads back as %+v, %v", x, again, err)
		}
		_ = x.String()
	})
}
