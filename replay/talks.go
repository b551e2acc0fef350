package replay

import (
	"errors"
	"io"
	"iter"
	"sync"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/talk"
)

// The takes of a conversation are told apart by what its client says. Each that begins
// follows the next take, in order; when its client says what stands in another take,
// which begins with the same messages, it follows that one.

// talks are the conversations of a session under one key that are replayed.
type talks struct {
	mu   sync.Mutex
	held map[identified]*conversation // by the take that each follows, or has; guarded by mu
}

// A conversation is one that is being replayed.
type conversation struct {
	talks  *talks
	rules  *fixtures.Rules
	key    fixtures.Key
	among  []*fixtures.Recording // the takes that it may follow
	again  bool                  // those that others have followed, too
	asks   *fixtures.Request
	served func(rec *fixtures.Recording) // is told which take it has become

	// messages yields those of a take. Nil: as they are recorded. Guarded by talks.mu.
	messages func(rec *fixtures.Recording) iter.Seq2[talk.Message, error]

	// What follows is guarded by talks.mu.
	rec    *fixtures.Recording // the take that it follows
	passed int                 // so many messages of it
	echoes map[string]string
	next   func() (talk.Message, error, bool) // nil before its first use
	stop   func()
	ahead  *talk.Message // the next one, once it has been read
	over   bool
}

// begin has a conversation follow a take.
func (t *talks) begin(c *conversation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		t.held = map[identified]*conversation{}
	}
	c.talks = t
	t.held[identify(c.key, c.rec)] = c
	c.echo()
}

// echo notes what of the request answers repeat.
func (c *conversation) echo() {
	c.echoes = map[string]string{}
	c.rules.NoteEchoes(c.echoes, []byte(c.rec.Request.Target), []byte(c.asks.Target))
}

// end ends a conversation. The take that it followed has been used.
func (c *conversation) end() {
	c.talks.mu.Lock()
	defer c.talks.mu.Unlock()
	c.over = true
	c.rewind()
	c.served(c.rec)
}

// rewind forgets where in its take the conversation is reading.
func (c *conversation) rewind() {
	if c.stop != nil {
		c.stop()
	}
	c.next, c.stop, c.ahead = nil, nil, nil
}

// peek returns the message that is next, or io.EOF. It is called with talks.mu held,
// as are pass and follow.
func (c *conversation) peek() (*talk.Message, error) {
	if c.ahead != nil {
		return c.ahead, nil
	}
	if c.next == nil {
		c.next, c.stop = iter.Pull2(c.of(c.rec))
		for range c.passed {
			if _, err, ok := c.next(); !ok || err != nil {
				return nil, errors.Join(err, io.ErrUnexpectedEOF)
			}
		}
	}
	m, err, ok := c.next()
	if !ok {
		return nil, io.EOF
	}
	if err != nil {
		return nil, err
	}
	c.ahead = &m
	return c.ahead, nil
}

// read has the messages of takes be read in a way of their own.
func (c *conversation) read(messages func(rec *fixtures.Recording) iter.Seq2[talk.Message, error]) {
	c.talks.mu.Lock()
	defer c.talks.mu.Unlock()
	c.messages = messages
}

// of returns the messages of a take.
func (c *conversation) of(rec *fixtures.Recording) iter.Seq2[talk.Message, error] {
	if c.messages != nil {
		return c.messages(rec)
	}
	return rec.Messages()
}

// alone is a conversation that follows one take and no other.
func alone(rules *fixtures.Rules, rec *fixtures.Recording, asks *fixtures.Request) *conversation {
	c := &conversation{rules: rules, rec: rec, among: []*fixtures.Recording{rec}, again: true, asks: asks, served: func(*fixtures.Recording) {}}
	new(talks).begin(c)
	return c
}

// expected returns the message that is recorded next, nil for none.
func (c *conversation) expected() (*talk.Message, error) {
	c.talks.mu.Lock()
	defer c.talks.mu.Unlock()
	m, err := c.peek()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	return m, err
}

func (c *conversation) pass() {
	c.passed++
	c.ahead = nil
}

// say returns what the server says next, nil while it is the client's turn, and io.EOF
// when all has been said.
func (c *conversation) say() (*talk.Message, error) {
	c.talks.mu.Lock()
	defer c.talks.mu.Unlock()
	m, err := c.peek()
	if err != nil || m.From == talk.Client {
		return nil, err
	}
	c.pass()
	said := *m
	if m.Kind != talk.Close {
		said.Data = c.rules.EchoedMessage(c.echoes, m.Data)
	}
	return &said, nil
}

// errOtherwise says that a client says what is not recorded.
var errOtherwise = errors.New("the client says something else")

// hear takes what the client says. With errOtherwise it returns what is recorded
// instead, nil for nothing.
func (c *conversation) hear(said *talk.Message) (recorded *talk.Message, err error) {
	c.talks.mu.Lock()
	defer c.talks.mu.Unlock()
	recorded, err = c.peek()
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case err == nil && c.rules.SameMessage(recorded, said):
	case c.follow(said):
		if recorded, err = c.peek(); err != nil {
			return nil, err
		}
	default:
		return recorded, errOtherwise
	}
	c.rules.NoteEchoes(c.echoes, recorded.Data, said.Data)
	c.pass()
	return recorded, nil
}

// follow finds a take that begins as this conversation has, and in which its client
// says this next: one that no other follows, or one whose follower may as well follow
// this one's; and else one that has been followed, where takes may be used again.
func (c *conversation) follow(said *talk.Message) bool {
	return c.goOver(func(rec *fixtures.Recording) bool { return c.begins(rec, said) })
}

// turn finds a take that begins as this conversation has, and in which it is the server's
// turn: a client that is silent may wait for it.
func (c *conversation) turn() bool {
	c.talks.mu.Lock()
	defer c.talks.mu.Unlock()
	return c.goOver(func(rec *fixtures.Recording) bool { return c.begins(rec, nil) && c.speaks(rec) == talk.Server })
}

// speaks returns who speaks next in a take that begins as this conversation has.
func (c *conversation) speaks(rec *fixtures.Recording) talk.Party {
	n := 0
	for m, err := range c.of(rec) {
		if err == nil && n == c.passed {
			return m.From
		}
		n++
	}
	return talk.Client
}

// goOver has the conversation go on with another take that will do.
func (c *conversation) goOver(will func(rec *fixtures.Recording) bool) bool {
	own := identify(c.key, c.rec)
	var used *fixtures.Recording
	for _, rec := range c.among {
		id := identify(c.key, rec)
		if id == own || !rec.Response.Conversation || !will(rec) {
			continue
		}
		holder := c.talks.held[id]
		switch {
		case holder == nil:
			if c.talks.held[own] == c {
				delete(c.talks.held, own)
			}
		case !holder.over && holder.begins(c.rec, nil):
			c.talks.held[own] = holder
			holder.change(c.rec)
		default:
			used = rec
			continue
		}
		c.talks.held[id] = c
		c.change(rec)
		return true
	}
	if used == nil || !c.again {
		return false
	}
	if c.talks.held[own] == c {
		delete(c.talks.held, own)
	}
	c.change(used)
	return true
}

// change has the conversation go on with another take, which begins as its own.
func (c *conversation) change(rec *fixtures.Recording) {
	c.rewind()
	c.rec = rec
}

// begins reports whether a take begins with all that has passed, and goes on with what
// the client says, unless that is nil.
func (c *conversation) begins(rec *fixtures.Recording, said *talk.Message) bool {
	own, stopOwn := iter.Pull2(c.of(c.rec))
	defer stopOwn()
	other, stopOther := iter.Pull2(c.of(rec))
	defer stopOther()
	for range c.passed {
		a, errA, _ := own()
		b, errB, ok := other()
		if !ok || errA != nil || errB != nil || a.From != b.From || a.Code != b.Code {
			return false
		}
		same := c.rules.SameMessage
		if a.From == talk.Server {
			same = c.rules.SameAnswer
		}
		if !same(&a, &b) {
			return false
		}
	}
	if said == nil {
		return true
	}
	next, err, ok := other()
	return ok && err == nil && next.From == talk.Client && c.rules.SameMessage(&next, said)
}
