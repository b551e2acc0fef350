package main

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// tellJava has every JVM begin with properties: Java reads no variable of a proxy, and
// trusts a store of its own. JAVA_TOOL_OPTIONS comes before the other two, and so these
// are extended where the user has set the same properties there.
func (s clientSetup) tellJava(told map[string]string) error {
	path, err := s.writeTrustStore()
	if err != nil {
		return err
	}
	options := javaOptions(append(s.javaProxy(),
		trustStoreProperty+"="+path,
		trustStoreProperty+"Type=PKCS12",
		trustStoreProperty+"Password="+pkcs12.DefaultPassword))
	told["JAVA_TOOL_OPTIONS"] = s.appended("JAVA_TOOL_OPTIONS", options)
	for _, name := range []string{"JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"} {
		if own := s.env.get(name); strings.Contains(own, "proxyHost") || strings.Contains(own, trustStoreProperty) {
			told[name] = s.appended(name, options)
		}
	}
	return nil
}

const trustStoreProperty = "javax.net.ssl.trustStore"

// javaProxy returns the properties for the proxy, NAME=VALUE. There is none for the
// token of a proxy's URL: a program in Java needs an Authenticator of its own for it.
func (s clientSetup) javaProxy() (properties []string) {
	proxy, err := url.Parse(s.proxy)
	if err != nil || s.proxy == "" {
		return nil
	}
	for _, scheme := range []string{"http", "https"} {
		properties = append(properties, scheme+".proxyHost="+proxy.Hostname(), scheme+".proxyPort="+cmp.Or(proxy.Port(), "80"))
	}
	// It is for both. Java itself adds loopback, unless the list is empty.
	return append(properties, "http.nonProxyHosts="+strings.Join(s.javaDirect(), "|"))
}

// javaDirect returns the hosts that Java is to ask without the proxy, as Java writes
// them: a domain of NO_PROXY is two patterns, and ranges of addresses it does not know.
func (s clientSetup) javaDirect() (patterns []string) {
	for _, host := range s.direct() {
		if ip := net.ParseIP(host); ip != nil || strings.HasPrefix(host, "[") {
			patterns = append(patterns, host)
			continue
		}
		if strings.Contains(host, "/") {
			continue
		}
		domain := strings.TrimPrefix(strings.TrimPrefix(host, "*"), ".")
		if name, _, err := net.SplitHostPort(domain); err == nil {
			domain = name
		}
		patterns = append(patterns, domain, "*."+domain)
	}
	return patterns
}

// javaOptions returns properties as a variable of the JVM has them: apart by spaces, in
// quotes where they have any.
func javaOptions(properties []string) string {
	var options []string
	for _, property := range properties {
		option := "-D" + property
		switch {
		case !strings.ContainsAny(option, " \t'\""):
		case !strings.Contains(option, `"`):
			option = `"` + option + `"`
		default:
			option = "'" + option + "'"
		}
		options = append(options, option)
	}
	return strings.Join(options, " ")
}

// writeTrustStore writes what Java is to trust: what other clients are, and what a trust
// store of the user's has.
func (s clientSetup) writeTrustStore() (string, error) {
	all := &certificates{slices.Clone(s.trusted.ders), maps.Clone(s.trusted.seen)}
	for _, name := range []string{"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"} {
		if err := all.addTrustStore(s.env.get(name)); err != nil {
			return "", &failure{exitMisuse, fmt.Errorf("read the trust store in %s: %w", name, err), "name a PKCS12 or JKS file with its password, or unset it"}
		}
	}
	var entries []pkcs12.TrustStoreEntry
	for i, cert := range all.parsed() {
		// Java keeps one certificate of each name.
		entries = append(entries, pkcs12.TrustStoreEntry{Cert: cert, FriendlyName: fmt.Sprint(i)})
	}
	// Every Java reads the old form. There is nothing secret in it.
	store, err := pkcs12.LegacyDES.EncodeTrustStoreEntries(entries, pkcs12.DefaultPassword)
	if err != nil {
		return "", fmt.Errorf("make a trust store for Java: %w", err)
	}
	return s.write("truststore.p12", store)
}

// addTrustStore adds what the trust store has that options of a JVM name, if any do.
func (c *certificates) addTrustStore(options string) error {
	properties := javaProperties(options)
	path := properties[trustStoreProperty]
	if path == "" {
		return nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // Java trusts nobody then
	}
	if err != nil {
		return fmt.Errorf("%q: %w", path, cause(err))
	}
	var certs []*x509.Certificate
	if bytes.HasPrefix(data, jksMagic) {
		err = c.addJKS(data)
	} else {
		certs, err = pkcs12.DecodeTrustStore(data, properties[trustStoreProperty+"Password"])
	}
	if err != nil {
		return fmt.Errorf("%q: %w", path, err)
	}
	for _, cert := range certs {
		c.add(cert.Raw)
	}
	return nil
}

// javaProperties returns the properties that options of a JVM set, the last of each.
func javaProperties(options string) map[string]string {
	properties := map[string]string{}
	for _, option := range javaFields(options) {
		if property, ok := strings.CutPrefix(option, "-D"); ok {
			name, value, _ := strings.Cut(property, "=")
			properties[name] = value
		}
	}
	return properties
}

// javaFields returns options as the JVM separates them: at white space outside of
// quotes, which it takes away.
func javaFields(options string) (fields []string) {
	var field strings.Builder
	var quote rune
	begun := false
	for _, r := range options + " " {
		switch {
		case quote == 0 && slices.Contains([]rune(" \t\n\r\v\f"), r):
			if begun {
				fields = append(fields, field.String())
			}
			field.Reset()
			begun = false
		case quote == 0 && (r == '"' || r == '\''):
			quote, begun = r, true
		case quote != 0 && r == quote:
			quote = 0
		default:
			field.WriteRune(r)
			begun = true
		}
	}
	return fields
}
