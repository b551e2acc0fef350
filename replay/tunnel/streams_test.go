package tunnel_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestEventsComeAtOnce: each of a stream when the host sends it, in HTTP/1.1 and HTTP/2.
func TestEventsComeAtOnce(t *testing.T) {
	b := setUp(t, nil)
	next := make(chan time.Time)
	b.host(t, "https://api.example.com", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 5 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			next <- time.Now()
		}
	})
	for _, http2 := range []bool{false, true} {
		res, err := b.client(t, http2).Get(fmt.Sprint("https://api.example.com/", http2))
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(res.Body)
		best := time.Hour
		for i := range 5 {
			line, err := lines.ReadString('\n')
			best = min(best, time.Since(<-next)) // the host waits here until its event has come
			if err != nil || line != fmt.Sprintf("data: %d\n", i) {
				t.Errorf("HTTP/2 %v: event %d: %q, error %v", http2, i, line, err)
			}
			_, _ = lines.ReadString('\n')
		}
		res.Body.Close()
		if best > 50*time.Millisecond {
			t.Errorf("HTTP/2 %v: an event comes %v late at best", http2, best)
		}
	}
}

// TestAWebSocketIsRecordedAndReplayed: wss and ws inside a tunnel.
func TestAWebSocketIsRecordedAndReplayed(t *testing.T) {
	b := setUp(t, nil)
	echo := func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		for {
			kind, message, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			if err := conn.Write(r.Context(), kind, message); err != nil {
				return
			}
		}
	}
	b.host(t, "https://api.example.com", echo)
	b.host(t, "http://api.example.com", echo)
	talk := func(b *bench, at string) {
		t.Helper()
		conn, _, err := websocket.Dial(t.Context(), at, &websocket.DialOptions{HTTPClient: b.client(t, true)})
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		for _, text := range []string{"hello", strings.Repeat("large ", 5000)} {
			if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
			if _, got, err := conn.Read(t.Context()); err != nil || string(got) != text {
				t.Errorf("%s: %d bytes, %v", at, len(got), err)
			}
		}
		if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("%s: %v", at, err)
		}
	}
	both := []string{"wss://api.example.com/socket", "ws://api.example.com/socket"}
	for _, at := range both {
		talk(b, at)
	}
	if stats := b.proxy.Stats(); stats.Misses != 2 || stats.Bypasses != 0 {
		t.Errorf("counted as %+v", stats)
	}
	off := b.goOffline(t, nil)
	for _, at := range both {
		talk(off, at)
	}
	if stats := off.proxy.Stats(); stats.Hits != 2 {
		t.Errorf("counted as %+v", stats)
	}
}

// zeros is endless content.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestLargeContentPassesThroughATunnel: down and up, with memory for little of it.
func TestLargeContentPassesThroughATunnel(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: content of 100 MiB is tried without -short")
	}
	const size = 100 << 20
	b := setUp(t, nil)
	b.host(t, "https://api.example.com", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n, " ", err)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(size))
		io.CopyN(w, zeros{}, size)
	})
	down := func(http2 bool, want string) {
		res, err := b.client(t, http2).Get("https://api.example.com/down")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil || res.Header.Get("X-Cache") != want {
			t.Errorf("down: %d bytes, %v, %s, want %s", n, err, res.Header.Get("X-Cache"), want)
		}
	}
	most := watchHeap(t, func() {
		down(true, "MISS")
		down(false, "HIT")
		res, err := b.client(t, true).Post("https://api.example.com/up", "application/octet-stream", io.LimitReader(zeros{}, size))
		if err != nil {
			t.Fatal(err)
		}
		if a := read(t, res); a.body != fmt.Sprint(size, " <nil>") {
			t.Errorf("up: %q", a.body)
		}
	})
	if most > 64<<20 {
		t.Errorf("it took %d MiB", most>>20)
	}
}

// watchHeap returns how much larger the heap was at most while something was done.
func watchHeap(t *testing.T, do func()) uint64 {
	t.Helper()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before, most := heap(), uint64(0)
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				most = max(most, heap())
			}
		}
	}()
	do()
	close(done)
	<-watched
	return most - min(most, before)
}

// TestAClientThatLeavesCostsNothing: the host hears of it, and what it had is no recording
// that looks whole.
func TestAClientThatLeavesCostsNothing(t *testing.T) {
	b := setUp(t, nil)
	var under atomic.Int64
	begun := make(chan bool)
	b.host(t, "https://api.example.com", func(w http.ResponseWriter, r *http.Request) {
		under.Add(1)
		defer under.Add(-1)
		_, _ = io.ReadFull(r.Body, make([]byte, 4))
		begun <- true
		_, _ = io.Copy(io.Discard, r.Body) // until the client leaves
	})
	for _, http2 := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		sending, more := io.Pipe()
		go func() {
			_, _ = io.WriteString(more, "some")
			<-begun
			cancel()
			more.CloseWithError(context.Canceled) // or its transport waits for more
		}()
		req, err := http.NewRequestWithContext(ctx, "POST", "https://api.example.com/up", sending)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.client(t, http2).Do(req); !errors.Is(err, context.Canceled) {
			t.Errorf("HTTP/2 %v: %v", http2, err)
		}
		for end := time.Now().Add(20 * time.Second); under.Load() > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("HTTP/2 %v: the host still waits", http2)
			}
		}
	}
	off := b.goOffline(t, nil)
	if got := get(t, off.client(t, true), "https://api.example.com/up"); got.StatusCode != http.StatusFailedDependency {
		t.Errorf("something was recorded: %d %q", got.StatusCode, got.body)
	}
}
