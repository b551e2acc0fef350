package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// A momentError is an answer with an error of the moment (fixtures.OfTheMoment) that a
// run has recorded. It is kept when the command succeeds: then it was wanted, or tried
// again.
type momentError struct {
	Method  string `json:"method"`
	Target  string `json:"url"` // secrets masked
	Session string `json:"session,omitempty"`
	Status  int    `json:"status"`

	recorded time.Time
}

// momentErrors are those of a run. They may be used concurrently.
type momentErrors struct {
	mu  sync.Mutex
	all []momentError // guarded by mu
}

func (e *momentErrors) note(rec *fixtures.Recording) {
	if !fixtures.OfTheMoment(rec.Response.Status) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	req := &rec.Request
	e.all = append(e.all, momentError{req.Method, secret.CleanTarget(req.Target), req.Session, rec.Response.Status, rec.Recorded})
}

// drop removes the errors from the store that they were recorded into.
func (e *momentErrors) drop(ctx context.Context, s store) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.all) == 0 {
		return nil
	}
	view, err := s.View(ctx)
	if err != nil {
		return fmt.Errorf("drop the errors that were recorded: %w", err)
	}
	takes := map[fixtures.Key][]int{}
	for rec, err := range s.Recordings(ctx) {
		if err != nil {
			return fmt.Errorf("drop the errors that were recorded: %w", err)
		}
		if isMomentError(rec) && e.has(rec) {
			key := view.Rules.Key(&rec.Request)
			takes[key] = append(takes[key], rec.Take)
		}
	}
	if len(takes) == 0 {
		return nil
	}
	if _, err := s.Remove(ctx, fixtures.Filter{Takes: takes}, false); err != nil {
		return fmt.Errorf("drop the errors that were recorded: %w", err)
	}
	return nil
}

// has is called with mu held.
func (e *momentErrors) has(rec *fixtures.Recording) bool {
	for i := range e.all {
		if known := &e.all[i]; known.recorded.Equal(rec.Recorded) && known.Status == rec.Response.Status {
			return true
		}
	}
	return false
}

// isMomentError reports whether a recording is held back from fixtures until the
// command has ended.
func isMomentError(rec *fixtures.Recording) bool {
	return rec.Name == "" && fixtures.OfTheMoment(rec.Response.Status)
}
