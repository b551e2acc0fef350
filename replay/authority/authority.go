// Package authority makes the certificates of one run: a certificate authority that
// lives in memory and is gone with the process, and a leaf of it for each name that
// a client asks for. It knows no request and no proxy. Nothing outside of the run ever
// trusts it, and its key is written nowhere.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// lifetime is how long certificates are valid: longer than a proxy runs for its
	// suite, and under the 200 days that clients allow (CA/Browser Forum, SC-081).
	lifetime = 90 * 24 * time.Hour

	// backdated allows for clients whose clock is behind.
	backdated = 24 * time.Hour

	// maxLeaves bounds how many leaves are remembered. Past it all are made anew.
	maxLeaves = 10_000

	// maxCommonName is X.520's bound on a name that a subject may have.
	maxCommonName = 64
)

// Handshake is the first byte of a client that speaks TLS (RFC 8446, section 5.1).
const Handshake = 22

// An Authority signs leaves. It may be used concurrently.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	leafKey     *ecdsa.PrivateKey // one for all: who has one has all of this process

	mu     sync.Mutex
	leaves map[string]*tls.Certificate // guarded by mu; by their hosts
}

// New makes an authority. Its error is that of a system without random numbers.
func New() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"cannery"}, CommonName: "cannery, for one run"},
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.Add(lifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	// Parsed, it has the identifiers that its leaves are to name.
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return &Authority{certificate: certificate, key: key, leafKey: leafKey, leaves: map[string]*tls.Certificate{}}, nil
}

// PEM returns the authority's certificate, for clients to trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// Certificate returns the authority's certificate. It is not to be changed.
func (a *Authority) Certificate() *x509.Certificate { return a.certificate }

// Config returns what a server needs to show leaves: for the name that the client
// sends (RFC 6066, section 3), and for host, of the connection, where it sends none, as
// clients do for addresses. It speaks HTTP/2 and HTTP/1.1.
func (a *Authority) Config(host func(net.Conn) string) *tls.Config {
	return &tls.Config{
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName != "" {
				return a.Leaf(hello.ServerName)
			}
			return a.Leaf(host(hello.Conn))
		},
	}
}

// Leaf returns one certificate for all of these hosts, one at least: names or
// addresses, without port. It is made once.
func (a *Authority) Leaf(hosts ...string) (*tls.Certificate, error) {
	plain := make([]string, len(hosts))
	for i, host := range hosts {
		plain[i] = strings.ToLower(strings.TrimSuffix(host, "."))
	}
	name := fmt.Sprintf("%q", plain) // quoted: clients may send any bytes for a name
	a.mu.Lock()
	defer a.mu.Unlock()
	if leaf := a.leaves[name]; leaf != nil {
		return leaf, nil
	}
	leaf, err := a.sign(plain)
	if err != nil {
		return nil, fmt.Errorf("make a certificate for %s: %w", name, err)
	}
	if len(a.leaves) >= maxLeaves {
		clear(a.leaves)
	}
	a.leaves[name] = leaf
	return leaf, nil
}

func (a *Authority) sign(hosts []string) (*tls.Certificate, error) {
	template := &x509.Certificate{
		NotBefore:             a.certificate.NotBefore,
		NotAfter:              a.certificate.NotAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if len(hosts[0]) <= maxCommonName {
		template.Subject.CommonName = hosts[0]
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, a.leafKey.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.certificate.Raw}, PrivateKey: a.leafKey, Leaf: leaf}, nil
}
