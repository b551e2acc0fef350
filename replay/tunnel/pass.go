package tunnel

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"example.com/cannery/fixtures"
)

// pass connects a client with a host that was not chosen.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request) {
	if p.Dial == nil {
		p.bar(w, r, r.RequestURI)
		return
	}
	there, err := p.Dial(r.Context(), "tcp", r.RequestURI)
	if err != nil {
		p.Handler.Refuse(w, r, &fixtures.Problem{
			Status: http.StatusBadGateway,
			Title:  "host unreachable",
			Detail: fmt.Sprintf("CONNECT %s, which is passed through: %v", r.RequestURI, err),
		})
		return
	}
	defer there.Close()
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		p.Handler.Refuse(w, r, fmt.Errorf("open a tunnel: %w", err))
		return
	}
	defer here.Close()
	p.Uncaught.add(Passed, r.RequestURI, clientName(r), "")
	// A tunnel has no end to wait for: it is closed when everything else has been answered.
	stop := context.AfterFunc(r.Context(), func() {
		here.Close()
		there.Close()
	})
	defer stop()
	_ = here.SetDeadline(time.Time{})
	if _, err := io.WriteString(here, established); err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		relay(&timedHost{there, cmp.Or(p.HostTimeout, defaultHostTimeout)}, &inside{Conn: here, buffered: rest(here, buffered.Reader)})
	})
	both.Go(func() { relay(here, there) })
	both.Wait()
}

// relay copies to the end of one side, and tells the other one of it.
func relay(to io.Writer, from io.Reader) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		_ = half.CloseWrite()
		return
	}
	if closer, ok := to.(io.Closer); ok {
		closer.Close()
	}
}

// defaultHostTimeout is that of a Proxy that has none.
const defaultHostTimeout = 2 * time.Minute

// A timedHost bounds the time of each write to a host that is passed through. While
// nobody reads there, nobody would see that the client has left.
type timedHost struct {
	net.Conn
	slowest time.Duration
}

func (c *timedHost) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.slowest)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// CloseWrite says that no more will come.
func (c *timedHost) CloseWrite() error { return closeWrite(c.Conn) }

// bar refuses a host that is left alone where nothing can be passed through.
func (p *Proxy) bar(w http.ResponseWriter, r *http.Request, host string) {
	at := &url.URL{Scheme: "http", Host: host}
	why := "it is left out by --only or --except"
	hint := "change --only or --except, or set NO_PROXY=" + at.Hostname() + " for the client, so that it asks the host itself"
	with := p.Choice
	with.Loopback = true
	if with.has(at.Hostname(), portOf(at)) {
		why = "it is this machine, which is left alone"
		hint = "set NO_PROXY=" + at.Hostname() + " for the client, so that it asks the host itself; or have cannery answer for this machine too: --proxy-loopback"
	}
	p.Uncaught.add(Barred, host, clientName(r), why)
	p.Handler.Refuse(w, r, &fixtures.Problem{
		Status: http.StatusForbidden,
		Title:  "host is left alone",
		Detail: fmt.Sprintf("%s: %s, and offline nothing is passed through", host, why),
		Hint:   hint,
	})
}
