// Package wire is a wire between two programs that a test can break: it passes
// connections on to a server, and does to them what networks and dying servers do.
package wire

import (
	"net"
	"sync"
	"testing"
	"time"
)

// A Wire listens in front of a server. Its methods may be called concurrently, and
// fail the test when they cannot do what they say. A fault lasts until the next one,
// or until Mend.
type Wire struct {
	Addr string // where it listens, host:port

	t      testing.TB
	to     string
	served sync.WaitGroup

	mu       sync.Mutex   // protects what follows
	listener net.Listener // nil after Refuse
	links    map[*link]bool
	fault    *fault
}

// A fault is what is wrong with a wire. The zero fault is nothing.
type fault struct {
	over  chan struct{} // closed when another one takes its place
	hangs bool
	reset bool
	cuts  bool
	after int           // bytes of answers before the cut
	delay time.Duration // of each piece of an answer
	lose  func() bool   // nil: no answer is lost
}

// A link is a connection of a client's with the one to the server.
type link struct {
	client, server *net.TCPConn
	cutBy          *fault // what passed counts for
	passed         int    // bytes of answers since
}

// To returns a wire to a server, which is taken down when the test ends.
func To(t testing.TB, server string) *Wire {
	t.Helper()
	w := &Wire{Addr: "127.0.0.1:0", t: t, to: server, links: map[*link]bool{}, fault: &fault{over: make(chan struct{})}}
	w.listen()
	t.Cleanup(func() {
		w.Refuse()
		w.served.Wait()
	})
	return w
}

// Hang lets nothing pass, in either direction. What is under way stays so, and goes on
// when the fault is over.
func (w *Wire) Hang() { w.set(&fault{hangs: true}) }

// Reset resets all connections, those under way and those to come.
func (w *Wire) Reset() { w.set(&fault{reset: true}) }

// CutAfter closes each connection when n further bytes of answers have passed.
func (w *Wire) CutAfter(n int) { w.set(&fault{cuts: true, after: n}) }

// Delay has each piece of an answer come that much later.
func (w *Wire) Delay(d time.Duration) { w.set(&fault{delay: d}) }

// LoseAnswer holds back the first answer for which when is true, on its connection
// alone. All else passes.
func (w *Wire) LoseAnswer(when func() bool) {
	var once sync.Mutex
	lost := false
	w.set(&fault{lose: func() bool {
		once.Lock()
		defer once.Unlock()
		if lost || !when() {
			return false
		}
		lost = true
		return true
	}})
}

// Refuse has nobody listen any more, as when a server has died.
func (w *Wire) Refuse() {
	w.mu.Lock()
	if w.listener != nil {
		w.listener.Close()
		w.listener = nil
	}
	w.mu.Unlock()
	w.set(&fault{reset: true})
}

// Mend ends the fault.
func (w *Wire) Mend() {
	w.t.Helper()
	w.set(&fault{})
	w.listen()
}

// Cut closes all connections once, and nothing is wrong with those to come.
func (w *Wire) Cut() {
	w.set(&fault{reset: true})
	w.set(&fault{})
}

// set has a fault take the place of another.
func (w *Wire) set(f *fault) {
	f.over = make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.fault.over)
	w.fault = f
	if !f.reset {
		return
	}
	for l := range w.links {
		l.reset()
	}
}

// listen listens, unless it does.
func (w *Wire) listen() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.listener != nil {
		return
	}
	listener, err := net.Listen("tcp", w.Addr)
	for end := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(end); { // another process may have the port for a moment
		listener, err = net.Listen("tcp", w.Addr)
	}
	if err != nil {
		w.t.Fatalf("listen in front of %s: %v", w.to, err)
	}
	w.listener, w.Addr = listener, listener.Addr().String()
	w.served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			w.served.Go(func() { w.serve(conn.(*net.TCPConn)) })
		}
	})
}

// serve passes on one connection.
func (w *Wire) serve(client *net.TCPConn) {
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		client.Close()
		return
	}
	l := &link{client: client, server: server.(*net.TCPConn)}
	w.mu.Lock()
	w.links[l] = true
	if w.fault.reset {
		l.reset()
	}
	w.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { w.pump(l.client, l.server, w.request) })
	both.Go(func() { w.pump(l.server, l.client, func(p []byte) (int, bool) { return w.answer(l, p) }) })
	both.Wait()
	w.mu.Lock()
	delete(w.links, l)
	w.mu.Unlock()
}

// reset ends both connections, without a farewell.
func (l *link) reset() {
	l.client.SetLinger(0)
	l.client.Close()
	l.server.Close()
}

// pump passes on what pass says, until that has no more. Then both ends are closed.
func (w *Wire) pump(from, to *net.TCPConn, pass func(p []byte) (n int, more bool)) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		n, more := pass(buf[:n])
		if _, failed := to.Write(buf[:n]); failed != nil || err != nil || !more {
			return
		}
	}
}

// request waits until a request may pass.
func (w *Wire) request(p []byte) (n int, more bool) {
	for f := w.now(); f.hangs; f = w.now() {
		<-f.over
	}
	return len(p), true
}

// answer waits until an answer may pass, and returns how many bytes of it may.
func (w *Wire) answer(l *link, p []byte) (n int, more bool) {
	for len(p) > 0 {
		f := w.now()
		switch {
		case f.hangs, f.lose != nil && f.lose():
			<-f.over
			continue
		case f.delay > 0:
			select {
			case <-time.After(f.delay):
			case <-f.over:
			}
		case f.cuts:
			if l.cutBy != f {
				l.cutBy, l.passed = f, 0
			}
			n := min(len(p), f.after-l.passed)
			l.passed += n
			return n, l.passed < f.after
		}
		break
	}
	return len(p), true
}

func (w *Wire) now() *fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fault
}
