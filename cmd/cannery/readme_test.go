package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var readmePath = filepath.Join("..", "..", "README.md")

// manualPath is the page of commands and settings.
const manualPath = "README.md"

func TestReadmeHasTheTableOfFlags(t *testing.T) { checkSection(t, "flags", flagTable()) }

func TestReadmeHasTheTableOfCommands(t *testing.T) { checkSection(t, "commands", commandTable()) }

// checkSection compares what stands between two marks of the manual. With
// -update it is written.
func checkSection(t *testing.T, name, want string) {
	t.Helper()
	before, got, after := readmeSection(t, name)
	if *update {
		writeText(t, manualPath, before+want+after)
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cmd/cannery/README.md has other %s than the code; go test ./cmd/cannery -update writes them (-want +got):\n%s", name, diff)
	}
}

// readmeSection returns what stands between two marks, and the rest with them.
func readmeSection(t *testing.T, name string) (before, section, after string) {
	t.Helper()
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	before, rest, ok := strings.Cut(readText(t, manualPath), begin)
	section, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("cmd/cannery/README.md has nothing between %q and %q", begin, end)
	}
	return before + begin, section, end + after
}

func flagTable() string {
	var b strings.Builder
	b.WriteString("| flag | environment | default | meaning |\n|---|---|---|---|\n")
	for _, s := range settings() {
		name := "`--" + s.flag
		if s.value != "" {
			name += " " + inTable(s.value)
		}
		name += "`"
		if s.short != "" {
			name += ", `-" + s.short + "`"
		}
		environment := ""
		if names := s.variables(); names != nil {
			environment = "`" + strings.Join(names, "`, `") + "`"
		}
		normal := ""
		if s.normal != "" {
			normal = "`" + s.normal + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, environment, normal, s.help)
	}
	return b.String()
}

func commandTable() string {
	var b strings.Builder
	b.WriteString("| command | |\n|---|---|\n")
	for _, cmd := range newRoot(&world{stdout: io.Discard, stderr: io.Discard}).Commands() {
		if !cmd.Hidden && cmd.Name() != "help" {
			fmt.Fprintf(&b, "| `cannery %s` | %s |\n", inTable(cmd.Use), cmd.Short)
		}
	}
	return b.String()
}

// inTable keeps a text from being several columns.
func inTable(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// TestFoldersNameTheirFiles: each file of a folder stands in the folder's README.md
// once, and nothing that is not there.
func TestFoldersNameTheirFiles(t *testing.T) {
	for _, dir := range []string{"cmd/cannery", "replay", "replay/explain", "replay/page", "recorder", "fixtures", "fixtures/file", "fixtures/dir", "fixtures/codec", "fixtures/memory", "fixtures/localstore", "fixtures/redisstore", "fixtures/secret", "fixtures/har", "fixtures/drift"} {
		text, err := os.ReadFile(filepath.Join("..", "..", dir, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		_, files, found := strings.Cut(string(text), "\n| file |")
		if !found {
			t.Errorf("%s/README.md has no list of files", dir)
		}
		var patterns []string
		for line := range strings.Lines(files) {
			if cells := strings.Split(line, "|"); len(cells) > 2 {
				for _, quoted := range quotedName.FindAllString(cells[1], -1) {
					patterns = append(patterns, strings.Trim(quoted, "`/"))
				}
			}
		}
		parts := partsOf(t, dir)
		for _, pattern := range patterns {
			if !slices.ContainsFunc(parts, func(part string) bool { return fits(pattern, part) }) {
				t.Errorf("%s/README.md names %s, which is not there", dir, pattern)
			}
		}
		for _, part := range parts {
			n := 0
			for _, pattern := range patterns {
				if fits(pattern, part) {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s/README.md has %s %d times", dir, part, n)
			}
		}
	}
}

var quotedName = regexp.MustCompile("`[^`]+`")

// TestTheWalkIsTrue: the files and folders that the manual names are there.
func TestTheWalkIsTrue(t *testing.T) {
	text, err := os.ReadFile(manualPath)
	if err != nil {
		t.Fatal(err)
	}
	_, walk, found := strings.Cut(string(text), "## How a request walks through the code\n")
	walk, _, ended := strings.Cut(walk, "\n## ")
	if !found || !ended {
		t.Fatal("cmd/cannery/README.md does not tell how a request walks through the code")
	}
	named := 0
	for _, quoted := range quotedName.FindAllString(walk, -1) {
		name := strings.Trim(quoted, "`")
		if !strings.Contains(name, "/") {
			continue
		}
		named++
		if _, err := os.Stat(filepath.Join("..", "..", name)); err != nil {
			t.Errorf("cmd/cannery/README.md names %s, which is not there", name)
		}
	}
	if named < 10 {
		t.Errorf("cmd/cannery/README.md names %d files", named)
	}
}

func fits(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// partsOf lists the Go files of a directory that are no tests, and the packages
// in it.
func partsOf(t *testing.T, dir string) (parts []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("..", "..", dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		isCode := strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go")
		if isCode || e.IsDir() && e.Name() != "testdata" {
			parts = append(parts, e.Name())
		}
	}
	return parts
}

// TestGoSnippetRuns: the test in testutil's page passes with the fixture that stands
// there too, and nothing else.
func TestGoSnippetRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: pages are tried without -short")
	}
	page := readText(t, filepath.Join("..", "..", "testutil", "README.md"))
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "fixtures"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(dir, "uuid_test.go"), snippet(t, page, "go"))
	writeText(t, filepath.Join(dir, "fixtures", "uuid.json"), snippet(t, page, "json"))
	cmd := exec.CommandContext(t.Context(), "go", "test", filepath.Join(dir, "uuid_test.go"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %v\n%s", cmd.Args, err, out)
	}
}

// snippet returns a page's only snippet in a language.
func snippet(t *testing.T, page, language string) string {
	t.Helper()
	parts := strings.Split(page, "\n```"+language+"\n")
	if len(parts) != 2 {
		t.Fatalf("the page has %d snippets of %s, want 1", len(parts)-1, language)
	}
	text, _, _ := strings.Cut(parts[1], "```\n")
	return text
}
