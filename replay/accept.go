package replay

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/cannery/fixtures"
)

const (
	ownPrefix     = "/__cannery/"
	sessionPrefix = ownPrefix + "session/"
)

// ServeHTTP answers a request and writes its entry into the log.
func (p *Proxy) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	began := time.Now()
	w := &writer{ResponseWriter: rw, proxy: p, request: r}
	defer func() {
		problem := recover()
		w.end(problem == nil)
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
	target := fixtures.RequestTarget(r.RequestURI)
	if !strings.HasPrefix(target, ownPrefix) {
		return p.session(w, r, target)
	}
	if rest, ok := strings.CutPrefix(target, sessionPrefix); ok {
		name, path, _ := strings.Cut(rest, "/")
		w.prefix = sessionPrefix + name
		r.Header[fixtures.SessionField] = []string{name}
		return p.session(w, r, "/"+path)
	}
	return p.own(w, r, target)
}

// session checks the session's name and has the request answered.
func (p *Proxy) session(w *writer, r *http.Request, target string) error {
	w.session = r.Header.Get(fixtures.SessionField)
	if w.session != "" && !validSession(w.session) {
		return &fixtures.Problem{
			Status: http.StatusBadRequest,
			Title:  "bad session name",
			Detail: fmt.Sprintf("session %q", w.session),
			Hint:   "use up to 100 letters, digits, '-', '_', '.' or '~'",
		}
	}
	delete(r.Header, fixtures.SessionField)
	r.RequestURI = target
	if r.Header["Upgrade"] != nil && !isWebSocket(r) {
		delete(r.Header, "Upgrade")
	}
	return p.answer(w, r)
}

func validSession(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0) {
			return false
		}
	}
	return len(name) <= 100 && strings.Trim(name, ".") != ""
}

// isWebSocket reports whether a request asks for a WebSocket (RFC 6455).
func isWebSocket(r *http.Request) bool {
	return r.Header["Upgrade"] != nil && r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket") &&
		slices.Contains(fixtures.ListMembers(r.Header["Connection"]), "Upgrade")
}

// accept reads what of a request counts for matching. Content is read when the
// request may be answered without the origin; it is sent on while it comes
// otherwise. Whole is false for content that is too large to look up.
func (p *Proxy) accept(w *writer, r *http.Request) (req *fixtures.Request, whole bool, err error) {
	req = &fixtures.Request{
		Session: w.session,
		Origin:  p.OriginName,
		Method:  r.Method,
		Target:  r.RequestURI,
		Header:  r.Header,
	}
	if r.Body == nil || r.Body == http.NoBody {
		return req, true, nil
	}
	r.Body = &pacedBody{ReadCloser: r.Body, control: http.NewResponseController(w.ResponseWriter)}
	if p.Mode == Record || !p.Methods.HitOrMiss(r.Method) {
		return req, true, nil
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, fixtures.MaxRequestBody+1))
	if err != nil {
		return nil, false, err
	}
	if len(head) > fixtures.MaxRequestBody {
		r.Body = readCloser{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
		return req, false, nil
	}
	req.Body = head
	r.Body = readCloser{bytes.NewReader(head), r.Body}
	r.ContentLength = int64(len(head))
	return req, true, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}
