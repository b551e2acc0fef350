package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/cannery/replay"
)

// A journal is what start tells on stderr: a line for each request, and what
// has to be known beside. It may be used concurrently.
type journal struct {
	lines  *lines
	format string // "text", "json" or "off"
	quiet  bool   // errors only
	screen screen
}

func newJournal(out io.Writer, format string, quiet bool, env environment) *journal {
	return &journal{lines: newLines(out), format: format, quiet: quiet, screen: screenOf(out, env)}
}

// close writes what is left.
func (j *journal) close() { j.lines.close() }

// request logs a request, or, of an entry without a method, the note.
func (j *journal) request(e replay.Entry) {
	switch {
	case e.Method == "":
		j.say(e.Note)
	case j.quiet || j.format == "off":
	case j.format == "json":
		j.json(false, "request", requestJSON{
			Method: e.Method, URL: e.CleanURL(), Status: e.Status, Size: e.Size,
			Seconds: e.Duration.Seconds(), Cache: e.Cache, Session: e.Session, Note: e.Note,
		})
	default:
		j.lines.add(false, func(b *bytes.Buffer) { j.requestLine(b, e) })
	}
}

// say logs what users have to know even when they want silence: something has
// gone wrong, or is well again.
func (j *journal) say(text string) { j.tell(text, true) }

// talk logs what is good to know.
func (j *journal) talk(text string) {
	if !j.quiet {
		j.tell(text, false)
	}
}

// warn logs what need not be a mistake.
func (j *journal) warn(text string) {
	if !j.quiet {
		j.tell(text, true)
	}
}

// reloaded logs that fixtures have been read again, or why not.
func (j *journal) reloaded(err error) {
	if err != nil {
		j.say(fmt.Sprintf("the fixtures stay as they were: %v", err))
		return
	}
	j.talk("fixtures read again")
}

func (j *journal) tell(text string, wrong bool) {
	text = printable(text)
	switch {
	case j.format == "json" && wrong:
		j.json(true, "notice", noticeJSON{text})
	case j.format == "json":
		j.json(true, "info", noticeJSON{text})
	case wrong:
		j.lines.add(true, func(b *bytes.Buffer) { fmt.Fprintf(b, "cannery: %s\n", text) })
	default:
		j.lines.add(true, func(b *bytes.Buffer) { fmt.Fprintf(b, "%s\n", text) })
	}
}

type (
	requestJSON struct {
		Method  string  `json:"method"`
		URL     string  `json:"url"`
		Status  int     `json:"status"`
		Size    int64   `json:"size"`
		Seconds float64 `json:"seconds"`
		Cache   string  `json:"cache"`
		Session string  `json:"session,omitempty"`
		Note    string  `json:"note,omitempty"`
	}
	stopJSON struct {
		Hits     int64 `json:"hits"`
		Misses   int64 `json:"misses"`
		Bypasses int64 `json:"bypasses"`
		Refused  int64 `json:"refused,omitempty"`
		Lost     int64 `json:"lost"`
	}
	noticeJSON struct {
		Text string `json:"text"`
	}
)

// json logs an object, whose first fields are the time and what it is about.
func (j *journal) json(urgent bool, event string, fields any) {
	j.lines.add(urgent, func(b *bytes.Buffer) {
		fmt.Fprintf(b, `{"time":%q,"event":%q,`, time.Now().UTC().Format(time.RFC3339Nano), event)
		start := b.Len()
		if err := jsonTo(b).Encode(fields); err != nil {
			panic(err) // strings and finite numbers always marshal
		}
		// The object's own brace is in the way.
		rest := b.Bytes()[start:]
		copy(rest, rest[1:])
		b.Truncate(b.Len() - 1)
	})
}

// requestLine writes a line whose columns stand below each other; what has any
// length comes last.
func (j *journal) requestLine(b *bytes.Buffer, e replay.Entry) {
	b.Write(e.Time.AppendFormat(b.AvailableBuffer(), "15:04:05  "))
	cell(b, e.Cache, 6, j.screen.paint(cacheColour(e.Cache), e.Cache))
	status := "---"
	if e.Status != 0 {
		status = fmt.Sprintf("%03d", e.Status)
	}
	cell(b, status, 3, j.screen.paint(statusColour(e.Status), status))
	cell(b, e.Method, 7, e.Method)
	fmt.Fprintf(b, "%8s  %8s  ", sizeText(e.Size), durationText(e.Duration))
	b.WriteString(printable(e.CleanURL()))
	if e.Session != "" {
		fmt.Fprintf(b, "  [%s]", printable(e.Session))
	}
	if strings.Contains(e.Note, "\n") {
		b.WriteByte('\n')
		j.indented(b, e.Note)
		return
	}
	if e.Note != "" {
		fmt.Fprintf(b, "  (%s)", printable(e.Note))
	}
	b.WriteByte('\n')
}

// indented writes an explanation of several lines below the line it belongs to.
func (j *journal) indented(b *bytes.Buffer, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(printable(line), " ")
		if line != "" {
			b.WriteString("          " + j.screen.paint(sideColour(line), line))
		}
		b.WriteByte('\n')
	}
}

// sideColour is the colour of a line of a difference: red for the side that is asked
// or was expected, green for the other. "" is for every other line.
func sideColour(line string) string {
	switch line = strings.TrimLeft(line, " "); {
	case strings.HasPrefix(line, "- "), strings.HasPrefix(line, "--- "):
		return red
	case strings.HasPrefix(line, "+ "), strings.HasPrefix(line, "+++ "):
		return green
	}
	return ""
}

func cacheColour(cache string) string {
	return map[string]string{"HIT": green, "MISS": yellow}[cache]
}

// statusColour is red for what failed; 0 is no answer.
func statusColour(status int) string {
	if status == 0 || status >= http.StatusBadRequest {
		return red
	}
	return ""
}

// cell writes text, as it was painted, in a column of a width.
func cell(b *bytes.Buffer, text string, width int, painted string) {
	b.WriteString(painted)
	for range max(width-utf8.RuneCountInString(text), 0) + 2 {
		b.WriteByte(' ')
	}
}

// printable keeps what clients and origins send from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// sizeText spells bytes in up to 8 characters.
func sizeText(size int64) string {
	switch {
	case size < 1e3:
		return fmt.Sprintf("%d B", size)
	case size < 1e6:
		return fmt.Sprintf("%.1f kB", float64(size)/1e3)
	case size < 1e9:
		return fmt.Sprintf("%.1f MB", float64(size)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(size)/1e9)
}

// durationText spells a duration in up to 8 characters.
func durationText(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%.1fms", d.Seconds()*1e3)
	case d < 1000*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Truncate(time.Minute).String()
}

// finish logs what the proxy did in its life. Recordings lost are told even to
// those who want silence.
func (j *journal) finish(s replay.Stats, lost int64) {
	switch {
	case j.quiet && lost == 0:
	case j.format == "json":
		j.json(true, "stop", stopJSON{s.Hits, s.Misses, s.Bypasses, s.Refused, lost})
	case j.quiet:
		j.say(summary(s, lost))
	default:
		j.talk(summary(s, lost))
	}
}
