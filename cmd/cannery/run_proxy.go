package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"sync"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
)

// A runProxy answers a command.
type runProxy struct {
	*replay.Proxy
	lost *replay.Outage // of recordings

	mu        sync.Mutex           // origins may be made while others are asked
	recorders []*recorder.Recorder // guarded by mu; of the origins; none offline
}

func (o *runner) runProxy(ctx context.Context, src *source, j *journal, command []string) (*runProxy, error) {
	p := &runProxy{lost: &replay.Outage{What: "recordings are lost", Say: j.say, Hint: src.outageHint}}
	p.Proxy = o.proxy(src, j, p.lost)
	if !o.offline && o.fixtures == "" && !o.failUnused {
		p.Cache.Catalog = nil // what is unused of a whole store is no news
	}
	p.Events.Leads = &replay.Leads{}
	hints := &p.Answers.Hints
	hints.Command = secret.ShownCommand(command)
	if o.log == "off" {
		p.Events.Log, p.Events.OnMiss = j.trouble, j.explain
	}
	p.Events.Log = o.bypassed.logged(p.Events.Log)
	if err := o.replayFirst(ctx, j, p); err != nil || o.offline {
		return p, err
	}
	o.adapt(p, &p.Origin, "", j)
	for i := range p.Others {
		o.adapt(p, &p.Others[i], replay.OriginPath(p.Others[i].Name), j)
	}
	if made := p.AnyHost; made != nil {
		p.AnyHost = func(name string, at *url.URL) *replay.Origin {
			origin := made(name, at)
			o.adapt(p, origin, at.String(), j)
			return origin
		}
	}
	return p, nil
}

// adapt makes what forwards to an origin a run's. What is told of it begins with at.
func (o *runner) adapt(p *runProxy, to *replay.Origin, at string, j *journal) {
	rec, _ := to.Forwarder.(*recorder.Recorder)
	if rec == nil {
		return
	}
	rec.Bypassed = func(r *http.Request, why string) {
		o.bypassed.add(r.Method, at+secret.CleanTargetOf(r.Header, fixtures.RequestTarget(r.RequestURI)), why)
	}
	if o.statuses == nil { // a test of an error is a test
		rec.Statuses = recorder.AllStatuses()
	}
	if p.Sequence != nil {
		rec.Placeholder = func(r *http.Request) bool { return placeholderIn(r) != "" }
		to.Forwarder = &placeholderNote{Forwarder: rec, say: j.say}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recorders = append(p.recorders, rec)
}

// report fills in what the proxy knows of a run.
func (p *runProxy) report(ctx context.Context, r *runResult) {
	r.leads = p.Events.Leads.All()
	r.lost = p.lost.Lost()
	r.unreachable = p.unreachable()
	if p.Cache != nil {
		r.down = p.Cache.Down.Lost()
	}
	if p.Sequence != nil {
		r.down += p.Sequence.Down.Lost()
	}
	r.report, r.unread = p.Report(ctx)
}

// unreachable is why an origin that was given has answered nothing. Of those that the
// command has named itself some may be down, as long as any has answered.
func (p *runProxy) unreachable() (first error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	any := false
	for _, rec := range p.recorders {
		why := rec.Unreachable()
		switch {
		case why != nil && !rec.NamedByClient:
			return why
		case why != nil && first == nil:
			first = why
		case why == nil && rec.NamedByClient:
			any = true
		}
	}
	if any {
		return nil
	}
	return first
}

// replayFirst has a live proxy answer what the fixtures have, the unsafe requests
// too, as it would offline, and record only the rest: so a second run records
// nothing again.
func (o *runner) replayFirst(ctx context.Context, j *journal, p *runProxy) error {
	if o.offline || o.record || o.fixtures == "" {
		return nil
	}
	files, err := dir.OpenLibrary(ctx, o.fixtures, o.schema())
	if _, missing := os.Stat(o.fixtures); errors.Is(missing, fs.ErrNotExist) || errors.Is(err, dir.ErrNoFixtures) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("replay %q: %w", o.fixtures, err)
	}
	passedOver(o.fixtures, files.Foreign(), j.warn)
	p.Sequence = o.sequence(files, j)
	return nil
}
