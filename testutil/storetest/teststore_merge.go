package storetest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/cannery/fixtures"
)

var errGone = errors.New("the content is gone")

// A goneSource is content that cannot be read.
type goneSource struct{}

func (goneSource) Size() int64                      { return 1 << 20 }
func (goneSource) Open() (io.ReadSeekCloser, error) { return nil, errGone }

func mergeKeeps(t *testing.T, open opener) {
	a, b := open(t), open(t)
	fillAll(t, a)
	before := len(everything(t, a))
	view := viewOf(t, a)
	resources := []fixtures.Resource{
		view.Rules.Key(&answered("/poll", "").Request).Resource(),
		view.Rules.Key(&answered("/large/1", "").Request).Resource(),
	}
	if err := a.MarkStale(t.Context(), view, resources...); err != nil {
		t.Fatalf("MarkStale: %v", err)
	}
	large := answered("/large/2", string(randomContent(90_000)))
	mustImport(t, a, fixtures.Rules{}, true, answered("/poll", "new 1"), large, answered("/added", "added"), answered("/poll", "new 2"))
	for _, handle := range []Store{a, b} {
		poll := &answered("/poll", "").Request
		wantBodies(t, handle, poll, "new 1", "new 2")
		if takesOf(t, handle, poll).Live(nil, poll, time.Time{}) == nil {
			t.Error("what was imported is stale")
		}
		stale := &answered("/large/1", "").Request
		if takes := takesOf(t, handle, stale); takes.Last() != 2 || takes.Live(nil, stale, time.Time{}) != nil {
			t.Errorf("%d takes of what was stale before, and is not any more", takes.Last())
		}
		wantBodies(t, handle, &answered("/large/1", "").Request, string(randomContent(fixtures.InlineBody+1)), string(randomContent(fixtures.InlineBody+1)))
		wantBodies(t, handle, &answered("/large/2", "").Request, string(randomContent(90_000)))
		wantBodies(t, handle, &answered("/added", "").Request, "added")
		wantBodies(t, handle, &answered("/variants", "").Request, "de", "en")
		if n := len(everything(t, handle)); n != before-5-2+4 {
			t.Errorf("%d recordings, want %d", n, before-5-2+4)
		}
	}
	mustAppend(t, b, answered("/variants", "fr"))
	wantBodies(t, a, &answered("/variants", "").Request, "de", "en", "fr")
	if n, err := a.Remove(t.Context(), fixtures.Filter{}, false); n != before-2 || err != nil {
		t.Errorf("Remove = %d, %v, want %d", n, err, before-2)
	}
}

func mergeNeedsRules(t *testing.T, open opener) {
	store := open(t)
	mustAppend(t, store, answered("/", "kept"))
	rules := fixtures.Rules{Ignore: []string{"query:q"}}
	if _, err := store.Import(t.Context(), rules, of(nil, answered("/new", "")), true); err == nil || !strings.Contains(err.Error(), "query:q") {
		t.Errorf("a merge under other rules = %v, want an error that shows them", err)
	}
	wantBodies(t, store, &answered("/", "").Request, "kept")
	wantBodies(t, store, &answered("/new", "").Request)
}

// importMeetsClear clears the store when half of an import has been written.
func importMeetsClear(t *testing.T, open opener) {
	a, b := open(t), open(t)
	for _, merge := range []bool{false, true} {
		mustAppend(t, a, answered("/other", "cleared"))
		large := answered("/large", strings.Repeat("large ", fixtures.InlineBody))
		recs := []*fixtures.Recording{answered("/a", "one"), large, answered("/a", "two")}
		meets := func(yield func(*fixtures.Recording, error) bool) {
			for i, rec := range recs {
				if i == 2 {
					if _, err := b.Remove(t.Context(), fixtures.Filter{}, false); err != nil {
						t.Errorf("Remove: %v", err)
					}
					mustAppend(t, b, answered("/since", "recorded since"))
				}
				if !yield(rec, nil) {
					return
				}
			}
		}
		if n, err := a.Import(t.Context(), fixtures.Rules{}, meets, merge); n != len(recs) || err != nil {
			t.Fatalf("Import = %d, %v, want %d", n, err, len(recs))
		}
		want := 3
		for _, handle := range []Store{a, b} {
			wantBodies(t, handle, &answered("/a", "").Request, "one", "two")
			wantBodies(t, handle, &large.Request, string(large.Response.Body.Bytes))
			wantBodies(t, handle, &answered("/other", "").Request)
			if merge {
				want = 4
				wantBodies(t, handle, &answered("/since", "").Request, "recorded since")
			}
		}
		if n, err := b.Remove(t.Context(), fixtures.Filter{}, false); n != want || err != nil {
			t.Errorf("Remove = %d, %v, want %d", n, err, want)
		}
	}
}

func lateAfterImport(t *testing.T, open opener) {
	a, b := open(t), open(t)
	for _, merge := range []bool{false, true} {
		before := viewOf(t, b)
		mustImport(t, a, fixtures.Rules{}, merge, answered("/imported", "new"))
		if err := b.Append(t.Context(), commitOf(before, answered("/", "late"), fixtures.SeenAll)); !errors.Is(err, fixtures.ErrLate) {
			t.Errorf("Append under a view from before an import = %v, want ErrLate", err)
		}
		wantBodies(t, a, &answered("/", "").Request)
		wantBodies(t, b, &answered("/imported", "").Request, "new")
	}
}

func importedInOrder(t *testing.T, open opener) {
	store := open(t)
	want := []string{"/c", "/a", "/b", "/a", "/c"}
	for _, merge := range []bool{false, true} {
		var recs []*fixtures.Recording
		for _, target := range want {
			recs = append(recs, answered(target, ""))
		}
		mustImport(t, store, fixtures.Rules{}, merge, recs...)
		view := viewOf(t, store)
		got := map[uint64]string{}
		var first uint64
		for _, rec := range everything(t, store) {
			got[rec.Clock] = rec.Request.Target
			if first == 0 || rec.Clock < first {
				first = rec.Clock
			}
			if rec.Clock == 0 || rec.Clock > view.Clock {
				t.Errorf("the clock of a recording is %d, of the store %d", rec.Clock, view.Clock)
			}
		}
		for i, target := range want {
			if got[first+uint64(i)] != target {
				t.Errorf("number %d is %q, want %q", i, got[first+uint64(i)], target)
			}
		}
		// What is marked stale now is: its clock is not above the mark.
		req := &answered("/c", "").Request
		if err := store.MarkStale(t.Context(), view, view.Rules.Key(req).Resource()); err != nil {
			t.Fatalf("MarkStale: %v", err)
		}
		if takesOf(t, store, req).Live(nil, req, time.Time{}) != nil {
			t.Error("what was imported is live after it was marked as stale")
		}
	}
}

// clocksOrderMerged: recordings that came in any order are takes in that of their
// clocks once rules have made their requests equal.
func clocksOrderMerged(t *testing.T, open opener) {
	store := open(t)
	for _, merge := range []bool{false, true} {
		mustImport(t, store, fixtures.Rules{}, false, answered("/other", ""))
		var recs []*fixtures.Recording
		for _, clock := range []uint64{3, 1, 4, 2} {
			rec := answered(fmt.Sprint("/?t=", clock), fmt.Sprint(clock))
			rec.Clock = clock
			recs = append(recs, rec)
		}
		mustImport(t, store, fixtures.Rules{}, merge, recs...)
		if err := store.SetRules(t.Context(), fixtures.Rules{Ignore: []string{"query:t"}}); err != nil {
			t.Fatalf("SetRules: %v", err)
		}
		wantBodies(t, store, &answered("/", "").Request, "1", "2", "3", "4")
	}
}

// oneSetDuringImports reads while sets are imported one after the other: each
// answer is of one set, and never of an older one than the answer before.
func oneSetDuringImports(t *testing.T, open opener) {
	a, b := open(t), open(t)
	const targets, imports = 8, 25
	set := func(n int) (recs []*fixtures.Recording) {
		for i := range targets {
			for range 2 {
				recs = append(recs, answered(fmt.Sprintf("/folder %d/%d", i, i), fmt.Sprintf("%06d", n)))
			}
		}
		return recs
	}
	mustImport(t, a, fixtures.Rules{}, false, set(0)...)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for _, handle := range []Store{a, b} {
		wg.Go(func() { readSets(t, handle, targets, done) })
	}
	for n := 1; n <= imports; n++ {
		if _, err := a.Import(t.Context(), fixtures.Rules{}, of(nil, set(n)...), n%2 == 0); err != nil {
			t.Errorf("Import: %v", err)
		}
	}
	close(done)
	wg.Wait()
}

func readSets(t *testing.T, store Store, targets int, done chan struct{}) {
	newest := ""
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		default:
		}
		req := &answered(fmt.Sprintf("/folder %d/%d", i%targets, i%targets), "").Request
		view, err := store.View(t.Context())
		if err != nil {
			t.Errorf("View: %v", err)
			return
		}
		takes, err := store.Takes(t.Context(), view, view.Rules.Key(req), req)
		if errors.Is(err, fixtures.ErrNotFound) {
			if now, err := store.View(t.Context()); err == nil && now.Generation != view.Generation {
				continue // the view is of a generation that is gone
			}
		}
		if err != nil || takes.Last() != 2 {
			t.Errorf("%d takes of %s, %v", takes.Last(), req.Target, err)
			return
		}
		first, second := string(takes.Recordings[0].Response.Body.Bytes), string(takes.Recordings[1].Response.Body.Bytes)
		if first != second || first < newest {
			t.Errorf("takes of sets %s and %s after one of %s", first, second, newest)
			return
		}
		newest = first
	}
}
