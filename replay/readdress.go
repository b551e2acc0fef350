package replay

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/links"
)

// origin is the URL that the answer's own references name, nil when nobody
// knows. Few answers have any, so it is not found before it is asked for.
func (w *writer) origin() *url.URL {
	if w.named == nil && w.recording != nil {
		w.named = w.proxy.recordedAt(&w.recording.Request)
	}
	return w.named
}

// recordedAt is the URL that the origin had when a request was recorded, nil
// when nobody knows. It is what the recorded answer names.
func (p *Proxy) recordedAt(req *fixtures.Request) *url.URL {
	if req.Base == "" && p.Origin.URL != nil {
		return p.Origin.URL
	}
	u, err := url.Parse(req.Address())
	if err != nil || u.Host == "" {
		return nil
	}
	return u
}

// replacer puts the client's URL of the proxy in the place of the origin's. It
// replaces nothing when nobody knows the origin's.
func (w *writer) replacer() *links.Replacer {
	address := ""
	if origin := w.origin(); origin != nil {
		address = fixtures.WebURL(origin.String())
	}
	return links.Of(address).Replacer(clientBase(w.request, w.prefix))
}

// basePath is the path of the origin that is no part of request-targets.
func (w *writer) basePath() string {
	origin := w.origin()
	if origin == nil {
		return ""
	}
	return strings.TrimSuffix(origin.EscapedPath(), "/")
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
	base := w.basePath()
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

// cookies adapts the values of Set-Cookie.
func (w *writer) cookies(values []string) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = w.cookie(value)
	}
	return out
}

// cookie adapts a Set-Cookie (RFC 6265, section 4.1). It loses a Domain of the
// origin's, and what a client refuses over plain HTTP: Secure, and what goes only
// with it, SameSite=None and Partitioned. One whose name asks for Secure keeps it:
// browsers take such from loopback, and from nowhere without it. Its Path loses
// the origin's base path.
func (w *writer) cookie(value string) string {
	parts := strings.Split(value, ";")
	base, secure := w.basePath(), w.request.TLS != nil || asksForSecure(parts[0])
	kept := parts[:1]
	for _, part := range parts[1:] {
		name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case strings.EqualFold(name, "Domain") && (w.origin() == nil || domainMatches(w.origin().Hostname(), v)):
			continue
		case !secure && (strings.EqualFold(name, "Secure") || strings.EqualFold(name, "Partitioned") || strings.EqualFold(name, "SameSite") && strings.EqualFold(v, "None")):
			continue
		case strings.EqualFold(name, "Path") && base != "" && strings.HasPrefix(v, base):
			path := strings.TrimPrefix(v, base)
			if path == "" || path[0] == '/' {
				part = " Path=/" + strings.TrimPrefix(path, "/")
			}
		}
		kept = append(kept, part)
	}
	return strings.Join(kept, ";")
}

// asksForSecure reports whether a cookie's name has a prefix for which browsers
// want Secure, whatever its case (RFC 6265bis, section 4.1.3).
func asksForSecure(cookie string) bool {
	name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(cookie)), "=")
	return strings.HasPrefix(name, "__host-") || strings.HasPrefix(name, "__secure-") || strings.HasPrefix(name, "__http-")
}

// domainMatches is RFC 6265, section 5.1.3.
func domainMatches(host, domain string) bool {
	host, domain = strings.ToLower(host), strings.ToLower(strings.TrimPrefix(domain, "."))
	return host == domain || domain != "" && strings.HasSuffix(host, "."+domain) && net.ParseIP(host) == nil
}
