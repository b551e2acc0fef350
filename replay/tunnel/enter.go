package tunnel

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/replay/authority"
)

// defaultGreetingTimeout is that of a Proxy that has none.
const defaultGreetingTimeout = 10 * time.Second

// enter looks at what a client begins with, and has its requests served.
func (p *Proxy) enter(ctx context.Context, in *inside) {
	_ = in.SetDeadline(time.Now().Add(cmp.Or(p.GreetingTimeout, defaultGreetingTimeout)))
	stop := context.AfterFunc(ctx, func() { in.Close() }) // nobody waits for a client once all is to end
	conn, trouble := p.greet(ctx, in)
	if !stop() {
		return
	}
	if trouble != nil {
		in.Close()
		p.Uncaught.add(trouble.kind, in.authority(), in.client, trouble.why)
		return
	}
	_ = in.SetDeadline(time.Time{})
	select {
	case p.begun().conns <- conn:
	case <-p.closed:
		conn.Close()
	}
}

// A trouble is why a tunnel has no requests.
type trouble struct {
	kind Kind
	why  string
}

// greet tells HTTP from TLS by the first byte, and returns the connection that requests
// come on.
func (p *Proxy) greet(ctx context.Context, in *inside) (net.Conn, *trouble) {
	first, err := in.buffered.Peek(1)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &trouble{NotHTTP, "the client sent nothing, as where the server speaks first"}
	case err != nil:
		return nil, &trouble{Silent, "the client closed the tunnel without a word"}
	case first[0] == authority.Handshake:
		return p.shake(ctx, in)
	}
	if what := notHTTP(in); what != "" {
		return nil, &trouble{NotHTTP, what}
	}
	return in, nil
}

// notHTTP says what a client speaks that is neither TLS nor HTTP, "" when it may be HTTP:
// its first line ends with a version, or is longer than what is looked at.
func notHTTP(in *inside) string {
	var line []byte
	for n := 1; ; n = in.buffered.Buffered() + 1 {
		_, err := in.buffered.Peek(n)
		seen, _ := in.buffered.Peek(in.buffered.Buffered())
		end := strings.IndexByte(string(seen), '\n')
		if end >= 0 {
			line = bytes.TrimRight(seen[:end], "\r")
			break
		}
		if len(seen) == in.buffered.Size() {
			return ""
		}
		if err != nil || !isText(seen) {
			line = seen
			break
		}
	}
	switch {
	case strings.Contains(string(line), " HTTP/"):
		return ""
	case strings.HasPrefix(string(line), "SSH-"):
		return "the client speaks SSH"
	case len(line) > 0 && line[0]&0xC0 == 0xC0: // a long header (RFC 9000, section 17.2)
		return "the client speaks QUIC, as HTTP/3 does, which goes through no tunnel"
	}
	return fmt.Sprintf("the client speaks neither HTTP nor TLS: it began with %q", secret.CleanText(string(line[:min(len(line), 20)])))
}

func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\r' && c != '\t' || c >= 0x7F {
			return false
		}
	}
	return true
}

// shake ends the client's TLS.
func (p *Proxy) shake(ctx context.Context, in *inside) (net.Conn, *trouble) {
	conn := tls.Server(in, p.begun().config)
	err := conn.HandshakeContext(ctx)
	if err == nil {
		return conn, nil
	}
	switch why := authority.Refusal(err.Error()); {
	case why != "":
		return nil, &trouble{Refused, "the client refused the certificate of this run: " + why}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isReset(err):
		return nil, &trouble{Refused, "the client left when it had seen the certificate of this run"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &trouble{NotHTTP, "the client stopped in the middle of its TLS handshake"}
	}
	return nil, &trouble{NotHTTP, "TLS with the client failed: " + strings.TrimPrefix(err.Error(), "tls: ")}
}

type contextKey struct{}

// ConnContext lets Inside know of which tunnel a connection is.
func (p *Proxy) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	return context.WithValue(ctx, contextKey{}, conn)
}

// ConnState notices clients that leave a tunnel without a request.
func (p *Proxy) ConnState(conn net.Conn, state http.ConnState) {
	secured, ok := conn.(*tls.Conn)
	if !ok {
		return
	}
	in := secured.NetConn().(*inside)
	switch state {
	case http.StateActive:
		in.asked.Do(func() { p.Uncaught.caught(in.authority()) })
	case http.StateClosed:
		in.asked.Do(func() {
			p.Uncaught.add(Silent, in.authority(), in.client, "the client left without a request, as one may that does not trust the certificate of this run")
		})
	}
}

// Inside serves the requests inside of tunnels.
func (p *Proxy) Inside() http.Handler { return http.HandlerFunc(p.serveInside) }

func (p *Proxy) serveInside(w http.ResponseWriter, r *http.Request) {
	in, _ := r.Context().Value(contextKey{}).(*inside)
	if in.itself {
		p.ServeHTTP(w, r)
		return
	}
	at := in.at["http"]
	switch {
	case r.TLS != nil:
		at = in.at["https"]
	case r.ProtoMajor == 2:
		at = in.at["h2c"]
	}
	if r.Method == http.MethodConnect {
		p.Handler.Refuse(w, r, connectInside(r, in))
		return
	}
	if r.Host != at.Host && r.Host != "" { // HTTP/1.0 has none
		asked := &url.URL{Scheme: at.Scheme, Host: r.Host}
		switch same := strings.EqualFold(strings.TrimSuffix(asked.Hostname(), "."), in.host); {
		case portOf(asked) != in.port, !same && (net.ParseIP(in.host) == nil || p.Choice.leaves(asked.Hostname(), in.port)):
			p.Handler.Refuse(w, r, misdirected(r, in))
			return
		case !same:
			at = asked // an address was asked for what the client calls so
		}
	}
	p.Handler.ServeHost(w, r, at)
}

// connectInside says that a tunnel cannot be opened through another one.
func connectInside(r *http.Request, in *inside) error {
	return &fixtures.Problem{
		Status: http.StatusMethodNotAllowed,
		Title:  "CONNECT inside a tunnel",
		Detail: fmt.Sprintf("CONNECT %s inside a tunnel to %s: its requests are answered here, and nothing is passed on", secret.CleanTarget(r.RequestURI), in.authority()),
		Hint:   "have the client open a tunnel to " + secret.CleanTarget(r.RequestURI) + " with cannery as its only proxy",
	}
}

// misdirected says that a request names another host than its tunnel: which one it is
// for cannot be told.
func misdirected(r *http.Request, in *inside) error {
	return &fixtures.Problem{
		Status: http.StatusMisdirectedRequest,
		Title:  "another host than the tunnel's",
		Detail: fmt.Sprintf("%s %s in a tunnel to %s is for %q", r.Method, secret.CleanTarget(fixtures.RequestTarget(r.RequestURI)), in.authority(), r.Host),
		Hint:   "send requests for a host through a tunnel to that host",
	}
}
