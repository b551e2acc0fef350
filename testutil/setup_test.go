package testutil_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/cannery/testutil/examples/notes"
)

// A fakeTest is a test within a test: what it hears is kept.
type fakeTest struct {
	testing.TB
	name string

	mu       sync.Mutex
	errors   []string // guarded by mu
	logs     []string // guarded by mu
	failed   bool     // guarded by mu
	skipped  bool
	ended    bool // guarded by mu
	late     bool // guarded by mu: it heard of something after its end
	cleanups []func()
}

func (f *fakeTest) Name() string               { return f.name }
func (f *fakeTest) Helper()                    {}
func (f *fakeTest) Cleanup(cleanup func())     { f.cleanups = append(f.cleanups, cleanup) }
func (f *fakeTest) Context() context.Context   { return context.Background() }
func (f *fakeTest) Skipped() bool              { return f.skipped }
func (f *fakeTest) Logf(s string, args ...any) { f.hear(&f.logs, false, s, args) }
func (f *fakeTest) Errorf(s string, args ...any) {
	f.hear(&f.errors, true, s, args)
}

func (f *fakeTest) Fatalf(s string, args ...any) {
	f.hear(&f.errors, true, s, args)
	runtime.Goexit()
}

func (f *fakeTest) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }

func (f *fakeTest) hear(list *[]string, failed bool, s string, args []any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*list = append(*list, fmt.Sprintf(s, args...))
	f.failed, f.late = f.failed || failed, f.late || f.ended
}

func (f *fakeTest) Failed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// run runs a test of a name, its cleanups included, and returns it.
func run(t *testing.T, name string, test func(f *fakeTest)) *fakeTest {
	t.Helper()
	return runFake(t, name, test)
}

// runFake is run; t is for what only a real test can do, and may be nil.
func runFake(t testing.TB, name string, test func(f *fakeTest)) *fakeTest {
	f := &fakeTest{TB: t, name: name}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for i := len(f.cleanups) - 1; i >= 0; i-- {
				f.cleanups[i]()
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			f.ended = true
		}()
		test(f)
	}()
	<-done
	return f
}

// wantErrors fails unless a test has heard of errors with these texts in them,
// in this order.
func (f *fakeTest) wantErrors(t *testing.T, texts ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.late {
		t.Errorf("%s heard of something after its end", f.name)
	}
	if len(f.errors) != len(texts) {
		t.Fatalf("%s failed %d times, want %d:\n%s", f.name, len(f.errors), len(texts), strings.Join(f.errors, "\n"))
	}
	for i, text := range texts {
		if !strings.Contains(f.errors[i], text) {
			t.Errorf("%s failed without %q:\n%s", f.name, text, f.errors[i])
		}
	}
}

// api starts the small API, and counts what it is asked.
func api(t *testing.T) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	origin := new(notes.API)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		origin.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// flow logs in, creates, lists, polls and deletes, and says what is not as it
// should be.
func flow(ctx context.Context, client notes.Client, text string) error {
	if err := client.Login(ctx, "ada", notes.Password); err != nil {
		return err
	}
	count := func(want int) error {
		all, err := client.List(ctx)
		if err == nil && len(all) != want {
			err = fmt.Errorf("%d notes, want %d", len(all), want)
		}
		return err
	}
	if err := count(0); err != nil {
		return err
	}
	n, err := client.Create(ctx, text)
	if err != nil {
		return err
	}
	if n.Text != text || n.State != "pending" {
		return fmt.Errorf("created %+v", n)
	}
	if err := count(1); err != nil {
		return err
	}
	if _, err := client.Await(ctx, n.ID); err != nil {
		return err
	}
	if err := client.Delete(ctx, n.ID); err != nil {
		return err
	}
	return count(0)
}

// get returns the status and content of an answer.
func get(t testing.TB, client *http.Client, url string) (int, string) {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		t.Errorf("GET %s: %v", url, err)
		return 0, ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("GET %s: %v", url, err)
	}
	return res.StatusCode, string(body)
}

// fixture writes a fixture by hand.
func fixture(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestMain has the tests replay unless they say otherwise.
func TestMain(m *testing.M) {
	os.Unsetenv("CANNERY_RECORD")
	os.Exit(m.Run())
}
