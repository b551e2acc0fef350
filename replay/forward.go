package replay

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/field"
)

// A miss is a request that no recording answers, with what its commit will need.
type miss struct {
	view    fixtures.View
	request *fixtures.Request
	key     fixtures.Key   // zero for a request that is always forwarded
	takes   fixtures.Takes // those of the key, none of which fits
	seen    int
	replace bool // what is recorded cannot be read

	found fixtures.Key // of the recording that was found after all
}

// commit returns what the recorder has to complete.
func (m miss) commit(r *http.Request) *fixtures.Commit {
	request := *m.request
	request.Header = fixtures.RecordedHeader(r.Header)
	return &fixtures.Commit{
		View:      m.view,
		Key:       m.key,
		Recording: &fixtures.Recording{Exchange: fixtures.Exchange{Request: request}},
		Seen:      m.seen,
		Replace:   m.replace,
	}
}

// forward has a miss answered by the origin and recorded. Unless it goes
// alone, it may find that another request was recorded while it waited:
// fixtures.ErrExists.
func (p *Proxy) forward(w *writer, r *http.Request, m miss, alone bool) error {
	asked := m.request
	known := func() bool { return !m.replace && p.known(r.Context(), *asked) }
	commit := m.commit(r)
	commit.Recording.Request.Base = p.base()
	w.recording = commit.Recording
	flight := ""
	if m.seen != fixtures.SeenAll && !alone {
		flight = m.takes.Variant(asked)
	}
	if !wantsPart(r) {
		_, err := p.Origin.Forward(w, r, commit, flight, known)
		return err
	}
	for _, name := range field.Partial {
		delete(commit.Recording.Request.Header, name)
	}
	recorded, answered, err := p.Origin.Fetch(w, r, commit, flight, known)
	switch {
	case err != nil || answered:
		return err
	case recorded:
		return p.serve(w, r, commit.Recording, "MISS")
	case p.Mode == Record:
		return storeProblem(errors.New("the answer could not be recorded"))
	}
	if asked.Body != nil { // it has been sent once
		r.Body = readCloser{bytes.NewReader(asked.Body), r.Body}
	}
	return p.Origin.Bypass(w, r, nil)
}

// base is the origin's URL, if it is not its name.
func (p *Proxy) base() string {
	if address := p.OriginURL.String(); address != p.OriginName {
		return address
	}
	return ""
}

// known reports whether a request that was a miss would be a HIT by now. What
// the store cannot say is not known.
func (p *Proxy) known(ctx context.Context, req fixtures.Request) bool {
	view, err := p.Store.View(ctx)
	if err != nil {
		return false
	}
	found, _, err := p.lookup(ctx, view, &req)
	return err == nil && found != nil
}

// wantsPart reports whether a request may be answered by less than the full
// answer: it is for a range, or on a condition.
func wantsPart(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	for _, name := range field.Partial {
		if r.Header[name] != nil {
			return true
		}
	}
	return false
}
