package page

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"example.com/cannery/replay"
)

// A Run is what a run of a command came to.
type Run struct {
	Command  string // as it was typed, without secrets
	ExitCode int    // of cannery
	Recorded int64
	Report   replay.Report
}

// A Report is what the page shows of a run, as one file, which needs no proxy and
// nothing else.
type Report struct {
	mode       string
	rows       []row
	recordings recordingsBody
}

type reportBody struct {
	Run
	Misses     []missed
	Rows       []row
	Recordings recordingsBody
}

// maxReported bounds the recordings that a report lists. Others are counted.
const maxReported = 1000

// NewReport reads what a report shows, while the proxy still has its recordings.
func NewReport(ctx context.Context, p Proxy) (*Report, error) {
	r := &Report{mode: p.Mode(), recordings: recordingsBody{most: maxReported}}
	entries, _ := p.Latest()
	r.rows = rowsOf(entries, "")
	for i, e := range entries {
		if e.Miss != 0 {
			r.rows[len(entries)-1-i].Link = fmt.Sprintf("#miss-%d", e.Miss) // the newest is first
		}
	}
	got, err := p.Recorded(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what is recorded: %w", err)
	}
	if got == nil {
		r.recordings.None = true
		return r, nil
	}
	if _, err := r.recordings.fill(ctx, got, 0); err != nil {
		return nil, fmt.Errorf("read what is recorded: %w", err)
	}
	for i := range r.recordings.Rows {
		r.recordings.Rows[i].Link = ""
	}
	return r, nil
}

// Write writes the report of a run.
func (r *Report) Write(out io.Writer, run Run) error {
	body := reportBody{Run: run, Rows: r.rows, Recordings: r.recordings}
	for i := range run.Report.Unmatched {
		m := new(Page).missedOf(&run.Report.Unmatched[i], run.Report.Unmatched, nil)
		m.NearestLink = ""
		body.Misses = append(body.Misses, m)
	}
	return templates.ExecuteTemplate(out, "report.html", view{
		Title: "Run of " + run.Command, Mode: r.mode, Stats: run.Report.Stats, Body: body,
		Static: &static{
			Style:  template.CSS(style), // embedded, as the script is
			Script: template.JS(script),
			Policy: fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", sourceHash(style), sourceHash(script)),
		},
	})
}

// sourceHash names the only source that a policy allows.
func sourceHash(source []byte) string {
	sum := sha256.Sum256(source)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
