package replay_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestNoRequestReachesAnotherHost(t *testing.T) {
	elsewhere := script(t, says(good))
	host := strings.TrimPrefix(elsewhere.URL, "http://")
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host, " ", r.RequestURI) }, nil)
	own := strings.TrimPrefix(b.origin.URL, "http://")
	for _, request := range []string{
		"GET " + elsewhere.URL + "/a HTTP/1.1\r\nHost: " + host + "\r\n",
		"GET http://user:pw@" + host + "/b HTTP/1.1\r\nHost: x\r\n",
		"GET /c HTTP/1.1\r\nHost: " + host + "\r\n",
		"GET //" + host + "/d HTTP/1.1\r\nHost: x\r\n",
		"GET /@" + host + "/e HTTP/1.1\r\nHost: x\r\n",
		"GET /f HTTP/1.1\r\nHost: x\r\nX-Forwarded-Host: " + host + "\r\nForwarded: host=" + host + "\r\n",
		"POST " + elsewhere.URL + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n",
		"GET https://" + host + "?g HTTP/1.1\r\nHost: x\r\n",
	} {
		a := b.raw(t, request+"Connection: close\r\n\r\n")
		if _, target, _ := strings.Cut(request, " "); !strings.HasPrefix(target, "/") {
			if !strings.HasPrefix(a, "HTTP/1.1 421 ") || !strings.Contains(a, own) || !strings.Contains(a, host) {
				t.Errorf("%q: %.500q", request, a)
			}
			continue
		}
		if !strings.Contains(a, own+" /") {
			t.Errorf("%q: %.300q", request, a)
		}
	}
	if got := elsewhere.received(); got != "" {
		t.Errorf("the other host got %q", got)
	}
}

// TestHTTP2RequestLinesAreCheckedAsHTTP1s: what net/http lets pass in HTTP/2 would
// be another request on the origin's connection.
func TestHTTP2RequestLinesAreCheckedAsHTTP1s(t *testing.T) {
	b := setUp(t, echo(), nil)
	client := &http.Transport{Protocols: new(http.Protocols)}
	client.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(client.CloseIdleConnections)
	for _, target := range []string{"/a b", "/a HTTP/1.1", "/a?q=b c", "/__cannery/session/s/a b", "/__cannery/health x"} {
		req, err := http.NewRequest("GET", b.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.Opaque = target
		res, err := client.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 400 {
			t.Errorf("%q: %d", target, res.StatusCode)
		}
	}
	for _, method := range []string{"G ET", "GET /x HTTP/1.1", "GE\tT", "GE(T", "GÉT"} {
		// Go's own client does not send these.
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Method, r.Proto, r.ProtoMajor, r.ProtoMinor = method, "HTTP/2.0", 2, 0
		if b.proxy.ServeHTTP(w, r); w.Code != 400 {
			t.Errorf("%q: %d", method, w.Code)
		}
	}
	if n := b.originAsked(); n != 0 {
		t.Errorf("the origin was asked %d times", n)
	}
}

func TestConnectIsNotAllowed(t *testing.T) {
	elsewhere := script(t, says(good))
	b := setUp(t, http.NotFound, nil)
	for _, target := range []string{strings.TrimPrefix(elsewhere.URL, "http://"), "/path", "example.com:443"} {
		a := b.raw(t, "CONNECT "+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(a, "HTTP/1.1 405 ") || !strings.Contains(a, "\r\nAllow: ") {
			t.Errorf("CONNECT %s: %.300q", target, a)
		}
	}
	if elsewhere.received() != "" || b.originAsked() != 0 {
		t.Error("CONNECT reached somebody")
	}
}

func TestOptionsStarIsTheOriginsToAnswer(t *testing.T) {
	origin := script(t, says("HTTP/1.1 200 OK\r\nAllow: GET, BREW\r\nContent-Length: 0\r\n\r\n"))
	b := setUp(t, http.NotFound, nil)
	b.front(t, origin.URL, nil)
	for _, want := range []string{"MISS", "HIT"} {
		a := b.raw(t, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if !strings.Contains(a, "Allow: GET, BREW\r\n") || !strings.Contains(a, "X-Cache: "+want+"\r\n") {
			t.Errorf("want a %s: %q", want, a)
		}
	}
	if got := origin.received(); !strings.HasPrefix(got, "OPTIONS * HTTP/1.1\r\n") {
		t.Errorf("the origin got %q", got)
	}
}

// TestOriginGetsTheClientsFieldsAndNoOthers: a field that cannery adds would
// change what origins answer.
func TestOriginGetsTheClientsFieldsAndNoOthers(t *testing.T) {
	for name, c := range map[string]struct{ sent, want string }{
		"none":            {"", ""},
		"the client's":    {"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nForwarded: for=192.0.2.7\r\nVia: 1.1 before\r\n", "Forwarded: for=192.0.2.7\r\nVia: 1.1 before\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"},
		"codings":         {"Accept-Encoding: br;q=0.5, gzip\r\n", "Accept-Encoding: br;q=0.5, gzip\r\n"},
		"agent":           {"User-Agent: odd/1\r\n", "User-Agent: odd/1\r\n"},
		"empty agent":     {"User-Agent:\r\n", ""},
		"of a connection": {"Connection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: trailers, deflate\r\nX-Yours: 2\r\n", "Te: trailers\r\nX-Yours: 2\r\n"},
		"of cannery":      {"X-Cannery-Session: s\r\nX-Cache: HIT\r\n", "X-Cache: HIT\r\n"},
		"partial":         {"Range: bytes=0-1\r\nIf-None-Match: *\r\nIf-Range: x\r\n", ""},
		"upgrade to h2c":  {"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", ""},
		"several values":  {"X-L: b\r\nX-L: a\r\nX-L:\r\n", "X-L: b\r\nX-L: a\r\nX-L: \r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			origin := script(t, says(good))
			b := setUp(t, http.NotFound, nil)
			b.front(t, origin.URL, nil)
			request := "GET /x HTTP/1.1\r\nHost: proxy.test\r\n" + c.sent
			if !strings.Contains(c.sent, "Connection: close") {
				request += "Connection: close\r\n"
			}
			b.raw(t, request+"\r\n")
			host := strings.TrimPrefix(origin.URL, "http://")
			head, rest, _ := strings.Cut(origin.received(), "Host: "+host+"\r\n")
			lines := strings.SplitAfter(strings.TrimSuffix(rest, "\r\n"), "\r\n")
			slices.SortStableFunc(lines, func(a, b string) int {
				return strings.Compare(strings.SplitN(a, ":", 2)[0], strings.SplitN(b, ":", 2)[0])
			})
			if got := strings.Join(lines, ""); head != "GET /x HTTP/1.1\r\n" || got != c.want {
				t.Errorf("the origin got %q and\n%q, want\n%q", head, got, c.want)
			}
		})
	}
}
