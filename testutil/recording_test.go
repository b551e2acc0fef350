package testutil_test

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/testutil"
	"example.com/cannery/testutil/examples/notes"
)

// recordNow has the rest of a test record.
func recordNow(t *testing.T, record bool) {
	t.Helper()
	t.Setenv("CANNERY_RECORD", fmt.Sprint(record))
}

// files returns what is in a directory, by path.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		got[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// client returns one of the API that a Server stands in for.
func client(s *testutil.Server) notes.Client { return notes.Client{URL: s.URL, HTTP: s.Client()} }

func TestWhatIsRecordedReplays(t *testing.T) {
	url, asked := api(t)
	config := testutil.Config{Dir: filepath.Join(t.TempDir(), "new"), Origin: url, OriginName: "notes", FailUnused: true}
	test := func(f *fakeTest) {
		s := config.Start(f)
		if err := flow(t.Context(), client(s), "milk"); err != nil {
			f.Errorf("%v", err)
		}
	}
	recordNow(t, true)
	run(t, "TestNotes", test).wantErrors(t)
	recorded := asked.Load()
	if recorded == 0 {
		t.Fatal("the origin was not asked")
	}
	recordNow(t, false)
	for range 3 {
		run(t, "TestNotes", test).wantErrors(t)
	}
	if asked.Load() != recorded {
		t.Error("the origin was asked to replay")
	}
	before := files(t, config.Dir)
	for name, text := range before {
		if strings.Contains(text, notes.Password) || strings.Contains(text, url) && name != "cannery.json" && !strings.Contains(text, "Location") {
			t.Errorf("%s holds what it should not:\n%s", name, text)
		}
	}

	recordNow(t, true)
	run(t, "TestNotes", test).wantErrors(t)
	if diff := cmp.Diff(before, files(t, config.Dir)); diff != "" {
		t.Errorf("recording the same again is not quiet (-before +after):\n%s", diff)
	}
}

// TestTestsShareADirectory: who records replaces what is his, and no more.
func TestTestsShareADirectory(t *testing.T) {
	url, _ := api(t)
	dir := t.TempDir()
	fixture(t, dir, "hand.json", hello("/hand", "made"))
	fixture(t, dir, "README.md", "foreign")
	config := testutil.Config{Dir: dir, Origin: url, OriginName: "notes"}
	record := func(name, text string) *fakeTest {
		return run(t, name, func(f *fakeTest) {
			s := config.Start(f)
			if err := flow(t.Context(), client(s), text); err != nil {
				f.Errorf("%v", err)
			}
		})
	}
	recordNow(t, true)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() { record(fmt.Sprint("TestNotes/", i), "milk").wantErrors(t) })
	}
	all.Wait()
	before := files(t, dir)
	if before["hand.json"] == "" || before["README.md"] != "foreign" {
		t.Error("what was there is gone")
	}
	record("TestNotes/3", "bread").wantErrors(t)
	after := files(t, dir)
	for name := range after {
		if !strings.HasPrefix(name, "@TestNotes.3/") && before[name] != after[name] {
			t.Errorf("%s has changed", name)
		}
	}
	milk := func(name, text string) bool {
		return !strings.HasPrefix(name, "@TestNotes.3/") || !strings.Contains(text, "milk")
	}
	maps.DeleteFunc(after, milk)
	if len(after) > 0 {
		t.Errorf("of the first recording is left: %v", slices.Sorted(maps.Keys(after)))
	}

	recordNow(t, false)
	for i := range 8 {
		text := "milk"
		if i == 3 {
			text = "bread"
		}
		all.Go(func() { record(fmt.Sprint("TestNotes/", i), text).wantErrors(t) })
	}
	all.Wait()
}

// TestAnOriginThatIsDownRecordsNothing: whatever the test makes of the 502, it
// fails, and its fixtures stay.
func TestAnOriginThatIsDownRecordsNothing(t *testing.T) {
	url, _ := api(t)
	config := testutil.Config{Dir: t.TempDir(), Origin: url, OriginName: "notes"}
	whole := func(f *fakeTest) {
		s := config.Start(f)
		get(t, s.Client(), s.URL+"/v1/notes")
		run(t, "TestX/part", func(f *fakeTest) {
			s := s.Session(f)
			get(t, s.Client(), s.URL+"/v1/notes")
		}).wantErrors(t)
	}
	recordNow(t, true)
	run(t, "TestX", whole).wantErrors(t)
	before := files(t, config.Dir)

	down := httptest.NewServer(nil)
	down.Close()
	config.Origin = down.URL
	run(t, "TestX", whole).wantErrors(t,
		"TestX: nothing was recorded: origin unreachable: GET /v1/notes: origin "+down.URL,
		"TestX/part: nothing was recorded: origin unreachable: ")
	if diff := cmp.Diff(before, files(t, config.Dir)); diff != "" {
		t.Errorf("the fixtures have changed (-before +after):\n%s", diff)
	}

	// One that has asked for nothing has nothing to say.
	run(t, "TestY", func(f *fakeTest) { config.Start(f) }).wantErrors(t)
}

// TestATestIsRecordedOnce: of two Starts the later would replace the earlier.
func TestATestIsRecordedOnce(t *testing.T) {
	url, _ := api(t)
	dir := t.TempDir()
	config := testutil.Config{Dir: dir, Origin: url, OriginName: "notes"}
	const want = "another Start records the same test into "
	recordNow(t, true)
	run(t, "TestX", func(f *fakeTest) {
		first := config.Start(f)
		get(t, first.Client(), first.URL+"/v1/notes")
		run(t, "TestX", func(f *fakeTest) { config.Start(f) }).wantErrors(t, want)
		other := config
		other.OriginName = "other"
		other.Start(f)
		first.Session(f)
		run(t, "TestX/sub", func(f *fakeTest) {
			config.Start(f)
			run(t, "TestX/sub", func(f *fakeTest) { first.Session(f) }).wantErrors(t, want)
		}).wantErrors(t)
	}).wantErrors(t)
	if len(files(t, dir)) < 2 {
		t.Error("the first has recorded nothing")
	}
	run(t, "TestX", func(f *fakeTest) { config.Start(f) }).wantErrors(t)

	recordNow(t, false)
	run(t, "TestX", func(f *fakeTest) {
		config.Start(f)
		config.Start(f)
	}).wantErrors(t)
}

func TestAFailedOrSkippedTestLeavesItsFixtures(t *testing.T) {
	url, _ := api(t)
	dir := t.TempDir()
	config := testutil.Config{Dir: dir, Origin: url, OriginName: "notes"}
	recordNow(t, true)
	test := func(end func(f *fakeTest)) {
		run(t, "TestX", func(f *fakeTest) {
			s := config.Start(f)
			get(t, s.Client(), s.URL+"/v1/notes")
			end(f)
		})
	}
	test(func(*fakeTest) {})
	before := files(t, dir)
	if len(before) == 0 {
		t.Fatal("nothing was recorded")
	}
	config.OriginName = "other"
	test(func(f *fakeTest) { f.Errorf("it fails") })
	test(func(f *fakeTest) { f.skipped = true })
	if diff := cmp.Diff(before, files(t, dir)); diff != "" {
		t.Errorf("the fixtures have changed (-before +after):\n%s", diff)
	}
}

// TestASubtestThatFailsIsNotRecorded: the others of the same Start are.
func TestASubtestThatFailsIsNotRecorded(t *testing.T) {
	url, _ := api(t)
	dir := t.TempDir()
	recordNow(t, true)
	run(t, "TestX", func(f *fakeTest) {
		s := testutil.Config{Dir: dir, Origin: url, OriginName: "notes"}.Start(f)
		for _, name := range []string{"good", "bad"} {
			run(t, "TestX/"+name, func(f *fakeTest) {
				s := s.Session(f)
				get(t, s.Client(), s.URL+"/v1/notes")
				if name == "bad" {
					f.Errorf("it fails")
				}
			})
		}
	}).wantErrors(t)
	good, bad := false, false
	for name := range files(t, dir) {
		good = good || strings.HasPrefix(name, "@TestX.good/")
		bad = bad || strings.HasPrefix(name, "@TestX.bad/")
	}
	if !good || bad {
		t.Errorf("recorded: of the good test %v, of the bad one %v", good, bad)
	}
}

func TestWithoutOriginRecordReplays(t *testing.T) {
	dir := t.TempDir()
	fixture(t, dir, "hello.json", hello("/hello", "world"))
	recordNow(t, true)
	f := run(t, "TestX", func(f *fakeTest) {
		s := testutil.Start(f, dir)
		get(t, s.Client(), s.URL+"/hello")
	})
	f.wantErrors(t)
	if !strings.Contains(strings.Join(f.logs, ""), "no Origin") {
		t.Errorf("nobody says why: %q", f.logs)
	}
}

// TestRulesOfTheDirectoryCount: they are written by hand, once.
func TestRulesOfTheDirectoryCount(t *testing.T) {
	url, _ := api(t)
	dir := t.TempDir()
	fixture(t, dir, "cannery.json", `{"version": 1, "origins": {}, "rules": {"ignore_query": ["nonce"]}}`)
	config := testutil.Config{Dir: dir, Origin: url, OriginName: "notes"}
	for i, record := range []bool{true, false} {
		recordNow(t, record)
		run(t, "TestX", func(f *fakeTest) {
			s := config.Start(f)
			get(t, s.Client(), fmt.Sprint(s.URL, "/v1/notes?nonce=", i))
		}).wantErrors(t)
	}
}

// TestLinksLeadToTheServer: also when an origin with a name of its own has been
// recorded again, on another port.
func TestLinksLeadToTheServer(t *testing.T) {
	dir := t.TempDir()
	var before map[string]string
	for _, record := range []bool{true, false, true, false} {
		recordNow(t, record)
		origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://"+r.Host+"/there")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, "see http://%s/there", r.Host)
		}))
		run(t, "TestX", func(f *fakeTest) {
			s := testutil.Config{Dir: dir, Origin: origin.URL, OriginName: "moving"}.Start(f)
			res, err := s.Client().Get(s.URL + "/here")
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if got := res.Header.Get("Location"); got != s.URL+"/there" {
				t.Errorf("recording %v: Location is %q, want %q", record, got, s.URL+"/there")
			}
		}).wantErrors(t)
		origin.Close()
		after := files(t, dir)
		if diff := cmp.Diff(before, after); before != nil && diff != "" {
			t.Errorf("the port shows (-before +after):\n%s", diff)
		}
		before = after
	}
}

// TestEveryTestHasASession: whatever its name is.
func TestEveryTestHasASession(t *testing.T) {
	url, _ := api(t)
	dir := t.TempDir()
	names := []string{"TestX", "testx", "TestX/a.b", "TestX/a/b", "TestX/a~b", "TestX/ä", "TestX/ö", "TestX/", "TestX/#01", "TestX/" + strings.Repeat("a", 300), "TestX/" + strings.Repeat("a", 301)}
	for _, record := range []bool{true, false} {
		recordNow(t, record)
		for _, name := range names {
			run(t, name, func(f *fakeTest) {
				s := testutil.Config{Dir: dir, Origin: url, OriginName: "notes", FailUnused: true}.Start(f)
				if status, body := get(t, s.Client(), s.URL+"/v1/notes"); status != http.StatusUnauthorized {
					t.Errorf("%s: got %d %s", name, status, body)
				}
			}).wantErrors(t)
		}
	}
	recorded := 0
	for name := range files(t, dir) {
		if strings.HasPrefix(name, "@") {
			recorded++
		}
	}
	if recorded != len(names) {
		t.Errorf("%d sessions were recorded, want %d", recorded, len(names))
	}
}
