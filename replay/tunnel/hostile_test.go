package tunnel_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/cannery/replay/tunnel"
)

// TestWhatCannotBeAHostIsRefused: before a tunnel is open, inside of one, and in
// absolute form.
func TestWhatCannotBeAHostIsRefused(t *testing.T) {
	b := setUp(t, nil)
	for _, host := range []string{
		":443", "host", "host:", "host:0", "host:65536", "user@host:443", "[::1]", "[::1%25lo]:443", "a,b:443", "a<b:443", "*:443",
		strings.Repeat("a.", 127) + "example:443",
	} {
		if conn, res := b.tryConnect(t, host); res.StatusCode != http.StatusBadRequest {
			t.Errorf("CONNECT %.30s: %s", host, res.Status)
			conn.Close()
		}
	}
	conn, res := b.tryConnect(t, "ada:secret-word@host:443")
	conn.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusBadRequest || strings.Contains(string(body), "secret-word") {
		t.Errorf("a password: %s %s", res.Status, body)
	}
	for _, host := range []string{"a%zz", "a[b", "[::1", "a b"} {
		if got := raw(t, b.connect(t, "192.0.2.7:80"), "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") && !strings.HasPrefix(got, "HTTP/1.1 421 ") {
			t.Errorf("Host %q in a tunnel: %.200q", host, got)
		}
	}
	for _, at := range []string{"http:///", "http://host:0/", "http://host:65536/", "ftp://host/", "ws://host/"} {
		conn, _ := b.tryConnect(t, "host") // refused: a connection to the proxy itself
		if got := raw(t, conn, "GET "+at+" HTTP/1.1\r\nHost: host\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, "http://HOST[:PORT]") {
			t.Errorf("%s: %.300q", at, got)
		}
	}
}

// TestAnAddressIsNoWayAroundTheChoice: a host that is left alone is so in a tunnel to an
// address, too.
func TestAnAddressIsNoWayAroundTheChoice(t *testing.T) {
	excepted, err := tunnel.ParsePattern("*.corp.example")
	if err != nil {
		t.Fatal(err)
	}
	b := setUp(t, func(b *bench) { b.front.Choice = tunnel.Choice{Except: []tunnel.Pattern{excepted}} })
	b.host(t, "https://192.0.2.7", speak)
	b.name("virtual.example.com:443", b.hosts["192.0.2.7:443"])
	for host, want := range map[string]string{"virtual.example.com": "200", "git.corp.example": "421", "localhost": "421"} {
		conn := tls.Client(b.connect(t, "192.0.2.7:443"), &tls.Config{RootCAs: b.roots, ServerName: "192.0.2.7"})
		if got := raw(t, conn, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 "+want) {
			t.Errorf("%s: %.200q", host, got)
		}
	}
}

// TestAHostThatDoesNotReadIsLetGo: and its client with it.
func TestAHostThatDoesNotReadIsLetGo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // nobody accepts: the kernel does, and reads what it has room for
	b := setUp(t, func(b *bench) {
		b.front.Choice = tunnel.Choice{}
		b.front.HostTimeout = 20 * time.Millisecond
	})
	conn := b.connect(t, l.Addr().String()) // of loopback, which is left alone
	if n, err := conn.Write(make([]byte, 64<<20)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes were taken: %v", n, err)
	}
}

// TestTheProxyItselfIsNoHost: its own URL, which Node's fetch opens a tunnel to, is
// answered at once.
func TestTheProxyItselfIsNoHost(t *testing.T) {
	b := setUp(t, nil)
	for _, at := range []*bench{b, b.goOffline(t, func(b *bench) { b.front.Choice = tunnel.Choice{} })} {
		address := at.Listener.Addr().String()
		_, port, _ := net.SplitHostPort(address)
		for _, host := range []string{address, "localhost:" + port} {
			if got := raw(t, at.connect(t, host), "GET /__cannery/health HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"); !strings.Contains(got, `"status": "ok"`) || !strings.Contains(got, "X-Cache: BYPASS") {
				t.Errorf("%s: %.300q", host, got)
			}
		}
	}
	if n := b.proxy.Stats().Misses; n != 0 {
		t.Errorf("%d misses are counted", n)
	}
}

// TestALongNameOfAClientIsCut: it is remembered, and told.
func TestALongNameOfAClientIsCut(t *testing.T) {
	b := setUp(t, nil)
	conn := b.connect(t, "ssh.example.com:22", "User-Agent: "+strings.Repeat("x", 100_000))
	fmt.Fprint(conn, "SSH-2.0-x\r\n")
	if miss := b.wantUncaught(t, tunnel.NotHTTP, "ssh.example.com:22"); len(miss.Client) > 100 {
		t.Errorf("%d bytes of its name are told", len(miss.Client))
	}
}
