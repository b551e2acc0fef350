package main

import (
	"context"
	"encoding/json"
	"fmt"
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
	store  storeOptions
	origin origin
	merge  bool
	dryRun bool
	json   bool
}

func newImport(w *world) *cobra.Command {
	o := &importer{}
	cmd := &cobra.Command{
		Use:   "import DIR|FILE.har",
		Short: "Make fixtures the recordings",
		Long: `Read a directory of fixtures, or a HAR file, and make it what is recorded. All
of it is read first: an error leaves the store as it was. A proxy that runs on
the store serves the imported set with its next request.`,
		Example: `  cannery import fixtures/
  cannery import fixtures/ --merge
  cannery import session.har --origin https://api.example.com`,
		Args: cobra.ArbitraryArgs,
	}
	f := flagsOf(cmd)
	bind(f, "merge", &o.merge, parseSwitch)
	bind(f, "dry-run", &o.dryRun, parseSwitch)
	bind(f, "json", &o.json, parseSwitch)
	bindOrigin(f, &o.origin, parseOrigin)
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
	bar := newProgress(w.stderr, env, "importing")
	counted := func(yield func(*fixtures.Recording, error) bool) {
		for rec, err := range recs {
			bar.add()
			if !yield(rec, err) {
				return
			}
		}
	}
	n := 0
	if o.dryRun {
		for _, err = range counted {
			if err != nil {
				break
			}
			n++
		}
	} else {
		n, err = store.Import(ctx, rules, counted, o.merge)
	}
	bar.end()
	if err != nil {
		return fmt.Errorf("import %q: %w", path, err)
	}
	return o.print(w, address, n)
}

// read opens what is to be imported. Done closes it.
func (o *importer) read(ctx context.Context, w *world, path string, rules fixtures.Rules, secret []byte) (fixtures.Rules, iter.Seq2[*fixtures.Recording, error], func(), error) {
	if !strings.HasSuffix(strings.ToLower(path), ".har") {
		set, err := dir.Open(path)
		if err != nil {
			return rules, nil, nil, err
		}
		cfg, err := set.Config()
		if err != nil {
			return rules, nil, nil, err
		}
		return cfg.Rules, set.Recordings(ctx), func() {}, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return rules, nil, nil, cause(err)
	}
	options := har.Options{File: path, Origin: o.origin.name, Secret: secret}
	if o.origin.url != nil {
		options.URL = o.origin.url.String()
	}
	options.Skipped = func(index int, why string) {
		fmt.Fprintf(w.stderr, "cannery: skipped: %s: log.entries[%d]: %s\n", path, index, why)
	}
	options.Attached = func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(path), name))
	}
	return rules, har.Read(file, options), func() { file.Close() }, nil
}

func (o *importer) print(w *world, address string, n int) (err error) {
	verb := "imported"
	if o.dryRun {
		verb = "would import"
	}
	if o.json {
		err = json.NewEncoder(w.stdout).Encode(struct {
			Imported int    `json:"imported"`
			DryRun   bool   `json:"dry_run"`
			Store    string `json:"store"`
		}{n, o.dryRun, address})
	} else {
		_, err = fmt.Fprintf(w.stdout, "%s %s into %s\n", verb, count(int64(n), "recording", "recordings"), address)
	}
	return printed(err)
}
