package replay_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"example.com/cannery/recorder"
)

// h2cOrigin starts an origin that speaks HTTP/2 without TLS only, and returns its
// host and port.
func h2cOrigin(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// spoken gives a bench the transport for its origin's scheme.
func spoken(t *testing.T) func(*bench) {
	return func(b *bench) {
		transport := recorder.NewTransport(recorder.TransportConfig{Origin: b.recorder.Origin})
		t.Cleanup(transport.CloseIdleConnections)
		b.recorder.Transport = transport
	}
}

func TestLinksOfAnH2COriginAreOfTheWeb(t *testing.T) {
	address := h2cOrigin(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Link", "<http://"+r.Host+"/next>; rel=next, <http://elsewhere.example/>")
		}
		w.Header().Set("Location", "http://"+r.Host+"/made")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, r.Proto+" http://"+r.Host+"/")
	})
	b := setUp(t, http.NotFound, nil)
	b.front(t, "h2c://"+address, spoken(t))
	for _, want := range []string{"MISS", "HIT"} {
		a := b.get(t, "/made")
		if a.cache() != want || a.body != "HTTP/2.0 "+b.URL+"/" || a.header.Get("Location") != "/made" && a.header.Get("Location") != b.URL+"/made" {
			t.Errorf("%s: %v", want, a)
		}
		if link := a.header.Get("Link"); link != "<"+b.URL+"/next>; rel=next, <http://elsewhere.example/>" {
			t.Errorf("%s: Link %q", want, link)
		}
	}
	// Its Location makes what it names stale.
	b.do(t, "POST", "/", "x")
	if a := b.get(t, "/made"); a.cache() != "MISS" {
		t.Errorf("after a POST: %s", a.cache())
	}
	off := b.goOffline(t, nil)
	if a := off.get(t, "/made"); a.cache() != "HIT" || !strings.HasPrefix(a.header.Get("Link"), "<"+off.URL+"/next>") {
		t.Errorf("offline: %v", a)
	}
}

// TestWrongHTTPIsNamed: an origin may close the connection without a word, send
// frames, or answer in HTTP/1.1 what was HTTP/2.
func TestWrongHTTPIsNamed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	for name, c := range map[string]struct{ address, is, right, speaks string }{
		"net/http": {h2cOrigin(t, http.NotFound), "http", "h2c", "HTTP/2 only"},
		"gRPC":     {listener.Addr().String(), "http", "h2c", "HTTP/2 only"},
		"HTTP/1.1": {plain.Listener.Addr().String(), "h2c", "http", "no HTTP/2"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t, http.NotFound, nil)
			b.front(t, c.is+"://"+c.address+"/base", spoken(t))
			for range 5 {
				a := b.get(t, "/x")
				if a.status != 502 || !strings.Contains(a.body, c.speaks) || !strings.Contains(a.body, "--origin "+c.right+"://"+c.address+`/base"`) {
					t.Fatalf("%v", a)
				}
			}
			b.front(t, c.right+"://"+c.address, spoken(t))
			if a := b.get(t, "/x"); a.status == 502 {
				t.Errorf("as advised: %v", a)
			}
		})
	}
}
