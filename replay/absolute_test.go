package replay_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"example.com/cannery/replay"
)

// TestForeignHostsAreMisdirected: whoever takes cannery for an HTTP proxy gets
// the origin, and cannery's own pages, and of other hosts nothing.
func TestForeignHostsAreMisdirected(t *testing.T) {
	for name, path := range map[string]string{"": "", "api": "/base"} {
		b := setUp(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "origin "+r.RequestURI) }, nil)
		b.front(t, b.origin.URL+path, func(b *bench) {
			if name != "" {
				b.proxy.Origin.Name = name
			}
		})
		b.get(t, "/x?a")
		ask := func(at *bench, target string) string {
			return at.raw(t, "GET "+target+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\nConnection: close\r\n\r\n")
		}
		check := func(at *bench, what string) {
			asked := b.originAsked()
			for _, target := range []string{
				"http://elsewhere.test/x?a", "http://elsewhere.test", "https://elsewhere.test:8443/x?a", "http://127.0.0.1:1/x?a", "http://127.0.0.1/x?a",
				"http://elsewhere.test/__cannery/health", "http://elsewhere.test/__cannery/session/s/x?a",
			} {
				host := strings.Split(target, "/")[2]
				if a := ask(at, target); !strings.HasPrefix(a, "HTTP/1.1 421 ") || !strings.Contains(a, host) || !strings.Contains(a, b.origin.URL+path) || strings.Contains(a, "secret") {
					t.Errorf("%s, %s: %.600q", what, target, a)
				}
			}
			if path != "" {
				if a := ask(at, b.origin.URL+"/other"); !strings.HasPrefix(a, "HTTP/1.1 421 ") {
					t.Errorf("%s, beside the base path: %.300q", what, a)
				}
			}
			if n := b.originAsked() - asked; n != 0 {
				t.Errorf("%s: the origin was asked %d times", what, n)
			}
			for _, target := range []string{b.origin.URL + path + "/x?a", at.URL + "/x?a"} {
				a := at.raw(t, "GET "+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				if !strings.HasPrefix(a, "HTTP/1.1 200 ") || !strings.Contains(a, "origin "+path+"/x?a") || !strings.Contains(a, "X-Cache: HIT") {
					t.Errorf("%s, %s: %.300q", what, target, a)
				}
			}
			if a := ask(at, at.URL+"/__cannery/health"); !strings.HasPrefix(a, "HTTP/1.1 200 ") {
				t.Errorf("%s, its own page: %.300q", what, a)
			}
		}
		check(b, fmt.Sprintf("live %q", name))
		off := b.goOffline(t, func(p *replay.Proxy) { p.Origin.Name = name })
		check(off, fmt.Sprintf("offline %q", name))
	}
}
