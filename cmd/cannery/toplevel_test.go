package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTopLevelHoldsOnlyWhatIsAllowed: everything else stands beside what it belongs to.
// What git ignores does not count.
func TestTopLevelHoldsOnlyWhatIsAllowed(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("SKIPPED: this is no checkout of git: %v", err)
	}
	allowed := []string{"LICENSE", "CHANGELOG.md", "README.md", "go.mod", "go.sum", "cmd", "fixtures", "recorder", "replay", "testutil"}
	for name := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(strings.TrimSpace(name), "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(allowed, top) {
			t.Errorf("the top level holds %s: move it to what it belongs to", top)
		}
	}
}
