// Package explain says why an offline request is not answered: what is near to it
// among the recordings, what makes the difference, and what to type to mend it.
// Which recording answers a request is decided in package replay; this one is
// asked when none does.
package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// A Cause says why no recording answers a request.
type Cause int

const (
	NotRecorded Cause = iota
	UsedUp
	SeveralCredentials
	SeveralSecrets
	SeveralOrigins
	Conversation
	SaidOtherwise
)

// An Unanswered is an offline request that no recording answers, and what is to
// be known of it to say why.
type Unanswered struct {
	Cause   Cause
	Request *fixtures.Request
	Rules   *fixtures.Rules
	Base    string // the URL that the request's origin had when it was recorded; "" is unknown
	Status  int    // of the answer
	Hints   *Hints
	Reset   string // what to type to begin again with the first takes
	From    Recordings
	Said    *Said // what was said otherwise than recorded. Nil: nothing was

	// Of several origins of which there are recordings: the names, the values of
	// --origin, the first of them first, and the names of those other than the
	// request's that have it recorded. Nil: there is one only.
	Origins   []string
	Known     []string
	Elsewhere []string
	PathOf    func(origin string) string // the path, or URL, that an origin is below

	// AnyHost says that the client has named the origin by itself, and may name any.
	AnyHost bool
}

// several reports whether there is more than one origin to ask.
func (u *Unanswered) several() bool { return u.AnyHost || len(u.Origins) > 1 }

// Contents are what is known of recordings that are looked for by other things
// than their keys.
type Contents struct {
	Lines   []Line // one for each key
	Origins []string
	Rules   *fixtures.Rules // that the keys are of
}

// A Line is what is known of the recordings of one key. NewLine makes it.
type Line struct {
	Key                             fixtures.Key
	Session, Origin, Method, Target string

	path      int // the length of Target's path
	operation uint32
	sketch    sketch
}

// NewLine returns the line of a request that is recorded. It keeps the request's
// strings, and nothing else of it.
func NewLine(rules *fixtures.Rules, key fixtures.Key, req *fixtures.Request) Line {
	return Line{
		Key: key, Session: req.Session, Origin: req.Origin, Method: req.Method, Target: req.Target,
		path: len(req.Path()), operation: operationOf(req), sketch: sketchOf(rules, req),
	}
}

// Request is what the recordings of the line are asked for with.
func (l *Line) Request() *fixtures.Request {
	return &fixtures.Request{Session: l.Session, Origin: l.Origin, Method: l.Method, Target: l.Target}
}

// Recordings are those that an Unanswered request was looked up in.
type Recordings interface {
	// Contents returns what is known of all. That one of them is damaged is a
	// *fixtures.CorruptError.
	Contents(ctx context.Context) (Contents, error)

	// Takes returns the recordings of a line.
	Takes(ctx context.Context, line *Line) (fixtures.Takes, error)

	// Fitting returns the recordings that the request was looked up among: those
	// of the first key that has any.
	Fitting(ctx context.Context) ([]*fixtures.Recording, error)

	// Masked returns how many recordings fit the request when what is secret in
	// them is masked.
	Masked(ctx context.Context) (int, error)

	// Gone returns the request as it was recorded, if recordings of it were there
	// and are no more, and else nil.
	Gone(ctx context.Context) *fixtures.Request
}

// Usable returns the takes that a store has found, nil when they are gone by now or
// damaged: others may explain a miss as well.
func Usable(takes fixtures.Takes, err error) ([]*fixtures.Recording, error) {
	if errors.Is(err, fixtures.ErrNotFound) || errors.As(err, new(*fixtures.CorruptError)) {
		return nil, nil
	}
	return takes.Recordings, err
}

// A masker shows requests without their secrets.
type masker struct{ cleaner *secret.Cleaner }

func newMasker(rules *fixtures.Rules) (masker, error) {
	cleaner, err := secret.NewCleaner(rules, nil)
	return masker{cleaner}, err
}

// mask returns a copy of a request without its secrets, but for large content,
// which stays as it is.
func (m masker) mask(req *fixtures.Request) *fixtures.Request {
	head := *req
	head.Target = secret.MaskOwn(req.Header, req.Target)
	if !Large(req) {
		return m.cleaner.Mask(&head)
	}
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

// Explain says why a request is not answered: a *Miss, or the error of a store
// that cannot say.
func Explain(ctx context.Context, u Unanswered) error {
	mask, err := newMasker(u.Rules)
	if err != nil {
		return err
	}
	x := &explainer{Unanswered: u, masked: mask.mask(u.Request), mask: mask}
	switch u.Cause {
	case SaidOtherwise:
		return x.saidOtherwise()
	case Conversation:
		return x.notReplayed()
	case SeveralOrigins:
		return x.severalOrigins()
	case UsedUp:
		return x.usedUp(ctx)
	case SeveralCredentials:
		return x.severalCredentials(ctx)
	case SeveralSecrets:
		return x.severalSecrets(ctx)
	}
	return x.notRecorded(ctx)
}

// An explainer has what an explanation is made from.
type explainer struct {
	Unanswered
	masked *fixtures.Request // what may be shown of it, but for large content
	mask   masker
}

// notRecorded looks for what is near, in the order in which it would help.
func (x *explainer) notRecorded(ctx context.Context) error {
	all, err := x.From.Contents(ctx)
	var corrupt *fixtures.CorruptError
	switch {
	case errors.As(err, &corrupt):
		return x.unknown(corrupt)
	case err != nil:
		return err
	}
	if as := x.From.Gone(ctx); as != nil {
		x.Request = as
		return x.gone(len(all.Lines))
	}
	if len(all.Lines) == 0 {
		return x.empty()
	}
	near, err := x.nearest(ctx, all)
	switch {
	case err != nil:
		return err
	case near != nil && near.distance.tier == elsewhere && !(x.AnyHost && near.rec.Request.Origin != x.Request.Origin):
		return x.elsewhere(near)
	case near != nil && near.distance.tier == elsewhere:
		return x.neverRecorded(len(all.Lines)) // which says where it is recorded
	case near == nil && !x.several() && !slices.Contains(all.Origins, x.Request.Origin):
		return x.otherOrigin(all.Origins[0])
	case near == nil:
		return x.neverRecorded(len(all.Lines))
	}
	return x.differs(ctx, near, all)
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

// A Miss is the answer to a request that is not recorded, which says why.
type Miss struct {
	Problem *fixtures.Problem
	Case    string            // one of a few words
	Nearest *fixtures.Request // of the recording that the request is nearest to, masked; nil: none
	Fixture string            // that recording's fixture, "" for none
	Key     fixtures.Key      // of the recording that the request is nearest to; zero: none
	Reason  string            // misses with equal ones may be told as one
	Rule    *Rule             // that would have made it a hit; nil: none is known
	Lines   []string          // the explanation

	// Differences are what keeps the nearest recording from answering, without
	// secrets, the first of them. Nil: nothing that can be shown beside each other.
	Differences []Difference
}

func (m *Miss) Error() string { return m.Problem.Error() }

func (m *Miss) Unwrap() error { return m.Problem }

// Text is the explanation.
func (m *Miss) Text() string { return strings.Join(m.Lines, "\n") }

// miss completes an explanation. Its first line is the problem's detail, its
// last ones the fix, of which the first is the problem's hint.
func (x *explainer) miss(kind, title string, lines []string, fixes ...fix) *Miss {
	problem := &fixtures.Problem{Status: x.Status, Title: title, Detail: lines[0]}
	for i, f := range fixes {
		if i == 0 {
			problem.Hint = f.command
		}
		lines = append(lines, "", f.when, "  "+f.command)
		if f.note != "" {
			lines = append(lines, f.note)
		}
	}
	reason := strings.Join([]string{kind, x.Request.Session, x.Request.Origin, x.Request.Method, x.Request.Path()}, "\n")
	return &Miss{Problem: problem, Case: kind, Reason: reason, Lines: lines}
}

// A fix is something to type, and when it is right.
type fix struct {
	when, command string
	note          string // what to know of it; "" is nothing
}
