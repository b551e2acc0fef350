package replay_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/cannery/fixtures/dir"
	"example.com/cannery/testutil/storetest"

	"example.com/cannery/recorder"
	"example.com/cannery/replay"
)

// sink is a ResponseWriter that keeps nothing.
type sink struct {
	header http.Header
	buf    []byte
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

// ReadFrom is there because net/http's has one, which hands files to the kernel.
func (s *sink) ReadFrom(src io.Reader) (total int64, err error) {
	for {
		n, err := src.Read(s.buf)
		total += int64(n)
		switch {
		case err == io.EOF:
			return total, nil
		case err != nil:
			return total, err
		}
	}
}

// benchmarkHit measures one HIT of a 1 KiB JSON answer, without net/http.
func benchmarkHit(b *testing.B, store interface {
	replay.Store
	recorder.Store
},
) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"text":"` + strings.Repeat("x", 1000) + `"}`))
	}))
	defer origin.Close()
	u := mustParse(b, origin.URL)
	transport := recorder.NewTransport(recorder.TransportConfig{})
	defer transport.CloseIdleConnections()
	p := &replay.Proxy{
		Cache: &replay.Cache{Store: store},
		Origin: replay.Origin{
			Name: origin.URL, URL: u,
			Forwarder: &recorder.Recorder{Origin: u, Transport: transport, Store: store, MaxBody: 1 << 20},
		},
	}
	r := httptest.NewRequest("GET", "/v1/users?id=1&page=2", nil)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "bench")
	warm := httptest.NewRecorder()
	p.ServeHTTP(warm, r)
	if warm.Header().Get("X-Cache") != "MISS" {
		b.Fatal("no MISS to begin with")
	}
	b.Run("base", func(b *testing.B) { measureHits(b, p, r) })
	p.AnyHost = func(name string, at *url.URL) *replay.Origin {
		o := p.Origin
		o.Name, o.URL = name, at
		return &o
	}
	// The origin that was given, as clients of a forward proxy ask for it.
	b.Run("anyhost", func(b *testing.B) { measureHits(b, forHost{p, u}, r) })
}

// A forHost has requests answered for the origin at a URL.
type forHost struct {
	*replay.Proxy
	at *url.URL
}

func (f forHost) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.ServeHost(w, r, f.at) }

// measureHits measures the answers to a request, which are HITs.
func measureHits(b *testing.B, p http.Handler, r *http.Request) {
	w := &sink{http.Header{}, make([]byte, 64<<10)}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		p.ServeHTTP(w, r)
	}
	if w.header.Get("X-Cache") != "HIT" {
		b.Fatal("no HIT was measured")
	}
}

func BenchmarkHitDirectory(b *testing.B) {
	store := storetest.OpenLocal(b, b.TempDir(), 16<<20)
	benchmarkHit(b, store)
}

// BenchmarkHitOffline measures a HIT from a directory of fixtures.
func BenchmarkHitOffline(b *testing.B) {
	folder := b.TempDir()
	text := `{"request": {"method": "GET", "url": "/v1/users?id=1&page=2"}, "response": {"status": 200, "body": {"text": "` + strings.Repeat("x", 1000) + `"}}}`
	if err := os.MkdirAll(filepath.Join(folder, "GET"), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "GET", "users.json"), []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	library, err := dir.OpenLibrary(b.Context(), folder, nil)
	if err != nil {
		b.Fatal(err)
	}
	p := &replay.Proxy{Sequence: &replay.Sequence{Store: library, Catalog: &replay.Catalog{Store: library}}}
	r := httptest.NewRequest("GET", "/v1/users?id=1&page=2", nil)
	b.Run("base", func(b *testing.B) { measureHits(b, p, r) })
	at := mustParse(b, "https://api.example.com")
	p.Origin.URL = at
	p.AnyHost = func(name string, at *url.URL) *replay.Origin { return &replay.Origin{Name: name, URL: at} }
	b.Run("anyhost", func(b *testing.B) { measureHits(b, forHost{p, at}, r) })
}
