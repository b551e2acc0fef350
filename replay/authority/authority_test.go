package authority_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"example.com/cannery/replay/authority"
)

// TestALeafIsForItsName: what clients check, each for itself.
func TestALeafIsForItsName(t *testing.T) {
	a := newAuthority(t)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.PEM()) {
		t.Fatal("the authority's certificate cannot be read")
	}
	for _, host := range []string{
		"api.example.com", "localhost", "127.0.0.1", "::1", "fe80::1", "my_host.internal", "xn--bcher-kva.example",
		strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + ".example.com",
	} {
		pair, err := a.Leaf(host)
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		leaf := pair.Leaf
		name := host
		if strings.Contains(host, ":") {
			name = "[" + host + "]"
		}
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if err := leaf.VerifyHostname("other.example.com"); err == nil {
			t.Errorf("%s: it is for another name too", host)
		}
		if life := leaf.NotAfter.Sub(leaf.NotBefore); life >= 200*24*time.Hour {
			t.Errorf("%s: valid for %v", host, life)
		}
		// OpenSSL's strict mode, which Python has from 3.13, wants these.
		if leaf.IsCA || len(leaf.AuthorityKeyId) == 0 || string(leaf.AuthorityKeyId) != string(a.Certificate().SubjectKeyId) {
			t.Errorf("%s: CA %v, signed with key %x", host, leaf.IsCA, leaf.AuthorityKeyId)
		}
	}
}

// TestALeafMayBeForSeveral: of all that one server is known by.
func TestALeafMayBeForSeveral(t *testing.T) {
	pair, err := newAuthority(t).Leaf("box.lan", "localhost", "127.0.0.1", "::1")
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"box.lan", "localhost", "127.0.0.1", "[::1]"} {
		if err := pair.Leaf.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
}

// TestANameOfAClientsChoiceIsNobodyElses: a name that looks like several others must
// not take their place.
func TestANameOfAClientsChoiceIsNobodyElses(t *testing.T) {
	a := newAuthority(t)
	for _, name := range []string{"box.lan,localhost", "box.lan\x00localhost", `box.lan" "localhost`, "box.lan localhost"} {
		_, _ = a.Leaf(name) // that it can be no name at all is no matter
	}
	pair, err := a.Leaf("box.lan", "localhost")
	if err != nil {
		t.Fatal(err)
	}
	if err := pair.Leaf.VerifyHostname("localhost"); err != nil {
		t.Error(err)
	}
}

// TestALeafIsMadeOnce: for all spellings of a name.
func TestALeafIsMadeOnce(t *testing.T) {
	a := newAuthority(t)
	first, err := a.Leaf("api.example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"api.example.com", "API.Example.com", "api.example.com."} {
		if again, err := a.Leaf(host); err != nil || again != first {
			t.Errorf("%s: another one, error %v", host, err)
		}
	}
}

// TestAuthoritiesAreStrangers: what one run trusts another does not.
func TestAuthoritiesAreStrangers(t *testing.T) {
	a, b := newAuthority(t), newAuthority(t)
	roots := x509.NewCertPool()
	roots.AddCert(b.Certificate())
	pair, err := a.Leaf("api.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: "api.example.com", Roots: roots}); err == nil {
		t.Error("another run's authority has signed it")
	}
}

func BenchmarkLeaf(b *testing.B) {
	a, err := authority.New()
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if _, err := a.Leaf("host" + string(rune('a'+i%26)) + strings.Repeat("x", i%40) + ".example"); err != nil {
			b.Fatal(err)
		}
	}
}

func newAuthority(t *testing.T) *authority.Authority {
	t.Helper()
	a, err := authority.New()
	if err != nil {
		t.Fatal(err)
	}
	return a
}
