package recorder

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/cannery/fixtures"
)

// greetingTimeout is how long an origin may take to greet.
const greetingTimeout = time.Second

// settings is an empty SETTINGS frame of HTTP/2 (RFC 9113, section 6.5).
const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// greet says what a server without TLS answers to the greeting of HTTP/2 (RFC 9113,
// section 3.4), which is no request: as much as a frame's header, "" for nothing.
func greet(ctx context.Context, origin *url.URL) string {
	ctx, cancel := context.WithTimeout(ctx, greetingTimeout)
	defer cancel()
	port := origin.Port()
	if port == "" {
		port = fixtures.DefaultPort(origin.Scheme)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(origin.Hostname(), port))
	if err != nil {
		return ""
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+settings); err != nil {
		return ""
	}
	var answer [len(settings)]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return ""
	}
	return string(answer[:])
}

// wrongHTTP returns the problem of an origin that speaks another version of HTTP
// than its scheme says, nil when it does not, or has ever answered.
func (rec *Recorder) wrongHTTP(r *http.Request, cause error) *fixtures.Problem {
	var dial *net.OpError
	var slow net.Error
	if rec.reach.ever.Load() || errors.As(cause, &dial) && dial.Op == "dial" || errors.As(cause, &slow) && slow.Timeout() {
		return nil
	}
	if rec.Origin.Scheme == "https" || rec.NamedByClient {
		return nil
	}
	// What a server of HTTP/2 does with a request of HTTP/1.1 differs: it sends
	// frames, or closes the connection without a word. All greet alike.
	answer := greet(r.Context(), rec.Origin)
	greets := strings.HasSuffix(answer, settings[3:])
	if answer == "" || greets == (rec.Origin.Scheme == "h2c") {
		return nil
	}
	speaks, right := "HTTP/2 only, without TLS", *rec.Origin
	right.Scheme = "h2c"
	if !greets {
		speaks, right.Scheme = "no HTTP/2 without TLS", "http"
	}
	return &fixtures.Problem{
		Status: http.StatusBadGateway,
		Title:  "origin speaks another HTTP",
		Detail: rec.asked(r) + " speaks " + speaks,
		Hint:   "give it as --origin " + right.String(),
	}
}
