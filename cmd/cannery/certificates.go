package main

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
)

// certificates are a list of certificates, each of them once. The zero value has none.
type certificates struct {
	ders [][]byte
	seen map[string]bool
}

func (c *certificates) add(der []byte) {
	if c.seen[string(der)] {
		return
	}
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	c.seen[string(der)] = true
	c.ders = append(c.ders, der)
}

// addPEM adds what a file has, and nothing of it that is no certificate, such as keys.
func (c *certificates) addPEM(data []byte) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			c.add(block.Bytes)
		}
	}
}

// addPath adds what a file has, or the files of a directory. What cannot be read adds
// nothing: its client would have found nothing there either.
func (c *certificates) addPath(path string) {
	data, err := os.ReadFile(path)
	if err == nil {
		c.addPEM(data)
		return
	}
	entries, _ := os.ReadDir(path)
	for _, entry := range entries {
		if data, err := os.ReadFile(filepath.Join(path, entry.Name())); err == nil {
			c.addPEM(data)
		}
	}
}

func (c *certificates) pem() []byte {
	var out []byte
	for _, der := range c.ders {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return out
}

// parsed returns those that Go can read: systems have some whose forms are older.
func (c *certificates) parsed() (all []*x509.Certificate) {
	for _, der := range c.ders {
		if cert, err := x509.ParseCertificate(der); err == nil {
			all = append(all, cert)
		}
	}
	return all
}
