package replay_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/cannery/fixtures/localstore"
)

func TestClientThatLeavesFreesTheOriginAndTheOthers(t *testing.T) {
	arrived, cancelled := make(chan struct{}), make(chan struct{})
	var asked atomic.Int32
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			io.WriteString(w, "clean")
			return
		}
		close(arrived)
		<-r.Context().Done()
		close(cancelled)
	}, func(b *bench) { b.recorder.ReadOn = 100 * time.Millisecond })
	ctx, leave := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	clients.Go(func() {
		if a, err := b.try(t, ctx, "/"); err == nil {
			t.Errorf("an origin that hangs gave %v", a)
		}
	})
	<-arrived
	for range 5 {
		clients.Go(func() {
			if a, err := b.try(t, t.Context(), "/"); err != nil || a.body != "clean" {
				t.Errorf("one that waited got %v, %v", a, err)
			}
		})
	}
	leave()
	<-cancelled
	clients.Wait()
	if n := asked.Load(); n != 2 {
		t.Errorf("the origin was asked %d times", n)
	}
	b.wantNoLeftovers(t)
}

func TestClientThatLeavesInMidBodyLeavesNoTruncatedHit(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]string{"declared": "300000", "not declared": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan struct{}, 1)
			var asked atomic.Int32
			b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) > 1 {
					io.WriteString(w, "clean")
					return
				}
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				io.WriteString(w, strings.Repeat("x", 150_000))
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				ended <- struct{}{}
			}, func(b *bench) { b.recorder.ReadOn = 100 * time.Millisecond })
			res, err := b.plainClient().Get(b.URL + "/")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.CopyN(io.Discard, res.Body, 100_000); err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			<-ended
			b.wantClean(t, "/")
			b.wantNoLeftovers(t)
		})
	}
}

// TestAmbiguousRequestsAreRefusedOrUnambiguousAtTheOrigin sends what proxies
// have been made to disagree about. The origin must see one request at most,
// and never the one that is hidden in the other's content.
func TestAmbiguousRequestsAreRefusedOrUnambiguousAtTheOrigin(t *testing.T) {
	const (
		hidden  = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
		refused = 400
	)
	for name, c := range map[string]struct {
		request string
		want    int // 400: nothing may reach the origin
	}{
		"length and coding":     {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, 200},
		"coding and length":     {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 60\r\n\r\n0\r\n\r\n" + hidden, 200},
		"GET with both":         {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 60\r\n\r\n0\r\n\r\n" + hidden, 200},
		"two lengths":           {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 36\r\n\r\n" + hidden, refused},
		"list of lengths":       {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 36\r\n\r\n" + hidden, refused},
		"signed length":         {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +36\r\n\r\n" + hidden, refused},
		"hex length":            {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x24\r\n\r\n" + hidden, refused},
		"folded field":          {"GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\nConnection: close\r\n\r\n", 200},
		"folded first":          {"GET / HTTP/1.1\r\n Host: x\r\n\r\n", refused},
		"blank before colon":    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n" + hidden, refused},
		"odd coding":            {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden, 501},
		"two codings":           {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden, 501},
		"bare CR in a value":    {"GET / HTTP/1.1\r\nHost: x\r\nX-A: b\rX-B: c\r\n\r\n", refused},
		"bare CR in the target": {"GET /a\rb HTTP/1.1\r\nHost: x\r\n\r\n", refused},
		"NUL in a value":        {"GET / HTTP/1.1\r\nHost: x\r\nX-A: b\x00c\r\n\r\n", refused},
		"NUL in a name":         {"GET / HTTP/1.1\r\nHost: x\r\nX\x00A: b\r\n\r\n", refused},
		"NUL in the target":     {"GET /a\x00b HTTP/1.1\r\nHost: x\r\n\r\n", refused},
		"bad chunk size":        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", refused},
		"negative chunk size":   {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n", refused},
		"huge chunk size":       {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nabc\r\n0\r\n\r\n", refused},
		"chunk too short":       {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc\r\n0\r\n\r\n", refused},
		"GET, bad chunk size":   {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", refused},
		"two hosts":             {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", refused},
		"no host":               {"GET / HTTP/1.1\r\n\r\n", refused},
		"blanks in the target":  {"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", refused},
		"no slash":              {"GET a HTTP/1.1\r\nHost: x\r\n\r\n", refused},
		"method of blanks":      {"G ET / HTTP/1.1\r\nHost: x\r\n\r\n", refused},
		"HTTP/3":                {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			origin := script(t, staysOpen(good))
			b := setUp(t, http.NotFound, nil)
			b.front(t, origin.URL, nil)
			answer, status := b.rawFirst(t, c.request)
			got := origin.received()
			if strings.Contains(got, "GET /hidden") {
				t.Errorf("the hidden request reached the origin:\n%q", got)
			}
			if n := strings.Count(got, " HTTP/1.1\r\nHost: "); n > 1 || c.want != 200 && strings.Contains(got, "0\r\n\r\n") {
				t.Errorf("the origin got %d requests:\n%q", n, got)
			}
			if ok := status == c.want; !ok {
				t.Errorf("status %d, want %d: %.300q", status, c.want, answer)
			}
			if strings.Contains(c.request, "Transfer-Encoding") && status == 200 && !strings.Contains(answer, "Connection: close\r\n") {
				t.Errorf("the connection stays open after a chunked request: %.300q", answer)
			}
			if strings.Count(answer, "HTTP/1.1 ") > 1 {
				t.Errorf("two answers to one request: %q", answer)
			}
			b.wantClean(t, "/afterwards")
		})
	}
}

// rawFirst sends bytes and returns what comes back until the connection closes,
// and the status in it.
func (b *bench) rawFirst(t *testing.T, request string) (answer string, status int) {
	t.Helper()
	conn := b.dial(t)
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	content, _ := io.ReadAll(conn) // a reset after the answer is an end too
	fmt.Sscanf(string(content), "HTTP/1.1 %d", &status)
	return string(content), status
}

func TestRequestThatIsCutIsNoRequest(t *testing.T) {
	for name, request := range map[string]string{
		"POST":         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nabc",
		"GET":          "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nabc",
		"chunked POST": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"chunked GET":  "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"header":       "GET / HTTP/1.1\r\nHost: x\r\nX-A",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.ReadAll(r.Body); err != nil {
					panic(http.ErrAbortHandler)
				}
				io.WriteString(w, "clean")
			}, func(b *bench) { b.origin.Config.ErrorLog = silence })
			conn := b.dial(t)
			defer conn.Close()
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			conn.(*net.TCPConn).CloseWrite()
			answer, _ := io.ReadAll(conn)
			if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
				t.Errorf("half a request is answered: %.300q", answer)
			}
			if n := b.recordings(t); n != 0 {
				t.Errorf("%d recordings of half a request", n)
			}
			b.wantClean(t, "/")
		})
	}
}

func TestGetWithABodyHasItsOwnRecording(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s/%d", body, r.ContentLength)
	}, nil)
	for _, want := range []string{"MISS", "HIT"} {
		for _, body := range []string{"", "a", "b", strings.Repeat("long", 50_000)} {
			if a := b.do(t, "GET", "/", body); a.cache() != want || a.body != fmt.Sprintf("%s/%d", body, len(body)) {
				t.Errorf("body of %d: %s %.50q, want a %s of its own", len(body), a.cache(), a.body, want)
			}
		}
	}
	chunked := "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
	if a := b.raw(t, chunked); !strings.Contains(a, "X-Cache: HIT") || !strings.HasSuffix(a, "a/1") {
		t.Errorf("the same content in chunks: %q", a)
	}
}

func TestThousandConcurrentMissesOverTwoProxiesAskTheOriginOnce(t *testing.T) {
	text := strings.Repeat("whole ", 20_000)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		io.WriteString(w, text)
	}, nil)
	store, err := localstore.Open(b.dir, 16<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	other := &bench{store: store}
	other.front(t, b.origin.URL, nil)
	start := make(chan struct{})
	var clients sync.WaitGroup
	var misses atomic.Int32
	for i := range 1000 {
		front := []*bench{b, other}[i%2]
		clients.Go(func() {
			<-start
			a, err := front.try(t, t.Context(), "/one")
			if err != nil || a.body != text {
				t.Errorf("%d bytes, %v", len(a.body), err)
			}
			if a.cache() == "MISS" {
				misses.Add(1)
			}
		})
	}
	close(start)
	clients.Wait()
	if n := b.originAsked(); n != 1 || misses.Load() != 1 {
		t.Errorf("the origin was asked %d times, for %d misses", n, misses.Load())
	}
	b.wantNoLeftovers(t)
}
