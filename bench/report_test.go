package main

import (
	"encoding/base64"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestStatistics(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{{[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5}, {[]float64{7}, 7}} {
		if got := median(c.x); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.x, got, c.want)
		}
	}
	if !math.IsNaN(median(nil)) || !math.IsNaN(geometricMean(nil)) {
		t.Error("no samples are no number")
	}
	if got := geometricMean([]float64{1, 4, 2}); math.Abs(got-2) > 1e-15 {
		t.Errorf("geometric mean %v", got)
	}
}

func TestFigures(t *testing.T) {
	for x, want := range map[float64]string{0: "–", 0.012345: "0.0123", 1.2345: "1.23", 12.345: "12.3",
		123.45: "123",
		1234.5: "1234", math.Inf(1): "–"} {
		if got := figure(x); got != want {
			t.Errorf("figure(%v) = %q, want %q", x, got, want)
		}
	}
	for n, want := range map[int]string{1000: "1e3", 100000: "1e5", 99856: "99856", 8: "8", 30000: "3e4"} {
		if got := shortNumber(n); got != want {
			t.Errorf("shortNumber(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]int{961: 1000, 1000: 1000, 99856: 100000, 9998244: 10000000, 2000: 2000} {
		if got := magnitude(n); got != want {
			t.Errorf("magnitude(%d) = %d, want %d", n, got, want)
		}
	}
}

// sampleResults has a row where Lanes wins, one where it is behind, and one with a peer that is fast and
// inaccurate.
func sampleResults() *Results {
	entry := func(name string, ns float64, ok bool) Entry {
		return Entry{Name: name, Timing: Timing{Min: ns, Median: ns * 1.1}, Eligible: ok}
	}
	return &Results{
		Machine: Machine{CPU: "cpu", Cores: 2, Engine: "avx2", Go: "go1", OS: "linux/amd64",
			Date: time.Unix(0, 0).UTC()},
		Rows: []Row{
			{Case: "add", DType: "f64", N: 1e7, Threads: 1, Limit: 0.5, Entries: []Entry{
				entry("lanes", 1, true), entry("go", 2, true), entry("c", 4, true)}},
			{Case: "add", DType: "f64", N: 1e3, Threads: 1, Load: 20, Entries: []Entry{
				entry("lanes", 2, true), entry("lanes-func", 1.5, true), entry("go", 1, true), {Name: "jax",
					Error: "no"}}},
			{Case: "exp", DType: "f64", N: 1e5, Threads: 1, Function: true, Entries: []Entry{
				entry("lanes", 1, true), entry("c-fast", 0.5, false), entry("go", 8, true)}},
		},
		Overhead: []Overhead{{"call_add8", map[string]float64{"go": 0.01, "numpy": 1}}},
	}
}

func TestTable(t *testing.T) {
	r := sampleResults()
	lines := strings.Split(strings.TrimSpace(table(r.Rows, true)), "\n")
	want := []string{
		"| add | f64 | 1e7 | 1 | 0.500 | 1.00 (1.10) | go 2.00 (2.20) | 2.00 | c 4.00 |",
		"| add! | f64 | 1e3 | 1 | – | 1.50 (1.65) func | go 1.00 (1.10) | 0.67 | lanes 2.00 |",
		"| exp | f64 | 1e5 | 1 | – | 1.00 (1.10) | go 8.00 (8.80) | 8.00 | c-fast~ 0.500 |",
	}
	for i, w := range want {
		if lines[2+i] != w {
			t.Errorf("row %d\n got %s\nwant %s", i, lines[2+i], w)
		}
	}
	s := r.means() + r.behind(true)
	for _, w := range []string{
		"| **best eligible** | 1.15 | 2 | 8.00 | 1 |", "| go | 1.15 | 2 | 8.00 | 1 |",
		"| c | 4.00 | 1 | – | 0 |",
		"in 1 of 3 rows", "- add f64 n=1e3, 1 thread: 0.67 (go 1.00, lanes 1.50)",
	} {
		if !strings.Contains(s, w) {
			t.Errorf("summary lacks %q:\n%s", w, s)
		}
	}
	if strings.Contains(s, "lanes-func") {
		t.Error("lanes-func counts as a peer")
	}
	if !strings.Contains(r.markdown(), "| call_add8 | go 0.0100; numpy 1.00 |") {
		t.Error("the report lacks the calls")
	}
	r.Rows = r.Rows[:1]
	if got := r.behind(true); !strings.HasSuffix(got, " in 0 of 1 rows.\n") {
		t.Errorf("a clean run: %s", got)
	}
}

func TestScaling(t *testing.T) {
	row := func(name string, threads int, ns float64) Row {
		return Row{Case: name, DType: "f64", N: 1e5, Threads: threads, Entries: []Entry{
			{Name: "lanes", Timing: Timing{Min: ns}}}}
	}
	r := Results{Rows: []Row{row("add", 1, 1), row("add", 2, 1), row("exp", 1, 4), row("exp", 2, 1)}}
	if got := r.scaling(); !strings.HasSuffix(got, "\n| lanes | 1e5 | 2 | 2.00 | 1.00 | add f64 |\n") {
		t.Errorf("scaling:\n%s", got)
	}
}

func TestLoadMeter(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc/stat of Linux")
	}
	busy := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); {
		}
	}
	own, blind := newLoadMeter(nil), newLoadMeter(nil)
	blind.pids = nil
	blind.spent = blind.others()
	busy(300 * time.Millisecond)
	// Only the second counts this process.
	if a, b := own.percent(), blind.percent(); !(b > a) || a < 0 {
		t.Errorf("others %v %%, all %v %%", a, b)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	readme := filepath.Join(dir, "README.md")
	if err := os.WriteFile(readme, []byte("a\n"+beginMark+"\nold\n"+endMark+"\nz\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if err := sampleResults().write(out, dir, true); err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string]string{"bench.md": "# Lanes", "bench.json": `"min_ns"`,
		"bench.svg": "</svg>"} {
		b, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || !strings.Contains(string(b), part) {
			t.Errorf("%s lacks %q: %v", name, part, err)
		}
	}
	for _, name := range []string{"bench.md", "bench.svg"} { // what README.md links to
		if _, err := os.Stat(filepath.Join(dir, "bench", "results", name)); err != nil {
			t.Error(err)
		}
	}
	b, _ := os.ReadFile(readme)
	text := string(b)
	if !strings.HasPrefix(text, "a\n"+beginMark+"\ncpu, 2 cores") || !strings.HasSuffix(text,
		"(bench/results/bench.md)\n"+endMark+"\nz\n") ||
		strings.Contains(text, "old") || !strings.Contains(text, "| add | f64 | 1e7 |") {
		t.Errorf("README.md:\n%s", text)
	}
	if _, err := replaceBetween("no marks", ""); err == nil {
		t.Error("no error without the markers")
	}
}

func TestMeasureTakesTurns(t *testing.T) {
	var order string
	contender := func(name string, ns time.Duration, err error) Contender {
		return Contender{Name: name, Sample: func(reps int) (time.Duration, error) {
			order += name
			return ns * time.Duration(reps), err
		}}
	}
	list := []Contender{contender("a", 1000, nil), contender("b", 3000, nil), contender("x", 0,
		errors.New("broken"))}
	timings, errs := measure(list, 10, Effort{Samples: 4, Sample: time.Millisecond, Budget: time.Hour})
	if timings[0].Min != 100 || timings[1].Median != 300 || errs[0] != nil || errs[2] == nil {
		t.Errorf("timings %v, errors %v", timings, errs)
	}
	if timings[0].Reps < 1000 || timings[1].Reps < 334 || timings[0].Samples != 4 {
		t.Errorf("timings %v", timings)
	}
	// Each round begins with the next contender: ab, b(x)a, (x)ab, ab.
	if !strings.HasSuffix(order, "abbaabab") {
		t.Errorf("order %s", order)
	}
}

func TestEligible(t *testing.T) {
	lanes := Accuracy{ULP: 0.9, Checked: 10, SameBits: 10}
	for _, c := range []struct {
		a    Accuracy
		want bool
	}{
		{Accuracy{ULP: 0.98, Checked: 10}, true},
		{Accuracy{ULP: 1.01, Checked: 10}, false},
		{Accuracy{ULP: 50, Checked: 10, SameBits: 10}, true},
	} {
		if got := eligible(c.a, lanes); got != c.want {
			t.Errorf("eligible(%v) = %v", c.a, got)
		}
	}
	if !eligible(Accuracy{ULP: 70, Checked: 10}, Accuracy{ULP: 70, Checked: 10}) {
		t.Error("as accurate as Lanes is eligible")
	}
}

func TestJudge(t *testing.T) {
	row := func(n int, ulp float64) Row {
		return Row{Case: "exp", DType: "f64", N: n, Entries: []Entry{
			{Name: "lanes", Accuracy: Accuracy{ULP: 0.6, Checked: n, SameBits: n}},
			{Name: "c-fast", Accuracy: Accuracy{ULP: ulp, Checked: n}}}}
	}
	r := Results{Rows: []Row{row(1000, 0.9), row(100000, 1.8)}}
	r.judge()
	for _, row := range r.Rows {
		if !row.Entries[0].Eligible || row.Entries[1].Eligible {
			t.Errorf("n=%d: lanes %v, c-fast %v", row.N, row.Entries[0].Eligible, row.Entries[1].Eligible)
		}
	}
}

func TestDecode(t *testing.T) {
	got, err := decode("i4", base64.StdEncoding.EncodeToString([]byte{1, 0, 0, 0, 255, 255, 255, 255}))
	if err != nil || len(got) != 2 || got[0] != 1 || got[1] != -1 {
		t.Errorf("%v, %v", got, err)
	}
	for _, c := range [][2]string{{"O8", ""}, {"f8", "%"}} {
		if _, err := decode(c[0], c[1]); err == nil {
			t.Errorf("decode(%q): no error", c)
		}
	}
}

func TestFlags(t *testing.T) {
	o, err := parseFlags([]string{"-quick", "-threads", "2"})
	if err != nil || len(o.sizes) != 2 || len(o.threads) != 1 || o.match.MatchString("log") {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range [][]string{{"-n", "0"}, {"-n", "1.5"}, {"-n", "x"}, {"-threads", ""}, {"-case",
		"("}, {"-case", "zz"},
		{"extra"}} {
		if _, err := parseFlags(bad); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}
