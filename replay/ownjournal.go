package replay

import (
	"net/http"
	"time"
)

// A journaled is an element of the page of the journal.
type journaled struct {
	Time     time.Time `json:"time"`
	Method   string    `json:"method"`
	URL      string    `json:"url"`
	Status   int       `json:"status"`
	Size     int64     `json:"size"`
	Duration float64   `json:"duration_ms"`
	Cache    string    `json:"cache"`
	Session  string    `json:"session,omitempty"`
	Note     string    `json:"note,omitempty"`
}

// journalPage tells the latest requests, the oldest first.
func (p *Proxy) journalPage(w *writer, _ *http.Request) error {
	page := []journaled{}
	entries, _ := p.Latest()
	for _, e := range entries {
		ms := float64(e.Duration.Microseconds()) / 1000
		page = append(page, journaled{e.Time, e.Method, e.URL, e.Status, e.Size, ms, e.Cache, e.Session, e.Note})
	}
	return w.ownJSON(http.StatusOK, page)
}
