package replay

import (
	"net/http"
	"net/url"
	"regexp"
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

// These find what a field names by its path alone, which is at the origin too.
var (
	locationPath = regexp.MustCompile(`^/.*`)
	linkPath     = regexp.MustCompile(`</[^>]*`) // RFC 8288, section 3
	refreshPath  = regexp.MustCompile(`(?i)url=["']?/[^"']*`)
)

func pathsIn(field string) *regexp.Regexp {
	switch {
	case field == "Link":
		return linkPath
	case field == "Refresh":
		return refreshPath
	case strings.HasSuffix(field, "Location"):
		return locationPath
	}
	return nil
}

// readdressed adapts the values of a field that leads.
func (w *writer) readdressed(values []string, field string) []string {
	base, paths := basePath(w.at()), pathsIn(field)
	out := slices.Clone(values)
	for i, value := range out {
		out[i] = string(w.replacer().All([]byte(value)))
		if paths == nil || base == "" && w.prefix == "" {
			continue
		}
		out[i] = paths.ReplaceAllStringFunc(out[i], func(found string) string {
			n := strings.IndexByte(found, '/')
			if strings.HasPrefix(found[n:], "//") { // a host follows
				return found
			}
			return found[:n] + w.readdressedPath(found[n:], base)
		})
	}
	return out
}

// readdressedPath adapts a path at the origin. One that is not below the origin's own
// would lead to another path there, so it becomes the whole URL.
func (w *writer) readdressedPath(path, base string) string {
	if rest, under := strings.CutPrefix(path, base); under && (rest == "" || strings.IndexByte("/?#", rest[0]) >= 0) {
		return w.prefix + rest
	}
	root := url.URL{Scheme: w.at().Scheme, Host: w.at().Host}
	return string(w.replacer().All([]byte(fixtures.WebURL(root.String()) + path)))
}

// clientBase is the URL by which the client knows the proxy.
func clientBase(r *http.Request, prefix string) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host + prefix
}
