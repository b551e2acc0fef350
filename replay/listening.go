package replay

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/protobody"
)

// A call of gRPC may be a conversation: its client waits for an answer before it
// has sent all. Whoever reads such a request to its end waits for ever.

// silence is how long a call that has begun to send may pause before it is taken
// for a conversation.
const silence = time.Second

// errSilent says that a request is a conversation.
var errSilent = errors.New("the client waits for an answer")

// A listening is a request's content that is read ahead, so that a Read of it can
// be given up without losing what comes later.
type listening struct {
	body   io.ReadCloser // whose Close ends a Read
	pieces chan piece    // closed when nothing more is read
	ended  chan struct{} // closed by end
	end    func()        // ends the reading, and waits for that

	limited bool // a Read gives up after a silence
	begun   bool
	rest    []byte
	err     error
}

type piece struct {
	data []byte
	err  error
}

// listen begins to read. Whoever calls it has to call end.
func listen(body io.ReadCloser) *listening {
	l := &listening{body: body, pieces: make(chan piece), ended: make(chan struct{})}
	l.end = sync.OnceFunc(func() {
		close(l.ended)
		body.Close()
		for range l.pieces {
		}
	})
	go l.read()
	return l
}

func (l *listening) read() {
	defer close(l.pieces)
	for {
		buf := make([]byte, 4<<10)
		n, err := l.body.Read(buf)
		select {
		case l.pieces <- piece{buf[:n], err}:
		case <-l.ended:
			return
		}
		if err != nil {
			return
		}
	}
}

// Read returns errSilent, once, when the client has begun and pauses. From then on
// it waits as long as it takes.
func (l *listening) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		next, err := l.next()
		if err != nil {
			return 0, err
		}
		l.rest, l.err = next.data, next.err
		l.begun = l.begun || len(next.data) > 0
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

func (l *listening) next() (piece, error) {
	var silent <-chan time.Time
	if l.limited && l.begun {
		timer := time.NewTimer(silence)
		defer timer.Stop()
		silent = timer.C
	}
	select {
	case next, ok := <-l.pieces:
		if !ok {
			return piece{}, http.ErrBodyReadAfterClose
		}
		return next, nil
	case <-silent:
		l.limited = false
		return piece{}, errSilent
	}
}

// Close ends a Read that is under way.
func (l *listening) Close() error { return l.body.Close() }

// quiet is how long a call's client may say nothing before it is taken for one that
// waits for its server to speak first.
const quiet = 100 * time.Millisecond

// first returns what has come once that holds a whole message, or is all. Patient waits
// for it; without, a client that says nothing for a while has said nothing: nil. What
// is returned is read again.
func (l *listening) first(patient bool) (head []byte, err error) {
	head = slices.Clone(l.rest)
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	for {
		if _, _, whole := protobody.Cut(head); whole || l.err != nil || firstTooLarge(head) {
			break
		}
		still := timer.C
		if patient || len(head) > 0 {
			still = nil
		}
		select {
		case next, ok := <-l.pieces:
			if !ok {
				return nil, http.ErrBodyReadAfterClose
			}
			head, l.err = append(head, next.data...), next.err
		case <-still:
			l.rest = head
			return nil, nil
		}
	}
	l.rest, l.begun = head, len(head) > 0
	if l.err != nil && !errors.Is(l.err, io.EOF) {
		return nil, l.err
	}
	return head, nil
}

// firstTooLarge reports whether a message is larger than any that is looked up.
func firstTooLarge(head []byte) bool {
	return len(head) >= protobody.HeadSize && protobody.Length(head) > fixtures.MaxRequestBody
}

// saidAll reports whether the client has said that it has no more to say, or does so soon,
// behind so many bytes.
func (l *listening) saidAll(behind int) bool {
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	for len(l.rest) <= behind && l.err == nil {
		select {
		case next, ok := <-l.pieces:
			if !ok {
				return true
			}
			l.rest, l.err = append(l.rest, next.data...), next.err
		case <-timer.C:
			return true // it waits, and has said no more
		}
	}
	return len(l.rest) <= behind
}

// hear has the pieces of a request's content come in time, and those of a call ahead of
// the reading. Whoever calls it has to call end.
func (p *Proxy) hear(w *writer, r *http.Request) (end func()) {
	if !hasContent(r) {
		return func() {}
	}
	w.content = &timedBody{ReadCloser: r.Body, request: r, control: http.NewResponseController(w.ResponseWriter)}
	r.Body = w.content
	if !isGRPC(r) {
		return func() {}
	}
	w.lookup.call = listen(r.Body)
	r.Body = w.lookup.call
	return w.lookup.call.end
}
