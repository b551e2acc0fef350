package tunnel_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// content is what is answered: 1 KiB of JSON.
var content = []byte(`{"text":"` + strings.Repeat("x", 1013) + `"}`)

func sendContent(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Content-Type"] = []string{"application/json"}
	w.Header()["X-Cache"] = []string{"HIT"}
	_, _ = w.Write(content)
}

// BenchmarkHit measures requests on kept connections: "bare" is a TLS server of net/http
// that writes the same answer under the same leaf, "tunnel" a HIT through a tunnel, live,
// and "offline" one from a Sequence.
func BenchmarkHit(b *testing.B) {
	live := setUp(b, nil)
	live.host(b, "https://api.example.com", sendContent)
	get(b, live.client(b, false), "https://api.example.com/v1/users?id=1")
	off := live.goOffline(b, nil)
	bare := httptest.NewUnstartedServer(http.HandlerFunc(sendContent))
	bare.Config.ErrorLog = log.New(io.Discard, "", 0)
	bare.Config.Protocols = live.inside.Protocols
	bare.Listener = tls.NewListener(bare.Listener, live.front.Authority.Config(func(net.Conn) string { return "api.example.com" }))
	bare.Start()
	defer bare.Close()
	for _, http2 := range []bool{false, true} {
		direct := live.client(b, http2)
		direct.Transport.(*http.Transport).Proxy = nil
		direct.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, bare.Listener.Addr().String())
		}
		for _, c := range []struct {
			name   string
			client *http.Client
		}{{"bare", direct}, {"tunnel", live.client(b, http2)}, {"offline", off.client(b, http2)}} {
			b.Run(fmt.Sprintf("http%d/%s", map[bool]int{false: 1, true: 2}[http2], c.name), func(b *testing.B) {
				c.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 100
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						res, err := c.client.Get("https://api.example.com/v1/users?id=1")
						if err != nil {
							b.Error(err)
							return
						}
						_, _ = io.Copy(io.Discard, res.Body)
						res.Body.Close()
						if res.Header.Get("X-Cache") != "HIT" {
							b.Error("no HIT was measured")
						}
					}
				})
			})
		}
	}
}

// BenchmarkFirst measures the first request to a host: "bare" is of a TLS server whose
// leaf is there, "tunnel" has CONNECT and a leaf that is made for it beside.
func BenchmarkFirst(b *testing.B) {
	live := setUp(b, nil)
	live.host(b, "https://api.example.com", sendContent)
	off := live.goOffline(b, nil) // a miss: it asks no host
	leaf, err := live.front.Authority.Leaf("api.example.com")
	if err != nil {
		b.Fatal(err)
	}
	bare := httptest.NewUnstartedServer(http.HandlerFunc(sendContent))
	bare.Listener = tls.NewListener(bare.Listener, &tls.Config{Certificates: []tls.Certificate{*leaf}, NextProtos: []string{"h2", "http/1.1"}})
	bare.Config.Protocols = live.inside.Protocols
	bare.Start()
	defer bare.Close()
	for name, dial := range map[string]func() net.Conn{
		"bare": func() net.Conn {
			conn, err := net.Dial("tcp", bare.Listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			return tls.Client(conn, &tls.Config{RootCAs: live.roots, ServerName: "api.example.com"})
		},
		"tunnel": sync.OnceValue(func() func() net.Conn {
			n := 0
			return func() net.Conn {
				n++
				host := fmt.Sprintf("host%d.example.com", n)
				return tls.Client(off.connect(b, host+":443"), &tls.Config{RootCAs: off.roots, ServerName: host})
			}
		})(),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				conn := dial()
				name := conn.(*tls.Conn)
				if err := name.Handshake(); err != nil {
					b.Fatal(err)
				}
				if got := raw(b, conn, "GET /__cannery HTTP/1.1\r\nHost: "+name.ConnectionState().ServerName+"\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 ") {
					b.Fatal(got)
				}
				conn.Close()
			}
		})
	}
}
