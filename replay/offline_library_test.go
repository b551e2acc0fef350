package replay_test

import (
	"slices"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/replay"
)

// exported writes what a bench has recorded as fixtures, cleaned of secrets,
// and opens them.
func (b *bench) exported(t *testing.T) *fixtures.Library {
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
	cfg := fixtures.FixtureConfig{Version: 1, Origins: map[string]string{}, Rules: *view.Rules}
	for rec, err := range b.store.Recordings(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		cfg.Origins[rec.Request.Origin] = rec.Request.Base
		cleaner.Learn(rec)
		recs = append(recs, rec)
	}
	dir := t.TempDir()
	set, err := fixtures.OpenFixtures(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = set.Write(t.Context(), cfg, func(yield func(*fixtures.Recording, error) bool) {
		for _, rec := range recs {
			if !yield(cleaner.Clean(rec), nil) {
				return
			}
		}
	}, fixtures.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	library, err := fixtures.OpenLibrary(t.Context(), dir)
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
	off := b.goOffline(t, func(p *replay.Proxy) { p.Store, p.Catalog = library, &replay.Catalog{Store: library} })
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

// TestAPasswordFindsItsPlaceholder: what was recorded with a secret, and is
// asked for with it or with another, is the same request.
func TestAPasswordFindsItsPlaceholder(t *testing.T) {
	b := setUp(t, counter(), recording)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	b.do(t, "POST", "/login", "user=ada&password=correct-horse-battery", form...)
	library := b.exported(t)
	off := b.goOffline(t, func(p *replay.Proxy) { p.Store, p.Catalog = library, &replay.Catalog{Store: library} })
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
