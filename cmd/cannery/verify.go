package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/cannery/recorder"
	"example.com/cannery/replay/explain"
)

// A verify asks an origin again for what is recorded.
type verify struct {
	collection collectionOptions
	selection  selection
	origins    origins
	timeout    time.Duration
	ca         *x509.CertPool // nil: the system's
	fields     []string       // of a header, sent with every request
	rate       float64        // requests a second, 0 for no limit
	values     bool
	update     bool
	json       bool
}

func newVerify(w *world) *cobra.Command {
	o := &verify{}
	cmd := &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Ask the origin whether recordings still hold",
		Long: `Ask the origin again for every safe request that is recorded, in DIR or in the
store, and report what differs: the status, header fields that clients act on,
and the structure of the content, that is fields of JSON which are new, gone or
of another type. Other values differ with --values only. A request with several
takes holds when the answer is as any of them.

Without --origin each is asked where cannery.json, or the recording in the
store, says that its origin is; with --origin, of which there may be several,
those of these origins are. Unsafe requests are not sent, redirects are not
followed, and nothing is recorded unless --update says so. Credentials are not
part of recordings: --header gives some.

Exit codes: 0 all hold, 1 nothing could be asked, 3 some differ, 5 the origin is
unreachable.`,
		Example: `  cannery verify fixtures/
  cannery verify --origin https://api.example.com --values --rate 2
  cannery verify fixtures/ --origin https://api.example.com --match 'GET /v1/*'
  cannery verify fixtures/ --origin https://api.example.com --update \
    --header "Authorization: Bearer $TOKEN"`,
		Args: cobra.ArbitraryArgs,
	}
	f := flagsOf(cmd)
	o.bind(f)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		env, err := w.resolve(f)
		switch {
		case err != nil:
			return err
		case len(args) > 1:
			return misuse("", "verify: unexpected argument %q", args[1])
		case len(args) == 1 && args[0] == "":
			return misuse("cannery verify fixtures/ --origin https://api.example.com", "verify: the directory is empty")
		case len(args) == 1:
			o.collection.fixtures = args[0]
		}
		return o.run(cmd.Context(), w, f, env)
	}
	return cmd
}

func (o *verify) bind(f *flags) {
	bindOrigins(f, &o.origins, parseOrigin)
	o.selection.bind(f)
	bindList(f, "header", &o.fields, parseText)
	bind(f, "rate", &o.rate, parseSpeed)
	bind(f, "values", &o.values, parseSwitch)
	bind(f, "update", &o.update, parseSwitch)
	bind(f, "json", &o.json, parseSwitch)
	bind(f, "origin-timeout", &o.timeout, parseDuration)
	bind(f, "origin-ca", &o.ca, readAuthorities)
	o.collection.bind(f)
}

// parseFields reads "Name: value" lines. Its error does not quote them: they
// may hold a secret.
func parseFields(lines []string) (http.Header, error) {
	header := http.Header{}
	for i, line := range lines {
		name, value, found := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !found || !isFieldName(name) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return nil, misuse("a field is a name and a value, as in --header 'Accept: text/html'", "verify: number %d of --header is not a header field", i+1)
		}
		header.Add(name, value)
	}
	return header, nil
}

func isFieldName(name string) bool {
	const more = "!#$%&'*+-.^_`|~0123456789"
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune(more, r))
	})
}

func (o *verify) run(ctx context.Context, w *world, f *flags, env environment) error {
	pattern, err := o.selection.pattern("verify")
	if err != nil {
		return err
	}
	header, err := parseFields(o.fields)
	if err != nil {
		return err
	}
	collection, err := o.collection.open(ctx, f, env)
	if err != nil {
		return err
	}
	defer collection.close()
	set, err := readQuestions(ctx, collection, pattern, o.origins, header)
	if err != nil {
		return err
	}
	if collection.set != nil {
		passedOver(collection.address, collection.set.Foreign(), w.warn)
	}
	if err := set.checkAddresses(o.origins, header); err != nil {
		return err
	}
	if o.origins == nil {
		source := "the recordings say"
		if collection.set != nil {
			source = "cannery.json says"
		}
		for _, address := range slices.Sorted(maps.Keys(set.addresses)) {
			fmt.Fprintf(w.stderr, "cannery: asking %s, as %s\n", address, source)
		}
	}
	report := &verifyReport{json: o.json, out: w.stdout, screen: screenOf(w.stdout, env)}
	if err := o.ask(ctx, w, env, set, header, report); err != nil {
		return fmt.Errorf("verify %q: %w", collection.address, err)
	}
	if o.update {
		if err := updateAll(ctx, collection, set, header); err != nil {
			return fmt.Errorf("verify %q: update: %w", collection.address, err)
		}
	}
	return o.conclude(report, collection, set)
}

// ask asks all questions and reports as answers come; on a terminal, where a
// progress bar is shown meanwhile, when all have come.
func (o *verify) ask(ctx context.Context, w *world, env environment, set *questions, header http.Header, report *verifyReport) error {
	asker := &asker{transports: map[string]http.RoundTripper{}, header: header, timeout: o.timeout, values: o.values, rules: set.rules}
	for address, url := range set.addresses {
		transport := recorder.NewTransport(recorder.TransportConfig{Origin: url, Timeout: o.timeout, RootCAs: o.ca})
		defer transport.CloseIdleConnections()
		asker.transports[address] = transport
	}

	bar := newProgress(w.stderr, env, "verifying", known(len(set.ask)))
	var late bytes.Buffer
	if bar.shows() {
		report.out = &late
	}
	err := asker.askAll(ctx, set.ask, o.rate, func(q *question) error {
		bar.add()
		return report.add(q)
	})
	bar.end()
	report.out = w.stdout
	if _, failed := io.Copy(w.stdout, &late); err == nil {
		err = printed(failed)
	}
	return err
}

// conclude prints the sum, and makes the exit code of it.
func (o *verify) conclude(r *verifyReport, s *collection, set *questions) error {
	sum, left, noted := sumOf(set), int64(0), int64(0)
	for _, q := range set.ask {
		if q.err != nil || q.changes == nil || q.updated {
			continue
		}
		left++
		if q.note != "" {
			noted++
		}
		if o.update {
			if err := r.kept(q); err != nil {
				return err
			}
		}
	}
	if err := r.finish(sum); err != nil {
		return err
	}
	switch {
	case sum.Asked == 0:
		return nothingVerified(s, set)
	case left > 0:
		hint := "is it meant? then record again what differs, with --update"
		if noted == left || o.update {
			hint = "the notes say why, and what to do"
		}
		return &failure{exitDifferent, fmt.Errorf("verify %q: %s", s.address, count(left, "request is answered differently", "requests are answered differently")), hint}
	case sum.Failed > 0:
		return &failure{exitOrigin, fmt.Errorf("verify %q: %s", s.address, count(int64(sum.Failed), "request got no answer", "requests got no answer")), "is the origin overloaded? --rate asks more slowly, --origin-timeout waits longer"}
	}
	return nil
}

// nothingVerified is the error of a set of which nothing was asked: a job that looks
// after recordings is not to pass because there are none.
func nothingVerified(s *collection, set *questions) error {
	var in []string
	if s.set != nil {
		in = []string{"--fixtures", s.address}
	}
	why, hint := "what is selected was skipped", "cannery verify --help says what can be asked again"
	switch {
	case len(set.all) == 0:
		why = "nothing is recorded there"
		hint = "to record: " + explain.CommandLine(slices.Concat([]string{"cannery", "run", "--origin", "URL"}, in, []string{"--", "COMMAND"})...)
	case len(set.skipped) == 0:
		why = fmt.Sprintf("none of its %s is selected", count(int64(len(set.all)), "recording", "recordings"))
		hint = explain.CommandLine(append([]string{"cannery", "ls"}, in...)...) + " lists what is recorded"
	}
	return &failure{exitFailed, fmt.Errorf("verify %q: nothing was verified: %s", s.address, why), hint}
}
