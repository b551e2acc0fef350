// Package tunnel is the door of a forward proxy: clients know of cannery as their HTTP
// proxy and ask it for any host (RFC 9110, sections 3.7 and 9.3.6). It takes CONNECT,
// ends the TLS inside with a certificate of this run, and hands on each request with
// the host that it is for. What becomes of a request is package replay's to decide.
// Nothing in it can dial: what is passed through untouched goes through a Dial that
// it is given, or is refused.
package tunnel

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"example.com/cannery/replay/authority"
)

// A Handler answers requests. A replay.Proxy is one.
type Handler interface {
	// ServeHTTP answers what is for cannery itself, and requests in absolute form.
	http.Handler

	// ServeHost answers a request in origin form for the origin at a scheme, host
	// and port.
	ServeHost(w http.ResponseWriter, r *http.Request, at *url.URL)

	// Refuse answers with an error.
	Refuse(w http.ResponseWriter, r *http.Request, err error)
}

// A Proxy is a forward proxy, and the listener of the connections inside its tunnels: a
// http.Server serves them with Inside as its handler and ConnContext as its own. Its
// fields are not changed once it is in use; it may be used concurrently.
type Proxy struct {
	Handler   Handler
	Authority *authority.Authority

	// Choice says which hosts' requests are seen. The zero Choice: all but those of
	// this machine.
	Choice Choice

	// Token is what clients have to give as the password of the proxy's URL. "" lets
	// everybody in.
	Token string

	// Dial connects to a host that is passed through, and Forward answers a request in
	// absolute form for one. Nil, both, as offline: such hosts are refused.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Forward http.Handler

	// GreetingTimeout is how long a client may take to begin inside a tunnel: to say the
	// first line, or to do its part of a TLS handshake. Zero is 10 s.
	GreetingTimeout time.Duration

	// HostTimeout is how long a host that is passed through may take to read a piece.
	// Zero is 2 minutes.
	HostTimeout time.Duration

	// Uncaught is told of what has not become requests here. Nil ignores it.
	Uncaught *Uncaught

	begin  sync.Once
	config *tls.Config   // of what is inside tunnels; set by begin
	conns  chan net.Conn // that wait for Accept; set by begin
	closed chan struct{} // set by begin
	end    sync.Once
}

// begun makes what a Proxy has for itself.
func (p *Proxy) begun() *Proxy {
	p.begin.Do(func() {
		p.conns, p.closed = make(chan net.Conn), make(chan struct{})
		p.config = p.Authority.Config(func(conn net.Conn) string { return conn.(*inside).host })
	})
	return p
}

// ServeHTTP answers what clients send to the proxy itself.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		p.connect(w, r)
	case r.URL.Host == "" || isItself(r, r.URL.Hostname(), portOf(r.URL)):
		p.Handler.ServeHTTP(w, r)
	case !p.allowed(r):
		p.Handler.Refuse(w, r, p.wantsToken(w))
	case !p.Choice.has(r.URL.Hostname(), portOf(r.URL)):
		p.forward(w, r)
	default:
		p.Handler.ServeHTTP(w, r)
	}
}

// forward passes on a request in absolute form for a host that was not chosen.
func (p *Proxy) forward(w http.ResponseWriter, r *http.Request) {
	if p.Forward == nil {
		p.bar(w, r, r.URL.Host)
		return
	}
	p.Uncaught.add(Passed, r.URL.Host, clientName(r), "")
	p.Forward.ServeHTTP(w, r)
}

// isItself reports whether the host that a request asks for is the proxy.
func isItself(r *http.Request, host, port string) bool {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil || !isLoopback(host) {
		return false
	}
	_, own, err := net.SplitHostPort(local.String())
	return err == nil && own == port
}

// Accept, Close and Addr make a Proxy the listener of what is inside its tunnels.
func (p *Proxy) Accept() (net.Conn, error) {
	p.begun()
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close closes the listener, not the connections that it has given out.
func (p *Proxy) Close() error {
	p.begun()
	p.end.Do(func() { close(p.closed) })
	return nil
}

// Addr is no address: nobody can dial it.
func (p *Proxy) Addr() net.Addr { return noAddr{} }

type noAddr struct{}

func (noAddr) Network() string { return "tunnel" }
func (noAddr) String() string  { return "inside of tunnels" }
