package testutil_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"example.com/cannery/testutil"
)

// TestSeveralOriginsAreRecordedAndReplayed: each answers at a URL of its own, in the
// session of the test, and what was not made again goes with those that are recorded.
func TestSeveralOriginsAreRecordedAndReplayed(t *testing.T) {
	origin := func(name string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, name, r.RequestURI) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	config := testutil.Config{
		Dir: filepath.Join(t.TempDir(), "new"), Origin: origin("pay"), OriginName: "pay",
		Others: map[string]string{"ai": origin("ai")}, FailUnused: true,
	}
	test := func(path string) func(f *fakeTest) {
		return func(f *fakeTest) {
			s := config.Start(f)
			for name, want := range map[string]string{"pay": "pay" + path, "ai": "ai" + path} {
				if _, got := get(f, s.Client(), s.OriginURL(name)+path); got != want {
					f.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if _, got := get(f, s.Client(), s.URL+path); got != "pay"+path {
				f.Errorf("the first: %q", got)
			}
		}
	}
	recordNow(t, true)
	run(t, "TestIt", test("/old")).wantErrors(t)
	run(t, "TestIt", test("/x")).wantErrors(t)
	for _, folder := range []string{"pay/@TestIt/GET", "ai/@TestIt/GET"} {
		if files, _ := filepath.Glob(filepath.Join(config.Dir, folder, "x--????????.json")); len(files) != 1 {
			t.Errorf("in the folder %s: %q", folder, files)
		}
	}
	recordNow(t, false)
	run(t, "TestIt", test("/x")).wantErrors(t)

	// Who says nothing of origins gets those that are recorded.
	config = testutil.Config{Dir: config.Dir, FailUnused: true}
	run(t, "TestIt", test("/x")).wantErrors(t)
	run(t, "TestIt", func(f *fakeTest) {
		s := config.Start(f)
		get(f, s.Client(), s.OriginURL("ai")+"/y")
	}).wantErrors(t, "of the origin ai")
}

func TestOthersThatCannotBe(t *testing.T) {
	for want, config := range map[string]testutil.Config{
		`the name "a/b" in Others`:              {Others: map[string]string{"a/b": "http://h"}},
		`the name "pay" in Others is that of`:   {OriginName: "pay", Others: map[string]string{"pay": "http://h"}},
		`"ai" in Others: the Origin "localhost`: {Others: map[string]string{"ai": "localhost:80"}},
	} {
		config.Dir = t.TempDir()
		run(t, "TestIt", func(f *fakeTest) { config.Start(f) }).wantErrors(t, want)
	}
}
