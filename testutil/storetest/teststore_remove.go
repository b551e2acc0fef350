package storetest

import (
	"fmt"
	"testing"

	"example.com/cannery/fixtures"
)

// fill records two takes of /v1/a, one of /v1/b?x=1, a POST to /v1/a, and one
// take of /v1/a in the session "s".
func fill(t *testing.T, store Store) {
	t.Helper()
	post := answered("/v1/a", "post")
	post.Request.Method = "POST"
	session := answered("/v1/a", "session")
	session.Request.Session = "s"
	for _, rec := range []*fixtures.Recording{answered("/v1/a", "one"), answered("/v1/a", "two"), answered("/v1/b?x=1", "b"), post, session} {
		mustAppend(t, store, rec)
	}
}

func removeCounts(t *testing.T, open opener) {
	for _, test := range []struct {
		match string
		want  int
	}{
		{"", 5}, {"/v1/*", 5}, {"GET /v1/a", 3}, {"POST *", 1}, {"/v1/b", 1}, {"/v1/b?x=1", 1}, {"/v1/b?x=2", 0}, {"/v2/*", 0},
	} {
		t.Run(test.match, func(t *testing.T) {
			a, b := open(t), open(t)
			fill(t, a)
			filter := fixtures.Filter{Match: test.match}
			if n, err := b.Remove(t.Context(), filter, false); n != test.want || err != nil {
				t.Errorf("Remove = %d, %v, want %d", n, err, test.want)
			}
			if n, err := a.Count(t.Context()); n != 5-test.want || err != nil {
				t.Errorf("Count = %d, %v, want %d", n, err, 5-test.want)
			}
			if n, err := a.Remove(t.Context(), filter, false); n != 0 || err != nil {
				t.Errorf("Remove again = %d, %v, want 0", n, err)
			}
			if n, err := a.Remove(t.Context(), fixtures.Filter{}, false); n != 5-test.want || err != nil {
				t.Errorf("Remove of the rest = %d, %v, want %d", n, err, 5-test.want)
			}
		})
	}
}

func removeSession(t *testing.T, open opener) {
	store := open(t)
	fill(t, store)
	mine := &answered("/v1/a", "").Request
	mine.Session = "s"
	name := "s"
	if n, err := store.Remove(t.Context(), fixtures.Filter{Session: &name}, false); n != 1 || err != nil {
		t.Errorf("Remove = %d, %v, want 1", n, err)
	}
	wantBodies(t, store, mine)
	wantBodies(t, store, &answered("/v1/a", "").Request, "one", "two")
	name = ""
	if n, err := store.Remove(t.Context(), fixtures.Filter{Match: "/v1/a", Session: &name}, false); n != 3 || err != nil {
		t.Errorf("Remove = %d, %v, want 3", n, err)
	}
	wantBodies(t, store, &answered("/v1/a", "").Request)
	wantBodies(t, store, &answered("/v1/b?x=1", "").Request, "b")
}

func removeTakes(t *testing.T, open opener) {
	a, b := open(t), open(t)
	for _, body := range []string{"one", "two", "three", "four"} {
		mustAppend(t, a, answered("/v1/a", body))
	}
	mustAppend(t, a, answered("/v1/b", "b"))
	mustAppend(t, a, answered("/v1/c", "c"))
	rules := viewOf(t, a).Rules
	key := func(target string) fixtures.Key { return rules.Key(&answered(target, "").Request) }
	remove := func(want int, takes map[fixtures.Key][]int) {
		t.Helper()
		for _, dryRun := range []bool{true, false} {
			if n, err := b.Remove(t.Context(), fixtures.Filter{Takes: takes}, dryRun); n != want || err != nil {
				t.Errorf("Remove = %d, %v, want %d", n, err, want)
			}
		}
	}
	wantBodies(t, a, &answered("/v1/a", "").Request, "one", "two", "three", "four")
	remove(3, map[fixtures.Key][]int{key("/v1/a"): {1, 3, 9}, key("/v1/b"): nil})
	wantBodies(t, a, &answered("/v1/a", "").Request, "two", "four")
	wantBodies(t, a, &answered("/v1/b", "").Request)
	wantBodies(t, a, &answered("/v1/c", "").Request, "c")
	mustAppend(t, a, answered("/v1/a", "five"))
	wantBodies(t, b, &answered("/v1/a", "").Request, "two", "four", "five")
	remove(0, map[fixtures.Key][]int{})
	remove(0, map[fixtures.Key][]int{key("/v1/x"): nil})
	remove(3, map[fixtures.Key][]int{key("/v1/a"): {3, 2, 1}})
	remove(1, nil)
}

func removeDryRun(t *testing.T, open opener) {
	store := open(t)
	fill(t, store)
	for match, want := range map[string]int{"": 5, "GET /v1/a": 3} {
		if n, err := store.Remove(t.Context(), fixtures.Filter{Match: match}, true); n != want || err != nil {
			t.Errorf("Remove %q as a dry run = %d, %v, want %d", match, n, err, want)
		}
	}
	wantBodies(t, store, &answered("/v1/a", "").Request, "one", "two")
}

func rulesAreKept(t *testing.T, open opener) {
	a, b := open(t), open(t)
	mustAppend(t, a, answered("/", "kept"))
	rules := fixtures.Rules{MatchHeader: []string{"X-Tenant"}, Ignore: []string{"json:$.id"}}
	for range 2 {
		if err := a.SetRules(t.Context(), rules); err != nil {
			t.Fatalf("SetRules: %v", err)
		}
	}
	for _, handle := range []Store{a, b, open(t)} {
		if view := viewOf(t, handle); !view.Rules.Equal(rules) {
			t.Errorf("Rules = %v, want %v", view.Rules, rules)
		}
		wantBodies(t, handle, &answered("/", "").Request, "kept")
	}
	if _, err := b.Remove(t.Context(), fixtures.Filter{}, false); err != nil {
		t.Fatalf("Remove: %v", err)
	}
	if view := viewOf(t, a); !view.Rules.Equal(rules) {
		t.Errorf("Rules = %v after a clear, want %v", view.Rules, rules)
	}
}

func rulesReKey(t *testing.T, open opener) {
	a, b := open(t), open(t)
	content := randomContent(700_000)
	for i := range 3 {
		mustAppend(t, a, answered(fmt.Sprint("/page?t=", i), fmt.Sprint("answer ", i)))
	}
	large := answered("/large?t=0", "")
	_, body := written(t, a, content)
	large.Response.Body = body
	mustAppend(t, a, large)
	stale := answered("/stale?t=0", "stale")
	mustAppend(t, a, stale)
	view := viewOf(t, a)
	if err := a.MarkStale(t.Context(), view, view.Rules.Key(&stale.Request).Resource()); err != nil {
		t.Fatalf("MarkStale: %v", err)
	}

	if err := b.SetRules(t.Context(), fixtures.Rules{Ignore: []string{"query:t"}}); err != nil {
		t.Fatalf("SetRules: %v", err)
	}
	for _, handle := range []Store{a, b} {
		got := map[string]bool{}
		for _, body := range bodiesOf(t, handle, &answered("/page?t=9", "").Request) {
			got[body] = true
		}
		if len(got) != 3 {
			t.Errorf("the takes of the merged keys are %v, want 3", got)
		}
		wantBodies(t, handle, &answered("/large?t=9", "").Request, string(content))
		req := &answered("/stale?t=9", "").Request
		if takes := takesOf(t, handle, req); takes.Live(nil, req, large.Recorded) != nil {
			t.Errorf("new rules have made a stale recording fresh")
		}
	}
	if err := a.SetRules(t.Context(), fixtures.Rules{}); err != nil {
		t.Fatalf("SetRules back: %v", err)
	}
	wantBodies(t, b, &answered("/page?t=1", "").Request, "answer 1")
	wantBodies(t, b, &answered("/large?t=0", "").Request, string(content))
	if n, err := a.Remove(t.Context(), fixtures.Filter{}, false); n != 5 || err != nil {
		t.Errorf("Remove = %d, %v, want 5", n, err)
	}
}

func rulesOfSameKeys(t *testing.T, open opener) {
	a, b := open(t), open(t)
	if err := a.SetRules(t.Context(), fixtures.Rules{Ignore: []string{"query:t"}}); err != nil {
		t.Fatalf("SetRules: %v", err)
	}
	mustAppend(t, a, answered("/?t=1", "kept"))
	wantBodies(t, b, &answered("/?t=2", "").Request, "kept")
	before := viewOf(t, b)
	rules := fixtures.Rules{Ignore: []string{"query:t"}, Redact: []string{"header:X-Tenant"}}
	if err := a.SetRules(t.Context(), rules); err != nil {
		t.Fatalf("SetRules: %v", err)
	}
	for _, handle := range []Store{a, b, open(t)} {
		view := viewOf(t, handle)
		if !view.Rules.Equal(rules) || view.Generation != before.Generation || view.Clock <= before.Clock {
			t.Errorf("the view is %+v after %+v, want the generation to stay and the clock to move on", view, before)
		}
		wantBodies(t, handle, &answered("/?t=3", "").Request, "kept")
	}
	// What was asked for before is not late.
	late := answered("/other", "asked before")
	if err := b.Append(t.Context(), fixtures.Commit{View: before, Key: before.Rules.Key(&late.Request), Recording: late}); err != nil {
		t.Errorf("Append: %v", err)
	}
	wantBodies(t, a, &late.Request, "asked before")
}
