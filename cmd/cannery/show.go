package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"example.com/cannery/fixtures/file"
	"example.com/cannery/fixtures/secret"
)

// A show prints one recording.
type show struct {
	collection collectionOptions
	raw        bool
	json       bool
}

func newShow(w *world) *cobra.Command {
	o := &show{}
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Print one recording",
		Long: `Print a recording that is named by its ID, which ls lists, or by the path of its
fixture. Without a number at its end an ID names a request's first take. Secrets
are replaced, as in fixtures, and content codings undone. With --raw only the
content of the answer is printed, as a client has it, secrets included; with
--json the recording as a fixture.`,
		Example: `  cannery show 3fa2b1c0
  cannery show 3fa2b1c0.2 --raw > picture.png
  cannery show fixtures/GET/users--3fa2b1c0.json`,
		Args: cobra.ArbitraryArgs,
	}
	f := flagsOf(cmd)
	bind(f, "raw", &o.raw, parseSwitch)
	bind(f, "json", &o.json, parseSwitch)
	o.collection.bind(f)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		env, err := w.resolve(f)
		if err != nil {
			return err
		}
		wanted, err := parseIDs("show", args)
		switch {
		case err != nil:
			return err
		case len(args) > 1:
			return misuse("", "show: unexpected argument %q", args[1])
		case o.raw && o.json:
			return misuse("", "show: --raw and --json exclude each other")
		}
		o.collection.within(args)
		return o.run(cmd.Context(), w, f, env, wanted)
	}
	return cmd
}

func (o *show) run(ctx context.Context, w *world, f *flags, env environment, all []wanted) error {
	collection, named, err := o.collection.find(ctx, f, env, all)
	if err != nil {
		return err
	}
	defer collection.close()
	rec := named[0].named()[0]
	if o.raw {
		return o.printRaw(w, rec)
	}
	cleaner, err := secret.NewCleaner(collection.rules, nil)
	if err != nil {
		return fmt.Errorf("show %q: %w", all[0].text, err)
	}
	cleaner.Learn(rec.Recording)
	rec.Recording = cleaner.Clean(rec.Recording)
	var out bytes.Buffer
	if o.json {
		doc, _, err := file.Codec{Schema: collection.rules.Proto}.Encode(rec.Recording, nil)
		if err != nil {
			return fmt.Errorf("show %q: %w", all[0].text, err)
		}
		out.Write(doc)
	} else if err := printRecording(&out, collection.rules, rec, len(named[0].takes)); err != nil {
		return fmt.Errorf("show %q: %w", all[0].text, err)
	}
	_, err = w.stdout.Write(out.Bytes())
	return shown(err)
}

// printRaw prints content as a client has it, its codings undone where they
// are known.
func (o *show) printRaw(w *world, rec member) error {
	if rec.Response.Conversation {
		return misuse("cannery show --json prints its messages", "show %s %q: a conversation has no content of its own", rec.Request.Method, rec.target())
	}
	content, err := decoded(rec.Response.Header, rec.Response.Body)
	if err != nil {
		return fmt.Errorf("show %s %q: %w", rec.Request.Method, rec.target(), err)
	}
	defer content.Close()
	_, err = io.Copy(w.stdout, content)
	return shown(err)
}
