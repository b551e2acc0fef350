package replay

import (
	"bytes"
	"net/http"

	"example.com/cannery/fixtures"
)

// instead has a request that is not recorded answered by who answers such, as
// it came. What was read of its content is read again.
func (p *Proxy) instead(w *writer, r *http.Request, content []byte) error {
	w.passed = true
	r.RequestURI = w.prefix + r.RequestURI
	if w.prefix == "" && w.session != "" {
		r.Header[fixtures.SessionField] = []string{w.session}
	}
	if content != nil {
		r.Body = readCloser{bytes.NewReader(content), r.Body}
	}
	p.Else.ServeHTTP(w.ResponseWriter, r)
	return nil
}
