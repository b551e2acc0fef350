package main

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// planted are the secrets that scripts plant: the password of TestRedisScripts, and
// whatever begins as these do. Its client gets a secret back, and a store has it; nothing
// that people read may.
var planted = regexp.MustCompile(`(?i)s#word|s%23word|planted[0-9A-Za-z]{8}`)

// leakable is a testing.T for scripts, which looks for planted secrets in all that
// cannery has said in a script and in all files that it has made.
type leakable struct {
	*testing.T
	verbose bool
}

// runScripts runs scripts whose output is looked through. Setup, which may be nil, is
// for what not all of them need.
func runScripts(t *testing.T, p testscript.Params) {
	t.Helper()
	p.Deadline, p.Condition, p.Cmds = time.Now().Add(scriptsDeadline), scriptCondition, scriptCommands()
	setup := p.Setup
	p.Setup = func(env *testscript.Env) error {
		given := filesBelow(env.WorkDir)
		env.Defer(func() { wantNoneIn(env.T().(leakable).T, env.WorkDir, given) })
		if err := setupScript(env); err != nil || setup == nil {
			return err
		}
		return setup(env)
	}
	testscript.RunT(leakable{t, testing.Verbose()}, p)
}

func (l leakable) Run(name string, f func(t testscript.T)) {
	l.T.Run(name, func(t *testing.T) { f(leakable{t, l.verbose}) })
}

// Verbose has scripts log all that is said.
func (l leakable) Verbose() bool { return true }

// Log takes the log of a script.
func (l leakable) Log(args ...any) {
	l.T.Helper()
	text, _ := args[0].(string)
	for _, said := range saidByCannery(text) {
		if found := planted.FindString(said); found != "" {
			l.T.Errorf("%q is told:\n%s", found, said)
		}
	}
	if l.verbose || l.T.Failed() {
		l.T.Log(args...)
	}
}

// saidByCannery returns what runs of cannery have printed, of the log of a script. What
// run's command prints is among it.
func saidByCannery(log string) (said []string) {
	ours := false
	for line := range strings.Lines(log) {
		switch command, typed := strings.CutPrefix(line, "> "); {
		case typed:
			ours = isCannery(command)
		case strings.HasPrefix(line, "[background] "):
			ours = isCannery("exec " + strings.TrimPrefix(line, "[background] "))
		case strings.HasPrefix(line, "# "), strings.HasPrefix(line, "["):
		case ours:
			said = append(said, line)
		}
	}
	return said
}

// isCannery reports whether a line of a script runs cannery, and not for somebody who
// wants what a live client gets: show, and run's command, print that.
func isCannery(command string) bool {
	words := strings.Fields(command)
	at := slices.Index(words, "cannery")
	if len(words) > 2 && words[0] == "exits" {
		return words[2] != "show"
	}
	return at >= 0 && at+1 < len(words) && words[at+1] != "show"
}

// filesBelow returns the content of all files below a directory, by name.
func filesBelow(dir string) map[string][]byte {
	files := map[string][]byte{}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files[path], _ = os.ReadFile(path)
		}
		return nil // a script may have taken rights away
	})
	return files
}

// wantNoneIn looks at the files that a script has made. The state directory has what
// was recorded, and .env what is secret.
func wantNoneIn(t testing.TB, dir string, given map[string][]byte) {
	made := filesBelow(dir)
	for _, path := range slices.Sorted(maps.Keys(made)) {
		name, _ := filepath.Rel(dir, path)
		first, _, _ := strings.Cut(filepath.ToSlash(name), "/")
		if first == "state" || first == ".env" || first == ".tmp" || bytes.Equal(made[path], given[path]) {
			continue
		}
		if at := planted.FindIndex(made[path]); at != nil {
			t.Errorf("a secret is in %s: %q", name, made[path][max(0, at[0]-100):min(at[1]+50, len(made[path]))])
		}
	}
}
