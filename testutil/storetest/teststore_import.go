package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"testing"
	"time"

	"example.com/cannery/fixtures"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// of returns a sequence of recordings that ends with an error, or not.
func of(err error, recs ...*fixtures.Recording) iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) {
		for _, rec := range recs {
			if !yield(rec, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func mustImport(t *testing.T, store Store, rules fixtures.Rules, merge bool, recs ...*fixtures.Recording) {
	t.Helper()
	if n, err := store.Import(t.Context(), rules, of(nil, recs...), merge); n != len(recs) || err != nil {
		t.Fatalf("Import = %d, %v, want %d", n, err, len(recs))
	}
}

// everything returns all recordings of a store, and checks their order.
func everything(t *testing.T, store Store) (recs []*fixtures.Recording) {
	t.Helper()
	view := viewOf(t, store)
	seen := map[fixtures.Key]int{}
	var last fixtures.Key
	for rec, err := range store.Recordings(t.Context()) {
		if err != nil {
			t.Fatalf("Recordings: %v", err)
		}
		key := view.Rules.Key(&rec.Request)
		if seen[key]++; rec.Take != seen[key] || rec.Take > 1 && key != last {
			t.Fatalf("take %d of %.80q comes as its key's number %d, or among others", rec.Take, rec.Request.Target, seen[key])
		}
		last = key
		recs = append(recs, rec)
	}
	return recs
}

// A summary is what of a recording can be compared at once.
type summary struct {
	Recording fixtures.Recording
	Content   [sha256.Size]byte // its digest
}

// summaries returns the recordings in an order of their own.
func summaries(t *testing.T, recs []*fixtures.Recording) (all []summary) {
	t.Helper()
	for _, rec := range recs {
		s := summary{*rec, sha256.Sum256(contentOf(t, rec))}
		fixtures.FindLinks(&s.Recording) // of which a store may know more than it was told
		s.Recording.Response.Body = fixtures.Body{}
		all = append(all, s)
	}
	rules := new(fixtures.Rules)
	slices.SortFunc(all, func(a, b summary) int {
		x, y := rules.Key(&a.Recording.Request), rules.Key(&b.Recording.Request)
		if c := bytes.Compare(x[:], y[:]); c != 0 {
			return c
		}
		return a.Recording.Take - b.Recording.Take
	})
	return all
}

// wantEverything fails unless the store has these recordings.
func wantEverything(t *testing.T, store Store, want []summary) {
	t.Helper()
	if diff := cmp.Diff(want, summaries(t, everything(t, store)), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("all recordings (-want +got):\n%.4000s", diff)
	}
}

// fillAll records odd requests, large contents, sessions, takes and variants.
func fillAll(t *testing.T, store Store) []summary {
	t.Helper()
	recs := oddRecordings()
	for i := range 5 {
		poll := answered("/poll", fmt.Sprint("answer ", i))
		session := answered("/poll", fmt.Sprint("answer to the session ", i))
		session.Request.Session = "a session/" + fmt.Sprint(i%2)
		recs = append(recs, poll, session)
	}
	for i, language := range []string{"de", "en"} {
		rec := answered("/variants", language)
		rec.Request.Header = http.Header{"Accept-Language": {language}}
		rec.Request.Credentials = map[string]string{"Authorization": fmt.Sprint("fingerprint ", i)}
		rec.Response.Header = http.Header{"Vary": {"Accept-Language"}}
		recs = append(recs, rec)
	}
	for i, size := range []int{fixtures.InlineBody, fixtures.InlineBody + 1, 700_000} {
		for range 2 {
			rec := answered(fmt.Sprint("/large/", i), "")
			_, rec.Response.Body = written(t, store, randomContent(size))
			recs = append(recs, rec)
		}
	}
	counts := map[fixtures.Key]int{}
	var want []*fixtures.Recording
	for _, rec := range recs {
		mustAppend(t, store, rec)
		kept := *rec
		key := new(fixtures.Rules).Key(&rec.Request)
		counts[key]++
		kept.Take = counts[key]
		want = append(want, &kept)
	}
	return summaries(t, want)
}

func allAreRead(t *testing.T, open opener) {
	a, b := open(t), open(t)
	wantEverything(t, a, nil)
	want := fillAll(t, a)
	wantEverything(t, a, want)
	wantEverything(t, b, want)
	for range a.Recordings(t.Context()) {
		break // who leaves early does no harm
	}
	wantEverything(t, a, want)
}

func importIsIdentity(t *testing.T, open opener) {
	a, b := open(t), open(t)
	want := fillAll(t, a)
	for range 2 {
		if n, err := a.Import(t.Context(), fixtures.Rules{}, b.Recordings(t.Context()), false); n != len(want) || err != nil {
			t.Fatalf("Import = %d, %v, want %d", n, err, len(want))
		}
		wantEverything(t, a, want)
		wantEverything(t, b, want)
	}
	wantBodies(t, b, &answered("/poll", "").Request, "answer 0", "answer 1", "answer 2", "answer 3", "answer 4")
	if n, err := a.Remove(t.Context(), fixtures.Filter{}, false); n != len(want) || err != nil {
		t.Errorf("Remove = %d, %v, want %d", n, err, len(want))
	}
}

func importReplaces(t *testing.T, open opener) {
	a, b := open(t), open(t)
	fillAll(t, a)
	view := viewOf(t, a)
	kept := answered("/kept", "")
	if err := a.MarkStale(t.Context(), view, view.Rules.Key(&kept.Request).Resource()); err != nil {
		t.Fatalf("MarkStale: %v", err)
	}
	wantBodies(t, b, &answered("/poll", "").Request, "answer 0", "answer 1", "answer 2", "answer 3", "answer 4")
	rules := fixtures.Rules{Ignore: []string{"query:t"}}
	mustImport(t, a, rules, false, answered("/poll", "new"), answered("/kept?t=1", "one"), answered("/kept?t=2", "two"))
	for _, handle := range []Store{a, b, open(t)} {
		if view := viewOf(t, handle); !view.Rules.Equal(rules) {
			t.Errorf("Rules = %v, want %v", view.Rules, rules)
		}
		wantBodies(t, handle, &answered("/poll", "").Request, "new")
		wantBodies(t, handle, &answered("/kept?t=3", "").Request, "one", "two")
		wantBodies(t, handle, &answered("/variants", "").Request)
		if takes := takesOf(t, handle, &kept.Request); takes.Live(nil, &kept.Request, time.Time{}) == nil {
			t.Error("what was imported is stale")
		}
		if n := len(everything(t, handle)); n != 3 {
			t.Errorf("%d recordings, want 3", n)
		}
	}
	mustAppend(t, b, answered("/poll", "newer"))
	wantBodies(t, a, &answered("/poll", "").Request, "new", "newer")
	mustImport(t, b, fixtures.Rules{}, false)
	wantEverything(t, a, nil)
}

func importFails(t *testing.T, open opener) {
	a, b := open(t), open(t)
	want := fillAll(t, a)
	before := viewOf(t, a)
	large := answered("/new", string(randomContent(300_000)))
	bad := errors.New("bad fixture")
	gone := answered("/gone", "")
	gone.Response.Body.Source = goneSource{}
	for _, merge := range []bool{false, true} {
		if n, err := a.Import(t.Context(), fixtures.Rules{}, of(bad, answered("/poll", "new"), large), merge); err != bad || n != 0 {
			t.Errorf("Import = %d, %v, want the error of the sequence", n, err)
		}
		if n, err := a.Import(t.Context(), fixtures.Rules{}, of(nil, answered("/poll", "new"), gone), merge); !errors.Is(err, errGone) || n != 0 {
			t.Errorf("Import = %d, %v, want the error of the body", n, err)
		}
	}
	if _, err := a.Import(t.Context(), fixtures.Rules{Ignore: []string{"json:x"}}, of(nil), false); err == nil {
		t.Error("Import under rules that cannot be used gives no error")
	}
	for _, handle := range []Store{a, b} {
		if view := viewOf(t, handle); view.Generation != before.Generation {
			t.Error("the generation has moved on")
		}
		wantEverything(t, handle, want)
	}
	if n, err := a.Remove(t.Context(), fixtures.Filter{}, true); n != len(want) || err != nil {
		t.Errorf("Remove = %d, %v, want %d", n, err, len(want))
	}
}

// importKeepsNames: what fixtures say about order and origins is kept.
func importKeepsNames(t *testing.T, open opener) {
	a, b := open(t), open(t)
	put, old, now := answered("/item", "put"), answered("/item", "old"), answered("/item", "new")
	put.Request.Method = "PUT"
	for i, rec := range []*fixtures.Recording{put, old, now} {
		rec.Name, rec.Request.Base = fmt.Sprintf("%s/item\xff.%d.json", rec.Request.Method, i), "http://127.0.0.1:1234/base"
	}
	now.After = []string{"PUT/item\xff.0.json", "POST/gone.json"}
	for _, merge := range []bool{false, true} {
		mustImport(t, a, fixtures.Rules{}, merge, put, old, now)
		for _, want := range []*fixtures.Recording{put, old, now} {
			takes := takesOf(t, b, &want.Request).Recordings
			got := *takes[len(takes)-1]
			if want == old {
				got = *takes[0]
			}
			got.Clock = 0
			wantSame(t, want, &got)
		}
	}
	want := everything(t, a)
	if n, err := b.Import(t.Context(), fixtures.Rules{}, a.Recordings(t.Context()), false); n != 3 || err != nil {
		t.Fatalf("Import = %d, %v", n, err)
	}
	wantEverything(t, b, summaries(t, want))
}
