package storetest

import (
	"strings"
	"sync"
	"testing"

	"example.com/cannery/fixtures"
)

// A switching puts another set in the place of the one that is there. Both have
// the recordings of kept, under rules of different keys.
type switching struct {
	name string
	to   func(t *testing.T, store Store, rules fixtures.Rules)
}

var switches = []switching{
	{"Import", func(t *testing.T, store Store, rules fixtures.Rules) {
		mustImport(t, store, rules, false, append(kept(), answered("/more", "more"))...)
	}},
	{"SetRules", func(t *testing.T, store Store, rules fixtures.Rules) {
		if err := store.SetRules(t.Context(), rules); err != nil {
			t.Errorf("SetRules: %v", err)
		}
	}},
	{"Import --merge", func(t *testing.T, store Store, _ fixtures.Rules) {
		mustImport(t, store, *viewOf(t, store).Rules, true, answered("/merged", "merged"))
	}},
}

// kept returns a small recording and a large one.
func kept() []*fixtures.Recording {
	return []*fixtures.Recording{
		answered("/kept?b=2&a=1", "kept"),
		answered("/large?a=1", strings.Repeat("large ", fixtures.InlineBody)),
	}
}

// rulesOf returns rules under which the keys of kept are others each time.
func rulesOf(i int) fixtures.Rules {
	return fixtures.Rules{Ignore: []string{"query:a", "query:b"}[i%2:][:1]}
}

// foundUnderOldView looks under a view for what has been switched since.
func foundUnderOldView(t *testing.T, open opener) {
	writer, reader := open(t), open(t)
	mustImport(t, writer, fixtures.Rules{}, false, kept()...)
	for i := range 2 * len(switches) {
		s := switches[i%len(switches)]
		view := viewOf(t, reader)
		s.to(t, writer, rulesOf(i))
		for _, rec := range kept() {
			takes, err := reader.Takes(t.Context(), view, view.Rules.Key(&rec.Request), &rec.Request)
			if err != nil || len(takes.Recordings) != 1 {
				t.Errorf("%d takes of %.20s under a view from before %s: %v", len(takes.Recordings), rec.Request.Target, s.name, err)
				continue
			}
			// Large content may be gone with the old set, which is an error that says so.
			if got := takes.Recordings[0]; got.Response.Body.Source == nil && string(contentOf(t, got)) != string(rec.Response.Body.Bytes) {
				t.Errorf("another content of %.20s under a view from before %s", rec.Request.Target, s.name)
			}
		}
	}
}

// foundDuringSwitches looks all the time while the set is switched.
func foundDuringSwitches(t *testing.T, open opener) {
	writer, reader := open(t), open(t)
	mustImport(t, writer, fixtures.Rules{}, false, kept()...)
	done := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(done)
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for _, rec := range kept() {
					view, err := reader.View(t.Context())
					if err == nil {
						_, err = reader.Takes(t.Context(), view, view.Rules.Key(&rec.Request), &rec.Request)
					}
					if err != nil {
						t.Errorf("%.20s is not found: %v", rec.Request.Target, err)
						return
					}
				}
			}
		})
	}
	for i := range 20 {
		switches[i%len(switches)].to(t, writer, rulesOf(i))
	}
}
