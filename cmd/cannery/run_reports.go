package main

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// A reportFile is a file that tells what a run came to.
type reportFile struct {
	flag  string // that names it
	path  string // "" means that it is not wanted
	adds  bool   // to what the file has already
	write func(out io.Writer, r *runResult, code int) error
}

// reportFiles are those that are wanted.
func (o *runner) reportFiles() []reportFile {
	all := []reportFile{
		{"report", o.report, false, writeJSON},
		{"report-html", o.reportHTML, false, writeHTML},
		{"report-junit", o.reportJUnit, false, o.writeJUnit},
		{"report-markdown", o.reportMarkdown, true, writeMarkdown},
	}
	return slices.DeleteFunc(all, func(f reportFile) bool { return f.path == "" })
}

// checkReports says what would keep reports from being written.
func (o *runner) checkReports() error {
	for _, f := range o.reportFiles() {
		check := checkOutput
		if f.adds {
			check = checkAppend
		}
		if err := check(f.path); err != nil {
			return f.error(err)
		}
	}
	return nil
}

// writeReports writes the files that tell what a run came to, and returns what it is to
// exit with: its verdict, or what kept a file from being written. An error that is not
// returned is said.
func (o *runner) writeReports(ctx context.Context, w *world, j *journal, r *runResult, verdict error) error {
	for _, f := range o.reportFiles() {
		if f.flag == "report-html" && r.html == nil {
			continue // why it could not be read is told as r.unread
		}
		err := w.writeReport(ctx, f, r, report(io.Discard, "", verdict))
		switch {
		case err == nil:
		case verdict == nil:
			verdict = err
		default:
			j.say(err.Error())
		}
	}
	return verdict
}

func (w *world) writeReport(ctx context.Context, f reportFile, r *runResult, code int) error {
	ctx, cancel := context.WithTimeout(ctx, readerTimeout)
	defer cancel()
	put := w.writeOutput
	if f.adds {
		put = w.appendOutput
	}
	err := put(ctx, f.path, func(out io.Writer) error { return f.write(out, r, code) })
	if err != nil {
		return f.error(err)
	}
	return nil
}

func (f reportFile) error(err error) error {
	return fmt.Errorf("write --%s %q: %w", f.flag, f.path, err)
}
