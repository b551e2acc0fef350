package replay

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/replay/explain"
)

// A Sequence is a source that replays the takes of each request in the order
// recorded, in each session from the first. It answers unsafe requests too, and
// with them barriers: see position. Its fields are not changed once it is in use;
// it may be used concurrently.
type Sequence struct {
	Store Store

	// Catalog knows the store's recordings beyond their keys.
	Catalog *Catalog

	// AfterLast says what comes after the last take.
	AfterLast AfterLast

	// Down is told of the result of every reading of the store. Nil ignores it.
	Down *Outage

	seen     secret.Seen // by requests
	keys     fixtures.KeyMemory
	sessions sessions
	served   served
	unsure   unsure
}

// AfterLast says what a request gets when all its takes have been served.
type AfterLast int

const (
	// RepeatLast serves the last take again and again.
	RepeatLast AfterLast = iota
	// FailAfterLast makes it a miss.
	FailAfterLast
	// LoopTakes serves the takes again from the first, in their order: a new
	// round, in which they wait for unsafe requests as they did in the first.
	LoopTakes
)

func (s *Sequence) find(ctx context.Context, l *lookup) (*fixtures.Recording, error) {
	view, err := s.Store.View(ctx)
	s.Down.Report(err)
	l.view = view
	switch {
	case err != nil:
		return nil, err
	case l.unread == halfSent:
		l.cause = explain.Conversation
		return nil, nil
	case l.unread != 0:
		return nil, nil
	}
	found, err := s.choose(ctx, l)
	if err != nil {
		return nil, s.failed(err)
	}
	return found, nil
}

// failed returns what to say of an error: a recording that cannot be used is
// named, and is neither a miss nor an outage.
func (s *Sequence) failed(err error) error {
	var corrupt *fixtures.CorruptError
	if !errors.As(err, &corrupt) {
		s.Down.Report(err)
		return err
	}
	return &fixtures.Problem{
		Status: http.StatusInternalServerError,
		Title:  "recording damaged",
		Detail: corrupt.Error(),
		Hint:   "restore it, or remove it and record it again",
	}
}

// lost has a request looked for once more when others have taken the place of all
// recordings of the view.
func (s *Sequence) lost(ctx context.Context, l *lookup, err error) error {
	if l.again || !errors.As(err, new(*fixtures.CorruptError)) {
		return s.failed(err)
	}
	if now, viewErr := s.Store.View(ctx); viewErr != nil || now.Generation == l.view.Generation {
		return s.failed(err)
	}
	return nil
}

// choose returns the take that a request gets in its session, or finds out why
// there is none.
func (s *Sequence) choose(ctx context.Context, l *lookup) (*fixtures.Recording, error) {
	req, view := &l.request, l.view
	if known, err := s.nameOrigin(ctx, l); !known || err != nil {
		l.cause = explain.SeveralOrigins
		return nil, err
	}
	req.Identify(view)
	if req.Credentials != nil {
		s.seen.Note(req.Header)
	}
	l.cause = explain.NotRecorded
	for candidate, err := range s.alike(ctx, view, req, &l.keys) {
		if errors.Is(err, errMixedSecrets) {
			l.cause = explain.SeveralSecrets
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		takes, err := s.Store.Takes(ctx, view, candidate.key, candidate.request)
		if errors.Is(err, fixtures.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		fit := takes.Offline(view.Rules, req)
		if fit.Recordings == nil {
			if fit.Several {
				l.cause = explain.SeveralCredentials
			}
			continue
		}
		l.cause = explain.UsedUp
		return s.next(ctx, l, candidate.key, fit)
	}
	return nil, nil
}

// alike yields the requests whose recordings may answer a request, the best
// first. A request with a real secret in it comes last as it was recorded: with
// a placeholder.
func (s *Sequence) alike(ctx context.Context, view fixtures.View, req *fixtures.Request, keys *keyer) iter.Seq2[keyed, error] {
	return func(yield func(keyed, error) bool) {
		for candidate := range candidates(req) {
			if !yield(keyed{keys.key(&s.keys, view.Rules, candidate), candidate}, nil) {
				return
			}
		}
		for candidate := range candidates(req) {
			found, err := s.unmask(ctx, view, candidate)
			if (found.request != nil || err != nil) && !yield(found, err) {
				return
			}
		}
	}
}

// unmask returns the recorded request that holds placeholders where a request
// has secrets; the zero keyed when there is none. Of several unsafe ones that
// were answered alike each request gets the next: clients that sign what they
// send make a new secret every time. Of several of which one was not refused each
// secret gets the next, and keeps it: a suite tests wrong passwords before the
// right one in the order in which it was recorded.
func (s *Sequence) unmask(ctx context.Context, view fixtures.View, req *fixtures.Request) (keyed, error) {
	found, among, err := s.masked(ctx, view, req)
	switch {
	case err != nil || found == nil:
		return keyed{}, err
	case found.mixed && found.accepted() >= 0:
		asked := s.keys.Key(view.Rules, req)
		return among[s.sessions.get(req.Session).guess(found, asked, req.Method+" "+req.Path())], nil
	case found.mixed || len(among) > 1 && fixtures.Safe(req.Method):
		return keyed{}, errMixedSecrets
	}
	before := s.sessions.get(req.Session).unmasked(found.key)
	return among[min(before, len(among)-1)], nil
}

// errMixedSecrets says that a request has been recorded with several secrets:
// which of them it holds cannot be told.
var errMixedSecrets = errors.New("recorded with several secrets")

// next takes the next of the takes that fit a request, nil when all are used up.
// A request that is looked for again gets the one that it was given.
func (s *Sequence) next(ctx context.Context, l *lookup, key fixtures.Key, fit fixtures.OfflineTakes) (*fixtures.Recording, error) {
	d := draw{key: key, fit: fit, view: l.view, after: s.AfterLast}
	method, target := fit.Recordings[0].Request.Method, fit.Recordings[0].Request.Target
	// A HEAD that a GET's recording answers does not use the GET's take up.
	d.peek = l.again || method != l.request.Method
	if len(fit.Recordings) > 1 && (fixtures.Safe(method) || s.Catalog.Methods.HitOrMiss(method, target) || l.view.Rules.Methods.HitOrMiss(method, target)) {
		var err error
		if d.timeline, err = s.Catalog.Timeline(ctx, l.view); err != nil {
			return nil, err
		}
	}
	session := s.sessions.get(l.request.Session)
	found, unsure := session.next(d)
	if unsure {
		s.unsure.add(l.request.Method + " " + l.request.Path())
	}
	switch {
	case found == nil:
	case found.Response.Conversation && !d.peek:
		l.conversation = session.converse(d, found, &l.request)
		l.conversation.served = func(rec *fixtures.Recording) { s.served.add(key, rec) }
	default:
		s.served.add(key, found)
	}
	return found, nil
}

// nameOrigin completes a request that names no origin: it is for the only one that
// there are recordings of, else for the first, else for the only one that has it. It
// reports false when it may be for several.
func (s *Sequence) nameOrigin(ctx context.Context, l *lookup) (known bool, err error) {
	req := &l.request
	if req.Origin != "" {
		return true, nil
	}
	origins, err := s.Catalog.Origins(ctx, l.view)
	if err != nil || len(origins) == 0 {
		return true, err
	}
	l.several = len(origins) > 1
	if first, known := firstOf(origins, l.view.Rules); known {
		req.Origin = first
		return true, nil
	}
	var having []string
	for _, origin := range origins {
		named := *req
		named.Origin = origin
		has, err := s.has(ctx, l, &named)
		if err != nil {
			return false, err
		}
		if has {
			having = append(having, origin)
		}
	}
	if len(having) != 1 {
		return false, nil
	}
	req.Origin = having[0]
	return true, nil
}

// has reports whether anything is recorded for a request.
func (s *Sequence) has(ctx context.Context, l *lookup, req *fixtures.Request) (bool, error) {
	for candidate := range candidates(req) {
		_, err := s.Store.Takes(ctx, l.view, l.keys.key(&s.keys, l.view.Rules, candidate), candidate)
		if !errors.Is(err, fixtures.ErrNotFound) {
			return err == nil, err
		}
	}
	return false, nil
}
