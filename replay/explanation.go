package replay

import (
	"context"
	"errors"
	"fmt"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay/explain"
)

// explain says why a request is not answered: an *explain.Miss, or the error of a
// store that cannot say.
func (p *Proxy) explain(ctx context.Context, view fixtures.View, req *fixtures.Request, keys *keyer, why explain.Cause) error {
	u := explain.Unanswered{Cause: why, Request: req, Rules: view.Rules, Status: p.missStatus(), Hints: &p.Hints, Reset: p.resetCommand(req.Session)}
	// That the store fails is said when it is asked for more.
	u.Base, _ = p.Catalog.base(ctx, view, req.Origin)
	var err error
	switch why {
	case explain.WebSocket, explain.Conversation:
		_, err = p.nameOrigin(ctx, view, req)
	case explain.SeveralOrigins:
		u.Origins, err = p.Catalog.Origins(ctx, view)
	}
	if err != nil {
		return err
	}
	u.From = &lookup{proxy: p, view: view, request: req, keys: keys}
	return explain.Explain(ctx, u)
}

// resetCommand is what to type to have a session begin again.
func (p *Proxy) resetCommand(session string) string {
	which := "all"
	if session != "" {
		which = "session=" + session
	}
	url := p.Hints.URL
	if url == "" {
		url = "$CANNERY_URL"
	}
	return fmt.Sprintf("curl -X POST -H '%s: %s' %s%sreset", ResetField, which, url, ownPrefix)
}

// A lookup is where a request was looked for. It is of one request.
type lookup struct {
	proxy   *Proxy
	view    fixtures.View
	request *fixtures.Request
	keys    *keyer
	got     *contents // of the catalog, once Contents was called
}

func (l *lookup) Contents(ctx context.Context) (explain.Contents, error) {
	got, err := l.proxy.Catalog.at(ctx, l.view)
	if err != nil {
		return explain.Contents{}, err
	}
	l.got = got
	return explain.Contents{Lines: got.lines, Origins: got.origins, Rules: got.view.Rules}, nil
}

func (l *lookup) Takes(ctx context.Context, line *explain.Line) (fixtures.Takes, error) {
	return l.proxy.Store.Takes(ctx, l.got.view, line.Key, line.Request())
}

// Fitting looks as choose does.
func (l *lookup) Fitting(ctx context.Context) ([]*fixtures.Recording, error) {
	for candidate, err := range l.proxy.alike(ctx, l.view, l.request, l.keys) {
		if err != nil {
			return nil, err
		}
		takes, err := l.proxy.Store.Takes(ctx, l.view, candidate.key, candidate.request)
		if errors.Is(err, fixtures.ErrNotFound) {
			continue
		}
		return takes.Recordings, err
	}
	return nil, nil
}

func (l *lookup) Masked(ctx context.Context) (int, error) {
	_, among, err := l.proxy.masked(ctx, l.view, l.request)
	return len(among), err
}

func (l *lookup) Gone(ctx context.Context) *fixtures.Request {
	rules := l.got.view.Rules
	for candidate := range candidates(l.request) {
		if as, lost := l.proxy.Catalog.lost(rules, l.keys, candidate); lost {
			return as
		}
		_, err := l.proxy.Store.Takes(ctx, l.got.view, l.keys.key(rules, candidate), candidate)
		if errors.Is(err, fixtures.ErrGone) {
			return l.request
		}
	}
	return nil
}
