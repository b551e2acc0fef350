package replay_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"example.com/cannery/fixtures"
)

// echo answers with what it was asked, and a number that tells answers apart.
func echo() http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		n++
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%d %s %s %s", n, r.Method, r.RequestURI, body)
	}
}

func TestNobodyGetsSomebodyElsesAnswer(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "for ", r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"), r.Header.Get("Cookie"))
	}, nil)
	users := [][]string{
		nil,
		{"Authorization", "Bearer a"},
		{"Authorization", "Bearer b"},
		{"X-Api-Key", "a"},
		{"X-Api-Key", "a", "Authorization", "Bearer a"},
		{"Cookie", "sid=1"},
		{"Cookie", "sid=2"},
	}
	for _, want := range []string{"MISS", "HIT"} {
		for _, user := range users {
			a := b.get(t, "/me", user...)
			h := http.Header{}
			for i := 0; i < len(user); i += 2 {
				h.Set(user[i], user[i+1])
			}
			own := "for " + h.Get("Authorization") + h.Get("X-Api-Key") + h.Get("Cookie")
			if a.cache() != want || a.body != own {
				t.Errorf("%v got %s %q, want %s %q", user, a.cache(), a.body, want, own)
			}
		}
	}
}

func TestVaryTellsVariantsApart(t *testing.T) {
	for _, vary := range [][]string{
		{"Accept-Language"},
		{"accept-language, Accept"},
		{"Accept", "ACCEPT-LANGUAGE"},
		{"Accept-Encoding,accept-language"},
	} {
		b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
			for _, v := range vary {
				w.Header().Add("Vary", v)
			}
			fmt.Fprint(w, r.Header.Get("Accept-Language"))
		}, nil)
		for _, want := range []string{"MISS", "HIT"} {
			for _, lang := range []string{"de", "fr", "", "de, fr"} {
				var pairs []string
				if lang != "" {
					pairs = []string{"Accept-Language", lang}
				}
				if a := b.get(t, "/", pairs...); a.cache() != want || a.body != lang {
					t.Errorf("Vary %q: language %q got %s %q, want %s", vary, lang, a.cache(), a.body, want)
				}
			}
		}
		if a := b.get(t, "/", "Accept-Language", "de", "Accept-Language", "fr"); a.cache() != "HIT" {
			t.Errorf("two lines are not the same as their list: %s", a.cache())
		}
	}
}

func TestVaryOnEverythingIsNeverAHit(t *testing.T) {
	for _, vary := range []string{"*", "Accept, *", "*,Accept"} {
		origin := echo()
		b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Vary", vary)
			origin(w, r)
		}, nil)
		for range 3 {
			if a := b.get(t, "/"); a.cache() != "MISS" {
				t.Errorf("Vary: %s is a %s", vary, a.cache())
			}
		}
	}
}

func TestContentIsServedInACodingTheClientAccepts(t *testing.T) {
	const text = "a text that is long enough to be worth a content coding of its own"
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept-Encoding")
		w.Header().Set("Etag", `"strong"`)
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(gzipped(t, text))
	}, nil)
	coded := string(gzipped(t, text))
	if a := b.get(t, "/", "Accept-Encoding", "gzip"); a.cache() != "MISS" || a.body != coded {
		t.Fatalf("MISS: %v", a)
	}
	for accept, want := range map[string]string{
		"gzip":                       coded,
		"GZip":                       coded,
		"x-gzip":                     coded,
		"br, gzip;q=0.1":             coded,
		"*":                          coded,
		"identity, *;q=0.5":          coded,
		"":                           text,
		"br":                         text,
		"gzip;q=0":                   text,
		"gzip;q=0.0, *":              text,
		"*;q=0":                      text,
		"identity":                   text,
		"deflate, br;q=1, gzip; q=0": text,
	} {
		var pairs []string
		if accept != "" {
			pairs = []string{"Accept-Encoding", accept}
		}
		a := b.get(t, "/", pairs...)
		if a.cache() != "HIT" || a.body != want {
			t.Errorf("Accept-Encoding %q: %s %.40q", accept, a.cache(), a.body)
		}
		if tag := a.header.Get("Etag"); (want == text) != strings.HasPrefix(tag, "W/") {
			t.Errorf("Accept-Encoding %q: Etag %s", accept, tag)
		}
	}
	// A part of decoded content is a part of what the client would get whole.
	if a := b.get(t, "/", "Range", "bytes=2-5"); a.status != 206 || a.body != text[2:6] {
		t.Errorf("range of decoded content: %d %q", a.status, a.body)
	}
}

func TestPartsAreAnsweredFromTheFullRecording(t *testing.T) {
	const text = "0123456789"
	ofTheWhole := []string{"Content-Md5", "Content-Digest", "X-Amz-Checksum-Crc32"}
	for _, first := range []string{"the full answer", "a part"} {
		b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
			for _, name := range []string{"Range", "If-Range", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since"} {
				if r.Header[name] != nil {
					t.Errorf("%s was forwarded", name)
				}
			}
			w.Header().Set("Etag", `"v1"`)
			w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Length", "10")
			w.Header().Set("Repr-Digest", "sha-256=:YQ==:")
			for _, name := range ofTheWhole {
				w.Header().Set(name, "of the whole")
			}
			io.WriteString(w, text)
		}, nil)
		if first == "a part" {
			if a := b.get(t, "/", "Range", "bytes=0-0"); a.status != 206 || a.body != "0" || a.cache() != "MISS" {
				t.Errorf("a range that misses: %v", a)
			}
		} else {
			b.get(t, "/")
		}
		for _, c := range []struct {
			status int
			body   string
			pairs  []string
		}{
			{200, text, nil},
			{206, "234", []string{"Range", "bytes=2-4"}},
			{206, "89", []string{"Range", "bytes=-2"}},
			{206, "789", []string{"Range", "bytes=7-"}},
			{416, "", []string{"Range", "bytes=20-"}},
			{206, "01", []string{"Range", "bytes=0-1", "If-Range", `"v1"`}},
			{200, text, []string{"Range", "bytes=0-1", "If-Range", `"v0"`}},
			{200, text, []string{"Range", "bytes=0-1", "If-Range", `W/"v1"`}},
			{206, "01", []string{"Range", "bytes=0-1", "If-Range", "Mon, 02 Jan 2006 15:04:05 GMT"}},
			{304, "", []string{"If-None-Match", `"v1"`}},
			{304, "", []string{"If-None-Match", `W/"v1"`}},
			{304, "", []string{"If-None-Match", `"a", "v1"`}},
			{304, "", []string{"If-None-Match", `*`}},
			{200, text, []string{"If-None-Match", `"v2"`}},
			{304, "", []string{"If-Modified-Since", "Mon, 02 Jan 2006 15:04:05 GMT"}},
			{200, text, []string{"If-Modified-Since", "Mon, 02 Jan 2006 15:04:04 GMT"}},
			{412, "", []string{"If-Match", `"v2"`}},
			{200, text, []string{"If-Match", `"v1"`}},
			{412, "", []string{"If-Unmodified-Since", "Mon, 02 Jan 2006 15:04:04 GMT"}},
		} {
			a := b.get(t, "/", c.pairs...)
			if a.status != c.status || a.cache() != "HIT" || c.status < 400 && a.body != c.body {
				t.Errorf("after %s, %q: %d %s %q, want %d %q", first, c.pairs, a.status, a.cache(), a.body, c.status, c.body)
			}
			for _, name := range ofTheWhole {
				if part := c.status == 206; part == (a.header[name] != nil) && c.status < 300 {
					t.Errorf("after %s, %q: %d with %s: %q", first, c.pairs, a.status, name, a.header[name])
				}
			}
			if c.status < 300 && a.header["Repr-Digest"] == nil {
				t.Errorf("after %s, %q: no Repr-Digest", first, c.pairs)
			}
		}
		if a := b.get(t, "/", "Range", "bytes=0-1,4-5"); a.status != 206 || !strings.Contains(a.body, "Content-Range: bytes 4-5/10\r\nContent-Type: text/plain\r\n\r\n45\r\n") {
			t.Errorf("several ranges: %d %q", a.status, a.body)
		}
		if n := b.originAsked(); n != 1 {
			t.Errorf("the origin was asked %d times", n)
		}
	}
}

func TestPartOfAnAnswerThatIsNotRecordedPasses(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "down", http.StatusServiceUnavailable) }, nil)
	if a := b.get(t, "/", "Range", "bytes=0-1"); a.status != 503 || a.cache() != "BYPASS" || a.body != "down\n" {
		t.Errorf("%v", a)
	}
	b = setUp(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			w.WriteHeader(206)
			io.WriteString(w, "part")
			return
		}
		w.(http.Flusher).Flush()
		io.WriteString(w, strings.Repeat("long", 1000))
	}, func(b *bench) { b.recorder.MaxBody = 1000 })
	if a := b.get(t, "/", "Range", "bytes=0-3"); a.status != 206 || a.cache() != "BYPASS" || a.body != "part" {
		t.Errorf("a part of what is too long to record: %v", a)
	}
}

func TestBodiesAreComparedByMeaning(t *testing.T) {
	b := setUp(t, echo(), func(b *bench) {
		b.recorder.Methods = fixtures.Methods{"POST"}
		b.proxy.Cache.Methods = b.recorder.Methods
	})
	post := func(contentType, body string) answer {
		return b.do(t, "POST", "/search", body, "Content-Type", contentType)
	}
	for _, c := range []struct{ contentType, first, same, other string }{
		{"application/json", `{"a":1,"b":[1,2]}`, ` { "b" : [1, 2], "a":1 }`, `{"a":1.0,"b":[1,2]}`},
		{"application/vnd.api+json; charset=utf-8", `{"x":"é"}`, `{"x":"\u00e9"}`, `{"x":"e"}`},
		{"application/x-www-form-urlencoded", "a=1&b=2", "b=2&a=1", "a=1&b=2&b=3"},
		{"text/plain", "one", "one", " one"},
	} {
		if a := post(c.contentType, c.first); a.cache() != "MISS" {
			t.Errorf("%s %s: %s", c.contentType, c.first, a.cache())
		}
		if a := post(c.contentType, c.same); a.cache() != "HIT" {
			t.Errorf("%s: %s is not taken for %s", c.contentType, c.same, c.first)
		}
		if a := post(c.contentType, c.other); a.cache() != "MISS" {
			t.Errorf("%s: %s is taken for %s", c.contentType, c.other, c.first)
		}
	}
	part := "--%[1]s\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nvalue\r\n--%[1]s--\r\n"
	for i, boundary := range []string{"one", "two"} {
		a := post("multipart/form-data; boundary="+boundary, fmt.Sprintf(part, boundary))
		if want := []string{"MISS", "HIT"}[i]; a.cache() != want {
			t.Errorf("multipart %s: %s, want %s", boundary, a.cache(), want)
		}
	}
}

func TestRulesDecideWhatCounts(t *testing.T) {
	b := setUp(t, echo(), func(b *bench) {
		b.recorder.Methods = fixtures.Methods{"POST"}
		b.proxy.Cache.Methods = b.recorder.Methods
		rules, err := fixtures.Rules{MatchHeader: []string{"x-tenant"}, Ignore: []string{"query:ts", "json:$.meta.id"}}.Normalize()
		if err != nil {
			t.Fatal(err)
		}
		if err := b.store.SetRules(t.Context(), rules); err != nil {
			t.Fatal(err)
		}
	})
	for _, c := range []struct {
		want, target, body, tenant string
	}{
		{"MISS", "/?a=1&ts=1", "", "x"},
		{"HIT", "/?ts=2&a=1", "", "x"},
		{"HIT", "/?a=1", "", "x"},
		{"MISS", "/?a=1", "", "y"},
		{"MISS", "/j", `{"meta":{"id":1},"q":1}`, ""},
		{"HIT", "/j", `{"q":1,"meta":{"id":2}}`, ""},
		{"MISS", "/j", `{"q":2,"meta":{"id":2}}`, ""},
	} {
		method := "GET"
		if c.body != "" {
			method = "POST"
		}
		if a := b.do(t, method, c.target, c.body, "X-Tenant", c.tenant, "Content-Type", "application/json"); a.cache() != c.want {
			t.Errorf("%s %s as %s: %s, want %s", c.target, c.body, c.tenant, a.cache(), c.want)
		}
	}
}

func TestChangedRulesKeepWhatIsRecorded(t *testing.T) {
	b := setUp(t, echo(), nil)
	b.get(t, "/?a=1&ts=1")
	rules, err := fixtures.Rules{Ignore: []string{"query:ts"}}.Normalize()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.store.SetRules(t.Context(), rules); err != nil {
		t.Fatal(err)
	}
	if a := b.get(t, "/?a=1&ts=2"); a.cache() != "HIT" {
		t.Errorf("after the rules changed: %s", a.cache())
	}
}

func TestSessionSeesItsOwnFirst(t *testing.T) {
	b := setUp(t, echo(), nil)
	shared := b.get(t, "/")
	if a := b.get(t, "/", fixtures.SessionField, "one"); a.cache() != "HIT" || a.body != shared.body {
		t.Errorf("a session does not see the recordings of none: %v", a)
	}
	own := b.get(t, "/own", fixtures.SessionField, "one")
	if own.cache() != "MISS" || b.lastAsked().Header.Get(fixtures.SessionField) != "" {
		t.Errorf("session's MISS: %v, forwarded as %v", own, b.lastAsked().Header)
	}
	if a := b.get(t, "/own", fixtures.SessionField, "one"); a.cache() != "HIT" || a.body != own.body {
		t.Errorf("session's HIT: %v", a)
	}
	if a := b.get(t, "/__cannery/session/one/own"); a.cache() != "HIT" || a.body != own.body {
		t.Errorf("by URL prefix: %v", a)
	}
	for _, pairs := range [][]string{nil, {fixtures.SessionField, "two"}} {
		if a := b.get(t, "/own", pairs...); a.body == own.body {
			t.Errorf("%v sees another session's recording", pairs)
		}
	}
	if a := b.get(t, "/", fixtures.SessionField, "no/name"); a.status != 400 {
		t.Errorf("bad session name: %v", a)
	}
}

// TestARequestIsInOneSession: which of two it is would be a guess.
func TestARequestIsInOneSession(t *testing.T) {
	b := setUp(t, echo(), nil)
	a := b.get(t, "/own", fixtures.SessionField, "one", fixtures.SessionField, "two")
	if a.status != 400 || !strings.Contains(a.body, `sessions [\"one\" \"two\"]`) || b.originAsked() != 0 {
		t.Errorf("two names: %v, and %d reached the origin", a, b.originAsked())
	}
	if a := b.get(t, "/__cannery/session/three/own", fixtures.SessionField, "one"); a.status != 400 || !strings.Contains(a.body, `sessions [\"one\" \"three\"]`) || b.originAsked() != 0 {
		t.Errorf("one in the path and one in a field: %v", a)
	}
	if a := b.get(t, "/__cannery/session/one/own", fixtures.SessionField, "one"); a.status != 200 {
		t.Errorf("the same one in the path and in a field: %v", a)
	}
}
