package replay_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

func TestTheReportNamesWhatWasMissedAndWhatWasNotUsed(t *testing.T) {
	b := setUp(t, counter(), nil)
	b.ask(t, "GET /used", "GET /unused", "PUT /n", "POST /n")
	b.get(t, "/own", fixtures.SessionField, "s")
	var mu sync.Mutex
	var told []replay.Unmatched
	off := b.goOffline(t, func(p *replay.Proxy) {
		p.Events.OnMiss = func(u replay.Unmatched) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, u)
		}
	})
	off.ask(t, "GET /used", "GET /used", "GET /missed?token=abc", "POST /n")
	off.get(t, "/other", fixtures.SessionField, "s")
	report, err := off.proxy.Report(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (replay.Stats{Hits: 3, Misses: 2}); report.Stats != want || report.UnmatchedCount != 2 {
		t.Errorf("%+v and %d unmatched, want %+v and 2", report.Stats, report.UnmatchedCount, want)
	}
	var unused, unmatched []string
	for _, u := range report.Unused {
		unused = append(unused, fmt.Sprint(u.Method, " ", u.Target, " ", u.Session, " ", u.Take))
	}
	slices.Sort(unused)
	if want := []string{"GET /own s 1", "GET /unused  1", "PUT /n  1"}; !slices.Equal(unused, want) {
		t.Errorf("unused are %q, want %q", unused, want)
	}
	for _, u := range report.Unmatched {
		unmatched = append(unmatched, fmt.Sprint(u.Method, " ", u.URL, " ", u.Session))
		if strings.TrimSpace(u.Text) == "" || strings.Contains(u.Text, "abc") {
			t.Errorf("the explanation of %s is %q", u.URL, u.Text)
		}
	}
	if want := []string{"GET /missed?token=*** ", "GET /other s"}; !slices.Equal(unmatched, want) {
		t.Errorf("unmatched are %q, want %q", unmatched, want)
	}
	if !slices.Equal(told, report.Unmatched) {
		t.Errorf("told of %v, reported %v", told, report.Unmatched)
	}
	off.mu.Lock()
	defer off.mu.Unlock()
	for _, e := range off.entries {
		if e.Cache == "MISS" && !slices.ContainsFunc(told, func(u replay.Unmatched) bool { return u.Text == e.Note }) {
			t.Errorf("the log says %q of %s", e.Note, e.URL)
		}
	}
}

// TestWhatWasJustRecordedIsNotUnused: a run that records what is missing.
func TestWhatWasJustRecordedIsNotUnused(t *testing.T) {
	b := setUp(t, counter(), nil)
	b.ask(t, "GET /old", "GET /unused")
	b.front(t, b.origin.URL, func(b *bench) { b.proxy.Cache.Catalog = &replay.Catalog{Store: b.store} })
	b.ask(t, "GET /old", "GET /new", "HEAD /new", "PUT /n")
	report, err := b.proxy.Report(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Unused) != 1 || report.Unused[0].Target != "/unused" || report.Stats != (replay.Stats{Hits: 2, Misses: 2}) {
		t.Errorf("%+v", report)
	}
}

func TestTheReportIsBoundedAndItsCountIsNot(t *testing.T) {
	off := setUp(t, counter(), nil).goOffline(t, nil)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 300 {
				w := httptest.NewRecorder()
				off.proxy.ServeHTTP(w, httptest.NewRequest("GET", fmt.Sprintf("/%d/%d", i, j), nil))
			}
		})
	}
	all.Wait()
	report, err := off.proxy.Report(t.Context())
	if err != nil || len(report.Unmatched) != 1000 || report.UnmatchedCount != 1200 {
		t.Errorf("%d kept of %d: %v", len(report.Unmatched), report.UnmatchedCount, err)
	}
}
