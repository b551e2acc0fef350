package main

import (
	"errors"
	"io"
	"math"
	"net"
	"sync/atomic"
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
	return &timedConn{TCPConn: tcp, slowest: l.slowest, onTLS: l.onTLS}, err
}

// A timedConn bounds the time of each write. To set a deadline costs a timer of the
// runtime, so one serves the writes of a while: none has less than seven eighths of the time.
type timedConn struct {
	*net.TCPConn
	slowest time.Duration
	onTLS   func() // nil once the first byte has come

	until atomic.Int64 // when limit's deadline is, on clock; 0: it is not set
}

// clock is a time that nobody sets: deadlines are not of the wall's.
func clock() time.Duration { return time.Since(loaded) }

var loaded = time.Now()

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
func (c *timedConn) limit() error {
	now := clock()
	if time.Duration(c.until.Load())-now > c.slowest*7/8 {
		return nil
	}
	c.until.Store(int64(now + c.slowest))
	return c.TCPConn.SetWriteDeadline(time.Now().Add(c.slowest))
}

// SetWriteDeadline bounds what is being written; the next write has time of its own.
// Zero, as net/http says after each answer, bounds nothing and changes nothing.
func (c *timedConn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	c.until.Store(0)
	return c.TCPConn.SetWriteDeadline(t)
}

// SetDeadline bounds reads, and what is being written.
func (c *timedConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

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
