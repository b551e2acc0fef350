package main

import (
	"io"
	"math"
	"net"
	"time"

	"example.com/cannery/replay/authority"
)

// A timedListener gives out connections that a client which does not read cannot
// hold for ever. A limit for whole answers would forbid long streams. Headers have
// limits of net/http's; the content of requests has one of replay's.
type timedListener struct {
	net.Listener
	slowest time.Duration // that a client may take for a piece of an answer

	// onTLS is told of each client that begins with TLS. Nil ignores it.
	onTLS func()
}

func newTimedListener(l net.Listener) *timedListener {
	return &timedListener{Listener: l, slowest: 2 * time.Minute}
}

func (l *timedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn, err
	}
	return &timedConn{tcp, l.slowest, l.onTLS}, err
}

// A timedConn bounds the time of each write.
type timedConn struct {
	*net.TCPConn
	slowest time.Duration
	onTLS   func() // nil once the first byte has come
}

func (c *timedConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if n > 0 && c.onTLS != nil {
		if p[0] == authority.Handshake {
			c.onTLS()
		}
		c.onTLS = nil
	}
	return n, err
}

func (c *timedConn) Write(p []byte) (int, error) {
	if err := c.limit(); err != nil {
		return 0, err
	}
	return c.TCPConn.Write(p)
}

// limit gives the client time for the next piece.
func (c *timedConn) limit() error { return c.SetWriteDeadline(time.Now().Add(c.slowest)) }

// ReadFrom has the kernel send a file, in pieces that a client has time for.
func (c *timedConn) ReadFrom(src io.Reader) (int64, error) {
	const piece = 4 << 20
	whole, ok := src.(*io.LimitedReader)
	if !ok {
		whole = &io.LimitedReader{R: src, N: math.MaxInt64}
	}
	var total int64
	for whole.N > 0 {
		if err := c.limit(); err != nil {
			return total, err
		}
		next := &io.LimitedReader{R: whole.R, N: min(piece, whole.N)}
		n, err := c.TCPConn.ReadFrom(next)
		total += n
		whole.N -= n
		if err != nil || next.N > 0 {
			return total, err
		}
	}
	return total, nil
}
