package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/coding"
	"example.com/cannery/fixtures/field"
	"example.com/cannery/fixtures/protobody"
	"example.com/cannery/fixtures/talk"
	"example.com/cannery/replay/explain"
)

// A replayedCall is a call whose conversation is replayed.
type replayedCall struct {
	w     *writer
	rec   *fixtures.Recording
	begun bool // the header is out
	said  chan *talk.Message
	wrong error // what ended the client's messages; read once said is closed

	encoding string // of the client's messages
	accepts  string // that of the server's if the client takes it, else ""
}

// converseCall replays a call: what its server said is sent once the client has said
// what stands before.
func (p *Proxy) converseCall(w *writer, r *http.Request, rec *fixtures.Recording) error {
	c := w.lookup.conversation
	if c == nil {
		c = alone(w.lookup.view.Rules, rec, &w.lookup.request)
	}
	defer c.end()
	c.read(func(rec *fixtures.Recording) iter.Seq2[talk.Message, error] { return callMessages(c.rules, rec) })
	call := &replayedCall{w: w, rec: rec, said: make(chan *talk.Message), encoding: protobody.Framed.Encoding(r.Header)}
	if encoding := protobody.Framed.Encoding(rec.Response.Header); acceptsEncoding(r, encoding) {
		call.accepts = encoding
	}
	maps.Copy(w.Header(), rec.Response.Header)
	w.Header()["X-Cache"] = xCacheHit
	ctx, cancel := context.WithCancel(r.Context())
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		call.listen(ctx, c.rules, r)
	}()
	defer func() {
		cancel()
		if w.lookup.call != nil {
			w.lookup.call.end() // which ends a Read
		}
		<-listened
	}()
	return p.replayCall(r, c, call)
}

// acceptsEncoding reports whether a client takes messages in a coding.
func acceptsEncoding(r *http.Request, encoding string) bool {
	return encoding != "" && slices.Contains(field.List(r.Header["Grpc-Accept-Encoding"]), encoding)
}

// plainFor returns a recording without the compression of its messages, if it has one
// that the client does not take.
func plainFor(r *http.Request, rec *fixtures.Recording) *fixtures.Recording {
	res := &rec.Response
	if !protobody.HasEncoding(res.Header) {
		return rec
	}
	format, _ := protobody.FormatOf(res.Header.Get("Content-Type"))
	encoding := format.Encoding(res.Header)
	if encoding == "" || res.Body.Source != nil || acceptsEncoding(r, encoding) || slices.Contains(field.List(r.Header["Connect-Accept-Encoding"]), encoding) {
		return rec
	}
	plain, ok := protobody.Undone(res.Header, res.Body.Bytes)
	if !ok {
		return rec
	}
	out := *rec
	out.Response.Header = maps.Clone(res.Header)
	delete(out.Response.Header, format.EncodingField())
	if res.Header["Content-Length"] != nil {
		out.Response.Header["Content-Length"] = []string{strconv.Itoa(len(plain))}
	}
	out.Response.Body, out.Response.Chunks = fixtures.Body{Bytes: plain}, nil
	return &out
}

// listen reads what the client says. A message's Data is as callMessages has it.
func (call *replayedCall) listen(ctx context.Context, rules *fixtures.Rules, r *http.Request) {
	defer close(call.said)
	kind := rules.Proto.TypeOf(r.RequestURI, false)
	_, isJSON := protobody.FormatOf(r.Header.Get("Content-Type"))
	var come []byte
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buf)
		come = append(come, buf[:n]...)
		for {
			frame, rest, ok := protobody.Cut(come)
			if !ok {
				break
			}
			come = rest
			messages, err := protobody.Framed.Split(frame, call.encoding)
			if err != nil {
				call.wrong = err
				return
			}
			line, form := kind.Show(messages[0], isJSON)
			if form == protobody.Other {
				line = bytes.Clone(messages[0].Payload)
			}
			select {
			case call.said <- &talk.Message{From: talk.Client, Data: line}:
			case <-ctx.Done():
				return
			}
		}
		if len(come) >= protobody.HeadSize && protobody.Length(come) > talk.MaxMessage {
			call.wrong = fmt.Errorf("a message has %d bytes, more than %d", protobody.Length(come), talk.MaxMessage)
			return
		}
		if errors.Is(err, errSilent) {
			continue
		}
		if err != nil {
			return
		}
	}
}

// callMessages yields the messages of a call as rules read them: a line of JSON, if that
// can be made, without their compression. Compressed stays with the server's.
func callMessages(rules *fixtures.Rules, rec *fixtures.Recording) iter.Seq2[talk.Message, error] {
	return func(yield func(talk.Message, error) bool) {
		n := 0
		for m, err := range rec.Messages() {
			if err == nil {
				err = rules.ReadMessage(rec, &m)
			}
			if err != nil {
				err = &fixtures.CorruptError{Place: rec.Name, Err: fmt.Errorf("messages[%d]: %w", n, err)}
			}
			if n++; !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// frame returns a message of the server's as it is sent.
func (call *replayedCall) frame(rules *fixtures.Rules, m *talk.Message) ([]byte, error) {
	_, isJSON := protobody.FormatOf(call.rec.Response.Header.Get("Content-Type"))
	payload, err := rules.Proto.TypeOf(call.rec.Request.Target, true).Unshow(m.Data, isJSON)
	if err != nil {
		return nil, err
	}
	if !m.Compressed || call.accepts == "" {
		return protobody.Frame(false, payload), nil
	}
	coded, err := coding.Encode(payload, []string{call.accepts})
	return protobody.Frame(true, coded), err
}

// replayCall goes through a call.
func (p *Proxy) replayCall(r *http.Request, c *conversation, call *replayedCall) error {
	w := call.w
	if call.rec.Response.Trailer != nil {
		call.begin() // else the header may be the whole answer
	}
	silent := time.NewTimer(silence)
	defer silent.Stop()
	for {
		m, err := c.say()
		switch {
		case errors.Is(err, io.EOF):
			return p.endCall(r, c, call)
		case err != nil:
			return err
		case m != nil:
			frame, err := call.frame(c.rules, m)
			if err == nil {
				err = p.keepPace(r, time.Now(), m.After)
			}
			if err != nil {
				return err
			}
			call.begin()
			if _, err := w.Write(frame); err != nil {
				return err
			}
			if err := w.FlushError(); err != nil {
				return err
			}
			continue
		}
		silent.Reset(silence)
		select {
		case <-silent.C:
			c.turn()
		case said, ok := <-call.said:
			if !ok {
				return p.saidTooLittle(r, c, call)
			}
			if recorded, err := c.hear(said); err != nil {
				return p.saidOtherwise(r, c, call, err, said, recorded)
			}
		case <-r.Context().Done():
			return r.Context().Err()
		case <-p.stopped.done():
			return call.end(unavailable, "cannery stops")
		}
	}
}

// begin sends the header.
func (call *replayedCall) begin() {
	if call.begun {
		return
	}
	call.begun = true
	call.w.named, call.w.recording, call.w.decided = nil, call.rec, true
	call.w.WriteHeader(call.rec.Response.Status)
	if call.rec.Response.Trailer != nil || call.rec.Response.Open {
		_ = call.w.FlushError() // a client that has left is seen by what follows
	}
}

// endCall ends a call of which all has been said. A client that has more to say than was
// recorded is told so, unless the call has failed: then it may not have listened.
func (p *Proxy) endCall(r *http.Request, c *conversation, call *replayedCall) error {
	res := &call.rec.Response
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	select {
	case said, ok := <-call.said:
		if ok && !protobody.Failed(res.Header, res.Trailer) && !res.Open {
			return p.saidOtherwise(r, c, call, errOtherwise, said, nil)
		}
	case <-timer.C:
	case <-r.Context().Done():
		return r.Context().Err()
	}
	call.begin()
	if res.Open {
		p.stayOpen(call.w, r)
	}
	return p.serveTrailer(call.w, res)
}

// saidTooLittle ends a call whose client has no more to say where its server waited for
// more, or what it says cannot be read.
func (p *Proxy) saidTooLittle(r *http.Request, c *conversation, call *replayedCall) error {
	if call.wrong != nil {
		return call.end(invalidArgument, fmt.Sprintf("cannery: messages[%d]: %v", c.passed, call.wrong))
	}
	recorded, err := c.expected()
	if err != nil {
		return err
	}
	return p.saidOtherwise(r, c, call, errOtherwise, nil, recorded)
}

// saidOtherwise ends a call whose client says what is not recorded.
func (p *Proxy) saidOtherwise(r *http.Request, c *conversation, call *replayedCall, err error, said, recorded *talk.Message) error {
	if !errors.Is(err, errOtherwise) {
		return err
	}
	w := call.w
	if call.begun {
		p.recount(w)
	}
	if p.Sequence == nil {
		return call.end(failedPrecondition, fmt.Sprintf("cannery: messages[%d] is not what was recorded: record the call anew", c.passed))
	}
	w.lookup.cause = explain.SaidOtherwise
	w.lookup.said = &explain.Said{Number: c.passed, Yours: said, Recorded: recorded, Recording: c.rec}
	miss := p.unmatched(w, r)
	if !call.begun || miss == nil {
		w.startOver()
		return miss
	}
	return call.end(failedPrecondition, w.explanation)
}

// end ends a call with a status of cannery's own.
func (call *replayedCall) end(code int, text string) error {
	w := call.w
	header := w.Header()
	if !call.begun {
		clear(header)
		header["Content-Type"], header["X-Cache"] = []string{"application/grpc"}, xCacheMiss
		header["Grpc-Status"], header["Grpc-Message"] = []string{strconv.Itoa(code)}, []string{statusMessage(text)}
		w.WriteHeader(http.StatusOK)
		return nil
	}
	names := field.Members(call.rec.Response.Header["Trailer"])
	for name, value := range map[string]string{"Grpc-Status": strconv.Itoa(code), "Grpc-Message": statusMessage(text)} {
		if !slices.Contains(names, name) {
			name = http.TrailerPrefix + name
		}
		header[name] = []string{value}
	}
	return w.FlushError()
}
