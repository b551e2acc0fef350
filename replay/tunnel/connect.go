package tunnel

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// connect opens a tunnel (RFC 9110, section 9.3.6).
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	if _, after, found := strings.Cut(r.RequestURI, "@"); found {
		r.RequestURI = "...@" + after // what it begins with is nobody's to read
	}
	host, port, err := splitAuthority(r.RequestURI)
	switch {
	case !p.allowed(r):
		p.Handler.Refuse(w, r, p.wantsToken(w))
	case r.ProtoMajor != 1:
		p.Handler.Refuse(w, r, &fixtures.Problem{
			Status: http.StatusNotImplemented,
			Title:  "CONNECT in HTTP/2 is not supported",
			Detail: "a tunnel to " + secret.CleanTarget(r.Host) + " was asked for in HTTP/2",
			Hint:   "have the client speak HTTP/1.1 to the proxy, as all do that are given an http:// URL for it",
		})
	case err != nil:
		p.Handler.Refuse(w, r, &fixtures.Problem{
			Status: http.StatusBadRequest,
			Title:  "bad CONNECT",
			Detail: fmt.Sprintf("CONNECT %q: %v", secret.CleanTarget(r.RequestURI), err),
			Hint:   "a tunnel is to a host and a port, as in CONNECT api.example.com:443",
		})
	case !p.Choice.has(host, port) && !isItself(r, host, port):
		p.pass(w, r)
	default:
		p.open(w, r, host, port)
	}
}

const (
	// maxHost is how long a name may be (RFC 1035, section 2.3.4).
	maxHost = 253

	// notInHosts are characters that names and addresses do not have, though some pass
	// for a part of a URL.
	notInHosts = "/@?#\\ %,;*<>|^`\"'(){}[]!$&+=~"
)

// splitAuthority takes a host and a port apart.
func splitAuthority(authority string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(authority)
	if err != nil {
		return "", "", fmt.Errorf("it is not HOST:PORT")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", "", fmt.Errorf("port %q is not between 1 and 65535", port)
	}
	if host == "" || len(host) > maxHost || strings.ContainsAny(host, notInHosts) {
		return "", "", fmt.Errorf("%.100q is not a host", host)
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), strconv.FormatUint(n, 10), nil
}

// established is the answer to CONNECT. A length would be wrong in it.
const established = "HTTP/1.1 200 Connection established\r\n\r\n"

// open begins a tunnel whose requests are answered here.
func (p *Proxy) open(w http.ResponseWriter, r *http.Request, host, port string) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		p.Handler.Refuse(w, r, fmt.Errorf("open a tunnel: %w", err))
		return
	}
	in := &inside{Conn: conn, buffered: rest(conn, buffered.Reader), host: host, port: port, at: places(host, port), client: clientName(r), itself: isItself(r, host, port)}
	if _, err := io.WriteString(conn, established); err != nil {
		conn.Close()
		return
	}
	p.enter(r.Context(), in)
}
