package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/secret"
)

// updateAll records again what differs, which was asked with a further header.
// What it cannot, it notes.
func updateAll(ctx context.Context, s *collection, set *questions, header http.Header) error {
	var drifted []*question
	for _, q := range set.ask {
		if q.err != nil || q.changes == nil {
			continue
		}
		if !keepable(q.take.Response.Status, q.answer.Status) {
			continue // q.note says why
		}
		drifted = append(drifted, q)
	}
	switch {
	case len(drifted) == 0:
		return nil
	case s.set != nil:
		return s.updateFiles(ctx, set, drifted, header)
	}
	return s.updateStore(ctx, drifted)
}

// keepable reports whether an answer is about the resource, and not about who
// asks, or when.
func keepable(was, is int) bool {
	switch is {
	case was:
		return true
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusRequestTimeout,
		http.StatusMisdirectedRequest, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return is < 500
}

// again returns the recording of an answer, in the place of the take that it was
// compared with.
func (q *question) again() *fixtures.Recording {
	rec := *q.take.Recording
	rec.Response, rec.Recorded = *q.answer, time.Now()
	return &rec
}

// updateStore replaces single takes. One of several would lose its place among
// the unsafe requests that stand between them.
func (s *collection) updateStore(ctx context.Context, drifted []*question) error {
	for _, q := range drifted {
		if q.of > 1 {
			q.note = "it has several takes, whose order is that of a whole run"
			continue
		}
		view, err := s.store.View(ctx)
		if err != nil {
			return err
		}
		rec := q.again()
		if rec.Response.Body, err = s.keep(ctx, rec.Response.Body); err != nil {
			return err
		}
		key := view.Rules.Key(&rec.Request)
		if err := s.store.Append(ctx, fixtures.Commit{View: view, Key: key, Recording: rec, Seen: fixtures.SeenAll, Replace: true}); err != nil {
			return fmt.Errorf("%s %s: %w", rec.Request.Method, secret.CleanTarget(rec.Request.Target), err)
		}
		q.updated = true
	}
	return nil
}

// keep gives large content to the store.
func (s *collection) keep(ctx context.Context, body fixtures.Body) (fixtures.Body, error) {
	if len(body.Bytes) <= fixtures.InlineBody {
		return body, nil
	}
	large, err := s.store.NewBody(ctx)
	if err != nil {
		return body, err
	}
	if _, err := large.Write(body.Bytes); err != nil {
		large.Discard()
		return body, err
	}
	return large.Body()
}

// updateFiles writes the directory with the new answers in it, cleaned.
func (s *collection) updateFiles(ctx context.Context, set *questions, drifted []*question, header http.Header) error {
	cleaner, err := cleanerWith(s.rules, header)
	if err != nil {
		return err
	}
	for _, rec := range set.all {
		cleaner.Learn(rec.Recording) // for the placeholders that are taken
	}
	fresh := map[*fixtures.Recording]*fixtures.Recording{}
	for _, q := range drifted {
		fresh[q.take.Recording] = q.again()
		cleaner.Learn(fresh[q.take.Recording])
		q.updated = true
	}
	recs := make([]*fixtures.Recording, len(set.all))
	for i, rec := range set.all {
		recs[i] = rec.Recording
		if again := fresh[rec.Recording]; again != nil {
			if recs[i], err = samePlaceholders(rec.Recording, cleaner.Clean(again)); err != nil {
				return err
			}
		}
	}
	_, err = s.set.Write(ctx, s.config, recordingsOf(recs), dir.WriteOptions{})
	return err
}
