package replay_test

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
)

// A trio is a proxy in front of three origins: "one" at /, "tls" over TLS and HTTP/2,
// with a base path, and "h2c".
type trio struct {
	*bench
	at map[string]string // the URLs of the origins, as answers name them
}

// setUpTrio answers of each origin with what its handler does; r.Host tells whose it is.
func setUpTrio(t *testing.T, handler http.HandlerFunc, change func(*bench)) *trio {
	t.Helper()
	secure := httptest.NewUnstartedServer(handler)
	secure.EnableHTTP2 = true
	secure.Config.ErrorLog = silence
	secure.StartTLS()
	t.Cleanup(secure.Close)
	pool := x509.NewCertPool()
	pool.AddCert(secure.Certificate())
	unencrypted := h2cOrigin(t, handler)
	b := setUp(t, handler, nil)
	b.front(t, b.origin.URL, func(b *bench) {
		b.proxy.Origin.Name = "one"
		for _, o := range []replay.Origin{{Name: "tls", URL: mustParse(t, secure.URL+"/base")}, {Name: "h2c", URL: mustParse(t, "h2c://"+unencrypted)}} {
			transport := recorder.NewTransport(recorder.TransportConfig{Origin: o.URL, RootCAs: pool})
			t.Cleanup(transport.CloseIdleConnections)
			o.Forwarder = &recorder.Recorder{Origin: o.URL, Transport: transport, Store: b.store, MaxBody: 1 << 20}
			b.proxy.Others = append(b.proxy.Others, o)
		}
		if change != nil {
			change(b)
		}
	})
	return &trio{b, map[string]string{"one": b.origin.URL, "tls": secure.URL + "/base", "h2c": "http://" + unencrypted}}
}

// offline returns a proxy on what the trio has recorded, which is told nothing of
// origins but which is the first.
func (b *trio) offline(t *testing.T) *bench {
	t.Helper()
	off := &bench{dir: b.dir, store: b.store}
	if err := b.store.SetRules(t.Context(), fixtures.Rules{First: "one"}); err != nil {
		t.Fatal(err)
	}
	off.front(t, "http://unused.test", func(off *bench) {
		off.proxy.Cache, off.proxy.Origin = nil, replay.Origin{}
		off.proxy.Sequence = &replay.Sequence{Store: b.store, Catalog: &replay.Catalog{Store: b.store}}
	})
	return off
}

var places = map[string]string{
	"one": "", "tls": "/__cannery/origin/tls", "h2c": "/__cannery/origin/h2c",
	"one by name":          "/__cannery/origin/one",
	"tls in a session":     "/__cannery/session/s/origin/tls",
	"h2c in a session":     "/__cannery/session/s/__cannery/origin/h2c",
	"h2c, then a session":  "/__cannery/origin/h2c/__cannery/session/s",
	"one in a session":     "/__cannery/session/s",
	"one, named, in a one": "/__cannery/session/s/origin/one",
}

func TestEachOriginIsAtItsPath(t *testing.T) {
	b := setUpTrio(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Host+r.RequestURI)
	}, nil)
	expect := func(t *testing.T, b *bench, at map[string]string, cache string) {
		t.Helper()
		for name, place := range places {
			origin := name[:3]
			_, host, _ := strings.Cut(at[origin], "://")
			if a := b.get(t, place+"/x?a=1"); a.body != host+"/x?a=1" || a.cache() != cache && cache != "" {
				t.Errorf("%s: %q %s, want %q %s", place, a.body, a.cache(), host, cache)
			}
		}
		if a := b.get(t, "/__cannery/session/s/origin/nobody"); strings.Contains(a.body, "no such origin") {
			t.Error("a path of the first origin's is taken for the name of another")
		}
	}
	expect(t, b.bench, b.at, "")
	expect(t, b.bench, b.at, "HIT")
	if a := b.get(t, "/__cannery/origin/nobody/x"); a.status != http.StatusNotFound || !strings.Contains(a.body, "/__cannery/origin/tls") {
		t.Errorf("an origin that is none: %d %s", a.status, a.body)
	}
	off := b.offline(t)
	expect(t, off, b.at, "HIT")
	a := off.get(t, "/__cannery/origin/tls/gone")
	if a.status != http.StatusFailedDependency || !strings.Contains(a.body, "of the origin tls") {
		t.Errorf("a miss: %d %s", a.status, a.body)
	}
	a = off.get(t, "/__cannery/origin/nobody/x?a=1")
	if a.status != http.StatusFailedDependency || !strings.Contains(a.body, "request is for nobody") {
		t.Errorf("a miss of an origin that is not recorded: %d %s", a.status, a.body)
	}
}

// TestLinksLeadFromOriginToOrigin: live, again, and offline, from every origin and in
// sessions, in fields, in plain and in coded text.
func TestLinksLeadFromOriginToOrigin(t *testing.T) {
	var at map[string]string
	b := setUpTrio(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", at[r.FormValue("to")]+"/there?x")
		w.Header().Set("Link", "<"+at["one"]+"/1>, <"+at["h2c"]+"/2>, <https://elsewhere.test/>")
		w.Header().Set("Content-Type", "application/json")
		text := fmt.Sprintf(`{"one":%q,"tls":"%s","h2c":%q,"other":%q}`, at["one"]+"/a", strings.ReplaceAll(at["tls"]+"/b", "/", `\/`), at["h2c"], at["h2c"]+"9/")
		if strings.HasSuffix(r.URL.Path, "/only") {
			text = at[r.FormValue("to")] + "/z"
		}
		if r.FormValue("coded") != "" {
			w.Header().Set("Content-Encoding", "gzip")
			text = string(gzipped(t, text))
		}
		w.WriteHeader(http.StatusFound)
		io.WriteString(w, text)
	}, nil)
	at = b.at
	expect := func(b *bench) {
		t.Helper()
		for _, session := range []string{"", "/__cannery/session/s"} {
			own := map[string]string{"one": session, "tls": "/__cannery/origin/tls", "h2c": "/__cannery/origin/h2c"}
			if session != "" {
				own["tls"], own["h2c"] = session+"/origin/tls", session+"/origin/h2c"
			}
			for from, place := range own {
				for to, path := range own {
					for _, coded := range []string{"", "&coded=1"} {
						a := b.get(t, place+"/x?to="+to+coded)
						if got := a.header.Get("Location"); got != b.URL+path+"/there?x" {
							t.Errorf("from %s: Location %q, want %q", from, got, b.URL+path)
						}
						if got, want := a.header.Get("Link"), fmt.Sprintf("<%s/1>, <%s/2>, <https://elsewhere.test/>", b.URL+own["one"], b.URL+own["h2c"]); got != want {
							t.Errorf("from %s: Link %q, want %q", from, got, want)
						}
						want := fmt.Sprintf(`{"one":%q,"tls":"%s","h2c":%q,"other":%q}`, b.URL+own["one"]+"/a", strings.ReplaceAll(b.URL+own["tls"]+"/b", "/", `\/`), b.URL+own["h2c"], at["h2c"]+"9/")
						if only := b.get(t, place+"/only?to="+to+coded); only.body != b.URL+path+"/z" {
							t.Errorf("from %s (%s): %s, want %s", from, only.cache(), only.body, b.URL+path+"/z")
						}
						if a.body != want {
							t.Errorf("from %s (%s):\n%s, want\n%s", from, a.cache(), a.body, want)
						}
					}
				}
			}
		}
	}
	expect(b.bench)
	expect(b.bench)
	expect(b.offline(t))
}

// TestAnOriginIsAskedByItsOwnURL: a client that has the proxy for its HTTP proxy gets each
// origin, and answers that name the others as they do.
func TestAnOriginIsAskedByItsOwnURL(t *testing.T) {
	var at map[string]string
	b := setUpTrio(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host, " ", at["one"], "/x") }, nil)
	at = b.at
	for _, front := range []*bench{b.bench, b.offline(t)} {
		_, host, _ := strings.Cut(at["h2c"], "://")
		a := front.raw(t, "GET "+at["h2c"]+"/y HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		if !strings.Contains(a, host+" "+at["one"]+"/x") {
			t.Errorf("%s", a)
		}
	}
}

// TestCookiesStayWithTheirOrigin: a client that keeps them by host and path, as all
// do, sends each origin its own.
func TestCookiesStayWithTheirOrigin(t *testing.T) {
	var at map[string]string
	b := setUpTrio(t, func(w http.ResponseWriter, r *http.Request) {
		who := ""
		for name, url := range at {
			if _, host, _ := strings.Cut(url, "://"); strings.HasPrefix(host, r.Host) {
				who = name
			}
		}
		if strings.HasSuffix(r.URL.Path, "/login") {
			w.Header().Add("Set-Cookie", "sid="+who+"; Path=/; Secure; HttpOnly")
			w.Header().Add("Set-Cookie", "same=value; Path=/base")
			w.Header().Add("Set-Cookie", who+"=1")
		}
		var names []string
		for _, c := range r.Cookies() {
			names = append(names, c.Name+"="+c.Value)
		}
		slices.Sort(names)
		fmt.Fprint(w, strings.Join(names, " "))
	}, nil)
	at = b.at
	for _, order := range [][]string{{"one", "tls", "h2c"}, {"h2c", "tls", "one"}} {
		jar, _ := cookiejar.New(nil)
		client := &http.Client{Jar: jar}
		get := func(name, path string) string {
			t.Helper()
			req, _ := http.NewRequest(http.MethodGet, b.URL+places[name]+path, nil)
			req.AddCookie(&http.Cookie{Name: "own", Value: "client's"})
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, _ := io.ReadAll(res.Body)
			return string(text)
		}
		for _, name := range order {
			get(name, "/login")
		}
		for _, name := range order {
			want := []string{name + "=1", "own=client's", "sid=" + name}
			if name == "tls" { // its base path is /base, and no other's
				want = append(want, "same=value")
			}
			slices.Sort(want)
			if got := get(name, "/who?"+order[0]); got != strings.Join(want, " ") {
				t.Errorf("%v: %s gets %q, want %q", order, name, got, want)
			}
		}
	}
}

// TestPathsOfCookies: they are the proxy's, whatever the origin's and the prefix.
func TestPathsOfCookies(t *testing.T) {
	b := setUpTrio(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Set-Cookie", r.FormValue("c")) }, nil)
	for _, c := range []struct{ place, cookie, want string }{
		{"/d/x", "a=1; Path=/", "a=1; Path=/"},
		{"/d/x", "a=1", "a=1"},
		{"/__cannery/origin/tls/d/x", "a=1; Path=/base/d; HttpOnly", "a=1; Path=/__cannery/origin/tls/d; HttpOnly"},
		{"/__cannery/origin/tls/d/x", "a=1; path=/", "a=1; Path=/__cannery/origin/tls"},
		{"/__cannery/origin/tls/d/x", "a=1; Path=/base", "a=1; Path=/__cannery/origin/tls"},
		{"/__cannery/origin/tls/d/x", "a=1", "a=1; Path=/__cannery/origin/tls/d"},
		{"/__cannery/origin/h2c", "a=1", "a=1; Path=/__cannery/origin/h2c"},
		{"/__cannery/origin/h2c/x", "a=1; Path=x", "a=1; Path=x; Path=/__cannery/origin/h2c"},
		{"/__cannery/session/s/x", "a=1; Path=/", "a=1; Path=/__cannery/session/s"},
		{"/__cannery/session/s/origin/h2c/x", "a=1; Path=/y", "a=1; Path=/__cannery/session/s/origin/h2c/y"},
		{"/__cannery/origin/h2c/x", "__Host-a=1; Path=/; Secure", "__Host-a=1; Path=/; Secure"},
	} {
		if got := b.get(t, c.place+"?c="+strings.NewReplacer(" ", "%20", ";", "%3B").Replace(c.cookie)).header.Get("Set-Cookie"); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", c.place, c.cookie, got, c.want)
		}
	}
}

// TestACookieOfADomainIsForItsOrigins: one for a whole domain goes to each origin that is
// in it, and to no other.
func TestACookieOfADomainIsForItsOrigins(t *testing.T) {
	answered := func(r *http.Request) (*http.Response, error) {
		header := http.Header{"Set-Cookie": {"sso=1; Domain=shop.test; Path=/", "mine=" + r.URL.Hostname() + "; Path=/"}, "Content-Type": {"text/plain"}}
		return &http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1, Header: header, Body: io.NopCloser(strings.NewReader(r.Header.Get("Cookie"))), Request: r}, nil
	}
	b := setUp(t, http.NotFound, nil)
	b.front(t, "https://www.shop.test", func(b *bench) {
		b.recorder.Transport = roundTripper(answered)
		for _, name := range []string{"auth.shop.test", "other.test"} {
			at := mustParse(t, "https://"+name)
			b.proxy.Others = append(b.proxy.Others, replay.Origin{Name: name, URL: at, Forwarder: &recorder.Recorder{Origin: at, Transport: roundTripper(answered), Store: b.store, MaxBody: 1 << 20}})
		}
	})
	jar, _ := cookiejar.New(nil)
	get := func(path string) string {
		t.Helper()
		res, err := (&http.Client{Jar: jar}).Get(b.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		return string(text)
	}
	get("/__cannery/origin/auth.shop.test/login")
	for path, want := range map[string]string{"/a": "sso=1", "/__cannery/origin/auth.shop.test/a": "mine=auth.shop.test; sso=1", "/__cannery/origin/other.test/a": ""} {
		got := strings.Split(get(path), "; ")
		slices.Sort(got)
		if strings.Join(got, "; ") != want {
			t.Errorf("%s gets %q, want %q", path, got, want)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
