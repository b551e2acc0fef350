// Package replay decides each request: it serves a recording, or hands the
// request to the origin. It reads from a store and cannot write to one, and it
// has nothing to dial with.
package replay

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/checkup"
	"example.com/cannery/fixtures/protobody"
	"example.com/cannery/replay/explain"
)

// A Proxy answers requests: from its sources, which are asked in the order
// Sequence, Cache, and else from its origin. What it is composed of makes the
// difference between the modes:
//
//	live       Cache, Origin
//	record     Cache with Anew, Origin
//	offline    Sequence, and an Origin without Forwarder
//	run        Sequence, Cache, Origin
//
// Its fields are not changed once it is in use; it may be used concurrently.
type Proxy struct {
	// Sequence replays recordings in the order they were made. Nil is none.
	Sequence *Sequence

	// Cache answers again what has been answered once. Nil is none: it goes
	// with an origin, which answers the rest.
	Cache *Cache

	// Origin is that of all paths but the ones of Others, each of which is at the
	// OriginPath of its name. An offline proxy needs no Others: it has those that
	// there are recordings of.
	Origin Origin
	Others []Origin

	// AnyHost makes a forward proxy: a request in absolute form is for the origin at
	// that scheme, host and port, and its client knows that by its own URL. It is
	// asked once for each origin of a name at a URL that neither Origin nor Others
	// are. Nil: requests for other hosts are refused (421).
	AnyHost func(name string, at *url.URL) *Origin

	Answers Answers
	Events  Events

	stats   stats
	missed  missed
	journal journal
	digest  sync.Once                 // says that an answer is left for its digest
	began   atomic.Pointer[time.Time] // when the first request came
	stopped stopped
	jar     jar
	labels  labelCache                    // of the origins that are recorded
	near    atomic.Pointer[neighbourhood] // the one that was asked for last; nil: none was
	hosts   hosts
}

// A Store is what replay needs of one: to read. Its contract is that of package
// fixtures.
type Store interface {
	View(ctx context.Context) (fixtures.View, error)
	Takes(ctx context.Context, view fixtures.View, key fixtures.Key, req *fixtures.Request) (fixtures.Takes, error)
}

// An Origin is the server that a proxy stands in front of, or for.
type Origin struct {
	// Name is the origin's in keys. Offline "" means the only one that there
	// are recordings of, or the first of several (fixtures.Rules.First), or the
	// one that has recordings of the request.
	Name string

	// URL is where the origin is, and what answers name it by. Nil is not
	// known, which only an offline proxy can do without.
	URL *url.URL

	// Forwarder passes on what no recording answers. Nil: nothing is passed
	// on, and each miss is explained.
	Forwarder Forwarder

	// FailWhenDown answers 503 while the store fails. Otherwise what comes then
	// is forwarded unrecorded.
	FailWhenDown bool

	web string // URL as logs have it, made once; "": it is made when it is needed
}

// A Forwarder forwards requests and records the answers; package recorder has
// one.
type Forwarder interface {
	// Forward passes the answer on while it records it, and reports whether
	// it has. The error fixtures.ErrExists means that another request of the
	// flight has come to its end meanwhile, or that again says so, and nothing was
	// sent; a *fixtures.Problem that the origin gave no answer.
	Forward(w http.ResponseWriter, r *http.Request, c *fixtures.Commit, flight string, again func() bool) (recorded bool, err error)

	// Fetch records the answer without passing it on, unless it is not one to
	// record: then it is answered.
	Fetch(w http.ResponseWriter, r *http.Request, c *fixtures.Commit, flight string, again func() bool) (recorded, answered bool, err error)

	// Describe finds out what the messages of a call of gRPC are, unless that is known,
	// and makes it one of the store's rules.
	Describe(r *http.Request, known *protobody.Schema)

	// Bypass passes the answer on and records nothing. When c is not nil, its
	// View and request say what an unsafe request makes stale.
	Bypass(w http.ResponseWriter, r *http.Request, c *fixtures.Commit) error
}

// Answers say how requests are answered.
type Answers struct {
	// LeaveBody leaves the origin's URL in textual content, whatever the rules
	// say. False leaves it there when they do.
	LeaveBody bool

	// ReplaySpeed is the pace of recorded streams: 1 is the recorded one, 2
	// twice as fast. Zero replays at once.
	ReplaySpeed float64

	// MissStatus is the status of an answer that says that nothing is
	// recorded. Zero means 424.
	MissStatus int

	// Hints are what an explanation of a miss tells to type.
	Hints explain.Hints

	// Authority is the certificate, in PEM, of the authority that clients are to trust.
	// Nil is none. It is a page of cannery's own.
	Authority []byte

	// Page answers, for people, cannery's own root and what is below "page/" there. It is
	// asked by nobody from elsewhere. Nil: there is no such page.
	Page http.Handler

	// Metrics writes what is counted, in Prometheus' text format. Nil counts nothing. It
	// is a page of cannery's own.
	Metrics func(io.Writer)

	// Examine says what may harm the store that records, for the health page, which may
	// ask every second. Nil: nothing is known.
	Examine func(context.Context) []checkup.Finding

	// Hosts are the host names, without port, under which cannery's own
	// paths may be asked for beside addresses and localhost.
	Hosts []string
}

// Events say who is told of what happens. All may be called concurrently.
type Events struct {
	// Log gets an entry for every request. Nil keeps no log.
	Log func(Entry)

	// OnMiss is told of every request that nothing answers, with its
	// explanation, before the answer. Nil ignores it.
	OnMiss func(Unmatched)

	// Leads counts the links and redirects in all answers that lead past the
	// proxy. Nil does not look for them.
	Leads *Leads
}

// A source is where recordings are looked for.
type source interface {
	// find returns the recording that answers a request, nil when it has none:
	// then the lookup says why, and what the origin's answer is to become.
	find(ctx context.Context, l *lookup) (*fixtures.Recording, error)

	// lost takes the error of a recording that could not be served. Nil means
	// that the request is to be looked for again.
	lost(ctx context.Context, l *lookup, err error) error
}

// maxRounds bounds how often a request looks again because another one has come to its
// end while it waited. Past it, it goes to the origin by itself. A round is used up by
// a recording that is removed, and by a client that leaves while others wait for it.
const maxRounds = 8

// answer is the path of a request.
func (p *Proxy) answer(w *writer, r *http.Request) error {
	defer p.hear(w, r)()
	l := &w.lookup
	p.describe(w, r)
	if err := p.accept(w, r); err != nil {
		return err
	}
	if w.origin.Forwarder != nil && (l.unread == halfSent || l.unread == tooLarge && p.Cache.looksUp(r.Method, r.RequestURI)) {
		return p.bypass(w, r)
	}
	for round := 0; ; round++ {
		l.again = round > 0
		found, from, err := p.find(r.Context(), l)
		w.follow(l.view.Rules)
		switch {
		case err != nil:
			return p.cannotSay(w, r, err)
		case found != nil && l.saysMore(found):
			if more, err := l.readOn(); err != nil || !more {
				return err
			}
			round--
		case found != nil:
			err := p.serve(w, r, l.view.Rules.Echoed(found, &l.request), "HIT")
			if err == nil || w.status != 0 { // the answer is out, whole or not
				return err
			}
			w.startOver()
			if err := from.lost(r.Context(), l, err); err != nil {
				return p.cannotSay(w, r, err)
			}
		case w.origin.Forwarder == nil || p.Sequence.recordedWhole(r.Context(), l):
			more, err := l.readOn()
			switch {
			case err != nil:
				return err
			case !more && w.origin.Forwarder == nil:
				return p.unmatched(w, r)
			}
			round--
		default:
			alone := round >= maxRounds-1
			if err := p.forward(w, r, alone); !errors.Is(err, fixtures.ErrExists) {
				return err
			}
		}
	}
}

// bypass passes on what cannot be looked up.
func (p *Proxy) bypass(w *writer, r *http.Request) error {
	w.bypassed = w.lookup.unread.String()
	view, _ := p.Cache.Store.View(r.Context()) // the last one known will do
	w.follow(view.Rules)
	return w.origin.Forwarder.Bypass(w, r, nil)
}

// find asks the sources in their order.
func (p *Proxy) find(ctx context.Context, l *lookup) (found *fixtures.Recording, from source, err error) {
	if p.Sequence != nil {
		if found, err = p.Sequence.find(ctx, l); found != nil || err != nil {
			return found, p.Sequence, err
		}
	}
	if p.Cache != nil {
		found, err = p.Cache.find(ctx, l)
	}
	return found, p.Cache, err
}

// cannotSay answers a request about which a source says nothing. The view of the
// lookup is the last one known.
func (p *Proxy) cannotSay(w *writer, r *http.Request, err error) error {
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	if problem := new(fixtures.Problem); errors.As(err, &problem) {
		return err
	}
	if w.origin.Forwarder == nil || w.origin.FailWhenDown {
		return storeProblem(err)
	}
	w.bypassed = "the store failed"
	var changed *fixtures.Commit
	if w.lookup.view.Rules != nil {
		changed = w.lookup.commit()
	}
	return w.origin.Forwarder.Bypass(w, r, changed)
}
