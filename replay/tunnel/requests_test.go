package tunnel_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// speak says how a host was asked.
func speak(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s%s %s", r.Proto, r.Method, r.Host, r.RequestURI, body)
}

// TestWhateverIsInsideIsAnswered: HTTP/1.1 and HTTP/2, with TLS and without, in tunnels
// and in absolute form, of names and addresses, first from the host and then, in the
// same way, from the recording of it.
func TestWhateverIsInsideIsAnswered(t *testing.T) {
	b := setUp(t, nil)
	b.host(t, "https://api.example.com", speak)
	b.host(t, "http://api.example.com", speak)
	b.host(t, "https://api.example.com:8443", speak)
	b.host(t, "https://192.0.2.7", speak)
	b.host(t, "https://[2001:db8::7]:444", speak)
	b.host(t, "h2c://plain.example.com:50051", speak)
	type ask struct {
		name   string
		client func(b *bench) *http.Client
		at     string
		proto  string // of the answer
	}
	http1 := func(b *bench) *http.Client { return b.client(t, false) }
	http2 := func(b *bench) *http.Client { return b.client(t, true) }
	tunnelled := func(protocols http.Protocols) func(b *bench) *http.Client {
		return func(b *bench) *http.Client {
			return &http.Client{Transport: b.tunnelling(t, protocols)}
		}
	}
	var plain, h2c http.Protocols
	plain.SetHTTP1(true)
	h2c.SetUnencryptedHTTP2(true)
	asks := []ask{
		{"HTTP/1.1 in TLS", http1, "https://api.example.com/1?a=b", "HTTP/1.1"},
		{"HTTP/2 in TLS", http2, "https://api.example.com/2", "HTTP/2.0"},
		{"another port", http2, "https://api.example.com:8443/", "HTTP/2.0"},
		{"an address", http2, "https://192.0.2.7/", "HTTP/2.0"},
		{"an IPv6 address", http1, "https://[2001:db8::7]:444/", "HTTP/1.1"},
		{"a name in capitals", http1, "https://API.example.COM/3", "HTTP/1.1"},
		{"absolute form", http1, "http://api.example.com/4?%20", "HTTP/1.1"},
		{"plain in a tunnel", tunnelled(plain), "http://api.example.com/5", "HTTP/1.1"},
		{"h2c in a tunnel", tunnelled(h2c), "http://plain.example.com:50051/6", "HTTP/2.0"},
	}
	said := map[string]string{}
	check := func(b *bench, cache string) {
		for _, a := range asks {
			client := a.client(b)
			got := get(t, client, a.at)
			client.CloseIdleConnections()
			if got.cache() != cache || got.Proto != a.proto || said[a.name] != "" && said[a.name] != got.body {
				t.Errorf("%s: %s %s %q, want %s %s %q", a.name, got.Proto, got.cache(), got.body, a.proto, cache, said[a.name])
			}
			if !strings.Contains(got.body, "GET ") {
				t.Errorf("%s: %d %q", a.name, got.StatusCode, got.body)
			}
			said[a.name] = got.body
		}
	}
	check(b, "MISS")
	check(b, "HIT")
	check(b.goOffline(t, nil), "HIT")
	for name, want := range map[string]string{
		"HTTP/1.1 in TLS":    "HTTP/2.0 GET api.example.com/1?a=b ",
		"absolute form":      "HTTP/1.1 GET api.example.com/4?%20 ",
		"an IPv6 address":    "HTTP/2.0 GET [2001:db8::7]:444/ ",
		"h2c in a tunnel":    "HTTP/2.0 GET plain.example.com:50051/6 ",
		"a name in capitals": "HTTP/2.0 GET api.example.com/3 ",
	} {
		if said[name] != want {
			t.Errorf("%s: the host was asked %q, want %q", name, said[name], want)
		}
	}
	if all := b.uncaught.All(); len(all) > 0 {
		t.Errorf("not caught: %+v", all)
	}
}

// TestAMissOfflineExplainsItself: inside the client's TLS, with the host.
func TestAMissOfflineExplainsItself(t *testing.T) {
	b := setUp(t, nil)
	b.host(t, "https://api.example.com", speak)
	get(t, b.client(t, true), "https://api.example.com/x?lang=en")
	off := b.goOffline(t, nil)
	for at, want := range map[string]string{
		"https://api.example.com/x?lang=de": "nearest recording",
		"https://other.example.com/x":       "https://other.example.com",
		"http://other.example.com/x":        "http://other.example.com",
	} {
		got := get(t, off.client(t, true), at)
		if got.StatusCode != http.StatusFailedDependency || got.cache() != "MISS" || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s", at, got.StatusCode, got.body)
		}
	}
}

// TestWhatIsAroundContentPasses: early hints, 100 Continue and trailers, on a MISS and the
// HIT alike.
func TestWhatIsAroundContentPasses(t *testing.T) {
	b := setUp(t, nil)
	b.host(t, "https://api.example.com", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // first: after a 103 net/http says no 100 in HTTP/2
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		w.Header().Set("Trailer", "X-Sum")
		w.Write(append([]byte("got "), body...))
		w.(http.Flusher).Flush()
		w.Header().Set("X-Sum", "7")
	})
	type seen struct {
		Body, Sum, Link string
		Continued       bool
	}
	ask := func(b *bench, http2 bool, path string) (seen, string) {
		client := b.client(t, http2)
		client.Transport.(*http.Transport).ExpectContinueTimeout = client.Timeout
		var got seen
		trace := &httptrace.ClientTrace{
			Got100Continue: func() { got.Continued = true },
			Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
				if code == http.StatusEarlyHints {
					got.Link = header.Get("Link")
				}
				return nil
			},
		}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "POST", "https://api.example.com"+path, io.MultiReader(strings.NewReader("content")))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Expect", "100-continue")
		req.Header.Set("TE", "trailers")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		a := read(t, res)
		got.Body, got.Sum = a.body, a.Trailer.Get("X-Sum")
		return got, a.cache()
	}
	for _, http2 := range []bool{false, true} {
		path := fmt.Sprint("/", http2)
		live, _ := ask(b, http2, path)
		if want := (seen{"got content", "7", "</a.css>; rel=preload", true}); live != want {
			t.Errorf("HTTP/2 %v: %+v", http2, live)
		}
		replayed, cache := ask(b.goOffline(t, nil), http2, path)
		if diff := cmp.Diff(live, replayed); diff != "" || cache != "HIT" {
			t.Errorf("HTTP/2 %v: %s (-live +replayed)\n%s", http2, cache, diff)
		}
	}
}

// TestARequestForAnotherHostIsMisdirected: but a host has the names that the client of an
// address gives it.
func TestARequestForAnotherHostIsMisdirected(t *testing.T) {
	b := setUp(t, nil)
	b.host(t, "https://api.example.com", speak)
	b.host(t, "http://api.example.com", speak)
	b.host(t, "https://192.0.2.7", speak)
	b.name("virtual.example.com:443", b.hosts["api.example.com:443"])
	for _, c := range []struct {
		tunnel, request, want string
	}{
		{"api.example.com:443", "GET / HTTP/1.1\r\nHost: api.example.com", "HTTP/1.1 200 "},
		{"api.example.com:443", "GET / HTTP/1.1\r\nHost: api.example.com:443", "HTTP/1.1 200 "},
		{"api.example.com:443", "GET / HTTP/1.1\r\nHost: Api.Example.com.", "HTTP/1.1 200 "},
		{"api.example.com:443", "GET https://api.example.com/ HTTP/1.1\r\nHost: api.example.com", "HTTP/1.1 200 "},
		{"api.example.com:443", "GET / HTTP/1.1\r\nHost: other.example.com", "HTTP/1.1 421 "},
		{"api.example.com:443", "GET / HTTP/1.1\r\nHost: api.example.com:80", "HTTP/1.1 421 "},
		{"api.example.com:443", "GET https://other.example.com/ HTTP/1.1\r\nHost: api.example.com", "HTTP/1.1 421 "},
		{"api.example.com:443", "GET / HTTP/1.0", "HTTP/1.0 200 "},
		{"api.example.com:80", "GET / HTTP/1.1\r\nHost: other.example.com", "HTTP/1.1 421 "},
		{"api.example.com:443", "CONNECT other.example.com:443 HTTP/1.1\r\nHost: other.example.com:443", "HTTP/1.1 405 "},
		{"api.example.com:443", "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443", "HTTP/1.1 405 "},
		{"192.0.2.7:443", "GET / HTTP/1.1\r\nHost: 192.0.2.7", "HTTP/1.1 200 "},
		{"192.0.2.7:443", "GET / HTTP/1.1\r\nHost: virtual.example.com", "HTTP/1.1 200 "},
		{"192.0.2.7:443", "GET / HTTP/1.1\r\nHost: virtual.example.com:8443", "HTTP/1.1 421 "},
	} {
		conn := net.Conn(b.connect(t, c.tunnel))
		if !strings.HasSuffix(c.tunnel, ":80") {
			name, _, _ := strings.Cut(c.tunnel, ":")
			conn = tls.Client(conn, &tls.Config{RootCAs: b.roots, ServerName: name})
		}
		if got := raw(t, conn, c.request+"\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, c.want) {
			t.Errorf("in a tunnel to %s, %q: %.300q, want %q", c.tunnel, c.request, got, c.want)
		}
	}
}

// TestABadHostIsSaidInsideTheTunnel: one whose certificate is nobody's to trust, or
// another host's, and one that is not there.
func TestABadHostIsSaidInsideTheTunnel(t *testing.T) {
	b := setUp(t, nil)
	b.name("bad.example.com:443", strangerHost(t))
	b.name("down.example.com:443", "127.0.0.1:1")
	b.name("plain.example.com:443", b.host(t, "http://plain.example.com", speak).Listener.Addr().String())
	for host, want := range map[string][]string{
		"bad.example.com":     {"certificate is not trusted", "--origin-ca"},
		"down.example.com":    {"origin unreachable", "https://down.example.com"},
		"plain.example.com":   {"TLS"},
		"unknown.example.com": {"name is unknown"},
	} {
		for _, http2 := range []bool{false, true} {
			got := get(t, b.client(t, http2), "https://"+host+"/")
			if got.StatusCode != http.StatusBadGateway || got.Header.Get("Content-Type") != "application/problem+json" ||
				slices.ContainsFunc(want, func(text string) bool { return !strings.Contains(got.body, text) }) {
				t.Errorf("%s: %d %s", host, got.StatusCode, got.body)
			}
		}
	}
}
