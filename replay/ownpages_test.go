package replay_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

func TestOwnPagesAreReadWithGetAndChangeWithPost(t *testing.T) {
	b := setUp(t, everyAnswer(), nil)
	off := b.goOffline(t, nil)
	for _, c := range []struct {
		method, page string
		status       int
		allow        string
	}{
		{"GET", "health", 200, ""},
		{"HEAD", "health", 200, ""},
		{"POST", "health", 405, "GET"},
		{"GET", "status", 200, ""},
		{"DELETE", "status", 405, "GET"},
		{"GET", "recordings", 200, ""},
		{"GET", "journal", 200, ""},
		{"PUT", "journal", 405, "GET"},
		{"GET", "reset", 405, "POST"},
		{"HEAD", "reset", 405, "POST"},
		{"OPTIONS", "reset", 405, "POST"},
		{"POST", "reset", 400, ""},
		{"GET", "nothing", 404, ""},
		{"GET", "", 404, ""},
	} {
		a := off.do(t, c.method, "/__cannery/"+c.page, "")
		if a.status != c.status || a.header.Get("Allow") != c.allow || a.cache() != "BYPASS" {
			t.Errorf("%s %s: %d, Allow %q, X-Cache %q; want %d %q", c.method, c.page, a.status, a.header.Get("Allow"), a.cache(), c.status, c.allow)
		}
	}
	if stats := off.proxy.Stats(); stats != (replay.Stats{}) {
		t.Errorf("cannery's own pages are counted: %+v", stats)
	}
}

func TestNothingIsResetByMistake(t *testing.T) {
	b := setUp(t, counter(), nil)
	b.ask(t, "GET /n", "PUT /n", "GET /n")
	off := b.goOffline(t, nil)
	off.ask(t, "GET /n", "PUT /n")
	for _, what := range []string{"", "ALL", "session", "session=a b", "session=" + strings.Repeat("a", 101), "name=a", "all, all"} {
		if a := off.do(t, "POST", "/__cannery/reset", "", replay.ResetField, what); a.status != http.StatusBadRequest || !strings.Contains(a.body, "X-Cannery-Reset: all") {
			t.Errorf("reset %q: %d %s", what, a.status, a.body)
		}
	}
	for _, foreign := range []string{"http://evil.example", "null"} {
		if a := off.do(t, "POST", "/__cannery/reset", "", replay.ResetField, "all", "Origin", foreign); a.status != http.StatusForbidden {
			t.Errorf("reset from %q: %d %s", foreign, a.status, a.body)
		}
	}
	off.wantAnswers(t, []string{"GET /n"}, []string{"200 GET 1"})
}

func TestStatusTellsHowFarSessionsAre(t *testing.T) {
	b := setUp(t, counter(), nil)
	b.ask(t, "GET /n", "PUT /n", "GET /n")
	off := b.goOffline(t, nil)
	off.ask(t, "GET /n", "GET /n")
	off.do(t, "PUT", "/n", "", fixtures.SessionField, "b")
	off.get(t, "/n", fixtures.SessionField, "a")
	off.get(t, "/nothing", fixtures.SessionField, "a")
	var got map[string]any
	a := off.get(t, "/__cannery/status")
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	session := func(name string, requests, replayed float64) any {
		return map[string]any{"name": name, "requests": requests, "replayed": replayed}
	}
	want := map[string]any{
		"status": "ok", "mode": "offline", "origin": "", "store": "ok",
		"hits": 4.0, "misses": 1.0, "bypasses": 0.0, "refused": 0.0, "unmatched": 1.0,
		"sessions": []any{session("", 2, 0), session("a", 1, 0), session("b", 1, 1)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRecordingsAreListedWithHowOftenTheyWereServed(t *testing.T) {
	b := setUp(t, counter(), nil)
	b.ask(t, "GET /n?token=abc", "PUT /n", "GET /n")
	off := b.goOffline(t, nil)
	off.ask(t, "PUT /n", "GET /n", "GET /n")
	a := off.get(t, "/__cannery/recordings")
	got := map[string]float64{}
	for line := range strings.Lines(a.body) {
		var listed map[string]any
		if err := json.Unmarshal([]byte(line), &listed); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		got[fmt.Sprint(listed["method"], " ", listed["url"], " ", listed["status"], " ", listed["take"])] = listed["served"].(float64)
	}
	want := map[string]float64{"GET /n?token=*** 200 1": 0, "PUT /n 200 1": 1, "GET /n 200 1": 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheJournalKeepsTheLatestRequests(t *testing.T) {
	b := setUp(t, everyAnswer(), nil)
	b.get(t, "/recorded")
	off := b.goOffline(t, nil)
	// In the journal is what has ended: which of a connection's requests have,
	// the next one knows.
	client := &http.Client{}
	get := func(target string) string {
		res, err := client.Get(off.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	for i := range 1001 {
		get(fmt.Sprint("/", i))
	}
	get("/__cannery/session/s/recorded?password=abc")
	get("/__cannery/session/s/recorded")
	var got []struct{ Method, URL, Cache, Session, Note string }
	page := get("/__cannery/journal")
	if err := json.Unmarshal([]byte(page), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1000 {
		t.Fatalf("%d requests are remembered", len(got))
	}
	if first := got[0]; first.URL != "/3" || first.Cache != "MISS" || first.Note == "" {
		t.Errorf("the oldest is %+v", first)
	}
	if last := got[999]; last.URL != "/__cannery/session/s/recorded" || last.Cache != "HIT" || last.Session != "s" || last.Method != "GET" {
		t.Errorf("the latest is %+v", last)
	}
	if strings.Contains(page, "password=abc") {
		t.Error("a secret is in the journal")
	}
}
