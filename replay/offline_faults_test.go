package replay_test

import (
	"context"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/localstore"
	"example.com/cannery/fixtures/redisstore"
	"example.com/cannery/replay"
	"example.com/cannery/testutil/storetest"
	"example.com/cannery/testutil/wire"
)

// storedFile is the one file of a bench's store that a pattern matches.
func (b *bench) storedFile(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(b.dir, pattern))
	if err != nil || len(names) != 1 {
		t.Fatalf("the files %q of the store are %q, %v", pattern, names, err)
	}
	return names[0]
}

func TestADamagedRecordingIsNamedOffline(t *testing.T) {
	b := setUp(t, everyAnswer(), nil)
	b.get(t, "/damaged")
	name := b.storedFile(t, "data-*")
	if err := os.WriteFile(name, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.reopen(t)
	a := b.goOffline(t, nil).get(t, "/damaged")
	if a.status != http.StatusInternalServerError || !strings.Contains(a.body, "recording damaged") || !strings.Contains(a.body, filepath.Base(name)) {
		t.Errorf("%d %s, want a 500 that names %q", a.status, a.body, name)
	}
}

func TestLostContentIsNamedOffline(t *testing.T) {
	text := strings.Repeat("0123456789", fixtures.InlineBody)
	b := setUp(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }, nil)
	b.get(t, "/lost")
	off := b.goOffline(t, nil)
	if a := off.get(t, "/lost"); a.body != text {
		t.Fatalf("before the loss: %d, %d bytes", a.status, len(a.body))
	}
	name := b.storedFile(t, "bodies/*")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	a := off.get(t, "/lost")
	if a.status != http.StatusInternalServerError || !strings.Contains(a.body, filepath.Base(name)) {
		t.Errorf("%d %.300s, want a 500 that names %q", a.status, a.body, name)
	}
}

func TestStoreDownOfflineIsNotAMiss(t *testing.T) {
	t.Parallel()
	for name, fault := range redisFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storetest.StartRedis(t)
			between := wire.To(t, server.Addr)
			store := openRedis(t, redisstore.Config{Addr: between.Addr, Timeout: faultTimeout, CacheBytes: 16 << 20})
			b := setUp(t, counter(), func(b *bench) { b.proxy.Cache.Store, b.recorder.Store = store, store })
			flow := []string{"GET /n", "PUT /n", "GET /n"}
			want := b.ask(t, flow...)
			said := &lines{}
			off := b.goOffline(t, func(p *replay.Proxy) {
				p.Sequence.Store, p.Sequence.Catalog = store, &replay.Catalog{Store: store}
				p.Sequence.Down = &replay.Outage{What: "store is down", Say: said.say}
			})
			off.wantAnswers(t, flow, want)
			fault.begin(server, between)
			for _, target := range []string{"/n", "/nothing"} {
				if a := off.get(t, target); a.status != http.StatusServiceUnavailable || a.cache() == "MISS" || !strings.Contains(a.body, "store unreachable") {
					t.Errorf("%s while the store is down: %d %s %s", target, a.status, a.cache(), a.body)
				}
			}
			if stats := off.proxy.Stats(); stats.Misses != 0 {
				t.Errorf("%d misses were counted", stats.Misses)
			}
			fault.end(server, between)
			off.recover(t, "/n", func(a answer) bool { return a.status == http.StatusServiceUnavailable })
			after := off.get(t, "/n")
			if name == "killed" && after.status != http.StatusFailedDependency || name != "killed" && after.cache() != "HIT" {
				t.Errorf("after the fault: %d %s", after.status, after.body)
			}
			wantLines(t, said, "store is down")
		})
	}
}

// A brokenWalk is a store whose recordings cannot all be read.
type brokenWalk struct {
	replay.CatalogStore
	err error
}

func (s brokenWalk) Recordings(context.Context) iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) { yield(nil, s.err) }
}

// TestOrderThatCannotBeKnownIsAnError: a guess at which take is next would be
// another answer.
func TestOrderThatCannotBeKnownIsAnError(t *testing.T) {
	b := setUp(t, counter(), nil)
	b.ask(t, "GET /n", "PUT /n", "GET /n", "GET /one")
	off := b.goOffline(t, func(p *replay.Proxy) {
		p.Origin.Name = b.origin.URL
		p.Sequence.Catalog = &replay.Catalog{Store: brokenWalk{b.store, &fixtures.CorruptError{Place: "the other file", Err: io.ErrUnexpectedEOF}}}
	})
	if a := off.get(t, "/n"); a.status != http.StatusInternalServerError || !strings.Contains(a.body, "the other file") {
		t.Errorf("two takes: %d %s", a.status, a.body)
	}
	if a := off.get(t, "/one"); a.cache() != "HIT" {
		t.Errorf("one take needs no order: %d %s", a.status, a.body)
	}
}

// A replacedStore has its recordings replaced when one has been looked up.
type replacedStore struct {
	*localstore.Store
	replace func()
}

func (s *replacedStore) Takes(ctx context.Context, view fixtures.View, key fixtures.Key, req *fixtures.Request) (fixtures.Takes, error) {
	takes, err := s.Store.Takes(ctx, view, key, req)
	if s.replace != nil {
		s.replace()
		s.replace = nil
	}
	return takes, err
}

// TestAnImportIsNoDamage: large content that it takes away between the lookup
// and the answer is looked for once more, and the request keeps its turn.
func TestAnImportIsNoDamage(t *testing.T) {
	takes := func(name string) (recs []*fixtures.Recording) {
		for _, take := range []string{"1", "2"} {
			rec := recordedAs("GET /large", "")
			rec.Response.Body.Bytes = []byte(strings.Repeat(name+take+"\n", fixtures.InlineBody))
			recs = append(recs, rec)
		}
		return recs
	}
	store := imported(t, fixtures.Rules{}, takes("old")...)
	p := offlineOn(store)
	moving := &replacedStore{Store: store}
	p.Sequence.Store, p.Sequence.AfterLast = moving, replay.FailAfterLast
	for _, want := range []string{"new1", "newer2"} {
		name := want[:len(want)-1]
		moving.replace = func() { reimport(t, store, fixtures.Rules{}, takes(name)...) }
		if res, body := send(t, p, "GET /large", ""); res.StatusCode != 200 || !strings.HasPrefix(body, want+"\n") {
			t.Errorf("%s: %.300s, want %s", res.Status, body, want)
		}
	}
	if told := missOf(t, p, "GET /large", ""); told.Case != "takes-used-up" {
		t.Errorf("the third is %v", told)
	}
}
