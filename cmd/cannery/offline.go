package main

import (
	"example.com/cannery/fixtures/redisstore"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

// offlineProxy puts together what answers from recordings only. Nothing in it
// can reach the network: no recorder, and a replay.Proxy without an Origin.
func (o *start) offlineProxy(src *source, j *journal) *replay.Proxy {
	return &replay.Proxy{
		Mode:        replay.Offline,
		Store:       src,
		Catalog:     &replay.Catalog{Store: src, Methods: o.methods},
		OriginName:  o.origin.name,
		OriginURL:   o.origin.url,
		Methods:     o.methods,
		AfterLast:   o.afterLast,
		MissStatus:  o.missStatus,
		ReplaySpeed: o.replaySpeed,
		Hosts:       []string{o.host},
		Hints:       o.hints(src),
		Log:         j.request,
		Down:        &replay.Outage{What: "store down, requests get 503", Say: j.say},
	}
}

// hints are what the explanation of a miss tells to type.
func (o *start) hints(src *source) explain.Hints {
	_, redis := src.store.(*redisstore.Store)
	h := explain.Hints{Fixtures: o.fixtures, Volatile: redis, Flags: src.flags}
	if o.origin.url != nil {
		h.Origin = o.origin.String()
	}
	if redis {
		h.Store = src.address
	}
	return h
}
