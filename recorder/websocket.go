package recorder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/field"
	"example.com/cannery/fixtures/links"
	"example.com/cannery/fixtures/talk"
	"example.com/cannery/fixtures/websocket"
)

// A socket is the origin's connection of a WebSocket that is being recorded: what
// ReverseProxy copies from it and to it passes as it comes, bytes and frames, and is
// looked at by the way. So compression and subprotocols are agreed on by the client and
// the origin. A message is recorded before its end is passed on.
type socket struct {
	io.ReadWriteCloser // the connection

	writing sync.Mutex // is held while bytes go to the origin

	mu       sync.Mutex // guards what follows
	capture  *capture
	readers  [2]websocket.Reader // by who is read
	last     time.Time           // when the last message passed
	messages int
	stopped  bool          // cannery is to stop: nobody is waited for any more
	farewell []byte        // what the client is still to get when the origin says no more
	ended    chan struct{} // closed when the origin says no more
}

// farewellTime is how long an origin may take to answer that cannery closes.
const farewellTime = time.Second

// talk has what passes after the answer to a WebSocket's handshake recorded.
func (x *exchange) talk(res *http.Response) error {
	conn, ok := res.Body.(io.ReadWriteCloser)
	if !ok {
		return errors.New("the origin's connection cannot be written to")
	}
	now := time.Now()
	x.commit.Recording.Recorded = now
	x.commit.Recording.Response = fixtures.Response{Interim: x.interims, Status: res.StatusCode, Header: recordedHeader(res), Conversation: true}
	maps.DeleteFunc(x.commit.Recording.Response.Header, func(name string, _ []string) bool {
		return field.IsConnection(name) || field.IsHandshake(name)
	})
	s := &socket{ReadWriteCloser: conn, last: now, ended: make(chan struct{})}
	s.capture = &capture{x: x, res: res, declared: -1, began: now, links: links.NewFinder("", nil)}
	inflate := websocket.Deflate(res.Header["Sec-Websocket-Extensions"]) != ""
	for _, from := range []talk.Party{talk.Client, talk.Server} {
		s.readers[from] = websocket.Reader{From: from, Inflate: inflate, Limit: min(x.rec.MaxBody, talk.MaxMessage), Message: s.message}
	}
	x.socket = s
	x.detach()
	x.detach = context.AfterFunc(x.client, s.stop) // whose end tells that cannery is to stop
	res.Body = s
	res.Header["X-Cache"] = []string{"MISS"}
	return nil
}

// offer leaves of a client's extensions those that are understood here.
func offer(header http.Header) {
	const name = "Sec-Websocket-Extensions"
	if offers := websocket.Deflate(header[name]); offers != "" {
		header[name] = []string{offers}
		return
	}
	delete(header, name)
}

// Read is what the origin says.
func (s *socket) Read(p []byte) (int, error) {
	n, err := s.ReadWriteCloser.Read(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feed(talk.Server, p[:n])
	if lost := s.capture.lost; lost != nil {
		return 0, lost
	}
	if err == nil || n > 0 {
		return n, nil // the error comes again
	}
	if len(s.farewell) > 0 && s.readers[talk.Server].Between() {
		n = copy(p, s.farewell)
		s.farewell = s.farewell[n:]
		return n, nil
	}
	select {
	case <-s.ended:
	default:
		close(s.ended)
	}
	switch {
	case s.stopped:
		return 0, errStops // and not the end, behind which ReverseProxy waits for the client's
	case errors.Is(err, io.EOF):
		s.cut(talk.Server)
	}
	return 0, err
}

var errStops = errors.New("cannery stops")

// Write is what the client says.
func (s *socket) Write(p []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	s.feed(talk.Client, p)
	lost := s.capture.lost
	s.mu.Unlock()
	if lost != nil {
		return 0, lost
	}
	return s.ReadWriteCloser.Write(p)
}

// CloseWrite is told that the client has left, or says no more.
func (s *socket) CloseWrite() error {
	s.mu.Lock()
	s.cut(talk.Client)
	s.mu.Unlock()
	if half, ok := s.ReadWriteCloser.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errClientLeft
}

// feed is called with mu held, as are the others below.
func (s *socket) feed(from talk.Party, p []byte) {
	if err := s.readers[from].Feed(p); err != nil {
		s.capture.drop(fmt.Sprintf("%s said what cannot be recorded: %v", from, err))
	}
}

// message records a message. The last one commits the recording.
func (s *socket) message(m *talk.Message) error {
	if s.capture.over {
		return nil
	}
	now := time.Now()
	if m.From == talk.Server { // for a client's message nobody is made to wait
		m.After = now.Sub(s.last).Round(talk.Tick)
	}
	s.last = now
	if s.messages++; s.messages > talk.MaxMessages {
		s.capture.drop(fmt.Sprintf("it has more than %d messages", talk.MaxMessages))
		return nil
	}
	log := talk.Append(nil, m)
	if most := s.capture.x.rec.MaxBody; s.capture.size+int64(len(log)) > most {
		s.capture.drop(fmt.Sprintf("with messages[%d] it is longer than --max-body, %d bytes", s.messages-1, most))
		return nil
	}
	s.capture.keep(log)
	if m.Kind == talk.Close && !s.capture.over {
		s.capture.finish()
	}
	return nil
}

// cut ends a conversation that nobody has closed: a party has left without a word.
func (s *socket) cut(from talk.Party) {
	_ = s.message(&talk.Message{From: from, Kind: talk.Close, Code: talk.Cut}) // there is none
}

// stop closes both sides of a conversation that goes on while cannery is to stop, and
// records it as far as it has come. The origin's answer to that is passed on to the
// client; one that does not answer is not waited for.
func (s *socket) stop() {
	s.mu.Lock()
	s.stopped = true
	if !s.capture.over {
		s.capture.x.commit.Recording.Response.Open = true
		s.capture.finish()
	}
	farewell := talk.Message{From: talk.Server, Kind: talk.Close, Code: goingAway, Data: []byte("cannery stops")}
	s.farewell = websocket.Append(nil, &farewell)
	s.mu.Unlock()
	go func() {
		s.writing.Lock()
		defer s.writing.Unlock()
		if s.readers[talk.Client].Between() {
			farewell.From = talk.Client
			_, _ = s.ReadWriteCloser.Write(websocket.Append(nil, &farewell)) // an origin that has left needs no word
		}
	}()
	select {
	case <-s.ended:
	case <-time.After(farewellTime):
	}
	_ = s.Close() // which ends a Read
}

// goingAway is the code of who stops (RFC 6455, section 7.4.1).
const goingAway = 1001

// end records what has not been closed by anyone when its connections are.
func (s *socket) end() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut(talk.Client)
}
