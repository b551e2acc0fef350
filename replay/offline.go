package replay

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay/explain"
)

// standIn is the path of a request offline. There is no origin: what is not
// recorded is explained, unless somebody else answers it.
func (p *Proxy) standIn(w *writer, r *http.Request) error {
	defer hear(w, r, true)()
	req, whole, err := p.acceptWhole(w, r)
	talks := errors.Is(err, errSilent)
	switch {
	case err != nil && !talks:
		return err
	case !whole && p.Else != nil:
		return p.instead(w, r, nil)
	}
	keys := &w.keys
	keys.memory = &p.keys
	for again := false; ; again = true {
		view, err := p.Store.View(r.Context())
		p.Down.Report(err)
		w.follow(view.Rules)
		if err != nil {
			return p.cannotSay(w, r, view, req, err)
		}
		switch {
		case isWebSocket(r) && p.Else == nil:
			return p.unmatched(w, r, view, req, keys, explain.WebSocket)
		case talks:
			return p.unmatched(w, r, view, req, keys, explain.Conversation)
		}
		found, why, err := p.choose(r.Context(), view, req, keys, again)
		switch {
		case err != nil:
			return p.cannotReplay(w, r, view, req, err)
		case found == nil && p.Else != nil:
			return p.instead(w, r, req.Body)
		case found == nil:
			return p.unmatched(w, r, view, req, keys, why)
		}
		err = p.serve(w, r, found, "HIT")
		switch {
		case err == nil:
			return nil
		case again || !p.replaced(w, r, view, err):
			return p.cannotReplay(w, r, view, req, err)
		}
	}
}

// replaced reports whether a recording could not be served because others have
// taken the place of all those of the view.
func (p *Proxy) replaced(w *writer, r *http.Request, view fixtures.View, err error) bool {
	var corrupt *fixtures.CorruptError
	if w.status != 0 || !errors.As(err, &corrupt) {
		return false
	}
	now, err := p.Store.View(r.Context())
	if err != nil || now.Generation == view.Generation {
		return false
	}
	clear(w.Header())
	return true
}

// choose returns the take that a request gets in its session, or says why there
// is none. Again is for a request that has had its turn.
func (p *Proxy) choose(ctx context.Context, view fixtures.View, req *fixtures.Request, keys *keyer, again bool) (*fixtures.Recording, explain.Cause, error) {
	if known, err := p.nameOrigin(ctx, view, req); !known || err != nil {
		return nil, explain.SeveralOrigins, err
	}
	req.Credentials = fixtures.Fingerprints(req.Header, view.Secret)
	why := explain.NotRecorded
	for candidate, err := range p.alike(ctx, view, req, keys) {
		if errors.Is(err, errMixedSecrets) {
			return nil, explain.SeveralSecrets, nil
		}
		if err != nil {
			return nil, 0, err
		}
		takes, err := p.Store.Takes(ctx, view, candidate.key, candidate.request)
		if errors.Is(err, fixtures.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		fit := takes.Offline(req)
		if fit.Recordings == nil {
			if fit.Several {
				why = explain.SeveralCredentials
			}
			continue
		}
		found, err := p.next(ctx, view, req, candidate.key, fit, again)
		return found, explain.UsedUp, err
	}
	return nil, why, nil
}

// alike yields the requests whose recordings may answer a request, the best
// first. A request with a real secret in it comes last as it was recorded: with
// a placeholder.
func (p *Proxy) alike(ctx context.Context, view fixtures.View, req *fixtures.Request, keys *keyer) iter.Seq2[keyed, error] {
	return func(yield func(keyed, error) bool) {
		for candidate := range candidates(req) {
			if !yield(keyed{keys.key(view.Rules, candidate), candidate}, nil) {
				return
			}
		}
		for candidate := range candidates(req) {
			found, err := p.unmask(ctx, view, candidate)
			if (found.request != nil || err != nil) && !yield(found, err) {
				return
			}
		}
	}
}

// unmask returns the recorded request that holds placeholders where a request
// has secrets; the zero keyed when there is none. Of several unsafe ones that
// were answered alike each request gets the next: clients that sign what they
// send make a new secret every time.
func (p *Proxy) unmask(ctx context.Context, view fixtures.View, req *fixtures.Request) (keyed, error) {
	found, among, err := p.masked(ctx, view, req)
	switch {
	case err != nil || found == nil:
		return keyed{}, err
	case found.mixed || len(among) > 1 && fixtures.Safe(req.Method):
		return keyed{}, errMixedSecrets
	}
	turn := p.sessions.get(req.Session).unmasked(found.key)
	return among[min(turn, len(among)-1)], nil
}

// errMixedSecrets says that a request has been recorded with several secrets:
// which of them it holds cannot be told.
var errMixedSecrets = errors.New("recorded with several secrets")

// A keyer computes the keys of one request under several names. Its content,
// which may be large, is read once.
type keyer struct {
	memory *fixtures.KeyMemory
	rules  *fixtures.Rules // that digest was computed under; nil: it was not yet
	digest []byte          // of the content
}

func (k *keyer) key(rules *fixtures.Rules, req *fixtures.Request) fixtures.Key {
	if len(req.Body) == 0 {
		return k.memory.Key(rules, req)
	}
	if k.rules == nil || !k.rules.SameKeys(*rules) {
		k.rules, k.digest = rules, rules.ContentDigest(req)
	}
	known := *req
	known.Digest = k.digest
	return rules.Key(&known)
}

// A keyed request is one that a store can be asked for.
type keyed struct {
	key     fixtures.Key
	request *fixtures.Request
}

// next takes the next of the takes that fit a request, nil when all are used up.
// A request that asks again gets the one whose turn it was.
func (p *Proxy) next(ctx context.Context, view fixtures.View, req *fixtures.Request, key fixtures.Key, fit fixtures.OfflineTakes, again bool) (*fixtures.Recording, error) {
	t := turn{key: key, fit: fit, view: view, after: p.AfterLast}
	method := fit.Recordings[0].Request.Method
	// A HEAD that a GET's recording answers does not use the GET's take up.
	t.peek = again || method != req.Method
	if len(fit.Recordings) > 1 && (fixtures.Safe(method) || p.Methods.HitOrMiss(method)) {
		var err error
		if t.timeline, err = p.Catalog.Timeline(ctx, view); err != nil {
			return nil, err
		}
	}
	found := p.sessions.get(req.Session).next(t)
	if found != nil {
		p.served.add(fixtures.Event{Key: key, Take: found.Take})
	}
	return found, nil
}

// nameOrigin completes a request that is for the only origin that there are
// recordings of. It reports false when there are several.
func (p *Proxy) nameOrigin(ctx context.Context, view fixtures.View, req *fixtures.Request) (known bool, err error) {
	if req.Origin != "" {
		return true, nil
	}
	origins, err := p.Catalog.Origins(ctx, view)
	if err != nil || len(origins) > 1 {
		return false, err
	}
	if len(origins) == 1 {
		req.Origin = origins[0]
	}
	return true, nil
}

// cannotReplay answers a request whose recording cannot be used: that is an
// error which names it, and neither a miss nor an outage.
func (p *Proxy) cannotReplay(w *writer, r *http.Request, view fixtures.View, req *fixtures.Request, err error) error {
	var corrupt *fixtures.CorruptError
	if !errors.As(err, &corrupt) {
		p.Down.Report(err)
		return p.cannotSay(w, r, view, req, err)
	}
	return &fixtures.Problem{
		Status: http.StatusInternalServerError,
		Title:  "recording damaged",
		Detail: corrupt.Error(),
		Hint:   "restore it, or remove it and record it again",
	}
}
