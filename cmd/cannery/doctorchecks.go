package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"example.com/cannery/fixtures/dir"
)

// checkNames warns of variables that look like settings and are none.
func (o *doctor) checkNames() {
	for _, what := range slices.Concat(o.flags.unknownVariables(o.env), o.env.twoPasswords()) {
		o.say(warns, what, "")
	}
}

// checkStore opens the store and reads its state.
func (o *doctor) checkStore(ctx context.Context) {
	store, address, err := o.collection.store.open(ctx, o.flags, o.env)
	if err != nil {
		var f *failure
		if !errors.As(err, &f) {
			err = &failure{exitStore, err, ""}
		}
		o.failed(err)
		return
	}
	defer store.Close() // nothing has been written
	if _, err := store.View(ctx); err != nil {
		o.failed(&failure{exitStore, fmt.Errorf("open %q: %w", address, err), ""})
		return
	}
	by := (&collectionOptions{store: o.collection.store}).chosenBy(o.flags, o.env)
	o.say(fine, fmt.Sprintf("the store %s is reachable (%s)", address, choiceText(by)), "")
}

// usualFixtures is where fixtures are looked for when none are named.
const usualFixtures = "fixtures"

// fixturesDir returns the directory of fixtures to look at, "" for none.
func (o *doctor) fixturesDir() string {
	if o.collection.fixtures != "" {
		return o.collection.fixtures
	}
	if _, err := os.Stat(filepath.Join(usualFixtures, "cannery.json")); err == nil {
		return usualFixtures
	}
	return ""
}

// checkFixtures reads all of a directory.
func (o *doctor) checkFixtures(ctx context.Context) {
	folder := o.fixturesDir()
	if folder == "" {
		o.say(fine, "no fixtures are named, and there are none in "+usualFixtures, "")
		return
	}
	collection, err := openSet(folder)
	if err != nil {
		o.failed(err)
		return
	}
	n := int64(0)
	for _, err := range collection.recordings(ctx) {
		if err != nil {
			fix := "repair or remove that file"
			if errors.Is(err, dir.ErrNoFixtures) {
				fix = "name a directory that 'cannery export' or 'cannery run' has written"
			}
			o.say(fails, err.Error(), fix)
			return
		}
		n++
	}
	passedOver(folder, collection.set.Foreign(), func(text string) {
		o.say(warns, strings.TrimPrefix(text, "warning: "), "move it elsewhere if it is not to be a fixture")
	})
	o.say(fine, fmt.Sprintf("%s in %s can be read", count(n, "fixture", "fixtures"), folder), "")
}

// checkPort listens where start would.
func (o *doctor) checkPort(ctx context.Context) {
	l, err := listen(ctx, o.host, o.port)
	if err != nil {
		var f *failure
		errors.As(err, &f)
		o.say(warns, "start could not "+err.Error(), f.hint)
		return
	}
	defer l.Close()
	o.say(fine, fmt.Sprintf("start can listen on %s", l.Addr()), "")
}

// checkGit looks whether git would publish what is private, or keep to itself
// what is to be committed. Without git, or outside of a repository, nothing is
// to be said.
func (o *doctor) checkGit(ctx context.Context) {
	if exec.CommandContext(ctx, "git", "rev-parse", "--is-inside-work-tree").Run() != nil {
		return
	}
	if _, err := os.Stat(dotenvName); err == nil {
		if ignored(ctx, dotenvName) {
			o.say(fine, "git ignores "+dotenvName, "")
		} else {
			o.say(warns, "git does not ignore "+dotenvName+", which may hold a password", "echo "+dotenvName+" >> .gitignore")
		}
	}
	if path, err := o.collection.store.dirPath(o.env); err == nil && inside(ctx, path) && !ignored(ctx, path) {
		o.say(warns, fmt.Sprintf("recordings are kept in %s, which git does not ignore: they hold what the origin said, secrets included", path), "add it to .gitignore")
	}
	if dir := o.fixturesDir(); dir != "" && ignored(ctx, filepath.Join(dir, "cannery.json")) {
		o.say(warns, fmt.Sprintf("git ignores the fixtures in %s, which are to be committed", dir), "remove the line of .gitignore that git check-ignore -v "+filepath.Join(dir, "cannery.json")+" names")
	}
}

// ignored reports whether git ignores a file of the work tree that it does not
// have yet.
func ignored(ctx context.Context, path string) bool {
	return exec.CommandContext(ctx, "git", "check-ignore", "-q", path).Run() == nil
}

// inside reports whether a path lies in git's work tree.
func inside(ctx context.Context, path string) bool {
	out, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return false
	}
	below, err := filepath.Rel(strings.TrimSpace(string(out)), path)
	return err == nil && filepath.IsLocal(below)
}
