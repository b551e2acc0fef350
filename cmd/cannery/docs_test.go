package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write README.md's table of flags and .env.example's list of variables")

const (
	flagsBegin = "<!-- flags -->\n"
	flagsEnd   = "<!-- /flags -->"

	// variablesBegin is the line of .env.example that the list stands below.
	variablesBegin = "# Every flag of start can be set here too.\n"
)

func TestReadmeHasTheTableOfFlags(t *testing.T) {
	path := filepath.Join("..", "..", "README.md")
	readme := readText(t, path)
	before, rest, ok := strings.Cut(readme, flagsBegin)
	got, after, ok2 := strings.Cut(rest, flagsEnd)
	if !ok || !ok2 {
		t.Fatalf("README.md has no table of flags between %q and %q", flagsBegin, flagsEnd)
	}
	want := flagTable()
	if *update {
		writeText(t, path, before+flagsBegin+want+flagsEnd+after)
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("README.md differs from the settings; go test ./cmd/cannery -update writes it (-want +got):\n%s", diff)
	}
}

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
	for _, name := range []string{envHost, envPort, envPassword, envUsername, envDB, "REDIS_URL"} {
		if !strings.Contains(before, name+"=") {
			t.Errorf(".env.example does not have %s", name)
		}
	}
}

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
	code := run(context.Background(), []string{"version"}, none, &stdout, &stderr, nil)
	if code != exitOK || stdout.String() != version()+"\n" || stderr.Len() > 0 {
		t.Errorf("version: exit %d, stdout %q, stderr %q", code, &stdout, &stderr)
	}
}

// flagTable is README's table.
func flagTable() string {
	var b strings.Builder
	b.WriteString("| flag | environment | default | meaning |\n|---|---|---|---|\n")
	for _, s := range settings() {
		name := "`--" + s.flag
		if s.value != "" {
			name += " " + strings.ReplaceAll(s.value, "|", `\|`)
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
