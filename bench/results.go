package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Results is everything a run measured; it is the JSON file.
type Results struct {
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"`
	Ceilings Ceilings          `json:"ceilings"`
	Rows     []Row             `json:"rows"`
	Overhead []Overhead        `json:"overhead"`
}

// Machine is where a run took place.
type Machine struct {
	CPU    string    `json:"cpu"`
	Cores  int       `json:"cores"`
	Engine string    `json:"engine"`
	Go     string    `json:"go"`
	OS     string    `json:"os"`
	Date   time.Time `json:"date"`
}

// Row is one case at one size and number of threads.
type Row struct {
	Case     string  `json:"case"`
	DType    string  `json:"dtype"`
	N        int     `json:"n"`
	Threads  int     `json:"threads"`
	Function bool    `json:"function"`        // has a transcendental function
	Flops    float64 `json:"flops,omitempty"` // per element
	Limit    float64 `json:"limit_ns"`        // ns per element that the ceilings allow; 0: not known
	Load     float64 `json:"other_load"`      // percent of the machine that other processes took
	Entries  []Entry `json:"entries"`
}

// Entry is what one contender did in a row.
type Entry struct {
	Name string `json:"name"`
	Timing
	Accuracy
	Eligible bool   `json:"eligible"` // as accurate as Lanes
	Error    string `json:"error,omitempty"`
}

// The contenders that are ours: Program.RunTo over arrays, which every row has, and the function of slices.
const (
	lanesName = "lanes"
	funcName  = "lanes-func"
)

func (e Entry) ours() bool { return e.Name == lanesName || e.Name == funcName }

// ours returns the faster of our contenders, nil if none ran.
func (r *Row) ours() *Entry {
	run, slices := r.find(lanesName), r.find(funcName)
	if run == nil || slices != nil && slices.Min < run.Min {
		return slices
	}
	return run
}

// judge decides which contenders are eligible: by their worst result over all sizes and numbers of threads of
// a case, because a thousand elements alone say little about the accuracy of a function.
func (r *Results) judge() {
	worst := map[[3]string]Accuracy{}
	key := func(row *Row, name string) [3]string { return [3]string{row.Case, row.DType, name} }
	for i := range r.Rows {
		for _, e := range r.Rows[i].Entries {
			k := key(&r.Rows[i], e.Name)
			w := worst[k]
			worst[k] = Accuracy{max(w.ULP, e.ULP), w.Checked + e.Checked, w.SameBits + e.SameBits}
		}
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		for j, e := range row.Entries {
			row.Entries[j].Eligible = eligible(worst[key(row, e.Name)], worst[key(row, lanesName)])
		}
	}
}

// find returns the entry of a contender, nil if it did not run.
func (r *Row) find(name string) *Entry {
	for i, e := range r.Entries {
		if e.Name == name && e.Error == "" {
			return &r.Entries[i]
		}
	}
	return nil
}

// peers returns the contenders that ran and are not ours, the fastest first.
func (r *Row) peers() []Entry {
	list := slices.DeleteFunc(slices.Clone(r.Entries), func(e Entry) bool {
		return e.ours() ||
			e.Error != ""
	})
	slices.SortStableFunc(list, func(a, b Entry) int {
		if a.Min < b.Min {
			return -1
		}
		return 1
	})
	return list
}

// best is the fastest eligible peer, nil if there is none.
func (r *Row) best() *Entry {
	for _, e := range r.peers() {
		if e.Eligible {
			return &e
		}
	}
	return nil
}

// ratio is how many times longer e takes than the faster of ours; NaN if Lanes did not run.
func (r *Row) ratio(e *Entry) float64 {
	lanes := r.ours()
	if lanes == nil || e == nil {
		return math.NaN()
	}
	return e.Min / lanes.Min
}

// name identifies the row in text.
func (r *Row) name() string {
	return fmt.Sprintf("%s %s n=%s, %d %s", r.Case, r.DType, shortNumber(r.N), r.Threads, plural(r.Threads,
		"thread"))
}

// loaded says whether other processes took part of the machine.
func (r *Row) loaded() bool { return r.Load > manyPercent }

// line tells of a row while the run goes on.
func (r *Row) line() string {
	var parts []string
	for _, e := range r.Entries {
		if e.Error != "" {
			parts = append(parts, e.Name+" failed: "+e.Error)
		} else {
			parts = append(parts, e.Name+" "+figure(e.Min))
		}
	}
	if r.loaded() {
		parts = append(parts, fmt.Sprintf("other load %.0f %%", r.Load))
	}
	return r.name() + ": " + strings.Join(parts, "; ")
}

func describeMachine() Machine {
	return Machine{CPU: cpuName(), Cores: runtime.NumCPU(), Engine: engineName(), Go: runtime.Version(),
		OS: runtime.GOOS + "/" + runtime.GOARCH, Date: time.Now().UTC().Truncate(time.Second)}
}

// cpuName is what Linux calls the processor, elsewhere the architecture.
func cpuName() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// libraryVersions are those of the Go peers, from the build.
func libraryVersions() map[string]string {
	v := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, m := range info.Deps {
		switch m.Path {
		case "gonum.org/v1/gonum":
			v["gonum"] = m.Version
		case "github.com/viterin/vek":
			v["vek"] = m.Version
		}
	}
	return v
}

// write puts bench.md, bench.json and bench.svg into dir. If readme is set it puts the table into README.md, and what
// README.md links to, all rows and the picture, into bench/results.
func (r *Results) write(dir, root string, readme bool) error {
	if err := r.writeFiles(dir); err != nil {
		return err
	}
	say("results in " + dir)
	if !readme {
		return nil
	}
	if err := r.writeFiles(filepath.Join(root, "bench", "results")); err != nil {
		return err
	}
	file := filepath.Join(root, "README.md")
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, err := replaceBetween(string(old), r.readme())
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

func (r *Results) writeFiles(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "bench.json"), b, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "bench.md"), []byte(r.markdown()), 0o644); err != nil {
		return err
	}
	return r.chart(filepath.Join(dir, "bench.svg"))
}

// The table of the README stands between these lines.
const (
	beginMark = "<!-- bench -->"
	endMark   = "<!-- /bench -->"
)

// replaceBetween replaces what stands between the two markers.
func replaceBetween(text, table string) (string, error) {
	before, rest, ok := strings.Cut(text, beginMark)
	_, after, ok2 := strings.Cut(rest, endMark)
	if !ok || !ok2 {
		return "", fmt.Errorf("the lines %s and %s are missing", beginMark, endMark)
	}
	return before + beginMark + "\n" + strings.TrimSpace(table) + "\n" + endMark + after, nil
}
