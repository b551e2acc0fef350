package replay_test

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/replay"
)

// shelves is an origin of lists: PUT adds to one, DELETE empties it, GET returns it.
func shelves() http.HandlerFunc {
	var mu sync.Mutex
	lists := map[string][]string{}
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch r.Method {
		case http.MethodPut:
			shelf := path.Dir(r.URL.Path)
			lists[shelf] = append(lists[shelf], path.Base(r.URL.Path))
		case http.MethodDelete:
			delete(lists, r.URL.Path)
		default:
			io.WriteString(w, strings.Join(lists[r.URL.Path], ","))
		}
	}
}

// tests are parts of a suite: they begin with a clean shelf that all use.
var shelfTests = map[string][]string{
	"a": {"DELETE /s", "GET /s", "PUT /s/a", "GET /s"},
	"b": {"DELETE /s", "PUT /s/b", "GET /s", "GET /s"},
	"c": {"DELETE /s", "PUT /s/b", "PUT /s/c", "GET /s"},
	"x": {"GET /x", "PUT /x/1", "GET /x", "PUT /x/2", "GET /x"},
}

var shelfAnswers = map[string][]string{
	"a": {"200 ", "200 ", "200 ", "200 a"},
	"b": {"200 ", "200 ", "200 b", "200 b"},
	"c": {"200 ", "200 ", "200 ", "200 b,c"},
	"x": {"200 ", "200 ", "200 1", "200 ", "200 1,2"},
}

// TestAPartOfASuiteSeesItsOwnStates: alone, and in any order, from a store and from
// fixtures.
func TestAPartOfASuiteSeesItsOwnStates(t *testing.T) {
	b := setUp(t, shelves(), recording)
	for _, name := range []string{"a", "x", "b", "c"} {
		b.wantAnswers(t, shelfTests[name], shelfAnswers[name])
	}
	library := b.exported(t)
	for _, order := range []string{"axbc", "a", "x", "b", "c", "bc", "ca", "cb", "ba", "cab", "bca", "xcba", "cbxa", "ccbb", "acab"} {
		for kind, store := range map[string]*replay.Sequence{
			"a store":  {Store: b.store, Catalog: &replay.Catalog{Store: b.store}},
			"fixtures": {Store: library, Catalog: &replay.Catalog{Store: library}},
		} {
			off := b.goOffline(t, func(p *replay.Proxy) { p.Sequence = store })
			for i := range order {
				name := order[i : i+1]
				if diff := cmp.Diff(shelfAnswers[name], off.ask(t, shelfTests[name]...)); diff != "" {
					t.Errorf("%s, %s of %s (-want +got):\n%s", kind, name, order, diff)
				}
			}
			report, err := off.proxy.Report(t.Context())
			if err != nil || report.Unsure != nil {
				t.Errorf("%s, %s: unsure of %q, %v", kind, order, report.Unsure, err)
			}
		}
	}
}

// TestWhatHappensElsewhereHoldsNothingBack, unless nothing happened here.
func TestWhatHappensElsewhereHoldsNothingBack(t *testing.T) {
	n := 0
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) { n++; fmt.Fprint(w, n) }, recording)
	b.ask(t, "GET /me", "POST /login", "GET /me", "GET /a/1", "PUT /b", "PUT /a/1", "PUT /ab", "GET /a/1")
	b.goOffline(t, nil).wantAnswers(t,
		[]string{"GET /me", "GET /me", "POST /login", "GET /me", "GET /a/1", "PUT /a/1", "GET /a/1"},
		[]string{"200 1", "200 1", "200 2", "200 3", "200 4", "200 6", "200 8"})
}

// TestWhoSkipsAStateSeesTheNext, were more done for the one before.
func TestWhoSkipsAStateSeesTheNext(t *testing.T) {
	b := setUp(t, shelves(), recording)
	b.ask(t, "GET /s", "PUT /s/a", "PUT /s/b", "PUT /s/c", "GET /s", "PUT /s/d", "GET /s")
	b.goOffline(t, nil).wantAnswers(t,
		[]string{"PUT /s/a", "PUT /s/b", "PUT /s/c", "PUT /s/d", "GET /s", "GET /s"},
		[]string{"200 ", "200 ", "200 ", "200 ", "200 a,b,c,d", "200 a,b,c,d"})
}

// TestWhichStateCannotBeKnownIsSaid: where tests at once share what they change.
func TestWhichStateCannotBeKnownIsSaid(t *testing.T) {
	b := setUp(t, shelves(), recording)
	b.ask(t, "DELETE /s", "PUT /s/a", "GET /s", "DELETE /s", "PUT /s/b", "GET /s")
	off := b.goOffline(t, nil)
	off.ask(t, "DELETE /s", "DELETE /s", "PUT /s/a", "PUT /s/b", "GET /s", "GET /s")
	report, err := off.proxy.Report(t.Context())
	if diff := cmp.Diff([]string{"GET /s"}, report.Unsure); diff != "" || err != nil {
		t.Errorf("unsure (-want +got): %v\n%s", err, diff)
	}
	for _, answer := range off.ask(t, "GET /s", "GET /s") {
		if answer == "424 miss" {
			t.Error("a barrier has made a miss of a recorded request")
		}
	}
}
