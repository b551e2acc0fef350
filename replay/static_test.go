package replay_test

import (
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// modified is when the served files were.
var modified = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A staticBench is a bench before the standard library's file server.
type staticBench struct {
	*bench
	files map[string]string // by request target
}

// setUpStatic serves files of some sizes with Last-Modified, and with strong
// entity tags except below /untagged/ and weak ones below /weak/.
func setUpStatic(t *testing.T) *staticBench {
	t.Helper()
	dir := t.TempDir()
	large := make([]byte, 300_000)
	rand.NewChaCha8([32]byte{}).Read(large)
	s := &staticBench{files: map[string]string{
		"/text.txt":          strings.Repeat("0123456789", 100),
		"/page.html":         "<html>" + strings.Repeat("<p>text</p>", 1000) + "</html>",
		"/large.bin":         string(large),
		"/empty.txt":         "",
		"/untagged/text.txt": strings.Repeat("abcdefghij", 100),
		"/weak/text.txt":     strings.Repeat("klmnopqrst", 100),
	}}
	for name, content := range s.files {
		writeFile(t, content, dir, name)
		if err := os.Chtimes(filepath.Join(dir, name), modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	server := http.FileServer(http.Dir(dir))
	s.bench = setUp(t, func(w http.ResponseWriter, r *http.Request) {
		if content, ok := s.files[r.URL.Path]; ok && !strings.HasPrefix(r.URL.Path, "/untagged/") {
			w.Header().Set("Etag", tag(r.URL.Path, content))
		}
		w.Header().Set("Cache-Control", "max-age=60")
		server.ServeHTTP(w, r)
	}, nil)
	return s
}

// tag returns a file's entity tag.
func tag(path, content string) string {
	h := fnv.New64()
	io.WriteString(h, content)
	tag := fmt.Sprintf(`"%x"`, h.Sum64())
	if strings.HasPrefix(path, "/weak/") {
		return "W/" + tag
	}
	return tag
}

// TestPartsAreThoseOfTheFileServer asks for parts, and on conditions: the
// answers, MISS and HIT, must be what the file server itself answers.
func TestPartsAreThoseOfTheFileServer(t *testing.T) {
	t.Parallel()
	s := setUpStatic(t)
	direct := &bench{Server: s.origin}
	var asked int
	for target, content := range s.files {
		for _, header := range partialRequests(tag(target, content)) {
			for _, method := range []string{"GET", "HEAD"} {
				// Every request is a MISS once, in a session of its own.
				session := fmt.Sprintf("/__cannery/session/s%d", asked)
				asked++
				want := joined(t, direct.do(t, method, target, "", header...))
				for _, cache := range []string{"MISS", "HIT"} {
					got := s.do(t, method, session+target, "", header...)
					what := fmt.Sprintf("%s %s %q: %s", method, target, header, cache)
					if got.cache() != cache {
						t.Errorf("%s: %d %s", what, got.status, got.cache())
					}
					sameAnswer(t, what, want, joined(t, got), "Date", "Accept-Ranges")
				}
			}
		}
	}
	t.Logf("%d requests, each asked of the origin, as a MISS and as a HIT", asked)
}

// partialRequests are header pairs of requests for less than the full answer.
func partialRequests(tag string) [][]string {
	date := func(d time.Duration) string { return modified.Add(d).Format(http.TimeFormat) }
	return [][]string{
		{"Range", "bytes=0-99"},
		{"Range", "bytes=500-"},
		{"Range", "bytes=-10"},
		{"Range", "bytes=0-0,10-19,-5"},
		{"Range", "bytes=2000000-"},
		{"Range", "bytes=9-3"},
		{"Range", "pages=1-2"},
		{"Range", "bytes=0-9", "If-Range", tag},
		{"Range", "bytes=0-9", "If-Range", `"other"`},
		{"Range", "bytes=0-9", "If-Range", date(0)},
		{"Range", "bytes=0-9", "If-Range", date(-time.Hour)},
		{"Range", "bytes=0-9", "If-None-Match", tag},
		{"If-None-Match", tag},
		{"If-None-Match", `"other", ` + tag},
		{"If-None-Match", "*"},
		{"If-None-Match", `"other"`},
		{"If-None-Match", `"other"`, "If-Modified-Since", date(0)},
		{"If-Modified-Since", date(0)},
		{"If-Modified-Since", date(-time.Second)},
		{"If-Modified-Since", date(time.Hour)},
		{"If-Unmodified-Since", date(-time.Hour)},
		{"If-Unmodified-Since", date(0)},
		{"If-Match", tag},
		{"If-Match", `"other"`},
	}
}

// joined replaces content of several ranges, whose boundary is random, by what
// is in it.
func joined(t *testing.T, a answer) answer {
	t.Helper()
	kind, params, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if kind != "multipart/byteranges" || a.body == "" {
		if kind == "multipart/byteranges" {
			a.header.Set("Content-Type", kind)
		}
		return a
	}
	var content strings.Builder
	parts := multipart.NewReader(strings.NewReader(a.body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("read a part of %q: %v", a.header.Get("Content-Type"), err)
		}
		fmt.Fprintf(&content, "%v ", part.Header)
		if _, err := io.Copy(&content, part); err != nil {
			t.Fatal(err)
		}
	}
	a.header.Set("Content-Type", kind)
	a.body = content.String()
	return a
}

// TestFileServerIsRecorded covers what is not a file: a directory's listing,
// redirects to and from it, and what is missing.
func TestFileServerIsRecorded(t *testing.T) {
	t.Parallel()
	s := setUpStatic(t)
	for target, status := range map[string]int{"/": 200, "/untagged": 301, "/untagged/": 200, "/index.html": 301, "/missing.txt": 404, "/weak/../text.txt": 200} {
		miss, hit := s.get(t, target), s.get(t, target)
		if miss.cache() != "MISS" || miss.status != status || hit.cache() != "HIT" {
			t.Errorf("%s: %d %s, then %s", target, miss.status, miss.cache(), hit.cache())
		}
		sameAnswer(t, target, miss, hit)
	}
}

// A curlAnswer is what curl wrote, and said.
type curlAnswer struct {
	body, status, cache string
	encoding            string // Content-Encoding
}

// curl runs curl in a directory, the content going to the file "out".
func (s *staticBench) curl(t *testing.T, sh *shell, dir, target string, args ...string) curlAnswer {
	t.Helper()
	args = append([]string{"--silent", "--show-error", "--dump-header", "head", "--output", "out"}, append(args, s.URL+target)...)
	sh.run(t, dir, "", "curl", args...)
	head, err := os.ReadFile(filepath.Join(dir, "head"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	a := curlAnswer{body: string(content)}
	for line := range strings.Lines(string(head)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case strings.HasPrefix(name, "HTTP/"):
			a.status, _, _ = strings.Cut(value, " ")
		case strings.EqualFold(name, "X-Cache:"):
			a.cache = value
		case strings.EqualFold(name, "Content-Encoding:"):
			a.encoding = value
		}
	}
	return a
}

func TestCurlResumesAndAsksOnConditions(t *testing.T) {
	t.Parallel()
	sh := newShell(t, "curl")
	s := setUpStatic(t)
	text, large := s.files["/text.txt"], s.files["/large.bin"]
	old, recent := modified.Add(-time.Hour).Format(http.TimeFormat), modified.Add(time.Hour).Format(http.TimeFormat)
	for _, c := range []struct {
		target string
		have   string // the content of the file beforehand
		args   []string
		want   curlAnswer
	}{
		{"/large.bin", large[:100_000], []string{"--continue-at", "-"}, curlAnswer{large, "206", "MISS", ""}},
		{"/large.bin", large[:299_999], []string{"--continue-at", "-"}, curlAnswer{large, "206", "HIT", ""}},
		{"/large.bin", "", nil, curlAnswer{large, "200", "HIT", ""}},
		{"/large.bin", "", []string{"--http2-prior-knowledge"}, curlAnswer{large, "200", "HIT", ""}},
		{"/large.bin", "", []string{"--range", "5-14"}, curlAnswer{large[5:15], "206", "HIT", ""}},
		{"/large.bin", "", []string{"--range", "-7"}, curlAnswer{large[len(large)-7:], "206", "HIT", ""}},
		{"/text.txt", "", []string{"--head"}, curlAnswer{"", "200", "MISS", ""}},
		{"/text.txt", "", []string{"--time-cond", recent}, curlAnswer{"", "304", "MISS", ""}},
		{"/text.txt", "", []string{"--time-cond", recent}, curlAnswer{"", "304", "HIT", ""}},
		{"/text.txt", "", []string{"--time-cond", old}, curlAnswer{text, "200", "HIT", ""}},
		{"/text.txt", "", []string{"--compressed"}, curlAnswer{text, "200", "HIT", ""}},
		{"/text.txt", "", []string{"--header", "If-None-Match: " + tag("/text.txt", text)}, curlAnswer{"", "304", "HIT", ""}},
	} {
		dir := t.TempDir()
		if c.have != "" {
			writeFile(t, c.have, dir, "out")
		}
		got := s.curl(t, sh, dir, c.target, c.args...)
		if slices.Contains(c.args, "--head") {
			got.body = ""
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(curlAnswer{})); diff != "" {
			t.Errorf("curl %q %s (-want +got):\n%.1000s", c.args, c.target, diff)
		}
	}
	if s.originAsked() != 3 {
		t.Errorf("the origin was asked %d times, want once for GET of each file and once for HEAD", s.originAsked())
	}
}
