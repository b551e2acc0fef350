package replay_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newGzip(w io.Writer) *gzip.Writer { return gzip.NewWriter(w) }

// TestHitIsMissByteForByte compares the bytes on the wire: a HIT differs from
// its MISS in X-Cache alone.
func TestHitIsMissByteForByte(t *testing.T) {
	const date = "Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n"
	long := strings.Repeat("0123456789abcdef", 20_000)
	for name, response := range map[string]string{
		"length":              "HTTP/1.1 200 OK\r\n" + date + "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
		"no content type":     "HTTP/1.1 200 OK\r\n" + date + "Content-Length: 6\r\n\r\n<html>",
		"no date":             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"chunked":             "HTTP/1.1 200 OK\r\n" + date + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
		"chunked and empty":   "HTTP/1.1 200 OK\r\n" + date + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"trailers":            "HTTP/1.1 200 OK\r\n" + date + "Trailer: X-Sum, A-First\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\nA-First: 1\r\n\r\n",
		"unannounced trailer": "HTTP/1.1 200 OK\r\n" + date + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Late: 7\r\n\r\n",
		"until close":         "HTTP/1.0 200 OK\r\n" + date + "\r\nthe end is the end",
		"empty":               "HTTP/1.1 200 OK\r\n" + date + "Content-Length: 0\r\n\r\n",
		"no content":          "HTTP/1.1 204 No Content\r\n" + date + "\r\n",
		"redirect":            "HTTP/1.1 302 Found\r\n" + date + "Location: /elsewhere\r\nContent-Length: 0\r\n\r\n",
		"not found":           "HTTP/1.1 404 Not Found\r\n" + date + "Content-Length: 4\r\n\r\ngone",
		"odd reason":          "HTTP/1.1 200 Fine By Me\r\n" + date + "Content-Length: 2\r\n\r\nok",
		"odd status":          "HTTP/1.1 299 Whatever\r\n" + date + "Content-Length: 2\r\n\r\nok",
		"cookies":             "HTTP/1.1 200 OK\r\n" + date + "Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\nSet-Cookie: a=3\r\nContent-Length: 2\r\n\r\nok",
		"many values":         "HTTP/1.1 200 OK\r\n" + date + "X-List: b\r\nX-List: a\r\nX-List:\r\nContent-Length: 2\r\n\r\nok",
		"not ASCII":           "HTTP/1.1 200 OK\r\n" + date + "X-Name: caf\xe9\r\nContent-Length: 2\r\n\r\n\xff\x00",
		"hop by hop":          "HTTP/1.1 200 OK\r\n" + date + "Connection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok",
		"early hints":         "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n" + date + "Content-Length: 2\r\n\r\nok",
		"origin's X-Cache":    "HTTP/1.1 200 OK\r\n" + date + "X-Cache: HIT from elsewhere\r\nContent-Length: 2\r\n\r\nok",
		"large":               fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", date, len(long), long),
		"large until close":   "HTTP/1.1 200 OK\r\n" + date + "Connection: close\r\n\r\n" + long,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setUp(t, http.NotFound, nil)
			b.front(t, rawOrigin(t, response), nil)
			miss := b.rawGet(t, "/")
			hit := b.rawGet(t, "/")
			if !strings.Contains(miss, "X-Cache: MISS\r\n") || strings.Count(miss, "X-Cache") != 1 {
				t.Errorf("the first answer is no MISS: %.300q", miss)
			}
			want := strings.Replace(miss, "X-Cache: MISS", "X-Cache: HIT", 1)
			if chunked := strings.Contains(response, "close"); chunked {
				// Where chunks begin depends on when bytes arrive; what is in them does not.
				want, hit = dechunk(t, want), dechunk(t, hit)
			}
			if diff := cmp.Diff(want, hit); diff != "" {
				t.Errorf("HIT is not the MISS (-miss +hit):\n%.2000s", diff)
			}
		})
	}
}

// dechunk replaces chunked content by its concatenation.
func dechunk(t *testing.T, answer string) string {
	t.Helper()
	head, rest, _ := strings.Cut(answer, "\r\n\r\n")
	var content strings.Builder
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\r\n")
		var size int
		if _, err := fmt.Sscanf(line, "%x", &size); err != nil || size > len(after) {
			t.Fatalf("bad chunk size %q", line)
		}
		if size == 0 {
			break
		}
		content.WriteString(after[:size])
		rest = after[size+2:]
	}
	return head + "\r\n\r\n" + content.String()
}

func TestHeadIsAnsweredFromGet(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		if r.Method == "GET" {
			io.WriteString(w, "hello")
		}
	}, nil)
	if a := b.do(t, "HEAD", "/", ""); a.cache() != "MISS" || a.header.Get("Content-Length") != "5" {
		t.Errorf("first HEAD: %v", a)
	}
	if a := b.do(t, "HEAD", "/", ""); a.cache() != "HIT" || a.header.Get("Content-Length") != "5" {
		t.Errorf("second HEAD: %v", a)
	}
	if a := b.get(t, "/"); a.cache() != "MISS" || a.body != "hello" {
		t.Errorf("GET after HEAD must not be answered from it: %v", a)
	}
	asked := b.originAsked()
	if a := b.do(t, "HEAD", "/", ""); a.cache() != "HIT" || a.body != "" {
		t.Errorf("HEAD after GET: %v", a)
	}
	if b.originAsked() != asked {
		t.Error("HEAD after GET asked the origin")
	}
}

func TestTargetReachesTheOriginByteForByte(t *testing.T) {
	for _, target := range []string{
		"/", "/a%2Fb", "/a%2fb", "/a/../b", "/a/./b", "//double//slash", "/sp%20ace+plus", "/q?", "/q?a=%zz&b=;c", "/q?x=1&x=2&&=",
		"/é", "/pipe|^`{}", "/long?" + strings.Repeat("x", 64<<10),
	} {
		b := setUp(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RequestURI) }, nil)
		first := b.rawGet(t, target)
		if !strings.HasSuffix(dechunkIfChunked(t, first), "\r\n\r\n"+target) {
			t.Errorf("%.80q reached the origin as %.300q", target, first)
		}
		if second := b.rawGet(t, target); !strings.Contains(second, "X-Cache: HIT") {
			t.Errorf("%.80q is no HIT: %.200q", target, second)
		}
	}
}

func dechunkIfChunked(t *testing.T, answer string) string {
	if strings.Contains(answer, "Transfer-Encoding: chunked") {
		return dechunk(t, answer)
	}
	return answer
}

func TestDifferentTargetsHaveTheirOwnRecordings(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RequestURI) }, nil)
	for _, target := range []string{"/a/b", "/a%2Fb", "/a%2fb", "/a/../b", "/b", "/b/", "/b?", "/b?x", "/b?x=", "/b?x=1&y=2&x=3", "/b?x=3&y=2&x=1"} {
		if a := b.get(t, target); a.cache() != "MISS" {
			t.Errorf("%q is answered with the recording of another target: %q", target, a.body)
		}
	}
	if a := b.get(t, "/b?y=2&x=1&x=3"); a.cache() != "HIT" || a.body != "/b?x=1&y=2&x=3" {
		t.Errorf("the order of different names counts: %v", a)
	}
}

// TestHeadHasItsOwnRecording: an origin may answer HEAD in another way than GET.
func TestHeadHasItsOwnRecording(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Asked", r.Method)
	}, nil)
	answers := func(b *bench, cache, asked string) {
		t.Helper()
		if a := b.do(t, "HEAD", "/", ""); a.cache() != cache || a.header.Get("Asked") != asked {
			t.Errorf("HEAD: %s as for %s, want %s as for %s", a.cache(), a.header.Get("Asked"), cache, asked)
		}
	}
	answers(b, "MISS", "HEAD")
	b.get(t, "/")
	answers(b, "HIT", "HEAD")

	// Once a PUT has made both stale, the one that is fresh again answers.
	b.do(t, "PUT", "/", "new")
	b.get(t, "/")
	answers(b, "HIT", "GET")

	off := b.goOffline(t, nil)
	answers(off, "HIT", "HEAD")
	report, err := off.proxy.Report(t.Context())
	if err != nil || len(report.Unused) != 3 {
		t.Errorf("unused: %+v, %v; want both GETs and the PUT", report.Unused, err)
	}
}
