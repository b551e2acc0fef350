package replay

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/links"
)

// Origins returns all origins of the proxy, the first of them first. Those that an offline
// proxy finds in its recordings are not among them.
func (p *Proxy) Origins() []Origin { return append([]Origin{p.Origin}, p.Others...) }

// cutPrefixes takes off a request's path, one of cannery's own, the session and the
// origin that it names:
//
//	/__cannery/session/NAME
//	/__cannery/origin/NAME
//	/__cannery/session/NAME/origin/NAME
//
// The first two may follow each other, since each makes a base URL of another. A
// path that names neither is returned as it is.
func (p *Proxy) cutPrefixes(w *writer, r *http.Request, target string) (string, error) {
	for {
		if name, rest, ok := cutPrefix(target, sessionPrefix); ok {
			// A field beside it is a second name.
			r.Header[fixtures.SessionField] = append(r.Header[fixtures.SessionField], name)
			w.sessionPath = sessionPrefix + name
			w.prefix += w.sessionPath
			target = rest
			if name, rest, ok = cutPrefix(target, shortOrigin); !ok || w.origin != &p.Origin {
				continue
			}
			switch at, err := p.originAt(r.Context(), name); {
			case err != nil:
				return "", err
			case at != nil: // else it is a path of the first origin's
				w.goTo(at)
				w.prefix += shortOrigin + name
				target = rest
			}
			continue
		}
		name, rest, ok := cutPrefix(target, originPrefix)
		if !ok || w.origin != &p.Origin {
			return target, nil
		}
		at, err := p.originAt(r.Context(), name)
		switch {
		case err != nil:
			return "", err
		case at == nil && p.Sequence == nil || name == "":
			return "", p.noOrigin(r.Context(), name)
		case at == nil:
			at = &Origin{Name: unescaped(name)} // a miss, which says what there is
		}
		w.goTo(at)
		w.prefix += originPrefix + name
		target = rest
	}
}

// cutPrefix takes a prefix and the name that follows it off a path.
func cutPrefix(target, prefix string) (name, rest string, ok bool) {
	name, ok = strings.CutPrefix(target, prefix)
	if !ok {
		return "", target, false
	}
	rest = "/"
	if end := strings.IndexAny(name, "/?"); end >= 0 {
		name, rest = name[:end], "/"+strings.TrimPrefix(name[end:], "/")
	}
	return name, rest, true
}

// goTo makes the request one for another origin than the first.
func (w *writer) goTo(at *Origin) {
	w.origin, w.named = at, at.URL
	w.lookup.several = true
}

func unescaped(name string) string {
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

// originAt returns the origin that a part of a path names, nil for none.
func (p *Proxy) originAt(ctx context.Context, name string) (*Origin, error) {
	name = unescaped(name)
	for i := range p.Others {
		if OriginLabel(p.Others[i].Name) == name {
			return &p.Others[i], nil
		}
	}
	if p.Origin.Name != "" && OriginLabel(p.Origin.Name) == name {
		named := p.Origin // another pointer: a path names it
		return &named, nil
	}
	recorded, err := p.recordedOrigins(ctx)
	if known := p.labels.named(recorded, name); known != "" {
		return &Origin{Name: known}, nil
	}
	return nil, err
}

// recordedOrigins are the names of those that a Sequence has recordings of.
func (p *Proxy) recordedOrigins(ctx context.Context) ([]string, error) {
	if p.Sequence == nil {
		return nil, nil
	}
	view, err := p.Sequence.Store.View(ctx)
	if err != nil {
		return nil, storeProblem(err)
	}
	names, err := p.Sequence.Catalog.Origins(ctx, view)
	if err != nil {
		return nil, storeProblem(err)
	}
	return names, nil
}

// noOrigin says that a path names no origin.
func (p *Proxy) noOrigin(ctx context.Context, name string) error {
	names, err := p.recordedOrigins(ctx)
	if err != nil {
		return err
	}
	names = slices.Clone(names) // those of the catalog are everybody's
	for _, o := range p.Origins() {
		if o.Name != "" && !slices.Contains(names, o.Name) {
			names = append(names, o.Name)
		}
	}
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = pathAmong(name, func(name string) bool { return slices.Contains(names, name) })
	}
	return &fixtures.Problem{
		Status: http.StatusNotFound,
		Title:  "no such origin",
		Detail: fmt.Sprintf("no origin is named %q; there are %s", unescaped(name), strings.Join(paths, ", ")),
		Hint:   "give each origin a name where cannery is started: --origin NAME=URL",
	}
}

// A neighbourhood are the origins that answers of one another may name.
type neighbourhood struct {
	urls    []string          // by which they are named
	names   []string          // of the origin at each
	paths   map[string]string // by name, of each without a session
	address links.Address
	first   string    // the name of that without a prefix, "" for none
	from    *contents // that it was made from, nil for none
}

// several reports whether the answer may name other origins than its own, which the
// client is to find here.
func (w *writer) several() bool {
	return (len(w.proxy.Others) > 0 || w.lookup.several) && !w.absolute
}

// neighbours returns the origins, nil when there is one only.
func (w *writer) neighbours() *neighbourhood {
	p := w.proxy
	if !w.several() {
		return nil
	}
	var from *contents
	if p.Sequence != nil {
		// Who asks for recordings hears of an error: without it fewer are named.
		if view, err := p.Sequence.Store.View(w.request.Context()); err == nil {
			from, _ = p.Sequence.Catalog.at(w.request.Context(), view)
		}
	}
	if known := p.near.Load(); known != nil && known.from == from {
		return known
	}
	n := &neighbourhood{from: from, first: p.Origin.Name}
	for _, o := range p.Origins() {
		if o.URL != nil {
			n.add(o.Name, o.URL.String())
		}
	}
	if from != nil {
		if n.first == "" {
			n.first, _ = firstOf(from.origins, from.view.Rules)
		}
		for _, name := range from.origins {
			recorded := fixtures.Request{Origin: name, Base: from.bases[name]}
			n.add(name, recorded.Address())
		}
	}
	n.address = links.Of(n.urls...)
	n.paths = pathsAmong(n.names)
	p.near.Store(n)
	return n
}

func (n *neighbourhood) add(name, at string) {
	if u, err := url.Parse(at); err == nil && u.Host != "" {
		n.urls, n.names = append(n.urls, fixtures.WebURL(at)), append(n.names, name)
	}
}

// firstOf returns which of the origins that are recorded is asked when none is named,
// if that is known. The name may be "".
func firstOf(names []string, rules *fixtures.Rules) (name string, known bool) {
	switch {
	case len(names) == 1:
		return names[0], true
	case rules.First != "" && slices.Contains(names, rules.First):
		return rules.First, true
	}
	return "", false
}

// Paths returns where the origins are that the proxy stands for: by name the path
// that comes before theirs, "" for the first. Those that a Sequence has recordings of
// are among them; when its store fails, which whoever asks it hears, they are not.
func (p *Proxy) Paths(ctx context.Context) map[string]string {
	paths := map[string]string{}
	first := p.Origin.Name
	if p.Sequence != nil {
		names, _ := p.recordedOrigins(ctx)
		for _, name := range names {
			if name != "" {
				paths[name] = ""
			}
		}
		paths = pathsAmong(slices.Collect(maps.Keys(paths)))
		view, err := p.Sequence.Store.View(ctx)
		if err == nil && first == "" {
			first, _ = firstOf(names, view.Rules)
		}
	}
	for i := range p.Others {
		paths[p.Others[i].Name] = OriginPath(p.Others[i].Name)
	}
	if first != "" {
		paths[first] = ""
	}
	return paths
}

// pathOf is the path of an origin for this client, which stays in its session.
func (w *writer) pathOf(n *neighbourhood, name string) string {
	switch {
	case name == w.lookup.request.Origin:
		return w.prefix
	case name == n.first:
		return w.sessionPath
	case w.sessionPath != "":
		return w.sessionPath + shortOrigin + strings.TrimPrefix(n.paths[name], originPrefix)
	}
	return n.paths[name]
}

// askedURL is the URL that the client asked for, a path of the proxy's unless that is
// its forward proxy.
func (w *writer) askedURL(r *http.Request) string {
	switch {
	case w.asItIs:
		return w.origin.webURL() + fixtures.RequestTarget(r.RequestURI)
	case w.origin != &w.proxy.Origin:
		return OriginPath(w.origin.Name) + r.RequestURI
	default:
		return r.RequestURI
	}
}

// replacer puts the client's URLs of the proxy in the place of the origins'. It
// replaces nothing when nobody knows these.
func (w *writer) replacer() *links.Replacer {
	own, mine := "", clientBase(w.request, w.prefix)
	if at := w.at(); at != nil {
		own = fixtures.WebURL(at.String())
	}
	n := w.neighbours()
	if n == nil {
		return links.Of(own).Replacer(mine)
	}
	to := make([]string, len(n.urls))
	for i, at := range n.urls {
		to[i] = mine
		if at != own { // whatever else was there since
			to[i] = clientBase(w.request, w.pathOf(n, n.names[i]))
		}
	}
	if own == "" || slices.Contains(n.urls, own) {
		return n.address.Replacer(to...)
	}
	return links.Of(append([]string{own}, n.urls...)...).Replacer(append([]string{mine}, to...)...)
}

// namesNeighbour reports whether content, which may have codings, holds the URL of
// another origin. Of content that is too large that is not known, and it does.
func (w *writer) namesNeighbour(body fixtures.Body, codings []string) bool {
	n := w.neighbours()
	if n == nil {
		return false
	}
	text, err := content{body: body, decoded: codings}.inMemory()
	return err == nil && (text == nil || n.address.In(text))
}
