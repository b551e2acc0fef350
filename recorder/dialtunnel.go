package recorder

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"example.com/cannery/fixtures"
)

// DialTunnel returns what connects to a host for a client whose bytes are passed through
// untouched: through the proxy that this process's environment names, where it names
// one for the host, as a transport of NewTransport does.
func DialTunnel(timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		via, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: address}})
		if err != nil || via == nil || via.Scheme != "http" && via.Scheme != "https" {
			return dialer.DialContext(ctx, network, address)
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return DialThrough(ctx, via, address)
	}
}

// DialThrough connects to a host through a tunnel of the HTTP proxy at a URL, http or
// https. The context is that of the dialling only.
func DialThrough(ctx context.Context, via *url.URL, address string) (net.Conn, error) {
	dialer := &net.Dialer{KeepAlive: 30 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(via.Hostname(), cmp.Or(via.Port(), fixtures.DefaultPort(via.Scheme))))
	if err != nil {
		return nil, err
	}
	if via.Scheme == "https" {
		conn = tls.Client(conn, &tls.Config{ServerName: via.Hostname()})
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	through, err := askForTunnel(conn, via, address)
	if !stop() || err != nil {
		conn.Close()
		return nil, cmp.Or(err, ctx.Err())
	}
	return through, nil
}

// askForTunnel sends CONNECT to another proxy (RFC 9110, section 9.3.6).
func askForTunnel(conn net.Conn, via *url.URL, address string) (net.Conn, error) {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if via.User != nil {
		password, _ := via.User.Password()
		basic := &http.Request{Header: http.Header{}}
		basic.SetBasicAuth(via.User.Username(), password)
		req.Header["Proxy-Authorization"] = basic.Header["Authorization"]
	}
	if err := req.Write(conn); err != nil {
		return nil, err
	}
	rest := bufio.NewReader(conn)
	res, err := http.ReadResponse(rest, req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 != 2 {
		return nil, fmt.Errorf("the proxy %s refused: %s", via.Redacted(), res.Status)
	}
	return &bufferedConn{conn, rest}, nil
}

// A bufferedConn is a connection of which some has been read already.
type bufferedConn struct {
	net.Conn
	rest *bufio.Reader
}

func (c *bufferedConn) Read(p []byte) (int, error) { return c.rest.Read(p) }
