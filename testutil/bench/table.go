package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

// A table is what has been measured.
type table struct{ rows []row }

// A row is one figure, in each turn.
type row struct {
	name   string
	unit   string    // "" for a ratio
	goal   float64   // at most this; 0 for none
	values []float64 // of each turn, at least one
	note   string
}

func (t *table) add(r row) { t.rows = append(t.rows, r) }

func (t *table) print(out io.Writer) error {
	lines := []string{
		"| | median | min .. max | goal | | |",
		"|---|---|---|---|---|---|",
	}
	for _, r := range t.rows {
		mid, low, high := spread(r.values)
		goal, verdict := "", ""
		if r.goal > 0 {
			goal, verdict = "<= "+r.text(r.goal), "met"
			if mid > r.goal {
				verdict = "**missed**"
			}
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s .. %s | %s | %s | %s |", r.name, r.text(mid), r.text(low), r.text(high), goal, verdict, r.note))
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}

func (r row) text(v float64) string {
	if r.unit == "" {
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g %s", v, r.unit)
}

// spread returns the median, the minimum and the maximum.
func spread(values []float64) (mid, low, high float64) {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2], sorted[0], sorted[len(sorted)-1]
}

// machine says what this was measured on.
func machine() string {
	name := "unknown processor"
	cpuinfo, _ := os.ReadFile("/proc/cpuinfo") // not everywhere
	for line := range strings.Lines(string(cpuinfo)) {
		if field, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(field) == "model name" {
			name = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%d x %s, %s/%s, %s", runtime.NumCPU(), name, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
