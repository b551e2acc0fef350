package replay

import (
	"context"
	"encoding/json"
	"net/http"

	"example.com/cannery/fixtures"
)

// A health is what the proxy says of itself.
type health struct {
	Status string `json:"status"`
	Mode   string `json:"mode"`
	Origin string `json:"origin"`
	Store  string `json:"store"`
	Hits   int64  `json:"hits"`
	Misses int64  `json:"misses"`
	Bypass int64  `json:"bypasses"`
}

// health asks the store, too: its status is 503 when the store cannot answer.
func (p *Proxy) health(r *http.Request) (h health, status int) {
	stats := p.Stats()
	h = health{"ok", p.Mode(), p.Origin.Name, "ok", stats.Hits, stats.Misses, stats.Bypasses}
	if p.Origin.URL != nil {
		h.Origin = p.Origin.URL.Redacted()
	}
	if _, err := p.view(r.Context()); err != nil {
		h.Status, h.Store = "store unreachable", err.Error()
		return h, http.StatusServiceUnavailable
	}
	return h, http.StatusOK
}

// Mode names what the proxy is composed of, for people.
func (p *Proxy) Mode() string {
	switch {
	case p.Origin.Forwarder == nil:
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

// sessions are those that are being replayed.
func (p *Proxy) sessions() []sessionStatus {
	if p.Sequence == nil {
		return []sessionStatus{}
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
		Sessions  []sessionStatus `json:"sessions"`
	}{h, unmatched, p.sessions()})
}

// ownJSON answers with a page of cannery's own.
func (w *writer) ownJSON(status int, page any) error {
	body, err := json.MarshalIndent(page, "", "  ")
	if err != nil {
		return err
	}
	w.Header()["Content-Type"] = []string{"application/json"}
	w.Header()["Cache-Control"] = []string{"no-store"}
	w.own(status, append(body, '\n'))
	return nil
}
