package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"example.com/cannery/fixtures/dir"

	"example.com/cannery/fixtures"
)

// recordedInto returns a directory with one fixture, and the environment of
// processes that record into it.
func recordedInto(t *testing.T) (env environment, folder string) {
	t.Helper()
	state := t.TempDir()
	folder = filepath.Join(t.TempDir(), "fixtures")
	doc := `{"request": {"method": "GET", "url": "/old"}, "response": {"status": 200, "body": {"text": "old"}}}`
	if err := os.MkdirAll(filepath.Join(folder, "GET"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "GET", "old.json"), []byte(doc), 0o644); err != nil {
		t.Fatal(err)
	}
	return environment{lookup: func(name string) (string, bool) { return state, name == "XDG_STATE_HOME" }}, folder
}

func openedWork(t *testing.T, env environment, folder string, later bool) *workStore {
	t.Helper()
	s, err := openWork(t.Context(), env, folder, (origins{{name: "o"}}).has, false, later, &storeOptions{namespace: "default", cacheSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func held(t *testing.T, s *workStore) (targets []string) {
	t.Helper()
	for rec, err := range s.Recordings(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, rec.Request.Target)
	}
	return targets
}

// commitOf is a commit of a request that was looked up under a view.
func commitOf(view fixtures.View, target string) fixtures.Commit {
	rec := &fixtures.Recording{Clock: view.Clock}
	rec.Request = fixtures.Request{Origin: "o", Base: "http://origin.test", Method: "GET", Target: target}
	rec.Response = fixtures.Response{Status: http.StatusOK, Body: fixtures.Body{Bytes: []byte("new")}}
	return fixtures.Commit{View: view, Key: view.Rules.Key(&rec.Request), Recording: rec}
}

// TestWorkStoreIsFilledWhenSomethingIsRecorded: and not before, by whoever is the
// first to record, and what others have looked up meanwhile is kept too.
func TestWorkStoreIsFilledWhenSomethingIsRecorded(t *testing.T) {
	env, folder := recordedInto(t)
	one, two := openedWork(t, env, folder, true), openedWork(t, env, folder, true)
	if got := held(t, one); got != nil {
		t.Fatalf("nothing is recorded, and the store holds %q", got)
	}
	viewOne, err := one.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	viewTwo, err := two.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Append(t.Context(), commitOf(viewOne, "/one")); err != nil {
		t.Fatal(err)
	}
	if err := one.Append(t.Context(), commitOf(viewOne, "/another")); err != nil {
		t.Errorf("looked up before the store was filled: %v", err)
	}
	if err := two.Append(t.Context(), commitOf(viewTwo, "/two")); err != nil {
		t.Errorf("looked up before another process filled the store: %v", err)
	}
	if got := held(t, two); len(got) != 4 {
		t.Errorf("the store holds %q", got)
	}
	for _, s := range []*workStore{one, two} {
		if _, err := s.finish(t.Context(), true, false); err != nil {
			t.Error(err)
		}
	}
	library, err := dir.OpenLibrary(t.Context(), folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range library.Recordings(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 4 {
		t.Errorf("%d fixtures were written", n)
	}
}

// TestWorkStoreThatWasLeftEmptyIsFilledByTheNext: who looks up in it needs what
// the directory has, and a process that was killed must not be in the way.
func TestWorkStoreThatWasLeftEmptyIsFilledByTheNext(t *testing.T) {
	env, folder := recordedInto(t)
	killed := openedWork(t, env, folder, true)
	if got := held(t, openedWork(t, env, folder, false)); len(got) != 1 {
		t.Errorf("beside one that was left empty a store holds %q", got)
	}
	if _, err := killed.finish(t.Context(), true, false); err != nil {
		t.Fatal(err)
	}
}

// TestRulesFillAWorkStore: under them it answers more than the directory does.
func TestRulesFillAWorkStore(t *testing.T) {
	env, folder := recordedInto(t)
	s := openedWork(t, env, folder, true)
	if err := s.SetRules(t.Context(), fixtures.Rules{Ignore: []string{"query:t"}}); err != nil {
		t.Fatal(err)
	}
	if got := held(t, s); len(got) != 1 {
		t.Errorf("the store holds %q", got)
	}
	if _, err := s.finish(t.Context(), true, false); err != nil {
		t.Fatal(err)
	}
}
