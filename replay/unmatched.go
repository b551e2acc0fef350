package replay

import (
	"errors"
	"net/http"
	"sync"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/replay/explain"
)

// Unmatched is an offline request that no recording answers.
type Unmatched struct {
	Method  string `json:"method"`
	URL     string `json:"url"` // the request-target, secrets masked
	Session string `json:"session,omitempty"`
	Text    string `json:"text"` // the explanation, of several lines
}

// maxUnmatched bounds how many are kept for the report. All are counted.
const maxUnmatched = 1000

// missed keeps the unmatched requests. It may be used concurrently.
type missed struct {
	mu    sync.Mutex
	kept  []Unmatched // guarded by mu
	count int64       // guarded by mu
}

func (m *missed) add(u Unmatched) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count++
	if len(m.kept) < maxUnmatched {
		m.kept = append(m.kept, u)
	}
}

func (m *missed) all() (kept []Unmatched, count int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Unmatched(nil), m.kept...), m.count
}

// unmatched explains, to whoever is to know, why nothing answers a request.
func (p *Proxy) unmatched(w *writer, r *http.Request) error {
	err := p.explain(r.Context(), &w.lookup)
	var problem *fixtures.Problem
	if !errors.As(err, &problem) {
		return p.cannotSay(w, r, p.Sequence.failed(err))
	}
	w.missed, w.explanation = true, err.Error()
	if miss := new(explain.Miss); errors.As(err, &miss) {
		w.explanation = miss.Text()
	}
	u := Unmatched{
		Method:  r.Method,
		URL:     secret.CleanTarget(r.RequestURI),
		Session: w.session,
		Text:    w.explanation,
	}
	p.missed.add(u)
	if p.Events.OnMiss != nil {
		p.Events.OnMiss(u)
	}
	return err
}

// missStatus is the status of a miss. It is no 5xx, which client libraries
// try again, and not 404, which looks like an answer.
func (p *Proxy) missStatus() int {
	if p.Answers.MissStatus == 0 {
		return http.StatusFailedDependency
	}
	return p.Answers.MissStatus
}
