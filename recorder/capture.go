package recorder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/coding"
	"example.com/cannery/fixtures/links"
	"example.com/cannery/fixtures/mediatype"
	"example.com/cannery/fixtures/talk"
)

// A capture is a response's content that is recorded while it is read. The
// read that sees the content's end commits the recording before it returns,
// and a read never returns the last byte of a declared length before that: the
// client cannot have the whole answer before the store has.
type capture struct {
	x    *exchange
	res  *http.Response
	body io.ReadCloser

	declared int64 // the length that the origin declared, -1 when it did not
	size     int64 // what has been read
	began    time.Time

	small  []byte              // the content, while it is small
	large  fixtures.BodyWriter // where it goes when it is not; nil before
	check  *decodeCheck        // whether coded large content can be decoded
	links  *links.Finder       // sees the content, decoded
	chunks []fixtures.Chunk

	stream *time.Timer // lets others go on while an endless stream runs
	over   bool        // nothing more is recorded: committed or dropped
	lost   error       // why the answer itself must not go on
}

const (
	// streamTimeout is how long other requests wait for an answer of
	// undeclared length, which may never end.
	streamTimeout = time.Second
)

func newCapture(x *exchange, res *http.Response) *capture {
	c := &capture{x: x, res: res, body: res.Body, declared: res.ContentLength, began: time.Now()}
	c.links = fixtures.NewLinkFinder(&x.commit.Recording.Request, res.Header)
	if res.Request.Method == http.MethodHead || res.Body == http.NoBody {
		c.declared = -1 // of content that does not come
	}
	switch {
	case c.declared > 0 && c.declared <= fixtures.InlineBody:
		c.small = make([]byte, 0, c.declared)
	case mediatype.IsEventStream(res.Header):
		x.claim.end(goAlone)
	case res.ContentLength < 0:
		c.stream = time.AfterFunc(streamTimeout, func() { x.claim.end(goAlone) })
	}
	return c
}

func (c *capture) Read(p []byte) (int, error) {
	n, err := c.body.Read(p)
	c.x.dialogue.hear(talk.Server, p[:n])
	if c.over {
		return n, err
	}
	c.keep(p[:n])
	if !c.over && c.size == c.declared && err == nil {
		// The transport sends no more of the request once it has seen the end.
		c.x.request.rest()
		// The end follows, and the trailers of HTTP/2 with it.
		var extra [1]byte
		if _, err = io.ReadFull(c.body, extra[:]); err == nil {
			err = errors.New("the origin sent more than the length it declared")
		}
	}
	switch {
	case c.over: // given up with this very piece, which may be the last
	case err == io.EOF:
		c.finish()
	case err != nil:
		c.cut(err)
	}
	if c.lost != nil {
		return 0, c.lost
	}
	return n, err
}

// commitEmpty commits an answer that has no content before its header is out.
func (c *capture) commitEmpty() error {
	_, err := c.Read(make([]byte, 1))
	switch {
	case err == io.EOF || c.x.fetch:
		return nil
	case err != nil && c.lost != nil:
		return &fixtures.Problem{
			Status: http.StatusServiceUnavailable,
			Title:  "answer not recorded",
			Detail: err.Error(),
			Hint:   "in record mode an answer that cannot be kept is not given",
		}
	}
	return err
}

func (c *capture) Close() error {
	c.drop(errClientLeft.Error())
	return c.body.Close()
}

// keep records a piece.
func (c *capture) keep(p []byte) {
	if len(p) == 0 || c.over {
		return
	}
	c.size += int64(len(p))
	c.x.read.Store(c.size)
	if c.size > c.x.rec.MaxBody {
		c.drop(cmp.Or(c.x.dialogue.why(), fmt.Sprintf("it is longer than --max-body, %d bytes", c.x.rec.MaxBody)))
		return
	}
	if c.declared < 0 && c.x.socket == nil {
		c.addChunk(int64(len(p)))
	}
	if c.large == nil && len(c.small)+len(p) <= fixtures.InlineBody {
		c.small = append(c.small, p...)
		return
	}
	if err := c.spill(p); err != nil {
		c.fail(err)
	}
}

func (c *capture) addChunk(size int64) {
	c.chunks = fixtures.Chunk{Size: size, At: time.Since(c.began)}.AddTo(c.chunks)
}

// spill writes a piece of large content to the store.
func (c *capture) spill(p []byte) error {
	if c.large == nil {
		large, err := c.x.rec.Store.NewBody(c.storeContext())
		if err != nil {
			return err
		}
		c.large = large
		if codings := coding.Of(c.res.Header); c.x.socket == nil && codings != nil && coding.Decodable(codings) {
			c.check = newDecodeCheck(codings, c.links)
		}
		if err := c.write(c.small); err != nil {
			return err
		}
		c.small = nil
	}
	return c.write(p)
}

func (c *capture) write(p []byte) error {
	if c.check != nil {
		c.check.Write(p)
	} else {
		c.links.Write(p)
	}
	_, err := c.large.Write(p)
	return err
}

// storeContext outlives a client that leaves at the last moment: the store has
// a time limit of its own.
func (c *capture) storeContext() context.Context {
	return context.WithoutCancel(c.res.Request.Context())
}

// drop gives the recording up. The answer goes on.
func (c *capture) drop(why string) {
	if c.over {
		return
	}
	c.stop(handOver)
	c.x.giveUp()
	if c.x.fetch {
		c.lost = errGivenUp
	}
	c.remark("not recorded", why)
}

func (c *capture) remark(what, why string) {
	if c.x.rec.Remark != nil {
		c.x.rec.Remark(c.res.Request, what, why)
	}
}

// fail gives the recording up for the store's sake.
func (c *capture) fail(err error) {
	c.stop(goAlone)
	c.x.giveUp()
	if c.x.rec.Anew || c.x.fetch {
		c.lost = err
	}
	c.x.rec.stored(err)
}

// stop ends the recording, and the wait of others for it.
func (c *capture) stop(others outcome) {
	c.over = true
	if c.stream != nil {
		c.stream.Stop()
	}
	if c.check != nil {
		c.check.end()
	}
	if c.large != nil {
		c.large.Discard()
	}
	c.x.claim.end(others)
}
