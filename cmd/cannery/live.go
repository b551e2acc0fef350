package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/protobody"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
)

// proxy puts the parts together.
func (o *start) proxy(src *source, j *journal, lost *replay.Outage) *replay.Proxy {
	o.meter = newMeter()
	if o.offline {
		return o.offlineProxy(src, j)
	}
	down, fails := "store down, requests get 503", o.record || o.storeDown == "fail" // unrecorded work is lost work
	if !fails {
		down = "store down, requests go to the origin unrecorded"
	}
	through := o.newTransports()
	forwarder := func(at origin) replay.Forwarder { return o.recorder(at, through.of(at.url), src.store, j, lost) }
	first, others := o.origins.served(fails, forwarder)
	return &replay.Proxy{
		Cache: &replay.Cache{
			Store:        src,
			Catalog:      &replay.Catalog{Store: src},
			Anew:         o.record,
			Lasting:      o.statuses == nil,
			Methods:      o.methods,
			MaxAge:       o.maxAge,
			FromFixtures: src.work != nil,
			Down:         &replay.Outage{What: down, Say: j.say, Hint: src.outageHint},
		},
		Origin:  first,
		Others:  others,
		AnyHost: o.anyHost(fails, forwarder),
		Answers: replay.Answers{ReplaySpeed: o.replaySpeed, Hosts: []string{o.host}, Hints: o.hints(src), Examine: (&examined{store: src.store}).findings},
		Events:  replay.Events{Log: j.request},
	}
}

// recorder is what forwards and records.
func (o *start) recorder(at origin, through http.RoundTripper, s store, j *journal, lost *replay.Outage) *recorder.Recorder {
	rec := &recorder.Recorder{
		Origin:        at.url,
		NamedByClient: !o.origins.has(at.name),
		Transport:     through,
		Store:         s,
		Methods:       o.methods,
		Statuses:      o.statuses,
		MaxBody:       o.maxBody,
		Anew:          o.record,
		Stored:        lost.Report,
		Recorded:      o.meter.recorded.Inc,
		Answered:      o.meter.answered,
		Learn: func(ctx context.Context, schema *protobody.Schema) (was, is fixtures.View, err error) {
			return learn(ctx, s, schema)
		},
		Remark: func(r *http.Request, what, why string) {
			j.talk(fmt.Sprintf("%s: %s %s: %s", what, r.Method, secret.CleanTargetOf(r.Header, fixtures.RequestTarget(r.RequestURI)), why))
		},
	}
	if o.record && rec.Statuses == nil {
		rec.Statuses = recorder.AllStatuses()
	}
	return rec
}

// transports are what origins are reached by: one for each way to speak HTTP, so that a
// thousand hosts cost no more than their connections.
type transports struct {
	web, h2c http.RoundTripper
}

func (o *start) newTransports() transports {
	config := recorder.TransportConfig{Timeout: o.originTimeout, RootCAs: o.originCA}
	t := transports{web: recorder.NewTransport(config)}
	config.Origin = &url.URL{Scheme: "h2c"}
	t.h2c = recorder.NewTransport(config)
	return t
}

func (t transports) of(at *url.URL) http.RoundTripper {
	if at.Scheme == "h2c" {
		return t.h2c
	}
	return t.web
}
