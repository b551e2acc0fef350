package replay_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/cannery/fixtures/localstore"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
	"example.com/cannery/testutil/storetest"
)

// A bench is a proxy in front of an origin, on a directory store.
type bench struct {
	*httptest.Server
	proxy    *replay.Proxy
	recorder *recorder.Recorder
	store    *localstore.Store
	dir      string // of the store
	origin   *httptest.Server

	mu      sync.Mutex
	asked   []*http.Request // by the proxy, of the origin
	entries []replay.Entry
}

// setUp starts an origin and a proxy before it. Change may alter them before
// the first request; it may be nil.
func setUp(t *testing.T, origin http.HandlerFunc, change func(*bench)) *bench {
	t.Helper()
	b := &bench{}
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.asked = append(b.asked, r.Clone(context.Background()))
		b.mu.Unlock()
		origin(w, r)
	})
	b.origin = httptest.NewServer(counted)
	t.Cleanup(b.origin.Close)
	b.dir = t.TempDir()
	b.reopen(t)
	b.front(t, b.origin.URL, change)
	return b
}

// reopen opens a bench's store, which remembers nothing of before.
func (b *bench) reopen(t *testing.T) {
	t.Helper()
	b.store = storetest.OpenLocal(t, b.dir, 16<<20)
}

// front starts the proxy itself, before an origin at an address.
func (b *bench) front(t *testing.T, origin string, change func(*bench)) {
	t.Helper()
	u := mustParse(t, origin)
	transport := recorder.NewTransport(recorder.TransportConfig{Timeout: 10 * time.Second})
	t.Cleanup(transport.CloseIdleConnections)
	b.recorder = &recorder.Recorder{Origin: u, Transport: transport, Store: b.store, MaxBody: 1 << 30}
	b.proxy = &replay.Proxy{
		Cache:  &replay.Cache{Store: b.store},
		Origin: replay.Origin{Name: origin, URL: u, Forwarder: b.recorder},
		Events: replay.Events{Log: func(e replay.Entry) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.entries = append(b.entries, e)
		}},
	}
	if change != nil {
		change(b)
	}
	b.Server = httptest.NewUnstartedServer(b.proxy)
	b.Config.DisableGeneralOptionsHandler = true
	b.Config.Protocols = new(http.Protocols)
	b.Config.Protocols.SetHTTP1(true)
	b.Config.Protocols.SetUnencryptedHTTP2(true)
	b.Start()
	t.Cleanup(b.Close)
}

func (b *bench) originAsked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.asked)
}

func (b *bench) lastAsked() *http.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked[len(b.asked)-1]
}

// dial returns a connection to the proxy that fails rather than hang.
func (b *bench) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", b.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// raw sends bytes on a connection of its own and returns all bytes that come
// back until it closes.
func (b *bench) raw(t *testing.T, request string) string {
	t.Helper()
	conn := b.dial(t)
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("read the answer to %q: %v after %q", request, err, answer)
	}
	return string(answer)
}

// rawGet is raw for a GET with further header lines.
func (b *bench) rawGet(t *testing.T, target string, lines ...string) string {
	t.Helper()
	return b.raw(t, "GET "+target+" HTTP/1.1\r\nHost: proxy.test\r\nConnection: close\r\n"+strings.Join(append(lines, ""), "\r\n")+"\r\n")
}

// An answer is a response read whole.
type answer struct {
	status  int
	header  http.Header
	body    string
	trailer http.Header
}

func (a answer) cache() string { return a.header.Get("X-Cache") }

// do sends a request with header pairs.
func (b *bench) do(t *testing.T, method, target, body string, pairs ...string) answer {
	t.Helper()
	req, err := http.NewRequest(method, b.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body == "" {
		req.Body = nil
	}
	for i := 0; i < len(pairs); i += 2 {
		req.Header.Add(pairs[i], pairs[i+1])
	}
	res, err := b.plainClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: read the content: %v", method, target, err)
	}
	return answer{res.StatusCode, res.Header, string(content), res.Trailer}
}

func (b *bench) get(t *testing.T, target string, pairs ...string) answer {
	t.Helper()
	return b.do(t, "GET", target, "", pairs...)
}

// plainClient neither decompresses nor follows redirects.
func (b *bench) plainClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// rawOrigin is an origin that answers every connection with the same bytes,
// once it has read a request's header, and closes it.
func rawOrigin(t *testing.T, response string) string {
	t.Helper()
	return rawOriginThat(t, func(string) string { return response })
}

// rawOriginThat is rawOrigin with an answer that is made for its URL.
func rawOriginThat(t *testing.T, answer func(at string) string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := "http://" + listener.Addr().String()
	response := answer(at)
	var conns sync.WaitGroup
	t.Cleanup(func() { listener.Close(); conns.Wait() })
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer conn.Close()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					io.WriteString(conn, response)
				}
			})
		}
	})
	return at
}

// gzipped codes text.
func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := newGzip(&buf)
	io.WriteString(z, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func mustParse(tb testing.TB, rawURL string) *url.URL {
	tb.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}
