package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// A clientTLS says how clients are spoken to. The zero value is plain HTTP.
type clientTLS struct {
	leaves    bool    // with leaves of this run's authority
	cert, key pemFile // or with this certificate, which comes first

	pair *tls.Certificate // of cert and key, once they are checked; nil for none
}

func (t *clientTLS) bind(f *flags) {
	bind(f, "tls", &t.leaves, parseSwitch)
	bind(f, "tls-cert", &t.cert, readPEM("--tls-cert"))
	bind(f, "tls-key", &t.key, readPEM("--tls-key"))
}

// check looks at how the settings go together, and makes a pair of two files.
func (t *clientTLS) check(f *flags, command string) (err error) {
	switch {
	case t.cert.given() && !t.key.given():
		return misuse("add --tls-key FILE, with its private key; that may be the same file", "%s: there is no --tls-key beside %s %q", command, f.source["tls-cert"], t.cert.path)
	case t.key.given() && !t.cert.given():
		return misuse("add --tls-cert FILE, with its certificate; that may be the same file", "%s: there is no --tls-cert beside %s %q", command, f.source["tls-key"], t.key.path)
	case t.cert.given():
		if t.pair, err = pairOf(t.cert, t.key); err != nil {
			return err
		}
	}
	return nil
}

// spoken reports whether clients are to speak TLS.
func (t *clientTLS) spoken() bool { return t.leaves || t.pair != nil }

// showsLeaves reports whether clients are shown leaves of this run's authority.
func (t *clientTLS) showsLeaves() bool { return t.leaves && t.pair == nil }

// url is where clients reach a listener, and its port.
func (o *start) url(l net.Listener) (url string, port int) {
	scheme, host := "http", reachable(o.host)
	if o.tls.spoken() {
		scheme, host = "https", o.tls.hostFor(host)
	}
	port = l.Addr().(*net.TCPAddr).Port
	return scheme + "://" + net.JoinHostPort(host, fmt.Sprint(port)), port
}

// hostFor is how clients are to name a host: by localhost, where the certificate is
// for that and not for the address of loopback.
func (t *clientTLS) hostFor(host string) string {
	if t.pair == nil || t.pair.Leaf.VerifyHostname(host) == nil || t.pair.Leaf.VerifyHostname("localhost") != nil {
		return host
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return host
	}
	return "localhost"
}

// speakTLS has a server speak TLS, when clients are to, at a URL.
func (o *start) speakTLS(s *server, url string) {
	switch {
	case o.tls.pair != nil:
		s.speakTLS(&tls.Config{Certificates: []tls.Certificate{*o.tls.pair}}, "have it trust who has signed --tls-cert")
	case o.tls.leaves:
		s.speakTLS(&tls.Config{GetCertificate: o.leaf}, "have it trust "+url+"/__cannery/ca.pem, which --ca-file writes to a file")
	}
}

// leaf is the certificate for a client: for the name that it asks for, or, as not
// all send one and none sends an address, for all that this server is known by.
func (o *start) leaf(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if hello.ServerName != "" {
		return o.authority.Leaf(hello.ServerName)
	}
	hosts := []string{reachable(o.host), "localhost", "127.0.0.1", "::1"}
	if at, ok := hello.Conn.LocalAddr().(*net.TCPAddr); ok {
		hosts = append(hosts, at.IP.String())
	}
	return o.authority.Leaf(hosts...)
}

// warnOfCertificate says what clients of a URL will not like in the user's
// certificate.
func (t *clientTLS) warnOfCertificate(url string, warn func(string)) {
	if t.pair == nil {
		return
	}
	leaf, now := t.pair.Leaf, time.Now()
	text := func(what string) string {
		return fmt.Sprintf("warning: --tls-cert %q: %s: clients of %s will refuse it", t.cert.path, what, url)
	}
	switch {
	case now.After(leaf.NotAfter):
		warn(text("the certificate was valid until " + leaf.NotAfter.Format(time.DateOnly)))
	case now.Before(leaf.NotBefore):
		warn(text("the certificate is not valid before " + leaf.NotBefore.Format(time.DateOnly)))
	}
	if host := urlHost(url); leaf.VerifyHostname(host) != nil {
		warn(text(fmt.Sprintf("the certificate is for %s and not for %s", namesOf(leaf), host)))
	}
}

// namesOf lists the hosts that a certificate is for. Its common name has not counted
// for long.
func namesOf(leaf *x509.Certificate) string {
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if names == nil {
		return "no host"
	}
	return strings.Join(names, ", ")
}
