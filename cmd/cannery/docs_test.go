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

var update = flag.Bool("update", false, "write README.md's tables of flags and commands, and .env.example's list of variables")

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
	for _, name := range []string{envHost, envPort, envPassword, envPasswordToo, envUsername, envDB, envURL} {
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
