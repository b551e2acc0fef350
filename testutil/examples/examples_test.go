// Package examples_test runs the examples: small test suites in several
// languages, on the same fixtures, each test in a session of its own.
package examples_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/testutil/examples/notes"
)

// build builds cannery, and returns its path.
func build(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "cannery")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	out, err := exec.Command("go", "build", "-o", name, "example.com/cannery/cmd/cannery").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return name
}

// command prepares a run of cannery that knows nothing of this machine's
// settings.
func command(t *testing.T, cannery string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), cannery, args...)
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "CANNERY_") && !strings.HasPrefix(name, "REDIS_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "XDG_STATE_HOME="+t.TempDir(), "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

// run runs a command, which must exit with 0, and returns what it prints.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s%s", cmd.Args, err, out.String(), talk.String())
	}
	t.Logf("%s", talk.String())
	return out.String()
}

// TestExamples builds cannery once for all that needs it.
func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: clients of other languages are tried without -short")
	}
	cannery := build(t)
	t.Run("TheFixturesAreWhatIsRecorded", func(t *testing.T) { theFixturesAreWhatIsRecorded(t, cannery) })
	t.Run("EveryLanguageRunsOffline", func(t *testing.T) { everyLanguageRunsOffline(t, cannery) })
	t.Run("FiftySessionsReplay", func(t *testing.T) { fiftySessionsReplay(t, cannery) })
	t.Run("AClientOfHTTPBinReplays", func(t *testing.T) { httpbinReplays(t, cannery) })
	t.Run("GoModulesReplay", func(t *testing.T) { modulesReplay(t, cannery) })
}

func everyLanguageRunsOffline(t *testing.T, cannery string) {
	t.Parallel()
	for _, tt := range []struct {
		name, runtime string
		args          []string
	}{
		{"python", "python3", []string{"-m", "unittest", "discover", "python"}},
		// Another one may come first that has no requests.
		{"python from Debian", "/usr/bin/python3", []string{"-m", "unittest", "discover", "python"}},
		{"javascript", "node", []string{"--test", "javascript/notes.test.mjs"}},
		{"java", "java", []string{"java/Main.java"}},
		{"shell", "sh", []string{"shell/notes.sh"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			needs := []string{tt.runtime}
			if tt.name == "shell" {
				needs = append(needs, "curl")
			}
			for _, name := range needs {
				if _, err := exec.LookPath(name); err != nil {
					t.Skipf("SKIPPED: there is no %s here", name)
				}
			}
			run(t, command(t, cannery, append([]string{"run", "--offline", "--fixtures", "fixtures", "--", tt.runtime}, tt.args...)...))
		})
	}
}

// flowVariable tells TestFlow how many clients it is to be, each in a session of
// its own; 1 is without a session.
const flowVariable = "NOTES_FLOWS"

// TestFlow is what the fixtures are recorded of: it runs beside cannery.
func TestFlow(t *testing.T) {
	clients, err := strconv.Atoi(os.Getenv(flowVariable))
	if err != nil {
		t.Skip("SKIPPED: it is run by TestExamples")
	}
	url := os.Getenv("CANNERY_URL")
	if clients == 1 {
		flow(t, url)
		return
	}
	for i := range clients {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			flow(t, fmt.Sprintf("%s/__cannery/session/flow-%d", url, i))
		})
	}
}

// flow uses all of the API.
func flow(t *testing.T, url string) {
	t.Helper()
	ctx := t.Context()
	c := &notes.Client{URL: url}
	if _, err := c.List(ctx); err == nil {
		t.Error("a client that has not logged in gets a list")
	}
	if err := c.Login(ctx, "ada", notes.Password); err != nil {
		t.Fatal(err)
	}
	want := func(n int) {
		t.Helper()
		if all, err := c.List(ctx); err != nil || len(all) != n {
			t.Fatalf("got %v, %v, want %d notes", all, err, n)
		}
	}
	want(0)
	note, err := c.Create(ctx, "buy milk")
	if err != nil {
		t.Fatal(err)
	}
	want(1)
	if _, err = c.Await(ctx, note.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, note.ID); err != nil {
		t.Fatal(err)
	}
	want(0)
}

// fiftySessionsReplay: what was recorded in one run, all at once.
func fiftySessionsReplay(t *testing.T, cannery string) {
	t.Parallel()
	cmd := command(t, cannery, "run", "--offline", "--fail-unused", "--fixtures", "fixtures", "--", os.Args[0], "-test.run=^TestFlow$", "-test.parallel=50")
	cmd.Env = append(cmd.Env, flowVariable+"=50")
	run(t, cmd)
}

// theFixturesAreWhatIsRecorded: recording them again changes nothing. With
// CANNERY_RECORD=1 it writes them.
func theFixturesAreWhatIsRecorded(t *testing.T, cannery string) {
	origin := httptest.NewServer(new(notes.API))
	defer origin.Close()
	dir := "fixtures"
	if os.Getenv("CANNERY_RECORD") != "1" {
		dir = filepath.Join(t.TempDir(), "fixtures")
		if err := os.CopyFS(dir, os.DirFS("fixtures")); err != nil {
			t.Fatal(err)
		}
	}
	cmd := command(t, cannery, "run", "--record", "--origin", "notes="+origin.URL, "--fixtures", dir, "--", os.Args[0], "-test.run=^TestFlow$")
	cmd.Env = append(cmd.Env, flowVariable+"=1")
	run(t, cmd)
	if diff := cmp.Diff(contents(t, "fixtures"), contents(t, dir)); diff != "" {
		t.Errorf("fixtures (-kept +recorded):\n%s", diff)
	}
}

// contents returns what is in a directory, by path.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		got[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
