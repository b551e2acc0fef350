package main

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"example.com/cannery/replay/explain"
)

// A runRow is of the table that people see when a run has ended.
type runRow struct {
	what   string
	n      int64
	colour string // of the number
	means  string
}

// rows are those of a run that have something to say.
func (r *runResult) rows() []runRow {
	unused := int64(len(r.report.Unused))
	missed := runRow{"misses", r.report.Misses, yellow, "forwarded to the origin"}
	if r.mode == "offline" {
		missed.colour, missed.means = red, "had no recording"
	}
	rows := []runRow{
		{"hits", r.report.Hits, green, "answered from recordings"},
		missed,
		{"bypassed", r.report.Bypasses, yellow, "forwarded, and not recorded"},
		{"refused", r.report.Refused, red, "answered with an error, and passed on to nobody"},
		{"recorded", r.recorded, green, "new in " + r.address},
		{"lost", r.lost, red, "could not be recorded"},
		{"never used", unused, yellow, "recorded, and not asked for"},
	}
	return slices.DeleteFunc(rows, func(row runRow) bool { return row.n == 0 && row.what != "hits" && row.what != "misses" })
}

// A runStep is what to do next.
type runStep struct{ what, command string }

// steps are what somebody does who has seen what a run came to, the first thing first.
func (r *runResult) steps() (steps []runStep) {
	where := ""
	if r.hints.Fixtures != "" {
		where = " --fixtures " + explain.CommandLine(r.hints.Fixtures)
	}
	switch again := r.hints.Again(false); {
	case r.mode == "offline" && r.report.Misses > 0:
		if again != "" {
			steps = append(steps, runStep{"Record what had no recording:", again})
		}
		return append(steps, runStep{"See what is recorded:", "cannery ls" + where})
	case r.mode == "offline" || r.code != 0 || r.lost > 0:
		return nil
	}
	switch {
	case r.recorded > 0 && r.hints.Fixtures == "":
		steps = append(steps, runStep{"Write the recordings as files, to commit them:", "cannery export fixtures/"})
	case r.recorded > 0:
		steps = append(steps, runStep{"Commit what is new:", "git add " + explain.CommandLine(r.hints.Fixtures)})
	}
	if r.report.Hits+r.recorded > 0 {
		steps = append(steps, runStep{"Run it without the origin:", r.hints.Again(true)})
	}
	return steps
}

// sayTable shows people at a terminal what a run came to, and what to do next. Programs
// have the lines before it.
func (j *journal) sayTable(r *runResult) {
	if !j.screen.isTerminal() || j.quiet || !r.report.Asked {
		return
	}
	j.lines.add(true, func(b *bytes.Buffer) {
		b.WriteByte('\n')
		for _, row := range r.rows() {
			number := fmt.Sprintf("%6d", row.n)
			if row.n > 0 {
				number = j.screen.paint(row.colour, number)
			}
			fmt.Fprintf(b, "  %-10s  %s", row.what, number)
			if means := printable(row.means); 22+utf8.RuneCountInString(means) <= j.screen.columns {
				b.WriteString("  " + means)
			}
			b.WriteByte('\n')
		}
		for _, step := range r.steps() {
			fmt.Fprintf(b, "\n%s\n  %s\n", j.screen.paint(bold, step.what), printable(step.command))
		}
	})
}
