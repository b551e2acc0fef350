package anyhost_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"

	"example.com/cannery/testutil/anyhost"
)

func TestEveryHostIsTheHandlers(t *testing.T) {
	internet, err := anyhost.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto, " ", r.Host, r.URL.Path, " ", r.TLS != nil)
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(internet.Close)
	proxy, err := url.Parse(internet.URL)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(internet.CA)
	for _, http2 := range []bool{false, true} {
		transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: http2}
		t.Cleanup(transport.CloseIdleConnections)
		over := "HTTP/1.1"
		if http2 {
			over = "HTTP/2.0"
		}
		for target, want := range map[string]string{
			"https://api.example.test/a":      over + " api.example.test/a true",
			"https://api.example.test:8443/b": over + " api.example.test:8443/b true",
			"https://192.0.2.1/c":             over + " 192.0.2.1/c true",
			"http://api.example.test/d":       "HTTP/1.1 api.example.test/d false",
		} {
			res, err := (&http.Client{Transport: transport}).Get(target)
			if err != nil {
				t.Errorf("%s: %v", target, err)
				continue
			}
			got, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || string(got) != want {
				t.Errorf("%s: %q, %v, want %q", target, got, err, want)
			}
		}
	}
}
