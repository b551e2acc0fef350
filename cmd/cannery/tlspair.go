package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// A pemFile is a file of certificates or keys as it was when cannery began: one that
// is renewed later counts at the next start. The zero file is not given.
type pemFile struct {
	name   string // of its setting: --tls-cert
	path   string
	data   []byte
	blocks []*pem.Block
}

func (f pemFile) given() bool { return f.path != "" }

// readPEM returns what reads the file of a setting.
func readPEM(name string) func(path string) (pemFile, error) {
	return func(path string) (pemFile, error) {
		data, err := os.ReadFile(path)
		if err != nil {
			return pemFile{}, cause(err)
		}
		f := pemFile{name: name, path: path, data: data}
		for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
			f.blocks = append(f.blocks, block)
		}
		return f, nil
	}
}

func isCertificate(b *pem.Block) bool { return b.Type == "CERTIFICATE" }

func isPrivateKey(b *pem.Block) bool { return strings.HasSuffix(b.Type, "PRIVATE KEY") }

// isEncrypted reports whether a key has a password: PKCS #8, or as OpenSSL wrote it
// before.
func isEncrypted(b *pem.Block) bool {
	return b.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED")
}

// pairOf makes a pair of a certificate and its key, or says which of them is wrong.
func pairOf(cert, key pemFile) (*tls.Certificate, error) {
	if err := checkCertificate(cert, key); err != nil {
		return nil, err
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert.data, key.data)
	if err != nil {
		return nil, mismatch(cert, key, err)
	}
	return &pair, nil
}

func checkCertificate(cert, key pemFile) error {
	wrong := func(hint, what string) error { return misuse(hint, "%s %q: %s", cert.name, cert.path, what) }
	if i := slices.IndexFunc(cert.blocks, isCertificate); i >= 0 {
		if _, err := x509.ParseCertificate(cert.blocks[i].Bytes); err != nil {
			return wrong("make it anew", "the certificate in it cannot be read: "+strings.TrimPrefix(err.Error(), "x509: "))
		}
		return nil
	}
	switch _, err := x509.ParseCertificates(cert.data); {
	case err == nil && len(cert.data) > 0:
		return wrong(fmt.Sprintf("openssl x509 -inform der -in %s -out cert.pem", cert.path), "it is a certificate in DER, not in PEM")
	case slices.ContainsFunc(cert.blocks, isPrivateKey) && slices.ContainsFunc(key.blocks, isCertificate):
		return wrong(fmt.Sprintf("%s %s %s %s", cert.name, key.path, key.name, cert.path), "there is a private key in it, and the certificate is in "+key.name)
	case slices.ContainsFunc(cert.blocks, isPrivateKey):
		return wrong("name the file of the certificate, which goes with the key", "there is a private key in it and no certificate")
	}
	return wrong("a certificate in PEM begins with -----BEGIN CERTIFICATE-----", "there is no certificate in it")
}

func checkKey(key pemFile) error {
	wrong := func(hint, what string) error { return misuse(hint, "%s %q: %s", key.name, key.path, what) }
	i := slices.IndexFunc(key.blocks, isPrivateKey)
	switch {
	case i >= 0 && isEncrypted(key.blocks[i]):
		return wrong(fmt.Sprintf("openssl pkey -in %s -out key.pem writes it without its password", key.path), "the private key in it is encrypted")
	case i >= 0:
		return nil
	case slices.ContainsFunc(key.blocks, isCertificate):
		return wrong("name the file of the private key, which goes with the certificate", "there is a certificate in it and no private key")
	}
	return wrong("a private key in PEM begins with -----BEGIN PRIVATE KEY-----", "there is no private key in it")
}

// mismatch is the error of a certificate and a key that can be read.
func mismatch(cert, key pemFile, err error) error {
	for _, block := range cert.blocks {
		if _, err := tls.X509KeyPair(pem.EncodeToMemory(block), key.data); err == nil {
			return misuse("the server's own certificate comes first, then those that have signed it", "%s %q: the certificate that %s %q belongs to is not the first", cert.name, cert.path, key.name, key.path)
		}
	}
	if strings.Contains(err.Error(), "does not match") {
		err = errors.New("it is not the key of the certificate")
	}
	return misuse(fmt.Sprintf("it has to belong to %s %s", cert.name, cert.path), "%s %q: %s", key.name, key.path, strings.TrimPrefix(err.Error(), "tls: "))
}
