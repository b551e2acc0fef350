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
func (p *Proxy) explain(ctx context.Context, l *lookup) error {
	from, req := p.Sequence, &l.request
	u := explain.Unanswered{
		Cause: l.cause, Request: req, Rules: l.view.Rules,
		Status: p.missStatus(), Hints: &p.Answers.Hints, Reset: p.resetCommand(req.Session),
		From: &evidence{from: from, lookup: l},
	}
	// That the store fails is said when it is asked for more.
	u.Base, _ = from.Catalog.base(ctx, l.view, req.Origin)
	var err error
	switch l.cause {
	case explain.WebSocket, explain.Conversation:
		_, err = from.nameOrigin(ctx, l.view, req)
	case explain.SeveralOrigins:
		u.Origins, err = from.Catalog.Origins(ctx, l.view)
	}
	if err != nil {
		return err
	}
	return explain.Explain(ctx, u)
}

// resetCommand is what to type to have a session begin again.
func (p *Proxy) resetCommand(session string) string {
	which := "all"
	if session != "" {
		which = "session=" + session
	}
	url := p.Answers.Hints.URL
	if url == "" {
		url = "$CANNERY_URL"
	}
	return fmt.Sprintf("curl -X POST -H '%s: %s' %s%sreset", ResetField, which, url, ownPrefix)
}

// The evidence is where a request was looked for.
type evidence struct {
	*lookup
	from *Sequence
	got  *contents // of the catalog, once Contents was called
}

func (e *evidence) Contents(ctx context.Context) (explain.Contents, error) {
	got, err := e.from.Catalog.at(ctx, e.view)
	if err != nil {
		return explain.Contents{}, err
	}
	e.got = got
	return explain.Contents{Lines: got.lines, Origins: got.origins, Rules: got.view.Rules}, nil
}

func (e *evidence) Takes(ctx context.Context, line *explain.Line) (fixtures.Takes, error) {
	return e.from.Store.Takes(ctx, e.got.view, line.Key, line.Request())
}

// Fitting looks as choose does.
func (e *evidence) Fitting(ctx context.Context) ([]*fixtures.Recording, error) {
	for candidate, err := range e.from.alike(ctx, e.view, &e.request, &e.keys) {
		if err != nil {
			return nil, err
		}
		takes, err := e.from.Store.Takes(ctx, e.view, candidate.key, candidate.request)
		if errors.Is(err, fixtures.ErrNotFound) {
			continue
		}
		return takes.Recordings, err
	}
	return nil, nil
}

func (e *evidence) Masked(ctx context.Context) (int, error) {
	_, among, err := e.from.masked(ctx, e.view, &e.request)
	return len(among), err
}

func (e *evidence) Gone(ctx context.Context) *fixtures.Request {
	rules := e.got.view.Rules
	for candidate := range candidates(&e.request) {
		if as, lost := e.from.Catalog.lost(rules, &e.from.keys, &e.keys, candidate); lost {
			return as
		}
		_, err := e.from.Store.Takes(ctx, e.got.view, e.keys.key(&e.from.keys, rules, candidate), candidate)
		if errors.Is(err, fixtures.ErrGone) {
			return &e.request
		}
	}
	return nil
}
