package replay

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/field"
	"example.com/cannery/fixtures/placeholder"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/fixtures/talk"
	"example.com/cannery/fixtures/websocket"
	"example.com/cannery/replay/explain"
)

// Codes of closes (RFC 6455, section 7.4.1).
const (
	goingAway       = 1001
	protocolError   = 1002
	policyViolation = 1008
	internalError   = 1011
)

// farewell is how long a client may take to answer a close.
const farewell = time.Second

// converse answers the handshake of a WebSocket from a recording, and replays what was
// said in it: what the server said is sent once the client has said what stands before.
func (p *Proxy) converse(w *writer, r *http.Request, rec *fixtures.Recording) error {
	c := w.lookup.conversation
	defer c.end()
	key := r.Header.Get("Sec-Websocket-Key")
	if r.ProtoMajor != 1 || key == "" {
		return &fixtures.Problem{
			Status: http.StatusBadRequest,
			Title:  "bad handshake of a WebSocket",
			Detail: fmt.Sprintf("%s %s has no Sec-WebSocket-Key, or is not HTTP/1.1", r.Method, secret.CleanTarget(r.RequestURI)),
			Hint:   "open it with a client for WebSockets",
		}
	}
	header := w.Header()
	maps.Copy(header, rec.Response.Header)
	header["Connection"], header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	header["Sec-Websocket-Accept"] = []string{websocket.Accept(key)}
	delete(header, "Sec-Websocket-Protocol")
	if protocol := subprotocol(rec, r); protocol != "" {
		header["Sec-Websocket-Protocol"] = []string{protocol}
	}
	deflates := websocket.AcceptDeflate(websocket.Deflate(r.Header["Sec-Websocket-Extensions"]))
	if deflates != "" {
		header["Sec-Websocket-Extensions"] = []string{deflates}
	}
	header["X-Cache"] = xCacheHit
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Time{})
	s := newReplayedSocket(conn, buffered.Reader, deflates != "")
	defer s.close()
	p.replay(w, r, c, s)
	return nil
}

// subprotocol is the one of those that a client offers which the recorded server has
// chosen, "" for none: a client gives up on one that it has not offered. Where that was a
// token, of which the recording has a placeholder, it is what the client offers in its
// place.
func subprotocol(rec *fixtures.Recording, r *http.Request) string {
	const name = "Sec-Websocket-Protocol"
	chosen := rec.Response.Header.Get(name)
	offered := field.List(r.Header[name])
	if slices.Contains(offered, chosen) {
		return chosen
	}
	i := slices.Index(field.List(rec.Request.Header[name]), chosen)
	if i < 0 || i >= len(offered) || !placeholder.Held([]byte(chosen)) {
		return ""
	}
	return offered[i]
}

// replay goes through a conversation, whose handshake is done.
func (p *Proxy) replay(w *writer, r *http.Request, c *conversation, s *replayedSocket) {
	for {
		m, err := c.say()
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			w.cause = err
			s.farewell(internalError, "the recording cannot be read")
			return
		case m != nil:
			if p.keepPace(r, time.Now(), m.After) != nil || s.send(m) != nil {
				return
			}
			w.size += int64(len(m.Data))
			if m.Kind == talk.Close {
				if m.Code != talk.Cut {
					s.await(farewell)
				}
				return
			}
			continue
		}
		select {
		case said, ok := <-s.said:
			if !ok || said.Kind == talk.Close {
				s.answerClose(said, ok)
				return // who leaves before the end has seen enough
			}
			recorded, err := c.hear(said)
			switch {
			case errors.Is(err, errOtherwise):
				p.otherwise(w, r, c, s, said, recorded)
				return
			case err != nil:
				w.cause = err
				s.farewell(internalError, "the recording cannot be read")
				return
			}
		case <-p.stopped.done():
			s.farewell(goingAway, "cannery stops")
			return
		}
	}
}

// otherwise ends a conversation whose client says what is not recorded.
func (p *Proxy) otherwise(w *writer, r *http.Request, c *conversation, s *replayedSocket, said, recorded *talk.Message) {
	p.recount(w)
	w.lookup.cause = explain.SaidOtherwise
	w.lookup.said = &explain.Said{Number: c.passed, Yours: said, Recorded: recorded, Recording: c.rec}
	reason := "cannery: the client says what is not recorded"
	if err := p.unmatched(w, r); err != nil {
		reason = err.Error()
		if miss := new(explain.Miss); errors.As(err, &miss) {
			reason = fmt.Sprintf("cannery: %s. %s", miss.Problem.Title, miss.Problem.Hint)
		}
	}
	s.farewell(policyViolation, reason)
}

// A replayedSocket is a client's connection, on which a recording is replayed.
type replayedSocket struct {
	conn     net.Conn
	deflates bool

	said chan *talk.Message // what the client says; closed when it has left
	done chan struct{}      // closed when nobody wants to know any more
	once sync.Once
	wait sync.WaitGroup // for the reading

	mu sync.Mutex // guards writing
}

// newReplayedSocket begins to read what a client says. Whoever calls it has to call
// close.
func newReplayedSocket(conn net.Conn, in *bufio.Reader, deflates bool) *replayedSocket {
	s := &replayedSocket{conn: conn, deflates: deflates, said: make(chan *talk.Message), done: make(chan struct{})}
	s.wait.Go(func() { s.read(in) })
	return s
}

// errDone says that nobody wants to know what else the client says.
var errDone = errors.New("the conversation has ended")

func (s *replayedSocket) read(in io.Reader) {
	defer close(s.said)
	reader := websocket.Reader{
		From: talk.Client, Inflate: s.deflates, Limit: talk.MaxMessage,
		Message: func(m *talk.Message) error {
			select {
			case s.said <- m:
				return nil
			case <-s.done:
				return errDone
			}
		},
		Ping: func(data []byte) error { return s.write(websocket.AppendPong(nil, talk.Server, data)) },
	}
	buf := make([]byte, 4<<10)
	for {
		n, err := in.Read(buf)
		if wrong := reader.Feed(buf[:n]); wrong != nil {
			if !errors.Is(wrong, errDone) {
				_ = s.send(closing(protocolError, wrong.Error())) // it is told, if it still listens
			}
			return
		}
		if err != nil {
			return
		}
	}
}

func (s *replayedSocket) write(frame []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.conn.Write(frame)
	return err
}

// worthDeflating is the length in bytes from which on text is compressed.
const worthDeflating = 256

// send sends a message of the server's. A Cut is none.
func (s *replayedSocket) send(m *talk.Message) error {
	if s.deflates && m.Kind == talk.Text && len(m.Data) >= worthDeflating {
		return s.write(websocket.AppendDeflated(nil, m))
	}
	return s.write(websocket.Append(nil, m))
}

func closing(code int, reason string) *talk.Message {
	return &talk.Message{From: talk.Server, Kind: talk.Close, Code: code, Data: []byte(reason)}
}

// farewell closes the conversation, and waits a while for the client to do so too.
func (s *replayedSocket) farewell(code int, reason string) {
	if s.send(closing(code, reason)) == nil {
		s.await(farewell)
	}
}

// await waits for the client's close, or for its leaving.
func (s *replayedSocket) await(most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	for {
		select {
		case m, ok := <-s.said:
			if !ok || m.Kind == talk.Close {
				return
			}
		case <-timer.C:
			return
		}
	}
}

// answerClose answers a client that closes as servers do, with its own code and reason.
func (s *replayedSocket) answerClose(m *talk.Message, ok bool) {
	if !ok {
		return
	}
	answer := closing(m.Code, string(m.Data))
	_ = s.send(answer) // a client that has left needs no answer
}

// close ends the connection, and the reading of it.
func (s *replayedSocket) close() {
	s.once.Do(func() { close(s.done) })
	s.conn.Close()
	s.wait.Wait()
}
