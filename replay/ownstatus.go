package replay

import (
	"context"
	"encoding/json"
	"net/http"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/checkup"
)

// A health is what the proxy says of itself.
type health struct {
	Status string `json:"status"`
	Mode   string `json:"mode"`
	Origin string `json:"origin"`
	Store  string `json:"store"` // "ok", or what is wrong with it
	Hits   int64  `json:"hits"`
	Misses int64  `json:"misses"`
	Bypass int64  `json:"bypasses"`
	Refuse int64  `json:"refused"`

	// Checks are what doctor says of the store, too. Nil: they were not made.
	Checks []checkup.Finding `json:"checks,omitempty"`
}

// health asks the store, too: its status is 503 when the store cannot answer, or a check
// of it fails.
func (p *Proxy) health(r *http.Request) (h health, status int) {
	stats := p.Stats()
	h = health{Status: "ok", Mode: p.Mode(), Origin: p.Origin.Name, Store: "ok", Hits: stats.Hits, Misses: stats.Misses, Bypass: stats.Bypasses, Refuse: stats.Refused}
	if p.Origin.URL != nil {
		h.Origin = p.Origin.URL.Redacted()
	}
	if _, err := p.view(r.Context()); err != nil {
		h.Status, h.Store = "store unreachable", err.Error()
		return h, http.StatusServiceUnavailable
	}
	if p.Answers.Examine == nil {
		return h, http.StatusOK
	}
	status = http.StatusOK
	h.Checks = p.Answers.Examine(r.Context())
	for _, found := range h.Checks {
		if found.Level == checkup.Fail && status == http.StatusOK {
			h.Status, h.Store, status = "store failing", found.What, http.StatusServiceUnavailable
		}
	}
	return h, status
}

// Mode names what the proxy is composed of, for people.
func (p *Proxy) Mode() string {
	switch {
	case p.Cache == nil:
		return "offline"
	case p.Cache.Anew:
		return "record"
	}
	return "live"
}

// view asks what answers last, which is what records.
func (p *Proxy) view(ctx context.Context) (fixtures.View, error) {
	if p.Cache != nil {
		return p.Cache.Store.View(ctx)
	}
	return p.Sequence.Store.View(ctx)
}

// Sessions returns those that are being replayed, in the order of their names.
func (p *Proxy) Sessions() []SessionStatus {
	if p.Sequence == nil {
		return []SessionStatus{}
	}
	return p.Sequence.sessions.list()
}

// healthPage is for scripts that wait until the proxy can answer.
func (p *Proxy) healthPage(w *writer, r *http.Request) error {
	h, status := p.health(r)
	return w.ownJSON(status, h)
}

// statusPage is for people who wonder how far their test has come.
func (p *Proxy) statusPage(w *writer, r *http.Request) error {
	h, _ := p.health(r)
	_, unmatched := p.missed.all()
	return w.ownJSON(http.StatusOK, struct {
		health
		Unmatched int64           `json:"unmatched"`
		Sessions  []SessionStatus `json:"sessions"`
	}{h, unmatched, p.Sessions()})
}

// ownJSON answers with a page of cannery's own.
func (w *writer) ownJSON(status int, page any) error {
	body, err := json.MarshalIndent(page, "", "  ")
	if err != nil {
		return err
	}
	w.document(status, "application/json", append(body, '\n'))
	return nil
}
