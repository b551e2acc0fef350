package authority_test

import (
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"example.com/cannery/replay/authority"
)

// TestRefusalsAreTold: by whoever does not trust the authority, in the ways of Go and
// of OpenSSL, and by nobody else.
func TestRefusalsAreTold(t *testing.T) {
	a := newAuthority(t)
	for name, c := range map[string]struct {
		client func(net.Conn) error
		want   string
	}{
		"Go": {func(conn net.Conn) error {
			return tls.Client(conn, &tls.Config{ServerName: "api.example.com"}).Handshake()
		}, "bad certificate"},
		"OpenSSL": {func(conn net.Conn) error {
			return tls.Client(conn, &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error {
				_, _ = conn.Write([]byte{21, 3, 3, 0, 2, 2, 48}) // in the clear: fatal, unknown_ca
				conn.Close()
				return errors.New("not trusted")
			}}).Handshake()
		}, "unknown certificate authority"},
		"who leaves": {func(conn net.Conn) error { return conn.Close() }, ""},
		"who has no TLS that we have": {func(conn net.Conn) error {
			return tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}).Handshake()
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, server := loopback(t)
			done := make(chan error, 1)
			go func() {
				defer client.Close()
				done <- c.client(client)
			}()
			err := tls.Server(server, a.Config(func(net.Conn) string { return "api.example.com" })).Handshake()
			if <-done; err == nil {
				t.Fatal("the handshake has succeeded")
			}
			if got := authority.Refusal(err.Error()); got != c.want {
				t.Errorf("%v: %q, want %q", err, got, c.want)
			}
		})
	}
}

// loopback returns both ends of a connection.
func loopback(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}
