package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

// maxJUnitUnused bounds the cases of recordings that were not used. Others are counted.
const maxJUnitUnused = 1000

// JUnit's elements, as far as Jenkins and GitLab read them. Every text in them is
// printable, which XML can hold; the encoder escapes the rest.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		junitCounts
		Suite junitSuite `xml:"testsuite"`
	}
	junitCounts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Skipped    int             `xml:"skipped,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string      `xml:"classname,attr"`
		Name    string      `xml:"name,attr"`
		Skipped *junitCause `xml:"skipped"` // nil, as are the next two: it is none
		Error   *junitCause `xml:"error"`
		Failure *junitCause `xml:"failure"`
	}
	junitCause struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",cdata"` // where people read lines as lines
	}
)

// writeJUnit writes the file of --report-junit.
func (o *runner) writeJUnit(out io.Writer, r *runResult, code int) error {
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(out)
	enc.Indent("", "  ")
	if err := enc.Encode(o.junitOf(r, code)); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n")
	return err
}

// junitOf is the suite of a run. Its first case is the run itself, so that a run without
// a miss has one that passes. What was missed passes as skipped where --fail-on-miss=false
// lets it pass. Hits are counted: a case for each would be as many as there are recordings.
func (o *runner) junitOf(r *runResult, code int) junitSuites {
	s := junitSuite{Name: "cannery", Properties: []junitProperty{
		{"command", printable(explain.CommandLine(r.hints.Command...))},
		{"mode", r.mode},
		{"exit_code", fmt.Sprint(code)},
		{"hits", fmt.Sprint(r.report.Hits)},
		{"misses", fmt.Sprint(r.report.Misses)},
		{"bypasses", fmt.Sprint(r.report.Bypasses)},
		{"refused", fmt.Sprint(r.report.Refused)},
		{"recorded", fmt.Sprint(r.recorded)},
		{"lost", fmt.Sprint(r.lost)},
		{"unused", fmt.Sprint(len(r.report.Unused))},
	}}
	s.Cases = append(s.Cases, r.junitRun())
	s.Cases = append(s.Cases, o.junitMisses(r)...)
	if o.failUnused {
		s.Cases = append(s.Cases, junitUnused(r.report.Unused)...)
	}
	nameApart(s.Cases)
	s.count()
	return junitSuites{Name: "cannery", junitCounts: s.junitCounts, Suite: s}
}

// junitRun is the case of the run itself: the command's end, and what went wrong here.
func (r *runResult) junitRun() junitCase {
	c := junitCase{Class: "cannery.run", Name: "the command"}
	var errs []string
	for _, err := range r.troubles() {
		errs = append(errs, err.Error())
	}
	if r.unreachable != nil {
		errs = append(errs, "the origin has answered nothing: "+r.unreachable.Error())
	}
	switch {
	case errs != nil:
		c.Error = newJUnitCause("error", strings.Join(errs, "\n"))
	case r.code != 0:
		c.Failure = newJUnitCause("exit", fmt.Sprintf("the command exited with %d", r.code))
	}
	return c
}

// junitMisses are the cases of what had no recording.
func (o *runner) junitMisses(r *runResult) (cases []junitCase) {
	told := int64(0)
	for _, u := range r.report.Unmatched {
		told += u.Count
		text := strings.TrimSpace(u.Text)
		if u.Count > 1 {
			text += fmt.Sprintf("\n\nIt was missed %d times.", u.Count)
		}
		cases = append(cases, o.junitMiss(missName(u), text))
	}
	more := r.report.Misses - told
	switch {
	case more <= 0:
	case told > 0:
		cases = append(cases, o.junitMiss("others", count(more, "more request", "more requests")+" had no recording"))
	case o.failOnMiss: // live, they were forwarded and recorded
		cases = append(cases, o.junitMiss("requests", count(more, "request had", "requests had")+" not been recorded before"))
	}
	return cases
}

// missName names a request that was missed.
func missName(u replay.Unmatched) string {
	if u.Session != "" {
		return u.Name() + " [" + u.Session + "]"
	}
	return u.Name()
}

func (o *runner) junitMiss(name, text string) junitCase {
	c := junitCase{Class: "cannery.misses", Name: printable(name)}
	if o.failOnMiss {
		c.Failure = newJUnitCause("miss", text)
		return c
	}
	c.Skipped = newJUnitCause("", text)
	return c
}

func junitUnused(unused []replay.Unused) (cases []junitCase) {
	for _, u := range unused[:min(len(unused), maxJUnitUnused)] {
		cases = append(cases, junitCase{Class: "cannery.unused", Name: printable(unusedText(u)), Failure: newJUnitCause("unused", "it is recorded, and was not asked for")})
	}
	if more := int64(len(unused) - maxJUnitUnused); more > 0 {
		text := count(more, "more recording was", "more recordings were") + " not asked for"
		cases = append(cases, junitCase{Class: "cannery.unused", Name: "others", Failure: newJUnitCause("unused", text)})
	}
	return cases
}

// newJUnitCause says the first line of a text in the list of cases, and all of it behind.
func newJUnitCause(kind, text string) *junitCause {
	text = printableLines(text)
	first, _, _ := strings.Cut(text, "\n")
	return &junitCause{Message: first, Type: kind, Text: text}
}

// nameApart numbers the cases that have a name already: of two cases of one name, GitLab
// shows one.
func nameApart(cases []junitCase) {
	taken := map[string]bool{}
	for i := range cases {
		c := &cases[i]
		name := c.Name
		for n := 2; taken[c.Class+"\n"+c.Name]; n++ {
			c.Name = fmt.Sprintf("%s (%d)", name, n)
		}
		taken[c.Class+"\n"+c.Name] = true
	}
}

func (s *junitSuite) count() {
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}
