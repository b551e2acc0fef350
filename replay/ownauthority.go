package replay

import (
	"net/http"

	"example.com/cannery/fixtures"
)

// authorityPage is for clients that are to trust the authority of this run. It has
// nothing secret in it.
func (p *Proxy) authorityPage(w *writer, _ *http.Request) error {
	if p.Answers.Authority == nil {
		return &fixtures.Problem{
			Status: http.StatusNotFound,
			Title:  "no authority",
			Detail: "cannery shows no certificate of its own",
			Hint:   "start it with --proxy or --tls",
		}
	}
	w.document(http.StatusOK, "application/x-x509-ca-cert", p.Answers.Authority) // by which browsers offer to trust it
	return nil
}
