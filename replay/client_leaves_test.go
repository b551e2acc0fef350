package replay_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

// An early client leaves before the end of its answer.
type earlyClient struct {
	*bench
	origin chan string // what the origin is to do: write a text, or end
	left   chan replay.Entry
	said   chan string
}

// setUpEarly starts an origin that answers with a header at once, and with what
// it is told to.
func setUpEarly(t *testing.T, header func(w http.ResponseWriter, r *http.Request), change func(*bench)) *earlyClient {
	t.Helper()
	e := &earlyClient{origin: make(chan string), left: make(chan replay.Entry, 10), said: make(chan string, 10)}
	e.bench = setUp(t, func(w http.ResponseWriter, r *http.Request) {
		header(w, r)
		_ = http.NewResponseController(w).Flush()
		for text := range e.origin {
			io.WriteString(w, text)
			if http.NewResponseController(w).Flush() != nil || text == "" {
				return
			}
		}
	}, func(b *bench) {
		log := b.proxy.Events.Log
		b.proxy.Events.Log = func(entry replay.Entry) {
			log(entry)
			e.left <- entry
		}
		b.recorder.Remark = func(_ *http.Request, what, why string) { e.said <- what + ": " + why }
		if change != nil {
			change(b)
		}
	})
	return e
}

// leave sends a request and leaves as soon as the text has come.
func (e *earlyClient) leave(t *testing.T, request, until string) {
	t.Helper()
	conn := e.dial(t)
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	for in, got := bufio.NewReader(conn), ""; !strings.Contains(got, until); {
		c, err := in.ReadByte()
		if err != nil {
			t.Fatalf("%v after %q, which lacks %q", err, got, until)
		}
		got += string(c)
	}
}

// TestClientThatLeavesEarlyStillHasItsExchangeRecorded has clients look at the
// status only, or at the events that they need.
func TestClientThatLeavesEarlyStillHasItsExchangeRecorded(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("large ", 60_000)
	for name, c := range map[string]struct {
		request, until string
		status         int
		contentType    string
		length         int // declared
		before, after  string
	}{
		"status":         {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", 200, "text/plain", 9, "", "all of it"},
		"refused":        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found", 404, "text/plain", 9, "", "all of it"},
		"POST":           {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "\r\n\r\n", 201, "text/plain", 9, "", "all of it"},
		"not declared":   {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "begin", 200, "text/plain", 0, "beginning", " and end"},
		"large":          {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "large", 200, "text/plain", 2 * len(large), large, large},
		"done":           {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "[DONE]", 200, "text/event-stream", 0, "data: [DONE]\n\n", ": bye\n\n"},
		"HTTP/1.0":       {"GET / HTTP/1.0\r\nHost: x\r\n\r\n", "200 OK", 200, "text/plain", 9, "", "all of it"},
		"POST, chunked":  {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "200 OK", 200, "text/plain", 9, "", "all of it"},
		"part of it all": {"GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n", "", 200, "text/plain", 9, "", "all of it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := setUpEarly(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.contentType)
				if c.length > 0 {
					w.Header().Set("Content-Length", fmt.Sprint(c.length))
				}
				w.WriteHeader(c.status)
			}, nil)
			if c.before != "" {
				go func() { e.origin <- c.before }()
			}
			e.leave(t, c.request, c.until)
			e.origin <- c.after
			close(e.origin)
			if entry := <-e.left; entry.Cache != "MISS" && c.until != "" {
				t.Errorf("the log says %+v", entry)
			}
			if n := e.originAsked(); n != 1 {
				t.Errorf("the origin was asked %d times", n)
			}
			off := e.goOffline(t, nil)
			method, _, _ := strings.Cut(c.request, " ")
			body := strings.Repeat("{}", strings.Count(c.request, "{}"))
			if a := off.do(t, method, "/", body); a.status != c.status || a.cache() != "HIT" || a.body != c.before+c.after {
				t.Errorf("offline: %d %s %.100q", a.status, a.cache(), a.body)
			}
		})
	}
}

func TestClientOfHTTP2ThatLeavesEarlyStillHasItsExchangeRecorded(t *testing.T) {
	e := setUpEarly(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "9") }, nil)
	client := &http.Transport{Protocols: new(http.Protocols)}
	client.Protocols.SetUnencryptedHTTP2(true)
	req, err := http.NewRequest("POST", e.URL+"/", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	client.CloseIdleConnections()
	e.origin <- "all of it"
	close(e.origin)
	<-e.left
	if a := e.goOffline(t, nil).do(t, "POST", "/", "{}"); a.cache() != "HIT" || a.body != "all of it" {
		t.Errorf("offline: %s %q", a.cache(), a.body)
	}
}

// openStream records a stream of a content type that goes on when its client
// has left after a first piece, and a second one has come.
func openStream(t *testing.T, contentType string) *earlyClient {
	t.Helper()
	e := setUpEarly(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
	}, func(b *bench) { b.recorder.ReadOn = 300 * time.Millisecond })
	go func() {
		e.origin <- "data: 1\n\n"
		e.origin <- "data: 2\n\n"
	}()
	e.leave(t, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "data: 1")
	<-e.left
	if said := <-e.said; !strings.Contains(said, "recorded as far as it came: ") {
		t.Errorf("it is said that %q", said)
	}
	close(e.origin)
	return e
}

// TestStreamThatGoesOnIsReplayedAsOpen: what was recorded, then silence until
// the client leaves.
func TestStreamThatGoesOnIsReplayedAsOpen(t *testing.T) {
	t.Parallel()
	e := openStream(t, "text/event-stream; charset=utf-8")
	for _, b := range []*bench{e.bench, e.goOffline(t, nil)} {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		req, err := http.NewRequestWithContext(ctx, "GET", b.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := b.plainClient().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if got := res.Header.Get("X-Cache"); got != "HIT" {
			t.Errorf("X-Cache: %s", got)
		}
		in := bufio.NewReader(res.Body)
		for _, want := range []string{"data: 1\n", "\n", "data: 2\n", "\n"} {
			if line, err := in.ReadString('\n'); line != want || err != nil {
				t.Fatalf("%q, %v; want %q", line, err, want)
			}
		}
		silence := make(chan error, 1)
		go func() {
			_, err := in.ReadByte()
			silence <- err
		}()
		select {
		case err := <-silence:
			t.Errorf("the stream ended by itself: %v", err)
		case <-time.After(50 * time.Millisecond): // long enough for an end that is there
		}
		leave()
		<-silence
	}
}

// TestStopEndsOpenStreams: a server that shuts down waits for its answers.
func TestStopEndsOpenStreams(t *testing.T) {
	e := openStream(t, "text/event-stream")
	res, err := e.plainClient().Get(e.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	e.proxy.Stop()
	e.proxy.Stop()
	if got, err := io.ReadAll(res.Body); err == nil || string(got) != "data: 1\n\ndata: 2\n\n" {
		t.Errorf("%q, %v; want a cut", got, err)
	}
}

// TestContentWithoutItsEndIsNoHit: the origin can give all of it.
func TestContentWithoutItsEndIsNoHit(t *testing.T) {
	e := openStream(t, "application/json")
	if a := e.get(t, "/"); a.cache() != "MISS" {
		t.Errorf("a %s", a.cache())
	}
	if a := e.get(t, "/"); a.cache() != "HIT" {
		t.Errorf("a %s of what has come whole since", a.cache())
	}
}

// TestCodedStreamThatGoesOnCanBeDecoded: what has come of it is a whole coding.
func TestCodedStreamThatGoesOnCanBeDecoded(t *testing.T) {
	var coded strings.Builder
	gz := newGzip(&coded)
	io.WriteString(gz, "data: 1\n\n")
	if err := gz.Flush(); err != nil {
		t.Fatal(err)
	}
	e := setUpEarly(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Encoding", "gzip")
	}, func(b *bench) { b.recorder.ReadOn = 100 * time.Millisecond })
	go func() { e.origin <- coded.String() }()
	e.leave(t, "GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n", "\r\n\r\n")
	<-e.left
	close(e.origin)
	for rec, err := range e.store.Recordings(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		plain, _, err := fixtures.DecodeChunks(rec.Response.Body, nil, []string{"gzip"}, 1000)
		if err != nil || string(plain) != "data: 1\n\n" || !rec.Response.Open {
			t.Errorf("%q, %v, open %t", plain, err, rec.Response.Open)
		}
	}
	if n := e.recordings(t); n != 1 {
		t.Errorf("%d recordings", n)
	}
}

// TestFewExchangesGoOnWithoutTheirClients: an origin that hangs is freed of the
// others at once.
func TestFewExchangesGoOnWithoutTheirClients(t *testing.T) {
	t.Parallel()
	const most, all = 64, 70
	freed := make(chan bool, all)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "9")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		freed <- true
	}, func(b *bench) { b.recorder.ReadOn = time.Second })
	began := time.Now()
	for i := range all {
		res, err := b.plainClient().Get(fmt.Sprint(b.URL, "/", i))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	for range all - most {
		<-freed
	}
	first := time.Since(began)
	for range most {
		<-freed
	}
	if last := time.Since(began); last < time.Second || first > last {
		t.Errorf("%d were freed within %v, all within %v", all-most, first, last)
	}
	if n := b.recordings(t); n != 0 {
		t.Errorf("%d recordings", n)
	}
}
