package recorder

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/talk"
)

const (
	// restPause is how long a client may pause in content that the origin has
	// answered already, and restTime how long it may take for all of the rest.
	restPause = time.Second
	restTime  = 30 * time.Second
)

var (
	errPaused = errors.New("the client paused")
	errTaken  = errors.New("the origin has answered")
)

// A sentBody is a request's content on its way to the origin. The transport may
// still be sending it when the answer has come, so mutexes guard it. A nil
// sentBody is no content.
type sentBody struct {
	body    io.ReadCloser
	length  int64           // declared, -1 when it is not
	keep    *fixtures.Rules // the content is to be recorded, under these; nil: it is not
	header  http.Header
	expects bool          // the client waits to be told to send it (RFC 9110, section 10.1.1)
	closed  chan struct{} // closed when the transport wants no more of it
	close   sync.Once

	dialogue *dialogue // notes what comes

	reading sync.Mutex // makes pieces count in the order in which they came
	taken   bool       // the transport gets no more; guarded by reading

	mu     sync.Mutex // guards what follows
	asked  bool       // somebody has begun to read
	kept   []byte
	digest *fixtures.ContentDigest // nil while everything is kept
	size   int64
	end    error // what ended the content: io.EOF, or why it is not whole
}

// newSentBody takes the content of a request over, nil when it has none. Unless
// keep is nil it is remembered, up to fixtures.MaxRequestBody bytes.
func newSentBody(r *http.Request, keep *fixtures.Rules) *sentBody {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil
	}
	return &sentBody{
		body:    r.Body,
		length:  r.ContentLength,
		keep:    keep,
		header:  r.Header,
		expects: r.Header["Expect"] != nil,
		closed:  make(chan struct{}),
	}
}

// Read is the transport's.
func (b *sentBody) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	if b.taken {
		return 0, errTaken
	}
	return b.read(p)
}

// read is called with reading held.
func (b *sentBody) read(p []byte) (int, error) {
	b.mu.Lock()
	b.asked = true
	b.mu.Unlock()
	n, err := b.body.Read(p)
	if err != nil && err != io.EOF && !errors.As(err, new(*fixtures.Problem)) {
		// It is the client who failed, and not the origin.
		err = &fixtures.Problem{Status: http.StatusBadRequest, Title: "the request's content cannot be read", Detail: err.Error()}
	}
	b.dialogue.hear(talk.Client, p[:n])
	b.mu.Lock()
	defer b.mu.Unlock()
	b.size += int64(n)
	if b.keep != nil {
		b.remember(p[:n])
	}
	switch {
	case b.end != nil: // it was given up
	case err != nil:
		b.end = err
	case b.size == b.length:
		b.end = io.EOF
	}
	return n, err
}

// remember is called with mu held.
func (b *sentBody) remember(p []byte) {
	switch {
	case b.digest != nil:
		_, _ = b.digest.Write(p)
	case b.size <= fixtures.MaxRequestBody:
		b.kept = append(b.kept, p...)
	default:
		b.digest = b.keep.NewDigest(b.header)
		_, _ = b.digest.Write(b.kept)
		_, _ = b.digest.Write(p)
		b.kept = nil
	}
}

// Close says that the transport wants no more. The client may have more to send
// all the same: see rest.
func (b *sentBody) Close() error {
	b.close.Do(func() { close(b.closed) })
	return nil
}

// rest lets the rest of the content come when the origin has answered before
// its end: the origin may want it still, the recording needs it, and a client
// whose connection is closed while it sends may not see the answer. It gives up
// on a client that pauses, and leaves alone content that was never asked for.
func (b *sentBody) rest() {
	if b == nil {
		return
	}
	size, over := b.progress()
	if over {
		return
	}
	tick := time.NewTicker(restPause)
	defer tick.Stop()
	late := time.Now().Add(restTime)
	for before := int64(-1); !over && time.Now().Before(late); size, over = b.progress() {
		select {
		case <-b.closed:
			b.drain(late)
		case <-tick.C:
			switch {
			case size != before:
			case b.stalled():
				b.drain(late)
			default:
				b.giveUp()
			}
		}
		before = size
	}
}

// progress returns how much of the content has come, and whether no more will.
func (b *sentBody) progress() (size int64, over bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.size, b.end != nil || b.expects && !b.asked
}

// stalled reports whether it is the origin that takes no more. While the
// transport reads it is the client that pauses.
func (b *sentBody) stalled() bool {
	if !b.reading.TryLock() {
		return false
	}
	b.reading.Unlock()
	return true
}

// drain reads what the transport does not, and ends when the client pauses.
func (b *sentBody) drain(late time.Time) {
	defer b.giveUp()
	pause := time.AfterFunc(restPause, func() {
		b.giveUp()
		b.body.Close()
	})
	defer pause.Stop()
	b.reading.Lock() // the transport may be in its last Read
	defer b.reading.Unlock()
	b.taken = true
	buf := copyBuffers.Get()
	defer copyBuffers.Put(buf)
	for time.Now().Before(late) {
		if _, err := b.read(buf); err != nil {
			return
		}
		pause.Reset(restPause)
	}
}

func (b *sentBody) giveUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.end == nil {
		b.end = errPaused
	}
}

// paused reports whether the content was given up for the client's pause, and
// not because the client has left.
func (b *sentBody) paused() bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return errors.Is(b.end, errPaused)
}

// whole reports whether all of the content has come.
func (b *sentBody) whole() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.end == io.EOF
}

// failed reports whether the client has ended the content before it was whole.
func (b *sentBody) failed() bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.end != nil && b.end != io.EOF && !errors.Is(b.end, errPaused)
}

// complete puts the content into the request and reports whether it was whole.
// Content that was not kept is there already.
func (b *sentBody) complete(req *fixtures.Request) bool {
	if !b.whole() {
		return false
	}
	if b == nil || b.keep == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.digest != nil {
		b.digest.Complete(req)
	} else {
		req.Body = b.kept
		req.Decode(b.keep)
	}
	return true
}
