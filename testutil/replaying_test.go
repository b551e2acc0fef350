package testutil_test

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"example.com/cannery/replay"
	"example.com/cannery/testutil"
)

// hello is a fixture by hand: GET of a path, answered with a text.
func hello(path, text string) string {
	return fmt.Sprintf(`{"request": {"method": "GET", "url": %q}, "response": {"status": 200, "body": {"text": %q}}}`, path, text)
}

func TestARecordedRequestIsAnswered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fixture(t, dir, "hello.json", hello("/hello", "world"))
	s := testutil.Start(t, dir)
	status, body := get(t, s.Client(), s.URL+"/hello")
	if status != 200 || body != "world" {
		t.Errorf("got %d %q", status, body)
	}
}

func TestAMissFailsItsTestWithTheExplanation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fixture(t, dir, "hello.json", hello("/hello?lang=en", "world"))
	var right, wrong *fakeTest
	parent := run(t, "TestParent", func(f *fakeTest) {
		s := testutil.Start(f, dir)
		right = run(t, "TestParent/right", func(f *fakeTest) {
			s := s.Session(f)
			get(t, s.Client(), s.URL+"/hello?lang=en")
		})
		wrong = run(t, "TestParent/wrong", func(f *fakeTest) {
			s := s.Session(f)
			if status, _ := get(t, s.Client(), s.URL+"/hello?lang=de"); status != http.StatusFailedDependency {
				t.Errorf("status %d, want 424", status)
			}
		})
	})
	parent.wantErrors(t)
	right.wantErrors(t)
	wrong.wantErrors(t, "GET /hello?lang=de is not recorded")
	for _, part := range []string{"nearest recording", "your request", "- de", "+ en", "CANNERY_RECORD=1 go test -run '^TestParent$/^wrong$'"} {
		if !strings.Contains(strings.Join(wrong.errors, ""), part) {
			t.Errorf("there is no %q in the explanation:\n%s", part, strings.Join(wrong.errors, ""))
		}
	}
}

// TestAMissingDirectorySaysHowToRecord: as a first run of a new test has none.
func TestAMissingDirectorySaysHowToRecord(t *testing.T) {
	t.Parallel()
	config := testutil.Config{Dir: filepath.Join(t.TempDir(), "none"), Origin: "http://localhost"}
	run(t, "TestNew", func(f *fakeTest) { config.Start(f) }).wantErrors(t, "there is no such directory: CANNERY_RECORD=1 go test -run '^TestNew$'")
	config.Origin = ""
	run(t, "TestNew", func(f *fakeTest) { config.Start(f) }).wantErrors(t, "set the Origin in testutil.Config, then CANNERY_RECORD=1 go test")
}

func TestAllowMissOnlyTells(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fixture(t, dir, "hello.json", hello("/hello", "world"))
	f := run(t, "TestX", func(f *fakeTest) {
		s := testutil.Config{Dir: dir, AllowMiss: true, MissStatus: 418}.Start(f)
		if status, _ := get(t, s.Client(), s.URL+"/nothing"); status != 418 {
			t.Errorf("status %d, want 418", status)
		}
	})
	f.wantErrors(t)
	if !strings.Contains(strings.Join(f.logs, ""), "GET /nothing") {
		t.Errorf("the miss is not told: %q", f.logs)
	}
}

func TestAMissAfterTheEndIsNotReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fixture(t, dir, "hello.json", hello("/hello", "world"))
	var url string
	f := run(t, "TestX", func(f *fakeTest) {
		s := testutil.Start(f, dir)
		url = s.URL
		get(t, http.DefaultClient, url+"/hello")
	})
	if res, err := http.Get(url + "/late"); err == nil {
		res.Body.Close()
		t.Error("it still answers after the test")
	}
	f.wantErrors(t)
}

func TestAnIdleConnectionDoesNotHoldTheEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fixture(t, dir, "hello.json", hello("/hello", "world"))
	s := testutil.Start(t, dir)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, "GET /hello HT")
}

func TestUnusedFixturesFailOnRequest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fixture(t, dir, "a.json", hello("/a", "a"))
	fixture(t, dir, "b.json", hello("/b", "b"))
	fixture(t, dir, "c.json", strings.Replace(hello("/c", "c"), "{", `{"session": "TestOther", `, 1))
	fixture(t, dir, "d.json", strings.Replace(hello("/d", "d"), "{", `{"session": "TestX.sub", `, 1))
	ask := func(s *testutil.Server, paths string) {
		for path := range strings.FieldsSeq(paths) {
			get(t, s.Client(), s.URL+path)
		}
	}
	test := func(config testutil.Config, ours, subs string) *fakeTest {
		config.Dir = dir
		return run(t, "TestX", func(f *fakeTest) {
			s := config.Start(f)
			ask(s, ours)
			run(t, "TestX/sub", func(f *fakeTest) { ask(s.Session(f), subs) }).wantErrors(t)
		})
	}
	test(testutil.Config{FailUnused: true}, "/a", "/b /d").wantErrors(t)
	test(testutil.Config{}, "", "").wantErrors(t)
	f := test(testutil.Config{FailUnused: true}, "/a", "/a")
	f.wantErrors(t, "not used:\n  b.json\n  d.json")
	if strings.Contains(f.errors[0], "c.json") || strings.Contains(f.errors[0], "a.json") {
		t.Errorf("more is named than unused:\n%s", f.errors[0])
	}
}

func TestAfterLastIsAsAsked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fixture(t, dir, "a.json", hello("/a", "1"))
	fixture(t, dir, "a.2.json", hello("/a", "2"))
	for after, want := range map[replay.AfterLast]string{replay.RepeatLast: "1222", replay.LoopTakes: "1212"} {
		s := testutil.Config{Dir: dir, AfterLast: after}.Start(t)
		var got strings.Builder
		for range 4 {
			_, body := get(t, s.Client(), s.URL+"/a")
			got.WriteString(body)
		}
		if got.String() != want {
			t.Errorf("%v: got %s, want %s", after, got.String(), want)
		}
	}
	f := run(t, "TestX", func(f *fakeTest) {
		s := testutil.Config{Dir: dir, AfterLast: replay.FailAfterLast}.Start(f)
		for range 3 {
			get(t, s.Client(), s.URL+"/a")
		}
	})
	f.wantErrors(t, "GET /a")
}

func TestFiftySessionsDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 5 {
		fixture(t, dir, fmt.Sprintf("a.%d.json", i+1), hello("/a", fmt.Sprint(i)))
	}
	s := testutil.Start(t, dir)
	for i := range 50 {
		t.Run(fmt.Sprint("session ", i), func(t *testing.T) {
			t.Parallel()
			s := s.Session(t)
			for take := range 5 {
				if _, body := get(t, s.Client(), s.URL+"/a"); body != fmt.Sprint(take) {
					t.Errorf("take %d is %q", take, body)
				}
			}
		})
	}
}

func TestWhatCannotStartFailsAtOnce(t *testing.T) {
	empty := t.TempDir()
	broken := t.TempDir()
	fixture(t, broken, "a.json", `{"request": {"method": 1}}`)
	for name, tt := range map[string]struct {
		config testutil.Config
		record string
		want   string
	}{
		"no directory":      {testutil.Config{}, "", "there is no Dir"},
		"directory missing": {testutil.Config{Dir: empty + "/x"}, "", "x"},
		"nothing in it":     {testutil.Config{Dir: empty}, "", "CANNERY_RECORD=1"},
		"broken fixture":    {testutil.Config{Dir: broken}, "", "a.json"},
		"bad origin":        {testutil.Config{Dir: empty, Origin: "localhost:8080"}, "", "not a URL"},
		"password":          {testutil.Config{Dir: empty, Origin: "http://u:secret@h"}, "", "user"},
		"bad variable":      {testutil.Config{Dir: empty}, "please", `CANNERY_RECORD is "please"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CANNERY_RECORD", tt.record)
			f := run(t, "TestX", func(f *fakeTest) {
				tt.config.Start(f)
				t.Error("it has started")
			})
			f.wantErrors(t, tt.want)
			if strings.Contains(f.errors[0], "secret") {
				t.Errorf("a password is told: %s", f.errors[0])
			}
		})
	}
}

// TestNothingIsDialled: not even when the origin is known and asked for.
func TestNothingIsDialled(t *testing.T) {
	t.Parallel()
	url, asked := api(t)
	dir := t.TempDir()
	fixture(t, dir, "a.json", hello("/a", "a"))
	run(t, "TestX", func(f *fakeTest) {
		s := testutil.Config{Dir: dir, Origin: url}.Start(f)
		for _, path := range []string{"/a", "/b", "//" + strings.TrimPrefix(url, "http://") + "/"} {
			get(t, s.Client(), s.URL+path)
		}
	})
	if n := asked.Load(); n != 0 {
		t.Errorf("the origin was asked %d times", n)
	}
}
