package replay_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/cannery/replay"
)

// A shell runs programs in a home directory of their own, in which nothing of
// this machine's configuration is found.
type shell struct {
	home string
	env  []string // beside PATH and HOME
}

// newShell skips the test when a program that it needs is not installed, and with
// -short: programs start slowly.
func newShell(t *testing.T, program string, env ...string) *shell {
	t.Helper()
	if testing.Short() {
		t.Skipf("SKIPPED: %s is tried without -short", program)
	}
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed: its requests are not tested", program)
	}
	return &shell{home: t.TempDir(), env: env}
}

// run runs a program that must succeed and returns its standard output.
func (s *shell) run(t *testing.T, dir, stdin, name string, args ...string) string {
	t.Helper()
	out, err := s.try(t, dir, stdin, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return out
}

// try is run for a program that may fail. What it says goes to the test's log.
func (s *shell) try(t *testing.T, dir, stdin, name string, args ...string) (string, error) {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "TMPDIR=" + s.home, "LC_ALL=C", "NO_PROXY=*"}, s.env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	if stderr.Len() > 0 {
		t.Logf("%s %s: %.2000s", name, strings.Join(args, " "), stderr.String())
	}
	return stdout.String(), err
}

// writeFile writes a file below a directory, which is made when it is missing.
func writeFile(t *testing.T, content string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// log returns the entries of requests that came at or after a time. That of a
// request whose answer has just been read may not be there yet.
func (b *bench) log(from time.Time) []replay.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.entries), func(e replay.Entry) bool { return e.Time.Before(from) })
}

// closeOrigin takes the origin away and returns when.
func (b *bench) closeOrigin() time.Time {
	b.origin.Close()
	return time.Now()
}

// onlyHits fails the test unless every answer since the origin was closed was
// a HIT, and there was one.
func (b *bench) onlyHits(t *testing.T, closed time.Time) {
	t.Helper()
	before, after := map[string]int{}, map[string]int{}
	for _, e := range b.log(time.Time{}) {
		if e.Time.Before(closed) {
			before[e.Cache]++
			continue
		}
		after[e.Cache]++
		if e.Cache != "HIT" {
			t.Errorf("with the origin closed, %s %s: %d %s, want a HIT", e.Method, e.URL, e.Status, e.Cache)
		}
	}
	t.Logf("before the origin was closed: %v, after: %v", before, after)
	if after["HIT"] == 0 {
		t.Error("with the origin closed nothing was asked for")
	}
}
