package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/field"
	"example.com/cannery/fixtures/secret"
)

const (
	ownRoot       = "/__cannery"
	ownPrefix     = ownRoot + "/"
	sessionPrefix = ownPrefix + "session/"
	originPrefix  = ownPrefix + "origin/"
	shortOrigin   = "/origin/" // after a session
)

// ServeHTTP answers a request and writes its entry into the log.
func (p *Proxy) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	began := time.Now()
	if p.began.Load() == nil {
		first := began // alone on the heap, and only once
		p.began.CompareAndSwap(nil, &first)
	}
	w := &writer{ResponseWriter: rw, proxy: p, request: r, origin: &p.Origin, named: p.Origin.URL}
	defer func() {
		problem := recover()
		w.end(problem == nil)
		p.look(w)
		p.keepLog(w, r, began, problem)
		if problem != nil {
			// The answer is out in part, or not at all: the client must see
			// that it is not whole. net/http keeps silent about this value.
			panic(http.ErrAbortHandler)
		}
	}()
	if r.TransferEncoding != nil && r.ProtoMajor == 1 {
		// net/http drops a Content-Length beside it without a word. RFC 9112,
		// section 6.1, wants such a connection closed.
		rw.Header()["Connection"] = []string{"close"}
	}
	if err := p.dispatch(w, r); err != nil {
		w.fail(err)
		w.drain()
	}
}

// dispatch tells cannery's own paths, sessions and other origins from requests to
// the first.
func (p *Proxy) dispatch(w *writer, r *http.Request) error {
	if r.Method == http.MethodConnect {
		return &fixtures.Problem{
			Status: http.StatusMethodNotAllowed,
			Title:  "CONNECT is not supported",
			Detail: "cannery stands in for its origins and is no tunnel",
			Hint:   "use cannery's address as the base URL, not as a proxy",
		}
	}
	if r.ProtoMajor == 2 {
		if err := checkRequestLine(r); err != nil {
			return err
		}
	}
	target, err := p.target(w, r)
	if err != nil {
		return err
	}
	if !isOwn(target) {
		return p.session(w, r, target)
	}
	rest, err := p.cutPrefixes(w, r, target)
	switch {
	case err != nil:
		return err
	case w.prefix == "":
		return p.own(w, r, target)
	}
	return p.session(w, r, rest)
}

// checkRequestLine refuses what HTTP/1.1 has no request line for: net/http lets it
// pass in HTTP/2, and an origin would read another request.
func checkRequestLine(r *http.Request) error {
	if !strings.Contains(r.RequestURI, " ") && field.IsToken(r.Method) {
		return nil
	}
	return &fixtures.Problem{
		Status: http.StatusBadRequest,
		Title:  "bad request line",
		Detail: fmt.Sprintf("method %q, path %q", r.Method, secret.CleanTarget(r.RequestURI)),
		Hint:   "write a space in a path as %20",
	}
}

// session checks the session's name and has the request answered.
func (p *Proxy) session(w *writer, r *http.Request, target string) error {
	switch names := slices.Compact(r.Header[fixtures.SessionField]); {
	case len(names) > 1:
		return &fixtures.Problem{
			Status: http.StatusBadRequest,
			Title:  "several session names",
			Detail: fmt.Sprintf("sessions %q", []string{shownSession(names[0]), shownSession(names[1])}),
			Hint:   "send one " + fixtures.SessionField + " field: a request is in one session",
		}
	case len(names) == 1:
		w.session = names[0]
		delete(r.Header, fixtures.SessionField)
	}
	if w.session != "" && !fixtures.ValidSession(w.session) {
		w.session = shownSession(w.session)
		return &fixtures.Problem{
			Status: http.StatusBadRequest,
			Title:  "bad session name",
			Detail: fmt.Sprintf("session %q", w.session),
			Hint:   "use up to 100 letters, digits, '-', '_', '.' or '~'",
		}
	}
	r.RequestURI = target
	if r.Header["Upgrade"] != nil && !isWebSocket(r) {
		delete(r.Header, "Upgrade")
	}
	w.lookup.request.Session = w.session
	if w.origin.Name != "" {
		p.jar.keep(r.Header, w.origin.Name)
	}
	return p.answer(w, r)
}

// shownSession returns a session's name for people to read: what is sent for one
// may be anything.
func shownSession(name string) string { return fmt.Sprintf("%.100s", secret.CleanText(name)) }

// isWebSocket reports whether a request asks for a WebSocket (RFC 6455).
func isWebSocket(r *http.Request) bool {
	return r.Header["Upgrade"] != nil && r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket") &&
		slices.Contains(field.Members(r.Header["Connection"]), "Upgrade")
}

// accept reads what of a request counts for matching. Content is read when the
// request may be answered from recordings; it is sent on while it comes otherwise.
// Of content that is too large to keep the digest is found, as it was recorded,
// unless it is for an origin in any case.
func (p *Proxy) accept(w *writer, r *http.Request) error {
	l := &w.lookup
	l.request = fixtures.Request{
		Session: l.request.Session,
		Origin:  w.origin.Name,
		Method:  r.Method,
		Target:  r.RequestURI,
		Header:  r.Header,
	}
	switch {
	case isWebSocket(r):
		l.unread = webSocket
		return nil
	case !hasContent(r) || !p.looksUp(r.Method, r.RequestURI):
		return nil
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, fixtures.MaxRequestBody+1))
	switch {
	case errors.Is(err, errSilent):
		l.unread = conversation
	case err != nil:
		return err
	case len(head) <= fixtures.MaxRequestBody:
		l.request.Body = head
		if r.Header["Content-Encoding"] != nil {
			l.request.Decode(p.rules(r.Context()))
		}
		l.hold(r, head)
		return nil
	case w.origin.Forwarder == nil:
		digest := p.rules(r.Context()).NewDigest(r.Header)
		_, err := io.Copy(digest, io.MultiReader(bytes.NewReader(head), r.Body))
		digest.Complete(&l.request)
		return err
	case p.Sequence == nil:
		l.unread = tooLarge
	default:
		// The fixtures may have it, and if they do not, the origin is to get it.
		rest, err := io.ReadAll(io.LimitReader(r.Body, int64(maxRequestHeld-len(head)+1)))
		head = append(head, rest...)
		switch {
		case errors.Is(err, errSilent):
			l.unread = conversation
		case err != nil:
			return err
		case len(head) > maxRequestHeld:
			l.unread = tooLarge
		default:
			digest := p.rules(r.Context()).NewDigest(r.Header)
			_, _ = digest.Write(head)
			digest.Complete(&l.request)
			l.hold(r, head)
			return nil
		}
	}
	r.Body = readCloser{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
	return nil
}

// maxRequestHeld bounds content, in bytes, that is held until it is known whether the origin
// is to have it.
const maxRequestHeld = 64 << 20

// hold has a request's content, all of which has come, sent on from memory.
func (l *lookup) hold(r *http.Request, content []byte) {
	l.sent = content
	r.Body = readCloser{bytes.NewReader(content), r.Body}
	if r.Trailer == nil {
		r.ContentLength = int64(len(content))
	}
}

// rules are those in force, nil when no source can say.
func (p *Proxy) rules(ctx context.Context) *fixtures.Rules {
	var store Store
	if p.Sequence != nil {
		store = p.Sequence.Store
	} else {
		store = p.Cache.Store
	}
	view, _ := store.View(ctx) // who looks the request up has the error too
	return view.Rules
}

// looksUp reports whether requests with a method and a target may be answered from recordings.
func (p *Proxy) looksUp(method, target string) bool {
	return p.Sequence != nil || p.Cache.looksUp(method, target)
}

func hasContent(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

type readCloser struct {
	io.Reader
	io.Closer
}
