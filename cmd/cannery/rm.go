package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"example.com/cannery/fixtures"
)

// A remove removes recordings that are named one by one.
type remove struct {
	collection collectionOptions
	dryRun     bool
	json       bool
}

func newRemove(w *world) *cobra.Command {
	o := &remove{}
	cmd := &cobra.Command{
		Use:   "rm ID...",
		Short: "Remove single recordings",
		Long: `Remove recordings by their IDs, which ls lists: 3fa2b1c0 is all takes of a
request, 3fa2b1c0.1 its first and 3fa2b1c0.2 its second; the takes that stay are
numbered anew. The path of a fixture names it too, and its directory. A proxy
that runs on the store sees it at once.`,
		Example: `  cannery rm 3fa2b1c0
  cannery rm 3fa2b1c0.2 77c1 --dry-run
  cannery rm fixtures/GET/users--3fa2b1c0.json`,
		Args: cobra.ArbitraryArgs,
	}
	f := flagsOf(cmd)
	bind(f, "dry-run", &o.dryRun, parseSwitch)
	bind(f, "json", &o.json, parseSwitch)
	o.collection.bind(f)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		env, err := w.resolve(f)
		if err != nil {
			return err
		}
		wanted, err := parseIDs("rm", args)
		if err != nil {
			return err
		}
		o.collection.within(args)
		return o.run(cmd.Context(), w, f, env, wanted)
	}
	return cmd
}

func (o *remove) run(ctx context.Context, w *world, f *flags, env environment, all []wanted) error {
	collection, named, err := o.collection.find(ctx, f, env, all)
	if err != nil {
		return err
	}
	defer collection.close()
	takes := map[fixtures.Key][]int{}
	for _, f := range named {
		key := f.takes[0].key
		for _, rec := range f.named() {
			takes[key] = append(takes[key], rec.Take)
		}
	}
	removed, err := collection.remove(ctx, fixtures.Filter{Takes: takes}, o.dryRun)
	if err != nil {
		return err
	}
	if !o.dryRun {
		w.confirm(ctx, collection.store)
	}
	if o.json {
		return printed(json.NewEncoder(w.stdout).Encode(struct {
			Removed int  `json:"removed"`
			DryRun  bool `json:"dry_run"`
		}{removed, o.dryRun}))
	}
	return o.print(w, named)
}

func (o *remove) print(w *world, named []found) error {
	verb := "removed"
	if o.dryRun {
		verb = "would remove"
	}
	told := map[string]bool{} // several names may mean one take
	for _, f := range named {
		for _, rec := range f.named() {
			whole := takeID(rec.key, rec.Take, true)
			if told[whole] {
				continue
			}
			told[whole] = true
			_, err := fmt.Fprintf(w.stdout, "%s %s %s %s\n", verb, takeID(rec.key, rec.Take, false), printable(rec.Request.Method), printable(rec.url()))
			if err != nil {
				return printed(err)
			}
		}
	}
	return nil
}
