package authority

import "strings"

// Refusal is why a client did not take a certificate, as the error of a server's
// handshake tells: "" for other errors, and for clients that leave without a word, as
// Node does. Package net/http gives that error as text only.
func Refusal(handshake string) string {
	// Of alerts those about certificates name them (RFC 8446, section 6.2).
	if _, alert, found := strings.Cut(handshake, "remote error: tls: "); found && strings.Contains(alert, "certificate") {
		return strings.TrimSpace(alert)
	}
	// OpenSSL, and so curl and Python, sends the alert before it has keys to encrypt it
	// with, where package tls takes it for something encrypted.
	if strings.Contains(handshake, "local error: tls: bad record MAC") {
		return "unknown certificate authority"
	}
	return ""
}
