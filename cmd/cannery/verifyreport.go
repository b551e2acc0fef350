package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"example.com/cannery/fixtures/drift"
	"example.com/cannery/fixtures/secret"
)

// A verifyReport prints what verify finds, as it is found.
type verifyReport struct {
	json   bool
	out    io.Writer
	screen screen // that people read it at
}

// add tells of a recording that does not hold.
func (r *verifyReport) add(q *question) error {
	if q.err == nil && q.changes == nil {
		return nil
	}
	if r.json {
		return r.addJSON(q)
	}
	rec, word := q.take, "differs"
	if q.err != nil {
		rec, word = q.takes[len(q.takes)-1], "no answer"
	}
	lines := []string{fmt.Sprintf("%-9s  %s %s %s", word, takeID(rec.key, rec.Take, false), printable(rec.Request.Method), printable(rec.url()))}
	if rec.file != "" {
		lines[0] += "  " + printable(rec.file)
	}
	if q.err != nil {
		lines = append(lines, printable(q.err.Error()))
	}
	for _, c := range q.changes {
		lines = append(lines, strings.Split(printableLines(c.String()), "\n")...)
	}
	if q.note != "" {
		lines = append(lines, "note: "+q.note)
	}
	for i, line := range lines {
		lines[i] = r.screen.paint(sideColour(line), line)
	}
	_, err := io.WriteString(r.out, strings.Join(lines, "\n    ")+"\n")
	return printed(err)
}

func (r *verifyReport) addJSON(q *question) error {
	if q.err != nil {
		return r.encode(newVerdict("failed", q, q.takes[len(q.takes)-1]))
	}
	return r.encode(newVerdict("differs", q, q.take))
}

// kept tells of what differs and was not recorded again.
func (r *verifyReport) kept(q *question) error {
	if r.json {
		return r.encode(newVerdict("kept", q, q.take))
	}
	_, err := fmt.Fprintf(r.out, "%-9s  %s %s %s: %s\n", "kept", takeID(q.take.key, q.take.Take, false), printable(q.take.Request.Method), printable(q.take.url()), q.note)
	return printed(err)
}

// A verdict is what programs read of a question.
type verdict struct {
	Result  string         `json:"result"` // "differs", "failed" or "kept"
	ID      string         `json:"id"`
	Session string         `json:"session"`
	Method  string         `json:"method"`
	URL     string         `json:"url"`
	File    string         `json:"file,omitempty"`
	Changes []drift.Change `json:"changes,omitempty"`
	Error   string         `json:"error,omitempty"`
	Note    string         `json:"note,omitempty"`
}

func newVerdict(result string, q *question, rec member) verdict {
	v := verdict{
		Result: result, ID: takeID(rec.key, rec.Take, false), Session: rec.Request.Session, Method: rec.Request.Method,
		URL: secret.CleanTarget(rec.Request.Target), File: rec.file, Changes: q.changes, Note: q.note,
	}
	if q.err != nil {
		v.Error = q.err.Error()
	}
	return v
}

func (r *verifyReport) encode(v any) error {
	return printed(jsonTo(r.out).Encode(v))
}

// A verifySum counts requests, and those not asked by takes.
type verifySum struct {
	Result  string         `json:"result"` // "summary", to tell its line from the others
	Asked   int            `json:"asked"`
	Same    int            `json:"same"`
	Drifted int            `json:"drifted"`
	Failed  int            `json:"failed"`
	Updated int            `json:"updated"`
	Skipped map[string]int `json:"skipped"` // by the reason
}

func sumOf(set *questions) verifySum {
	sum := verifySum{Result: "summary", Asked: len(set.ask), Skipped: set.skipped}
	for _, q := range set.ask {
		switch {
		case q.err != nil:
			sum.Failed++
		case q.changes != nil:
			sum.Drifted++
		default:
			sum.Same++
		}
		if q.updated {
			sum.Updated++
		}
	}
	return sum
}

// finish prints the sum.
func (r *verifyReport) finish(sum verifySum) error {
	if r.json {
		return r.encode(sum)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "asked %s: %d as recorded", count(int64(sum.Asked), "request", "requests"), sum.Same)
	for _, part := range []struct {
		n    int
		what string
	}{{sum.Drifted, "answered differently"}, {sum.Failed, "without an answer"}, {sum.Updated, "recorded again"}} {
		if part.n > 0 {
			fmt.Fprintf(&text, ", %d %s", part.n, part.what)
		}
	}
	separator := "; skipped "
	for _, why := range slices.Sorted(maps.Keys(sum.Skipped)) {
		fmt.Fprintf(&text, "%s%d %s", separator, sum.Skipped[why], why)
		separator = ", "
	}
	_, err := fmt.Fprintln(r.out, text.String())
	return printed(err)
}
