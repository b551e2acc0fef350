package testutil

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
	"example.com/cannery/replay/authority"
)

// A Server stands in for an origin, for one test. It may be used concurrently.
type Server struct {
	// URL is where it answers, such as "http://127.0.0.1:40123": without a
	// slash at the end.
	URL string

	all       *servers
	test      *test
	session   string
	proxy     *replay.Proxy
	recorders recorders // none: nothing is recorded
	http      *httptest.Server
	front     *front // nil: it is no forward proxy
	client    *http.Client
	transport *http.Transport // of client
}

// Client returns a client that keeps connections until the test ends. Any other
// will do as well, unless StartProxy has started the Server: then it is this one that
// may ask any host.
func (s *Server) Client() *http.Client { return s.client }

// Transport returns what the Client sends requests with, for code that makes a client
// of its own.
func (s *Server) Transport() *http.Transport { return s.transport }

// OriginURL returns where an origin of a name answers, one of Config.Others or one
// that is recorded: as URL does, without a slash at the end.
func (s *Server) OriginURL(name string) string {
	if name == s.proxy.Origin.Name {
		return s.URL
	}
	return s.URL + replay.OriginPath(name)
}

// Session returns a Server for another test, usually a subtest: on the same
// fixtures, with another URL, in the session that is named after that test. It
// ends with that test, which is the one to fail for what is missing there. It
// must begin before the test ends that Start was called for.
func (s *Server) Session(t testing.TB) *Server {
	t.Helper()
	return s.all.start(t)
}

// A mode is how the Servers of one Start answer.
type mode interface {
	// begin is called with the name of each Server's session before it starts.
	begin(session string) error
	// proxy returns what answers for a Server.
	proxy(s *Server) *replay.Proxy
	// end is called when all of them have ended.
	end(t *test, all []*Server)
}

// servers are those of one Start.
type servers struct {
	mode      mode
	test      *test
	authority *authority.Authority // of forward proxies; nil: they are none

	mu  sync.Mutex
	all []*Server // guarded by mu
}

// start starts a Server that ends with a test.
func (all *servers) start(t testing.TB) *Server {
	t.Helper()
	s := &Server{all: all, test: &test{TB: t}, session: sessionName(t.Name())}
	if err := all.mode.begin(s.session); err != nil {
		t.Fatalf("start a stand-in: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("start a stand-in: %v", err)
	}
	s.proxy = all.mode.proxy(s)
	s.http = &httptest.Server{Listener: l, Config: serving(inSession{s})}
	s.transport = &http.Transport{MaxIdleConnsPerHost: 64}
	if all.authority != nil {
		s.front = newFront(s, all.authority)
		s.http.Config.Handler = s.front
		s.transport = s.front.transport()
	}
	s.client = &http.Client{Transport: s.transport}
	s.http.Start()
	s.URL = s.http.URL
	t.Cleanup(s.end)
	all.mu.Lock()
	defer all.mu.Unlock()
	all.all = append(all.all, s)
	return s
}

// serving returns a server of HTTP in all its versions that need no TLS.
func serving(handler http.Handler) *http.Server {
	s := &http.Server{
		Handler:                      handler,
		DisableGeneralOptionsHandler: true, // "OPTIONS *" is the origin's
		ErrorLog:                     log.New(io.Discard, "", 0),
		Protocols:                    new(http.Protocols),
	}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	return s
}

// inSession has requests answered in the session of a Server's test.
type inSession struct{ *Server }

func (s inSession) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.proxy.ServeHTTP(w, s.named(r))
}

func (s inSession) ServeHost(w http.ResponseWriter, r *http.Request, at *url.URL) {
	s.proxy.ServeHost(w, s.named(r), at)
}

func (s inSession) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	s.proxy.Refuse(w, r, err)
}

func (s inSession) named(r *http.Request) *http.Request {
	r.Header[fixtures.SessionField] = []string{s.session}
	return r
}

// shutdownTimeout is how long answers that are under way when a test ends may take.
const shutdownTimeout = 2 * time.Second

// end stops the Server. Nothing is reported to the test any more.
func (s *Server) end() {
	s.transport.CloseIdleConnections()
	late := time.AfterFunc(shutdownTimeout, s.http.CloseClientConnections)
	s.proxy.Stop()
	s.front.stop()
	s.http.Close()
	late.Stop()
	s.test.end()
}

// end finishes the whole, after all Servers have ended.
func (all *servers) end() {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.mode.end(all.test, all.all)
	all.test.end()
}

// A test is one that things are reported to, as long as it runs: the testing
// package panics when a test hears of something after it has ended.
type test struct {
	testing.TB
	mu    sync.Mutex
	ended bool // guarded by mu
}

func (t *test) errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.Errorf(format, args...)
	}
}

func (t *test) logf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.Logf(format, args...)
	}
}

func (t *test) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}

// passed reports whether a test has not failed so far, nor was skipped.
func (t *test) passed() bool { return !t.Failed() && !t.Skipped() }
