package tunnel

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// clientName is what a client calls itself, as far as it is worth to be remembered.
func clientName(r *http.Request) string {
	return fmt.Sprintf("%.100s", secret.CleanText(r.UserAgent()))
}

// An inside is a connection of a client to the host of a tunnel. What came with the
// CONNECT is read first.
type inside struct {
	net.Conn
	buffered *bufio.Reader // nil: all of it was read
	host     string        // in lower case, without brackets
	port     string
	at       map[string]*url.URL // where that is, by scheme
	client   string              // what it calls itself, "" for nothing
	itself   bool                // the host is the proxy: its own URL goes through it, too

	asked sync.Once // a request was read
}

func (c *inside) Read(b []byte) (int, error) {
	if c.buffered == nil {
		return c.Conn.Read(b)
	}
	if c.buffered.Buffered() == 0 {
		c.buffered = nil
		return c.Conn.Read(b)
	}
	return c.buffered.Read(b)
}

// CloseWrite says that no more will come.
func (c *inside) CloseWrite() error { return closeWrite(c.Conn) }

// closeWrite closes one direction, where a connection has two.
func closeWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *inside) authority() string { return net.JoinHostPort(c.host, c.port) }

// places returns where a host and port are, in each way to speak HTTP, as clients name it:
// without the port that the scheme implies.
func places(host, port string) map[string]*url.URL {
	authority, at := net.JoinHostPort(host, port), map[string]*url.URL{}
	for _, scheme := range []string{"http", "https", "h2c"} {
		at[scheme] = &url.URL{Scheme: scheme, Host: strings.TrimSuffix(authority, ":"+fixtures.DefaultPort(scheme))}
	}
	return at
}

// rest returns a reader of what comes on a hijacked connection. That of net/http ends the
// request's context when it fails to read.
func rest(conn net.Conn, buffered *bufio.Reader) *bufio.Reader {
	come, _ := buffered.Peek(buffered.Buffered())
	return bufio.NewReader(io.MultiReader(bytes.NewReader(come), conn))
}
