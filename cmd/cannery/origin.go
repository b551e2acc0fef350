package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/recorder"
)

// An origin is the server to stand in front of. The zero origin is none.
type origin struct {
	// name is the origin's identity in keys: NAME of "NAME=URL", or the URL,
	// so that a test's origin on a random port can keep its recordings.
	name string
	url  *url.URL // nil: only what is recorded of it is wanted
}

// bindOrigin binds --origin, which can be given once.
func bindOrigin(f *flags, to *origin, parse func(string) (origin, error)) {
	f.add("origin", func(text string) (err error) {
		if before := to.String(); before != "" {
			return misuse("run a cannery for each origin, on a port of its own", "%q is given already, and there can be one only", before)
		}
		*to, err = parse(text)
		return err
	})
}

var originName = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)=(.*)$`)

// parseOrigin reads URL or NAME=URL. Its error does not quote the input.
func parseOrigin(text string) (origin, error) {
	var o origin
	address := text
	if m := originName.FindStringSubmatch(text); m != nil {
		o.name, address = m[1], m[2]
	}
	if !strings.Contains(address, "://") {
		return origin{}, noScheme(address)
	}
	u, err := url.Parse(address)
	if err != nil {
		// Without the URL, which the caller quotes, password masked.
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err
		}
		switch scheme, _, _ := strings.Cut(address, "://"); {
		case strings.Contains(address, "@"):
			err = errors.New("it cannot be parsed")
		case strings.Contains(scheme, "="):
			err = errors.New("it is neither URL nor NAME=URL")
		}
		return origin{}, err
	}
	if err := checkOrigin(u); err != nil {
		return origin{}, err
	}
	o.url = recorder.NormalOrigin(u)
	if o.name == "" {
		o.name = o.url.String()
	}
	return o, nil
}

var originNameAlone = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// parseRecordedOrigin reads what parseOrigin does, and NAME alone, which is all
// that it takes to choose what is recorded: that origin has no URL.
func parseRecordedOrigin(text string) (origin, error) {
	if originNameAlone.MatchString(text) {
		return origin{name: text}, nil
	}
	return parseOrigin(text)
}

// noURL is the error of an origin that is to be asked and has no URL; setting
// is what it comes from, "" when there is none.
func (o origin) noURL(setting string, none error) error {
	if o.name == "" {
		return none
	}
	return fmt.Errorf("%s %q: %w", setting, o.name, noScheme(o.name))
}

// noScheme is the error of an address such as localhost:8080.
func noScheme(address string) error {
	if address == "" || strings.ContainsAny(address, " \t") {
		return errors.New("not a URL such as https://httpbin.org")
	}
	scheme := "https"
	host, _, _ := strings.Cut(address, "/")
	if h, port, err := net.SplitHostPort(host); err == nil {
		host = h
		if port != fixtures.DefaultPort(scheme) {
			scheme = "http"
		}
	}
	if host == "localhost" || net.ParseIP(host) != nil {
		scheme = "http"
	}
	return misuse(fmt.Sprintf("did you mean %s://%s?", scheme, masked(address)), "it has no scheme")
}

func checkOrigin(u *url.URL) error {
	port, err := strconv.Atoi(u.Port())
	switch {
	case fixtures.DefaultPort(u.Scheme) == "":
		return misuse("an origin is an http:// or https:// URL, or h2c:// for HTTP/2 without TLS", "scheme %q is not http, https or h2c", u.Scheme)
	case u.User != nil:
		return misuse("leave them out, and let the client send an Authorization header", "user and password cannot be part of an origin")
	case u.Hostname() == "":
		return misuse("an origin is a URL such as https://httpbin.org", "it has no host")
	case u.Port() != "" && (err != nil || port < 1 || port > 65535):
		return fmt.Errorf("port %s is not between 1 and 65535", u.Port())
	case u.RawQuery != "" || u.ForceQuery:
		return misuse("the client's requests bring their own", "an origin has no query")
	case u.Fragment != "":
		return misuse("leave out what follows the #", "an origin has no fragment")
	}
	return nil
}

// String returns the origin as users would give it, "" for none.
func (o origin) String() string {
	if o.url == nil {
		return o.name
	}
	if address := o.url.String(); o.name != address {
		return o.name + "=" + address
	}
	return o.name
}
