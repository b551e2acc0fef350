package replay_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// heapBound is how much the heap may grow while a body passes, however long it is.
const heapBound = 64 << 20

// A heapWatch measures how far the heap grows over what it was at the start.
type heapWatch struct{ idle, peak uint64 }

func watchHeap() *heapWatch {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return &heapWatch{m.HeapInuse, m.HeapInuse}
}

func (h *heapWatch) look() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.peak = max(h.peak, m.HeapInuse)
}

func (h *heapWatch) check(t *testing.T, what string) {
	t.Helper()
	if grown := h.peak - h.idle; grown > heapBound {
		t.Errorf("%s: the heap grew by %d MiB", what, grown>>20)
	}
}

// block is a piece of content that differs from its neighbours.
func block(n int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%015d\n", n), 1<<16)
}

// readBlocks reads content made of blocks and returns its length, or what is wrong.
func readBlocks(body io.Reader, most int, h *heapWatch) (int, error) {
	buf := make([]byte, 1<<20)
	for n := range most {
		h.look()
		got, err := io.ReadFull(body, buf)
		if err == io.EOF {
			return n << 20, nil
		}
		if err != nil {
			return n<<20 + got, err
		}
		if !bytes.Equal(buf, block(n)) {
			return n << 20, fmt.Errorf("block %d is not what the origin sent", n)
		}
	}
	return most << 20, nil
}

func TestEndlessBodyIsStreamedAndNotRecorded(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: hundreds of megabytes are sent without -short")
	}
	left := make(chan struct{}, 2)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		defer func() { left <- struct{}{} }()
		for n := 0; ; n++ {
			if _, err := w.Write(block(n)); err != nil {
				return
			}
		}
	}, func(b *bench) { b.recorder.MaxBody = 4 << 20 })
	for range 2 {
		heap := watchHeap()
		ctx, leave := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, "GET", b.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := b.plainClient().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if size, err := readBlocks(res.Body, 150, heap); size != 150<<20 || err != nil || res.Header.Get("X-Cache") != "MISS" {
			t.Errorf("%s: %d bytes, %v", res.Header.Get("X-Cache"), size, err)
		}
		heap.check(t, "endless body")
		leave()
		res.Body.Close()
		<-left // the origin is not kept busy for nobody
	}
	if n := b.recordings(t); n != 0 {
		t.Errorf("%d recordings of what has no end", n)
	}
	b.wantNoLeftovers(t)
}

func TestBodyLongerThanMaxBodyIsPassedOnWholeAndNotRecorded(t *testing.T) {
	text := strings.Repeat("x", 200_000)
	for target, want := range map[string]string{"/length": "BYPASS", "/chunked": "MISS"} {
		b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/length" {
				w.Header().Set("Content-Length", fmt.Sprint(len(text)))
			}
			io.WriteString(w, text)
		}, func(b *bench) { b.recorder.MaxBody = int64(len(text)) - 1 })
		for range 2 {
			if a := b.get(t, target); a.cache() != want || a.body != text {
				t.Errorf("%s: %s, %d bytes", target, a.cache(), len(a.body))
			}
		}
		if a := b.get(t, target, "Range", "bytes=0-1"); a.status == http.StatusOK && a.body != text || a.status == http.StatusPartialContent && a.body != "xx" {
			t.Errorf("%s: a range is answered with %d and %d bytes", target, a.status, len(a.body))
		}
		// It is asked for again when the recording is given up half-way.
		if a := b.do(t, "GET", target, "content", "Range", "bytes=0-1"); a.status != http.StatusOK || a.body != text {
			t.Errorf("%s: a range with content is answered with %d and %.300q", target, a.status, a.body)
		}
		if n := b.recordings(t); n != 0 {
			t.Errorf("%s: %d recordings", target, n)
		}
		b.wantNoLeftovers(t)
		b.recorder.MaxBody++
		b.get(t, target)
		if a := b.get(t, target); a.cache() != "HIT" || a.body != text {
			t.Errorf("%s: exactly --max-body is not recorded: %s", target, a.cache())
		}
	}
}

// TestContentBeyondTheDeclaredLengthBelongsToNobody: an origin that sends more
// than it declared must not have the rest taken for the next answer.
func TestContentBeyondTheDeclaredLengthBelongsToNobody(t *testing.T) {
	const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
	for name, first := range map[string]string{
		"extra bytes":     good + "more",
		"another answer":  good + evil,
		"after a chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nclean\r\n0\r\n\r\n" + evil,
		"after nothing":   "HTTP/1.1 204 No Content\r\n\r\n" + evil,
		"not modified":    "HTTP/1.1 304 Not Modified\r\n\r\n" + evil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setUp(t, http.NotFound, nil)
			b.front(t, script(t, staysOpen(first), staysOpen(good)).URL, nil)
			if a := b.get(t, "/first"); a.body != "clean" && a.body != "" {
				t.Errorf("the first answer is %d %q", a.status, a.body)
			}
			b.wantClean(t, "/second")
			b.wantClean(t, "/third")
		})
	}
}
