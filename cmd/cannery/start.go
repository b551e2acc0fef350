package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/protobody"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
	"example.com/cannery/replay/authority"
	"example.com/cannery/replay/page"
)

// A start runs the proxy.
type start struct {
	store   storeOptions
	port    int
	host    string
	origins origins
	forward forwarding
	record  bool
	prune   bool // with record: what was not made again

	offline    bool
	fixtures   string // a directory; "": the store
	watch      bool
	afterLast  replay.AfterLast
	missStatus int

	protos   []*protobody.Schema
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

	meter     *meter // nil before the proxy is made
	tls       clientTLS
	caFile    string               // where the certificate of authority is written to; "" is nowhere
	authority *authority.Authority // of this run; nil: nobody is shown leaves of it
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

With --proxy it is the HTTP proxy of clients too, for every host that they ask
for: cannery env prints what a shell's programs are to be told of it.

With --tls its URL is https, with a certificate that an authority made for this
run has signed: whose own is at /__cannery/ca.pem, and in the file of --ca-file.

With --offline it answers from recordings only and cannot reach the network.
A request that is not recorded is a miss that explains itself.

With --fixtures recordings are kept as fixtures in a directory, cleaned of
secrets, which are written when it stops and whenever it is idle.`,
		Example: `  cannery start --port 3000 --origin https://httpbin.org
  cannery start --port 0 --origin api=http://localhost:8080 --ready-file url
  cannery start --origin h2c://localhost:50051
  cannery start --proxy --fixtures fixtures/
  cannery start --origin pay=https://pay.test --origin ai=https://ai.test
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
	o.forward.bind(f)
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
	bindList(f, "proto", &o.protos, parseProto)
	bind(f, "record-status", &o.statuses, recorder.ParseStatuses)
	bind(f, "max-age", &o.maxAge, parseDuration)
	bind(f, "max-body", &o.maxBody, parseSize)
	bind(f, "rewrite-body", &o.rewriteBody, parseChoice)
	bind(f, "replay-speed", &o.replaySpeed, parseSpeed)
	bind(f, "store-down", &o.storeDown, oneOf("forward", "fail"))
	bind(f, "origin-timeout", &o.originTimeout, parseDuration)
	bind(f, "origin-ca", &o.originCA, readAuthorities)
	o.tls.bind(f)
	bind(f, "ca-file", &o.caFile, parseText)
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
	if err := o.prepare(); err != nil {
		return err
	}
	listener, err := listen(ctx, o.host, o.port)
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := o.checkSelf(listener); err != nil {
		return err
	}
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

// prepare does what has to be done before clients can come.
func (o *start) prepare() error {
	return errors.Join(removeEarlier("--ready-file", o.readyFile), removeEarlier("--ca-file", o.caFile), o.makeAuthority())
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
	case !o.offline && o.origins == nil && !o.forward.on:
		return misuse("add --offline, or --origin https://httpbin.org, or --proxy", "%s: neither --offline nor --origin is given", command)
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
	for _, err := range []error{o.forward.check(f, command), o.tls.check(f, command), o.checkCAFile(f, command)} {
		if err != nil {
			return err
		}
	}
	return nil
}

// runOn runs the proxy on a source.
func (o *start) runOn(ctx context.Context, w *world, env environment, l net.Listener, src *source) error {
	rules, err := o.setRules(ctx, src)
	if err != nil {
		return fmt.Errorf("set the rules of %q: %w", src.address, err)
	}
	journal := newJournal(w.stderr, o.log, o.quiet, env)
	defer journal.close()
	src.passedOver(journal)
	lost := &replay.Outage{What: "recordings are lost", Say: journal.say, Hint: src.outageHint}
	o.leaveItself(l, env, journal.warn)
	proxy := o.proxy(src, journal, lost)
	o.meter.watch(proxy, src, lost)
	front := o.front(proxy, l)

	stop := w.signals()
	b := banner{Mode: proxy.Mode(), Origin: o.origins.first().String(), Store: src.address, PID: os.Getpid()}
	b.URL, b.Port = o.url(l)
	proxy.Answers.Hints.URL = b.URL
	proxy.Answers.Page = page.New(proxy, o.pageChanges(src, journal, lost))
	front.tell(&b, journal)
	if !o.offline || src.files != nil { // a store would have to be read whole for this
		if b.Origins = originURLs(ctx, proxy, b.URL); len(b.Origins) < 2 {
			b.Origins = nil
		}
	}
	toldCA, err := o.tellAuthority(ctx, w, journal, proxy)
	if err != nil {
		return err
	}
	withdraw := o.announce(&b, env, journal)
	defer withdraw()
	told, err := w.tell(ctx, journal, "--ready-file", o.readyFile, []byte(b.URL+"\n"))
	if err != nil {
		toldCA()
		return err
	}
	o.tls.warnOfCertificate(b.URL, journal.warn)
	warnOfStore(ctx, proxy, journal)
	o.warnOfNothing(ctx, src, &proxy.Answers.Hints, journal)
	b.print(journal, rules)
	if o.json {
		_ = b.printJSON(w.stdout) // its reader may have gone
	}
	ended := o.tend(ctx, src, journal)
	err = o.server(proxy, front, b.URL, stop, journal).serve(ctx, l)
	ended()
	toldCA()
	told()
	journal.finish(proxy.Stats(), lost.Lost())
	return err
}

// server is what serves a proxy at a URL, and the forward proxy before it, nil for none.
func (o *start) server(p *replay.Proxy, front *front, url string, stop <-chan os.Signal, j *journal) *server {
	s := newServer(front.before(p), stop, j.say)
	s.take(front)
	o.speakTLS(s, url)
	s.http.RegisterOnShutdown(p.Stop)
	return s
}

// covers reports whether an origin of a name is recorded.
func (o *start) covers(name string) bool { return o.forward.on || o.origins.has(name) }

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
