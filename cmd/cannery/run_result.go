package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
	"example.com/cannery/replay/page"
	"example.com/cannery/replay/tunnel"
)

// A runResult is what a run came to.
type runResult struct {
	mode     string // see replay.Proxy.Mode
	code     int    // the command's
	address  string // of the recordings, for people
	hints    explain.Hints
	report   replay.Report
	leads    []replay.Lead // hosts that answers led to
	recorded int64
	lost     int64 // recordings that could not be kept
	down     int64 // readings of the store that failed

	errors   []momentError // that were recorded: kept, when code is 0
	bypassed []bypassed

	loopback bool          // what is asked of this machine goes to the forward proxy, too
	forward  bool          // the command was to use the proxy as its HTTP proxy
	around   string        // see goneAround
	uncaught []tunnel.Miss // by the forward proxy

	old old

	unreachable error // the origin answered nothing that it was asked

	html *page.Report // nil: none is wanted, or it could not be read

	unread    error // the report is not whole
	unserved  error // the proxy has not stopped as it should
	unwritten error // recordings could not be kept in the end
}

// finish prints what the run came to, and returns what it is to exit with.
func (o *runner) finish(ctx context.Context, w *world, j *journal, r *runResult) error {
	verdict := o.writeReports(ctx, w, j, r, o.verdict(r))
	j.finishRun(r)
	if r.code == 0 {
		return verdict
	}
	for _, err := range r.troubles() {
		j.say(err.Error()) // the command's own end is told by its code
	}
	return verdict
}

// verdict is the error that a run exits with, nil for none. The command's comes
// first, then what went wrong here.
func (o *runner) verdict(r *runResult) error {
	if r.code != 0 {
		return exitStatus(r.code)
	}
	for _, err := range r.troubles() {
		return err
	}
	if r.unreachable != nil {
		return &failure{exitOrigin, fmt.Errorf("run: the origin has answered nothing: %w", r.unreachable), originHint(r.unreachable)}
	}
	misses := r.report.Misses
	switch unused := int64(len(r.report.Unused)); {
	case o.failOnMiss && misses > 0 && o.offline:
		return &failure{exitDifferent, fmt.Errorf("run: %s had no recording", count(misses, "request", "requests")), "--fail-on-miss=false lets that pass"}
	case o.failOnMiss && misses > 0:
		return &failure{exitDifferent, fmt.Errorf("run: %s not been recorded before (--fail-on-miss)", count(misses, "request had", "requests had")), ""}
	case o.failUnused && unused > 0:
		return &failure{exitDifferent, fmt.Errorf("run: %s not used (--fail-unused)", count(unused, "recording was", "recordings were")), ""}
	}
	return nil
}

// troubles are what went wrong here, the worst first.
func (r *runResult) troubles() (errs []error) {
	if r.lost+r.down > 0 {
		errs = append(errs, fmt.Errorf("run: the store failed while the command ran: %s lost, %s failed",
			count(r.lost, "recording", "recordings"), count(r.down, "reading", "readings")))
	}
	for _, err := range []error{r.unwritten, r.unserved, r.unread} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// originHint is what to do about an origin that gave no answer.
func originHint(err error) string {
	var problem *fixtures.Problem
	if !errors.As(err, &problem) {
		return ""
	}
	return problem.Hint
}

// runJSON is the file of --report.
type runJSON struct {
	Mode      string             `json:"mode"`
	ExitCode  int                `json:"exit_code"`
	Asked     bool               `json:"asked"` // false: the command never asked the proxy
	Hits      int64              `json:"hits"`
	Misses    int64              `json:"misses"`
	Bypasses  int64              `json:"bypasses"`
	Refused   int64              `json:"refused"` // answered with an error, and passed on to nobody
	Recorded  int64              `json:"recorded"`
	Lost      int64              `json:"lost"`
	Errors    []momentError      `json:"errors"`    // of the moment: kept when the command succeeded, else dropped
	Bypassed  []bypassed         `json:"bypassed"`  // the first 1,000
	Leads     []replay.Lead      `json:"leads"`     // hosts past the proxy
	Unsure    []string           `json:"unsure"`    // came in another order than recorded: which take they get could not be known
	Uncaught  []tunnel.Miss      `json:"uncaught"`  // tunnels without requests, and hosts passed through
	Unmatched []replay.Unmatched `json:"unmatched"` // the first 1,000
	Unused    []replay.Unused    `json:"unused"`
}

// writeJSON writes the file of --report.
func writeJSON(out io.Writer, r *runResult, code int) error {
	enc := jsonTo(out)
	enc.SetIndent("", "  ")
	return enc.Encode(runJSON{
		Mode: r.mode, ExitCode: code, Asked: r.report.Asked,
		Hits: r.report.Hits, Misses: r.report.Misses, Bypasses: r.report.Bypasses, Refused: r.report.Refused,
		Recorded: r.recorded, Lost: r.lost,
		Errors:    append([]momentError{}, r.errors...),
		Bypassed:  append([]bypassed{}, r.bypassed...),
		Leads:     append([]replay.Lead{}, r.leads...),
		Unsure:    append([]string{}, r.report.Unsure...),
		Uncaught:  append([]tunnel.Miss{}, r.uncaught...),
		Unmatched: append([]replay.Unmatched{}, r.report.Unmatched...),
		Unused:    append([]replay.Unused{}, r.report.Unused...),
	})
}
