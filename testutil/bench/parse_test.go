package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWrkSummary(t *testing.T) {
	got, err := wrkSummary("Running 1s test @ http://127.0.0.1:1\n  2 threads\n\nsummary 1000 2 2000000 900 4500\n")
	if err != nil {
		t.Fatal(err)
	}
	want := result{requests: 1000, errors: 2, took: 2 * time.Second, p50: 900 * time.Microsecond, p99: 4500 * time.Microsecond}
	if got != want || got.perSecond() != 500 {
		t.Errorf("%+v, %v requests a second", got, got.perSecond())
	}
	for _, bad := range []string{"", "\nsummary 1 2", "\nsummary a b c d e"} {
		if _, err := wrkSummary(bad); err == nil {
			t.Errorf("%q is no error", bad)
		}
	}
}

func TestBenchmarksAreReadByName(t *testing.T) {
	got := parseBenchmarks(`goos: linux
BenchmarkHit-2        	   70000	     17912 ns/op	     650 B/op	       6 allocs/op
BenchmarkHit-2        	   70000	     18000.5 ns/op	     651 B/op	       7 allocs/op
BenchmarkBody/10MiB   	       3	     20 ns/op	 512.00 MB/s	     1 B/op	       0 allocs/op
BenchmarkBare-2 	  10	  5 ns/op
PASS
ok  	example.com/cannery/replay	1.5s
`)
	want := []*benchmark{
		{name: "Hit", nanos: []float64{17912, 18000.5}, bytes: []float64{650, 651}, allocs: []float64{6, 7}},
		{name: "Body/10MiB", nanos: []float64{20}, bytes: []float64{1}, allocs: []float64{0}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(benchmark{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMachineIsReadFromWhatLinuxSays(t *testing.T) {
	if got := processor("processor\t: 0\nmodel name\t: AMD EPYC\nflags\t: a b\n"); got != "AMD EPYC" {
		t.Error(got)
	}
	if got := processor(""); got != "unknown processor" {
		t.Error(got)
	}
	if got := redisVersion("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64"); got != "7.0.15" {
		t.Error(got)
	}
}

func TestParentIsFoundBehindAnyName(t *testing.T) {
	if got := parentIn("12 (nginx: (master) 7) S 34 12 12 0"); got != 34 {
		t.Error(got)
	}
	if got := parentIn("12 (x)"); got != 0 {
		t.Error(got)
	}
}
