package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
)

// lastingStatuses are what an answer must have to take the place of a recording.
const lastingStatuses = "2xx,3xx,404,410"

// again asks the origin of a recording once more, and keeps the answer in its place, as
// a run with --record does. An answer of the moment leaves the recording.
func (o *start) again(src *source, j *journal, lost *replay.Outage) func(context.Context, *fixtures.Recording) error {
	anew := *o
	anew.record = true
	if anew.statuses == nil {
		anew.statuses, _ = recorder.ParseStatuses(lastingStatuses)
	}
	return func(ctx context.Context, rec *fixtures.Recording) error {
		what := fmt.Sprintf("record %s %s again", rec.Request.Method, secret.CleanTarget(rec.Request.Target))
		if !o.origins.has(rec.Request.Origin) {
			return fmt.Errorf("%s: its origin %q is none of --origin", what, rec.Request.Origin)
		}
		p := anew.proxy(src, j, lost) // a new one: each replaces a recording once
		req, err := requestOf(ctx, rec, p.Paths(ctx)[rec.Request.Origin])
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		answer := &unread{header: http.Header{}}
		p.ServeHTTP(answer, req)
		if answer.header.Get("X-Cache") != "MISS" {
			return fmt.Errorf("%s: the origin's answer, %d, is none to keep: the recording stays", what, answer.status)
		}
		return nil
	}
}

// requestOf is the request of a recording, at the path that its origin has here.
func requestOf(ctx context.Context, rec *fixtures.Recording, path string) (*http.Request, error) {
	target := path + rec.Request.Target
	req, err := http.NewRequestWithContext(ctx, rec.Request.Method, "http://localhost"+target, bytes.NewReader(rec.Request.Body))
	if err != nil {
		return nil, err
	}
	if len(rec.Request.Body) == 0 {
		req.Body = http.NoBody
	}
	req.RequestURI, req.Header = target, rec.Request.Header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if rec.Request.Session != "" {
		req.Header[fixtures.SessionField] = []string{rec.Request.Session}
	}
	return req, nil
}

// An unread answer is one whose content nobody wants.
type unread struct {
	header http.Header
	status int
}

func (u *unread) Header() http.Header { return u.header }

func (u *unread) WriteHeader(status int) { u.status = status }

func (u *unread) Write(p []byte) (int, error) { return len(p), nil }

// Flush has nothing to send: what is passed on is flushed as it comes.
func (u *unread) Flush() {}
