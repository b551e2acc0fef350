package main

import (
	"errors"
	"strings"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/testutil/storetest"
)

func TestPatternsNameOrigins(t *testing.T) {
	requests := map[string]*fixtures.Request{
		"url":   {Origin: "https://api.example.com", Method: "GET", Target: "/v1/users?id=1"},
		"below": {Origin: "https://api.example.com/v1", Method: "GET", Target: "/users"},
		"port":  {Origin: "http://api.example.com:8080", Method: "POST", Target: "/v1/users"},
		"named": {Origin: "pay", Base: "https://pay.example.com", Method: "GET", Target: "/v1/users"},
		"tag":   {Origin: "ai", Method: "GET", Target: "/v1/users"},
	}
	for match, want := range map[string]string{
		"":                                     "below named port tag url",
		"/v1/*":                                "named port tag url",
		"https://api.example.com":              "below url",
		"https://api.example.com/*":            "below url",
		"GET https://api.example.com/v1/u*":    "below url",
		"POST https://api.example.com/*":       "",
		"get https://api.example.com/*?id=*":   "url",
		"https://*.example.com/*":              "below named url",
		"*://api.example.com:8080/*":           "port",
		"http://api.example.com:8080":          "port",
		"https://api.example":                  "",
		"GET pay /v1/*":                        "named",
		"*   pay   *":                          "named",
		"GET p* /v1/users":                     "named",
		"GET https://api.example.com /v1/*":    "url",
		"GET ai /v2/*":                         "",
		"GET *v1/users":                        "named tag url",
		"GET /redirect?to=https://example.com": "",
	} {
		s := selection{match: match}
		p, err := s.pattern("ls")
		if err != nil {
			t.Errorf("%q: %v", match, err)
			continue
		}
		var got strings.Builder
		for _, name := range []string{"below", "named", "port", "tag", "url"} {
			if p.selects(requests[name]) {
				got.WriteString(" " + name)
			}
		}
		if want != "" {
			want = " " + want
		}
		if got.String() != want {
			t.Errorf("%q selects%s, want%s", match, got.String(), want)
		}
	}
	for _, match := range []string{"x", "GET x", "GET pay x", "a b c", "GET pay /a b", "GET https://h/a b"} {
		s := selection{match: match}
		if p, err := s.pattern("ls"); err == nil {
			t.Errorf("%q is taken for %+v", match, p)
		}
	}
}

// TestPatternsNameWhatIsUnderWay: what a pattern with an origin selects must not come
// back, although no store has it yet.
func TestPatternsNameWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	store := storetest.OpenLocal(t, t.TempDir(), 1<<20)
	for _, match := range []string{"GET https://api.example.com/v1/*", "GET https://api.example.com/v1 /users"} {
		view, err := store.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s := selection{match: match}
		p, err := s.pattern("clear-cache")
		if err != nil {
			t.Fatal(err)
		}
		filter, err := p.within(t.Context(), store)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Remove(t.Context(), filter, false); err != nil {
			t.Fatal(err)
		}
		for method, want := range map[string]error{"GET": fixtures.ErrLate, "POST": nil} {
			rec := &fixtures.Recording{Exchange: fixtures.Exchange{
				Request:  fixtures.Request{Origin: "https://api.example.com/v1", Method: method, Target: "/users"},
				Response: fixtures.Response{Status: 200},
			}}
			c := fixtures.Commit{View: view, Key: view.Rules.Key(&rec.Request), Recording: rec, Seen: fixtures.SeenAll}
			if err := store.Append(t.Context(), c); !errors.Is(err, want) {
				t.Errorf("Append of a %s that was under way when %q was removed = %v, want %v", method, match, err, want)
			}
		}
	}
}
