package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"example.com/cannery/fixtures"
)

// A lister shows what is recorded.
type lister struct {
	collection collectionOptions
	session    *string // nil: any
	json       bool
}

func newList(w *world) *cobra.Command {
	o := &lister{}
	cmd := &cobra.Command{
		Use:   "ls [PATTERN]",
		Short: "List recordings",
		Long: `List what is recorded: the ID by which show and rm know it, status, method, size
of the answer's content, when it was recorded, URL, and session. The second take
of a request has the ID of the first with .2, and so on.`,
		Example: `  cannery ls
  cannery ls 'GET /v1/*'
  cannery ls 'https://api.example.com/*'
  cannery ls --fixtures fixtures/ --json`,
		Args: cobra.ArbitraryArgs,
	}
	f := flagsOf(cmd)
	bind(f, "session", &o.session, parseSession)
	bind(f, "json", &o.json, parseSwitch)
	o.collection.bind(f)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		env, err := w.resolve(f)
		if err != nil {
			return err
		}
		selection := selection{session: o.session}
		switch {
		case len(args) > 1:
			return misuse("quote a pattern that has a space in it: 'GET /v1/*'", "ls: unexpected argument %q", args[1])
		case len(args) == 1:
			selection.match = args[0]
		}
		pattern, err := selection.pattern("ls")
		if err != nil {
			return err
		}
		return o.run(cmd.Context(), w, f, env, pattern)
	}
	return cmd
}

func (o *lister) run(ctx context.Context, w *world, f *flags, env environment, pattern pattern) error {
	collection, err := o.collection.open(ctx, f, env)
	if err != nil {
		return err
	}
	defer collection.close()
	out := bufio.NewWriter(w.stdout)
	bar := newProgress(w.stderr, env, "reading", collection.total(ctx))
	n, err := o.print(ctx, out, w.listing(env, o.json), collection, pattern, bar.add)
	bar.end()
	if flushed := out.Flush(); err == nil {
		err = shown(flushed)
	}
	if collection.set != nil {
		passedOver(collection.address, collection.set.Foreign(), w.warn)
	}
	if err == nil && n == 0 {
		fmt.Fprintf(w.stderr, "cannery: nothing in %q is listed\n", collection.address)
	}
	return err
}

// listing returns the table to show, nil where nobody looks: programs get a line for
// each recording, as it is read.
func (w *world) listing(env environment, json bool) *listing {
	if s := screenOf(w.stdout, env); s.isTerminal() && !json {
		return &listing{screen: s}
	}
	return nil
}

// print lists as it reads, or in the end what is shown as a table. Of two requests whose
// IDs begin alike the second shows all its digits.
func (o *lister) print(ctx context.Context, out io.Writer, table *listing, s *collection, pattern pattern, progress func()) (n int, err error) {
	first := map[[shortID / 2]byte]fixtures.Key{}
	for rec, err := range s.recordings(ctx) {
		if err != nil {
			return n, err
		}
		progress()
		if !pattern.selects(&rec.Request) {
			continue
		}
		short := [shortID / 2]byte(rec.key[16:])
		if _, ok := first[short]; !ok {
			first[short] = rec.key
		}
		row := listed{member: rec, id: takeID(rec.key, rec.Take, first[short] != rec.key)}
		switch {
		case table != nil:
			table.add(row)
		case o.json:
			err = row.printJSON(out)
		default:
			_, err = out.Write(row.line())
		}
		if err != nil {
			return n, shown(err)
		}
		n++
	}
	if table != nil {
		_, err = out.Write(table.text())
	}
	return n, shown(err)
}

// A listed is a recording as ls shows it.
type listed struct {
	member
	id string
}

// line is for a pipe or a file: what people see at a terminal is a listing. The columns'
// widths are fixed: lines are printed as they come.
func (l listed) line() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%-10s  %-3d  %-7s  %8s  %-16s  %s", l.id, l.Response.Status, printable(l.Request.Method),
		sizeText(l.Response.Body.Size()), timeText(l.Recorded, "2006-01-02 15:04"), printable(l.url()))
	if l.Request.Session != "" {
		b.WriteString("  session " + printable(l.Request.Session))
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// timeText spells a time where the user is, "-" for none: a fixture that was
// written by hand need not have one.
func timeText(t time.Time, layout string) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(layout)
}

func (l listed) printJSON(out io.Writer) error {
	return jsonTo(out).Encode(struct {
		ID       string    `json:"id"`
		Take     int       `json:"take"`
		Session  string    `json:"session"`
		Origin   string    `json:"origin"`
		Method   string    `json:"method"`
		URL      string    `json:"url"`
		Status   int       `json:"status"`
		Type     string    `json:"type"`
		Size     int64     `json:"size"`
		Recorded time.Time `json:"recorded,omitzero"`
		File     string    `json:"file,omitempty"`
	}{
		l.id, l.Take, l.Request.Session, l.Request.Origin, l.Request.Method, l.target(),
		l.Response.Status, l.Response.Header.Get("Content-Type"), l.Response.Body.Size(), l.Recorded, l.file,
	})
}
