package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"

	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
)

// The proxies are those that answer a command.
type proxies struct {
	first *replay.Proxy // answers what fixtures have; nil for none
	rest  *replay.Proxy
	lost  *replay.Outage // of recordings
}

func (o *runner) proxies(ctx context.Context, src *source, j *journal, command []string) (p *proxies, err error) {
	p = &proxies{lost: &replay.Outage{What: "recordings are lost", Say: j.say}}
	p.rest = o.proxy(src, j, p.lost)
	if !o.offline && o.fixtures == "" && !o.failUnused {
		p.rest.Catalog = nil // what is unused of a whole store is no news
	}
	p.rest.Leads = &replay.Leads{}
	p.rest.Hints.Command = secret.ShownCommand(command)
	for _, name := range o.vars {
		p.rest.Hints.Flags = append(p.rest.Hints.Flags, "--env", name)
	}
	if o.log == "off" {
		p.rest.Log, p.rest.OnMiss = j.trouble, j.explain
	}
	p.first, err = o.replayFirst(ctx, j, p.rest)
	return p, err
}

func (p *proxies) handler() http.Handler {
	if p.first != nil {
		return p.first
	}
	return p.rest
}

// stop ends the answers that have no end of their own.
func (p *proxies) stop() {
	p.rest.Stop()
	if p.first != nil {
		p.first.Stop()
	}
}

// report fills in what the proxies know of a run.
func (p *proxies) report(ctx context.Context, r *runResult) {
	r.leads = p.rest.Leads.All()
	r.lost, r.down = p.lost.Lost(), p.rest.Down.Lost()
	if origin, ok := p.rest.Origin.(*recorder.Recorder); ok { // not offline
		r.unreachable = origin.Unreachable()
	}
	if p.first == nil {
		r.report, r.unread = p.rest.Report(ctx)
		return
	}
	r.report, r.unread = p.first.Report(ctx)
	rest := p.rest.Stats()
	r.report.Hits += rest.Hits
	r.report.Misses += rest.Misses
	r.report.Bypasses += rest.Bypasses
}

// replayFirst returns a proxy that answers what the fixtures have, the unsafe
// requests too, as it would offline, and leaves only the rest to another: so a
// second run records nothing again. It is nil when there is nothing to replay.
func (o *runner) replayFirst(ctx context.Context, j *journal, rest *replay.Proxy) (*replay.Proxy, error) {
	if rest.Mode != replay.Live || o.fixtures == "" {
		return nil, nil
	}
	files, err := dir.OpenLibrary(ctx, o.fixtures)
	if _, missing := os.Stat(o.fixtures); errors.Is(missing, fs.ErrNotExist) || errors.Is(err, dir.ErrNoFixtures) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("replay %q: %w", o.fixtures, err)
	}
	first := o.offlineProxy(&source{library: files, address: o.fixtures}, j)
	first.Else = &placeholderNote{next: rest, say: j.say}
	first.Log, first.Leads = rest.Log, rest.Leads
	return first, nil
}
