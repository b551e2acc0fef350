package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var measured = table{
	Machine: machine{CPU: "Z80", Cores: 2, Kernel: "linux/z80 6.1", Go: "go1.26.0", Redis: "7.0.15"},
	Method:  "3 turns of 1s each",
	Rows: []row{
		{Name: "HIT", Goal: 1.2, Values: []float64{1.3, 1.1, 1.15}, Note: "a note"},
		{Name: "start", Unit: "ms", Goal: 60, Values: []float64{61.25, 60.5, 144.4}},
		{Name: "compared", Values: []float64{-0.5}},
	},
}

func TestTableIsMarkdown(t *testing.T) {
	var out strings.Builder
	if err := measured.print(&out); err != nil {
		t.Fatal(err)
	}
	want := `| | median | min .. max | goal | | |
|---|---|---|---|---|---|
| HIT | 1.15 | 1.10 .. 1.30 | <= 1.20 | met | a note |
| start | 61.2 ms | 60.5 ms .. 144 ms | <= 60 ms | **missed** |  |
| compared | -0.50 | -0.50 .. -0.50 |  |  |  |

2 x Z80, linux/z80 6.1, go1.26.0, Redis 7.0.15; 3 turns of 1s each
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestJSONHasEveryTurn(t *testing.T) {
	var out strings.Builder
	if err := measured.printJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got table
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(measured, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSpread(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	if mid, low, high := spread(values); mid != 3 || low != 1 || high != 5 {
		t.Errorf("%v, %v, %v", mid, low, high)
	}
	if values[0] != 5 {
		t.Error("it sorted what it was given")
	}
	if got := ratios([]float64{6, 5}, []float64{2, 4}); got[0] != 3 || got[1] != 1.25 {
		t.Errorf("ratios: %v", got)
	}
}
