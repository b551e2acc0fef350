package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

// hostile is what must not end an element, a code span or a block.
const hostile = "</failure>]]>\x00\x01\x1b[31m\xff\uFFFE\u202e```` \"'&<script>\n\n# title\n~~~\r|"

// hostileRun has hostile text wherever text of others can be.
func hostileRun() *runResult {
	return &runResult{
		mode: "offline", lost: 1, address: hostile,
		hints:     explain.Hints{Command: []string{hostile}, Fixtures: hostile},
		unwritten: errors.New(hostile),
		report: replay.Report{
			Stats: replay.Stats{Misses: 4},
			Asked: true,
			Unmatched: []replay.Unmatched{
				{Method: hostile, URL: hostile, Session: hostile, Count: 1, Text: hostile},
				{Method: hostile, URL: hostile, Session: hostile, Count: 2, Text: hostile + "2", Like: hostile},
			},
			Unused: []replay.Unused{{Method: hostile, Target: hostile, Session: hostile, Origin: hostile, Name: hostile}},
		},
	}
}

func TestJUnitIsXMLWhateverIsInIt(t *testing.T) {
	var file bytes.Buffer
	if err := (&runner{failOnMiss: true, failUnused: true}).writeJUnit(&file, hostileRun(), 3); err != nil {
		t.Fatal(err)
	}
	text := file.String()
	if strings.ContainsAny(text, "\x00\x01\x1b\r\uFFFE\u202e") {
		t.Errorf("the file has what XML or a terminal must not have: %q", text)
	}
	var read junitSuites
	d := xml.NewDecoder(&file)
	if err := d.Decode(&read); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if token, err := d.Token(); err != io.EOF && fmt.Sprintf("%s", token) != "\n" {
		t.Errorf("behind the suites: %v, %v", token, err)
	}
	// The run, two requests and what else was missed, and the unused recording.
	if read.Tests != 5 || read.Failures != 4 || read.Errors != 1 || len(read.Suite.Cases) != 5 {
		t.Fatalf("counts are %+v of %d cases", read.junitCounts, len(read.Suite.Cases))
	}
	names := map[string]bool{}
	for _, c := range read.Suite.Cases {
		if names[c.Class+c.Name] {
			t.Errorf("two cases of %s are %q", c.Class, c.Name)
		}
		names[c.Class+c.Name] = true
	}
	if got := read.Suite.Cases[1].Failure.Text; !strings.HasPrefix(got, `</failure>]]>??`) || !strings.Contains(got, "\n# title\n") {
		t.Errorf("the explanation is %q", got)
	}
}

// TestMarkdownHoldsForeignTextInCode: outside of blocks no line begins with anything that
// is not ours.
func TestMarkdownHoldsForeignTextInCode(t *testing.T) {
	var file bytes.Buffer
	if err := writeMarkdown(&file, hostileRun(), 3); err != nil {
		t.Fatal(err)
	}
	fence := ""
	for line := range strings.Lines(file.String()) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case fence != "":
			if line == fence {
				fence = ""
			}
			continue
		case strings.HasPrefix(line, "```") && !strings.Contains(strings.TrimLeft(line, "`"), "`"):
			fence = line[:strings.LastIndex(line, "`")+1]
			continue
		}
		if strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "~~~") || strings.ContainsAny(line, "\r\x00\u202e") {
			t.Errorf("a line is %q", line)
		}
		if strings.HasPrefix(line, "<details>") && strings.Contains(line, "<script>") {
			t.Errorf("HTML is not escaped: %q", line)
		}
	}
	if fence != "" {
		t.Errorf("a block is not closed:\n%s", file.String())
	}
}

func TestCodeSpan(t *testing.T) {
	for text, want := range map[string]string{
		"":       "``` ```",
		"a":      "`a`",
		"a`b":    "``a`b``",
		"`a":     "`` `a ``",
		"a``":    "``` a`` ```",
		" a ":    "`  a  `",
		"a\n\nb": "`a??b`",
	} {
		if got := codeSpan(text); got != want {
			t.Errorf("codeSpan(%q) is %s, want %s", text, got, want)
		}
	}
}

// TestMarkdownIsNotTooLong for GitHub, which shows no summary of more than 1 MiB.
func TestMarkdownIsNotTooLong(t *testing.T) {
	r := &runResult{mode: "offline", report: replay.Report{Asked: true}}
	for i := range 1000 {
		long := strings.Repeat("<ü", 100_000)
		r.report.Unmatched = append(r.report.Unmatched, replay.Unmatched{Method: "GET", URL: fmt.Sprintf("/%d", i) + long, Count: 1, Text: long})
		r.report.Unused = append(r.report.Unused, replay.Unused{Method: "GET", Target: long})
	}
	var file bytes.Buffer
	if err := writeMarkdown(&file, r, 3); err != nil {
		t.Fatal(err)
	}
	if file.Len() > 1<<20 || !strings.Contains(file.String(), "\nAnd 950 more.\n") {
		t.Errorf("the summary of 1,000 misses has %d bytes", file.Len())
	}
}
