package tunnel_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"example.com/cannery/replay/tunnel"
)

// A sink answers every request, and keeps whom they were for.
type sink struct {
	mu    sync.Mutex
	hosts []string // guarded by mu
}

func (s *sink) ServeHTTP(http.ResponseWriter, *http.Request) {} // what is for the proxy itself

func (s *sink) ServeHost(w http.ResponseWriter, _ *http.Request, at *url.URL) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts = append(s.hosts, at.Host)
	fmt.Fprint(w, "taken")
}

func (s *sink) Refuse(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, err.Error(), http.StatusBadRequest)
}

// FuzzTunnel: whatever host a tunnel is asked for and whatever it begins with, it ends
// when its client does, nobody is dialled, and requests inside are for its host alone.
func FuzzTunnel(f *testing.F) {
	for _, authority := range []string{"api.example.com:443", "[::1]:443", "a:0", "a@b:443", "A.:80", "localhost:1"} {
		for _, begin := range []string{
			"GET / HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", "SSH-2.0-x\r\n",
			"\x16\x03\x01\x00\x05hello", "\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03", "\xc0quic", "", "CONNECT b:1 HTTP/1.1\r\n\r\n",
		} {
			f.Add(authority, []byte(begin))
		}
	}
	signer, quiet := newAuthority(f), log.New(io.Discard, "", 0)
	f.Fuzz(func(t *testing.T, authority string, begin []byte) {
		if strings.ContainsAny(authority, " \r\n") {
			t.Skip("it ends the request line")
		}
		taken, uncaught := &sink{}, &tunnel.Uncaught{}
		proxy := &tunnel.Proxy{
			Handler: taken, Authority: signer, Choice: tunnel.Choice{Loopback: true}, Uncaught: uncaught,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				t.Errorf("CONNECT %q dials", authority)
				return nil, errors.New("nobody may be dialled")
			},
		}
		inner := &http.Server{Handler: proxy.Inside(), ConnContext: proxy.ConnContext, ConnState: proxy.ConnState, ErrorLog: quiet, Protocols: new(http.Protocols)}
		inner.Protocols.SetHTTP1(true)
		inner.Protocols.SetUnencryptedHTTP2(true)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		outer := &http.Server{Handler: proxy, ErrorLog: quiet}
		var serving sync.WaitGroup
		serving.Go(func() { outer.Serve(l) })
		serving.Go(func() { inner.Serve(proxy) })
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n%s", authority, begin)
		conn.(*net.TCPConn).CloseWrite()
		res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "CONNECT"})
		opened := err == nil && res.StatusCode == http.StatusOK
		_, _ = io.Copy(io.Discard, conn)
		conn.Close()
		outer.Close()
		inner.Close()
		proxy.Close()
		serving.Wait()
		taken.mu.Lock()
		defer taken.mu.Unlock()
		if !opened && len(taken.hosts) > 0 {
			t.Errorf("CONNECT %q is refused, and %q are asked", authority, taken.hosts)
		}
		name, _, _ := net.SplitHostPort(authority)
		for _, host := range taken.hosts {
			asked := (&url.URL{Host: host}).Hostname()
			if net.ParseIP(name) == nil && !strings.EqualFold(strings.TrimSuffix(asked, "."), strings.TrimSuffix(name, ".")) {
				t.Errorf("in a tunnel to %q %q is asked", authority, host)
			}
		}
		for _, miss := range uncaught.All() {
			if len(miss.Client) > 200 || strings.Contains(miss.Host, "@") {
				t.Errorf("told of CONNECT %q: %+v", authority, miss)
			}
		}
	})
}

// FuzzPattern: a pattern is spelled as it is read.
func FuzzPattern(f *testing.F) {
	for _, text := range []string{"*.example.com:8443", "[::1]", "::1", "A.Example.com.", "*.", "a:0", "*.*", "..", "[a]:1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := tunnel.ParsePattern(text)
		if err != nil {
			return
		}
		if again, err := tunnel.ParsePattern(p.String()); err != nil || again != p {
			t.Errorf("%q is %+v, spelled %q, and read as %+v, %v", text, p, p, again, err)
		}
	})
}
