package replay

import (
	"cmp"
	"hash/maphash"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Cookies belong to a host, and behind the proxy all origins have one. Those of an
// origin with a prefix are kept below it by their Path. Those of the first origin go
// to all paths, so the proxy remembers which cookies each origin has set, and keeps
// from an origin what only others did. What a client has made up itself passes.

// cookies adapts the values of Set-Cookie.
func (w *writer) cookies(values []string) []string {
	n := w.neighbours()
	out := make([]string, 0, len(values))
	for _, value := range values {
		out = append(out, w.cookie(value, w.at(), w.prefix))
		if n == nil {
			continue
		}
		w.proxy.jar.note(value, w.lookup.request.Origin)
		domain := attribute(value, "Domain")
		if !strings.Contains(domain, ".") || !domainMatches(hostOf(w.at()), domain) {
			continue
		}
		// One for a whole domain is for the other origins in it, too.
		told := []string{w.lookup.request.Origin}
		for i, name := range n.names {
			at, err := url.Parse(n.urls[i])
			if err != nil || !domainMatches(at.Hostname(), domain) || slices.Contains(told, name) {
				continue
			}
			told = append(told, name)
			w.proxy.jar.note(value, name)
			out = append(out, w.cookie(value, at, w.pathOf(n, name)))
		}
	}
	return out
}

// cookie adapts a Set-Cookie (RFC 6265, section 4.1) for an origin at a URL, nil when
// nobody knows it, that clients know by a prefix. It loses a Domain of the
// origin's, and what a client refuses over plain HTTP: Secure, and what goes only
// with it, SameSite=None and Partitioned. One whose name asks for Secure keeps it:
// browsers take such from loopback, and from nowhere without it. Its Path loses
// the origin's base path, and gets the prefix.
func (w *writer) cookie(value string, at *url.URL, prefix string) string {
	parts := strings.Split(value, ";")
	secure := w.request.TLS != nil || asksForSecure(parts[0])
	kept, under := parts[:1:1], ""
	for _, part := range parts[1:] {
		name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case strings.EqualFold(name, "Domain") && (at == nil || domainMatches(hostOf(at), v)):
			continue
		case !secure && (strings.EqualFold(name, "Secure") || strings.EqualFold(name, "Partitioned") || strings.EqualFold(name, "SameSite") && strings.EqualFold(v, "None")):
			continue
		case strings.EqualFold(name, "Path"):
			if under = cookiePath(v, basePath(at)); under != "" && !asksForRoot(parts[0]) {
				under = below(prefix, under)
			}
			if under != "" && under != v {
				part = " Path=" + under
			}
		}
		kept = append(kept, part)
	}
	if under == "" && (prefix != w.sessionPath || prefix != w.prefix) {
		// The client's default would be made of the path with the prefix, which
		// may end with it, or have another one.
		target, _, _ := strings.Cut(w.request.RequestURI, "?")
		kept = append(kept, " Path="+below(prefix, path.Dir(target)))
	}
	return strings.Join(kept, ";")
}

// cookiePath returns a cookie's path without the base path of its origin, which is no
// part of the proxy's paths. "" is none: the client has a default for it.
func cookiePath(v, base string) string {
	if !strings.HasPrefix(v, "/") {
		return ""
	}
	if base == "" {
		return v
	}
	if rest, ok := strings.CutPrefix(v, base); ok && (rest == "" || rest[0] == '/') {
		return "/" + strings.TrimPrefix(rest, "/")
	}
	if above := strings.TrimSuffix(v, "/") + "/"; strings.HasPrefix(base, above) {
		return "/"
	}
	return v
}

// below puts a prefix before a cookie's path. That of all paths is the prefix alone,
// which may be asked for as it is.
func below(prefix, under string) string {
	if under == "/" {
		return cmp.Or(prefix, "/")
	}
	return prefix + under
}

// attribute returns the value of an attribute of a Set-Cookie, "" for none.
func attribute(cookie, name string) (value string) {
	for _, part := range strings.Split(cookie, ";")[1:] {
		if n, v, _ := strings.Cut(strings.TrimSpace(part), "="); strings.EqualFold(n, name) {
			value = v
		}
	}
	return value
}

// asksForSecure reports whether a cookie's name has a prefix for which browsers
// want Secure, whatever its case (RFC 6265bis, section 4.1.3).
func asksForSecure(cookie string) bool {
	name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(cookie)), "=")
	return strings.HasPrefix(name, "__host-") || strings.HasPrefix(name, "__secure-") || strings.HasPrefix(name, "__http-")
}

// asksForRoot reports whether a cookie's name has the prefix for which browsers want
// the Path "/".
func asksForRoot(cookie string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(cookie)), "__host-")
}

// domainMatches is RFC 6265, section 5.1.3.
func domainMatches(host, domain string) bool {
	host, domain = strings.ToLower(host), strings.ToLower(strings.TrimPrefix(domain, "."))
	return host == domain || domain != "" && strings.HasSuffix(host, "."+domain) && net.ParseIP(host) == nil
}

func hostOf(at *url.URL) string {
	if at == nil {
		return ""
	}
	return at.Hostname()
}

// A jar remembers which cookies, name and value, each of several origins has set. It
// may be used concurrently. The zero jar is ready.
type jar struct {
	used atomic.Bool // it remembers something

	mu   sync.Mutex
	seed maphash.Seed          // guarded by mu
	set  map[cookieOf]struct{} // guarded by mu
}

// A cookieOf is a cookie of an origin, or, with "", of any.
type cookieOf struct {
	hash   uint64
	origin string
}

// maxCookies bounds what is remembered. Past it all is forgotten.
const maxCookies = 200_000

// note remembers the cookie that a Set-Cookie sets for an origin.
func (j *jar) note(value, origin string) {
	pair, _, _ := strings.Cut(value, ";")
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.set == nil || len(j.set) >= maxCookies {
		j.seed, j.set = maphash.MakeSeed(), map[cookieOf]struct{}{}
	}
	hash := j.hash(pair)
	j.set[cookieOf{hash, ""}] = struct{}{}
	j.set[cookieOf{hash, origin}] = struct{}{}
	j.used.Store(true)
}

// hash is called with mu held.
func (j *jar) hash(pair string) uint64 {
	name, value, _ := strings.Cut(pair, "=")
	return maphash.String(j.seed, strings.TrimSpace(name)+"="+strings.TrimSpace(value))
}

// keep leaves in a request's header the cookies that are an origin's to see, each
// once.
func (j *jar) keep(header http.Header, origin string) {
	values := header["Cookie"]
	if values == nil || !j.used.Load() {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var kept []string
	for pair := range strings.SplitSeq(strings.Join(values, "; "), ";") {
		pair = strings.TrimSpace(pair)
		hash := j.hash(pair)
		_, known := j.set[cookieOf{hash, ""}]
		_, own := j.set[cookieOf{hash, origin}]
		if pair == "" || known && (!own || slices.Contains(kept, pair)) {
			continue
		}
		kept = append(kept, pair)
	}
	delete(header, "Cookie")
	if kept != nil {
		header["Cookie"] = []string{strings.Join(kept, "; ")}
	}
}
