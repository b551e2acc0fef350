package main

import (
	"context"
	"io"

	"example.com/cannery/replay/explain"
	"example.com/cannery/replay/page"
)

// collectHTML reads what the file of --report-html shows, before the store is closed.
func (o *runner) collectHTML(ctx context.Context, p *runProxy, r *runResult) {
	if o.reportHTML == "" {
		return
	}
	report, err := page.NewReport(ctx, p.Proxy)
	if r.html = report; r.unread == nil {
		r.unread = err
	}
}

// writeHTML writes the file of --report-html, which collectHTML has read.
func writeHTML(out io.Writer, r *runResult, code int) error {
	return r.html.Write(out, page.Run{
		Command:  explain.CommandLine(r.hints.Command...),
		ExitCode: code, Recorded: r.recorded, Report: r.report,
	})
}
