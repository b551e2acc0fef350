package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestProgressHasATotal: a bar says how much is done, and of how much; in the end it is
// gone.
func TestProgressHasATotal(t *testing.T) {
	for _, test := range []struct {
		name    string
		columns int
		total   func() int
		done    int
		want    string // "" for nothing
	}{
		{"wide", 80, known(200), 50, " 25% |"},
		{"counts", 80, known(200), 50, "(50/200)"},
		{"narrow", 40, known(200), 50, "(50/200)"},
		{"not known", 80, nil, 50, "(50/-)"},
		{"none", 80, known(0), 50, "(50/-)"},
		{"no terminal", 0, known(200), 50, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			p := &progress{
				out: &out, screen: screen{columns: test.columns, moves: test.columns > 0}, what: "reading", total: test.total,
				began: time.Now().Add(-time.Minute), // it is a long work
			}
			p.set(test.done)
			p.end()
			got := out.String()
			if test.want == "" {
				if got != "" {
					t.Errorf("without a terminal there is %q", got)
				}
				return
			}
			if !strings.Contains(got, "reading") || !strings.Contains(got, test.want) {
				t.Errorf("the bar is %q, want %q in it", got, test.want)
			}
			lines := strings.Split(got, "\r")
			for _, line := range lines {
				if n := len([]rune(line)); n >= test.columns {
					t.Errorf("%q has %d characters, want fewer than %d", line, n, test.columns)
				}
			}
			if last := lines[len(lines)-1]; strings.TrimSpace(last) != "" {
				t.Errorf("in the end there is %q, want an empty line", last)
			}
		})
	}
}

// TestProgressOfShortWork: what is done at once shows no bar.
func TestProgressOfShortWork(t *testing.T) {
	var out bytes.Buffer
	p := &progress{
		out: &out, screen: screen{columns: 80, moves: true}, what: "reading", total: func() int { t.Error("the total was asked for"); return 1 },
		began: time.Now().Add(time.Minute),
	}
	p.add()
	p.end()
	if out.Len() > 0 {
		t.Errorf("there is %q", out.String())
	}
}
