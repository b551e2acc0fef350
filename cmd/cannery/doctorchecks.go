package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/cannery/fixtures/checkup"
	"example.com/cannery/fixtures/dir"
)

// tryDotenv reads .env, which the other checks need.
func (o *doctor) tryDotenv(context.Context) (found []checkup.Finding) {
	env, junk, err := o.world.env.withDotenv()
	o.env = env
	switch {
	case err != nil:
		return one(failed(err))
	case env.file == nil:
		return one(checkup.Found("there is no .env here; it is not needed"))
	}
	for _, line := range junk {
		found = append(found, checkup.Warning(fmt.Sprintf("%s line %d is not NAME=value and is ignored", dotenvName, line), "write it as NAME=value, or begin it with #"))
	}
	return append(found, checkup.Found(fmt.Sprintf("%s sets %s", dotenvName, count(int64(len(env.file)), "variable", "variables"))))
}

// trySettings reads those of start from the environment, and those that the other
// checks need.
func (o *doctor) trySettings(context.Context) (found []checkup.Finding) {
	o.settings, o.would = flagsOf(&cobra.Command{}), &start{}
	o.would.bind(o.settings)
	set := 0
	o.settings.set.VisitAll(func(flag *pflag.Flag) {
		v := flag.Value.(*value)
		err := o.settings.fillOne(v, o.env, v.variables())
		source := o.settings.source[v.flag]
		switch {
		case err != nil:
			found = append(found, failed(err))
		case source != "":
			set++
			text := v.text
			if v.list {
				text = strings.Join(v.given, ",")
			}
			found = append(found, checkup.Found(fmt.Sprintf("%s is %q", source, masked(text))))
		}
		// What is wrong has been told of: here it does not count.
		if mine := o.flags.set.Lookup(v.flag); mine != nil && !mine.Changed && err == nil {
			_ = o.flags.fillOne(mine.Value.(*value), o.env, v.variables())
		}
	})
	o.flags.set.VisitAll(func(flag *pflag.Flag) {
		if flag.Changed {
			o.flags.source[flag.Name] = "--" + flag.Name
		}
	})
	if set == 0 {
		found = append(found, checkup.Found("no setting comes from the environment"))
	}
	return found
}

// tryNames looks for variables that look like settings and are none.
func (o *doctor) tryNames(context.Context) (found []checkup.Finding) {
	for _, what := range o.flags.unknownVariables(o.env) {
		found = append(found, checkup.Warning(what, ""))
	}
	for _, what := range o.env.twoPasswords() {
		found = append(found, checkup.Warning(what, "remove one of them"))
	}
	return found
}

// tryTLS looks at how start would speak TLS with clients.
func (o *doctor) tryTLS(context.Context) (found []checkup.Finding) {
	t := &o.would.tls
	for flag, file := range map[string]pemFile{"tls-cert": t.cert, "tls-key": t.key} {
		if o.settings.source[flag] != "" && !file.given() {
			return nil // it could not be read, which has been told
		}
	}
	for _, err := range []error{t.check(o.settings, "start"), o.would.checkCAFile(o.settings, "start")} {
		if err != nil {
			return one(failed(err))
		}
	}
	if t.pair == nil {
		return nil
	}
	t.warnOfCertificate("https://"+net.JoinHostPort(t.hostFor(reachable(o.host)), strconv.Itoa(o.port)), func(text string) {
		found = append(found, checkup.Warning(strings.TrimPrefix(text, "warning: "), "give --tls-cert a certificate that clients accept there"))
	})
	if found == nil {
		return one(checkup.Found(fmt.Sprintf("the certificate in %s can be shown until %s", t.cert.path, t.pair.Leaf.NotAfter.Format(time.DateOnly))))
	}
	return found
}

// tryStore opens the store, reads its state, and has it try what it needs.
func (o *doctor) tryStore(ctx context.Context) []checkup.Finding {
	store, address, err := o.collection.store.open(ctx, o.flags, o.env)
	if err != nil {
		var f *failure
		if !errors.As(err, &f) {
			err = &failure{exitStore, err, ""}
		}
		return one(failed(err))
	}
	defer store.Close() // nothing has been written
	if _, err := store.View(ctx); err != nil {
		return one(failed(&failure{exitStore, fmt.Errorf("open %q: %w", address, err), storeHint(err)}))
	}
	by := (&collectionOptions{store: o.collection.store}).chosenBy(o.flags, o.env)
	reachable := checkup.Found(fmt.Sprintf("the store %s is reachable (%s)", address, choiceText(by)))
	return append(one(reachable), examine(ctx, store, true)...)
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

// tryFixtures reads all of a directory.
func (o *doctor) tryFixtures(ctx context.Context) (found []checkup.Finding) {
	folder := o.fixturesDir()
	if folder == "" {
		return one(checkup.Found("no fixtures are named, and there are none in " + usualFixtures))
	}
	collection, err := openSet(folder)
	if err != nil {
		return one(failed(err))
	}
	n := int64(0)
	for _, err := range collection.recordings(ctx) {
		if errors.Is(err, dir.ErrNoFixtures) {
			return one(checkup.Failure(err.Error(), "name a directory that 'cannery export' or 'cannery run' has written"))
		}
		if err != nil {
			return one(checkup.Failed(err))
		}
		n++
	}
	passedOver(folder, collection.set.Foreign(), func(text string) {
		found = append(found, checkup.Warning(strings.TrimPrefix(text, "warning: "), "move it elsewhere if it is not to be a fixture"))
	})
	return append(found, checkup.Found(fmt.Sprintf("%s in %s can be read", count(n, "fixture", "fixtures"), folder)))
}

// tryPort listens where start would.
func (o *doctor) tryPort(ctx context.Context) []checkup.Finding {
	l, err := listen(ctx, o.host, o.port)
	if err != nil {
		return one(checkup.Warning("start could not "+err.Error(), failed(err).Hint))
	}
	defer l.Close()
	return one(checkup.Found(fmt.Sprintf("start can listen on %s", l.Addr())))
}

// tryGit looks whether git would publish what is private, or keep to itself what is to
// be committed. Without git, or outside of a repository, nothing is to be said.
func (o *doctor) tryGit(ctx context.Context) (found []checkup.Finding) {
	if exec.CommandContext(ctx, "git", "rev-parse", "--is-inside-work-tree").Run() != nil {
		return nil
	}
	if _, err := os.Stat(dotenvName); err == nil {
		if ignored(ctx, dotenvName) {
			found = append(found, checkup.Found("git ignores "+dotenvName))
		} else {
			found = append(found, checkup.Warning("git does not ignore "+dotenvName+", which may hold a password", "echo "+dotenvName+" >> .gitignore"))
		}
	}
	if path, err := o.collection.store.dirPath(o.env); err == nil && inside(ctx, path) && !ignored(ctx, path) {
		found = append(found, checkup.Warning(fmt.Sprintf("recordings are kept in %s, which git does not ignore: they hold what the origin said, secrets included", path), "add it to .gitignore"))
	}
	if dir := o.fixturesDir(); dir != "" && ignored(ctx, filepath.Join(dir, "cannery.json")) {
		found = append(found, checkup.Warning(fmt.Sprintf("git ignores the fixtures in %s, which are to be committed", dir), "remove the line of .gitignore that git check-ignore -v "+filepath.Join(dir, "cannery.json")+" names"))
	}
	return found
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
