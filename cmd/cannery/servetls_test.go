package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"example.com/cannery/replay/authority"
)

// servedByTLS has a handler answer by TLS on a listener. Change may alter the server.
func servedByTLS(t *testing.T, l *timedListener, handler http.HandlerFunc, change func(*http.Server)) {
	t.Helper()
	a, err := authority.New()
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(handler, nil, func(string) {})
	s.speakTLS(a.Config(func(net.Conn) string { return "127.0.0.1" }), "")
	change(s.http)
	served := make(chan error, 1)
	go func() { served <- s.accept(l) }()
	t.Cleanup(func() {
		s.http.Close()
		<-served
	})
}

// TestClientThatDoesNotReadIsLetGoUnderTLS sends more than the kernel holds.
func TestClientThatDoesNotReadIsLetGoUnderTLS(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	timed := timedTo(t)
	timed.slowest = soon
	servedByTLS(t, timed, func(w http.ResponseWriter, _ *http.Request) {
		_, err := io.Copy(w, strings.NewReader(strings.Repeat("x", 64<<20)))
		ended <- err
	}, func(*http.Server) {})
	client := tls.Client(dialed(t, timed), &tls.Config{InsecureSkipVerify: true})
	if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the answer has ended with %v", err)
	}
}

// TestSlowHandshakeIsClosed: a client that says nothing, or half of it.
func TestSlowHandshakeIsClosed(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]string{
		"nothing":        "",
		"a record begun": "\x16\x03\x01\x02\x00\x01\x00",
		"no TLS":         "SSH-2.0-OpenSSH_9.6\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timed := timedTo(t)
			servedByTLS(t, timed, func(http.ResponseWriter, *http.Request) {}, func(s *http.Server) { s.ReadHeaderTimeout = soon })
			client := dialed(t, timed)
			if _, err := io.WriteString(client, sent); err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, client) // it ends; a reset ends it, too
		})
	}
}

// TestTLSToAPlainPortIsSaid: once, as its client only knows that something is wrong.
func TestTLSToAPlainPortIsSaid(t *testing.T) {
	t.Parallel()
	said := make(chan string, 8)
	timed := timedTo(t)
	s := newServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil, func(text string) { said <- text })
	served := make(chan error, 1)
	go func() { served <- s.accept(timed) }()
	for range 2 {
		if err := tls.Client(dialed(t, timed), &tls.Config{InsecureSkipVerify: true}).Handshake(); err == nil {
			t.Error("the handshake has succeeded")
		}
	}
	s.http.Close()
	<-served
	if len(said) != 1 {
		t.Fatalf("said %d times", len(said))
	}
	if text := <-said; !strings.Contains(text, "speaks TLS to 127.0.0.1:") {
		t.Errorf("said %q", text)
	}
}
