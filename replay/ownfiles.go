package replay

import (
	"bytes"
	"net/http"
)

// metricsPage is for Prometheus, and for whatever else reads its text format.
func (p *Proxy) metricsPage(w *writer, _ *http.Request) error {
	if p.Answers.Metrics == nil {
		return noPage("no metrics", "this proxy counts nothing for others to read", "cannery start")
	}
	var page bytes.Buffer
	p.Answers.Metrics(&page)
	w.document(http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", page.Bytes())
	return nil
}

// authorityPage is for clients that are to trust the authority of this run. It has
// nothing secret in it.
func (p *Proxy) authorityPage(w *writer, _ *http.Request) error {
	if p.Answers.Authority == nil {
		return noPage("no authority", "cannery shows no certificate of its own", "start it with --proxy or --tls")
	}
	w.document(http.StatusOK, "application/x-x509-ca-cert", p.Answers.Authority) // by which browsers offer to trust it
	return nil
}
