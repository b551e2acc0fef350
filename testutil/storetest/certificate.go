package storetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An Authority signs certificates for the tests of one process.
type Authority struct {
	File string // its certificate, in PEM

	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority whose files end with the test.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of " + t.Name()},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	pair := a.sign(a.cert)
	a.File = pair.CertFile
	return a
}

// A KeyPair is a certificate and its key, in PEM.
type KeyPair struct{ CertFile, KeyFile string }

// Sign signs a certificate for hosts, for servers and for clients. It is valid for an
// hour from begin.
func (a *Authority) Sign(begin time.Time, hosts ...string) KeyPair {
	a.t.Helper()
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "leaf"},
		NotBefore: begin, NotAfter: begin.Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	return a.sign(leaf)
}

func (a *Authority) sign(template *x509.Certificate) KeyPair {
	a.t.Helper()
	check := func(err error) {
		a.t.Helper()
		if err != nil {
			a.t.Fatalf("make a certificate: %v", err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	if a.key == nil {
		a.key = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	check(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	check(err)
	dir := a.t.TempDir()
	pair := KeyPair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	check(os.WriteFile(pair.CertFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	check(os.WriteFile(pair.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return pair
}

// Client returns how a client speaks TLS that trusts this authority alone, and shows a
// certificate. The zero pair shows none.
func (a *Authority) Client(pair KeyPair) *tls.Config {
	a.t.Helper()
	pem, err := os.ReadFile(a.File)
	if err != nil {
		a.t.Fatal(err)
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	config.RootCAs.AppendCertsFromPEM(pem)
	if pair == (KeyPair{}) {
		return config
	}
	cert, err := tls.LoadX509KeyPair(pair.CertFile, pair.KeyFile)
	if err != nil {
		a.t.Fatal(err)
	}
	config.Certificates = []tls.Certificate{cert}
	return config
}

// A ServerTLS is how a server speaks TLS.
type ServerTLS struct {
	Pair      KeyPair
	Authority *Authority // of clients' certificates
	AskClient bool       // clients have to show one
}

// client is how the test itself speaks with its server, whatever that shows.
func (s *ServerTLS) client() *tls.Config {
	config := s.Authority.Client(s.Pair)
	config.InsecureSkipVerify = true
	return config
}

func (s *ServerTLS) args() []string {
	ask := "no"
	if s.AskClient {
		ask = "yes"
	}
	return []string{"--tls-cert-file", s.Pair.CertFile, "--tls-key-file", s.Pair.KeyFile, "--tls-ca-cert-file", s.Authority.File, "--tls-auth-clients", ask}
}
