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

	"example.com/cannery/testutil/storetest"
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
	store := storetest.OpenLocal(t, b.dir, 16<<20)
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
