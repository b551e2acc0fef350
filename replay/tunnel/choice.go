package tunnel

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
)

// A Choice says for which hosts the proxy answers. The others are passed through
// untouched, or refused where nothing can be dialled.
type Choice struct {
	// Only are the hosts to answer for. Nil are all, but for those of this machine.
	Only []Pattern

	// Except are hosts to leave alone, whatever Only says.
	Except []Pattern

	// Loopback has the hosts of this machine answered for too.
	Loopback bool

	// Named are hosts to answer for unless Except has them: those of origins that
	// were given.
	Named []Pattern
}

// has reports whether a host's requests are to be seen.
func (c *Choice) has(host, port string) bool {
	matches := func(p Pattern) bool { return p.matches(host, port) }
	switch {
	case slices.ContainsFunc(c.Except, matches):
		return false
	case slices.ContainsFunc(c.Named, matches):
		return true
	case c.Only != nil:
		return slices.ContainsFunc(c.Only, matches)
	}
	return c.Loopback || !isLoopback(host)
}

// leaves reports whether a host is to be left alone by whatever address it is asked for.
func (c *Choice) leaves(host, port string) bool {
	excepted := slices.ContainsFunc(c.Except, func(p Pattern) bool { return p.matches(host, port) })
	return excepted || c.Only == nil && !c.has(host, port)
}

// A Pattern is of hosts: one, or all below a domain.
type Pattern struct {
	host string // in lower case
	all  bool   // what is below it too
	port string // "" for any
}

// PatternOf returns the pattern of the host at a URL.
func PatternOf(at *url.URL) Pattern {
	return Pattern{host: strings.ToLower(at.Hostname()), port: portOf(at)}
}

// ParsePattern reads HOST, HOST:PORT, and *.HOST for all below HOST. Its error does not
// quote the input.
func ParsePattern(text string) (Pattern, error) {
	if strings.Contains(text, "/") {
		return Pattern{}, errors.New("it is a host without scheme and path, as in api.example.com or *.example.com:8443")
	}
	p := Pattern{host: text}
	if host, port, err := net.SplitHostPort(text); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return p, fmt.Errorf("port %q is not between 1 and 65535", port)
		}
		p.host, p.port = host, strconv.FormatUint(n, 10)
	}
	p.host = strings.TrimSuffix(strings.TrimPrefix(p.host, "["), "]")
	p.host = strings.ToLower(strings.TrimSuffix(p.host, "."))
	if below, found := strings.CutPrefix(p.host, "*."); found {
		p.host, p.all = below, true
	}
	if strings.ContainsAny(p.host, "*?, \t@[]") || strings.Contains(p.host, ":") && net.ParseIP(p.host) == nil || slices.Contains(strings.Split(p.host, "."), "") {
		return p, errors.New("it is not a host, as in api.example.com or *.example.com")
	}
	return p, nil
}

// String spells the pattern as ParsePattern reads it.
func (p Pattern) String() string {
	host := p.host
	if p.all {
		host = "*." + host
	}
	if p.port == "" {
		return host
	}
	return net.JoinHostPort(host, p.port)
}

func (p Pattern) matches(host, port string) bool {
	if p.port != "" && p.port != port {
		return false
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if p.all {
		return strings.HasSuffix(host, "."+p.host)
	}
	return host == p.host
}

// isLoopback reports whether a host is of this machine by its name or address.
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// portOf is the port of a URL, or that which its scheme implies.
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return fixtures.DefaultPort(u.Scheme)
}
