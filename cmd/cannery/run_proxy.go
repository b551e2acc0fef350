package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
)

// A runProxy answers a command.
type runProxy struct {
	*replay.Proxy
	recorders []*recorder.Recorder // of the origins; none offline
	lost      *replay.Outage       // of recordings
}

func (o *runner) runProxy(ctx context.Context, src *source, j *journal, command []string) (*runProxy, error) {
	p := &runProxy{lost: &replay.Outage{What: "recordings are lost", Say: j.say}}
	p.Proxy = o.proxy(src, j, p.lost)
	for i, at := range p.Origins() {
		rec, _ := at.Forwarder.(*recorder.Recorder)
		if rec == nil {
			continue
		}
		p.recorders = append(p.recorders, rec)
		path := ""
		if i > 0 {
			path = replay.OriginPath(at.Name)
		}
		rec.Bypassed = func(r *http.Request, why string) {
			o.bypassed.add(r.Method, path+secret.CleanTarget(fixtures.RequestTarget(r.RequestURI)), why)
		}
		if o.statuses == nil { // a test of an error is a test
			rec.Statuses = recorder.AllStatuses()
		}
	}
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
	return p, o.replayFirst(ctx, j, p)
}

// report fills in what the proxy knows of a run.
func (p *runProxy) report(ctx context.Context, r *runResult) {
	r.leads = p.Events.Leads.All()
	r.lost = p.lost.Lost()
	for _, rec := range p.recorders {
		if r.unreachable == nil {
			r.unreachable = rec.Unreachable()
		}
	}
	if p.Cache != nil {
		r.down = p.Cache.Down.Lost()
	}
	if p.Sequence != nil {
		r.down += p.Sequence.Down.Lost()
	}
	r.report, r.unread = p.Report(ctx)
}

// replayFirst has a live proxy answer what the fixtures have, the unsafe requests
// too, as it would offline, and record only the rest: so a second run records
// nothing again.
func (o *runner) replayFirst(ctx context.Context, j *journal, p *runProxy) error {
	if o.offline || o.record || o.fixtures == "" {
		return nil
	}
	files, err := dir.OpenLibrary(ctx, o.fixtures, nil)
	if _, missing := os.Stat(o.fixtures); errors.Is(missing, fs.ErrNotExist) || errors.Is(err, dir.ErrNoFixtures) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("replay %q: %w", o.fixtures, err)
	}
	passedOver(o.fixtures, files.Foreign(), j.warn)
	p.Sequence = o.sequence(files, j)
	for _, rec := range p.recorders {
		rec.Placeholder = func(r *http.Request) bool { return placeholderIn(r) != "" }
	}
	p.Origin.Forwarder = &placeholderNote{Forwarder: p.Origin.Forwarder, say: j.say}
	for i := range p.Others {
		p.Others[i].Forwarder = &placeholderNote{Forwarder: p.Others[i].Forwarder, say: j.say}
	}
	return nil
}
