package simd

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanes-go/lanes/internal/amd64"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compares what becomes of small programs with files under testdata: the optimised program, and the
// instructions that each back end selects for it. Run with -update to rewrite them, and read the difference.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text := string(data)
			comment, _, _ := strings.Cut(text, "-- ")
			parts := parseArchive(text)
			p, err := Parse(parts["program"])
			if err != nil {
				t.Fatal(err)
			}
			q := optimise(p, Options{Contract: strings.Contains(comment, "contract")})
			got := comment + "-- program --\n" + p.String() + "-- optimised --\n" + q.String()
			for _, set := range sets {
				l, err := translate(q, set.isa, 0)
				if err != nil {
					t.Fatal(err)
				}
				got += "-- " + set.engine.String() + " --\n" + listingText(l.code)
			}
			if got == text {
				return
			}
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("%s has changed (run with -update if it should):\n%s", file, firstChange(text, got))
		})
	}
}

func listingText(code []amd64.Inst) string {
	var s strings.Builder
	for _, in := range code {
		if in.Op != amd64.LABEL {
			s.WriteString("  ")
		}
		s.WriteString(in.String() + "\n")
	}
	return s.String()
}

// parseArchive splits text in the form of txtar: files behind lines "-- name --".
func parseArchive(text string) map[string]string {
	parts := map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok && strings.HasSuffix(rest, " --") {
			name = strings.TrimSuffix(rest, " --")
			continue
		}
		parts[name] += line
	}
	return parts
}

// firstChange shows the first lines that differ.
func firstChange(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(the end)", "(the end)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, a, b)
		}
	}
	return ""
}
