package replay_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"example.com/cannery/recorder"
)

// earlyOrigin begins its answer, reads the request to its end, and says how
// much that was.
func earlyOrigin(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	io.WriteString(w, "hello ")
	_ = control.Flush()
	n, _ := io.Copy(io.Discard, r.Body)
	fmt.Fprintf(w, "got %d", n)
}

// protocols returns a transport of clients that speak one version.
func protocols(t *testing.T, h2 bool) *http.Transport {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(!h2)
	transport.Protocols.SetUnencryptedHTTP2(h2)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// TestAnswerThatComesBeforeTheRequestsEndIsWhole: the origin gets every byte of
// the request, and the client the whole answer as it comes.
func TestAnswerThatComesBeforeTheRequestsEndIsWhole(t *testing.T) {
	for _, h2 := range []bool{false, true} {
		for _, want := range []string{"MISS", "BYPASS"} {
			for _, waits := range []bool{false, true} {
				t.Run(fmt.Sprintf("h2 %t, %s, waits %t", h2, want, waits), func(t *testing.T) {
					t.Parallel()
					b := setUp(t, earlyOrigin, func(b *bench) {
						if want == "BYPASS" {
							b.recorder.Statuses = new(recorder.Statuses)
						}
					})
					transport := protocols(t, h2)
					for _, size := range []int{1000, 100_000, 3_000_000} {
						more, send := io.Pipe()
						began := make(chan struct{})
						go func() {
							if waits {
								<-began
							}
							io.WriteString(send, strings.Repeat("y", size))
							send.Close()
						}()
						req, err := http.NewRequest("POST", b.URL+"/", more)
						if err != nil {
							t.Fatal(err)
						}
						res, err := transport.RoundTrip(req)
						if err != nil {
							t.Fatal(err)
						}
						in := bufio.NewReader(res.Body)
						hello, _ := in.Peek(6)
						close(began)
						got, err := io.ReadAll(in)
						if want := fmt.Sprintf("hello got %d", size); string(got) != want || err != nil {
							t.Errorf("%d bytes: %q, then %q, %v; want %q", size, hello, got, err, want)
						}
						res.Body.Close()
						if got := res.Header.Get("X-Cache"); got != want {
							t.Errorf("X-Cache: %s, want %s", got, want)
						}
					}
				})
			}
		}
	}
}

// TestRefusalBeforeTheRequestsEndIsRecordedWithIt has a client send all of its
// request before it looks at the answer. It is read although the origin does not
// want it.
func TestRefusalBeforeTheRequestsEndIsRecordedWithIt(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png") // text may be held back for its links
		w.WriteHeader(http.StatusMethodNotAllowed)
		io.WriteString(w, "no\n")
	}, nil)
	body := strings.Repeat("z", 9_000_000)
	request := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if answer := b.raw(t, request); !strings.HasPrefix(answer, "HTTP/1.1 405 ") || !strings.HasSuffix(answer, "no\n") {
		t.Errorf("%q", answer)
	}
	if a := b.goOffline(t, nil).do(t, "POST", "/", body); a.cache() != "HIT" || a.body != "no\n" {
		t.Errorf("offline: %s %.100q", a.cache(), a.body)
	}
}

// TestRestOfARequestIsNoRequest: what the client sends after an answer that came
// early is not taken for a request, whoever reads it.
func TestRestOfARequestIsNoRequest(t *testing.T) {
	t.Parallel()
	hidden := "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, reachable := range []bool{true, false} {
		t.Run(fmt.Sprint("reachable ", reachable), func(t *testing.T) {
			t.Parallel()
			b := setUp(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusMethodNotAllowed) }, nil)
			if !reachable {
				b.origin.Close()
			}
			conn := b.dial(t)
			defer conn.Close()
			fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", 300_000+len(hidden), strings.Repeat("x", 300_000))
			in := bufio.NewReader(conn)
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			if !res.Close {
				t.Error("the connection stays open")
			}
			io.WriteString(conn, hidden) // may find the connection closed
			if rest, _ := io.ReadAll(in); len(rest) > 0 {
				t.Errorf("a second answer: %q", rest)
			}
			for _, r := range b.asked {
				if r.URL.Path == "/hidden" {
					t.Error("the rest of the request reached the origin as one")
				}
			}
		})
	}
}

// expecting sends the header of a request that expects 100 Continue, and its
// content once it is told to. It returns all that came back.
func (b *bench) expecting(t *testing.T, method, target, body string) (continues int, rest string) {
	t.Helper()
	conn := b.dial(t)
	defer conn.Close()
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", method, target, len(body))
	in := bufio.NewReader(conn)
	const told = "HTTP/1.1 100 Continue\r\n\r\n"
	for {
		if begin, err := in.Peek(len(told)); string(begin) != told || err != nil {
			break
		}
		in.Discard(len(told))
		if continues++; continues == 1 {
			io.WriteString(conn, body)
		}
	}
	all, err := io.ReadAll(in)
	if err != nil {
		t.Errorf("after %q: %v", all, err)
	}
	return continues, string(all)
}

func TestExpectedContinueIsSaidOnce(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "stored %d", n)
	}, func(b *bench) { b.proxy.Cache.Methods = []string{"SEARCH"} })
	b.recorder.Methods = b.proxy.Cache.Methods
	for _, method := range []string{"PUT", "SEARCH", "GET"} {
		for _, size := range []int{5, 300_000} {
			body := strings.Repeat("y", size)
			if n, rest := b.expecting(t, method, "/", body); n != 1 || !strings.HasSuffix(rest, fmt.Sprintf("stored %d", size)) {
				t.Errorf("%s, %d bytes: told to go on %d times, then %q", method, size, n, rest)
			}
		}
	}
	off := b.goOffline(t, nil)
	if n, rest := off.expecting(t, "PUT", "/", "yyyyy"); n != 1 || !strings.HasSuffix(rest, "stored 5") {
		t.Errorf("offline: told to go on %d times, then %q", n, rest)
	}
}

// TestOriginThatSaysNoContinueGetsTheContent: HTTP/1.0 knows none.
func TestOriginThatSaysNoContinueGetsTheContent(t *testing.T) {
	t.Parallel()
	origin := script(t, func(conn net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r)
		if err != nil {
			t.Error(err)
			return
		}
		body, _ := io.ReadAll(req.Body)
		fmt.Fprintf(conn, "HTTP/1.0 200 OK\r\n\r\nstored %d", len(body))
	})
	b := setUp(t, http.NotFound, nil)
	b.front(t, origin.URL, nil)
	if n, rest := b.expecting(t, "PUT", "/", "hello"); n != 1 || !strings.Contains(rest, "stored 5") {
		t.Errorf("told to go on %d times, then %q", n, rest)
	}
}

// TestRefusalInsteadOfContinueComesFirst: the client need not send its content.
func TestRefusalInsteadOfContinueComesFirst(t *testing.T) {
	for _, status := range []int{http.StatusRequestEntityTooLarge, http.StatusUnauthorized, http.StatusInternalServerError} {
		b := setUp(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", status) }, nil)
		if n, rest := b.expecting(t, "PUT", "/", "hello"); n != 0 || !strings.HasPrefix(rest, fmt.Sprintf("HTTP/1.1 %d ", status)) || !strings.Contains(rest, "no\n") {
			t.Errorf("%d: told to go on %d times, then %q", status, n, rest)
		}
	}
}
