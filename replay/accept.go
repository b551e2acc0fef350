package replay

import (
	"bytes"
	"crypto/sha256"
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
)

// ServeHTTP answers a request and writes its entry into the log.
func (p *Proxy) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	began := time.Now()
	if p.began.Load() == nil {
		first := began // alone on the heap, and only once
		p.began.CompareAndSwap(nil, &first)
	}
	w := &writer{ResponseWriter: rw, proxy: p, request: r, named: p.OriginURL}
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

// dispatch tells cannery's own paths and sessions from requests to the origin.
func (p *Proxy) dispatch(w *writer, r *http.Request) error {
	if r.Method == http.MethodConnect {
		return &fixtures.Problem{
			Status: http.StatusMethodNotAllowed,
			Title:  "CONNECT is not supported",
			Detail: "cannery stands in for one origin and is no tunnel",
			Hint:   "use cannery's address as the base URL, not as a proxy",
		}
	}
	if r.ProtoMajor == 2 {
		if err := checkRequestLine(r); err != nil {
			return err
		}
	}
	target, err := p.target(r)
	if err != nil {
		return err
	}
	if !isOwn(target) {
		return p.session(w, r, target)
	}
	rest, ok := strings.CutPrefix(target, sessionPrefix)
	if !ok {
		return p.own(w, r, target)
	}
	name, path := rest, "/"
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		name, path = rest[:end], "/"+strings.TrimPrefix(rest[end:], "/")
	}
	w.prefix = sessionPrefix + name
	// A field beside it is a second name.
	r.Header[fixtures.SessionField] = append(r.Header[fixtures.SessionField], name)
	return p.session(w, r, path)
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
	if p.Mode == Offline {
		return p.standIn(w, r)
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
// request may be answered without the origin; it is sent on while it comes
// otherwise. Whole is false for content that is too large to look up, and for a
// conversation.
func (p *Proxy) accept(w *writer, r *http.Request) (req *fixtures.Request, whole bool, err error) {
	req = p.asked(w, r)
	if !hasContent(r) {
		return req, true, nil
	}
	if !p.looksUp(r) {
		return req, true, nil
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, fixtures.MaxRequestBody+1))
	if err != nil && !errors.Is(err, errSilent) {
		return nil, false, err
	}
	if err != nil || len(head) > fixtures.MaxRequestBody {
		r.Body = readCloser{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
		return req, false, nil
	}
	req.Body = head
	r.Body = readCloser{bytes.NewReader(head), r.Body}
	r.ContentLength = int64(len(head))
	return req, true, nil
}

// looksUp reports whether a request may be answered without the origin.
func (p *Proxy) looksUp(r *http.Request) bool {
	return p.Mode != Record && p.Methods.HitOrMiss(r.Method)
}

// acceptWhole reads a request that is not sent on. Of content that is too large
// to keep the digest is found, as it was recorded. Whole is false when somebody
// else is to have such a request, unread, or when it is a conversation, with the
// error errSilent.
func (p *Proxy) acceptWhole(w *writer, r *http.Request) (req *fixtures.Request, whole bool, err error) {
	req = p.asked(w, r)
	if !hasContent(r) {
		return req, true, nil
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, fixtures.MaxRequestBody+1))
	switch {
	case errors.Is(err, errSilent):
		r.Body = &talk{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
		return req, false, err
	case err != nil:
		return nil, false, err
	case len(head) <= fixtures.MaxRequestBody:
		req.Body = head
		return req, true, nil
	case p.Else != nil:
		r.Body = readCloser{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
		return req, false, nil
	}
	digest := sha256.New()
	digest.Write(head)
	rest, err := io.Copy(digest, r.Body)
	req.Digest, req.BodySize = digest.Sum(nil), int64(len(head))+rest
	return req, true, err
}

// asked is the request without its content.
func (p *Proxy) asked(w *writer, r *http.Request) *fixtures.Request {
	w.asked = fixtures.Request{
		Session: w.session,
		Origin:  p.OriginName,
		Method:  r.Method,
		Target:  r.RequestURI,
		Header:  r.Header,
	}
	return &w.asked
}

func hasContent(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

type readCloser struct {
	io.Reader
	io.Closer
}
