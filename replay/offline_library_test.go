package replay_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/replay"
)

// exported writes what a bench has recorded as fixtures, cleaned of secrets,
// and opens them.
func (b *bench) exported(t *testing.T) *dir.Library {
	t.Helper()
	return b.exportedTo(t, t.TempDir())
}

func (b *bench) exportedTo(t *testing.T, folder string) *dir.Library {
	t.Helper()
	view, err := b.store.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cleaner, err := secret.NewCleaner(nil, view.Secret)
	if err != nil {
		t.Fatal(err)
	}
	var recs []*fixtures.Recording
	cfg := dir.Config{Version: 1, Origins: map[string]string{}, Rules: *view.Rules}
	for rec, err := range b.store.Recordings(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		cfg.Origins[rec.Request.Origin] = rec.Request.Base
		cleaner.Learn(rec)
		recs = append(recs, rec)
	}
	set, err := dir.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	_, err = set.Write(t.Context(), cfg, func(yield func(*fixtures.Recording, error) bool) {
		for _, rec := range recs {
			if !yield(cleaner.Clean(rec), nil) {
				return
			}
		}
	}, dir.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	library, err := dir.OpenLibrary(t.Context(), folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { library.Close() })
	return library
}

// TestFixturesReplayAsTheStoreDoes: order, barriers and logins outlive an
// export, with nothing but the directory.
func TestFixturesReplayAsTheStoreDoes(t *testing.T) {
	b := setUp(t, tasks(), recording)
	recorded := newVisitor(b.URL+"/", "")
	want := recorded.visit()
	if recorded.err != nil {
		t.Fatal(recorded.err)
	}
	library := b.exported(t)
	off := b.goOffline(t, func(p *replay.Proxy) { p.Sequence.Store, p.Sequence.Catalog = library, &replay.Catalog{Store: library} })
	for _, session := range []string{"", "a", "b"} {
		v := newVisitor(off.URL+"/", session)
		if got := v.visit(); v.err != nil || !slices.Equal(got, want) {
			t.Errorf("session %q: %v\nsaw  %q\nwant %q", session, v.err, got, want)
		}
	}
	report, err := off.proxy.Report(t.Context())
	if err != nil || len(report.Unmatched)+len(report.Unused) != 0 {
		t.Errorf("%v: %+v", err, report)
	}
}

// TestALostSideFileIsNoOutage: it is a fault of one fixture, which is named.
func TestALostSideFileIsNoOutage(t *testing.T) {
	content := make([]byte, 2*fixtures.InlineBody)
	b := setUp(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		w.Write(content)
	}, nil)
	b.get(t, "/logo.png")
	folder := t.TempDir()
	library := b.exportedTo(t, folder)
	said := &lines{}
	off := b.goOffline(t, func(p *replay.Proxy) {
		p.Sequence.Store, p.Sequence.Catalog = library, &replay.Catalog{Store: library}
		p.Sequence.Down = &replay.Outage{What: "store is down", Say: said.say}
	})
	if a := off.get(t, "/logo.png"); a.body != string(content) {
		t.Fatalf("before the loss: %d, %d bytes", a.status, len(a.body))
	}
	var fixture string
	for rec, err := range library.Recordings(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		fixture = rec.Name
	}
	side := filepath.Join(folder, strings.TrimSuffix(filepath.FromSlash(fixture), ".json")+".body-1.png")
	for _, damage := range []func() error{
		func() error { return os.Truncate(side, 5) },
		func() error { return os.Remove(side) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		a := off.get(t, "/logo.png")
		if a.status != http.StatusInternalServerError || !strings.Contains(a.body, "recording damaged") || !strings.Contains(a.body, fixture) || !strings.Contains(a.body, "record it again") {
			t.Errorf("%d %.300s, want a 500 that names %q", a.status, a.body, fixture)
		}
		if strings.Count(a.body, filepath.Base(side)) != 1 {
			t.Errorf("it does not name the side file once:\n%s", a.body)
		}
	}
	if got := said.all(); len(got) != 0 {
		t.Errorf("an outage is told of: %q", got)
	}
}

// TestAPasswordFindsItsPlaceholder: what was recorded with a secret, and is
// asked for with it or with another, is the same request.
func TestAPasswordFindsItsPlaceholder(t *testing.T) {
	b := setUp(t, counter(), recording)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	b.do(t, "POST", "/login", "user=ada&password=correct-horse-battery", form...)
	library := b.exported(t)
	off := b.goOffline(t, func(p *replay.Proxy) { p.Sequence.Store, p.Sequence.Catalog = library, &replay.Catalog{Store: library} })
	for _, c := range []struct {
		content string
		status  int
	}{
		{"user=ada&password=correct-horse-battery", 200},
		{"user=ada&password=made-up", 200},
		{"user=bob&password=correct-horse-battery", 424},
		{"user=ada", 424},
	} {
		if a := off.do(t, "POST", "/login", c.content, form...); a.status != c.status {
			t.Errorf("%s: %d %s, want %d", c.content, a.status, a.body, c.status)
		}
	}
}
