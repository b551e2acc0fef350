// Package recorder forwards what replay cannot answer to the origin, and
// records what comes back. It writes to a store and cannot read from one.
package recorder

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/field"
	"example.com/cannery/fixtures/protobody"
)

// Store is what a recorder needs of a store: to write. Its contract is that of
// package fixtures.
type Store interface {
	Append(ctx context.Context, c fixtures.Commit) error
	NewBody(ctx context.Context) (fixtures.BodyWriter, error)
	MarkStale(ctx context.Context, view fixtures.View, resources ...fixtures.Resource) error
	Lease(ctx context.Context, view fixtures.View, key fixtures.Key, req *fixtures.Request, variant string) (fixtures.Lease, error)
}

// A Recorder forwards requests to one origin and records the answers. Its
// fields are not changed once it is in use; it may be used concurrently.
type Recorder struct {
	// Origin is the origin's URL: scheme, host and base path. No request
	// makes the recorder talk to another host.
	Origin *url.URL

	// NamedByClient says that it was a client, of a forward proxy, that named the
	// origin, and no setting: advice is for it.
	NamedByClient bool

	// Transport sends requests. It must neither decompress nor follow
	// redirects; see NewTransport.
	Transport http.RoundTripper

	Store Store

	// Methods are those that are not taken for unsafe.
	Methods fixtures.Methods

	// Statuses are the response statuses to record. Nil means the default
	// of live mode: see Statuses.
	Statuses *Statuses

	// Placeholder reports whether a request has a placeholder for its credentials: that it
	// is refused (401, 403) says nothing, and is not recorded. Nil: none has.
	Placeholder func(r *http.Request) bool

	// MaxBody is the most content of a response, in bytes, that is recorded.
	// Longer answers are forwarded whole and not recorded.
	MaxBody int64

	// ReadOn is how long an exchange that is being recorded goes on once its
	// client has left: for its answer to begin, for each further piece when the
	// length is declared, and for the end of a stream. A stream that goes on is
	// recorded as far as it came (fixtures.Response.Open). Zero means 5 s.
	ReadOn time.Duration

	// Anew is record mode: the first answer for a key in this recorder's life
	// replaces the key's earlier takes, and an answer that the store fails to
	// keep is cut short, because unrecorded work is lost work.
	Anew bool

	// Stored is told of the result of every write to the store; a non-nil
	// error is a recording lost. A nil Stored ignores it.
	Stored func(error)

	// Recorded is told of every recording that the store has taken. Nil ignores it.
	Recorded func()

	// Learn adds to what the store's rules know of messages (fixtures.Rules.Proto), and
	// returns the views before and after that. Nil: origins are not asked for it.
	Learn func(ctx context.Context, schema *protobody.Schema) (was, is fixtures.View, err error)

	// Answered is told of every request that was sent to the origin: the status of the
	// answer, once that begins, or 0 when none came although the client waited. Nil
	// ignores it.
	Answered func(status int)

	// Remark is told, for the log, what became of an answer that was not
	// recorded although its status says so, or not to its end, and why. Nil
	// ignores it.
	Remark func(r *http.Request, what, why string)

	// Bypassed is told why an answer is passed on and not recorded, as far as its
	// header tells. Nil ignores it.
	Bypassed func(r *http.Request, why string)

	flights flights
	begun   sync.Map     // the keys that Anew has replaced
	alone   atomic.Int64 // exchanges that go on without their clients
	reach   reach

	reflections reflections
}

// Forward sends the request on to the origin, passes the answer to w as it
// comes and records it: c is the commit to complete, with everything in it but
// the response. It reports whether the answer has been recorded.
//
// Closing the request's Body must end a Read of it; the error that it gives then
// may end the request's context. After an error the Body is the caller's. An
// answer gets the header X-Cache: MISS, or BYPASS when it is not recorded.
// The last byte is not written before the store has the recording.
//
// When flight is not empty, requests with the same key and flight are sent one
// at a time, in whatever process. If another request of this process has had its turn
// while this one waited, nothing is sent or written and the error is
// fixtures.ErrExists: look again. What another process has recorded, or what was recorded
// before the wait began, again finds: it is asked once the claim is given, unless the
// lease shows that nothing was recorded under the key since. When it says yes the error
// is the same; else it has made c one of what the store has by then. An origin that
// gives no answer is a *fixtures.Problem; nothing has been written then either.
func (rec *Recorder) Forward(w http.ResponseWriter, r *http.Request, c *fixtures.Commit, flight string, again func() bool) (recorded bool, err error) {
	return rec.forward(w, r, c, flight, again, false)
}

func (rec *Recorder) forward(w http.ResponseWriter, r *http.Request, c *fixtures.Commit, flight string, again func() bool, fetch bool) (recorded bool, err error) {
	claim := &claim{}
	if flight != "" {
		claim, err = rec.flights.join(r.Context(), rec.Store, c, flight, again)
		if err != nil {
			return false, err
		}
	}
	// What ends the wait of others is told as soon as it is known; whatever
	// happens, a panic of the proxy included, it is told here.
	defer claim.end(handOver)

	x := &exchange{rec: rec, commit: c, claim: claim, unsafe: !rec.Methods.HitOrMiss(r.Method, r.RequestURI), fetch: fetch, record: true}
	err = rec.proxy(w, r, x)
	return x.committed, err
}

// Bypass forwards the request as it is and records nothing. WebSocket upgrades
// pass. What an unsafe request has changed becomes stale all the same, when c
// says by its View and request what that is; c may be nil. The error is as
// Forward's.
func (rec *Recorder) Bypass(w http.ResponseWriter, r *http.Request, c *fixtures.Commit) error {
	return rec.proxy(w, r, &exchange{rec: rec, commit: c, claim: &claim{}, unsafe: !rec.Methods.HitOrMiss(r.Method, r.RequestURI)})
}

// flushInterval is how long the beginning of an answer of declared length waits
// for its end, so that both can leave at once. Others pass as they come:
// ReverseProxy knows streams.
const flushInterval = 10 * time.Millisecond

// proxy stands on ReverseProxy for hop-by-hop fields, trailers, informational
// responses, flushing, upgrades and aborts.
func (rec *Recorder) proxy(rw http.ResponseWriter, r *http.Request, x *exchange) (err error) {
	var keep *fixtures.Rules // nil: the content is not recorded, or is there already
	x.dialogue = newDialogue(r, x)
	if x.record && (x.dialogue != nil || x.commit.Recording.Request.Body == nil && x.commit.Recording.Request.Digest == nil) {
		keep = x.commit.View.Rules
	}
	if x.request = newSentBody(r, keep); x.request != nil {
		x.request.dialogue = x.dialogue
		// Otherwise net/http takes the request's content away from the
		// transport once the answer's header is out (go.dev/issue/40747).
		_ = http.NewResponseController(rw).EnableFullDuplex() // an answer to a test's writer has no connection
	}
	ctx, end := x.begin(r)
	defer end()
	w := &clientWriter{ResponseWriter: rw, x: x, http1: r.ProtoMajor == 1, last: field.EndsConnection(r)}
	unended := false
	defer func() {
		if unended {
			// The origin has cut its answer: what is held back is all there is.
			_ = w.FlushError()
		}
	}()
	answered := false
	var p httputil.ReverseProxy
	p = httputil.ReverseProxy{
		Transport: deadlineTransport{rec.Transport},
		Rewrite: func(pr *httputil.ProxyRequest) {
			rec.address(pr)
			if x.request != nil && isCall(r) {
				pr.Out.Body = callBody{pr.Out.Body, x.request}
			}
			if x.record && !x.unsafe {
				for _, name := range field.Partial {
					pr.Out.Header.Del(name)
				}
			}
			if x.record && x.commit.Recording.Request.WebSocket() {
				offer(pr.Out.Header)
			}
			if x.record && x.request != nil && x.request.keep == nil {
				delete(pr.Out.Header, "Expect") // the content is here already
			}
		},
		ModifyResponse: func(res *http.Response) error {
			if err := checkStatus(res); err != nil {
				return err
			}
			answered = true
			rec.answered(res.StatusCode)
			err := x.response(res)
			if res.StatusCode == http.StatusSwitchingProtocols {
				showHeader(w.Header(), res.Header)
			}
			if err != nil || res.StatusCode == http.StatusSwitchingProtocols {
				return err
			}
			if res.ContentLength == 0 {
				p.FlushInterval = 0 // nothing follows the header, whose frame may be HTTP/2's last
			}
			if x.request != nil {
				res.Body = &answer{res.Body, x.request, w}
			}
			sayCut(r, res)
			unended = true
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, cause error) {
			err = rec.problem(r, cause)
			if !answered && r.Context().Err() == nil {
				rec.unanswered(err)
			}
			w.closeEarly()
		},
		FlushInterval: flushInterval,
		BufferPool:    &copyBuffers,
		ErrorLog:      silent,
	}
	out := r.WithContext(ctx)
	if x.request != nil {
		out.Body = x.request
	}
	p.ServeHTTP(w, out)
	x.socket.end()
	unended = false
	return err
}

// showHeader moves the header of an upgrade to where the writer sees it before its
// connection is given away: ReverseProxy adds it afterwards. It needs to see itself what
// is upgraded to.
func showHeader(to, from http.Header) {
	for name, values := range from {
		if name != "Connection" && name != "Upgrade" {
			to[name] = values
			delete(from, name)
		}
	}
}

// silent drops ReverseProxy's talk: a copy that failed is the client's leaving
// or the origin's cut, which the client sees and the recorder reports.
var silent = log.New(io.Discard, "", 0)

func (rec *Recorder) stored(err error) {
	if rec.Stored != nil {
		rec.Stored(err)
	}
}
