//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var actionDir = filepath.Join("..", "..", ".github", "actions", "cannery")

// An action is what this test knows of action.yml: a composite action.
type action struct {
	Inputs map[string]struct {
		Default string `yaml:"default"`
	} `yaml:"inputs"`
	Runs struct {
		Steps []struct {
			If   string            `yaml:"if"`
			Uses string            `yaml:"uses"`
			Run  string            `yaml:"run"`
			Env  map[string]string `yaml:"env"`
		} `yaml:"steps"`
	} `yaml:"runs"`
}

// TestActionRunsASuite does what a runner does with the action: its steps in order, with
// its inputs as variables. There is no cache.
func TestActionRunsASuite(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: programs are built without -short")
	}
	temp := t.TempDir() // of the runner: what is built there once is not linked again
	for _, tt := range []struct {
		name, fixture, command, says string
		code                         int
	}{
		{"replays", `{"request": {"method": "GET", "url": "/x"}, "response": {"status": 200, "body": {"text": "seen"}}}`, `curl -fsS http://api.example.com/x`, "seen", 0},
		{"misses", `{"request": {"method": "GET", "url": "/x"}, "response": {"status": 200}}`, `curl -sS http://api.example.com/y`, "was never recorded", exitDifferent},
		{"finds secrets", `{"request": {"method": "GET", "url": "/x?access_token=ghp_abcdefghijklmnopqrstuvwxyz0123456789"}, "response": {"status": 200}}`, `false`, "github-token", exitSecrets},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, "recorded"), 0o700); err != nil {
				t.Fatal(err)
			}
			writeText(t, filepath.Join(dir, "recorded", "cannery.json"), `{"version": 1, "origins": {"http://api.example.com": "http://api.example.com"}, "rules": {}}`)
			writeText(t, filepath.Join(dir, "recorded", "x.json"), tt.fixture)
			out, code := runAction(t, temp, dir, map[string]string{"command": tt.command, "fixtures": "recorded"})
			if code != tt.code || !strings.Contains(out, tt.says) {
				t.Errorf("exit %d, want %d, and %q in:\n%s", code, tt.code, tt.says, out)
			}
			summary, err := os.ReadFile(filepath.Join(dir, "summary.md"))
			if ran := tt.code != exitSecrets; ran != strings.HasPrefix(string(summary), "## cannery: 1 request") {
				t.Errorf("the job's summary is %q, %v", summary, err)
			}
		})
	}
}

// runAction runs the steps in dir until one fails, and returns what they print and the
// code of the last. The job's summary comes to dir/summary.md.
func runAction(t *testing.T, temp, dir string, inputs map[string]string) (printed string, code int) {
	t.Helper()
	var a action
	if err := yaml.Unmarshal([]byte(readText(t, filepath.Join(actionDir, "action.yml"))), &a); err != nil {
		t.Fatal(err)
	}
	for name, input := range a.Inputs {
		if _, given := inputs[name]; !given {
			inputs[name] = input.Default
		}
	}
	abs, err := filepath.Abs(actionDir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "path")
	env := append(os.Environ(), "GITHUB_ACTION_PATH="+abs, "RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+path+".output", "GITHUB_PATH="+path, "GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary.md"), "GITHUB_ACTION_REF=v1")
	var out bytes.Buffer
	for _, step := range a.Runs.Steps {
		if step.Uses != "" {
			continue
		}
		own := slices.Clone(env)
		for name, value := range step.Env {
			own = append(own, name+"="+inputReference.ReplaceAllStringFunc(value, func(ref string) string {
				return inputs[inputReference.FindStringSubmatch(ref)[1]]
			}))
		}
		if added, err := os.ReadFile(path); err == nil {
			own = append(own, "PATH="+strings.TrimSpace(string(added))+":"+os.Getenv("PATH"))
		}
		cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "bash", "-e", "-o", "pipefail", "-c", step.Run)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, own, &out, &out
		if err := cmd.Run(); err != nil {
			return out.String(), cmd.ProcessState.ExitCode()
		}
	}
	return out.String(), 0
}

var inputReference = regexp.MustCompile(`\$\{\{ inputs\.([\w-]+) \}\}`)

// TestHookFindsSecrets runs what pre-commit would.
func TestHookFindsSecrets(t *testing.T) {
	var hooks []struct {
		ID    string   `yaml:"id"`
		Entry string   `yaml:"entry"`
		Args  []string `yaml:"args"`
		Files string   `yaml:"files"`
	}
	if err := yaml.Unmarshal([]byte(readText(t, filepath.Join("..", "..", ".pre-commit-hooks.yaml"))), &hooks); err != nil {
		t.Fatal(err)
	}
	if len(hooks) != 1 || !regexp.MustCompile(hooks[0].Files).MatchString("fixtures/GET/x.json") {
		t.Fatalf("hooks: %+v", hooks)
	}
	args := append(strings.Fields(hooks[0].Entry), hooks[0].Args...)
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("fixtures", 0o700); err != nil {
		t.Fatal(err)
	}
	writeText(t, "fixtures/cannery.json", `{"version": 1, "origins": {}, "rules": {}}`)
	none := func(string) (string, bool) { return "", false }
	for _, tt := range []struct {
		url  string
		code int
	}{
		{"/x", exitOK},
		{"/x?access_token=ghp_abcdefghijklmnopqrstuvwxyz0123456789", exitSecrets},
	} {
		writeText(t, "fixtures/x.json", `{"request": {"method": "GET", "url": "`+tt.url+`"}, "response": {"status": 200}}`)
		var out bytes.Buffer
		if code := run(t.Context(), args[1:], environment{lookup: none}, nil, &out, &out, nil); code != tt.code {
			t.Errorf("%v with %s: exit %d, want %d:\n%s", args, tt.url, code, tt.code, &out)
		}
	}
}
