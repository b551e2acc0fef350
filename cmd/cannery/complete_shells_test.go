//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// completed is what is typed before the key TAB, and what a shell makes of it.
var completed = [][2]string{
	{"cannery sho", "cannery show "},
	{"cannery show 1293", "cannery show 12937993 "},
	{"cannery rm 12937993 42", "cannery rm 12937993 42006491 "},
	{"cannery start --after-last lo", "cannery start --after-last loop "},
	{"cannery ls --session s", "cannery ls --session s-1 "},
	{"cannery ls /users/", "cannery ls /users/1 "},
	{"cannery start --ignore quer", "cannery start --ignore query:"},
	{"cannery verify --origin api", "cannery verify --origin api=https://api.test "},
	{"cannery verify --origin http", "cannery verify --origin https://b.test "},
	{"cannery export fix", "cannery export fixtures/"},
}

// TestShellsComplete tries the scripts of "cannery completion" in the shells that are
// here, at a terminal, where they are people's.
func TestShellsComplete(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: shells are tried without -short")
	}
	const bashCompletion = "/usr/share/bash-completion/bash_completion"
	t.Run("bash", func(t *testing.T) {
		if _, err := os.Stat(bashCompletion); err != nil {
			t.Skip("SKIPPED: bash has no bash-completion here")
		}
		inCompletionFolder(t)
		shell := startShell(t)
		shell.await("$ ")
		shell.say("source " + bashCompletion + "; source <(cannery completion bash); echo re\"\"ady\n")
		shell.await("ready\r\n")
		completesLines(t, shell)
	})
	t.Run("zsh", func(t *testing.T) {
		inCompletionFolder(t)
		shell := startShellOf(t, "zsh", "-f", "-i")
		shell.say("PS1='$ '; autoload -U compinit; compinit -D -u; source <(cannery completion zsh); setopt nolistbeep; echo re\"\"ady\n")
		shell.await("ready\r\n")
		completesLines(t, shell)
	})
	t.Run("fish", func(t *testing.T) {
		if _, err := exec.LookPath("fish"); err != nil {
			t.Skip("SKIPPED: there is no fish")
		}
		inCompletionFolder(t)
		for _, c := range completed {
			// What fish would insert, as fish tells scripts.
			out, err := exec.Command("fish", "--no-config", "-c", "cannery completion fish | source; complete -C $argv[1]", c[0]).Output()
			word := c[1][strings.LastIndexByte(strings.TrimRight(c[1], " "), ' ')+1:]
			first, _, _ := strings.Cut(string(out), "\n")
			if offer, _, _ := strings.Cut(first, "\t"); err != nil || offer != strings.TrimRight(word, " ") {
				t.Errorf("fish offers %q after %q (%v), want %q first", out, c[0], err, word)
			}
		}
	})
}

// inCompletionFolder works in a folder with something to complete.
func inCompletionFolder(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("CANNERY_FIXTURES", "fixtures")
	if err := os.Mkdir("fixtures", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"cannery.json": `{"version": 1, "origins": {"api": "https://api.test"}, "rules": {}}`,
		"a.json":       `{"session": "s-1", "request": {"origin": "api", "method": "GET", "url": "/users/1"}, "response": {"status": 200}}`,
		"b.json":       `{"request": {"origin": "https://b.test", "method": "POST", "url": "/"}, "response": {"status": 200}}`,
	} {
		if err := os.WriteFile(filepath.Join("fixtures", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// completesLines types what is to be completed, and waits for the rest to come.
func completesLines(t *testing.T, shell *shell) {
	t.Helper()
	for _, c := range completed {
		shell.say(c[0] + "\t")
		shell.await(c[1][len(c[0]):])
		shell.say("\x15") // takes the line back
	}
}
