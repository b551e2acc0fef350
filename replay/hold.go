package replay

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/links"
)

// How much of an answer, in bytes as they come, is held back until it is known
// whether it holds the origin's URL, and for how long. What is larger or slower
// goes out as it comes: without codings and length.
const (
	maxHeld  = 1 << 20
	heldTime = time.Second
)

// A hold keeps back the header and the content of an answer until the content
// is whole: only then is it known whether the answer passes as the origin sent
// it or names the proxy instead. A client of an answer that is not recorded has
// no HIT to compare it with; it gets the same.
type hold struct {
	to      *writer
	codings []string
	timer   *time.Timer

	mu      sync.Mutex // guards what follows, and the order of writes
	content []byte
	closed  bool        // nothing is released any more
	body    *bodyWriter // where released content goes; nil while it is held
}

// newHold begins to hold an answer whose header is complete.
func (w *writer) newHold(codings []string) *hold {
	h := &hold{to: w, codings: codings}
	h.timer = time.AfterFunc(heldTime, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.closed || h.body != nil {
			return
		}
		// A client that has left is seen by whoever writes next.
		if h.release() == nil {
			_ = h.body.Flush()
		}
	})
	return h
}

// release sends what is held, and what follows, as it comes. The lock is held.
func (h *hold) release() error {
	h.body = h.to.asItComes(h.codings)
	h.to.sendHeader()
	_, err := h.body.Write(h.content)
	h.content = nil
	return err
}

func (h *hold) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.body == nil && len(h.content)+len(p) > maxHeld {
		if err := h.release(); err != nil {
			return 0, err
		}
	}
	if h.body != nil {
		return h.body.Write(p)
	}
	h.content = append(h.content, p...)
	return len(p), nil
}

func (h *hold) Flush() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.body == nil {
		return nil
	}
	return h.body.Flush()
}

// Close ends the answer. One that was cut passes as it came: the client must
// see the cut.
func (h *hold) Close(whole bool) error {
	h.timer.Stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	switch {
	case h.body != nil:
		return h.body.Close()
	case !whole || !h.namesOrigin():
		h.to.sendHeader()
		_, err := h.to.pass(h.content)
		if !whole {
			_ = http.NewResponseController(h.to.ResponseWriter).Flush()
		}
		return err
	}
	text, err := h.to.renamed(fixtures.Body{Bytes: h.content}, h.codings)
	switch {
	case err != nil:
		return err
	case text == nil:
		if err := h.release(); err != nil {
			return err
		}
		return h.body.Close()
	}
	h.to.describe(text)
	h.to.sendHeader()
	_, err = h.to.pass(text)
	return err
}

// namesOrigin reports whether the content holds the origin's URL, which the recorder
// knows unless it has given the recording up, or another origin's.
func (h *hold) namesOrigin() bool {
	body := fixtures.Body{Bytes: h.content}
	held := links.Unknown
	if rec := h.to.recording; rec != nil {
		held = rec.Response.Links
	}
	if at := h.to.at(); at != nil && held == links.Unknown {
		rec := &fixtures.Recording{}
		rec.Request.Base = at.String()
		rec.Response.Header, rec.Response.Body = h.to.Header(), body
		fixtures.FindLinks(rec)
		held = rec.Response.Links
	}
	return held == links.Some || h.to.namesNeighbour(body, h.codings)
}

// describe makes the header that of text which took the place of the content.
// It has a length where the content had one.
func (w *writer) describe(text []byte) {
	header := w.Header()
	delete(header, "Content-Encoding")
	if header["Content-Length"] != nil {
		header["Content-Length"] = []string{strconv.Itoa(len(text))}
	}
}
