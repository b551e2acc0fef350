package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// A table is what has been measured, where and how.
type table struct {
	Machine machine `json:"machine"`
	Method  string  `json:"method"`
	Rows    []row   `json:"rows"`
}

// A row is one figure, in each turn.
type row struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`   // "" for a ratio
	Goal   float64   `json:"goal"`   // at most this; 0 for none
	Values []float64 `json:"values"` // of each turn, at least one
	Note   string    `json:"note"`
}

func (t *table) add(r row) { t.Rows = append(t.Rows, r) }

func (t *table) write(out io.Writer, asJSON bool) error {
	if asJSON {
		return t.printJSON(out)
	}
	return t.print(out)
}

// print writes the table in Markdown, and the machine below it.
func (t *table) print(out io.Writer) error {
	lines := []string{
		"| | median | min .. max | goal | | |",
		"|---|---|---|---|---|---|",
	}
	for _, r := range t.Rows {
		mid, low, high := spread(r.Values)
		goal, verdict := "", ""
		if r.Goal > 0 {
			goal, verdict = "<= "+r.text(r.Goal), "met"
			if mid > r.Goal {
				verdict = "**missed**"
			}
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s .. %s | %s | %s | %s |", r.Name, r.text(mid), r.text(low), r.text(high), goal, verdict, r.Note))
	}
	_, err := fmt.Fprintf(out, "%s\n\n%s; %s\n", strings.Join(lines, "\n"), t.Machine, t.Method)
	return err
}

// printJSON writes the table for programs, with the figures of every turn.
func (t *table) printJSON(out io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(t)
}

// text is a value as people read it: a ratio with two decimals, a figure with
// three digits.
func (r row) text(v float64) string {
	switch {
	case r.Unit == "":
		return fmt.Sprintf("%.2f", v)
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f %s", v, r.Unit)
	}
	return fmt.Sprintf("%.3g %s", v, r.Unit)
}

// spread returns the median, the minimum and the maximum.
func spread(values []float64) (mid, low, high float64) {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2], sorted[0], sorted[len(sorted)-1]
}

// median is the first of a spread.
func median(values []float64) float64 {
	mid, _, _ := spread(values)
	return mid
}

// A machine is where something was measured.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Redis  string `json:"redis"` // "" when there is none
}

func thisMachine(ctx context.Context) machine {
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo")                                   // not everywhere
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")                      // not everywhere
	version, _ := exec.CommandContext(ctx, "redis-server", "--version").Output() // whoever needs it fails
	return machine{
		CPU:    processor(string(cpuinfo)),
		Cores:  runtime.NumCPU(),
		Kernel: strings.TrimSpace(runtime.GOOS + "/" + runtime.GOARCH + " " + string(release)),
		Go:     runtime.Version(),
		Redis:  redisVersion(string(version)),
	}
}

// processor finds the processor's name in what /proc/cpuinfo says.
func processor(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if field, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(field) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// redisVersion finds the version in what redis-server --version prints.
func redisVersion(line string) string {
	for field := range strings.FieldsSeq(line) {
		if version, found := strings.CutPrefix(field, "v="); found {
			return version
		}
	}
	return ""
}

func (m machine) String() string {
	return fmt.Sprintf("%d x %s, %s, %s, Redis %s", m.Cores, m.CPU, m.Kernel, m.Go, m.Redis)
}
