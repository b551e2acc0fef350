package replay

import (
	"bufio"
	"encoding/json"
	"net/http"

	"example.com/cannery/fixtures/secret"
)

// A listed is a line of the page of recordings.
type listed struct {
	Method  string `json:"method"`
	URL     string `json:"url"`
	Status  int    `json:"status"`
	Origin  string `json:"origin"`
	Session string `json:"session,omitempty"`
	Take    int    `json:"take"`
	Name    string `json:"name,omitempty"`
	Served  int64  `json:"served"`
}

// recordingsPage lists what the store holds and how often each recording has
// been served: a JSON object on each line, sent as they are read. When the store
// fails in the middle the answer is cut short.
func (p *Proxy) recordingsPage(w *writer, r *http.Request) error {
	catalog := p.listing()
	if catalog == nil {
		return noPage("no such page", "this proxy does not list its recordings", "cannery ls")
	}
	view, err := catalog.Store.View(r.Context())
	if err != nil {
		return storeProblem(err)
	}
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	w.Header()["Content-Type"] = []string{"application/x-ndjson"}
	w.Header()["Cache-Control"] = []string{"no-store"}
	for rec, err := range catalog.Store.Recordings(r.Context()) {
		if err != nil {
			return storeProblem(err)
		}
		if w.status == 0 {
			w.begin(http.StatusOK)
		}
		req := &rec.Request
		err := lines.Encode(listed{
			req.Method, secret.CleanRecorded(req, view.FingerprintKey()), rec.Response.Status, req.Origin, req.Session,
			rec.Take, rec.Name, p.served(view, rec),
		})
		if err != nil {
			return err
		}
	}
	if w.status == 0 {
		w.begin(http.StatusOK)
	}
	return out.Flush()
}
