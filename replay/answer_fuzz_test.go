package replay_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzAnswerIsReplayedAsItCame: whatever an origin answers, the client gets it, or a
// problem; what is recorded of it comes again as it came, and what is cut does not.
func FuzzAnswerIsReplayedAsItCame(f *testing.F) {
	for _, seed := range []string{
		good,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n",
		"HTTP/1.0 302 Found\r\nLocation: {ORIGIN}/x?{ORIGIN}\r\nContent-Location: /a\r\nLink: <{ORIGIN}/b>; rel=next, </c>; a=\"<{ORIGIN}>\"\r\nRefresh: 0;url={ORIGIN}/d\r\n\r\nmoved",
		"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Domain=.127.0.0.1; Path=/; Secure; HttpOnly\r\nSet-Cookie: __Host-c=;;=; Secure\r\nSet-Cookie:\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=\r\nContent-Length: 32\r\n\r\n<a href=\"{ORIGIN}/x\">{ORIGIN}</a>",
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {ORIGIN}\n\ndata: [DONE]\n\n",
		"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
		"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nContent-Length: 4\r\n\r\n{}\n1",
		"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-0/9\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nVary: *\r\nEtag: \"\r\nWww-Authenticate: Basic realm=\"{ORIGIN}\"\r\nContent-Length: 99\r\n\r\ncut",
		"HTTP/1.1 204 No\r\nDate: x\r\nConnection: X-A\r\nX-A: b\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, response []byte) {
		b := setUp(t, http.NotFound, nil)
		origin := ""
		b.front(t, rawOriginThat(t, func(at string) string {
			origin = at
			return strings.ReplaceAll(string(response), "{ORIGIN}", at)
		}), nil)
		b.Config.ErrorLog = silence
		first, cut := b.askRaw(t)
		again, _ := b.askRaw(t)
		b.Close() // all that was asked is in the log then
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, e := range b.entries {
			if strings.Contains(e.Note, "cannery failed") {
				t.Fatalf("%q from %s: %s", response, origin, e.Note)
			}
		}
		switch {
		case first.header.Get("X-Cache") == "HIT" || cut && again.header.Get("X-Cache") == "HIT":
			t.Errorf("%q is a HIT, cut %v", response, cut)
		case first.header.Get("X-Cache") == "MISS" && again.header.Get("X-Cache") == "HIT":
			first.header.Del("X-Cache")
			again.header.Del("X-Cache")
			if diff := cmp.Diff(first, again, cmp.AllowUnexported(answer{})); diff != "" {
				t.Errorf("%q: (-MISS +HIT)\n%s", response, diff)
			}
		}
	})
}

// askRaw asks for the same on a connection of its own, and reports whether the answer
// was cut. One that is not there is empty.
func (b *bench) askRaw(t *testing.T) (a answer, cut bool) {
	t.Helper()
	conn := b.dial(t)
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /x HTTP/1.1\r\nHost: proxy.test\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	for {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return answer{header: http.Header{}}, true
		}
		if res.StatusCode < 200 {
			continue
		}
		body, err := io.ReadAll(res.Body)
		return answer{res.StatusCode, res.Header, string(body), res.Trailer}, err != nil
	}
}
