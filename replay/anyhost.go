package replay

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// goToHost makes a request one for the origin at a URL, and returns its target there.
// Of origins at one host it is that whose base path is the longest.
func (p *Proxy) goToHost(w *writer, r *http.Request, at *url.URL, target string) (string, error) {
	w.absolute, w.asItIs, w.lookup.anyHost = true, true, true
	host := hostURL(at)
	known, err := p.hosts.known(r.Context(), p)
	if err != nil {
		w.goTo(&Origin{Name: host, URL: at})
		return "", storeProblem(err)
	}
	for _, o := range known.at[fixtures.WebURL(host)] {
		if below, ok := strings.CutPrefix(target, basePath(o.URL)); ok && (below == "" || below[0] == '/' || below[0] == '?') {
			w.goTo(o)
			if below == target {
				return target, nil
			}
			return fixtures.RequestTarget(host + below), nil
		}
	}
	o := p.hosts.any(p, host, host)
	if o == nil {
		w.goTo(&Origin{Name: host, URL: at})
		return "", badHost(host)
	}
	w.goTo(o)
	return target, nil
}

// isHost reports whether a URL is of a host that HTTP goes to.
func isHost(u *url.URL) bool {
	port, err := strconv.ParseUint(cmp.Or(u.Port(), "1"), 10, 16)
	return u.Hostname() != "" && fixtures.DefaultPort(u.Scheme) != "" && err == nil && port > 0
}

// badHost refuses what net/http lets pass: a Host field may have characters that no host
// has, and a target another scheme.
func badHost(at string) error {
	return &fixtures.Problem{
		Status: http.StatusBadRequest,
		Title:  "bad host",
		Detail: fmt.Sprintf("%q is no URL of a host that HTTP goes to", secret.CleanText(at)),
		Hint:   "ask for http://HOST[:PORT] or https://HOST[:PORT]",
	}
}

// hostURL spells a scheme, host and port as the origin that is there is named: in lower
// case, without the port that the scheme implies.
func hostURL(u *url.URL) string {
	return u.Scheme + "://" + strings.ToLower(strings.TrimSuffix(u.Host, ":"+fixtures.DefaultPort(u.Scheme)))
}

// webURL is the URL as logs have it. It must be known.
func (o *Origin) webURL() string {
	if o.web != "" {
		return o.web
	}
	return fixtures.WebURL(o.URL.String())
}

// hosts are the origins of a forward proxy. They may be used concurrently. The zero
// hosts are ready.
type hosts struct {
	made   sync.Map                    // what AnyHost has returned: by name, an *Origin
	placed atomic.Pointer[placedHosts] // as they were last; nil: nobody has asked
}

// placedHosts are the origins of which it is known where they are: those that the proxy
// was given, and what a Sequence has recordings of.
type placedHosts struct {
	at   map[string][]*Origin // by the URL of their hosts, the longest base path first
	from *contents            // that they were made from, nil for none
}

// any returns the origin of a name at a URL, nil where none can be.
func (h *hosts) any(p *Proxy, name, at string) *Origin {
	if o, ok := h.made.Load(name); ok {
		return o.(*Origin)
	}
	u, err := url.Parse(at)
	if err != nil || !isHost(u) || name == at && hostURL(u) != at { // or it is not what was asked for
		return nil
	}
	named := p.AnyHost(name, u)
	named.web = named.webURL()
	o, _ := h.made.LoadOrStore(name, named)
	return o.(*Origin)
}

func (h *hosts) known(ctx context.Context, p *Proxy) (*placedHosts, error) {
	var from *contents
	if p.Sequence != nil {
		view, err := p.Sequence.Store.View(ctx)
		if err == nil {
			from, err = p.Sequence.Catalog.at(ctx, view)
		}
		if err != nil {
			return nil, err
		}
	}
	if known := h.placed.Load(); known != nil && known.from == from {
		return known, nil
	}
	known := &placedHosts{at: map[string][]*Origin{}, from: from}
	for _, o := range p.Origins() {
		if o.URL != nil {
			o.web = o.webURL()
			known.add(&o)
		}
	}
	if from != nil {
		for _, name := range from.origins {
			recorded := fixtures.Request{Origin: name, Base: from.bases[name]}
			// One whose name is its URL, without a path, is that which AnyHost returns.
			if u, err := url.Parse(recorded.Address()); err == nil && u.Host != "" && hostURL(u) != name && !known.has(name) {
				if o := h.any(p, name, u.String()); o != nil {
					known.add(o)
				}
			}
		}
	}
	h.placed.Store(known)
	return known, nil
}

func (k *placedHosts) add(o *Origin) {
	host := fixtures.WebURL(hostURL(o.URL))
	k.at[host] = append(k.at[host], o)
	slices.SortStableFunc(k.at[host], func(a, b *Origin) int {
		return cmp.Compare(len(basePath(b.URL)), len(basePath(a.URL)))
	})
}

// has reports whether an origin of a name is placed already: where it is given counts
// more than where it was.
func (k *placedHosts) has(name string) bool {
	for _, at := range k.at {
		if slices.ContainsFunc(at, func(o *Origin) bool { return o.Name == name }) {
			return true
		}
	}
	return false
}
