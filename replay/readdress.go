package replay

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
)

// at is the URL that the answer's own references name, nil when nobody
// knows. Few answers have any, so it is not found before it is asked for.
func (w *writer) at() *url.URL {
	if w.named == nil && w.recording != nil {
		w.named = w.recordedAt(&w.recording.Request)
	}
	return w.named
}

// recordedAt is the URL that the origin had when a request was recorded, nil
// when nobody knows. It is what the recorded answer names.
func (w *writer) recordedAt(req *fixtures.Request) *url.URL {
	if req.Base == "" && w.origin.URL != nil {
		return w.origin.URL
	}
	u, err := url.Parse(req.Address())
	if err != nil || u.Host == "" {
		return nil
	}
	return u
}

// basePath is the path of an origin that is no part of request-targets. Of none, nil,
// it is "".
func basePath(at *url.URL) string {
	if at == nil {
		return ""
	}
	return strings.TrimSuffix(at.EscapedPath(), "/")
}

// The fields of an answer that name the origin are made to name the proxy, as
// the client knows it. Values are replaced, never changed in place: recordings
// share them.

// leads reports whether a field has URLs in it that clients go to.
func leads(name string) bool {
	switch name {
	case "Link", "Refresh", "Www-Authenticate", "Azure-Asyncoperation", "Sourcemap", "X-Sourcemap":
		return true
	}
	return strings.HasSuffix(name, "Location") || strings.HasSuffix(name, "-Url") || strings.HasSuffix(name, "-Uri")
}

// readdressed adapts the values of a field that leads.
func (w *writer) readdressed(values []string, field string) []string {
	base := basePath(w.at())
	out := slices.Clone(values)
	for i, value := range out {
		out[i] = string(w.replacer().All([]byte(value)))
		// A path alone is at the origin too.
		if strings.HasSuffix(field, "Location") && strings.HasPrefix(out[i], "/") && !strings.HasPrefix(out[i], "//") {
			if rest, ok := strings.CutPrefix(out[i], base); ok && (rest == "" || strings.IndexByte("/?#", rest[0]) >= 0) {
				out[i] = w.prefix + rest
			}
		}
	}
	return out
}

// clientBase is the URL by which the client knows the proxy.
func clientBase(r *http.Request, prefix string) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + prefix
}
