package recorder

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/links"
	"example.com/cannery/fixtures/protobody"
	"example.com/cannery/fixtures/talk"
)

// A dialogue is a call of gRPC: it notes in which order messages pass, in both
// directions, while others keep the bytes. What the recording becomes is decided at the
// end, by what passed and not by when: a call whose client sent one message, before the
// server said anything, is an exchange as any other, and all else is a conversation.
//
// A nil dialogue is another request.
type dialogue struct {
	mu       sync.Mutex // guards what follows
	parties  [2]frames
	turns    []turn
	last     time.Time // when the last message passed
	prefixed int64     // bytes of the request that are known already
	limit    int64     // bytes of all messages together
	broken   string    // why it cannot be recorded as a conversation: the first reason
}

// A turn is a message that has passed.
type turn struct {
	from  talk.Party
	after time.Duration
}

// frames are where in the frames of gRPC what one party sends is.
type frames struct {
	head []byte // of a message, as far as it has come
	left int64  // of a message whose head has come
	size int64  // of all that came
}

// newDialogue begins to note a call that is recorded, nil if it is none. The content
// that the commit's request has is the client's first message.
func newDialogue(r *http.Request, x *exchange) *dialogue {
	if !x.record || x.fetch || !isCall(r) {
		return nil
	}
	d := &dialogue{last: time.Now(), limit: x.rec.MaxBody}
	d.hear(talk.Client, x.commit.Recording.Request.Body)
	d.prefixed = int64(len(x.commit.Recording.Request.Body))
	d.parties[talk.Client].size = 0 // it has not been sent
	return d
}

// hear notes what a party sends, before it is passed on.
func (d *dialogue) hear(from talk.Party, p []byte) {
	if d == nil || len(p) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &d.parties[from]
	f.size += int64(len(p))
	d.bound()
	if from == talk.Client && f.size <= d.prefixed {
		return // it was noted before it was sent
	} else if known := f.size - int64(len(p)); from == talk.Client && known < d.prefixed {
		p = p[d.prefixed-known:]
	}
	f.pass(p, func() { d.note(from) })
}

// pass goes over what a party sends, and calls ended at the end of each message.
func (f *frames) pass(p []byte, ended func()) {
	for len(p) > 0 {
		if len(f.head) < protobody.HeadSize {
			n := min(protobody.HeadSize-len(f.head), len(p))
			f.head, p = append(f.head, p[:n]...), p[n:]
			if len(f.head) < protobody.HeadSize {
				return
			}
			f.left = protobody.Length(f.head)
		}
		n := min(f.left, int64(len(p)))
		f.left, p = f.left-n, p[n:]
		if f.left == 0 {
			f.head = f.head[:0]
			ended()
		}
	}
}

// whole reports whether no message has begun that has not ended.
func (f *frames) whole() bool { return len(f.head) == 0 }

// bound notes which message is beyond what is recorded. It is called with mu held, as is
// note.
func (d *dialogue) bound() {
	client := d.parties[talk.Client].size
	switch {
	case d.broken != "":
	case client+d.parties[talk.Server].size > d.limit:
		d.broken = fmt.Sprintf("with messages[%d] it is longer than --max-body, %d bytes", len(d.turns), d.limit)
	case client > fixtures.MaxRequestBody:
		d.broken = fmt.Sprintf("with messages[%d] its client says more than %d bytes", len(d.turns), fixtures.MaxRequestBody)
	}
}

func (d *dialogue) note(from talk.Party) {
	if len(d.turns) == talk.MaxMessages {
		if d.broken == "" {
			d.broken = fmt.Sprintf("it has more than %d messages", talk.MaxMessages)
		}
		return
	}
	after := time.Since(d.last).Round(talk.Tick)
	d.last = d.last.Add(after)
	d.turns = append(d.turns, turn{from, after})
}

// conversation returns the turns of a call that is one. Ended says that its client has
// said that it has no more to say; failed, that its server ended it with an error. The
// error may answer what the client said next after the server's last message. How much
// more it said before it knew is chance.
func (d *dialogue) conversation(ended, failed bool) []turn {
	d.mu.Lock()
	defer d.mu.Unlock()
	turns := d.turns
	if failed && !ended {
		for len(turns) > 1 && turns[len(turns)-1].from == talk.Client && turns[len(turns)-2].from == talk.Client {
			turns = turns[:len(turns)-1]
		}
	}
	said := 0
	for _, t := range turns {
		if t.from == talk.Client {
			said++
		}
	}
	if said == 0 || said == 1 && turns[0].from == talk.Client {
		return nil
	}
	return turns
}

// why says why it cannot be recorded as a conversation, "" where it can.
func (d *dialogue) why() string {
	if d == nil {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.broken
}

// converse makes the recording of a call what it is. Why says why it cannot be one.
func (c *capture) converse() (why string, err error) {
	d, rec := c.x.dialogue, c.x.commit.Recording
	ended, content := c.x.request.said()
	if first := rec.Request.Body; len(content) < len(first) {
		content = first // it was known before it was sent
	}
	turns := d.conversation(ended, protobody.Failed(c.res.Header, c.res.Trailer))
	if turns == nil {
		// What the client sent besides its one message, the server has not waited for.
		if rec.Request.Body == nil {
			rec.Request.Body, _, _ = protobody.Cut(content)
		}
		return "", nil
	}
	if why := d.why(); why != "" {
		return why, nil
	}
	rec.Request.Body = nil
	if turns[0].from == talk.Client {
		rec.Request.Body, _, _ = protobody.Cut(content)
	}
	rec.Response.Conversation, rec.Response.Links = true, links.None
	c.chunks = nil
	return "", c.rewrite(turns, content)
}

// rewrite puts a log of all messages in the place of the server's.
func (c *capture) rewrite(turns []turn, client []byte) error {
	server := fixtures.Body{Bytes: c.small}
	if c.large != nil {
		old := c.large
		defer old.Discard()
		var err error
		if server, err = old.Body(); err != nil {
			return err
		}
		c.large = nil
	}
	from, err := server.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	log := []byte{}
	for _, t := range turns {
		m := talk.Message{From: t.from, After: t.after}
		var frame []byte
		if t.from == talk.Client {
			if frame, client, _ = protobody.Cut(client); frame == nil {
				continue // it has come, and is just being kept
			}
		} else if frame, err = readFrame(from); err != nil {
			return err
		}
		m.Compressed, m.Data = frame[0]&1 != 0, frame[protobody.HeadSize:]
		log = talk.Append(log, &m)
		if len(log) < fixtures.InlineBody {
			continue
		}
		if c.large == nil {
			if c.large, err = c.x.rec.Store.NewBody(c.storeContext()); err != nil {
				return err
			}
		}
		if _, err := c.large.Write(log); err != nil {
			return err
		}
		log = log[:0]
	}
	if c.large != nil {
		_, err := c.large.Write(log)
		c.small = nil
		return err
	}
	c.small = log
	return nil
}

// readFrame reads a message with what stands before it.
func readFrame(r io.Reader) ([]byte, error) {
	head := make([]byte, protobody.HeadSize)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	frame := append(head, make([]byte, protobody.Length(head))...)
	_, err := io.ReadFull(r, frame[protobody.HeadSize:])
	return frame, err
}

// said returns what of the content has come, and whether that is all. It is nil when
// that is too much to be kept.
func (b *sentBody) said() (ended bool, content []byte) {
	if b == nil {
		return true, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.end == io.EOF, b.kept
}
