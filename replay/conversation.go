package replay

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
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
	l := &listening{body: body, pieces: make(chan piece), ended: make(chan struct{}), limited: true}
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

// hear has the pieces of a request's content come in time, and those of a call that
// is read to its end before it is answered ahead of the reading. Whoever calls it
// has to call end.
func (p *Proxy) hear(w *writer, r *http.Request) (end func()) {
	if !hasContent(r) {
		return func() {}
	}
	w.content = &timedBody{ReadCloser: r.Body, control: http.NewResponseController(w.ResponseWriter)}
	r.Body = w.content
	if !p.looksUp(r.Method, r.RequestURI) || !isGRPC(r) {
		return func() {}
	}
	body := listen(r.Body)
	r.Body = body
	return body.end
}
