//go:build !windows

package main

// rootFiles are where systems keep their roots, all in one file. macOS keeps those that
// were added to it in a keychain, and so they are not here: SSL_CERT_FILE can name them.
var rootFiles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Alpine
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, Red Hat
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Red Hat, older
	"/etc/ssl/ca-bundle.pem",                            // SUSE
	"/etc/ssl/cert.pem",                                 // macOS, BSD, Alpine
	"/usr/local/etc/ssl/cert.pem",                       // FreeBSD
}

// addSystem adds the roots of the system.
func (c *certificates) addSystem() {
	for _, path := range rootFiles {
		if c.addPath(path); len(c.ders) > 0 {
			return
		}
	}
}
