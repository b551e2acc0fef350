package replay

import (
	"context"
	"fmt"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// A Report is what a run of a proxy comes to.
type Report struct {
	Stats

	// Unmatched are the offline requests that nothing answered, the first
	// 1,000 of them, and UnmatchedCount is how many there were.
	Unmatched      []Unmatched
	UnmatchedCount int64

	// Unused are the recordings of the store that have not been served. Those
	// that this proxy has recorded are not among them.
	Unused []Unused

	// Unsure are the requests, method and path, of which could not be known which of
	// their takes was to be served: the order of requests was not the one recorded. They
	// are the first 100.
	Unsure []string

	// Asked says that there was a request, were it for a page of cannery's.
	Asked bool
}

// Unused is a recording that no request has asked for.
type Unused struct {
	Method  string `json:"method"`
	Target  string `json:"url"`
	Session string `json:"session,omitempty"`
	Origin  string `json:"origin,omitempty"` // of several; "" where there is one only
	Take    int    `json:"take"`
	Name    string `json:"name,omitempty"` // of the fixture; "" for one not imported
}

// Report says what has been asked for, and what has not. It reads the whole
// store; when that fails the report holds the rest all the same. Without a
// Catalog Unused is empty.
func (p *Proxy) Report(ctx context.Context) (Report, error) {
	report := Report{Stats: p.Stats()}
	report.Asked = p.began.Load() != nil
	if p.Sequence != nil {
		for _, asked := range p.Sequence.sessions.unsure() {
			p.Sequence.unsure.add(asked)
		}
		report.Unsure = p.Sequence.unsure.all()
	}
	report.Unmatched, report.UnmatchedCount = p.missed.all()
	catalog := p.listing()
	if catalog == nil {
		return report, nil
	}
	view, err := catalog.Store.View(ctx)
	if err != nil {
		return report, fmt.Errorf("find the unused recordings: %w", err)
	}
	origins := map[string]bool{}
	for rec, err := range catalog.Store.Recordings(ctx) {
		if err != nil {
			report.Unused = nil
			return report, fmt.Errorf("find the unused recordings: %w", err)
		}
		origins[rec.Request.Origin] = true
		if p.served(view, rec) == 0 && !p.recorded(rec) {
			req := &rec.Request
			report.Unused = append(report.Unused, Unused{req.Method, secret.CleanRecorded(req, view.FingerprintKey()), req.Session, req.Origin, rec.Take, rec.Name})
		}
	}
	for i := range report.Unused {
		if len(origins) < 2 {
			report.Unused[i].Origin = ""
		}
	}
	return report, nil
}

// listing returns what knows all recordings that people expect to be used, nil for
// nothing: a Sequence's where there is one.
func (p *Proxy) listing() *Catalog {
	if p.Sequence != nil {
		return p.Sequence.Catalog
	}
	return p.Cache.Catalog
}

// served returns how often a recording of the listing was served, by whatever source.
func (p *Proxy) served(view fixtures.View, rec *fixtures.Recording) (times int64) {
	key := view.Rules.Key(&rec.Request)
	if p.Sequence != nil {
		times += p.Sequence.served.times(key, rec)
	}
	if p.Cache != nil {
		times += p.Cache.served.times(key, rec)
	}
	return times
}

// recorded reports whether a recording was made since the proxy's first request.
func (p *Proxy) recorded(rec *fixtures.Recording) bool {
	began := p.began.Load()
	return p.Cache != nil && began != nil && !rec.Recorded.Before(*began)
}

// Reset rewinds the sessions of these names, "" being that of the requests
// without one; without any name it rewinds all. Their takes are served from the
// first again. What Report counts stays.
func (p *Proxy) Reset(names ...string) {
	switch {
	case p.Sequence == nil: // nothing has a position
	case len(names) == 0:
		p.Sequence.sessions.resetAll()
	default:
		p.Sequence.sessions.reset(names)
	}
}
