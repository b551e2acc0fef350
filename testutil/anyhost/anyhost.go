// Package anyhost is the internet of a test: every name that a client asks for, at
// every port, is one handler's. A program whose proxy it is needs no entry of a name
// server and no fixed port, and reaches nobody else.
package anyhost

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"example.com/cannery/replay/authority"
)

// A Net is a proxy that takes every host for itself. Close it.
type Net struct {
	URL string // of the proxy
	CA  []byte // the certificate that signs for all hosts, PEM

	authority *authority.Authority
	front     *httptest.Server
	inside    *http.Server
	tunnels   *tunnels
}

// New begins to answer. The handler finds the host that was asked in Request.Host, and
// Request.TLS is nil for plain HTTP.
func New(handler http.Handler) (*Net, error) {
	a, err := authority.New()
	if err != nil {
		return nil, err
	}
	n := &Net{CA: a.PEM(), authority: a, tunnels: newTunnels()}
	n.inside = &http.Server{Handler: handler, TLSConfig: a.Config(func(net.Conn) string { return "localhost" })}
	go n.inside.Serve(n.tunnels)
	n.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target, whole := strings.CutPrefix(r.RequestURI, "http://"+r.URL.Host)
		switch {
		case r.Method == http.MethodConnect:
			n.open(w, r)
		case !whole || r.URL.Host == "": // RFC 9112, section 3.2.2
			http.Error(w, "a proxy is asked for a whole URL, not for "+r.RequestURI, http.StatusBadRequest)
		default:
			asked := r.Clone(r.Context())
			asked.RequestURI, asked.URL.Scheme, asked.URL.Host = target, "", ""
			handler.ServeHTTP(w, asked)
		}
	}))
	n.URL = n.front.URL
	return n, nil
}

// Close ends all connections.
func (n *Net) Close() {
	n.inside.Close()
	n.front.CloseClientConnections()
	n.front.Close()
}

// open answers a CONNECT, and hands its connection to the server that is behind.
func (n *Net) open(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		conn.Close()
		return
	}
	inner := net.Conn(tunnel{conn, buffered.Reader})
	first, err := buffered.Reader.Peek(1)
	if err != nil {
		conn.Close()
		return
	}
	if first[0] == authority.Handshake {
		// http.Server speaks HTTP/2 on a *tls.Conn that has agreed on it.
		inner = tls.Server(inner, n.authority.Config(func(net.Conn) string { return host }))
	}
	n.tunnels.add(inner)
}

// A tunnel is a connection whose first bytes have been read already.
type tunnel struct {
	net.Conn
	reader *bufio.Reader
}

func (t tunnel) Read(p []byte) (int, error) { return t.reader.Read(p) }

// tunnels is a listener of what is inside tunnels.
type tunnels struct {
	conns chan net.Conn
	done  chan struct{}
	close func() // closes done
}

func newTunnels() *tunnels {
	done := make(chan struct{})
	return &tunnels{make(chan net.Conn), done, sync.OnceFunc(func() { close(done) })}
}

func (t *tunnels) add(conn net.Conn) {
	select {
	case t.conns <- conn:
	case <-t.done:
		conn.Close()
	}
}

func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case conn := <-t.conns:
		return conn, nil
	case <-t.done:
		return nil, net.ErrClosed
	}
}

func (t *tunnels) Close() error {
	t.close()
	return nil
}

func (t *tunnels) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
