package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
)

// An origin is the server to stand in front of. The zero origin is none.
type origin struct {
	// name is the origin's identity in keys: NAME of "NAME=URL", or the URL,
	// so that a test's origin on a random port can keep its recordings.
	name string
	url  *url.URL // nil: only what is recorded of it is wanted
}

// origins are those to stand in front of. The first is at /, each of the others at
// the replay.OriginPath of its name.
type origins []origin

// bindOrigins binds an --origin that may be repeated.
func bindOrigins(f *flags, to *origins, parse func(string) (origin, error)) {
	f.add("origin", func(text string) error {
		o, err := parse(text)
		if err != nil {
			return err
		}
		for _, other := range *to {
			if err := o.clash(other); err != nil {
				return err
			}
		}
		*to = append(*to, o)
		return nil
	})
	v := f.set.Lookup("origin").Value.(*value)
	v.list, v.filled = true, true
}

// clash is the error of two origins that could not be told apart, by their names or
// by what stands for these in paths and variables.
func (o origin) clash(other origin) error {
	switch {
	case o.name == other.name && o.unnamed():
		return misuse("give it once", "it is given already")
	case o.name == other.name:
		return misuse("name the other one differently: --origin NAME=URL", "an origin of the name %q is given already, %s", o.name, cmp.Or(other.address(), "without a URL"))
	case o.variable() == other.variable():
		return misuse("choose names that differ in more than case and punctuation: --origin NAME=URL", "its URL would be told in %s, as that of %q is", o.variable(), other)
	}
	return nil
}

// unnamed reports whether an origin has a URL, and no name beside it.
func (o origin) unnamed() bool { return o.name == o.address() }

// address is the origin's URL, "" for none.
func (o origin) address() string {
	if o.url == nil {
		return ""
	}
	return o.url.String()
}

// variable is the name of the variable that has the URL of the origin for a command.
func (o origin) variable() string { return originVariable(o.name) }

func originVariable(name string) string {
	return urlVariable + "_" + strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, replay.OriginLabel(name))
}

// first is the origin at /, the zero origin for none.
func (all origins) first() origin {
	if len(all) == 0 {
		return origin{}
	}
	return all[0]
}

// served returns the origins as a proxy has them: the first, and the others. Without a
// forwarder nothing is passed on to any.
func (all origins) served(failWhenDown bool, forwarder func(origin) replay.Forwarder) (first replay.Origin, others []replay.Origin) {
	for i, o := range all {
		as := replay.Origin{Name: o.name, URL: o.url, FailWhenDown: failWhenDown}
		if forwarder != nil {
			as.Forwarder = forwarder(o)
		}
		if i == 0 {
			first = as
		} else {
			others = append(others, as)
		}
	}
	return first, others
}

// originURLs returns the URL of each origin at a proxy's URL, by the name of its
// variable. Of two with one variable it is that of the last by name, as https:// is
// after http://.
func originURLs(ctx context.Context, p *replay.Proxy, at string) map[string]string {
	paths := p.Paths(ctx)
	urls := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		urls[originVariable(name)] = at + paths[name]
	}
	return urls
}

// has reports whether an origin of a name is among them.
func (all origins) has(name string) bool {
	return slices.ContainsFunc(all, func(o origin) bool { return o.name == name })
}

// flags are the values of --origin.
func (all origins) flags() (values []string) {
	for _, o := range all {
		values = append(values, o.String())
	}
	return values
}

var originName = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)=(.*)$`)

// parseOrigin reads URL or NAME=URL. Its error does not quote the input.
func parseOrigin(text string) (origin, error) {
	var o origin
	address := text
	if m := originName.FindStringSubmatch(text); m != nil {
		o.name, address = m[1], m[2]
	} else if name, rest, ok := strings.Cut(text, "="); ok && !strings.Contains(name, ":") && strings.Contains(rest, "://") {
		return origin{}, misuse("a name is of letters, digits, '.', '-' and '_', and begins with a letter or digit", "the name %q cannot be part of a URL", name)
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

// noScheme is the error of an address such as localhost:8080.
func noScheme(address string) error {
	if address == "" || strings.ContainsAny(address, " \t") {
		return errors.New("not a URL such as https://httpbin.org")
	}
	for _, scheme := range []string{"https", "http"} {
		if rest, ok := strings.CutPrefix(address, scheme); ok && strings.HasPrefix(strings.TrimLeft(rest, ":"), "/") {
			return misuse(fmt.Sprintf("did you mean %s://%s?", scheme, masked(strings.TrimLeft(rest, ":/"))), "it has no ://")
		}
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
