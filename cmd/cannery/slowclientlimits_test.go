package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

// A limit that tests wait for.
const soon = 20 * time.Millisecond

func timedTo(t *testing.T) *timedListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return newTimedListener(l)
}

func dialed(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func accepted(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// TestClientThatDoesNotReadIsLetGo sends more than the kernel holds.
func TestClientThatDoesNotReadIsLetGo(t *testing.T) {
	t.Parallel()
	timed := timedTo(t)
	timed.slowest = soon
	dialed(t, timed)
	server := accepted(t, timed)
	if _, err := server.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the write ended with %v", err)
	}
}

// TestEachPieceHasItsOwnTime: an answer may take longer than a piece of it.
func TestEachPieceHasItsOwnTime(t *testing.T) {
	t.Parallel()
	timed := timedTo(t)
	client := dialed(t, timed)
	server := accepted(t, timed)
	for _, set := range []func(time.Time) error{server.SetWriteDeadline, server.SetDeadline} {
		if err := set(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(server, "!"); err != nil {
			t.Errorf("a piece has the time of the one before: %v", err)
		}
		if _, err := io.ReadFull(client, make([]byte, 1)); err != nil {
			t.Error(err)
		}
	}
}

// TestTimeOfWritesThatFollowEachOther: one deadline may serve several writes, and net/http
// takes none of them its bound.
func TestTimeOfWritesThatFollowEachOther(t *testing.T) {
	t.Parallel()
	timed := timedTo(t)
	timed.slowest = soon
	dialed(t, timed)
	server := accepted(t, timed)
	var err error
	for err == nil {
		_, err = server.Write(make([]byte, 1<<20))
		if err := server.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the write ended with %v", err)
	}
}

// TestSlowHeaderAndIdleConnectionAreClosed: the server's own limits hold on
// these connections.
func TestSlowHeaderAndIdleConnectionAreClosed(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]string{
		"nothing":              "",
		"part of a header":     "GET / HTTP/1.1\r\nHost:",
		"a request":            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"a request and a half": "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timed := timedTo(t)
			s := newServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil, nil)
			if s.http.ReadHeaderTimeout <= 0 || s.http.IdleTimeout <= 0 {
				t.Fatalf("limits of %v and %v", s.http.ReadHeaderTimeout, s.http.IdleTimeout)
			}
			s.http.ReadHeaderTimeout, s.http.IdleTimeout = soon, soon
			served := make(chan error, 1)
			go func() { served <- s.http.Serve(timed) }()
			client := dialed(t, timed)
			if _, err := io.WriteString(client, sent); err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, client) // it ends; a reset ends it, too
			s.http.Close()
			<-served
		})
	}
}
