package replay_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/fixtures"
)

// missAndHit asks twice and returns the answer, which is the same both times.
func (b *bench) missAndHit(t *testing.T, target string, pairs ...string) answer {
	t.Helper()
	miss, hit := b.get(t, target, pairs...), b.get(t, target, pairs...)
	if miss.cache() != "MISS" || hit.cache() != "HIT" {
		t.Errorf("%s: %s, then %s", target, miss.cache(), hit.cache())
	}
	sameAnswer(t, target+": HIT", miss, hit)
	return miss
}

// linking is an origin whose text has a link to itself at its end, unless the
// query says none. The query says how long the text is, how it is coded, and
// whether its length is declared.
func linking(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		size, _ := strconv.Atoi(q.Get("size"))
		text := strings.Repeat("word ", size/5)
		if !q.Has("none") {
			text += "http://" + r.Host + "/next\n"
		}
		h := w.Header()
		h.Set("Content-Type", "text/plain")
		h.Set("ETag", `"v1"`)
		h.Set("Date", "Mon, 02 Jan 2006 15:04:05 GMT") // it is asked for some of it twice
		for _, name := range q["field"] {
			h.Set(name, "1")
		}
		content := []byte(text)
		if q.Has("gzip") {
			h.Set("Content-Encoding", "gzip")
			content = gzipped(t, text)
		}
		if q.Has("length") {
			h.Set("Content-Length", strconv.Itoa(len(content)))
		}
		for len(content) > 0 {
			n := min(len(content), 10_000)
			w.Write(content[:n])
			content = content[n:]
			if !q.Has("length") {
				w.(http.Flusher).Flush()
			}
		}
	}
}

// TestTextNamesTheProxyOnMissAndHit: what holds the origin's URL is served
// decoded with the proxy's in its place, what does not passes as it came.
func TestTextNamesTheProxyOnMissAndHit(t *testing.T) {
	b := setUp(t, linking(t), nil)
	for _, size := range []int{0, 50_000, 300_000, 3_000_000, 10_000_000} {
		if size > 300_000 && testing.Short() {
			t.Logf("SKIPPED: text of %d bytes is tried without -short", size)
			continue
		}
		for _, how := range []string{"", "&length", "&gzip", "&gzip&length"} {
			if size == 10_000_000 && !strings.Contains(how, "gzip") {
				continue
			}
			target := fmt.Sprintf("/?size=%d%s", size, how)
			a := b.missAndHit(t, target, "Accept-Encoding", "gzip")
			if !strings.HasSuffix(a.body, b.URL+"/next\n") || len(a.body) != size+len(b.URL+"/next\n") || a.header["Content-Encoding"] != nil {
				t.Errorf("%s: %d bytes that end in %.80q, coded %q", target, len(a.body), a.body[max(0, len(a.body)-80):], a.header["Content-Encoding"])
			}
			if strings.Contains(how, "length") && size < 1_000_000 && a.header.Get("Content-Length") != strconv.Itoa(len(a.body)) {
				t.Errorf("%s: Content-Length %q of %d", target, a.header["Content-Length"], len(a.body))
			}
			if got := a.header.Get("ETag"); got != `"v1"` {
				t.Errorf("%s: ETag %s", target, got)
			}
			if part := b.get(t, target, "Range", "bytes=-6"); size < 8<<20 && (part.status != 206 || part.body != "/next\n") {
				t.Errorf("a range of %s: %d %.80q", target, part.status, part.body)
			}
			head := b.do(t, "HEAD", target, "")
			if diff := cmp.Diff(a.header["Content-Length"], head.header["Content-Length"]); diff != "" {
				t.Errorf("%s: length of GET and HEAD (-GET +HEAD):\n%s", target, diff)
			}

			if size == 0 {
				continue
			}
			target += "&none"
			miss, hit := b.get(t, target, "Accept-Encoding", "gzip"), b.get(t, target, "Accept-Encoding", "gzip")
			if coded := hit.header.Get("Content-Encoding") == "gzip"; coded != strings.Contains(how, "gzip") {
				t.Errorf("%s: coded %q, unlike the origin's", target, hit.header["Content-Encoding"])
			}
			if declared := hit.header["Content-Length"] != nil; declared != strings.Contains(how, "length") {
				t.Errorf("%s: length %q, unlike the origin's", target, hit.header["Content-Length"])
			}
			if size < 1_000_000 {
				sameAnswer(t, target+": HIT", miss, hit)
			}
		}
	}
}

// TestARepairNamesTheProxyToo: what the store has lost is asked for again, and
// is no less looked through than the first time.
func TestARepairNamesTheProxyToo(t *testing.T) {
	b := setUp(t, linking(t), nil)
	const target = "/?size=500000&length"
	first := b.missAndHit(t, target)
	if err := os.Remove(b.storedFile(t, "bodies/*")); err != nil {
		t.Fatal(err)
	}
	sameAnswer(t, "the repair", first, b.missAndHit(t, target))
}

// TestAFirstAskForAPartIsRenamedToo: its MISS is served from the recording.
func TestAFirstAskForAPartIsRenamedToo(t *testing.T) {
	b := setUp(t, linking(t), nil)
	for _, cache := range []string{"MISS", "HIT"} {
		a := b.get(t, "/?size=100&length", "Range", "bytes=100-")
		if a.body != b.URL+"/next\n" || a.status != 206 || a.cache() != cache {
			t.Errorf("%d %s %q", a.status, a.cache(), a.body)
		}
	}
}

// TestDigestsAreNotBroken: what carries a digest of its content is left, and
// that is said once.
func TestDigestsAreNotBroken(t *testing.T) {
	b := setUp(t, linking(t), nil)
	for _, name := range []string{"Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "x-amz-checksum-crc32", "x-goog-hash"} {
		target := "/?length&field=" + name
		if a := b.missAndHit(t, target); !strings.Contains(a.body, b.origin.URL) {
			t.Errorf("%s: %q", name, a.body)
		}
	}
	said := 0
	for _, e := range b.log(time.Time{}) {
		if e.Method == "" && strings.Contains(e.Note, "Content-Md5") && strings.Contains(e.Note, "/?length&field=Content-MD5") {
			said++
		} else if e.Method == "" {
			t.Errorf("said too: %s", e.Note)
		}
	}
	if said != 1 {
		t.Errorf("said %d times", said)
	}
}

// TestRulesLeaveBodies: the choice is the store's, so offline is as recorded.
func TestRulesLeaveBodies(t *testing.T) {
	b := setUp(t, linking(t), nil)
	if err := b.store.SetRules(t.Context(), fixtures.Rules{LeaveBody: true}); err != nil {
		t.Fatal(err)
	}
	left := map[string]answer{}
	for _, target := range []string{"/?length", "/?gzip&length", "/"} {
		left[target] = b.missAndHit(t, target, "Accept-Encoding", "gzip")
		if strings.Contains(left[target].body, b.URL) {
			t.Errorf("%s: %q", target, left[target].body)
		}
	}
	off := b.goOffline(t, nil)
	for target, want := range left {
		sameAnswer(t, target+" offline", want, off.get(t, target, "Accept-Encoding", "gzip"))
	}
	if err := b.store.SetRules(t.Context(), fixtures.Rules{}); err != nil {
		t.Fatal(err)
	}
	if a := b.get(t, "/?gzip&length", "Accept-Encoding", "gzip"); a.cache() != "HIT" || !strings.Contains(a.body, b.URL) {
		t.Errorf("with the default rules again: %s %q", a.cache(), a.body)
	}
}

// TestSlowTextPassesWhileItComes: an answer is not held for ever, and its HIT is
// the same as what got through.
func TestSlowTextPassesWhileItComes(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"application/json", "text/event-stream"} {
		more := make(chan bool)
		b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Encoding", "gzip")
			z := newGzip(w)
			io.WriteString(z, "first\n")
			z.Flush()
			w.(http.Flusher).Flush()
			<-more
			io.WriteString(z, "http://"+r.Host+"/last\n")
			z.Close()
		}, nil)
		res, err := b.plainClient().Get(b.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		lines := bufio.NewReader(res.Body)
		first, err := lines.ReadString('\n')
		close(more)
		rest, _ := io.ReadAll(lines)
		if err != nil || first+string(rest) != "first\n"+b.URL+"/last\n" {
			t.Errorf("%s: %q, then %q (%v)", kind, first, rest, err)
		}
		hit := b.get(t, "/")
		sameAnswer(t, kind, answer{res.StatusCode, res.Header, first + string(rest), nil}, hit)
	}
}

// TestACutInTextIsSeen: what was held back of an answer that the origin cuts
// goes out, and the client sees that it is not whole.
func TestACutInTextIsSeen(t *testing.T) {
	b := setUp(t, http.NotFound, nil)
	b.front(t, rawOrigin(t, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"a\":"), nil)
	res, err := b.plainClient().Get(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err == nil || string(content) != `{"a":` || res.ContentLength != 100 {
		t.Errorf("%q of %d bytes, %v", content, res.ContentLength, err)
	}
}

// TestWhatIsNotRecordedIsRenamedToo: a BYPASS leads nobody out either.
func TestWhatIsNotRecordedIsRenamedToo(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"help":"http://%s/help"}`, r.Host)
	}, nil)
	if a := b.get(t, "/"); a.cache() != "BYPASS" || a.body != fmt.Sprintf(`{"help":"%s/help"}`, b.URL) || a.header.Get("Content-Length") != strconv.Itoa(len(a.body)) {
		t.Errorf("%s %q of %s bytes", a.cache(), a.body, a.header["Content-Length"])
	}
}
