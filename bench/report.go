package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// markdown is the whole report.
func (r *Results) markdown() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "# Lanes and its peers\n\n%s, %d %s, %s, engine %s, %s, %s.", m.CPU, m.Cores,
		plural(m.Cores, "core"), m.OS, m.Engine, m.Go, m.Date.Format("2006-01-02"))
	for _, name := range slices.Sorted(maps.Keys(r.Versions)) {
		fmt.Fprintf(&b, " %s %s.", name, strings.TrimPrefix(r.Versions[name], "v"))
	}
	b.WriteString("\n\n" + legend + "\n\n")
	b.WriteString(r.means())
	b.WriteString("\n" + r.behind(true))
	b.WriteString("\n## Element-wise\n\n")
	b.WriteString(table(r.Rows, true))
	b.WriteString("\n## Threads\n\n" +
		"Time on one thread over that on more: geometric mean of the cases, least.\n\n")
	b.WriteString(r.scaling())
	b.WriteString("\n## Accuracy\n\nLargest error in units in the last place, on the data of the case.\n\n")
	b.WriteString(r.accuracies())
	b.WriteString("\n## Ceilings\n\n")
	b.WriteString(r.Ceilings.markdown())
	b.WriteString("\n## Calls\n\nMicroseconds per call.\n\n| case | contender: µs |\n|---|---|\n")
	for _, o := range r.Overhead {
		if len(o.US) == 0 {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s |\n", o.Case, o.line())
	}
	return b.String()
}

const legend = "Nanoseconds per element: the minimum of interleaved samples (median in brackets). `lanes` " +
	"is a compiled expression run into an array, or the function of slices (`func`) where that " +
	"is faster. `limit` is what the memory and FMA ceilings of the same run allow. `best peer` " +
	"is the fastest that is as accurate as Lanes; `~` marks those that are not, measured on the " +
	"same data. `ratio` is the time of the best peer over that of Lanes: above 1 Lanes is " +
	"faster. `!` marks rows during which other processes took more than 5 % of the machine. C is timed " +
	"inside C, without the call that each run of Lanes pays (some 20 ns)."

// readme is the short form for README.md: the means, and the rows in the cache on the fewest threads and in
// memory on the most.
func (r *Results) readme() string {
	low, high := math.MaxInt, 0
	for _, row := range r.Rows {
		low, high = min(low, row.Threads), max(high, row.Threads)
	}
	var rows []Row
	for _, row := range r.Rows {
		if n := magnitude(row.N); n == 1e5 && row.Threads == low || n == 1e7 && row.Threads == high {
			rows = append(rows, row)
		}
	}
	m := r.Machine
	where := fmt.Sprintf("%s, %d %s, engine %s, %s.\n\n", m.CPU, m.Cores, plural(m.Cores, "core"), m.Engine,
		m.Go)
	const picture = "![Time of the best peer over that of Lanes, case by case](bench/results/bench.svg)\n\n"
	const all = "[All rows, contenders, accuracies and ceilings](bench/results/bench.md)\n"
	return where + r.means() + "\n" + r.behind(false) + "\n" + picture + legend + "\n\n" + table(rows, false) + "\n" + all
}

// table has one line per row, with all contenders or only Lanes and the best of the others.
func table(rows []Row, all bool) string {
	var b strings.Builder
	b.WriteString("| case | dtype | n | thr | limit | lanes | best peer | ratio |")
	rule := "|---|---|--:|--:|--:|--:|---|--:|"
	if all {
		b.WriteString(" others |")
		rule += "---|"
	}
	b.WriteString("\n" + rule + "\n")
	for _, row := range rows {
		lanes, best := "–", "–"
		if e := row.ours(); e != nil {
			lanes = fmt.Sprintf("%s (%s)", figure(e.Min), figure(e.Median))
			if row.Flops >= 16 {
				lanes += fmt.Sprintf(" %s GFLOP/s", figure(row.Flops/e.Min))
			}
			if e.Name == funcName {
				lanes += " func"
			}
		}
		winner := row.best()
		if winner != nil {
			best = fmt.Sprintf("%s %s (%s)", winner.Name, figure(winner.Min), figure(winner.Median))
		}
		load := ""
		if row.loaded() {
			load = "!"
		}
		fmt.Fprintf(&b, "| %s%s | %s | %s | %d | %s | %s | %s | %s |", row.Case, load, row.DType,
			shortNumber(row.N),
			row.Threads, figure(row.Limit), lanes, best, ratioText(row.ratio(winner)))
		if all {
			fmt.Fprintf(&b, " %s |", row.others(winner))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// others lists all contenders but the faster of ours and the winner.
func (r *Row) others(winner *Entry) string {
	var list []string
	for _, e := range r.Entries {
		if e.ours() && e.Error == "" && e.Name != r.ours().Name {
			list = append(list, e.Name+" "+figure(e.Min))
		}
	}
	for _, e := range r.peers() {
		if winner == nil || e.Name != winner.Name {
			list = append(list, e.Name+mark(e)+" "+figure(e.Min))
		}
	}
	return strings.Join(list, "; ")
}

// means has the geometric means against each peer.
func (r *Results) means() string {
	var b strings.Builder
	b.WriteString("Time of each peer over that of Lanes, geometric mean over the rows that both have:\n\n")
	b.WriteString("| peer | arithmetic | rows | with functions | rows |\n|---|--:|--:|--:|--:|\n")
	line := func(name string, peer func(*Row) *Entry) {
		var mean [2]float64
		var count [2]int
		for k, function := range []bool{false, true} {
			ratios := r.ratios(function, peer)
			mean[k], count[k] = geometricMean(ratios), len(ratios)
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %d |\n", name, ratioText(mean[0]), count[0],
			ratioText(mean[1]), count[1])
	}
	line("**best eligible**", (*Row).best)
	for _, name := range r.peerNames() {
		line(name, func(row *Row) *Entry { return row.find(name) })
	}
	return b.String()
}

// behind counts the rows where Lanes is more than 5 % slower than the best peer, and names them.
func (r *Results) behind(name bool) string {
	late := []string{}
	for i := range r.Rows {
		row := &r.Rows[i]
		if best := row.best(); row.ratio(best) < 1/1.05 {
			late = append(late, fmt.Sprintf("- %s: %s (%s %s, lanes %s)\n", row.name(),
				ratioText(row.ratio(best)),
				best.Name, figure(best.Min), figure(row.ours().Min)))
		}
	}
	text := fmt.Sprintf("Lanes is more than 5 %% behind the best eligible peer in %d of %d rows", len(late),
		len(r.Rows))
	if !name || len(late) == 0 {
		return text + ".\n"
	}
	return text + ":\n\n" + strings.Join(late, "")
}

// scaling compares the same cases on one and on more threads.
func (r *Results) scaling() string {
	type key struct {
		name       string
		n, threads int
	}
	ratios, least := map[key][]float64{}, map[key]string{}
	var order []key
	for i := range r.Rows {
		one := &r.Rows[i]
		for j := range r.Rows {
			more := &r.Rows[j]
			if one.Threads != 1 || more.Threads == 1 || one.Case != more.Case || one.DType != more.DType ||
				one.N != more.N {
				continue
			}
			for _, e := range more.Entries {
				single := one.find(e.Name)
				if single == nil || e.Error != "" {
					continue
				}
				k := key{e.Name, magnitude(one.N), more.Threads}
				x := single.Min / e.Min
				if ratios[k] == nil {
					order = append(order, k)
				}
				if ratios[k] == nil || x < slices.Min(ratios[k]) {
					least[k] = one.Case + " " + one.DType
				}
				ratios[k] = append(ratios[k], x)
			}
		}
	}
	var b strings.Builder
	b.WriteString("| contender | n | threads | mean | least | where |\n|---|--:|--:|--:|--:|---|\n")
	for _, k := range order {
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %s | %s |\n", k.name, shortNumber(k.n), k.threads,
			ratioText(geometricMean(ratios[k])), ratioText(slices.Min(ratios[k])), least[k])
	}
	return b.String()
}

// ratios lists peer's time over that of Lanes for the rows that have both.
func (r *Results) ratios(function bool, peer func(*Row) *Entry) []float64 {
	var list []float64
	for i := range r.Rows {
		row := &r.Rows[i]
		if x := row.ratio(peer(row)); row.Function == function && !math.IsNaN(x) {
			list = append(list, x)
		}
	}
	return list
}

// peerNames lists the contenders that are not ours.
func (r *Results) peerNames() []string {
	names := map[string]bool{}
	for _, row := range r.Rows {
		for _, e := range row.Entries {
			if !e.ours() {
				names[e.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// accuracies has one line per case and dtype, from its row with the most checked elements.
func (r *Results) accuracies() string {
	var b strings.Builder
	b.WriteString("| case | dtype | contender: ULP |\n|---|---|---|\n")
	seen := map[string]*Row{}
	var order []string
	for i := range r.Rows {
		row := &r.Rows[i]
		key := row.Case + " | " + row.DType
		if seen[key] == nil {
			order = append(order, key)
		}
		if seen[key] == nil || len(row.Entries) > 0 && row.Threads == 1 && row.N > seen[key].N {
			seen[key] = row
		}
	}
	for _, key := range order {
		if ours := seen[key].find(lanesName); ours != nil && ours.ULP > 100 {
			continue // what cancellation leaves says nothing about anyone's accuracy
		}
		parts, rounded := []string{}, false
		for _, e := range seen[key].Entries {
			if e.Error == "" {
				parts = append(parts, fmt.Sprintf("%s%s %.3f", e.Name, mark(e), e.ULP))
				rounded = rounded || e.ULP > 0.5
			}
		}
		if rounded {
			fmt.Fprintf(&b, "| %s | %s |\n", key, strings.Join(parts, "; "))
		}
	}
	return b.String()
}

// mark is ~ for a contender that is less accurate than Lanes.
func mark(e Entry) string {
	if e.Eligible || e.ours() {
		return ""
	}
	return "~"
}

// figure writes three significant digits; – for nothing.
func figure(x float64) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	decimals := 2 - int(math.Floor(math.Log10(math.Abs(x))))
	return strconv.FormatFloat(x, 'f', min(max(decimals, 0), 9), 64)
}

func ratioText(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

// shortNumber writes 1e5 for 100000, and other numbers in full.
func shortNumber(n int) string {
	for e, p := 3, 1000; p <= n; e, p = e+1, p*10 {
		if n%p == 0 && n/p < 10 {
			return fmt.Sprintf("%de%d", n/p, e)
		}
	}
	return strconv.Itoa(n)
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
