package replay

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// readdress makes the fields of an answer that name the origin name the proxy,
// as the client knows it: Location, Content-Location, Link, Refresh, and the
// scope of cookies. Values are replaced, never changed in place: recordings
// share them.
func (p *Proxy) readdress(header http.Header, r *http.Request, prefix string) {
	for _, name := range [...]string{"Location", "Content-Location", "Link", "Refresh"} {
		if values := header[name]; values != nil {
			header[name] = p.readdressed(values, name, r, prefix)
		}
	}
	if cookies := header["Set-Cookie"]; cookies != nil {
		out := make([]string, len(cookies))
		for i, cookie := range cookies {
			out[i] = p.cookie(cookie, r.TLS != nil)
		}
		header["Set-Cookie"] = out
	}
}

func (p *Proxy) readdressed(values []string, field string, r *http.Request, prefix string) []string {
	replacer := p.originReplacer(r, prefix)
	base := strings.TrimSuffix(p.OriginURL.EscapedPath(), "/")
	out := slices.Clone(values)
	for i, value := range out {
		out[i] = string(replacer.all([]byte(value)))
		// A path alone is at the origin too.
		if strings.HasSuffix(field, "Location") && strings.HasPrefix(out[i], "/") && !strings.HasPrefix(out[i], "//") {
			if rest, ok := strings.CutPrefix(out[i], base); ok && (rest == "" || strings.IndexByte("/?#", rest[0]) >= 0) {
				out[i] = prefix + rest
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

// cookie adapts a Set-Cookie (RFC 6265, section 4.1). It loses a Domain of the
// origin's, and what a client refuses over plain HTTP: Secure, and the
// SameSite=None that goes only with it. Its Path loses the origin's base path.
func (p *Proxy) cookie(value string, secure bool) string {
	base := strings.TrimSuffix(p.OriginURL.EscapedPath(), "/")
	parts := strings.Split(value, ";")
	kept := parts[:1]
	for _, part := range parts[1:] {
		name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case strings.EqualFold(name, "Domain") && domainMatches(p.OriginURL.Hostname(), v):
			continue
		case !secure && (strings.EqualFold(name, "Secure") || strings.EqualFold(name, "SameSite") && strings.EqualFold(v, "None")):
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

// domainMatches is RFC 6265, section 5.1.3.
func domainMatches(host, domain string) bool {
	host, domain = strings.ToLower(host), strings.ToLower(strings.TrimPrefix(domain, "."))
	return host == domain || domain != "" && strings.HasSuffix(host, "."+domain) && net.ParseIP(host) == nil
}

// originNames are the spellings of the origin's URL without its base path:
// with and without the port that the scheme implies.
func originNames(origin *url.URL) []string {
	names := []string{origin.Scheme + "://" + origin.Host}
	implied := map[string]string{"http": "80", "https": "443"}[origin.Scheme]
	switch origin.Port() {
	case "":
		names = append(names, names[0]+":"+implied)
	case implied:
		names = append(names, strings.TrimSuffix(names[0], ":"+implied))
	}
	return names
}
