package replay_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

// echoes answers with a field of the request, and with the header that change
// sets.
func echoes(field string, change func(http.Header)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if change != nil {
			change(w.Header())
		}
		fmt.Fprintf(w, "%s says %s", r.URL.Path, r.Header.Get(field))
	}
}

func varyOn(value string) func(http.Header) {
	return func(h http.Header) { h.Set("Vary", value) }
}

func TestOfflineHonoursVary(t *testing.T) {
	b := setUp(t, echoes("Accept-Language", varyOn("Accept-Language")), recording)
	b.get(t, "/", "Accept-Language", "de")
	b.get(t, "/", "Accept-Language", "fr")
	off := b.goOffline(t, nil)
	for range 2 {
		for language, want := range map[string]string{"de": "/ says de", "fr": "/ says fr"} {
			if a := off.get(t, "/", "Accept-Language", language); a.body != want || a.cache() != "HIT" {
				t.Errorf("%s: %s %q", language, a.cache(), a.body)
			}
		}
	}
	if a := off.get(t, "/", "Accept-Language", "it"); a.status != http.StatusFailedDependency || a.cache() != "MISS" {
		t.Errorf("a language that was not recorded: %d %s %q", a.status, a.cache(), a.body)
	}
}

func TestVaryOnEverythingReplaysInOrder(t *testing.T) {
	b := setUp(t, echoes("X-N", varyOn("*")), nil)
	b.get(t, "/", "X-N", "1")
	b.get(t, "/", "X-N", "2")
	b.goOffline(t, nil).wantAnswers(t, []string{"GET /", "GET /", "GET /"}, []string{"200 / says 1", "200 / says 2", "200 / says 2"})
}

func TestOfflineTellsCredentialsApartWhereItMust(t *testing.T) {
	b := setUp(t, echoes("Authorization", nil), recording)
	b.get(t, "/one", "Authorization", "Bearer ada")
	b.get(t, "/two", "Authorization", "Bearer ada")
	b.get(t, "/two", "Authorization", "Bearer bob")
	b.get(t, "/open")
	b.get(t, "/mixed")
	b.get(t, "/mixed", "Authorization", "Bearer ada")
	off := b.goOffline(t, nil)
	for _, c := range []struct{ target, credentials, want string }{
		{"/one", "Bearer ada", "/one says Bearer ada"},
		{"/one", "Bearer dummy", "/one says Bearer ada"},
		{"/one", "", "/one says Bearer ada"},
		{"/two", "Bearer ada", "/two says Bearer ada"},
		{"/two", "Bearer bob", "/two says Bearer bob"},
		{"/two", "Bearer dummy", "miss"},
		{"/two", "", "miss"},
		{"/open", "", "/open says "},
		{"/open", "Bearer dummy", "/open says "},
		{"/mixed", "", "/mixed says "},
		{"/mixed", "Bearer ada", "/mixed says Bearer ada"},
		{"/mixed", "Bearer dummy", "/mixed says Bearer ada"},
	} {
		var pairs []string
		if c.credentials != "" {
			pairs = []string{"Authorization", c.credentials}
		}
		a := off.get(t, c.target, pairs...)
		if a.status == http.StatusFailedDependency {
			a.body = "miss"
		}
		if a.body != c.want {
			t.Errorf("%s with %q: %q, want %q", c.target, c.credentials, a.body, c.want)
		}
	}
}

// TestADummyTokenIsTheSameRequest: tests make tokens up anew each time.
func TestADummyTokenIsTheSameRequest(t *testing.T) {
	b := setUp(t, everyAnswer(), recording)
	for range 3 {
		b.get(t, "/", "Authorization", "Bearer real")
	}
	off := b.goOffline(t, nil)
	for i := range 3 {
		want := fmt.Sprint("answer ", i+1)
		if a := off.get(t, "/", "Authorization", fmt.Sprint("Bearer dummy-", i)); a.body != want {
			t.Errorf("got %q, want %q", a.body, want)
		}
	}
}

func TestPartsAndConditionsAreAnsweredFromTakes(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		w.Write([]byte("0123456789"))
	}, nil)
	b.get(t, "/")
	off := b.goOffline(t, nil)
	for _, c := range []struct {
		field, value string
		status       int
		body         string
	}{
		{"Range", "bytes=2-4", 206, "234"},
		{"Range", "bytes=20-", 416, ""},
		{"If-None-Match", `"v1"`, 304, ""},
		{"If-None-Match", `"v2"`, 200, "0123456789"},
		{"If-Match", `"v2"`, 412, ""},
	} {
		a := off.get(t, "/", c.field, c.value)
		if a.status != c.status || c.body != "" && a.body != c.body || a.cache() != "HIT" {
			t.Errorf("%s: %s: %d %s %q, want %d %q", c.field, c.value, a.status, a.cache(), a.body, c.status, c.body)
		}
	}
}

func TestALargeUploadIsFoundByItsDigest(t *testing.T) {
	b := setUp(t, everyAnswer(), nil)
	large := strings.Repeat("x", fixtures.MaxRequestBody+1)
	b.do(t, "POST", "/", large)
	b.do(t, "POST", "/", large+"y")
	off := b.goOffline(t, nil)
	for _, c := range []struct{ content, want string }{{large + "y", "answer 2"}, {large, "answer 1"}} {
		if a := off.do(t, "POST", "/", c.content); a.body != c.want {
			t.Errorf("%d bytes: %d %.100q, want %q", len(c.content), a.status, a.body, c.want)
		}
	}
	if a := off.do(t, "POST", "/", large+"z"); a.status != http.StatusFailedDependency {
		t.Errorf("content that was not recorded: %d %.100q", a.status, a.body)
	}
}

// TestALargeUploadIsAnsweredBesideAnOrigin: by what the fixtures have; what they have
// not is forwarded whole, and recorded by its digest.
func TestALargeUploadIsAnsweredBesideAnOrigin(t *testing.T) {
	got := make(chan int64, 4)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		got <- n
	}, nil)
	upload := func(boundary, end string) (body, contentType string) {
		return "--" + boundary + "\r\n\r\n" + strings.Repeat("x", fixtures.MaxRequestBody+1) + end + "\r\n--" + boundary + "--\r\n", "multipart/mixed; boundary=" + boundary
	}
	body, contentType := upload("one", "")
	b.do(t, "POST", "/", body, "Content-Type", contentType)
	<-got
	run := &bench{store: b.store, dir: b.dir}
	run.front(t, b.proxy.Origin.Name, func(f *bench) {
		f.proxy = &replay.Proxy{
			Sequence: &replay.Sequence{Store: b.store, Catalog: &replay.Catalog{Store: b.store}},
			Cache:    b.proxy.Cache, Origin: b.proxy.Origin,
		}
	})
	body, contentType = upload("other", "")
	if a := run.do(t, "POST", "/", body, "Content-Type", contentType); a.cache() != "HIT" {
		t.Errorf("with another boundary: %d %s", a.status, a.cache())
	}
	body, contentType = upload("one", "y")
	for _, want := range []string{"MISS", "HIT"} {
		if a := run.do(t, "POST", "/", body, "Content-Type", contentType); a.cache() != want {
			t.Errorf("with other content: %d %s, want %s", a.status, a.cache(), want)
		}
	}
	if n := <-got; n != int64(len(body)) {
		t.Errorf("the origin got %d bytes, want %d", n, len(body))
	}
}

// TestTooMuchContentIsNotTakenForNone: what is too large to look up is never
// answered from the recording of the same request without content.
func TestTooMuchContentIsNotTakenForNone(t *testing.T) {
	b := setUp(t, everyAnswer(), func(b *bench) { b.proxy.Cache.Methods = fixtures.Methods{"POST"} })
	b.do(t, "POST", "/", "")
	if a := b.do(t, "POST", "/", strings.Repeat("x", fixtures.MaxRequestBody+1)); a.body != "answer 2" || a.cache() != "BYPASS" {
		t.Errorf("%s %q", a.cache(), a.body)
	}
}

func TestOfflineNamesTheProxyAndNotTheOrigin(t *testing.T) {
	for _, name := range []string{"", "api"} {
		b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
			base := "http://" + r.Host
			w.Header().Set("Location", base+"/next?a=1")
			w.Header().Set("Link", "<"+base+"/page/2>; rel=next, </page/3>; rel=last")
			w.Header().Set("Set-Cookie", "sid=1; Domain=127.0.0.1; Secure")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusFound)
			fmt.Fprintf(w, `{"self":%q}`, base+r.URL.Path)
		}, func(b *bench) {
			if name != "" {
				b.proxy.Origin.Name = name
			}
		})
		b.get(t, "/")
		off := b.goOffline(t, nil)
		for prefix, at := range map[string]string{"": off.URL, "/__cannery/session/s": off.URL + "/__cannery/session/s"} {
			a := off.get(t, prefix+"/")
			got := []string{a.header.Get("Location"), a.header.Get("Link"), a.header.Get("Set-Cookie"), a.body}
			want := []string{
				at + "/next?a=1",
				"<" + at + "/page/2>; rel=next, <" + prefix + "/page/3>; rel=last",
				"sid=1",
				fmt.Sprintf(`{"self":%q}`, at+"/"),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("origin %q, prefix %q (-want +got):\n%s", name, prefix, diff)
			}
		}
	}
}

// TestLinksLeadToWhereTheyWereRecorded: an origin that has moved since keeps
// its name, and what it said before names where it was.
func TestLinksLeadToWhereTheyWereRecorded(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://"+r.Host+"/next")
	}, func(b *bench) { b.proxy.Origin.Name = "api" })
	b.get(t, "/")
	b.proxy.Origin.URL = &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	if a := b.get(t, "/"); a.cache() != "HIT" || a.header.Get("Location") != b.URL+"/next" {
		t.Errorf("%s to %s", a.cache(), a.header.Get("Location"))
	}
}

func TestTheOnlyOriginNeedsNoName(t *testing.T) {
	b := setUp(t, everyAnswer(), nil)
	b.get(t, "/")
	if a := b.goOffline(t, nil).get(t, "/"); a.cache() != "HIT" {
		t.Errorf("one origin: %d %s", a.status, a.body)
	}
	other := setUp(t, everyAnswer(), nil)
	b.front(t, other.origin.URL, nil)
	b.get(t, "/")
	if a := b.goOffline(t, nil).get(t, "/"); a.status != http.StatusFailedDependency {
		t.Errorf("two origins: %d %s", a.status, a.body)
	}
	named := b.goOffline(t, func(p *replay.Proxy) { p.Origin.Name = other.origin.URL })
	if a := named.get(t, "/"); a.cache() != "HIT" {
		t.Errorf("two origins, one named: %d %s", a.status, a.body)
	}
}
