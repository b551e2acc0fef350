package replay

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/field"
)

// readTimeout is how long a client may take to send the next piece.
const readTimeout = 2 * time.Minute

var errSlowBody = errors.New("the client stopped sending")

// A timedBody is a request's content whose every piece must come in time. A
// deadline for the whole would forbid slow uploads, none would let a client
// hold a connection for ever.
type timedBody struct {
	io.ReadCloser
	request *http.Request // whose Trailer is net/http's to fill at the end
	control *http.ResponseController

	mu     sync.Mutex // guards the fields below, and the order of deadlines
	ended  bool       // nothing more is read
	closed bool
}

func (b *timedBody) Read(p []byte) (int, error) {
	if !b.deadline(time.Now().Add(readTimeout)) {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.ReadCloser.Read(p)
	if err == nil {
		return n, nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, badBody(http.StatusRequestTimeout, errSlowBody)
	}
	// net/http watches the connection for the client's leaving from here on,
	// which must not time out.
	b.deadline(time.Time{})
	b.end()
	if err == io.EOF {
		err = checkTrailer(b.request)
	}
	if err != io.EOF {
		err = badBody(http.StatusBadRequest, err)
	}
	return n, err
}

// checkTrailer looks at what has come after a request's content, and returns io.EOF when
// it may be sent on. net/http takes names with blanks and values with control characters,
// and does not send them. What says where a request goes, or belongs to a connection, is
// no trailer (RFC 9110, section 6.5.1), and is dropped.
func checkTrailer(r *http.Request) error {
	named := field.Members(r.Header["Connection"])
	for name, values := range r.Trailer {
		if !field.IsToken(name) || slices.ContainsFunc(values, hasControl) {
			return fmt.Errorf("bad trailer %.100q", name)
		}
		if name == "Host" || field.IsConnection(name) || slices.Contains(named, name) {
			delete(r.Trailer, name)
		}
	}
	return io.EOF
}

// hasControl reports whether text has what no field's value may have (RFC 9110,
// section 5.5).
func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7F })
}

// drainTime is how long a client may go on to send content that nobody reads.
const drainTime = 5 * time.Second

// drain reads the rest of content whose request has been answered with a
// problem: a client that is sending it may not see the answer if the connection
// is closed at once.
func (b *timedBody) drain() {
	late := time.AfterFunc(drainTime, func() { b.Close() })
	defer late.Stop()
	_, _ = io.Copy(io.Discard, b) // the answer is out, whatever comes
	b.Close()
}

// over reports whether no more can be read.
func (b *timedBody) over() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended || b.closed
}

func (b *timedBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}

// Close ends a Read that is under way. The answer is complete, and a transport
// that still waits for the client's next piece would wait as long as that.
func (b *timedBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended && !b.closed {
		_ = b.control.SetReadDeadline(time.Unix(1, 0)) // long past
	}
	b.closed = true
	return nil // net/http closes what it has opened
}

// deadline sets the deadline of reading, and reports whether that was still
// possible.
func (b *timedBody) deadline(at time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	_ = b.control.SetReadDeadline(at) // tests' writers have none
	return true
}

// badBody says that it is the client who failed, and not the origin that was
// being sent the content.
func badBody(status int, err error) error {
	return &fixtures.Problem{Status: status, Title: "the request's content cannot be read", Detail: err.Error()}
}
