package replay

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"example.com/cannery/fixtures"
)

// target returns the request-target as the origin has it. A client that takes
// cannery for its HTTP proxy sends the absolute form (RFC 9112, section 3.2.2):
// what it asks of other hosts is nothing that cannery can answer, and its
// credentials are not the origin's to see.
func (p *Proxy) target(w *writer, r *http.Request) (string, error) {
	target := fixtures.RequestTarget(r.RequestURI)
	if target == r.RequestURI || p.isItself(r) {
		return target, nil
	}
	if p.AnyHost != nil {
		return p.goToHost(w, r, r.URL, target)
	}
	origins, err := p.placedOrigins(r.Context())
	if err != nil {
		return "", storeProblem(err)
	}
	for i := range origins {
		at := origins[i].URL
		if below, ok := strings.CutPrefix(target, basePath(at)); ok && sameHost(r.URL, at) && (below == "" || below[0] == '/' || below[0] == '?') {
			w.absolute = true
			if len(origins) > 1 {
				w.goTo(&origins[i])
			}
			return fixtures.RequestTarget(at.Scheme + "://" + at.Host + below), nil
		}
	}
	names := "an origin whose URL nobody knows"
	if len(origins) > 0 {
		names = fmt.Sprintf("%q", urls(origins))
	}
	return "", &fixtures.Problem{
		Status: http.StatusMisdirectedRequest,
		Title:  "another host was asked for",
		Detail: fmt.Sprintf("%s asked cannery, as its HTTP proxy, for %q; cannery stands for %s", r.Method, r.URL.Scheme+"://"+r.URL.Host, names),
		Hint:   fmt.Sprintf("use cannery's address as the base URL and not as HTTP_PROXY, or set NO_PROXY=%s", r.URL.Hostname()),
	}
}

// isItself reports whether a request in absolute form is for the proxy.
func (p *Proxy) isItself(r *http.Request) bool {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil || !p.ownHost(r.URL.Host) {
		return false
	}
	_, port, err := net.SplitHostPort(local.String())
	asked := r.URL.Port()
	if asked == "" {
		asked = fixtures.DefaultPort(r.URL.Scheme)
	}
	return err == nil && port == asked
}

// placedOrigins returns those that the proxy stands for, as far as their URLs are known.
func (p *Proxy) placedOrigins(ctx context.Context) (origins []Origin, err error) {
	for _, o := range p.Origins() {
		if o.URL != nil {
			origins = append(origins, o)
		}
	}
	if p.Origin.Forwarder != nil {
		return origins, nil
	}
	view, err := p.Sequence.Store.View(ctx)
	if err != nil {
		return nil, err
	}
	names, err := p.Sequence.Catalog.Origins(ctx, view)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if p.Origin.Name != "" && name != p.Origin.Name {
			continue
		}
		base, err := p.Sequence.Catalog.base(ctx, view, name)
		if err != nil {
			return nil, err
		}
		recorded := fixtures.Request{Origin: name, Base: base}
		if u, err := url.Parse(recorded.Address()); err == nil && u.Host != "" {
			origins = append(origins, Origin{Name: name, URL: u})
		}
	}
	return origins, nil
}

// sameHost reports whether two URLs have one host and port, or that which the
// scheme of each implies: to reach an https origin through an HTTP proxy some
// clients are told that it is an http one.
func sameHost(a, b *url.URL) bool {
	return strings.EqualFold(a.Hostname(), b.Hostname()) && explicitPort(a) == explicitPort(b)
}

func explicitPort(u *url.URL) string {
	if port := u.Port(); port != fixtures.DefaultPort(u.Scheme) {
		return port
	}
	return ""
}

func urls(all []Origin) (texts []string) {
	for _, o := range all {
		texts = append(texts, o.URL.String())
	}
	return texts
}
