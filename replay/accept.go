package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	p.handle(rw, r, func(w *writer) error { return p.dispatch(w, r) })
}

// ServeHost answers, as a forward proxy, a request for the origin at a scheme, host and
// port. Its target is as the client would send it to that origin. AnyHost must be set.
func (p *Proxy) ServeHost(rw http.ResponseWriter, r *http.Request, at *url.URL) {
	p.handle(rw, r, func(w *writer) error {
		target, err := p.goToHost(w, r, at, fixtures.RequestTarget(r.RequestURI))
		if err != nil {
			return err
		}
		if err := checkRequest(r); err != nil {
			return err
		}
		return p.session(w, r, target)
	})
}

// Refuse answers a request with an error, a *fixtures.Problem as a rule.
func (p *Proxy) Refuse(rw http.ResponseWriter, r *http.Request, err error) {
	p.handle(rw, r, func(*writer) error { return err })
}

// handle has a request answered, with the error if there is one.
func (p *Proxy) handle(rw http.ResponseWriter, r *http.Request, answer func(*writer) error) {
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
	if err := answer(w); err != nil {
		w.fail(err)
		w.drain()
	}
}

// dispatch tells cannery's own paths, sessions and other origins from requests to
// the first.
func (p *Proxy) dispatch(w *writer, r *http.Request) error {
	if err := checkRequest(r); err != nil {
		return err
	}
	target, err := p.target(w, r)
	if err != nil {
		return err
	}
	if isOwn(target) && !w.asItIs {
		target, err = p.cutPrefixes(w, r, target)
		switch {
		case err != nil:
			return err
		case w.prefix == "":
			w.own = true
			return p.own(w, r, target)
		}
	}
	if p.AnyHost != nil && p.Cache != nil && w.origin == &p.Origin && p.Origin.Forwarder == nil {
		return p.noBase(r)
	}
	return p.session(w, r, target)
}

// noBase says that a forward proxy stands in front of no origin.
func (p *Proxy) noBase(r *http.Request) error {
	return &fixtures.Problem{
		Status: http.StatusMisdirectedRequest,
		Title:  "no host was asked for",
		Detail: fmt.Sprintf("%s %s is for cannery itself, which is a forward proxy here and has no --origin", r.Method, secret.CleanTarget(fixtures.RequestTarget(r.RequestURI))),
		Hint:   fmt.Sprintf("use cannery as the client's HTTP proxy: HTTPS_PROXY=http://%s HTTP_PROXY=http://%s; or give it an --origin to be the base URL of", r.Host, r.Host),
	}
}

// checkRequest refuses what no origin is to get.
func checkRequest(r *http.Request) error {
	switch {
	case r.Method == http.MethodConnect:
		return &fixtures.Problem{
			Status: http.StatusMethodNotAllowed,
			Title:  "CONNECT is not supported",
			Detail: "cannery stands in for its origins here and is no tunnel",
			Hint:   "start it with --proxy, or use its address as the base URL and not as a proxy",
		}
	case r.ProtoMajor == 2 && !oneLength(r):
		return &fixtures.Problem{
			Status: http.StatusBadRequest,
			Title:  "bad content length",
			Detail: fmt.Sprintf("Content-Length is %.100q", r.Header["Content-Length"]),
			Hint:   "send its length in bytes, or leave the field out",
		}
	case strings.Contains(r.RequestURI, " ") || !field.IsToken(r.Method):
		// net/http lets it pass in HTTP/2, and HTTP/1.1 has no request line for it.
		return badRequestLine(r, "write a space in a path as %20")
	case !isTarget(r):
		return badRequestLine(r, "a target is a path, as in /v1/notes, or for a proxy a URL, as in http://HOST[:PORT]/v1/notes")
	}
	return nil
}

// oneLength reports whether a request in HTTP/2 has one length, or none: net/http takes
// the first of several, and 0 for what is no number (RFC 9113, section 8.1.1).
func oneLength(r *http.Request) bool {
	lengths := r.Header["Content-Length"]
	return lengths == nil || len(lengths) == 1 && lengths[0] == strconv.FormatInt(r.ContentLength, 10)
}

// isTarget reports whether a request-target is in a form that its method has (RFC 9112,
// section 3.2): net/http takes whatever looks like a URI.
func isTarget(r *http.Request) bool {
	switch {
	case strings.HasPrefix(r.RequestURI, "/"):
		return true
	case r.RequestURI == "*":
		return r.Method == http.MethodOptions
	}
	return r.ProtoMajor == 1 && r.URL.Host != "" && (r.URL.Scheme == "http" || r.URL.Scheme == "https")
}

// badRequestLine refuses what an origin would read another request in.
func badRequestLine(r *http.Request, hint string) error {
	return &fixtures.Problem{
		Status: http.StatusBadRequest,
		Title:  "bad request line",
		Detail: fmt.Sprintf("method %q, target %q", r.Method, secret.CleanTarget(r.RequestURI)),
		Hint:   hint,
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
	switch {
	case isWebSocket(r):
		r.Header["Upgrade"] = []string{"websocket"} // in whatever case it came
		w.nameOwnPage(r)
	default:
		delete(r.Header, "Upgrade")
	}
	w.lookup.request.Session = w.session
	if w.origin.Name != "" && !w.asItIs {
		p.jar.keep(r.Header, w.origin.Name)
	}
	return p.answer(w, r)
}

// shownSession returns a session's name for people to read: what is sent for one
// may be anything.
func shownSession(name string) string { return fmt.Sprintf("%.100s", secret.CleanText(name)) }

// nameOwnPage has a page that a browser got from the proxy be one of the origin's own for
// the origin: servers refuse the WebSockets of others' pages.
func (w *writer) nameOwnPage(r *http.Request) {
	page, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || page.Host == "" || page.Host != r.Host || w.asItIs || w.origin.URL == nil {
		return
	}
	own := url.URL{Scheme: fixtures.WebScheme(w.origin.URL.Scheme), Host: w.origin.URL.Host}
	r.Header["Origin"] = []string{own.String()}
}

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
		return nil
	case l.call != nil && r.ContentLength < 0:
		first, err := l.call.first(false)
		if !firstTooLarge(first) {
			l.firstMessage(first)
			return err
		}
	}
	if l.call != nil {
		l.call.limited = true
		l.call = nil
	}
	if !hasContent(r) || !p.looksUp(r.Method, r.RequestURI) {
		return nil
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, fixtures.MaxRequestBody+1))
	switch {
	case errors.Is(err, errSilent):
		l.unread = halfSent
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
			l.unread = halfSent
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
