package replay

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/protobody"
)

// A call of gRPC is looked up by its head and its client's first message: who waits for
// an answer has not sent more. Calls were recorded by all of their content once: where
// nothing is recorded under these, the rest is waited for, offline, and with an origin
// where a call that begins so was recorded by all of it.

// firstMessage makes the first message the content that a call is looked up by.
func (l *lookup) firstMessage(head []byte) {
	if frame, _, ok := protobody.Cut(head); ok {
		head = frame
	}
	l.request.Body, l.keys = slices.Clone(head), keyer{}
}

// readOn reads more of a call that nothing is recorded of yet, and reports whether there
// was more: the first message of a client that was silent, and then all.
func (l *lookup) readOn() (more bool, err error) {
	if l.call == nil || l.whole {
		return false, nil
	}
	if len(l.request.Body) == 0 {
		head, err := l.call.first(true)
		if err != nil || len(head) == 0 {
			return false, err
		}
		l.firstMessage(head)
		return true, nil
	}
	l.whole = true
	l.call.limited, l.call.begun = true, true
	content, err := io.ReadAll(io.LimitReader(l.call, fixtures.MaxRequestBody+1))
	l.call.limited = false
	l.call.restore(content)
	switch {
	case errors.Is(err, errSilent):
		return false, nil
	case err != nil || len(content) == len(l.request.Body) || len(content) > fixtures.MaxRequestBody:
		return false, err
	}
	l.request.Body, l.keys = content, keyer{}
	return true, nil
}

// firstOfSeveral returns the first message of a call that was recorded by several.
func firstOfSeveral(rec *fixtures.Recording) (first []byte, several bool) {
	if rec.Response.Conversation || rec.Request.Method != http.MethodPost {
		return nil, false
	}
	if format, _ := protobody.FormatOf(rec.Request.Header.Get("Content-Type")); format != protobody.Framed {
		return nil, false
	}
	first, rest, ok := protobody.Cut(rec.Request.Body)
	return first, ok && len(rest) > 0
}

// recordedWhole reports whether a call that begins as this one has been recorded by all of
// its content. What cannot be read is none. A nil Sequence has none.
func (s *Sequence) recordedWhole(ctx context.Context, l *lookup) bool {
	if s == nil || l.call == nil || l.whole || len(l.request.Body) == 0 {
		return false
	}
	view, err := s.Store.View(ctx)
	if err != nil {
		return false
	}
	known, err := s.Catalog.at(ctx, view)
	if err != nil {
		return false
	}
	for candidate := range candidates(&l.request) {
		if known.whole[l.keys.key(&s.keys, view.Rules, candidate)] {
			return true
		}
	}
	return false
}

// saysMore reports whether the client of a call has more to say than the one message of
// a recording.
func (l *lookup) saysMore(found *fixtures.Recording) bool {
	return l.call != nil && !l.whole && !found.Response.Conversation && !l.call.saidAll(len(l.request.Body))
}

// restore has content be read again.
func (l *listening) restore(content []byte) { l.rest = append(content, l.rest...) }
