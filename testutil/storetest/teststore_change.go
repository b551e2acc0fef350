package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/cannery/fixtures"
)

func lateAfterClear(t *testing.T, open opener) {
	a, b := open(t), open(t)
	before := viewOf(t, a)
	mustAppend(t, a, answered("/old", "old"))
	if _, err := b.Remove(t.Context(), fixtures.Filter{}, false); err != nil {
		t.Fatalf("Remove: %v", err)
	}
	if err := a.Append(t.Context(), commitOf(before, answered("/", "late"), 0)); !errors.Is(err, fixtures.ErrLate) {
		t.Errorf("Append under a view from before a clear = %v, want ErrLate", err)
	}
	rec := answered("/large", "")
	w, body := written(t, a, randomContent(1<<20))
	rec.Response.Body = body
	if err := a.Append(t.Context(), commitOf(before, rec, fixtures.SeenAll)); !errors.Is(err, fixtures.ErrLate) {
		t.Errorf("Append of a large body from before a clear = %v, want ErrLate", err)
	}
	w.Discard()
	for _, target := range []string{"/", "/old", "/large"} {
		wantBodies(t, a, &answered(target, "").Request)
		wantBodies(t, b, &answered(target, "").Request)
	}
	mustAppend(t, a, answered("/", "new"))
	wantBodies(t, b, &answered("/", "").Request, "new")
}

func lateAfterRemove(t *testing.T, open opener) {
	a, b := open(t), open(t)
	mustAppend(t, a, answered("/other", "other"))
	for _, target := range []string{"/known", "/new"} {
		if target == "/known" {
			mustAppend(t, a, answered(target, "known"))
		}
		before := viewOf(t, a)
		if _, err := b.Remove(t.Context(), fixtures.Filter{Match: target}, false); err != nil {
			t.Fatalf("Remove: %v", err)
		}
		if err := a.Append(t.Context(), commitOf(before, answered(target, "late"), fixtures.SeenAll)); !errors.Is(err, fixtures.ErrLate) {
			t.Errorf("Append of %s under a view from before its removal = %v, want ErrLate", target, err)
		}
		wantBodies(t, a, &answered(target, "").Request)
		wantBodies(t, b, &answered(target, "").Request)
	}
	wantBodies(t, a, &answered("/other", "").Request, "other")
}

// keptAfterRemove removes in every way what is under way, and beside it.
func keptAfterRemove(t *testing.T, open opener) {
	a, b := open(t), open(t)
	session := "s"
	rules := viewOf(t, a).Rules
	for i, filter := range []fixtures.Filter{
		{Match: "GET /removed/*"},
		{Session: &session},
		{Takes: map[fixtures.Key][]int{rules.Key(&answered("/removed/2", "").Request): nil}},
		{Match: "* *", Session: &session, Takes: map[fixtures.Key][]int{{}: nil}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			removed := answered(fmt.Sprint("/removed/", i), "late")
			if filter.Session != nil {
				removed.Request.Session = session
			}
			before := viewOf(t, a)
			for range 2 { // the second removal comes upon the first
				if _, err := b.Remove(t.Context(), filter, false); err != nil {
					t.Fatalf("Remove: %v", err)
				}
			}
			// In as many places as a store may have for different keys.
			for n := range 20 {
				other := answered(fmt.Sprintf("/other/%d/%d", i, n), "kept")
				if err := a.Append(t.Context(), commitOf(before, other, 0)); err != nil {
					t.Errorf("Append of what was not removed = %v", err)
				}
				wantBodies(t, b, &other.Request, "kept")
			}
			if err := b.SetRules(t.Context(), fixtures.Rules{Redact: []string{fmt.Sprint("header:X-", i)}}); err != nil { // the keys stay
				t.Fatalf("SetRules: %v", err)
			}
			if err := a.Append(t.Context(), commitOf(before, removed, fixtures.SeenAll)); !errors.Is(err, fixtures.ErrLate) {
				t.Errorf("Append of what was removed = %v, want ErrLate", err)
			}
			wantBodies(t, a, &removed.Request)
		})
	}
}

// lateAfterMany removes so much that no store remembers all of it.
func lateAfterMany(t *testing.T, open opener) {
	a, b := open(t), open(t)
	before := viewOf(t, a)
	removed := answered("/removed", "late")
	if _, err := b.Remove(t.Context(), fixtures.Filter{Match: "/removed"}, false); err != nil {
		t.Fatalf("Remove: %v", err)
	}
	many := map[fixtures.Key][]int{}
	for i := range 2000 {
		many[fixtures.Key{byte(i), byte(i >> 8)}] = nil
	}
	for i := range 10 {
		filter := fixtures.Filter{Match: "/" + strings.Repeat(fmt.Sprint(i), 5_000)}
		if i == 5 {
			filter = fixtures.Filter{Takes: many}
		}
		if _, err := b.Remove(t.Context(), filter, false); err != nil {
			t.Fatalf("Remove: %v", err)
		}
	}
	if err := a.Append(t.Context(), commitOf(before, removed, fixtures.SeenAll)); !errors.Is(err, fixtures.ErrLate) {
		t.Errorf("Append of what was removed = %v, want ErrLate", err)
	}
	wantBodies(t, a, &removed.Request)
	mustAppend(t, a, answered("/removed", "new"))
	wantBodies(t, b, &removed.Request, "new")
}

func changesAreSeen(t *testing.T, open opener) {
	a, b := open(t), open(t)
	req := &answered("/", "").Request
	wantBodies(t, b, req)
	mustAppend(t, a, answered("/", "one"))
	wantBodies(t, b, req, "one")
	mustAppend(t, a, answered("/", "two"))
	wantBodies(t, b, req, "one", "two")

	view := viewOf(t, a)
	if err := a.MarkStale(t.Context(), view, view.Rules.Key(req).Resource()); err != nil {
		t.Fatalf("MarkStale: %v", err)
	}
	if rec := takesOf(t, b, req).Live(nil, req, time.Time{}); rec != nil {
		t.Errorf("%s is served after it was marked stale", req.Target)
	}
	if _, err := a.Remove(t.Context(), fixtures.Filter{Match: "GET /"}, false); err != nil {
		t.Fatalf("Remove: %v", err)
	}
	wantBodies(t, b, req)
	mustAppend(t, b, answered("/", "three"))
	wantBodies(t, a, req, "three")
	if err := b.SetRules(t.Context(), fixtures.Rules{Ignore: []string{"query:t"}}); err != nil {
		t.Fatalf("SetRules: %v", err)
	}
	if view := viewOf(t, a); !view.Rules.Equal(fixtures.Rules{Ignore: []string{"query:t"}}) {
		t.Errorf("Rules = %v after another handle has set them", view.Rules)
	}
	wantBodies(t, a, req, "three")
	if _, err := b.Remove(t.Context(), fixtures.Filter{}, false); err != nil {
		t.Fatalf("Remove: %v", err)
	}
	wantBodies(t, a, req)
}

// neverStale changes what a HIT would be a thousand times through one handle
// and looks through the other, which holds what was before in its cache.
func neverStale(t *testing.T, open opener) {
	a, b := open(t), open(t)
	mustAppend(t, a, answered("/bystander", "unchanged"))
	req := &answered("/polled", "").Request
	tries := 1000
	if testing.Short() {
		tries = 50
	}
	for i := range tries {
		body := fmt.Sprint("answer ", i)
		switch i % 5 {
		case 0: // a first take
			mustAppend(t, a, answered("/polled", body))
		case 1, 3: // a further take
			mustAppend(t, a, answered("/polled", body))
		case 2:
			view := viewOf(t, a)
			if err := a.MarkStale(t.Context(), view, view.Rules.Key(req).Resource()); err != nil {
				t.Fatalf("MarkStale: %v", err)
			}
		case 4:
			if n, err := a.Remove(t.Context(), fixtures.Filter{Match: "/polled"}, false); n != 3 || err != nil {
				t.Fatalf("Remove = %d, %v, want 3", n, err)
			}
		}
		rec := takesOf(t, b, req).Live(nil, req, time.Time{})
		switch gone := i%5 == 2 || i%5 == 4; {
		case gone && rec != nil:
			t.Fatalf("try %d: %s is still served", i, contentOf(t, rec))
		case !gone && (rec == nil || string(contentOf(t, rec)) != body):
			t.Fatalf("try %d: %q is not served", i, body)
		}
	}
	wantBodies(t, b, &answered("/bystander", "").Request, "unchanged")
}

func neverCleared(t *testing.T, open opener) {
	a, b := open(t), open(t)
	for i := range 100 {
		rec := answered("/", fmt.Sprint("answer ", i))
		mustAppend(t, b, rec)
		wantBodies(t, b, &rec.Request, fmt.Sprint("answer ", i))
		if n, err := a.Remove(t.Context(), fixtures.Filter{}, false); n != 1 || err != nil {
			t.Fatalf("Remove = %d, %v, want 1", n, err)
		}
		wantBodies(t, b, &rec.Request)
	}
}

func staleMarks(t *testing.T, open opener) {
	a, b := open(t), open(t)
	req := &answered("/page", "").Request
	mustAppend(t, a, answered("/page", "old"))
	mustAppend(t, a, answered("/other", "other"))
	inFlight := viewOf(t, a)
	takesOf(t, b, req)
	resource := inFlight.Rules.Key(req).Resource()
	if err := b.MarkStale(t.Context(), viewOf(t, b), resource); err != nil {
		t.Fatalf("MarkStale: %v", err)
	}
	if err := a.Append(t.Context(), commitOf(inFlight, answered("/page", "asked before"), fixtures.SeenAll)); err != nil {
		t.Fatalf("Append: %v", err)
	}
	for _, handle := range []Store{a, b} {
		if rec := takesOf(t, handle, req).Live(nil, req, time.Time{}); rec != nil {
			t.Errorf("%q is served, which was asked for before the mark", contentOf(t, rec))
		}
	}
	mustAppend(t, a, answered("/page", "asked after"))
	for _, handle := range []Store{a, b} {
		rec := takesOf(t, handle, req).Live(nil, req, time.Time{})
		if rec == nil || string(contentOf(t, rec)) != "asked after" {
			t.Errorf("what was asked for after the mark is not served")
		}
		other := &answered("/other", "").Request
		if takesOf(t, handle, other).Live(nil, other, time.Time{}) == nil {
			t.Errorf("%s is stale too", other.Target)
		}
	}
	// A mark is never lowered, and one for what nobody has recorded counts.
	if err := a.MarkStale(t.Context(), inFlight, resource, inFlight.Rules.Resource("", "http://origin.test", "/unknown")); err != nil {
		t.Fatalf("MarkStale: %v", err)
	}
	if rec := takesOf(t, b, req).Live(nil, req, time.Time{}); rec != nil {
		t.Errorf("%q is served after a second mark", contentOf(t, rec))
	}
	unknown := &answered("/unknown", "").Request
	if err := a.Append(t.Context(), commitOf(inFlight, answered("/unknown", "old"), 0)); err != nil {
		t.Fatalf("Append: %v", err)
	}
	if rec := takesOf(t, b, unknown).Live(nil, unknown, time.Time{}); rec != nil {
		t.Errorf("%q is served, which was asked for before the first mark", contentOf(t, rec))
	}
}

func leaseHolder(t *testing.T, open opener) {
	a, b := open(t), open(t)
	view := viewOf(t, a)
	req := &answered("/", "").Request
	key, other := view.Rules.Key(req), view.Rules.Key(&answered("/other", "").Request)
	variant := fixtures.Takes{}.Variant(nil, req)
	lease := func(store Store, key fixtures.Key, variant string) (release func(), held bool) {
		lease, err := store.Lease(t.Context(), view, key, req, variant)
		if err != nil {
			t.Fatalf("Lease: %v", err)
		}
		if lease == nil {
			return nil, false
		}
		return lease.Release, true
	}
	for range 20 {
		release, held := lease(a, key, variant)
		if !held {
			t.Fatal("a free lease is not given")
		}
		for _, handle := range []Store{a, b} {
			if _, held := lease(handle, key, variant); held {
				t.Fatal("a lease is given twice")
			}
		}
		releaseOther, held := lease(b, other, variant)
		if !held {
			t.Fatal("the lease of another key is not given")
		}
		releaseOther()
		releaseOther, held = lease(b, key, "ffffffffffffffff")
		if !held {
			t.Fatal("the lease of another variant is not given")
		}
		releaseOther()
		release()
		a, b = b, a
	}
}

// leaseOutlives: one flight stays one, whatever takes the place of what there was.
func leaseOutlives(t *testing.T, open opener) {
	a, b := open(t), open(t)
	req := &answered("/", "").Request
	variant := fixtures.Takes{}.Variant(nil, req)
	lease := func(store Store) fixtures.Lease {
		view := viewOf(t, store)
		lease, err := store.Lease(t.Context(), view, view.Rules.Key(req), req, variant)
		if err != nil {
			t.Fatalf("Lease: %v", err)
		}
		return lease
	}
	held := lease(a)
	if held == nil {
		t.Fatal("a free lease is not given")
	}
	for _, merge := range []bool{false, true} {
		mustImport(t, b, fixtures.Rules{}, merge, answered("/imported", ""))
		if lease(b) != nil || lease(a) != nil {
			t.Errorf("a lease is given twice, since an import (merge %v)", merge)
		}
	}
	if _, err := b.Remove(t.Context(), fixtures.Filter{}, false); err != nil {
		t.Fatalf("Remove: %v", err)
	}
	if lease(b) != nil {
		t.Error("a lease is given twice, since a clear")
	}
	held.Release()
	if held = lease(b); held == nil {
		t.Fatal("a lease that was released is not given")
	}
	held.Release()
}

// everythingAtOnce is for the race detector, and for what a reader may see:
// whole answers to its own request, or none.
func everythingAtOnce(t *testing.T, open opener) {
	handles := []Store{open(t), open(t)}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			store := handles[i%2]
			for n := range 25 {
				target := fmt.Sprint("/", n%5)
				rec := answered(target, "answer to "+target)
				if err := exercise(t, store, rec, i, n); err != nil {
					t.Errorf("request %d of %d: %v", n, i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func exercise(t *testing.T, store Store, rec *fixtures.Recording, worker, n int) error {
	ctx := t.Context()
	view, err := store.View(ctx)
	if err != nil {
		return err
	}
	key := view.Rules.Key(&rec.Request)
	takes, err := store.Takes(ctx, view, key, &rec.Request)
	if err != nil && !errors.Is(err, fixtures.ErrNotFound) {
		return err
	}
	for _, have := range takes.Recordings {
		if string(have.Response.Body.Bytes) != string(rec.Response.Body.Bytes) {
			return fmt.Errorf("%s got %q", rec.Request.Target, have.Response.Body.Bytes)
		}
	}
	commit := commitOf(view, rec, takes.Last())
	if commit.Lease, err = store.Lease(ctx, view, key, &rec.Request, takes.Variant(nil, &rec.Request)); err != nil {
		return err
	}
	if commit.Lease != nil {
		defer commit.Lease.Release()
	}
	if err := store.Append(ctx, commit); err != nil && !errors.Is(err, fixtures.ErrExists) && !errors.Is(err, fixtures.ErrLate) {
		return err
	}
	switch {
	case n%6 == 1:
		return store.MarkStale(ctx, view, key.Resource())
	case n%10 == 3:
		_, err = store.Remove(ctx, fixtures.Filter{Match: rec.Request.Target}, false)
	case n == 20 && worker < 2:
		_, err = store.Remove(ctx, fixtures.Filter{}, false)
	}
	return err
}
