package testutil

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"example.com/cannery/recorder"
	"example.com/cannery/replay/authority"
	"example.com/cannery/replay/tunnel"
)

// Client returns a client for code that has its URLs fixed: whatever host it asks, the
// fixtures in a directory answer. With CANNERY_RECORD=1 it asks the hosts themselves, and
// records them. It is of no use once the test has ended. When it cannot be made the
// test fails at once.
func Client(t testing.TB, dir string) *http.Client {
	t.Helper()
	return Config{Dir: dir}.StartProxy(t).Client()
}

// Transport returns what Client sends requests with: for http.DefaultTransport, and
// libraries that make a client of their own.
//
// It may be cloned, to speak HTTP/2 without TLS, say. What does not speak HTTP through it,
// as gRPC does not, can dial with its DialContext and trust what its TLSClientConfig does.
func Transport(t testing.TB, dir string) *http.Transport {
	t.Helper()
	return Config{Dir: dir}.StartProxy(t).Transport()
}

// StartProxy starts a stand-in for all hosts, those of this machine included, as "cannery
// run --proxy" does for a command: each is an origin that is named by its scheme, host
// and port, and its clients know it by its own URL. Those of Origin and Others have
// the names that the Config gives. The Server's Client and Transport lead to it, and its
// URL is that of an HTTP proxy. It ends with the test. When it cannot be started
// the test fails at once.
func (c Config) StartProxy(t testing.TB) *Server {
	t.Helper()
	c.anyHost = true
	return c.Start(t)
}

// A front is the forward proxy before a Server. A nil front is none.
type front struct {
	*tunnel.Proxy
	server *Server
	inside *http.Server // of what is inside its tunnels
	base   context.Context
	cancel context.CancelFunc
}

func newFront(s *Server, signer *authority.Authority) *front {
	f := &front{server: s, Proxy: &tunnel.Proxy{
		Handler:   inSession{s},
		Authority: signer,
		Choice:    tunnel.Choice{Loopback: true},
		Uncaught: &tunnel.Uncaught{Say: func(m tunnel.Miss) {
			s.test.logf("cannery: %s was not answered for: %s", m.Host, m.Why)
		}},
	}}
	f.base, f.cancel = context.WithCancel(context.Background())
	base := func(net.Listener) context.Context { return f.base }
	s.http.Config.BaseContext = base
	f.inside = serving(f.Inside())
	f.inside.Protocols.SetHTTP2(true)
	f.inside.BaseContext, f.inside.ConnContext, f.inside.ConnState = base, f.ConnContext, f.ConnState
	go func() { _ = f.inside.Serve(f.Proxy) }() // it ends when it is shut down
	return f
}

// transport returns one that reaches every host by a tunnel.
func (f *front) transport() *http.Transport {
	roots := x509.NewCertPool()
	roots.AddCert(f.Authority.Certificate())
	return &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return recorder.DialThrough(ctx, &url.URL{Scheme: "http", Host: f.server.http.Listener.Addr().String()}, address)
		},
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     90 * time.Second,
	}
}

// stop ends what is under way inside of tunnels.
func (f *front) stop() {
	if f == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if f.inside.Shutdown(ctx) != nil {
		f.inside.Close()
	}
	f.cancel()
}
