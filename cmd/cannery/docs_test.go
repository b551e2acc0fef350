package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"example.com/cannery/fixtures/redisstore"
)

var update = flag.Bool("update", false, "write what is made of the code, or printed, into README.md and other pages, and into .env.example")

// variablesBegin is the line of .env.example that the list stands below.
const variablesBegin = "# These flags can be set here too.\n"

func TestExampleHasAllVariables(t *testing.T) {
	path := filepath.Join("..", "..", ".env.example")
	before, got, ok := strings.Cut(readText(t, path), variablesBegin)
	if !ok {
		t.Fatalf(".env.example has no line %q", variablesBegin)
	}
	var want strings.Builder
	for _, s := range settings() {
		if names := s.variables(); names != nil {
			fmt.Fprintf(&want, "# %s=%s\n", names[0], s.normal)
		}
	}
	if *update {
		writeText(t, path, before+variablesBegin+want.String())
		return
	}
	if diff := cmp.Diff(want.String(), got); diff != "" {
		t.Errorf(".env.example differs from the settings; go test ./cmd/cannery -update writes it (-want +got):\n%s", diff)
	}
	for _, name := range []string{envHost, envPort, envPassword, envPasswordToo, envUsername, envDB, envURL, envSentinelUsername, envSentinelPassword} {
		if !strings.Contains(before, name+"=") {
			t.Errorf(".env.example does not have %s", name)
		}
	}
}

// TestPagesHaveRedisURLs that can be parsed: what they configure is not there to be tried.
func TestPagesHaveRedisURLs(t *testing.T) {
	found := 0
	for _, page := range pages(t) {
		for _, url := range redisURL.FindAllString(readText(t, filepath.Join("..", "..", page)), -1) {
			found++
			if text := (redisstore.Config{URL: url}).String(); !strings.Contains(text, ":***@") {
				t.Errorf("%s: %s is read as %s", page, url, text)
			}
		}
	}
	if found < 5 {
		t.Errorf("pages have %d URLs of a Redis", found)
	}
}

var redisURL = regexp.MustCompile(`rediss?(\+\w+)?://:PASSWORD@[\w.:,/]+`)

// TestExampleIsRecognised: whoever copies it and edits nothing is told so.
func TestExampleIsRecognised(t *testing.T) {
	bindings, junk := parseDotenv(readText(t, filepath.Join("..", "..", ".env.example")))
	if junk != nil {
		t.Errorf("lines %v cannot be read", junk)
	}
	values := expand(bindings, func(string) (string, bool) { return "", false })
	if !isPlaceholder(values[envHost]) || !isPlaceholder(values[envPassword]) {
		t.Errorf("%q are not recognised as placeholders", values)
	}
}

func TestEverySettingIsAFlag(t *testing.T) {
	got := map[string]bool{}
	for _, cmd := range newRoot(&world{stdout: io.Discard, stderr: io.Discard}).Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { got[f.Name] = true })
	}
	for _, s := range settings() {
		if !got[s.flag] {
			t.Errorf("no command has --%s", s.flag)
		}
		if strings.HasSuffix(s.help, ".") || s.help == "" {
			t.Errorf("--%s: help %q is no phrase", s.flag, s.help)
		}
	}
}

// TestRunIsAFunctionOfItsArguments: nothing of the process is needed.
func TestRunIsAFunctionOfItsArguments(t *testing.T) {
	var stdout, stderr bytes.Buffer
	none := func(string) (string, bool) { return "", false }
	code := run(context.Background(), []string{"version"}, environment{lookup: none}, nil, &stdout, &stderr, nil)
	if code != exitOK || stdout.String() != version()+"\n" || stderr.Len() > 0 {
		t.Errorf("version: exit %d, stdout %q, stderr %q", code, &stdout, &stderr)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestFaultsAreTested: the tests that the page of faults names are there, and each of its
// rows names some.
func TestFaultsAreTested(t *testing.T) {
	tests := map[string]bool{}
	err := filepath.WalkDir(filepath.Join("..", ".."), func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(name, ".txtar"):
			_, script, _ := strings.Cut(filepath.ToSlash(name), "/cmd/cannery/testdata/")
			tests[script] = true
		case strings.HasSuffix(name, "_test.go"):
			for _, found := range testName.FindAllStringSubmatch(readText(t, name), -1) {
				tests[found[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(readText(t, "faults.md")) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(cells[1], "---") || strings.HasSuffix(cells[3], "tested by ") {
			continue
		}
		rows++
		named := quotedName.FindAllString(cells[3], -1)
		if len(named) == 0 {
			t.Errorf("no test stands in the row %s", line)
		}
		for _, name := range named {
			if !tests[strings.Trim(name, "`")] {
				t.Errorf("faults.md names %s, which is not there", name)
			}
		}
	}
	if rows < 30 {
		t.Errorf("faults.md has %d rows", rows)
	}
}

var testName = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
