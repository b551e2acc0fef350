// Package replay decides each request: it serves a recording, or hands the
// request to the origin. It reads from a store and cannot write to one, and it
// has nothing to dial with.
package replay

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay/explain"
)

// Store is what replay needs of a store: to read. Its contract is that of
// package fixtures.
type Store interface {
	View(ctx context.Context) (fixtures.View, error)
	Takes(ctx context.Context, view fixtures.View, key fixtures.Key, req *fixtures.Request) (fixtures.Takes, error)
}

// Origin forwards requests and records the answers; package recorder has one.
type Origin interface {
	// Forward passes the answer on while it records it, and reports whether
	// it has. The error fixtures.ErrExists means that another request of the
	// flight has recorded meanwhile, or that known says so, and nothing was
	// sent; a *fixtures.Problem that the origin gave no answer.
	Forward(w http.ResponseWriter, r *http.Request, c *fixtures.Commit, flight string, known func() bool) (recorded bool, err error)

	// Fetch records the answer without passing it on, unless it is not one to
	// record: then it is answered.
	Fetch(w http.ResponseWriter, r *http.Request, c *fixtures.Commit, flight string, known func() bool) (recorded, answered bool, err error)

	// Bypass passes the answer on and records nothing. When c is not nil, its
	// View and request say what an unsafe request makes stale.
	Bypass(w http.ResponseWriter, r *http.Request, c *fixtures.Commit) error
}

// A Proxy answers requests in front of an origin. Its fields are not changed
// once it is in use; it may be used concurrently.
type Proxy struct {
	Mode  Mode
	Store Store

	// Origin is where misses go. Offline it is nil.
	Origin Origin

	// OriginName is the origin's name in keys, and OriginURL its address,
	// which answers get rewritten from. Offline the name "" means the only
	// one that there are recordings of, and the address is not needed.
	OriginName string
	OriginURL  *url.URL

	// FromFixtures says that the store was filled from fixtures, which know
	// credentials by placeholders: whoever asks gets an imported recording
	// as he would offline.
	FromFixtures bool

	// Methods are answered from recordings beside GET, HEAD and OPTIONS.
	Methods fixtures.Methods

	// MaxAge is the age beyond which a recording is recorded again. Zero
	// means that recordings do not age.
	MaxAge time.Duration

	// FailWhenDown answers 503 while the store is down. Otherwise live mode
	// forwards without recording. Record mode always fails: unrecorded work
	// is lost work.
	FailWhenDown bool

	// LeaveBody leaves the origin's URL in textual content, whatever the rules
	// say. False leaves it there when they do.
	LeaveBody bool

	// Leads counts the links and redirects in all answers that lead past the
	// proxy. Nil does not look for them.
	Leads *Leads

	// ReplaySpeed is the pace of recorded streams: 1 is the recorded one, 2
	// twice as fast. Zero replays at once.
	ReplaySpeed float64

	// AfterLast says what comes after the last take, offline.
	AfterLast AfterLast

	// MissStatus is the status of an answer that says that nothing is
	// recorded, offline. Zero means 424.
	MissStatus int

	// Catalog knows the store's recordings beyond their keys. Offline mode
	// needs it; otherwise nil leaves Report without the unused recordings.
	Catalog *Catalog

	// Hints are what an explanation of a miss tells to type.
	Hints explain.Hints

	// Else, when it is not nil, answers what is not recorded, offline: a live
	// proxy, when what is missing is to be recorded.
	Else http.Handler

	// OnMiss is told of every offline miss, with its explanation, before the
	// answer. It may be called concurrently. Nil ignores it.
	OnMiss func(Unmatched)

	// Hosts are the host names, without port, under which cannery's own
	// paths may be asked for beside addresses and localhost.
	Hosts []string

	// Down is told of the result of every reading of the store. Nil ignores it.
	Down *Outage

	// Log gets an entry for every request. It may be called concurrently.
	// Nil keeps no log.
	Log func(Entry)

	keys     fixtures.KeyMemory
	stats    stats
	sessions sessions
	served   served
	missed   missed
	journal  journal
	digest   sync.Once                 // says that an answer is left for its digest
	began    atomic.Pointer[time.Time] // when the first request came
	stopped  stopped
}

// maxRounds bounds how often a request looks again because another one was
// recorded while it waited. Past it, it goes to the origin by itself.
const maxRounds = 4

// answer is the path of a request. Offline it is standIn.
func (p *Proxy) answer(w *writer, r *http.Request) error {
	if isWebSocket(r) || isConversation(r) {
		return p.Origin.Bypass(w, r, nil)
	}
	defer hear(w, r, p.looksUp(r))()
	req, whole, err := p.accept(w, r)
	if err != nil {
		return err
	}
	if !whole {
		view, _ := p.Store.View(r.Context()) // the last one known will do
		w.follow(view.Rules)
		return p.Origin.Bypass(w, r, nil)
	}
	for round := range maxRounds {
		view, err := p.Store.View(r.Context())
		p.Down.Report(err)
		w.follow(view.Rules)
		if err != nil {
			return p.cannotSay(w, r, view, req, err)
		}
		found, miss, err := p.lookup(r.Context(), view, req)
		switch {
		case err != nil:
			p.Down.Report(err)
			return p.cannotSay(w, r, view, req, err)
		case found != nil:
			p.served.add(fixtures.Event{Key: miss.found, Take: found.Take})
			err := p.serve(w, r, found, "HIT")
			switch {
			case err == nil || w.status != 0: // the answer is out, whole or not
				return err
			case !p.lost(w, err):
				return p.cannotSay(w, r, view, req, err)
			}
			miss.replace = true
		}
		if err := p.forward(w, r, miss, round == maxRounds-1); !errors.Is(err, fixtures.ErrExists) {
			return err
		}
	}
	return nil // not reached: the last round does not wait for others
}

// lookup finds the recording that answers a request, or says what is missing.
// A session sees its own recordings first, then those of no session; HEAD is
// answered from GET's recording where it has none of its own.
func (p *Proxy) lookup(ctx context.Context, view fixtures.View, req *fixtures.Request) (*fixtures.Recording, miss, error) {
	req.Credentials = fixtures.Fingerprints(req.Header, view.Secret)
	m := miss{view: view, request: req, seen: fixtures.SeenAll}
	if p.Mode == Record || !p.Methods.HitOrMiss(req.Method) {
		return nil, m, nil
	}
	m.key, m.seen = p.keys.Key(view.Rules, req), 0
	for candidate := range candidates(req) {
		key := m.key
		if candidate != req {
			key = p.keys.Key(view.Rules, candidate)
		}
		takes, err := p.Store.Takes(ctx, view, key, candidate)
		if err != nil && !errors.Is(err, fixtures.ErrNotFound) {
			var corrupt *fixtures.CorruptError
			if !errors.As(err, &corrupt) {
				return nil, m, err
			}
			p.notice(corrupt)
			m.replace = m.replace || candidate == req
		}
		found := takes.Live(req, p.oldest())
		if found == nil && p.FromFixtures {
			found = takes.LiveImported(req, p.oldest())
		}
		if found != nil {
			m.found = key
			return found, m, nil
		}
		if candidate == req {
			m.takes, m.seen = takes, takes.Last()
		}
	}
	return nil, m, nil
}

// candidates yields the requests whose recordings may answer a request, the
// best first. The request itself is among them, as the same pointer.
func candidates(req *fixtures.Request) iter.Seq[*fixtures.Request] {
	return func(yield func(*fixtures.Request) bool) {
		sessions := []string{req.Session, ""}
		if req.Session == "" {
			sessions = sessions[:1]
		}
		for _, session := range sessions {
			if !yield(asked(req, session, req.Method)) {
				return
			}
			if req.Method == http.MethodHead && !yield(asked(req, session, http.MethodGet)) {
				return
			}
		}
	}
}

// asked returns the request with another session and method.
func asked(req *fixtures.Request, session, method string) *fixtures.Request {
	if session == req.Session && method == req.Method {
		return req
	}
	other := *req
	other.Session, other.Method = session, method
	return &other
}

// lost reports whether a recording could not be served because the store has
// lost its content: it is a miss then, which repairs it.
func (p *Proxy) lost(w *writer, err error) bool {
	clear(w.Header())
	w.named, w.recording, w.decided = p.OriginURL, nil, false
	var corrupt *fixtures.CorruptError
	if !errors.As(err, &corrupt) {
		return false
	}
	p.notice(corrupt)
	return true
}

// oldest is the time before which recordings are too old to be served.
func (p *Proxy) oldest() time.Time {
	if p.MaxAge == 0 {
		return time.Time{}
	}
	return time.Now().Add(-p.MaxAge)
}

// cannotSay answers a request about which the store says nothing. The view is
// the last one known.
func (p *Proxy) cannotSay(w *writer, r *http.Request, view fixtures.View, req *fixtures.Request, err error) error {
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	if p.Mode == Live && !p.FailWhenDown {
		var changed *fixtures.Commit
		if view.Rules != nil {
			changed = miss{view: view, request: req}.commit(r)
		}
		return p.Origin.Bypass(w, r, changed)
	}
	return storeProblem(err)
}
