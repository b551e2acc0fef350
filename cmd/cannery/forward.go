package main

import (
	"crypto/rand"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"example.com/cannery/recorder"
	"example.com/cannery/replay"
	"example.com/cannery/replay/tunnel"
)

// A forwarding is what makes cannery a forward proxy too. The zero forwarding is none.
type forwarding struct {
	on       bool
	loopback bool
	only     []tunnel.Pattern
	except   []tunnel.Pattern
}

func (o *forwarding) bind(f *flags) {
	bind(f, "proxy", &o.on, parseSwitch)
	bind(f, "proxy-loopback", &o.loopback, parseSwitch)
	bindPatterns(f, "only", &o.only)
	bindPatterns(f, "except", &o.except)
}

// bindPatterns binds a list of hosts. Unlike those of bindList it is nil when it was
// set to the empty value: that chooses nothing.
func bindPatterns(f *flags, name string, to *[]tunnel.Pattern) {
	var texts []string
	bindList(f, name, &texts, func(text string) (string, error) {
		pattern, err := tunnel.ParsePattern(text)
		if err == nil {
			*to = append(*to, pattern)
		}
		return text, err
	})
}

// check looks at how the settings go together.
func (o *forwarding) check(f *flags, command string) error {
	for _, name := range []string{"proxy-loopback", "only", "except"} {
		if from := f.source[name]; from != "" && !o.on {
			return misuse("add --proxy, or leave it out", "%s: %s is for --proxy, which is not given", command, from)
		}
	}
	for _, name := range []string{"tls", "tls-cert"} {
		if from := f.source[name]; from != "" && o.on {
			return misuse("leave one of them out: what is inside the tunnels of --proxy is TLS without it", "%s: %s is for clients that have cannery for their base URL, and --proxy for those whose proxy it is, which few reach by TLS", command, from)
		}
	}
	return nil
}

// A front is the forward proxy before a proxy, and the server of what is inside its
// tunnels. A nil front is none.
type front struct {
	*tunnel.Proxy
	uncaught *tunnel.Uncaught
	token    string
}

// front makes the forward proxy of p, nil when there is to be none.
func (o *start) front(p *replay.Proxy, l net.Listener) *front {
	if !o.forward.on {
		return nil
	}
	front := &front{uncaught: &tunnel.Uncaught{}, token: newToken(l.Addr())}
	front.Proxy = &tunnel.Proxy{
		Handler:   p,
		Authority: o.authority,
		Choice:    tunnel.Choice{Only: o.forward.only, Except: o.forward.except, Loopback: o.forward.loopback},
		Token:     front.token,
		Uncaught:  front.uncaught,
	}
	for _, at := range o.origins {
		if at.url != nil {
			front.Choice.Named = append(front.Choice.Named, tunnel.PatternOf(at.url))
		}
	}
	if !o.offline {
		o.passing(front.Proxy)
	}
	return front
}

// before returns what answers: the forward proxy, or p where there is none.
func (f *front) before(p *replay.Proxy) http.Handler {
	if f == nil {
		return p
	}
	return f
}

// tell completes a banner, and says from now on what is not caught when it happens.
func (f *front) tell(b *banner, j *journal) {
	if f == nil {
		return
	}
	b.Proxy = withToken(b.URL, f.token)
	f.uncaught.Say = func(m tunnel.Miss) { j.warn(uncaughtText(m)) }
}

// passing has a forward proxy pass on what it does not answer for.
func (o *start) passing(front *tunnel.Proxy) {
	front.Dial = recorder.DialTunnel(10 * time.Second)
	through := recorder.NewTransport(recorder.TransportConfig{Timeout: o.originTimeout, RootCAs: o.originCA})
	front.Forward = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := &recorder.Recorder{Origin: &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host}, Transport: through, NamedByClient: true}
		if err := at.Bypass(w, r, nil); err != nil {
			front.Handler.Refuse(w, r, err)
		}
	})
}

// leaveItself keeps a forward proxy from being its own: a shell that is told to use it
// may be where it is started again.
func (o *start) leaveItself(l net.Listener, env environment, warn func(string)) {
	if !o.forward.on {
		return
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		u, err := url.Parse(env.get(name))
		if err != nil || u.Host == "" {
			continue
		}
		port := l.Addr().(*net.TCPAddr).Port
		if ip := net.ParseIP(u.Hostname()); u.Port() == strconv.Itoa(port) && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
			_ = os.Unsetenv(name) // of this process, before anything is asked
			warn(name + " is this proxy itself, and is not used to reach origins")
		}
	}
}

// checkSelf refuses an origin that is where the proxy itself listens: it would forward to
// itself, for ever.
func (o *start) checkSelf(l net.Listener) error {
	if o.offline {
		return nil // it stands in for the origin, where that was
	}
	at := l.Addr().(*net.TCPAddr)
	for _, origin := range o.origins {
		if origin.url.Port() != strconv.Itoa(at.Port) {
			continue
		}
		ip := net.ParseIP(origin.url.Hostname())
		if origin.url.Hostname() == "localhost" {
			ip = net.IPv4(127, 0, 0, 1)
		}
		if ip != nil && (ip.Equal(at.IP) || ip.IsLoopback() && at.IP.IsUnspecified()) {
			return misuse("give the proxy another port with --port, or the URL of the server that it stands in front of with --origin",
				"start: --origin %q is where the proxy itself listens", origin.address())
		}
	}
	return nil
}

// anyHost returns what makes the origins that clients name: to be forwarded to by what
// forwarder makes, or, when that is nil, never.
func (o *start) anyHost(fails bool, forwarder func(origin) replay.Forwarder) func(name string, at *url.URL) *replay.Origin {
	if !o.forward.on {
		return nil
	}
	return func(name string, at *url.URL) *replay.Origin {
		made := &replay.Origin{Name: name, URL: at, FailWhenDown: fails}
		if forwarder != nil {
			made.Forwarder = forwarder(origin{name: name, url: at})
		}
		return made
	}
}

// newToken makes the token of a forward proxy that others than this machine can reach,
// "" for one that they cannot.
func newToken(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
		return ""
	}
	return rand.Text()
}

// withToken puts a token into a proxy's URL.
func withToken(at, token string) string {
	u, err := url.Parse(at)
	if err != nil || token == "" {
		return at
	}
	u.User = url.UserPassword("cannery", token)
	return u.String()
}
