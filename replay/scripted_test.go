package replay_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A scriptedOrigin is an origin that does to its connections what a test says.
type scriptedOrigin struct {
	URL string

	mu    sync.Mutex
	conns int
	got   []string // what the connections have sent, one element each
}

// script starts an origin whose nth connection is handled by the nth function,
// which reads the request through r; the last one handles all that follow.
func script(t *testing.T, handlers ...func(conn net.Conn, r *bufio.Reader)) *scriptedOrigin {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &scriptedOrigin{URL: "http://" + listener.Addr().String()}
	open := map[net.Conn]bool{} // guarded by o.mu
	var served sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		o.mu.Lock()
		for conn := range open {
			conn.Close()
		}
		o.mu.Unlock()
		served.Wait()
	})
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			o.mu.Lock()
			n := o.conns
			o.conns++
			o.got = append(o.got, "")
			open[conn] = true
			o.mu.Unlock()
			served.Go(func() {
				defer conn.Close()
				handlers[min(n, len(handlers)-1)](conn, bufio.NewReader(io.TeeReader(conn, keeper{o, n})))
			})
		}
	})
	return o
}

// keeper keeps what a connection has sent.
type keeper struct {
	origin *scriptedOrigin
	n      int
}

func (k keeper) Write(p []byte) (int, error) {
	k.origin.mu.Lock()
	defer k.origin.mu.Unlock()
	k.origin.got[k.n] += string(p)
	return len(p), nil
}

// received returns what all connections have sent, in their order.
func (o *scriptedOrigin) received() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.got, "")
}

// says answers a connection's first request with bytes, and closes it.
func says(response string) func(net.Conn, *bufio.Reader) {
	return func(conn net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		_, _ = io.WriteString(conn, response)
	}
}

// staysOpen answers every request of a connection with the same bytes.
func staysOpen(response string) func(net.Conn, *bufio.Reader) {
	return func(conn net.Conn, r *bufio.Reader) {
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			if _, err := io.WriteString(conn, response); err != nil {
				return
			}
		}
	}
}

// good is an answer that nothing is wrong with.
const good = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nclean"

// try is get for an answer that may be cut: what came of it, and how it ended.
func (b *bench) try(t *testing.T, ctx context.Context, target string) (answer, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", b.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.plainClient().Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(content), res.Trailer}, err
}

// wantClean fails unless the proxy has nothing recorded for a target and works:
// a MISS that is right, and its HIT.
func (b *bench) wantClean(t *testing.T, target string) {
	t.Helper()
	for _, want := range []string{"MISS", "HIT"} {
		if a := b.get(t, target); a.cache() != want || a.body != "clean" || a.status != 200 {
			t.Errorf("afterwards: %d %s %.100q, want a clean %s", a.status, a.cache(), a.body, want)
		}
	}
}

// wantProblem fails unless an answer is a problem that names the origin.
func wantProblem(t *testing.T, a answer, status int, origin string, words ...string) {
	t.Helper()
	if a.status != status || a.header.Get("Content-Type") != "application/problem+json" || a.cache() != "BYPASS" {
		t.Errorf("%d %s %s, want a problem with status %d", a.status, a.header.Get("Content-Type"), a.cache(), status)
	}
	var problem struct {
		Title, Detail string
		Status        int
	}
	if err := json.Unmarshal([]byte(a.body), &problem); err != nil || problem.Status != status {
		t.Fatalf("%v in %q", err, a.body)
	}
	for _, word := range append(slices.Clone(words), origin) {
		if !strings.Contains(a.body, word) {
			t.Errorf("the problem does not say %q:\n%s", word, a.body)
		}
	}
	if strings.Contains(a.body, "goroutine ") {
		t.Errorf("a stack trace:\n%s", a.body)
	}
}

// silence is the log of servers that are mistreated on purpose.
var silence = log.New(io.Discard, "", 0)
