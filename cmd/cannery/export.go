package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/har"
	"example.com/cannery/fixtures/publish"
	"example.com/cannery/fixtures/secret"
)

// An export writes what is recorded as fixtures, cleaned of secrets.
type export struct {
	store  storeOptions
	redact []string // nil: as in the rules of the store
	dir    string   // "": a HAR file instead
	har    string   // "": a directory
	check  bool
	prune  bool
	dryRun bool
	json   bool
}

func newExport(w *world) *cobra.Command {
	o := &export{}
	cmd := &cobra.Command{
		Use:   "export DIR",
		Short: "Write recordings as fixtures",
		Long: `Write what is recorded into a directory of fixtures, one JSON file for each
recording, to be reviewed and committed. Secrets are replaced by placeholders;
the recordings keep them. With --check nothing is written: it fails when the
fixtures in DIR hold what looks like a secret.`,
		Example: `  cannery export fixtures/
  cannery export fixtures/ --prune
  cannery export fixtures/ --check
  cannery export --har session.har`,
		Args: cobra.ArbitraryArgs,
	}
	f := flagsOf(cmd)
	bindList(f, "redact", &o.redact, parseText)
	bind(f, "har", &o.har, parseText)
	bind(f, "check", &o.check, parseSwitch)
	bind(f, "prune", &o.prune, parseSwitch)
	bind(f, "dry-run", &o.dryRun, parseSwitch)
	bind(f, "json", &o.json, parseSwitch)
	o.store.bind(f)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		env, err := w.resolve(f)
		if err != nil {
			return err
		}
		if o.dir, err = o.target(args); err != nil {
			return err
		}
		if o.check {
			return o.runCheck(cmd.Context(), w)
		}
		return o.run(cmd.Context(), w, f, env)
	}
	return cmd
}

// target returns the directory to export to, "" for none but a HAR file.
func (o *export) target(args []string) (string, error) {
	switch {
	case len(args) > 1:
		return "", misuse("", "export: unexpected argument %q", args[1])
	case len(args) == 1 && args[0] == "":
		return "", misuse("cannery export fixtures/", "export: the directory is empty")
	case len(args) == 1 && o.har != "":
		return "", misuse("export to one at a time", "export: both %q and --har %q are given", args[0], o.har)
	case len(args) == 1:
		return args[0], nil
	case o.har == "" || o.check:
		return "", misuse("cannery export fixtures/", "export: no directory is given")
	}
	return "", nil
}

func (o *export) run(ctx context.Context, w *world, f *flags, env environment) error {
	if _, err := (fixtures.Rules{Redact: o.redact}).Normalize(); err != nil {
		return misuse("", "export: %w", err)
	}
	store, address, err := o.store.open(ctx, f, env)
	if err != nil {
		return err
	}
	defer store.Close() // nothing has been written that could be lost
	bar := newProgress(w.stderr, env, "reading", storedIn(ctx, store))
	p, err := publish.New(ctx, store, o.redact, bar.add)
	bar.end()
	if err != nil {
		return fmt.Errorf("export %q: %w", address, err)
	}
	if o.har != "" {
		return o.writeHAR(ctx, w, address, p)
	}
	report, err := o.write(ctx, w, env, p, bar.done)
	if err != nil {
		return err
	}
	if err := o.print(w, address, report); err != nil || p.Left() == 0 {
		return err
	}
	return o.runCheck(ctx, w)
}

// write writes a publication of so many recordings.
func (o *export) write(ctx context.Context, w *world, env environment, p *publish.Publication, total int) (dir.WriteReport, error) {
	bar := newProgress(w.stderr, env, "writing", known(total))
	defer bar.end()
	set, err := dir.Open(o.dir)
	if err != nil {
		return dir.WriteReport{}, fmt.Errorf("export: %w", err)
	}
	if _, missing := os.Stat(o.dir); p.Empty() && (missing != nil || !o.prune) {
		return dir.WriteReport{}, nil
	}
	report, err := p.Write(ctx, set, dir.WriteOptions{Prune: o.prune, DryRun: o.dryRun, Progress: bar.set})
	if err != nil {
		return report, fmt.Errorf("export to %q: %w", o.dir, err)
	}
	return report, nil
}

// print says what was exported from the store of an address.
func (o *export) print(w *world, address string, r dir.WriteReport) (err error) {
	total := int64(r.Added + r.Changed + r.Same)
	verb := "exported"
	if o.dryRun {
		verb = "would export"
	}
	switch {
	case o.json:
		err = json.NewEncoder(w.stdout).Encode(struct {
			Added   int    `json:"added"`
			Changed int    `json:"changed"`
			Same    int    `json:"same"`
			Removed int    `json:"removed"`
			DryRun  bool   `json:"dry_run"`
			Store   string `json:"store"`
		}{r.Added, r.Changed, r.Same, r.Removed, o.dryRun, address})
	case total+int64(r.Removed) == 0:
		_, err = fmt.Fprintf(w.stdout, "nothing is recorded in %s: nothing is exported\n", address)
	case o.har != "":
		_, err = fmt.Fprintf(w.stdout, "%s %s from %s to %s\n", verb, count(total, "recording", "recordings"), address, o.har)
	default:
		_, err = fmt.Fprintf(w.stdout, "%s %s from %s to %s: %d added, %d changed, %d as they were, %d removed\n",
			verb, count(total, "recording", "recordings"), address, o.dir, r.Added, r.Changed, r.Same, r.Removed)
	}
	return printed(err)
}

// writeHAR writes one file instead of a directory.
func (o *export) writeHAR(ctx context.Context, w *world, address string, p *publish.Publication) error {
	n := 0
	write := func(out io.Writer) (err error) {
		n, err = har.Write(out, p.Recordings(ctx), p.Config.Origins)
		return err
	}
	opening, cancel := context.WithTimeout(ctx, readerTimeout)
	defer cancel()
	var err error
	switch {
	case p.Empty():
	case o.dryRun:
		err = write(io.Discard)
	default:
		err = w.writeOutput(opening, o.har, write)
	}
	if err != nil {
		return fmt.Errorf("export to --har %q: %w", o.har, err)
	}
	return o.print(w, address, dir.WriteReport{Added: n})
}

// runCheck looks for what looks like a secret in fixtures.
func (o *export) runCheck(ctx context.Context, w *world) error {
	set, err := dir.Open(o.dir)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	cfg, err := set.Config()
	if err != nil {
		return fmt.Errorf("check %q: %w", o.dir, err)
	}
	cfg.Rules.Redact = append(cfg.Rules.Redact, o.redact...)
	cleaner, err := secret.NewCleaner(&cfg.Rules, nil)
	if err != nil {
		return misuse("", "check: %w", err)
	}
	found, files := 0, 0
	for rec, err := range set.Recordings(ctx) {
		if err != nil {
			return fmt.Errorf("check %q: %w", o.dir, err)
		}
		files++
		for _, finding := range cleaner.Check(rec) {
			found++
			if _, err := fmt.Fprintf(w.stdout, "%s: %s\n", filepath.Join(o.dir, filepath.FromSlash(rec.Name)), finding); err != nil {
				return printed(err)
			}
		}
	}
	passedOver(o.dir, set.Foreign(), w.warn)
	if found > 0 {
		return &failure{exitSecrets, fmt.Errorf("check %q: %s", o.dir, count(int64(found), "secret", "secrets")), "export again to replace them, and change the secrets: they may have been published"}
	}
	_, err = fmt.Fprintf(w.stdout, "no secrets in %s\n", count(int64(files), "fixture", "fixtures"))
	return printed(err)
}
