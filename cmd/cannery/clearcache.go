package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

// A clearCache removes recordings.
type clearCache struct {
	store     storeOptions
	selection selection
	dryRun    bool
	json      bool
}

func newClearCache(w *world) *cobra.Command {
	o := &clearCache{}
	cmd := &cobra.Command{
		Use:   "clear-cache",
		Short: "Remove recordings",
		Long: `Remove recordings from the store that start uses with the same settings. A proxy
that runs on the store sees it at once: the next request is a MISS.`,
		Example: `  cannery clear-cache
  cannery clear-cache --match 'GET /v1/*' --dry-run
  cannery clear-cache --match 'https://api.example.com/*'`,
		Args: noArguments,
	}
	f := flagsOf(cmd)
	o.selection.bind(f)
	bind(f, "dry-run", &o.dryRun, parseSwitch)
	bind(f, "json", &o.json, parseSwitch)
	o.store.bind(f)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		env, err := w.resolve(f)
		if err != nil {
			return err
		}
		return o.run(cmd.Context(), w, f, env)
	}
	return cmd
}

func (o *clearCache) run(ctx context.Context, w *world, f *flags, env environment) error {
	pattern, err := o.selection.pattern("clear-cache")
	if err != nil {
		return err
	}
	o.store.repair = pattern.All() && !o.dryRun
	store, address, err := o.store.open(ctx, f, env)
	if err != nil {
		return err
	}
	removed := 0
	filter, err := pattern.within(ctx, store)
	if err == nil {
		removed, err = store.Remove(ctx, filter, o.dryRun)
	}
	if err != nil {
		store.Close()
		return fmt.Errorf("clear %q: %w", address, err)
	}
	if !o.dryRun {
		w.confirm(ctx, store)
	}
	if err := store.Close(); err != nil {
		return fmt.Errorf("close %q: %w", address, err)
	}
	return o.print(w, address, removed)
}

func (o *clearCache) print(w *world, address string, removed int) (err error) {
	verb := "removed"
	if o.dryRun {
		verb = "would remove"
	}
	if o.json {
		err = json.NewEncoder(w.stdout).Encode(struct {
			Removed int    `json:"removed"`
			DryRun  bool   `json:"dry_run"`
			Store   string `json:"store"`
		}{removed, o.dryRun, address})
	} else {
		_, err = fmt.Fprintf(w.stdout, "%s %s from %s\n", verb, count(int64(removed), "recording", "recordings"), address)
	}
	return printed(err)
}
