package recorder

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// A TransportConfig says how to reach an origin. The zero value is useful.
type TransportConfig struct {
	// Timeout is how long an origin may take to begin its answer. Zero means
	// for ever. To connect, and to shake hands, it has 10 s each, or Timeout
	// when that is less.
	Timeout time.Duration

	// Origin is the URL of the origin, as Recorder has it. One of scheme h2c is
	// spoken to in HTTP/2 without TLS, by no other proxy's help. Nil means one
	// of another scheme.
	Origin *url.URL

	// RootCAs are the certificate authorities trusted for https. Nil means
	// the system's.
	RootCAs *x509.CertPool
}

// NewTransport returns a transport that passes on what the origin sends as it
// is. Nothing is decompressed, and every connection is kept that can be: the
// standard transport keeps two to a host, and closes the rest under load.
func NewTransport(c TransportConfig) *http.Transport {
	connect := 10 * time.Second
	if c.Timeout > 0 {
		connect = min(connect, c.Timeout)
	}
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: c.RootCAs},
		TLSHandshakeTimeout:    connect,
		ResponseHeaderTimeout:  c.Timeout,
		ExpectContinueTimeout:  time.Second, // HTTP/1.0 says no 100
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		WriteBufferSize:        16 << 10,
		ReadBufferSize:         16 << 10,
	}
	if c.Origin != nil && c.Origin.Scheme == "h2c" {
		t.Proxy = nil
		t.Protocols = new(http.Protocols)
		t.Protocols.SetUnencryptedHTTP2(true)
	}
	return t
}

// NormalOrigin spells equal origins equally (RFC 3986, section 6.2): a scheme's
// own port, the host's case and a slash at the end do not count.
func NormalOrigin(u *url.URL) *url.URL {
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && port != fixtures.DefaultPort(u.Scheme) {
		host += ":" + port
	}
	return &url.URL{
		Scheme:  u.Scheme,
		Host:    host,
		Path:    strings.TrimRight(u.Path, "/"),
		RawPath: strings.TrimRight(u.RawPath, "/"),
	}
}

// TargetURL returns the URL of a request-target at an origin. Its path and query
// reach the origin byte for byte.
func TargetURL(origin *url.URL, target string) *url.URL {
	path, query, hasQuery := strings.Cut(target, "?")
	whole := "*"
	if path != "*" {
		whole = strings.TrimSuffix(origin.EscapedPath(), "/") + path
	}
	u := &url.URL{
		Scheme:     fixtures.WebScheme(origin.Scheme),
		Host:       origin.Host,
		Path:       whole,
		Opaque:     whole,
		RawQuery:   query,
		ForceQuery: hasQuery && query == "",
	}
	switch {
	case strings.HasPrefix(whole, "//"):
		// net/url takes such an Opaque for an authority.
		u.Opaque, u.RawPath = "", whole
		if unescaped, err := url.PathUnescape(whole); err == nil {
			u.Path = unescaped
		}
	case origin.Scheme == "http" && forwardsWhole(u):
		// A proxy wants the whole URL (RFC 9112, section 3.2.2), and of "*" the
		// origin alone. net/http makes one of a path only where there is no Opaque.
		u.Opaque = "//" + u.Host + strings.TrimPrefix(whole, "*")
	}
	return u
}

// forwardsWhole reports whether plain HTTP goes through a proxy that is to forward it,
// as a transport of NewTransport is told by this process's environment.
func forwardsWhole(u *url.URL) bool {
	via, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	return err == nil && via != nil && (via.Scheme == "http" || via.Scheme == "https")
}

// address points a request at the origin, and adds nothing that would change the
// answer.
func (rec *Recorder) address(pr *httputil.ProxyRequest) {
	out := pr.Out
	out.URL = TargetURL(rec.Origin, requestTarget(pr.In))
	out.Host = rec.Origin.Host
	delete(out.Header, "Http2-Settings") // which ReverseProxy does not know
	if up := out.Header.Get("Upgrade"); up != "" && (out.Method != http.MethodGet || !strings.EqualFold(up, "websocket")) {
		delete(out.Header, "Upgrade")
		delete(out.Header, "Connection")
	}
	// ReverseProxy removes these, for proxies that would add their own. A
	// client's own are the client's business.
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := pr.In.Header[name]; ok {
			out.Header[name] = values
		}
	}
}

// requestTarget returns the request-target without scheme and host.
func requestTarget(r *http.Request) string {
	return fixtures.RequestTarget(r.RequestURI)
}

// sameOrigin returns the request-target, as clients of the proxy write it, of a
// reference in an answer, if it is at the origin.
func (rec *Recorder) sameOrigin(base *url.URL, reference string) (target string, ok bool) {
	if reference == "" {
		return "", false
	}
	ref, err := url.Parse(reference)
	if err != nil {
		return "", false
	}
	from := *base
	from.Opaque = ""
	ref = from.ResolveReference(ref)
	prefix := strings.TrimSuffix(rec.Origin.EscapedPath(), "/")
	path, under := strings.CutPrefix(ref.EscapedPath(), prefix)
	if ref.Scheme != fixtures.WebScheme(rec.Origin.Scheme) || ref.Host != rec.Origin.Host || !under {
		return "", false
	}
	if path == "" {
		path = "/"
	}
	if ref.RawQuery != "" {
		path += "?" + ref.RawQuery
	}
	return path, true
}

// checkStatus refuses what net/http takes for a final answer and cannot pass on:
// statuses below 100, and a switch of protocols that nobody asked for.
func checkStatus(res *http.Response) error {
	asked := res.Request.Header["Upgrade"] != nil
	if res.StatusCode < 200 && !(res.StatusCode == http.StatusSwitchingProtocols && asked) {
		return fmt.Errorf("malformed HTTP status %03d for an answer", res.StatusCode)
	}
	return nil
}

// problem says why the origin gave no answer.
func (rec *Recorder) problem(r *http.Request, cause error) error {
	if r.Context().Err() != nil {
		return fmt.Errorf("the client has left: %w", r.Context().Err())
	}
	var p *fixtures.Problem
	if errors.As(cause, &p) {
		return p
	}
	if p := rec.wrongHTTP(r, cause); p != nil {
		return p
	}
	p = &fixtures.Problem{
		Status: http.StatusBadGateway,
		Title:  "origin unreachable",
		Detail: fmt.Sprintf("%s: %v", rec.asked(r), rootCause(cause)),
		Hint:   "is the origin running, and is --origin right?",
	}
	if rec.NamedByClient {
		p.Hint = "is it running, and does the client ask for the right host and port?"
	}
	var (
		netErr   net.Error
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		dns      *net.DNSError
	)
	switch {
	case errors.As(cause, &unknown), errors.As(cause, &hostname), errors.As(cause, &invalid):
		p.Title = "origin's certificate is not trusted"
		p.Hint = "name the authority that signed it with --origin-ca FILE"
	case errors.As(cause, &dns) && !dns.IsTimeout:
		p.Title = "origin's name is unknown"
		p.Hint = "is the host name in --origin spelled right?"
		if rec.NamedByClient {
			p.Hint = "is the host name that the client asks for spelled right?"
		}
	case errors.As(cause, &netErr) && netErr.Timeout(), errors.Is(cause, context.DeadlineExceeded):
		p.Status = http.StatusGatewayTimeout
		p.Title = "origin timed out"
		p.Hint = "a slow origin needs a longer --origin-timeout"
	case notHTTP(cause):
		p.Title = "origin's answer is not HTTP"
		p.Hint = ""
	}
	return p
}

// asked names a request and whom it was for.
func (rec *Recorder) asked(r *http.Request) string {
	return fmt.Sprintf("%s %s: origin %s", r.Method, secret.CleanTargetOf(r.Header, requestTarget(r)), rec.Origin.Redacted())
}

// notHTTP reports whether an error is about what the origin has answered.
// net/http has no types for these.
func notHTTP(err error) bool {
	return slices.ContainsFunc([]string{
		"malformed ", "invalid header", "server response headers exceeded",
		"multiple Content-Length", "bad Content-Length", "empty Content-Length", "transfer encoding",
	}, func(words string) bool { return strings.Contains(err.Error(), words) })
}

// rootCause strips the address that net/http puts in front of a transport's
// error: the problem names the origin itself.
func rootCause(err error) error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		return urlErr.Err
	}
	return err
}
