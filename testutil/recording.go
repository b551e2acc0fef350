package testutil

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/localstore"
	"example.com/cannery/fixtures/publish"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
)

const (
	// cacheBytes bounds the memory of recordings, which are rarely read.
	cacheBytes = 1 << 20
	// maxBody is the most content of an answer that is recorded.
	maxBody = 256 << 20
)

// recording forwards everything to its origins, and makes fixtures of it. What
// the origin said, secrets included, is in a temporary directory of the test.
type recording struct {
	config     *Config
	origins    []replay.Origin            // nil: there are only those that clients name
	transports map[string]*http.Transport // by the scheme of what they reach
	set        *dir.Dir
	store      *localstore.Store
}

func newRecording(t testing.TB, c *Config, origin *url.URL) (m *recording, err error) {
	m = &recording{config: c, transports: map[string]*http.Transport{}}
	if m.origins, err = c.origins(origin); err != nil {
		return nil, err
	}
	if origin == nil {
		m.origins = m.origins[1:]
	}
	for _, scheme := range []string{"http", "https", "h2c"} {
		m.transports[scheme] = recorder.NewTransport(recorder.TransportConfig{Origin: &url.URL{Scheme: scheme}, RootCAs: c.OriginCA})
	}
	if m.set, err = dir.Open(c.Dir); err != nil {
		return nil, err
	}
	var rules fixtures.Rules
	if _, err := os.Stat(c.Dir); !errors.Is(err, fs.ErrNotExist) {
		old, err := m.set.Config()
		if err != nil {
			return nil, err
		}
		rules = old.Rules
	}
	if len(m.origins) > 1 {
		rules.First = m.origins[0].Name
	}
	if m.store, err = localstore.Open(t.TempDir(), cacheBytes); err != nil {
		return nil, err
	}
	if err := m.store.SetRules(t.Context(), rules); err != nil {
		return nil, errors.Join(err, m.store.Close())
	}
	return m, nil
}

func (m *recording) begin(session string) error { return recordings.claim(m, session) }

func (m *recording) proxy(s *Server) *replay.Proxy {
	p := m.config.proxy()
	p.Cache = &replay.Cache{Store: m.store, Anew: true, Methods: m.config.Methods}
	var all []replay.Origin
	for _, o := range m.origins {
		all = append(all, m.recorded(s, o))
	}
	if len(all) > 0 {
		p.Origin, p.Others = all[0], all[1:]
	}
	if m.config.anyHost {
		p.AnyHost = func(name string, at *url.URL) *replay.Origin {
			named := m.recorded(s, replay.Origin{Name: name, URL: at})
			return &named
		}
	}
	return p
}

// recorded has an origin forwarded to, and recorded, for a Server.
func (m *recording) recorded(s *Server, o replay.Origin) replay.Origin {
	rec := &recorder.Recorder{
		Origin:        o.URL,
		NamedByClient: !m.names(o.Name),
		Transport:     m.transports[o.URL.Scheme],
		Store:         m.store,
		Methods:       m.config.Methods,
		Statuses:      recorder.AllStatuses(),
		MaxBody:       maxBody,
		Anew:          true,
		Stored: func(err error) {
			if err != nil {
				s.test.errorf("a recording is lost: %v", err)
			}
		},
		Remark: func(r *http.Request, what, why string) {
			s.test.logf("%s: %s %s: %s", what, r.Method, secret.CleanTargetOf(r.Header, fixtures.RequestTarget(r.RequestURI)), why)
		},
	}
	s.recorders.add(rec)
	o.FailWhenDown, o.Forwarder = true, rec
	return o
}

// names reports whether an origin of a name is among those of the Config.
func (m *recording) names(name string) bool {
	return slices.ContainsFunc(m.origins, func(o replay.Origin) bool { return o.Name == name })
}

// overlaps reports whether both record an origin.
func (m *recording) overlaps(other *recording) bool {
	return m.config.anyHost || other.config.anyHost ||
		slices.ContainsFunc(m.origins, func(o replay.Origin) bool { return other.names(o.Name) })
}

// A recorders are what records for a Server. They may be used concurrently.
type recorders struct {
	mu  sync.Mutex
	all []*recorder.Recorder // guarded by mu
}

func (r *recorders) add(rec *recorder.Recorder) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, rec)
}

// unreachable returns why one of the origins gave no answer, nil when all that were
// asked have answered.
func (r *recorders) unreachable() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.all {
		if why := rec.Unreachable(); why != nil {
			return why
		}
	}
	return nil
}

// end writes the fixtures of the tests that have passed. One whose origin was
// not there has recorded nothing, whatever it made of that: it fails.
func (m *recording) end(t *test, all []*Server) {
	defer recordings.release(m)
	passed := map[string]bool{}
	for _, s := range all {
		passed[s.session] = true
	}
	for _, s := range all {
		why := s.recorders.unreachable()
		if why != nil && s.test.passed() {
			t.errorf("%s: nothing was recorded: %v", s.test.Name(), why)
		}
		if why != nil || !s.test.passed() {
			delete(passed, s.session)
		}
	}
	var err error
	if len(passed) > 0 {
		err = m.write(passed)
	}
	for _, transport := range m.transports {
		transport.CloseIdleConnections()
	}
	if err = errors.Join(err, m.store.Close()); err != nil {
		t.errorf("record into %q: %v", m.config.Dir, err)
	}
}

func (m *recording) write(sessions map[string]bool) error {
	ctx := context.Background()
	p, err := publish.New(ctx, passedStore{m.store, sessions}, nil, nil)
	if err != nil {
		return err
	}
	_, err = p.Write(ctx, m.set, dir.WriteOptions{
		Prune:   true,
		Several: m.config.anyHost || len(m.origins) > 1,
		Within: func(req *fixtures.Request) bool {
			return sessions[req.Session] && (m.config.anyHost || m.names(req.Origin))
		},
	})
	if err == nil && p.Left() > 0 {
		err = fmt.Errorf("what looks like a secret is left: see 'cannery export %s --check'", m.config.Dir)
	}
	return err
}

// A passedStore has the recordings of some sessions only.
type passedStore struct {
	*localstore.Store
	sessions map[string]bool
}

func (s passedStore) Recordings(ctx context.Context) iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) {
		for rec, err := range s.Store.Recordings(ctx) {
			if err == nil && !s.sessions[rec.Request.Session] {
				continue
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}
