package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay/explain"
)

// explain says why a request is not answered: an *explain.Miss, or the error of a
// store that cannot say.
func (p *Proxy) explain(ctx context.Context, l *lookup) error {
	from, req := p.Sequence, &l.request
	u := explain.Unanswered{
		Cause: l.cause, Request: req, Rules: l.view.Rules,
		PathOf: OriginPath, Status: p.missStatus(), Hints: &p.Answers.Hints, Reset: p.resetCommand(req.Session),
		From: &evidence{from: from, lookup: l}, Said: l.said,
	}
	if l.anyHost {
		u.AnyHost, u.PathOf = true, func(name string) string {
			base, _ := from.Catalog.base(ctx, l.view, name)
			recorded := fixtures.Request{Origin: name, Base: base}
			return fixtures.WebURL(recorded.Address())
		}
	}
	// That the store fails is said when it is asked for more.
	u.Base, _ = from.Catalog.base(ctx, l.view, req.Origin)
	if l.cause == explain.Conversation {
		if _, err := from.nameOrigin(ctx, l); err != nil {
			return err
		}
	}
	if err := from.tellOrigins(ctx, l, &u); err != nil {
		return err
	}
	return explain.Explain(ctx, u)
}

// tellOrigins says what there is of several origins.
func (s *Sequence) tellOrigins(ctx context.Context, l *lookup, u *explain.Unanswered) error {
	got, err := s.Catalog.at(ctx, l.view)
	if err != nil || len(got.origins) < 2 && !u.AnyHost {
		if errors.As(err, new(*fixtures.CorruptError)) {
			return nil // the explanation says so
		}
		return err
	}
	u.Origins = got.origins
	for _, name := range got.origins {
		flag := explain.OriginFlag(name, got.bases[name])
		if name == l.view.Rules.First {
			u.Known = slices.Insert(u.Known, 0, flag)
		} else {
			u.Known = append(u.Known, flag)
		}
		named := l.request
		named.Origin = name
		if name == l.request.Origin || l.unread != 0 {
			continue
		}
		has, err := s.has(ctx, l, &named)
		if err != nil {
			return err
		}
		if has {
			u.Elsewhere = append(u.Elsewhere, name)
		}
	}
	return nil
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
		if as, lost := e.from.Catalog.lost(rules, &e.from.keys, &e.keys, candidate, e.from.served.has); lost {
			return as
		}
		_, err := e.from.Store.Takes(ctx, e.got.view, e.keys.key(&e.from.keys, rules, candidate), candidate)
		if errors.Is(err, fixtures.ErrGone) {
			return &e.request
		}
	}
	return nil
}
