package replay

import (
	"bytes"
	"errors"
	"net/http"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/field"
	"example.com/cannery/fixtures/secret"
)

// forward has a miss answered by the origin and recorded. Unless it goes
// alone, it may find that another request was recorded while it waited:
// fixtures.ErrExists.
func (p *Proxy) forward(w *writer, r *http.Request, alone bool) error {
	l, forwarder := &w.lookup, w.origin.Forwarder
	asked := &l.request
	commit := l.commit()
	commit.Recording.Request.Base = w.origin.base()
	w.recording = commit.Recording
	flight := ""
	if l.miss.seen != fixtures.SeenAll && !alone {
		flight = l.miss.takes.Variant(l.view.Rules, asked)
	}
	again := func() bool { return !l.replace && p.Cache.again(r.Context(), commit, *asked, flight) }
	if !wantsPart(r) {
		_, err := forwarder.Forward(w, r, commit, flight, again)
		return err
	}
	for _, name := range field.Partial {
		delete(commit.Recording.Request.Header, name)
	}
	recorded, answered, err := forwarder.Fetch(w, r, commit, flight, again)
	switch {
	case err != nil || answered:
		return err
	case recorded:
		return p.serve(w, r, commit.Recording, "MISS")
	case w.origin.FailWhenDown:
		return storeProblem(errors.New("the answer could not be recorded"))
	}
	if l.sent != nil { // it has been sent once
		r.Body = readCloser{bytes.NewReader(l.sent), r.Body}
	}
	return forwarder.Bypass(w, r, nil)
}

// commit returns what the recorder has to complete. Without a miss it says what
// the request changes, and is not kept.
func (l *lookup) commit() *fixtures.Commit {
	request := l.request
	request.Secrets = secret.Marks(l.request.Header, l.view.FingerprintKey())
	request.Header = fixtures.RecordedHeader(request.Header)
	c := &fixtures.Commit{
		View:      l.view,
		Recording: &fixtures.Recording{Exchange: fixtures.Exchange{Request: request}},
		Replace:   l.replace,
	}
	if l.miss != nil {
		c.Key, c.Seen = l.miss.key, l.miss.seen
	}
	return c
}

// base is the origin's URL, if it is not its name.
func (o *Origin) base() string {
	if address := o.URL.String(); address != o.Name {
		return address
	}
	return ""
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
