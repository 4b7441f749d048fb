package lanes_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/lanes-go/lanes"

// layers is the order of the packages, after go/build/deps_test.go: in "a, b < c" package c may import a and b,
// and whatever they may import. Packages not ordered by it must not import each other; a package not named here
// is an error.
const layers = `
	internal/amd64, internal/execmem < simd;
	simd, parallel < kernels < ndarray < expr < bench, cmd/lanes;
`

// testLayers is what the tests of a package may import besides.
const testLayers = `
	internal/execmem < internal/amd64;
`

// modules says which files may import which module, or which package of our own that is not in the order.
// "tests" means the _test.go files of all packages.
const modules = `
	golang.org/x/sys:                  internal/execmem/*.go internal/execmem/guard/*.go ndarray/map*.go;
	github.com/klauspost/cpuid/v2:     simd/engine.go;
	gonum.org/v1/gonum:                bench/*.go tests;
	gonum.org/v1/plot:                 bench/*.go;
	github.com/viterin/vek:            bench/*.go;
	github.com/spf13/cobra:            cmd/lanes/*.go;
	github.com/schollz/progressbar/v3: cmd/lanes/*.go bench/*.go;
	pgregory.net/rapid:                tests;
	github.com/lanes-go/lanes/internal/execmem/guard: tests;
`

// TestLayers reads the imports of every Go file, whatever its build constraints, and holds them against the tables.
func TestLayers(t *testing.T) {
	below, testBelow := parseLayers(t, layers), parseLayers(t, layers+testLayers)
	allowed := parseModules(t, modules)
	fset := token.NewFileSet()
	seen := map[string]bool{}
	for _, file := range goFiles(t) {
		pkg := path.Dir(file)
		f, err := parser.ParseFile(fset, filepath.FromSlash(file), nil, parser.ImportsOnly)
		if err != nil {
			t.Error(err)
			continue
		}
		seen[pkg] = true
		if pkg != "." && below[pkg] == nil && allowed[module+"/"+pkg] == nil {
			t.Errorf("%s: package %s has no place in the order of the packages", file, pkg)
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatalf("%s: import %s: %v", file, spec.Path.Value, err)
			}
			order := below
			if strings.HasSuffix(file, "_test.go") {
				order = testBelow
			}
			if why := forbidden(file, imported, order, allowed); why != "" {
				t.Errorf("%s imports %s: %s", fset.Position(spec.Pos()), imported, why)
			}
		}
	}
	for pkg := range below {
		if !seen[pkg] {
			t.Errorf("package %s is in the order of the packages but has no file", pkg)
		}
	}
}

// TestLayersRefuse shows that the rules above can fail.
func TestLayersRefuse(t *testing.T) {
	below, allowed := parseLayers(t, layers), parseModules(t, modules)
	for _, c := range []struct {
		file, imported string
		ok             bool
	}{
		{"expr/parse.go", module + "/simd", true},
		{"expr/parse.go", module + "/ndarray", true},
		{"expr/parse.go", "slices", true},
		{"expr/parse_test.go", module + "/expr", true},
		{"expr/parse_test.go", "pgregory.net/rapid", true},
		{"expr/parse_test.go", module + "/internal/execmem/guard", true},
		{"simd/engine.go", "github.com/klauspost/cpuid/v2", true},
		{"simd/level.go", module + "/internal/amd64", true},
		{"internal/execmem/mem_linux.go", "golang.org/x/sys/unix", true},
		{"simd/level.go", module + "/kernels", false},
		{"simd/level_test.go", module + "/kernels", false},
		{"simd/level.go", module + "/parallel", false},
		{"simd/builder.go", "github.com/klauspost/cpuid/v2", false},
		{"kernels/func.go", module + "/internal/other", false},
		{"expr/parse.go", module + "/internal/execmem/guard", false},
		{"kernels/func.go", "golang.org/x/sys/unix", false},
		{"kernels/func.go", "pgregory.net/rapid", false},
		{"expr/parse.go", "github.com/spf13/cobra", false},
		{"expr/parse.go", "example.com/unknown", false},
		{"bench/c.go", "C", false},
		{"bench/main.go", module + "/cmd/lanes", false},
	} {
		if why := forbidden(c.file, c.imported, below, allowed); (why == "") != c.ok {
			t.Errorf("%s importing %s: got %q, want allowed = %t", c.file, c.imported, why, c.ok)
		}
	}
}

// forbidden says why file must not import the package imported, or "" where it may.
func forbidden(file, imported string, below map[string]map[string]bool, allowed map[string][]string) string {
	pkg := path.Dir(file)
	if imported == "C" {
		return "no cgo"
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return "" // the standard library
	}
	for mod, patterns := range allowed {
		if imported != mod && !strings.HasPrefix(imported, mod+"/") {
			continue
		}
		for _, p := range patterns {
			if match, _ := path.Match(p, file); match || p == "tests" && strings.HasSuffix(file, "_test.go") {
				return ""
			}
		}
		return "it is only for " + strings.Join(patterns, " ")
	}
	if own, ok := strings.CutPrefix(imported, module+"/"); ok {
		if below[pkg][own] || own == pkg {
			return ""
		}
		return "package " + own + " is not below package " + pkg
	}
	return "an unknown module"
}

// goFiles lists the Go files of the module.
func goFiles(t *testing.T) []string {
	var files []string
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && name != "." && (base == "testdata" || base[0] == '.' || base[0] == '_') {
			return filepath.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(base, ".go") && base[0] != '.' && base[0] != '_' {
			files = append(files, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// parseLayers returns for each package the set of packages below it.
func parseLayers(t *testing.T, text string) map[string]map[string]bool {
	below := map[string]map[string]bool{}
	set := func(pkg string) map[string]bool {
		if below[pkg] == nil {
			below[pkg] = map[string]bool{}
		}
		return below[pkg]
	}
	for chain := range statements(text) {
		var previous []string
		for level := range strings.SplitSeq(chain, "<") {
			packages := strings.Fields(strings.ReplaceAll(level, ",", " "))
			if len(packages) == 0 {
				t.Fatalf("order of the packages: nothing on one side of < in %q", chain)
			}
			for _, pkg := range packages {
				for _, lower := range previous {
					set(pkg)[lower] = true
				}
				set(pkg)
			}
			previous = packages
		}
	}
	for range below { // the transitive closure: a path has at most as many steps as there are packages
		for _, lower := range below {
			for pkg := range maps.Clone(lower) {
				maps.Copy(lower, below[pkg])
			}
		}
	}
	for pkg, lower := range below {
		if lower[pkg] {
			t.Fatalf("order of the packages: %s is below itself", pkg)
		}
	}
	return below
}

// parseModules returns for each module the patterns of the files that may import it.
func parseModules(t *testing.T, text string) map[string][]string {
	allowed := map[string][]string{}
	for line := range statements(text) {
		mod, patterns, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("modules: no colon in %q", line)
		}
		allowed[mod] = strings.Fields(patterns)
	}
	return allowed
}

// statements yields the parts of text that end in a semicolon.
func statements(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(text, ";") {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}
