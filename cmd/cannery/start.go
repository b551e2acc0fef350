package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
)

// A start runs the proxy.
type start struct {
	store   storeOptions
	port    int
	host    string
	origins origins
	record  bool
	prune   bool // with record: what was not made again

	offline    bool
	fixtures   string // a directory; "": the store
	watch      bool
	afterLast  replay.AfterLast
	missStatus int

	rules    fixtures.Rules     // nil lists: as the store has it
	methods  fixtures.Methods   // of the rules in force, once they are set
	statuses *recorder.Statuses // nil: the mode's default
	maxAge   time.Duration
	maxBody  int64

	rewriteBody   *bool // nil: as the store has it
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
		Short: "Run the proxy in front of an origin, or offline",
		Long: `Run the proxy in front of an origin until SIGINT or SIGTERM, which let it finish
what is under way; a second signal stops it at once.

Requests that it has a recording of are answered from it (X-Cache: HIT), others
are forwarded and recorded (X-Cache: MISS). What cannot be recorded passes
through (X-Cache: BYPASS).

Of several origins the first is at /, each of the others at
/__cannery/origin/NAME/; one without a name has its host and port for it.

With --offline it answers from recordings only and cannot reach the network.
A request that is not recorded is a miss that explains itself.

With --fixtures recordings are kept as fixtures in a directory, cleaned of
secrets, which are written when it stops and whenever it is idle.`,
		Example: `  cannery start --port 3000 --origin https://httpbin.org
  cannery start --port 0 --origin api=http://localhost:8080 --ready-file url
  cannery start --origin h2c://localhost:50051
  cannery start --origin pay=https://api.stripe.com --origin ai=https://api.openai.com
  cannery start --offline --fixtures fixtures/`,
		Args: noArguments,
	}
	f := flagsOf(cmd)
	o.bind(f)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		env, err := w.resolve(f)
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
	o.bindProxy(f)
	bind(f, "watch", &o.watch, parseSwitch)
	bind(f, "ready-file", &o.readyFile, parseText)
	bind(f, "json", &o.json, parseSwitch)
}

// bindProxy binds what does not belong to where the proxy is reached.
func (o *start) bindProxy(f *flags) {
	bindOrigins(f, &o.origins, parseRecordedOrigin)
	bind(f, "record", &o.record, parseSwitch)
	bind(f, "prune", &o.prune, parseSwitch)
	bind(f, "offline", &o.offline, parseSwitch)
	bind(f, "fixtures", &o.fixtures, parseText)
	bind(f, "after-last", &o.afterLast, parseAfterLast)
	bind(f, "miss-status", &o.missStatus, parseMissStatus)
	bindList(f, "match-header", &o.rules.MatchHeader, parseText)
	bindList(f, "ignore", &o.rules.Ignore, parsePart(""))
	bindList(f, "ignore-query", &o.rules.OlderQuery, parsePart("query:"))
	bindList(f, "ignore-body", &o.rules.OlderBody, parsePart("json:"))
	bindList(f, "volatile", &o.rules.Volatile, parsePart(""))
	bindList(f, "echo", &o.rules.Echo, parsePart(""))
	bindList(f, "cache-method", (*[]string)(&o.rules.Methods), fixtures.ParseMethod)
	bind(f, "record-status", &o.statuses, recorder.ParseStatuses)
	bind(f, "max-age", &o.maxAge, parseDuration)
	bind(f, "max-body", &o.maxBody, parseSize)
	bind(f, "rewrite-body", &o.rewriteBody, parseChoice)
	bind(f, "replay-speed", &o.replaySpeed, parseSpeed)
	bind(f, "store-down", &o.storeDown, oneOf("forward", "fail"))
	bind(f, "store-timeout", &o.store.timeout, parseTimeout)
	bind(f, "origin-timeout", &o.originTimeout, parseDuration)
	bind(f, "origin-ca", &o.originCA, readAuthorities)
	bind(f, "cache-size", &o.store.cacheSize, parseSize)
	o.store.bind(f)
	bind(f, "log", &o.log, oneOf("text", "json", "off"))
	bind(f, "quiet", &o.quiet, parseSwitch)
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
	if err := o.check(f, "start"); err != nil {
		return err
	}
	if err := o.removeReadyFile(); err != nil {
		return err
	}
	listener, err := listen(ctx, o.host, o.port)
	if err != nil {
		return err
	}
	defer listener.Close()
	src, err := o.openSource(ctx, f, env, false)
	if err != nil {
		return err
	}
	err = o.runOn(ctx, w, env, listener, src)
	if _, closed := src.close(context.WithoutCancel(ctx), err == nil, o.prune); err == nil {
		err = closed
	}
	return err
}

// check looks at how the settings of a command go together.
func (o *start) check(f *flags, command string) error {
	switch {
	case o.offline && o.record:
		return misuse("record first, with --origin, then replay with --offline", "%s: %s cannot record, as %s says", command, f.source["offline"], f.source["record"])
	case o.prune && (!o.record || o.fixtures == ""):
		return misuse("add --record, --origin and --fixtures", "%s: --prune is for --record with --fixtures", command)
	case o.watch && (!o.offline || o.fixtures == ""):
		return misuse("cannery start --offline --fixtures fixtures/ --watch", "start: --watch is for --offline with --fixtures")
	case !o.offline && o.origins == nil:
		return misuse("add --offline, or --origin https://httpbin.org", "%s: neither --offline nor --origin is given", command)
	case o.fixtures != "" && f.source["redis"] == "--redis":
		return misuse("recordings come from a directory or from a Redis", "%s: both --fixtures %q and --redis are given", command, o.fixtures)
	}
	for _, origin := range o.origins {
		if !o.offline && origin.url == nil {
			return fmt.Errorf("%s %q: %w", f.source["origin"], origin.name, noScheme(origin.name))
		}
	}
	if _, err := o.rules.Normalize(); err != nil {
		return misuse("", "%s: %w", command, err)
	}
	return nil
}

// runOn runs the proxy on a source.
func (o *start) runOn(ctx context.Context, w *world, env environment, l net.Listener, src *source) error {
	rules, err := o.setRules(ctx, src)
	if err != nil {
		return fmt.Errorf("set the rules of %q: %w", src.address, err)
	}
	journal := newJournal(w.stderr, o.log, o.quiet, isTerminal(w.stderr, env))
	defer journal.close()
	src.passedOver(journal)
	lost := &replay.Outage{What: "recordings are lost", Say: journal.say}
	proxy := o.proxy(src, journal, lost)

	stop := w.signals()
	b := banner{Mode: proxy.Mode(), Origin: o.origins.first().String(), Store: src.address, PID: os.Getpid()}
	b.URL, b.Port = proxyURL(o.host, l.Addr())
	proxy.Answers.Hints.URL = b.URL
	if !o.offline || src.files != nil { // a store would have to be read whole for this
		if b.Origins = originURLs(ctx, proxy, b.URL); len(b.Origins) < 2 {
			b.Origins = nil
		}
	}
	told, err := o.tellReady(ctx, w, journal, b.URL)
	if err != nil {
		return err
	}
	b.print(journal, rules)
	if o.json {
		_ = b.printJSON(w.stdout) // its reader may have gone
	}
	ended := o.tend(ctx, src, journal)
	server := newServer(proxy, stop, journal.say)
	server.http.RegisterOnShutdown(proxy.Stop)
	err = server.serve(ctx, l)
	ended()
	told()
	journal.finish(proxy.Stats(), lost.Lost())
	return err
}

// tend does what goes on beside the answering of requests, until it is ended.
func (o *start) tend(ctx context.Context, src *source, j *journal) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	switch {
	case src.work != nil:
		tasks.Go(func() { src.work.keep(ctx, func(err error) { j.say(err.Error()) }) })
	case o.watch:
		tasks.Go(func() {
			if err := src.files.Watch(ctx, func(err error) {
				j.reloaded(err)
				src.passedOver(j)
			}); err != nil {
				j.say(err.Error())
			}
		})
	}
	return func() {
		cancel()
		tasks.Wait()
	}
}

// proxy puts the parts together.
func (o *start) proxy(src *source, j *journal, lost *replay.Outage) *replay.Proxy {
	if o.offline {
		return o.offlineProxy(src, j)
	}
	down, fails := "store down, requests get 503", o.record || o.storeDown == "fail" // unrecorded work is lost work
	if !fails {
		down = "store down, requests go to the origin unrecorded"
	}
	first, others := o.origins.served(fails, func(at origin) replay.Forwarder { return o.recorder(at, src.store, j, lost) })
	return &replay.Proxy{
		Cache: &replay.Cache{
			Store:        src,
			Catalog:      &replay.Catalog{Store: src},
			Anew:         o.record,
			Lasting:      o.statuses == nil,
			Methods:      o.methods,
			MaxAge:       o.maxAge,
			FromFixtures: src.work != nil,
			Down:         &replay.Outage{What: down, Say: j.say},
		},
		Origin:  first,
		Others:  others,
		Answers: replay.Answers{ReplaySpeed: o.replaySpeed, Hosts: []string{o.host}, Hints: o.hints(src)},
		Events:  replay.Events{Log: j.request},
	}
}

// recorder is what forwards and records.
func (o *start) recorder(at origin, s store, j *journal, lost *replay.Outage) *recorder.Recorder {
	rec := &recorder.Recorder{
		Origin:    at.url,
		Transport: recorder.NewTransport(recorder.TransportConfig{Origin: at.url, Timeout: o.originTimeout, RootCAs: o.originCA}),
		Store:     s,
		Methods:   o.methods,
		Statuses:  o.statuses,
		MaxBody:   o.maxBody,
		Anew:      o.record,
		Stored:    lost.Report,
		Remark: func(r *http.Request, what, why string) {
			j.talk(fmt.Sprintf("%s: %s %s: %s", what, r.Method, secret.CleanTarget(fixtures.RequestTarget(r.RequestURI)), why))
		},
	}
	if o.record && rec.Statuses == nil {
		rec.Statuses = recorder.AllStatuses()
	}
	return rec
}
