package replay_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

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
