package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lanes-go/lanes/simd"
)

// machine is what "lanes info" tells.
type machine struct {
	CPU     string         `json:"cpu"`     // the processor's name
	OS      string         `json:"os"`      // GOOS/GOARCH
	Level   string         `json:"level"`   // the best engine that processor and system allow
	Engines []string       `json:"engines"` // the engines that run here, best first
	Engine  string         `json:"engine"`  // the engine that serves when none is asked for
	Caches  map[string]int `json:"caches"`  // bytes by name: l1d, l2, l3
	Cores   int            `json:"cores"`   // logical processors that this process may use
	Threads int            `json:"threads"` // threads that serve when no number is asked for
}

func infoCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Describe the machine and the engines that run on it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m := thisMachine()
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), m)
			}
			return m.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func thisMachine() machine {
	m := machine{
		CPU:     cpuName(),
		OS:      runtime.GOOS + "/" + runtime.GOARCH,
		Engine:  simd.Best().String(),
		Caches:  caches("/sys/devices/system/cpu/cpu0/cache"),
		Cores:   runtime.NumCPU(),
		Threads: runtime.GOMAXPROCS(0),
	}
	for _, e := range simd.Engines() {
		m.Engines = append(m.Engines, e.String())
	}
	m.Level = m.Engines[0]
	return m
}

func (m machine) print(w io.Writer) error {
	var sizes []string
	for _, name := range []string{"l1d", "l2", "l3"} {
		if size := m.Caches[name]; size > 0 {
			sizes = append(sizes, fmt.Sprintf("%s %d KiB", name, size>>10))
		}
	}
	_, err := fmt.Fprintf(w, "cpu      %s\nos       %s\nlevel    %s\nengines  %s\nengine   %s\n",
		m.CPU, m.OS, m.Level, strings.Join(m.Engines, " "), m.Engine)
	if err == nil {
		_, err = fmt.Fprintf(w, "caches   %s\ncores    %d\nthreads  %d\n", strings.Join(sizes, ", "), m.Cores, m.Threads)
	}
	return err
}

// cpuName returns the processor's name as Linux tells it, or else the architecture.
func cpuName() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// caches returns the sizes of the data caches in bytes as Linux tells them in dir; nothing elsewhere.
func caches(dir string) map[string]int {
	found := map[string]int{}
	levels, _ := filepath.Glob(filepath.Join(dir, "index*"))
	read := func(level, name string) string {
		text, _ := os.ReadFile(filepath.Join(level, name))
		return strings.TrimSpace(string(text))
	}
	for _, level := range levels {
		name, kind := "l"+read(level, "level"), read(level, "type")
		if kind == "Data" {
			name += "d"
		} else if kind != "Unified" {
			continue
		}
		if size, err := strconv.Atoi(strings.TrimSuffix(read(level, "size"), "K")); err == nil {
			found[name] = size << 10
		}
	}
	return found
}

// writeJSON prints v as one JSON object on one line.
func writeJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
