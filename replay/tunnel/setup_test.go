package tunnel_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/cannery/fixtures/localstore"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
	"example.com/cannery/replay/authority"
	"example.com/cannery/replay/tunnel"
	"example.com/cannery/testutil/storetest"
)

// A bench is a forward proxy before hosts of the test's, on a store of its own.
type bench struct {
	*httptest.Server
	proxy     *replay.Proxy
	front     *tunnel.Proxy
	inside    *http.Server
	store     *localstore.Store
	transport *http.Transport // to the hosts; nil offline
	uncaught  *tunnel.Uncaught
	end       context.CancelFunc // of all requests
	roots     *x509.CertPool     // that clients trust

	mu      sync.Mutex
	hosts   map[string]string // guarded by mu: which address each host with its port has
	entries []replay.Entry    // guarded by mu
	remarks []string          // guarded by mu: of the recorders
}

// hostsCA signs the certificates of the hosts.
var hostsCA = sync.OnceValue(func() *authority.Authority { return newAuthority(nil) })

func newAuthority(tb testing.TB) *authority.Authority {
	a, err := authority.New()
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func poolOf(a *authority.Authority) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate())
	return pool
}

// setUp starts a forward proxy that records. Change may alter it before the first
// client comes; it may be nil.
func setUp(t testing.TB, change func(*bench)) *bench {
	t.Helper()
	store := storetest.OpenLocal(t, t.TempDir(), 16<<20)
	b := &bench{store: store, hosts: map[string]string{}}
	b.transport = recorder.NewTransport(recorder.TransportConfig{Timeout: 10 * time.Second, RootCAs: poolOf(hostsCA())})
	b.transport.Proxy, b.transport.DialContext = nil, b.dialHost
	plain := recorder.NewTransport(recorder.TransportConfig{Origin: &url.URL{Scheme: "h2c"}})
	plain.DialContext = b.dialHost
	t.Cleanup(b.transport.CloseIdleConnections)
	t.Cleanup(plain.CloseIdleConnections)
	b.proxy = &replay.Proxy{
		Cache: &replay.Cache{Store: store},
		AnyHost: func(name string, at *url.URL) *replay.Origin {
			rec := &recorder.Recorder{Origin: at, NamedByClient: true, Transport: b.transport, Store: store, MaxBody: 1 << 30, Remark: b.remark}
			if at.Scheme == "h2c" {
				rec.Transport = plain
			}
			return &replay.Origin{Name: name, URL: at, Forwarder: rec}
		},
	}
	b.serve(t, func(b *bench) {
		b.front.Dial = b.dialHost
		b.front.Forward = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			at := &recorder.Recorder{Origin: &url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host}, Transport: b.transport, NamedByClient: true}
			if err := at.Bypass(w, r, nil); err != nil {
				b.front.Handler.Refuse(w, r, err)
			}
		})
		if change != nil {
			change(b)
		}
	})
	return b
}

// goOffline starts a forward proxy that replays what another one has recorded.
func (b *bench) goOffline(t testing.TB, change func(*bench)) *bench {
	t.Helper()
	off := &bench{store: b.store}
	off.proxy = &replay.Proxy{
		Sequence: &replay.Sequence{Store: b.store, Catalog: &replay.Catalog{Store: b.store}},
		AnyHost:  func(name string, at *url.URL) *replay.Origin { return &replay.Origin{Name: name, URL: at} },
	}
	off.serve(t, change)
	return off
}

// serve starts the servers of a bench.
func (b *bench) serve(t testing.TB, change func(*bench)) {
	t.Helper()
	b.proxy.Events.Log = func(e replay.Entry) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.entries = append(b.entries, e)
	}
	b.uncaught = &tunnel.Uncaught{}
	b.front = &tunnel.Proxy{
		Handler:         b.proxy,
		Authority:       newAuthority(t),
		Choice:          tunnel.Choice{Loopback: true},
		Uncaught:        b.uncaught,
		GreetingTimeout: 5 * time.Second,
	}
	if change != nil {
		change(b)
	}
	b.roots = poolOf(b.front.Authority)
	b.Server = httptest.NewUnstartedServer(b.front)
	b.inside = &http.Server{Handler: b.front.Inside(), ConnContext: b.front.ConnContext, ConnState: b.front.ConnState}
	ctx, end := context.WithCancel(context.Background())
	b.end = end
	for _, s := range []*http.Server{b.Config, b.inside} {
		s.BaseContext = func(net.Listener) context.Context { return ctx }
		s.DisableGeneralOptionsHandler = true
		s.ErrorLog = log.New(io.Discard, "", 0)
		s.Protocols = allOfHTTP()
	}
	b.Start()
	var serving sync.WaitGroup
	serving.Go(func() { b.inside.Serve(b.front) })
	t.Cleanup(func() {
		end()
		b.proxy.Stop()
		b.inside.Close()
		b.CloseClientConnections()
		b.Close()
		serving.Wait()
	})
}

func allOfHTTP() *http.Protocols {
	all := new(http.Protocols)
	all.SetHTTP1(true)
	all.SetHTTP2(true)
	all.SetUnencryptedHTTP2(true)
	return all
}

func (b *bench) remark(r *http.Request, what, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remarks = append(b.remarks, what+": "+why)
}

// dialHost connects to a host of the test's, or to an address.
func (b *bench) dialHost(ctx context.Context, network, address string) (net.Conn, error) {
	b.mu.Lock()
	at, ok := b.hosts[address]
	b.mu.Unlock()
	if !ok {
		if host, _, _ := net.SplitHostPort(address); net.ParseIP(host) == nil {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		at = address
	}
	return new(net.Dialer).DialContext(ctx, network, at)
}

// host starts a host, as its URL says: https, http or h2c, in all versions of HTTP.
func (b *bench) host(t testing.TB, at string, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.DisableGeneralOptionsHandler = true
	server.Config.Protocols = allOfHTTP()
	port := "80"
	if u.Scheme == "https" {
		port = "443"
		server.TLS = hostsCA().Config(func(net.Conn) string { return u.Hostname() })
		server.Listener = tls.NewListener(server.Listener, server.TLS)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	server.Start()
	t.Cleanup(server.Close)
	b.name(net.JoinHostPort(u.Hostname(), port), server.Listener.Addr().String())
	return server
}

// name gives a host an address.
func (b *bench) name(host, address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hosts[host] = address
}

// client returns one that has the bench for its proxy. It speaks HTTP/2 if asked to.
func (b *bench) client(t testing.TB, http2 bool) *http.Client {
	t.Helper()
	via, err := url.Parse(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(via), TLSClientConfig: &tls.Config{RootCAs: b.roots}, ForceAttemptHTTP2: http2, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// connect opens a tunnel to a host, on a connection that fails rather than hang.
func (b *bench) connect(t testing.TB, host string, fields ...string) *opened {
	t.Helper()
	conn, res := b.tryConnect(t, host, fields...)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("CONNECT %s: %s", host, res.Status)
	}
	return conn
}

// An opened is a tunnel whose answer has been read.
type opened struct {
	*net.TCPConn
	rest *bufio.Reader
}

func (c *opened) Read(p []byte) (int, error) { return c.rest.Read(p) }

// tryConnect asks for a tunnel, and returns what is said to that. The content is read.
func (b *bench) tryConnect(t testing.TB, host string, fields ...string) (*opened, *http.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", b.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: tester/1\r\n%s\r\n", host, host, strings.Join(append(fields, ""), "\r\n"))
	rest := bufio.NewReader(conn)
	res, err := http.ReadResponse(rest, &http.Request{Method: "CONNECT"})
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, res.ContentLength))
		res.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	return &opened{conn.(*net.TCPConn), rest}, res
}

// raw sends bytes and returns all that come back until the other side closes.
func raw(t testing.TB, conn net.Conn, text string) string {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("read the answer to %q: %v after %q", text, err, answer)
	}
	return string(answer)
}

// An answer is a response read whole.
type answer struct {
	*http.Response
	body string
}

func (a answer) cache() string { return a.Header.Get("X-Cache") }

func get(t testing.TB, client *http.Client, at string) answer {
	t.Helper()
	res, err := client.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func read(t testing.TB, res *http.Response) answer {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", res.Request.Method, res.Request.URL, err)
	}
	return answer{res, string(body)}
}

// wantUncaught waits for a host to be told of, and returns why it was not caught.
func (b *bench) wantUncaught(t testing.TB, kind tunnel.Kind, host string) tunnel.Miss {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		for _, miss := range b.uncaught.All() {
			if miss.Kind == kind && miss.Host == host {
				return miss
			}
		}
	}
	t.Fatalf("nothing is said of %s (%s): %+v", host, kind, b.uncaught.All())
	return tunnel.Miss{}
}

// strangerHost starts a host whose certificate nobody knows the signer of, and returns its
// address.
func strangerHost(t testing.TB) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// tunnelling returns a transport that opens a tunnel for plain HTTP too.
func (b *bench) tunnelling(t testing.TB, protocols http.Protocols) *http.Transport {
	t.Helper()
	transport := &http.Transport{Protocols: &protocols, DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
		return b.connect(t, address), nil
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}
