package main

import (
	"sync"

	"example.com/cannery/replay"
)

// A bypassed is an exchange that was passed on and not recorded.
type bypassed struct {
	Method string `json:"method"`
	Target string `json:"url"` // secrets masked
	Why    string `json:"why"`
}

// bypasses are the first of those of a run, and the reasons. They may be used
// concurrently.
type bypasses struct {
	mu  sync.Mutex
	all []bypassed // guarded by mu
}

// maxBypassed bounds how many are remembered.
const maxBypassed = 1000

func (b *bypasses) add(method, target, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.all) < maxBypassed {
		b.all = append(b.all, bypassed{method, target, why})
	}
}

// logged returns a log that notes what was not looked up.
func (b *bypasses) logged(log func(replay.Entry)) func(replay.Entry) {
	return func(e replay.Entry) {
		if e.Bypassed != "" {
			b.add(e.Method, e.CleanURL(), e.Bypassed)
		}
		log(e)
	}
}
