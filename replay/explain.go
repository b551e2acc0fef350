package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// missCause says why no recording answers a request.
type missCause int

const (
	notRecorded missCause = iota
	usedUp
	severalCredentials
	severalSecrets
	severalOrigins
	webSocket
	conversation
)

// A masker shows requests without their secrets.
type masker struct{ cleaner *secret.Cleaner }

func newMasker(rules *fixtures.Rules) (masker, error) {
	cleaner, err := secret.NewCleaner(rules.Redact, nil)
	return masker{cleaner}, err
}

// mask returns a copy of a request without its secrets, but for large content,
// which stays as it is.
func (m masker) mask(req *fixtures.Request) *fixtures.Request {
	if !isLarge(req) {
		return m.cleaner.Mask(req)
	}
	head := *req
	head.Body = nil
	masked := m.cleaner.Mask(&head)
	masked.Body = req.Body
	return masked
}

// excerpt returns what is shown of content around a place.
func (m masker) excerpt(req *fixtures.Request, at int) any {
	if len(req.Body) == 0 {
		return contentText(contentOf(&fixtures.Rules{}, req))
	}
	return excerpt(m.cleaner.Excerpt(req, at))
}

// explain says why a request is not answered: an *explained, or the error of a
// store that cannot say.
func (p *Proxy) explain(ctx context.Context, view fixtures.View, req *fixtures.Request, keys *keyer, why missCause) error {
	mask, err := newMasker(view.Rules)
	if err != nil {
		return err
	}
	x := &explainer{proxy: p, view: view, request: req, keys: keys, masked: mask.mask(req), mask: mask, base: p.baseOf(ctx, view, req.Origin)}
	switch why {
	case webSocket:
		return x.notReplayed(ctx, "websocket", "a WebSocket cannot be replayed", "asks for a WebSocket, and these are not recorded")
	case conversation:
		return x.notReplayed(ctx, "conversation", "a conversation cannot be replayed", "waits for an answer before it has sent all: it is a conversation, and these are not replayed yet")
	case severalOrigins:
		return x.severalOrigins(ctx)
	case usedUp:
		return x.usedUp(ctx)
	case severalCredentials:
		return x.severalCredentials(ctx)
	case severalSecrets:
		return x.severalSecrets(ctx)
	}
	return x.notRecorded(ctx)
}

// An explainer has what an explanation is made from.
type explainer struct {
	proxy   *Proxy
	view    fixtures.View
	request *fixtures.Request
	keys    *keyer
	masked  *fixtures.Request // what may be shown of it, but for large content
	mask    masker
	base    string // see baseOf
}

// notRecorded looks for what is near, in the order in which it would help.
func (x *explainer) notRecorded(ctx context.Context) error {
	got, err := x.proxy.Catalog.at(ctx, x.view)
	var corrupt *fixtures.CorruptError
	switch {
	case errors.As(err, &corrupt):
		return x.unknown(corrupt)
	case err != nil:
		return err
	}
	for candidate := range candidates(x.request) {
		if as, lost := x.proxy.Catalog.lost(got.view.Rules, x.keys, candidate); lost {
			x.request = as
			return x.gone(len(got.lines))
		}
		_, err := x.proxy.Store.Takes(ctx, got.view, x.keys.key(got.view.Rules, candidate), candidate)
		if errors.Is(err, fixtures.ErrGone) {
			return x.gone(len(got.lines))
		}
	}
	if len(got.lines) == 0 {
		return x.empty()
	}
	near, err := x.proxy.nearest(ctx, got, x.mask, x.masked)
	switch {
	case err != nil:
		return err
	case near != nil && near.distance.tier == elsewhere:
		return x.elsewhere(near)
	case near == nil && !slices.Contains(got.origins, x.request.Origin):
		return x.otherOrigin(got.origins[0])
	case near == nil:
		return x.neverRecorded(len(got.lines))
	}
	return x.differs(near)
}

// takes returns the recordings under the first key that has any for the request.
func (x *explainer) takes(ctx context.Context) ([]*fixtures.Recording, error) {
	for candidate, err := range x.proxy.alike(ctx, x.view, x.request, x.keys) {
		if err != nil {
			return nil, err
		}
		takes, err := x.proxy.Store.Takes(ctx, x.view, candidate.key, candidate.request)
		if errors.Is(err, fixtures.ErrNotFound) {
			continue
		}
		return takes.Recordings, err
	}
	return nil, nil
}

// name is what the request is called.
func (x *explainer) name() string { return nameOf(x.masked) }

// nameOf is a request's line, for people.
func nameOf(req *fixtures.Request) string {
	return req.Method + " " + clip([]rune(printable(secret.CleanTarget(req.Target))), 0, maxTarget)
}

// maxTarget bounds the characters that are shown of a request-target.
const maxTarget = 200

// inSession says which session a request belongs to.
func inSession(session string) string {
	if session == "" {
		return ""
	}
	return fmt.Sprintf(" in session %q", session)
}

// An explained is a miss that says why.
type explained struct {
	problem *fixtures.Problem
	kind    string            // the case, one of a few words
	near    *neighbour        // nil: none
	as      *fixtures.Request // near's request, masked
	lines   []string          // the explanation
}

func (e *explained) Error() string { return e.problem.Error() }

func (e *explained) Unwrap() error { return e.problem }

// miss completes an explanation. Its first line is the problem's detail, its
// last ones the fix, of which the first is the problem's hint.
func (x *explainer) miss(kind, title string, lines []string, fixes ...fix) *explained {
	problem := &fixtures.Problem{Status: x.proxy.missStatus(), Title: title, Detail: lines[0]}
	for i, f := range fixes {
		if i == 0 {
			problem.Hint = f.command
		}
		lines = append(lines, "", f.when, "  "+f.command)
	}
	return &explained{problem: problem, kind: kind, lines: lines}
}

// A fix is something to type, and when it is right.
type fix struct{ when, command string }

// explanation is the text of a miss, for the log.
func explanation(err error) string {
	var e *explained
	if errors.As(err, &e) {
		return strings.Join(e.lines, "\n")
	}
	return err.Error()
}
