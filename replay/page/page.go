// Package page is the page for people at /__cannery/: the requests as they come, what
// was missed and why, what is recorded, and the sessions. It is made of HTML that reads
// without JavaScript, and of nothing from elsewhere. What it shows was written by
// others: all of it is escaped, and secrets are masked.
package page

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

// A Proxy is what the page tells of; *replay.Proxy is one.
type Proxy interface {
	Mode() string
	Stats() replay.Stats
	Latest() (entries []replay.Entry, count uint64)
	Follow(ctx context.Context, seen uint64) (entries []replay.Entry, count uint64, ok bool)
	Unmatched() (kept []replay.Unmatched, count int64)
	Sessions() []replay.SessionStatus
	Reset(names ...string)
	Recorded(ctx context.Context) (*replay.Recorded, error)
}

// Changes are what the page can do to what is recorded. Each is nil where it cannot be
// done: then there is no button for it.
type Changes struct {
	// Accept lets parts of requests not count any more, and answers repeat parts, beside
	// the rules in force.
	Accept func(ctx context.Context, ignore, echo []string) error

	// Document returns a recording as the fixture that it is, to be edited, and Save
	// writes it, edited. They are set both or neither.
	Document func(ctx context.Context, rec *fixtures.Recording) (string, error)
	Save     func(ctx context.Context, rec *fixtures.Recording, document string) error

	// Pin makes a take the only one of its request: it removes the others.
	Pin func(ctx context.Context, rec *fixtures.Recording, others []int) error

	// Again asks the origin of a recording once more and keeps the answer in the place of
	// all its takes. An error leaves them.
	Again func(ctx context.Context, rec *fixtures.Recording) error

	// Clear removes all that is recorded, and returns how many recordings that were.
	Clear func(ctx context.Context) (int, error)

	// Confirm waits, after Pin and Clear, until a fail-over of the store cannot undo what
	// was removed, and returns what is to be said of it when that takes too long, "" for
	// nothing. Nil: there is nothing to wait for.
	Confirm func(ctx context.Context) (warning string)
}

// A Page answers for the page. It may be used concurrently.
type Page struct {
	proxy   Proxy
	changes Changes
	token   string // that a change must have
	notices notices
}

// New returns the page of a proxy.
func New(p Proxy, changes Changes) *Page {
	return &Page{proxy: p, changes: changes, token: rand.Text()}
}

// policy is the Content-Security-Policy of all that the page is made of.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP answers a request for the page or for something below replay.PagePath. Who
// asks for it with a foreign Host or Origin is refused before.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // without a referrer the Origin of a form is "null"
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	path, _, _ := strings.Cut(r.URL.Path, "?")
	name := strings.TrimPrefix(path, replay.PagePath)
	if name == path {
		name = "requests" // the root
	}
	if r.Method == http.MethodPost {
		p.change(w, r, name)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD, POST")
		p.refuse(w, http.StatusMethodNotAllowed, "the page is read with GET and changes things with POST")
		return
	}
	switch name {
	case "style.css":
		asset(w, "text/css; charset=utf-8", style)
		return
	case "script.js":
		asset(w, "text/javascript; charset=utf-8", script)
		return
	case "icon.svg": // without one, browsers would ask an origin for /favicon.ico
		asset(w, "image/svg+xml", icon)
		return
	}
	if why := foreign(r, name); why != "" {
		p.refuse(w, http.StatusForbidden, why)
		return
	}
	p.read(w, r, name)
}

// read answers with one of the views.
func (p *Page) read(w http.ResponseWriter, r *http.Request, name string) {
	switch name {
	case "requests":
		p.requests(w, r)
	case "events":
		p.events(w, r)
	case "misses":
		p.misses(w, r)
	case "recordings":
		p.recordings(w, r)
	case "recording":
		p.recording(w, r)
	case "content":
		p.content(w, r)
	case "sessions":
		p.sessions(w, r)
	default:
		p.refuse(w, http.StatusNotFound, "there is no such page")
	}
}

// foreign says why a browser must not have a view, "" for nothing. What an origin has
// answered is shown at the address of the page: a script in it could read the page's
// token, and may not, because the view is for windows alone. Browsers say what they ask
// for, and no script can say it for them.
func foreign(r *http.Request, name string) string {
	site, dest := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Dest")
	switch {
	case site == "cross-site" && dest != "document":
		return "another site has asked for the page"
	case name == "events":
		return ""
	case name == "content" && dest == "image":
		return ""
	case dest != "" && dest != "document":
		return "the page is for a window of its own"
	}
	return ""
}

func asset(w http.ResponseWriter, kind string, content []byte) {
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(content)
}

// refuse answers with an error.
func (p *Page) refuse(w http.ResponseWriter, status int, why string) {
	p.write(w, status, "problem", view{Title: http.StatusText(status), Body: why})
}
