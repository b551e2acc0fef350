package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// allocs reports what Go's own benchmarks say of a HIT without net/http.
func allocs(ctx context.Context, b *bench) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkHit", "-benchmem",
		"-benchtime", "200ms", "-count", strconv.Itoa(b.rounds), "example.com/cannery/replay")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("run the benchmarks: %w: %s", err, out)
	}
	found := parseBenchmarks(string(out))
	if len(found) == 0 {
		return fmt.Errorf("run the benchmarks: there are none in %q", out)
	}
	for _, one := range found {
		b.table.add(row{
			Name: one.name + ", allocations of a HIT beside net/http's", Unit: "allocs", Goal: 12, Values: one.allocs,
			Note: fmt.Sprintf("%.0f bytes, %.1f us", median(one.bytes), median(one.nanos)/1e3),
		})
	}
	return nil
}

// A benchmark is what go test -bench measured of one, in each of its runs.
type benchmark struct {
	name                 string
	nanos, bytes, allocs []float64 // of one operation
}

var benchmarkLine = regexp.MustCompile(`(?m)^(Benchmark\S+?)(?:-\d+)?\s+\d+\s+(\S+) ns/op.*?\s(\S+) B/op\s+(\S+) allocs/op`)

// parseBenchmarks reads what go test -benchmem prints.
func parseBenchmarks(out string) []*benchmark {
	var list []*benchmark
	byName := map[string]*benchmark{}
	for _, fields := range benchmarkLine.FindAllStringSubmatch(out, -1) {
		one := byName[fields[1]]
		if one == nil {
			one = &benchmark{name: strings.TrimPrefix(fields[1], "Benchmark")}
			byName[fields[1]], list = one, append(list, one)
		}
		for i, values := range []*[]float64{&one.nanos, &one.bytes, &one.allocs} {
			value, _ := strconv.ParseFloat(fields[i+2], 64) // go prints numbers
			*values = append(*values, value)
		}
	}
	return list
}
