package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/har"
)

// An importer makes fixtures the recordings of a store.
type importer struct {
	store   storeOptions
	origins origins
	merge   bool
	dryRun  bool
	json    bool

	skipped int64 // entries of a HAR file
}

func newImport(w *world) *cobra.Command {
	o := &importer{}
	cmd := &cobra.Command{
		Use:   "import DIR|FILE.har",
		Short: "Make fixtures the recordings",
		Long: `Read a directory of fixtures, or a HAR file, and make it what is recorded. All
of it is read first: an error leaves the store as it was, and so does a file of
which nothing can be used. Entries of a HAR file that cannot be used are named
and skipped; the others are imported in the order of their times, all hosts of
them, each as an origin of its own, or those that --origin names. A proxy that
runs on the store serves the imported set with its next request.`,
		Example: `  cannery import fixtures/
  cannery import fixtures/ --merge
  cannery import session.har --origin https://api.example.com`,
		Args: cobra.ArbitraryArgs,
	}
	f := flagsOf(cmd)
	bind(f, "merge", &o.merge, parseSwitch)
	bind(f, "dry-run", &o.dryRun, parseSwitch)
	bind(f, "json", &o.json, parseSwitch)
	bindOrigins(f, &o.origins, parseOrigin)
	o.store.bind(f)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		env, err := w.resolve(f)
		switch {
		case err != nil:
			return err
		case len(args) == 0 || args[0] == "":
			return misuse("cannery import fixtures/", "import: no directory is given")
		case len(args) > 1:
			return misuse("", "import: unexpected argument %q", args[1])
		}
		return o.run(cmd.Context(), w, f, env, args[0])
	}
	return cmd
}

func (o *importer) run(ctx context.Context, w *world, f *flags, env environment, path string) error {
	store, address, err := o.store.open(ctx, f, env)
	if err != nil {
		return err
	}
	defer store.Close() // what Import has done is done
	view, err := store.View(ctx)
	if err != nil {
		return fmt.Errorf("import into %q: %w", address, err)
	}
	rules, recs, done, err := o.read(ctx, w, path, *view.Rules, view.FingerprintKey())
	if err != nil {
		return fmt.Errorf("import %q: %w", path, err)
	}
	defer done()
	bar := newProgress(w.stderr, env, "importing", filesIn(path))
	n := 0
	counted := func(yield func(*fixtures.Recording, error) bool) {
		for rec, err := range recs {
			bar.add()
			if n++; !yield(rec, err) {
				return
			}
		}
		if n == 0 {
			yield(nil, o.nothing())
		}
	}
	if o.dryRun {
		for _, err = range counted {
			if err != nil {
				break
			}
		}
	} else {
		n, err = store.Import(ctx, rules, counted, o.merge)
	}
	bar.end()
	if err != nil {
		return fmt.Errorf("import %q: %w", path, err)
	}
	if !o.dryRun {
		w.confirm(ctx, store)
	}
	return o.print(w, address, n)
}

// nothing is the error of an import that would empty the store.
func (o *importer) nothing() error {
	err := errors.New("there is no recording in it, and nothing was changed")
	if o.skipped > 0 {
		err = fmt.Errorf("%s cannot be used, and nothing was changed", count(o.skipped, "entry, the only one,", "entries, all there are,"))
	}
	return &failure{exitFailed, err, "to have an empty store: cannery clear-cache"}
}

// maxPiped bounds a HAR, in bytes, that comes through a pipe, which cannot be read
// twice: it is held in memory.
const maxPiped = 512 << 20

// read opens what is to be imported. Done closes it.
func (o *importer) read(ctx context.Context, w *world, path string, rules fixtures.Rules, secret []byte) (fixtures.Rules, iter.Seq2[*fixtures.Recording, error], func(), error) {
	if info, err := os.Stat(path); err != nil && !strings.HasSuffix(strings.ToLower(path), ".har") || err == nil && info.IsDir() {
		set, err := dir.Open(path)
		if err != nil {
			return rules, nil, nil, err
		}
		cfg, err := set.Config()
		if err != nil {
			return rules, nil, nil, err
		}
		return cfg.Rules, set.Recordings(ctx), func() { passedOver(path, set.Foreign(), w.warn) }, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return rules, nil, nil, cause(err)
	}
	var from io.ReadSeeker = file
	if info, err := file.Stat(); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		all, err := io.ReadAll(io.LimitReader(file, maxPiped))
		if err == nil && len(all) == maxPiped {
			err = fmt.Errorf("more than %s came through the pipe: use a file", sizeText(maxPiped))
		}
		if err != nil {
			return rules, nil, nil, cause(err)
		}
		from = bytes.NewReader(all)
	}
	options := har.Options{File: path, Secret: secret}
	for _, origin := range o.origins {
		options.Origins = append(options.Origins, har.Origin{Name: origin.name, URL: origin.address()})
	}
	options.Skipped = func(index int, why string) {
		o.skipped++
		fmt.Fprintf(w.stderr, "cannery: skipped: %s: log.entries[%d]: %s\n", path, index, why)
	}
	options.Attached = func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(path), name))
	}
	return rules, har.Read(from, options), func() { file.Close() }, nil
}

func (o *importer) print(w *world, address string, n int) (err error) {
	verb := "imported"
	if o.dryRun {
		verb = "would import"
	}
	if o.json {
		err = json.NewEncoder(w.stdout).Encode(struct {
			Imported int    `json:"imported"`
			Skipped  int64  `json:"skipped"`
			DryRun   bool   `json:"dry_run"`
			Store    string `json:"store"`
		}{n, o.skipped, o.dryRun, address})
	} else {
		skipped := ""
		if o.skipped > 0 {
			skipped = ", skipped " + count(o.skipped, "entry", "entries")
		}
		_, err = fmt.Fprintf(w.stdout, "%s %s into %s%s\n", verb, count(int64(n), "recording", "recordings"), address, skipped)
	}
	return printed(err)
}
