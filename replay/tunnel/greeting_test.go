package tunnel_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/cannery/replay/tunnel"
)

// TestWhatIsNoHTTPIsClosedAndNamed: a tunnel of something else hangs for nobody.
func TestWhatIsNoHTTPIsClosedAndNamed(t *testing.T) {
	b := setUp(t, func(b *bench) { b.front.GreetingTimeout = 300 * time.Millisecond })
	hello := "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
	for i, c := range []struct {
		name, sent string
		kind       tunnel.Kind
		why        string
	}{
		{"nothing", "", tunnel.NotHTTP, "sent nothing"},
		{"SSH", "SSH-2.0-OpenSSH_9.9\r\n", tunnel.NotHTTP, "speaks SSH"},
		{"SMTP", "EHLO client.example.com\r\n", tunnel.NotHTTP, `"EHLO client.example.`},
		{"QUIC", "\xc0\x00\x00\x00\x01\x08abcdefgh", tunnel.NotHTTP, "QUIC"},
		{"half a ClientHello", hello, tunnel.NotHTTP, "in the middle of its TLS handshake"},
		{"TLS that is none", "\x16\x00\x00\x00\x05hello", tunnel.NotHTTP, "TLS with the client failed"},
		{"half a line", "GET / HT", tunnel.NotHTTP, `"GET / HT"`},
		{"zeros", "\x00\x00\x00\x00", tunnel.NotHTTP, `"\x00\x00\x00\x00"`},
		{"Redis", "*1\r\n$4\r\nPING\r\n", tunnel.NotHTTP, `"*1"`},
	} {
		host := fmt.Sprintf("host%d.example.com:443", i)
		conn := b.connect(t, host)
		began := time.Now()
		if got := raw(t, conn, c.sent); got != "" && !strings.HasPrefix(got, "\x15\x03") { // a TLS alert
			t.Errorf("%s: answered %q", c.name, got)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: closed after %v", c.name, took)
		}
		if miss := b.wantUncaught(t, c.kind, host); !strings.Contains(miss.Why, c.why) || miss.Client != "tester/1" {
			t.Errorf("%s: %+v, want %q", c.name, miss, c.why)
		}
	}
	// What is half of something is closed when the client closes it, too.
	for i, sent := range []string{"", hello, "GET / HT", "SSH-2"} {
		host := fmt.Sprintf("left%d.example.com:443", i)
		conn := b.connect(t, host)
		_, _ = io.WriteString(conn, sent)
		conn.CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
		deadline := time.Now().Add(10 * time.Second)
		for len(missesOf(b, host)) == 0 && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		if len(missesOf(b, host)) != 1 {
			t.Errorf("%q and left: %+v", sent, missesOf(b, host))
		}
	}
}

func missesOf(b *bench, host string) (misses []tunnel.Miss) {
	for _, miss := range b.uncaught.All() {
		if miss.Host == host {
			misses = append(misses, miss)
		}
	}
	return misses
}

// TestAClientThatRefusesTheCertificateIsNamed: with the host, what it calls itself and what
// it said, in each version of TLS.
func TestAClientThatRefusesTheCertificateIsNamed(t *testing.T) {
	b := setUp(t, nil)
	b.host(t, "https://fine.example.com", speak)
	for version, host := range map[uint16]string{tls.VersionTLS12: "old.example.com:443", tls.VersionTLS13: "new.example.com:443"} {
		conn := tls.Client(b.connect(t, host), &tls.Config{ServerName: strings.TrimSuffix(host, ":443"), RootCAs: poolOf(hostsCA()), MinVersion: version, MaxVersion: version})
		if err := conn.HandshakeContext(t.Context()); err == nil {
			t.Fatalf("%s: the certificate was taken", host)
		}
		conn.Close()
		if miss := b.wantUncaught(t, tunnel.Refused, host); miss.Client != "tester/1" || !strings.Contains(miss.Why, "bad certificate") && !strings.Contains(miss.Why, "unknown certificate authority") {
			t.Errorf("%s: %+v", host, miss)
		}
	}
	// One that shakes hands and leaves is told of, unless the host has been asked by others.
	leave := func(host string) {
		conn := tls.Client(b.connect(t, host), &tls.Config{ServerName: strings.TrimSuffix(host, ":443"), RootCAs: b.roots, NextProtos: []string{"http/1.1"}})
		if err := conn.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	leave("fine.example.com:443")
	leave("left.example.com:443")
	b.wantUncaught(t, tunnel.Silent, "left.example.com:443")
	get(t, b.client(t, false), "https://fine.example.com")
	if all := missesOf(b, "fine.example.com:443"); len(all) > 0 {
		t.Errorf("a host that is asked: %+v", all)
	}
}

// TestASilentTunnelHoldsNoStopUp: nobody waits for what a client may say once all ends.
func TestASilentTunnelHoldsNoStopUp(t *testing.T) {
	b := setUp(t, func(b *bench) { b.front.GreetingTimeout = time.Hour })
	conns := []*opened{b.connect(t, "api.example.com:443"), b.connect(t, "api.example.com:443"), b.connect(t, "api.example.com:443")}
	_, _ = io.WriteString(conns[1], "\x16\x03\x01")
	_, _ = io.WriteString(conns[2], "GET /")
	b.end()
	for i, conn := range conns {
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.ReadAll(conn); err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("tunnel %d is open: %v", i, err)
		}
	}
}
