package main

import (
	"context"

	"example.com/cannery/fixtures/redisstore"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

// offlineProxy puts together what answers from recordings only. Nothing in it
// can reach the network: no recorder, and an origin without a Forwarder.
func (o *start) offlineProxy(src *source, j *journal) *replay.Proxy {
	first, others := o.origins.served(false, nil)
	sequence := o.sequence(src, j)
	sequence.Down.Hint = src.outageHint
	return &replay.Proxy{
		Sequence: sequence,
		Origin:   first,
		Others:   others,
		AnyHost:  o.anyHost(false, nil),
		Answers: replay.Answers{
			MissStatus:  o.missStatus,
			ReplaySpeed: o.replaySpeed,
			Hosts:       []string{o.host},
			Hints:       o.hints(src),
		},
		Events: replay.Events{Log: j.request},
	}
}

// sequence is what replays recordings.
func (o *start) sequence(from library, j *journal) *replay.Sequence {
	return &replay.Sequence{
		Store:     from,
		Catalog:   &replay.Catalog{Store: from, Methods: o.methods},
		AfterLast: o.afterLast,
		Down:      &replay.Outage{What: "store down, requests get 503", Say: j.say},
	}
}

// hints are what the explanation of a miss tells to type.
func (o *start) hints(src *source) explain.Hints {
	_, redis := src.store.(*redisstore.Store)
	h := explain.Hints{Fixtures: o.fixtures, Volatile: redis, Flags: src.flags, Origins: o.origins.flags(), AnyHost: o.forward.on}
	if redis {
		h.Store = src.address
	}
	return h
}

// warnOfNothing says that an offline proxy has nothing to replay: who reads it at
// the start need not find it out from misses.
func (o *start) warnOfNothing(ctx context.Context, src *source, hints *explain.Hints, j *journal) {
	if !o.offline {
		return
	}
	// Who asks for a recording hears of a store that fails.
	if n, err := src.Count(ctx); err == nil && n == 0 {
		j.warn("warning: " + hints.Nothing())
	}
}
