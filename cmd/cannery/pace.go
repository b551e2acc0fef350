package main

import (
	"io"
	"net"
	"os"
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

// ReadFrom has the kernel send a file, which may be large, in pieces.
func (c pacedConn) ReadFrom(src io.Reader) (int64, error) {
	const piece = 4 << 20
	limited, ok := src.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{c}, src)
	}
	if _, isFile := limited.R.(*os.File); !isFile {
		return io.Copy(struct{ io.Writer }{c}, src)
	}
	var total int64
	for limited.N > 0 {
		if err := c.SetWriteDeadline(time.Now().Add(slowest)); err != nil {
			return total, err
		}
		next := &io.LimitedReader{R: limited.R, N: min(piece, limited.N)}
		n, err := c.TCPConn.ReadFrom(next)
		total += n
		limited.N -= n
		if err != nil || n == 0 {
			return total, err
		}
	}
	return total, nil
}
