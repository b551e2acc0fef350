package replay

import (
	"bytes"
	"net/http"

	"example.com/cannery/fixtures"
)

// metricsPage is for Prometheus, and for whatever else reads its text format.
func (p *Proxy) metricsPage(w *writer, _ *http.Request) error {
	if p.Answers.Metrics == nil {
		return &fixtures.Problem{
			Status: http.StatusNotFound,
			Title:  "no metrics",
			Detail: "this proxy counts nothing for others to read",
			Hint:   "cannery start",
		}
	}
	var page bytes.Buffer
	p.Answers.Metrics(&page)
	w.document(http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", page.Bytes())
	return nil
}
