package main

import (
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// slowest is how long a client may take to take a piece of an answer. Headers
// have a limit of net/http's; the content of requests has one of replay's.
const slowest = 2 * time.Minute

// lookEvery is how often limits are looked at: none is kept more exactly.
const lookEvery = time.Second

// A pacedListener gives out connections that a client which does not read, or
// send, cannot hold for ever. A limit for whole answers would forbid long
// streams.
//
// net/http sets deadlines several times for each request, and each would move a
// timer of the runtime's. Nearly all are lifted again at once, so a connection
// only remembers them, and one goroutine looks whose time is over.
type pacedListener struct {
	net.Listener
	began time.Time
	now   atomic.Int64 // of the last look, in nanoseconds since began

	mu    sync.Mutex
	conns map[*pacedConn]struct{} // guarded by mu

	ended   chan struct{} // closed by stop
	watcher sync.WaitGroup
}

// newPacedListener returns a listener on l. Whoever calls it has to call stop,
// past which there are no limits.
func newPacedListener(l net.Listener) *pacedListener {
	p := &pacedListener{Listener: l, began: time.Now(), conns: map[*pacedConn]struct{}{}, ended: make(chan struct{})}
	p.watcher.Go(p.watch)
	return p
}

func (l *pacedListener) watch() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			now := time.Since(l.began)
			l.now.Store(int64(now))
			l.enforce(now)
		case <-l.ended:
			return
		}
	}
}

// enforce sets the limits that are over at a time since the listener began.
func (l *pacedListener) enforce(now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.enforce(now)
	}
}

func (l *pacedListener) stop() {
	close(l.ended)
	l.watcher.Wait()
}

func (l *pacedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn, err
	}
	c := &pacedConn{TCPConn: tcp, paced: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	return c, err
}

func (l *pacedListener) forget(c *pacedConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// A pacedConn bounds each write, and keeps deadlines to about a second.
type pacedConn struct {
	*net.TCPConn
	paced *pacedListener

	mu          sync.Mutex
	read, write limit // guarded by mu
}

// A limit is a deadline of a connection, for one direction. The zero limit is
// none.
type limit struct {
	at  time.Duration // since the listener began; 0: none is left to be set
	set bool          // the connection itself has one
}

// to changes a limit, with what sets it on the connection itself. One that is
// over, or nearly, is set at once.
func (l *limit) to(t time.Time, paced *pacedListener, set func(time.Time) error) error {
	l.at = 0
	if !t.IsZero() {
		at := t.Sub(paced.began)
		if at < time.Duration(paced.now.Load())+2*lookEvery {
			l.set = true
			return set(t)
		}
		l.at = at
	}
	if !l.set {
		return nil
	}
	l.set = false
	return set(time.Time{})
}

// enforce sets a limit that is over.
func (l *limit) enforce(now time.Duration, set func(time.Time) error) {
	if l.at != 0 && l.at <= now {
		l.at, l.set = 0, true
		_ = set(time.Unix(1, 0)) // long past; fails on a closed connection
	}
}

func (c *pacedConn) enforce(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read.enforce(now, c.TCPConn.SetReadDeadline)
	c.write.enforce(now, c.TCPConn.SetWriteDeadline)
}

func (c *pacedConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read.to(t, c.paced, c.TCPConn.SetReadDeadline)
}

func (c *pacedConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write.to(t, c.paced, c.TCPConn.SetWriteDeadline)
}

func (c *pacedConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// inTime gives the client time for the next piece.
func (c *pacedConn) inTime() error {
	return c.SetWriteDeadline(c.paced.began.Add(time.Duration(c.paced.now.Load()) + slowest))
}

func (c *pacedConn) Write(p []byte) (int, error) {
	if err := c.inTime(); err != nil {
		return 0, err
	}
	return c.TCPConn.Write(p)
}

// ReadFrom has the kernel send a file, in pieces that a client has time for.
func (c *pacedConn) ReadFrom(src io.Reader) (int64, error) {
	const piece = 4 << 20
	whole, ok := src.(*io.LimitedReader)
	if !ok {
		whole = &io.LimitedReader{R: src, N: math.MaxInt64}
	}
	var total int64
	for whole.N > 0 {
		if err := c.inTime(); err != nil {
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

func (c *pacedConn) Close() error {
	c.paced.forget(c)
	return c.TCPConn.Close()
}
