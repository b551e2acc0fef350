package recorder

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
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
	// maxChunks bounds what is remembered of a stream's pacing. Later pieces
	// count as one.
	maxChunks = 1 << 16

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

// cut ends a recording before the answer's end.
func (c *capture) cut(err error) {
	if c.x.client.Err() != nil || c.x.request.failed() {
		c.x.clientLeft() // which is seen here before the context's own goroutine has told of it
	}
	switch cause := context.Cause(c.res.Request.Context()); {
	case cause == nil:
		c.drop("it was cut short: " + err.Error())
	case errors.Is(cause, errStillOpen):
		c.leaveOpen()
	default:
		c.drop(cause.Error())
	}
}

// leaveOpen commits a stream whose end is not known. What of coded content has
// come is coded anew, so that it can be decoded to its end.
func (c *capture) leaveOpen() {
	if codings := coding.Of(c.res.Header); codings != nil && coding.Decodable(codings) {
		if c.large != nil {
			c.drop(errStillOpen.Error() + ", and more of its coded content has come than is kept in memory")
			return
		}
		coded, err := endCoding(c.small, codings)
		if err != nil {
			c.drop(damaged(err).Error())
			return
		}
		c.small, c.chunks = coded, []fixtures.Chunk{{Size: int64(len(coded)), At: time.Since(c.began)}}
	}
	c.x.commit.Recording.Response.Open = true
	if c.finish(); c.x.committed {
		c.remark("recorded as far as it came", errStillOpen.Error())
	}
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
	if len(c.chunks) == maxChunks {
		c.chunks[maxChunks-1].Size += size
		return
	}
	c.chunks = append(c.chunks, fixtures.Chunk{Size: size, At: time.Since(c.began)})
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

// finish commits the recording.
func (c *capture) finish() {
	rec := c.x.commit.Recording
	if c.x.dialogue != nil {
		// What its client has still to say, nobody waits for.
		if why, err := c.converse(); why != "" || err != nil {
			c.giveBack(why, err)
			return
		}
	} else if c.x.request.rest(); !c.x.request.complete(&rec.Request) {
		c.drop("the origin answered before it had read the request")
		return
	}
	if err := c.verify(); err != nil {
		c.drop(err.Error())
		return
	}
	rec.Clock = c.x.commit.View.Clock
	rec.Response.Chunks = c.chunks
	if !rec.Response.Conversation {
		rec.Response.Links = c.links.Held()
	}
	if len(c.res.Trailer) > 0 {
		rec.Response.Trailer = maps.Clone(c.res.Trailer)
	}
	rec.Response.Body.Bytes = c.small
	if c.large != nil {
		body, err := c.large.Body()
		if err != nil {
			c.fail(err)
			return
		}
		rec.Response.Body = body
	}
	c.x.commit.Key = c.x.commit.View.Rules.Key(&rec.Request)
	if c.x.rec.Anew {
		_, begun := c.x.rec.begun.LoadOrStore(c.x.commit.Key, true)
		c.x.commit.Replace = !begun
	}
	switch err := c.append(); {
	case err == nil:
		c.large = nil // it is the store's now
		c.stop(handOver)
		c.x.committed = true
		c.x.rec.stored(nil)
		if c.x.rec.Recorded != nil {
			c.x.rec.Recorded()
		}
	case errors.Is(err, fixtures.ErrExists):
		c.stop(handOver)
	case errors.Is(err, fixtures.ErrLate):
		c.drop("recordings were removed or imported meanwhile, or the rules were changed")
	default:
		c.fail(err)
	}
}

// giveBack ends a recording that cannot be made, for a reason or an error of the store's.
func (c *capture) giveBack(why string, err error) {
	if err != nil {
		c.fail(err)
		return
	}
	c.drop(why)
}

// append hands the commit to the store. Takes that cannot be read any more are
// in nobody's way: the new one replaces them.
func (c *capture) append() error {
	err := c.x.rec.Store.Append(c.storeContext(), *c.x.commit)
	for errors.Is(err, fixtures.ErrLate) {
		view, ok := c.x.rec.follow(c.x.commit.View)
		if !ok {
			break
		}
		rec := c.x.commit.Recording
		c.x.commit.View, rec.Clock, c.x.commit.Key = view, view.Clock, view.Rules.Key(&rec.Request)
		err = c.x.rec.Store.Append(c.storeContext(), *c.x.commit)
	}
	var corrupt *fixtures.CorruptError
	if errors.As(err, &corrupt) && !c.x.commit.Replace {
		c.x.commit.Replace = true
		err = c.x.rec.Store.Append(c.storeContext(), *c.x.commit)
	}
	return err
}

// verify decodes coded content: a gzip stream that is cut inside a whole HTTP
// message is a cut answer. Small content is looked through for links by the way.
func (c *capture) verify() error {
	codings := coding.Of(c.res.Header)
	switch {
	case c.x.commit.Recording.Response.Conversation:
		return nil // messages have no coding of HTTP's
	case c.check != nil:
		return c.check.end()
	case codings == nil:
		c.links.Write(c.small)
		return nil
	case len(c.small) == 0 || !coding.Decodable(codings):
		return nil
	}
	return damaged(decodeAll(bytes.NewReader(c.small), codings, c.links))
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

// trailerNames lists announced trailers in an order that does not change.
func trailerNames(trailer http.Header) string {
	return strings.Join(slices.Sorted(maps.Keys(trailer)), ", ")
}
