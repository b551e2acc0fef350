package replay_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"example.com/cannery/fixtures"
	"example.com/cannery/recorder"
)

func TestOriginThatRefusesIsAProblem(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	origin := "http://" + listener.Addr().String()
	listener.Close()
	b := setUp(t, http.NotFound, nil)
	b.front(t, origin, nil)
	for _, method := range []string{"GET", "POST"} {
		a := b.do(t, method, "/x?token=hunter2", "")
		wantProblem(t, a, http.StatusBadGateway, origin, "origin unreachable", "refused", "--origin")
		if strings.Contains(a.body, "hunter2") {
			t.Errorf("the problem shows a secret:\n%s", a.body)
		}
	}
	if n := b.recordings(t); n != 0 {
		t.Errorf("%d recordings of an origin that never answered", n)
	}
}

// recordings counts what the store holds.
func (b *bench) recordings(t *testing.T) int {
	t.Helper()
	n, err := b.store.Remove(t.Context(), fixtures.Filter{}, true)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOriginWhoseNameIsUnknownIsAProblem(t *testing.T) {
	server := nameServer(t)
	b := setUp(t, http.NotFound, nil)
	b.front(t, "http://origin.invalid", func(b *bench) {
		transport := recorder.NewTransport(recorder.TransportConfig{})
		transport.Proxy = nil
		transport.DialContext = (&net.Dialer{Resolver: &net.Resolver{
			PreferGo: true,
			Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "udp", server)
			},
		}}).DialContext
		b.recorder.Transport = transport
	})
	wantProblem(t, b.get(t, "/"), http.StatusBadGateway, "http://origin.invalid", "origin's name is unknown", "no such host")
}

// nameServer is a DNS server that knows no name.
func nameServer(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-ended })
	go func() {
		defer close(ended)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			buf[2] |= 0x80       // a response
			buf[3] = 0x80 | 0x03 // NXDOMAIN
			conn.WriteTo(buf[:n], from)
		}
	}()
	return conn.LocalAddr().String()
}

func TestOriginThatIsNotHTTPIsAProblem(t *testing.T) {
	for name, answer := range map[string]string{
		"status line":       "HTTP/one 200 OK\r\n\r\n",
		"another protocol":  "SSH-2.0-OpenSSH_9.6\r\n",
		"a page only":       "<html>hello</html>",
		"status of letters": "HTTP/1.1 abc OK\r\n\r\n",
		"status 99":         "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
		"status of 4":       "HTTP/1.1 2000 Much\r\n\r\n",
		"negative status":   "HTTP/1.1 -20 Less\r\n\r\n",
		"no colon":          "HTTP/1.1 200 OK\r\nnot a field\r\n\r\n",
		"unasked upgrade":   "HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"unasked WebSocket": "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"two lengths":       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nbad",
		"negative length":   "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nbad",
		"odd coding":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\nbad",
		"nothing":           "",
		"control character": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: \x1b[31m\r\n\r\nok",
		"half a header":     "HTTP/1.1 200 OK\r\nContent-Le",
		"20 MB of headers":  "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Long: "+strings.Repeat("x", 1000)+"\r\n", 20_000) + "\r\n",
		"20 MB in one line": "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", 20<<20) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			origin := script(t, says(answer), says(good))
			b := setUp(t, http.NotFound, nil)
			b.front(t, origin.URL, nil)
			// A POST: what can be sent again the transport may send again.
			title := "origin's answer is not HTTP"
			if answer == "" {
				title = "origin unreachable"
			}
			wantProblem(t, b.do(t, "POST", "/", "x"), http.StatusBadGateway, origin.URL, title)
			b.wantClean(t, "/")
		})
	}
}

func TestOriginThatTakesTooLongIsAProblem(t *testing.T) {
	origin := script(t, func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) }, says(good))
	b := setUp(t, http.NotFound, nil)
	b.front(t, origin.URL, func(b *bench) {
		b.recorder.Transport = recorder.NewTransport(recorder.TransportConfig{Timeout: 100 * time.Millisecond})
	})
	wantProblem(t, b.get(t, "/"), http.StatusGatewayTimeout, origin.URL, "origin timed out", "--origin-timeout")
	b.wantClean(t, "/")
}

func TestAnswersThatAreCutAreCutForTheClientAndNotRecorded(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 10_000)
	for name, response := range map[string]string{
		"content-length":         "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
		"last byte":              "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
		"no byte":                "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n",
		"large content-length":   "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + large,
		"between chunks":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"in a chunk":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhello",
		"before the first chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"in the last chunk":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
		"in a trailer":           "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Su",
		"large chunked":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n27100\r\n" + large + "\r\n5\r\n",
		"bad chunk size":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
		"endless chunk size":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("f", 5000),
		"HTTP/1.0":               "HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nhello",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setUp(t, http.NotFound, nil)
			b.front(t, script(t, says(response), says(good)).URL, nil)
			if a, err := b.try(t, t.Context(), "/"); err == nil {
				t.Errorf("the client got %d bytes and sees no cut", len(a.body))
			}
			b.wantClean(t, "/")
			b.wantNoLeftovers(t)
		})
	}
}

// TestWhatCameBeforeACutReachesTheClient: an answer that is held back for its
// end is not lost with it.
func TestWhatCameBeforeACutReachesTheClient(t *testing.T) {
	for name, status := range map[string]string{"recordable": "200 OK", "not recordable": "503 Down"} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t, http.NotFound, nil)
			b.front(t, script(t, says("HTTP/1.1 "+status+"\r\nContent-Length: 100\r\n\r\nthe first words of an answer")).URL, nil)
			a, err := b.try(t, t.Context(), "/")
			if a.body != "the first words of an answer" || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the client got %d %q and the error %v", a.status, a.body, err)
			}
			if n := b.recordings(t); n != 0 {
				t.Errorf("%d recordings of a cut answer", n)
			}
		})
	}
}

func TestAnswerCutByAResetIsNotRecorded(t *testing.T) {
	b := setUp(t, http.NotFound, nil)
	b.front(t, script(t, func(conn net.Conn, r *bufio.Reader) {
		says("HTTP/1.0 200 OK\r\n\r\nuntil it closes")(conn, r)
		conn.(*net.TCPConn).SetLinger(0)
	}, says(good)).URL, nil)
	// Where the reset comes before anything was read, there is no answer at all.
	if a, err := b.try(t, t.Context(), "/"); err == nil && a.status != http.StatusBadGateway {
		t.Errorf("the client sees no cut: %v", a)
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatal(err)
	}
	b.wantClean(t, "/")
}

func TestHTTP2StreamThatIsResetIsCutAndNotRecorded(t *testing.T) {
	for name, length := range map[string]int{"declared": 200_000, "not declared": 0} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			b := setUpTLS(t, func(w http.ResponseWriter, r *http.Request) {
				if asked++; asked > 1 {
					io.WriteString(w, "clean")
					return
				}
				if length > 0 {
					w.Header().Set("Content-Length", fmt.Sprint(length))
				}
				io.WriteString(w, strings.Repeat("x", 100_000))
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			})
			if a, err := b.try(t, t.Context(), "/"); err == nil {
				t.Errorf("the client got %d bytes and sees no cut", len(a.body))
			}
			b.wantClean(t, "/")
			b.wantNoLeftovers(t)
			if proto := b.lastAsked().Proto; proto != "HTTP/2.0" {
				t.Errorf("the origin was asked over %s", proto)
			}
		})
	}
}

// TestDamagedCodingIsPassedOnAndNotRecorded: the HTTP message is whole and what
// is in it is not.
func TestDamagedCodingIsPassedOnAndNotRecorded(t *testing.T) {
	text := strings.Repeat("a text that is worth coding, and does not get all too small by it: 0123456789\n", 20)
	var big strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&big, "%x ", i*i*7919)
	}
	for name, whole := range map[string]map[string][]byte{
		"gzip": {"small": gzipped(t, text), "large": gzipped(t, big.String())},
		"br":   {"small": brotlied(t, text), "large": brotlied(t, big.String())},
		"zstd": {"small": zstded(t, text), "large": zstded(t, big.String())},
	} {
		for size, content := range whole {
			for damage, body := range map[string][]byte{
				"cut":     content[:len(content)-9],
				"garbage": bytes.Repeat([]byte{0xfe, 0x17, 0x00}, len(content)/3),
			} {
				t.Run(name+" "+size+" "+damage, func(t *testing.T) {
					t.Parallel()
					bad := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", name, len(body), body)
					b := setUp(t, http.NotFound, nil)
					b.front(t, script(t, says(bad), says(good)).URL, nil)
					a := b.get(t, "/")
					if a.cache() != "MISS" || a.body != string(body) || a.header.Get("Content-Encoding") != name {
						t.Errorf("%d bytes, %s, %v: not what the origin sent", len(a.body), a.cache(), a.header)
					}
					b.wantClean(t, "/")
					b.wantNoLeftovers(t)
				})
			}
		}
	}
}

func brotlied(t *testing.T, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := brotli.NewWriter(&buf)
	_, err := io.WriteString(z, text)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func zstded(t *testing.T, text string) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll([]byte(text), nil)
}
