package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"

	"github.com/spf13/cobra"

	"example.com/cannery/replay"
)

// A runner runs a command beside the proxy, for as long as the command takes.
type runner struct {
	start
	vars       []string // NAME or NAME=/PATH; see parseVariable
	failUnused bool
	failOnMiss bool

	// Files that tell what the run came to; see reportFiles. "" means none.
	report         string
	reportHTML     string
	reportJUnit    string
	reportMarkdown string

	bypassed bypasses
}

func newRun(w *world) *cobra.Command {
	o := &runner{}
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND...",
		Short: "Run a command, such as a test suite, with the proxy beside it",
		Long: `Start the proxy on a free port, run a command beside it, and stop the proxy when
the command has ended.

With --proxy the command need not know of it: the variables that HTTP clients
read (HTTPS_PROXY, SSL_CERT_FILE and their like) lead it to the proxy, which
answers for every host, TLS included. What was not caught is said at the end.

With --origin the command finds the proxy's URL in CANNERY_URL and in the
variables that --env names. Of several origins each has a URL of its own, in
CANNERY_URL_NAME; CANNERY_URL is that of the first. With --tls they are https,
and the command's clients are told whom to trust.

With --offline the command gets recordings only, and whatever is not recorded is
explained. Without it what is not recorded is forwarded and recorded; with
--record as well all is recorded anew. --fixtures names the directory that the
recordings are read from and written to.

Signals are the command's, and its exit code is cannery's. When it is 0: 1 when
the store failed or fixtures could not be written, 3 when a request was not
recorded (--fail-on-miss) or a recording not used (--fail-unused), 5 when the
origin answered none of the requests that were forwarded.

With --record and --fixtures, the origins' fixtures of requests that were not
made again stay; with --prune they are removed, if the command succeeds.`,
		Example: `  cannery run --proxy --fixtures fixtures/ -- npm test
  cannery run --proxy --offline --fixtures fixtures/ -- npm test
  cannery run --proxy --except '*.internal' --fixtures fixtures/ -- pytest
  cannery run --origin https://httpbin.org --fixtures fixtures/ -- go test ./...
  cannery run --origin a=https://a.test --origin b=https://b.test -- npm test
  cannery run --offline --env API_BASE=/v1 -- pytest`,
		Args: cobra.ArbitraryArgs,
	}
	f := flagsOf(cmd)
	f.set.SetInterspersed(false) // what follows the command is the command's
	o.bind(f)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		env, err := w.resolve(f)
		if err != nil {
			return err
		}
		if err := o.check(f, args, cmd.ArgsLenAtDash()); err != nil {
			return err
		}
		return o.run(cmd.Context(), w, f, env, args)
	}
	return cmd
}

func (o *runner) bind(f *flags) {
	o.host = "127.0.0.1"
	o.bindProxy(f)
	bindList(f, "env", &o.vars, parseVariable)
	bind(f, "fail-unused", &o.failUnused, parseSwitch)
	bind(f, "fail-on-miss", &o.failOnMiss, parseSwitch)
	bind(f, "report", &o.report, parseText)
	bind(f, "report-html", &o.reportHTML, parseText)
	bind(f, "report-junit", &o.reportJUnit, parseText)
	bind(f, "report-markdown", &o.reportMarkdown, parseText)
}

// check looks at how the settings go together, and fills in those that depend
// on others.
func (o *runner) check(f *flags, args []string, dash int) error {
	switch {
	case len(args) == 0:
		return misuse("cannery run --offline --fixtures fixtures/ -- npm test", "run: no command is given")
	case dash < 0:
		return noDashes(f, args)
	case !o.offline && o.origins == nil && !o.forward.on:
		if err := flagsBehind(args); err != nil {
			return err
		}
	}
	if err := o.start.check(f, "run"); err != nil {
		return err
	}
	if f.source["log"] == "" {
		o.log = "off"
	}
	if f.source["fail-on-miss"] == "" {
		o.failOnMiss = o.offline
	}
	return nil
}

func (o *runner) run(ctx context.Context, w *world, f *flags, env environment, args []string) error {
	cmd, err := childCommand(args, w.stdin, w.stdout, w.stderr)
	if err != nil {
		return err
	}
	// Better now than after an hour of tests.
	if err := o.checkReports(); err != nil {
		return err
	}
	if err := o.prepare(); err != nil {
		return err
	}
	l, err := listen(ctx, o.host, 0)
	if err != nil {
		return err
	}
	defer l.Close()
	// What the fixtures have is answered from them (see replayFirst), unless their
	// takes can be used up.
	src, err := o.openSource(ctx, f, env, o.afterLast != replay.FailAfterLast)
	if err != nil {
		return err
	}
	recorded := new(countedStore)
	if !o.offline {
		recorded.store, src.store = src.store, recorded
	}
	if src.work != nil && o.statuses == nil {
		src.work.held = isMomentError
	}
	j := newJournal(w.stderr, o.log, o.quiet, env)
	defer j.close()
	result, err := o.runBeside(ctx, w, env, j, l, src, cmd)
	whole := err == nil && result.code == 0 && result.lost == 0
	undropped := o.settleErrors(ctx, src, recorded, err == nil && result.code == 0)
	old, unwritten := src.close(ctx, whole, o.prune)
	if err != nil {
		return err
	}
	unwritten = errors.Join(undropped, unwritten)
	result.bypassed = o.bypassed.all
	if o.statuses == nil {
		result.errors = recorded.errors.all
	}
	result.recorded, result.unwritten = recorded.added.Load(), unwritten
	if result.code != 0 {
		result.recorded -= int64(len(result.errors))
	}
	result.old = old
	return o.finish(ctx, w, j, result)
}

// runBeside runs the command while the proxy answers. The error is one from
// before the command has begun.
func (o *runner) runBeside(ctx context.Context, w *world, env environment, j *journal, l net.Listener, src *source, cmd *exec.Cmd) (*runResult, error) {
	if _, err := o.setRules(ctx, src); err != nil {
		return nil, fmt.Errorf("set the rules of %q: %w", src.address, err)
	}
	src.passedOver(j)
	proxy, err := o.runProxy(ctx, src, j, cmd.Args)
	if err != nil {
		return nil, err
	}
	o.warnOfNothing(ctx, src, &proxy.Answers.Hints, j)
	o.meter.watch(proxy.Proxy, src, proxy.lost)
	front := o.front(proxy.Proxy, l)
	url, _ := o.url(l)
	o.tls.warnOfCertificate(url, j.warn)
	toldCA, err := o.tellAuthority(ctx, w, j, proxy.Proxy)
	if err != nil {
		return nil, err
	}
	defer toldCA()
	told, files, err := o.tellClients(front, url, env)
	if err != nil {
		return nil, err
	}
	defer files.remove()
	cmd.Env = slices.Concat(cmd.Environ(), variables(url, originURLs(ctx, proxy.Proxy, url), o.vars, env), told)
	tended := o.tend(ctx, src, j)
	stop, served := make(chan os.Signal, 2), make(chan error, 1)
	server := o.server(proxy.Proxy, front, url, stop, j)
	go func() { served <- server.serve(ctx, l) }()
	result := &runResult{mode: proxy.Mode(), forward: front != nil, loopback: o.forward.loopback, address: src.address, hints: proxy.Answers.Hints}
	var asked <-chan os.Signal
	child, err := startChild(cmd)
	files.handOver()
	if err == nil {
		asked = w.signals() // what comes when the command has ended is ours
		result.code = child.wait()
	}
	result.unserved = stopServer(stop, asked, served)
	tended()
	if err != nil {
		return nil, err
	}
	proxy.report(ctx, result)
	o.collectHTML(ctx, proxy, result)
	if front != nil {
		result.uncaught, result.around = front.uncaught.All(), goneAround(env)
	}
	return result, nil
}

// settleErrors keeps the errors of the moment that were recorded when the command has
// succeeded, and drops them when it has failed: a bad minute of the origin is not to
// be replayed for ever. What --record-status names stays.
func (o *runner) settleErrors(ctx context.Context, src *source, recorded *countedStore, succeeded bool) error {
	if o.offline || o.statuses != nil {
		return nil
	}
	if !succeeded {
		return recorded.errors.drop(ctx, recorded.store)
	}
	if src.work != nil && len(recorded.errors.all) > 0 {
		src.work.release()
	}
	return nil
}

// stopServer has a server finish what is under way, or give it up when asked to
// stop meanwhile. What was asked before was the command's.
func stopServer(stop chan<- os.Signal, asked <-chan os.Signal, served <-chan error) error {
	for len(asked) > 0 {
		<-asked
	}
	stop <- os.Interrupt
	select {
	case err := <-served:
		return err
	case sig := <-asked:
		stop <- sig
		return <-served
	}
}
