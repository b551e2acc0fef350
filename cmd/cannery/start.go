package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"example.com/cannery/fixtures"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
)

// A start runs the proxy.
type start struct {
	store  storeOptions
	port   int
	host   string
	origin origin
	record bool

	rules    fixtures.Rules // nil lists: as the store has it
	methods  []string
	statuses *recorder.Statuses // nil: the mode's default
	maxAge   time.Duration
	maxBody  int64

	rewriteBody   bool
	replaySpeed   float64
	storeDown     string
	originTimeout time.Duration
	originCA      *x509.CertPool // nil: the system's

	log       string
	quiet     bool
	readyFile string
	json      bool
}

func newStart(w *world) *cobra.Command {
	o := &start{}
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Run the proxy in front of an origin",
		Long: `Run the proxy in front of an origin until SIGINT or SIGTERM, which let it finish
what is under way; a second signal stops it at once.

Requests that it has a recording of are answered from it (X-Cache: HIT), others
are forwarded and recorded (X-Cache: MISS). What cannot be recorded passes
through (X-Cache: BYPASS).`,
		Example: `  cannery start --port 3000 --origin https://httpbin.org
  cannery start --port 0 --origin api=http://localhost:8080 --ready-file url`,
		Args: noArguments,
	}
	f := flagsOf(cmd)
	o.bind(f)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		env, err := w.settle(f)
		if err != nil {
			return err
		}
		return o.run(cmd.Context(), w, f, env)
	}
	return cmd
}

func (o *start) bind(f *flags) {
	bind(f, "port", &o.port, parsePort)
	bind(f, "host", &o.host, parseHost)
	bind(f, "origin", &o.origin, parseOrigin)
	bind(f, "record", &o.record, parseSwitch)
	bindList(f, "match-header", &o.rules.MatchHeader, parseText)
	bindList(f, "ignore-query", &o.rules.IgnoreQuery, parseText)
	bindList(f, "ignore-body", &o.rules.IgnoreBody, parseText)
	bindList(f, "cache-method", &o.methods, parseMethod)
	bind(f, "record-status", &o.statuses, recorder.ParseStatuses)
	bind(f, "max-age", &o.maxAge, parseDuration)
	bind(f, "max-body", &o.maxBody, parseSize)
	bind(f, "rewrite-body", &o.rewriteBody, parseSwitch)
	bind(f, "replay-speed", &o.replaySpeed, parseSpeed)
	bind(f, "store-down", &o.storeDown, oneOf("forward", "fail"))
	bind(f, "store-timeout", &o.store.timeout, parseTimeout)
	bind(f, "origin-timeout", &o.originTimeout, parseDuration)
	bind(f, "origin-ca", &o.originCA, readAuthorities)
	bind(f, "cache-size", &o.store.cacheSize, parseSize)
	o.store.bind(f)
	bind(f, "log", &o.log, oneOf("text", "json", "off"))
	bind(f, "quiet", &o.quiet, parseSwitch)
	bind(f, "ready-file", &o.readyFile, parseText)
	bind(f, "json", &o.json, parseSwitch)
}

// readAuthorities reads certificates to trust beside the system's.
func readAuthorities(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, cause(err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, errors.New("there is no certificate in it")
	}
	return pool, nil
}

func (o *start) run(ctx context.Context, w *world, f *flags, env environment) error {
	if o.origin.url == nil {
		return misuse("cannery start --origin https://httpbin.org", "start: no --origin is given")
	}
	if _, err := o.rules.Normalize(); err != nil {
		return misuse("", "start: %w", err)
	}
	if err := os.Remove(o.readyFile); o.readyFile != "" && err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace --ready-file %q: %w", o.readyFile, cause(err))
	}
	listener, err := listen(ctx, o.host, o.port)
	if err != nil {
		return err
	}
	defer listener.Close()
	store, address, err := o.store.open(ctx, f, env)
	if err != nil {
		return err
	}
	err = o.runOn(ctx, w, env, listener, store, address)
	if closed := store.Close(); err == nil && closed != nil {
		return fmt.Errorf("close %q: %w", address, closed)
	}
	return err
}

// runOn runs the proxy on a store.
func (o *start) runOn(ctx context.Context, w *world, env environment, l net.Listener, s store, address string) error {
	rules, err := o.setRules(ctx, s)
	if err != nil {
		return fmt.Errorf("set the rules of %q: %w", address, err)
	}
	journal := newJournal(w.stderr, o.log, o.quiet, isTerminal(w.stderr, env))
	defer journal.close()
	lost := &replay.Outage{What: "recordings are lost", Say: journal.say}
	proxy := o.proxy(s, journal, lost)

	stop := w.signals()
	b := banner{Mode: proxy.Mode.String(), Origin: o.origin.String(), Store: address, PID: os.Getpid()}
	b.URL, b.Port = proxyURL(o.host, l.Addr())
	if o.readyFile != "" {
		if err := writeReadyFile(o.readyFile, b.URL); err != nil {
			return err
		}
	}
	b.print(journal, rules)
	if o.json {
		_ = b.printJSON(w.stdout) // its reader may have gone
	}
	err = newServer(proxy, stop, journal.say).serve(ctx, l)
	journal.finish(proxy.Stats(), lost.Lost())
	return err
}

// setRules gives the store the rules that are set here, kind by kind, and
// returns those now in force.
func (o *start) setRules(ctx context.Context, s store) (*fixtures.Rules, error) {
	view, err := s.View(ctx)
	if err != nil {
		return nil, err
	}
	rules := *view.Rules
	for _, kind := range []struct{ to, from *[]string }{
		{&rules.MatchHeader, &o.rules.MatchHeader},
		{&rules.IgnoreQuery, &o.rules.IgnoreQuery},
		{&rules.IgnoreBody, &o.rules.IgnoreBody},
	} {
		if *kind.from != nil {
			*kind.to = *kind.from
		}
	}
	if rules, err = rules.Normalize(); err != nil || rules.Equal(*view.Rules) {
		return &rules, err
	}
	return &rules, s.SetRules(ctx, rules)
}

// proxy puts the parts together.
func (o *start) proxy(s store, j *journal, lost *replay.Outage) *replay.Proxy {
	rec := &recorder.Recorder{
		Origin:    o.origin.url,
		Transport: recorder.NewTransport(recorder.TransportConfig{Timeout: o.originTimeout, RootCAs: o.originCA}),
		Store:     s,
		Methods:   o.methods,
		Statuses:  o.statuses,
		MaxBody:   o.maxBody,
		Anew:      o.record,
		Stored:    lost.Report,
		Dropped: func(r *http.Request, why string) {
			j.talk(fmt.Sprintf("not recorded: %s %s: %s", r.Method, fixtures.CleanTarget(fixtures.RequestTarget(r.RequestURI)), why))
		},
	}
	proxy := &replay.Proxy{
		Store:        s,
		Origin:       rec,
		OriginName:   o.origin.name,
		OriginURL:    o.origin.url,
		Methods:      o.methods,
		MaxAge:       o.maxAge,
		FailWhenDown: o.storeDown == "fail",
		RewriteBody:  o.rewriteBody,
		ReplaySpeed:  o.replaySpeed,
		Hosts:        []string{o.host},
		Log:          j.request,
	}
	down := "store down, requests get 503"
	switch {
	case o.record:
		proxy.Mode = replay.Record
		if rec.Statuses == nil {
			rec.Statuses = recorder.AllStatuses()
		}
	case !proxy.FailWhenDown:
		down = "store down, requests go to the origin unrecorded"
	}
	proxy.Down = &replay.Outage{What: down, Say: j.say}
	return proxy
}
