package main

import (
	"io"
	"math"
	"net"
	"time"
)

// slowest is how long a client may take to take a piece of an answer. Headers
// have a limit of net/http's; the content of requests has one of replay's.
const slowest = 2 * time.Minute

// A pacedListener gives out connections that a client which does not read
// cannot hold for ever. A limit for whole answers would forbid long streams.
type pacedListener struct{ net.Listener }

func (l pacedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		return pacedConn{tcp}, nil
	}
	return conn, err
}

// A pacedConn bounds each write.
type pacedConn struct{ *net.TCPConn }

func (c pacedConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(slowest)); err != nil {
		return 0, err
	}
	return c.TCPConn.Write(p)
}

// ReadFrom has the kernel send a file, in pieces that a client has time for.
func (c pacedConn) ReadFrom(src io.Reader) (int64, error) {
	const piece = 4 << 20
	whole, ok := src.(*io.LimitedReader)
	if !ok {
		whole = &io.LimitedReader{R: src, N: math.MaxInt64}
	}
	var total int64
	for whole.N > 0 {
		if err := c.SetWriteDeadline(time.Now().Add(slowest)); err != nil {
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
