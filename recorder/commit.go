package recorder

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/coding"
)

// finish commits the recording.
func (c *capture) finish() {
	rec := c.x.commit.Recording
	if c.x.dialogue != nil {
		// What its client has still to say, nobody waits for.
		switch why, err := c.converse(); {
		case err != nil:
			c.fail(err)
			return
		case why != "":
			c.drop(why)
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
