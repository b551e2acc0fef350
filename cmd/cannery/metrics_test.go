package main

import (
	"testing"
	"time"

	"example.com/cannery/replay"
)

// watched returns what logs the requests of a proxy that is counted.
func watched() func(replay.Entry) {
	m := newMeter()
	p := &replay.Proxy{Sequence: &replay.Sequence{}, Events: replay.Events{Log: func(replay.Entry) {}}}
	m.watchRequests(p)
	return p.Events.Log
}

func TestCountingAllocatesNothing(t *testing.T) {
	log := watched()
	hit := replay.Entry{Cache: "HIT", Duration: 50 * time.Microsecond}
	if n := testing.AllocsPerRun(100, func() { log(hit) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkCountHit measures what the metrics add to a HIT.
func BenchmarkCountHit(b *testing.B) {
	log := watched()
	hit := replay.Entry{Cache: "HIT", Duration: 50 * time.Microsecond}
	for b.Loop() {
		log(hit)
	}
}
