package replay_test

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/cannery/recorder"
)

// setUpTLS is setUp for an origin that speaks HTTP/2 over TLS.
func setUpTLS(t *testing.T, origin http.HandlerFunc) *bench {
	t.Helper()
	b := setUp(t, origin, nil)
	server := httptest.NewUnstartedServer(b.origin.Config.Handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = silence
	server.StartTLS()
	t.Cleanup(server.Close)
	b.origin = server
	b.front(t, server.URL, func(b *bench) {
		pool := x509.NewCertPool()
		pool.AddCert(server.Certificate())
		transport := recorder.NewTransport(recorder.TransportConfig{RootCAs: pool})
		t.Cleanup(transport.CloseIdleConnections)
		b.recorder.Transport = transport
	})
	return b
}

// wantNoLeftovers fails when the store keeps content that no recording names.
func (b *bench) wantNoLeftovers(t *testing.T) {
	t.Helper()
	for _, folder := range []string{"tmp", "flights"} {
		entries, err := os.ReadDir(filepath.Join(b.dir, ".cannery", folder))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, e := range entries {
			t.Errorf("%s/%s is left over in the store", folder, e.Name())
		}
	}
}

func TestCertificateThatIsNotTrustedIsAProblem(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = silence
	server.StartTLS()
	t.Cleanup(server.Close)
	b := setUp(t, http.NotFound, nil)
	b.front(t, server.URL, nil)
	wantProblem(t, b.get(t, "/"), http.StatusBadGateway, server.URL, "certificate is not trusted", "--origin-ca")

	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	wrong := "https://localhost:" + u.Port() // which the certificate does not name
	b.front(t, wrong, func(b *bench) {
		b.recorder.Transport = recorder.NewTransport(recorder.TransportConfig{RootCAs: pool})
	})
	wantProblem(t, b.get(t, "/"), http.StatusBadGateway, wrong, "certificate is not trusted", "localhost")

	// Plain HTTP to a port of TLS, and the other way round.
	b.front(t, strings.Replace(server.URL, "https:", "http:", 1), nil)
	if a := b.get(t, "/"); a.status != http.StatusBadRequest || a.body == "" {
		t.Errorf("%d %q, want what the origin says", a.status, a.body)
	}
	b.front(t, strings.Replace(b.origin.URL, "http:", "https:", 1), nil)
	wantProblem(t, b.get(t, "/"), http.StatusBadGateway, b.recorder.Origin.String(), "TLS")
}

func TestHTTP2AnswersAreWholeOnMissAndHit(t *testing.T) {
	b := setUpTLS(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		w.Header()["Date"] = []string{"Mon, 02 Jan 2006 15:04:05 GMT"}
		w.Header().Set("Trailer", "X-Sum, A-First")
		switch r.URL.Path {
		case "/length":
			w.Header().Set("Content-Length", "5")
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
			return
		}
		io.WriteString(w, "hello")
		w.(http.Flusher).Flush() // or net/http finds the length out
		w.Header().Set("X-Sum", "7")
		w.Header().Set("A-First", "1")
		w.Header().Set(http.TrailerPrefix+"X-Late", "late")
	})
	for _, target := range []string{"/", "/length", "/empty"} {
		miss, hit := b.rawGet(t, target, "TE: trailers"), b.rawGet(t, target, "TE: trailers")
		if want := strings.Replace(miss, "X-Cache: MISS", "X-Cache: HIT", 1); hit != want || hit == miss {
			t.Errorf("%s: HIT is not the MISS:\n%q\n%q", target, miss, hit)
		}
		if !strings.HasPrefix(hit, "HTTP/1.1 103 Early Hints\r\nLink: ") {
			t.Errorf("%s: no early hints: %.200q", target, hit)
		}
		if proto := b.lastAsked().Proto; proto != "HTTP/2.0" {
			t.Errorf("the origin was asked over %s", proto)
		}
	}
	if a := b.get(t, "/"); a.trailer.Get("X-Sum") != "7" || a.trailer.Get("A-First") != "1" {
		t.Errorf("trailers %v", a.trailer)
	}
	if n := b.originAsked(); n != 3 {
		t.Errorf("the origin was asked %d times", n)
	}
	for i := range 20 {
		target := fmt.Sprint("/length?", i)
		b.get(t, target)
		if a := b.get(t, target); a.cache() != "HIT" || a.body != "hello" {
			t.Errorf("%s: %s %q", target, a.cache(), a.body)
		}
	}
}
