// Command bench measures Lanes side by side with peers on the same work in one run, and writes a Markdown
// table, a JSON file and an SVG chart. It may import every package of the library; the library knows nothing
// of it.
//
//	go run ./bench                   Lanes, plain Go loops, gonum/floats and vek
//	go run ./bench -peers            also NumPy, NumExpr, Numba with SVML, JAX and C, in bench/.venv
//	go run ./bench -quick            a few cases, in less than two minutes
//
// The cases are the rows of the table in cases.go. Contenders of a case take turns, so that whatever else
// happens on the machine happens to all of them; every result is compared, and its accuracy measured, in the
// same run.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// options are the command line.
type options struct {
	peers, quick, readme bool
	match                *regexp.Regexp
	sizes, threads       []int
	out                  string
}

func main() {
	o, err := parseFlags(os.Args[1:])
	if err == flag.ErrHelp {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parseFlags(args []string) (*options, error) {
	var o options
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.BoolVar(&o.peers, "peers", false, "also measure the Python and C peers; builds bench/.venv")
	set.BoolVar(&o.quick, "quick", false, "a few cases and samples: to see that everything works")
	set.BoolVar(&o.readme, "readme", false, "rewrite the table in README.md")
	match := set.String("case", "", "only the cases that match this regular `expression`")
	sizes := set.String("n", "1e3,1e5,1e7", "numbers of elements, separated by commas")
	threads := set.String("threads", "1,2", "numbers of threads, separated by commas")
	set.StringVar(&o.out, "o", filepath.Join("bench", "out"), "`directory` of the results")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	given := map[string]bool{}
	set.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if o.quick && !given["case"] {
		*match = "^(add|cmp3|exp|strided)$"
	}
	if o.quick && !given["n"] {
		*sizes = "1e3,1e5"
	}
	var err error
	if o.match, err = regexp.Compile(*match); err != nil {
		return nil, fmt.Errorf("-case: %w", err)
	}
	if o.sizes, err = parseNumbers(*sizes, 1e9); err != nil {
		return nil, fmt.Errorf("-n: %w", err)
	}
	if o.threads, err = parseNumbers(*threads, 1024); err != nil {
		return nil, fmt.Errorf("-threads: %w", err)
	}
	if !slices.ContainsFunc(cases, func(c Case) bool { return o.match.MatchString(c.Name) }) {
		return nil, fmt.Errorf("-case: no case matches %q", *match)
	}
	return &o, nil
}

// parseNumbers reads whole numbers from 1 to limit, such as 1e5,200.
func parseNumbers(list string, limit float64) ([]int, error) {
	var r []int
	for s := range strings.SplitSeq(list, ",") {
		x, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil || x < 1 || x > limit || x != float64(int(x)) {
			return nil, fmt.Errorf("%q is not a whole number from 1 to %g", s, limit)
		}
		r = append(r, int(x))
	}
	return r, nil
}

func say(text string) { fmt.Fprintln(os.Stderr, text) }

// run measures and writes the results.
func run(o *options) error {
	root, err := findRoot()
	if err != nil {
		return err
	}
	effort := fullEffort
	if o.quick {
		effort = quickEffort
	}
	s := &session{options: o, effort: effort, workers: map[int]*worker{}}
	if o.peers {
		env, err := setupPeers(root, say)
		if err != nil {
			return err
		}
		for _, t := range o.threads {
			if s.workers[t], err = startWorker(env, t); err != nil {
				return err
			}
		}
	}
	r, err := s.measureAll()
	for _, w := range s.workers {
		if e := w.close(); err == nil {
			err = e
		}
	}
	if err != nil {
		return err
	}
	return r.write(o.out, root, o.readme)
}

// session is what a run needs while it measures.
type session struct {
	*options
	effort  Effort
	workers map[int]*worker // by number of threads; none without -peers
}

func (s *session) measureAll() (*Results, error) {
	r := &Results{Machine: describeMachine(), Versions: libraryVersions()}
	for _, w := range s.workers {
		for name, v := range w.Versions {
			r.Versions[name] = v
		}
	}
	say("ceilings")
	var err error
	if r.Ceilings, err = measureCeilings(s.sizes, s.threads, s.effort); err != nil {
		return nil, err
	}
	for i := range cases {
		c := &cases[i]
		if !s.match.MatchString(c.Name) {
			continue
		}
		for _, dtype := range c.DTypes {
			for _, n := range s.sizes {
				d := newData(c, dtype, n)
				step := checkStep(d.N)
				exact := reference(d, step)
				for _, t := range s.threads {
					row, err := s.measureRow(d, t, step, exact, &r.Ceilings)
					if err != nil {
						return nil, err
					}
					r.Rows = append(r.Rows, row)
					say(row.line())
				}
			}
		}
	}
	r.judge()
	say("call overhead")
	r.Overhead, err = measureOverhead(s.workers[s.threads[0]], s.effort)
	return r, err
}

// measureRow measures all contenders of one case at one size and number of threads.
func (s *session) measureRow(d *Data, threads, step int, exact []dd, limits *Ceilings) (Row, error) {
	row := Row{Case: d.Case.Name, DType: d.DType, N: d.N, Threads: threads, Function: d.Case.Function,
		Flops: d.Case.Flops, Limit: limits.limit(d, threads)}
	list, err := lanesContenders(d, threads)
	if err != nil {
		return row, err
	}
	list = append(list, goContenders(d, threads)...)
	if w := s.workers[threads]; w != nil {
		peers, failed, err := w.contenders(d)
		if err != nil {
			return row, err
		}
		list = append(list, peers...)
		for name, text := range failed {
			row.Entries = append(row.Entries, Entry{Name: name, Error: text})
		}
	}
	var first []float64
	accuracies := make([]Accuracy, len(list))
	for i, c := range list {
		got, err := c.Output(step)
		if i == 0 {
			first = got
		}
		if err == nil {
			accuracies[i], err = accuracy(d, got, first, exact)
		}
		if err != nil {
			return row, fmt.Errorf("%s %s n=%d threads=%d: %s: %w", d.Case.Name, d.DType, d.N, threads,
				c.Name, err)
		}
	}
	var pids []int
	for _, w := range s.workers {
		pids = append(pids, w.cmd.Process.Pid)
	}
	meter := newLoadMeter(pids)
	timings, errs := measure(list, d.N, s.effort)
	row.Load = meter.percent()
	for i, c := range list {
		e := Entry{Name: c.Name, Timing: timings[i], Accuracy: accuracies[i]}
		if errs[i] != nil {
			e.Error = errs[i].Error()
		}
		row.Entries = append(row.Entries, e)
	}
	return row, nil
}
