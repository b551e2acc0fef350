package recorder_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/recorder"
)

// A memory is a store that keeps what it is given. Its fields are set before it is
// used, or read when it is used no more.
type memory struct {
	refuse error // the result of every Append; nil keeps
	last   int   // of its leases

	mu       sync.Mutex
	kept     []fixtures.Commit
	bodies   []*body
	stale    []fixtures.Resource
	leased   int
	released int
}

func (m *memory) Append(_ context.Context, c fixtures.Commit) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse == nil {
		m.kept = append(m.kept, c)
	}
	return m.refuse
}

func (m *memory) NewBody(context.Context) (fixtures.BodyWriter, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := &body{}
	m.bodies = append(m.bodies, b)
	return b, nil
}

func (m *memory) MarkStale(_ context.Context, _ fixtures.View, resources ...fixtures.Resource) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stale = append(m.stale, resources...)
	return nil
}

func (m *memory) Lease(context.Context, fixtures.View, fixtures.Key, *fixtures.Request, string) (fixtures.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leased++
	return lease{m}, nil
}

type lease struct{ *memory }

func (l lease) Last() int { return l.last }

func (l lease) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.released++
}

// left returns how many bodies there are that nobody discarded.
func (m *memory) left() int {
	n := 0
	for _, b := range m.bodies {
		if !b.discarded {
			n++
		}
	}
	return n
}

// A body is content that was written to a memory.
type body struct {
	bytes.Buffer
	discarded bool
}

func (b *body) Body() (fixtures.Body, error) { return fixtures.Body{Bytes: b.Bytes()}, nil }

func (b *body) Discard() { b.discarded = true }

// A proxy is a recorder between clients and an origin.
type proxy struct {
	*recorder.Recorder
	*httptest.Server
	store *memory

	// change alters the commit of each request; nil leaves it as it is.
	change func(*fixtures.Commit)
	flight string
	again  func() bool

	outcomes chan outcome // of each request, once it has ended
	asked    int          // requests that have reached the origin; guarded by mu
	mu       sync.Mutex

	remarks []string // guarded by mu
	stored  []error  // guarded by mu
}

// An outcome is what Forward returned.
type outcome struct {
	recorded bool
	err      error
}

// before starts a proxy before an origin.
func before(t *testing.T, origin http.HandlerFunc) *proxy {
	t.Helper()
	p := &proxy{store: &memory{}, outcomes: make(chan outcome, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked++
		p.mu.Unlock()
		origin(w, r)
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := recorder.NewTransport(recorder.TransportConfig{})
	t.Cleanup(transport.CloseIdleConnections)
	p.Recorder = &recorder.Recorder{
		Origin: address, Transport: transport, Store: p.store, MaxBody: 1 << 20,
		Remark: func(_ *http.Request, what, why string) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.remarks = append(p.remarks, what+": "+why)
		},
		Stored: func(err error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.stored = append(p.stored, err)
		},
	}
	p.Server = httptest.NewServer(http.HandlerFunc(p.forward))
	t.Cleanup(p.Server.Close)
	return p
}

var rules fixtures.Rules

// view is the one under which all requests are answered.
var view = fixtures.View{Generation: 1, Clock: 7, Rules: &rules}

const originName = "api"

func (p *proxy) forward(w http.ResponseWriter, r *http.Request) {
	rec := &fixtures.Recording{}
	rec.Request = fixtures.Request{
		Origin: originName, Method: r.Method, Target: r.RequestURI,
		Credentials: fixtures.Fingerprints(r.Header, nil),
	}
	c := &fixtures.Commit{View: view, Key: rules.Key(&rec.Request), Recording: rec}
	if p.change != nil {
		p.change(c)
	}
	var o outcome
	defer func() { p.outcomes <- o }() // also when the answer is aborted, by panic
	o.recorded, o.err = p.Forward(w, r, c, p.flight, p.again)
	if o.err != nil {
		http.Error(w, o.err.Error(), http.StatusTeapot)
	}
}

// An answer is what a client got.
type answer struct {
	*http.Response
	content string
	cut     error // nil when it came whole
	outcome
}

// ask makes a request and waits for its outcome. Fields are header lines.
func (p *proxy) ask(t *testing.T, method, target, content string, fields ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.URL+target, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		req.Header.Add(name, value)
	}
	var a answer
	if a.Response, err = http.DefaultTransport.RoundTrip(req); err != nil {
		a.Response, a.cut = &http.Response{}, err
	} else {
		defer a.Body.Close()
		var got []byte
		got, err = io.ReadAll(a.Body)
		a.content, a.cut = string(got), cmp.Or(a.cut, err)
	}
	a.outcome = <-p.outcomes
	return a
}

func (p *proxy) get(t *testing.T, target string) answer {
	t.Helper()
	return p.ask(t, http.MethodGet, target, "")
}
