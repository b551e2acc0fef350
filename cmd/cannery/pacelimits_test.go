package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"
)

// pacedPair is a connection of a paced listener whose time the test makes, and
// its client's end.
func pacedPair(t *testing.T) (paced *pacedListener, server, client net.Conn) {
	t.Helper()
	paced = pacedTo(t)
	client = dialed(t, paced)
	server, err := paced.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return paced, server, client
}

func pacedTo(t *testing.T) *pacedListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	paced := newPacedListener(l)
	t.Cleanup(func() {
		paced.stop()
		l.Close()
	})
	return paced
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

// untilEnded lets every limit be over, as soon as there is one, until something
// has ended.
func untilEnded(paced *pacedListener, ended <-chan error) error {
	for {
		select {
		case err := <-ended:
			return err
		default:
			paced.enforce(24 * time.Hour)
			runtime.Gosched()
		}
	}
}

// TestClientThatDoesNotReadIsLetGo sends more than the kernel holds.
func TestClientThatDoesNotReadIsLetGo(t *testing.T) {
	t.Parallel()
	paced, server, _ := pacedPair(t)
	ended := make(chan error, 1)
	go func() {
		_, err := server.Write(make([]byte, 64<<20))
		ended <- err
	}()
	if err := untilEnded(paced, ended); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the write ended with %v", err)
	}
}

// TestDeadlineStrikesWhenItIsOver: not before, and not after it was moved.
func TestDeadlineStrikesWhenItIsOver(t *testing.T) {
	t.Parallel()
	paced, server, client := pacedPair(t)
	for _, moved := range []time.Time{{}, time.Now().Add(time.Hour)} {
		server.SetDeadline(time.Now().Add(3 * time.Minute))
		paced.enforce(2 * time.Minute)
		exchange(t, server, client)
		paced.enforce(4 * time.Minute)
		if _, err := server.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a deadline that is over does not strike: %v", err)
		}
		server.SetDeadline(moved)
		exchange(t, server, client)
		paced.enforce(59 * time.Minute)
		exchange(t, server, client)
	}
	paced.enforce(61 * time.Minute)
	if _, err := server.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a deadline that is over does not strike: %v", err)
	}
}

// exchange sends a byte either way.
func exchange(t *testing.T, server, client net.Conn) {
	t.Helper()
	if _, err := client.Write([]byte("?")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(server, make([]byte, 1)); err != nil {
		t.Error(err)
	}
	if _, err := server.Write([]byte("!")); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(client, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

// TestDeadlineThatIsOverStrikesAtOnce: net/http ends its own reads by one.
func TestDeadlineThatIsOverStrikesAtOnce(t *testing.T) {
	t.Parallel()
	_, server, _ := pacedPair(t)
	ended := make(chan error, 1)
	go func() {
		_, err := server.Read(make([]byte, 1))
		ended <- err
	}()
	server.SetReadDeadline(time.Unix(1, 0))
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the read ended with %v", err)
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
			paced := pacedTo(t)
			s := newServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil, nil)
			served := make(chan error, 1)
			go func() { served <- s.http.Serve(paced) }()
			client := dialed(t, paced)
			if _, err := io.WriteString(client, sent); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, client)
				ended <- err
			}()
			_ = untilEnded(paced, ended) // a reset closes it, too
			s.http.Close()
			<-served
		})
	}
}

// TestClosedConnectionsAreForgotten: a proxy serves many in its life.
func TestClosedConnectionsAreForgotten(t *testing.T) {
	t.Parallel()
	paced, server, _ := pacedPair(t)
	server.Close()
	paced.mu.Lock()
	defer paced.mu.Unlock()
	if len(paced.conns) != 0 {
		t.Errorf("%d connections are remembered", len(paced.conns))
	}
}
