package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestManPages: each command has one, twice the same, that groff has nothing to say of.
func TestManPages(t *testing.T) {
	dirs := []string{filepath.Join(t.TempDir(), "man1"), t.TempDir()}
	for _, dir := range dirs {
		if _, err := writeManPages(newRoot(&world{stdout: io.Discard, stderr: io.Discard}), dir); err != nil {
			t.Fatal(err)
		}
	}
	paths, err := filepath.Glob(filepath.Join(dirs[0], "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	root := newRoot(&world{stdout: io.Discard, stderr: io.Discard})
	if want := 1 + len(visible(root)); len(paths) != want {
		t.Errorf("%d pages, want %d", len(paths), want)
	}
	for _, path := range paths {
		if readText(t, path) != readText(t, filepath.Join(dirs[1], filepath.Base(path))) {
			t.Errorf("%s is another each time", filepath.Base(path))
		}
	}
	start := readText(t, filepath.Join(dirs[0], "cannery-start.1"))
	for _, want := range []string{".TH \"CANNERY-START\" 1 ", "\\fB\\-\\-origin\\fR \\fIURL\\fR\n", "Environment: CANNERY_REDIS, REDIS_URL\n", "Default: 3000\n"} {
		if !strings.Contains(start, want) {
			t.Errorf("cannery-start.1 has no %q", want)
		}
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("SKIPPED: there is no groff here")
	}
	out, err := exec.CommandContext(t.Context(), groff, append([]string{"-man", "-ww", "-Tascii", "-z"}, paths...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("groff: %v\n%s", err, out)
	}
}

func TestRoffStandsForItself(t *testing.T) {
	if got, want := roff("a-b\n\n.c\n'd\\e"), "a\\-b\n.PP\n\\&.c\n\\&'d\\ee"; got != want {
		t.Errorf("roff: %q, want %q", got, want)
	}
}

// TestManSaysWhatItCannotWrite, in words of its own.
func TestManSaysWhatItCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := writeManPages(newRoot(&world{stdout: io.Discard, stderr: io.Discard}), file); err == nil {
		t.Error("pages were written into a file")
	}
}
