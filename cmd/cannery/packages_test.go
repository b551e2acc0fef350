package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestYAMLCanBeRead: what is shipped, and what pages show.
func TestYAMLCanBeRead(t *testing.T) {
	texts := map[string]string{}
	for _, name := range []string{".pre-commit-hooks.yaml", ".goreleaser.yaml", ".github/actions/cannery/action.yml"} {
		texts[name] = readText(t, filepath.Join("..", "..", name))
	}
	shown := 0
	for _, page := range pages(t) {
		for _, b := range blocksOf(readText(t, filepath.Join("..", "..", page))) {
			if b.language == "yaml" {
				shown++
				texts[page+": "+b.text] = b.text
			}
		}
	}
	if shown < 4 {
		t.Errorf("pages show YAML %d times, want a recipe for GitHub, GitLab, pre-commit and Compose at least", shown)
	}
	for name, text := range texts {
		var document any
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		checkFlags(t, name, text)
	}
}

// checkFlags looks at each flag behind a call of cannery's.
func checkFlags(t *testing.T, name, text string) {
	t.Helper()
	for _, call := range callOfCannery.FindAllString(text, -1) {
		call, _, _ = strings.Cut(call, " -- ")
		for _, found := range longFlag.FindAllStringSubmatch(call, -1) {
			if !slices.ContainsFunc(settings(), func(s setting) bool { return s.flag == found[1] }) {
				t.Errorf("%s: there is no --%s", name, found[1])
			}
		}
	}
}

var (
	callOfCannery = regexp.MustCompile(`cannery (run|start|export|import|verify|status) .*`)
	longFlag      = regexp.MustCompile(` --([\w-]+)`)
	linkedName    = regexp.MustCompile(`-X main\.(\w+)=`)
	modulePath    = regexp.MustCompile(`[\w.-]+(/[\w.-]+)*/cmd/cannery@`)
)

// TestReleasesSetWhatIsThere: the linker says nothing of a name that it does not find.
func TestReleasesSetWhatIsThere(t *testing.T) {
	names := []string{"releaseVersion", "releaseCommit", "releaseDate"}
	for _, path := range []string{"cmd/cannery/Dockerfile", ".goreleaser.yaml"} {
		var set []string
		for _, found := range linkedName.FindAllStringSubmatch(readText(t, filepath.Join("..", "..", path)), -1) {
			set = append(set, found[1])
		}
		if !slices.Equal(set, names) {
			t.Errorf("%s sets %q, want %q", path, set, names)
		}
	}
}

// TestImageIsSmallAndUnprivileged: nothing but what is built, for a user who is nobody.
func TestImageIsSmallAndUnprivileged(t *testing.T) {
	_, image, found := strings.Cut(readText(t, "Dockerfile"), "\nFROM scratch\n")
	if !found {
		t.Fatal("the image is not made from scratch")
	}
	for _, want := range []string{"\nUSER 65532:65532\n", `CMD ["/bin/cannery", "status"]`, `ENTRYPOINT ["/bin/cannery"]`} {
		if !strings.Contains(image, want) {
			t.Errorf("the Dockerfile has no %q", want)
		}
	}
}

// TestPagesNameTheModule: with a new path in go.mod no page keeps the old one.
func TestPagesNameTheModule(t *testing.T) {
	goMod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(goMod), "\n")
	want := strings.TrimPrefix(first, "module ") + "/cmd/cannery@"
	for _, page := range pages(t) {
		for _, got := range modulePath.FindAllString(readText(t, filepath.Join("..", "..", page)), -1) {
			if got != want {
				t.Errorf("%s names %s, want %s", page, got, want)
			}
		}
	}
}
