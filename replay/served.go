package replay

import (
	"hash/maphash"
	"sync"

	"example.com/cannery/fixtures"
)

// served counts how often each recording has been served, whatever the
// session. It may be used concurrently.
type served struct {
	shards [16]struct {
		mu    sync.Mutex
		times map[identified]int64  // guarded by mu
		keys  map[fixtures.Key]bool // of all that were served; guarded by mu
	}
}

// An identified recording is one of a store. A fixture is the same in all, under
// whatever rules: its name identifies it.
type identified struct {
	event fixtures.Event
	name  string // of the fixture; "" for one not imported, which its event identifies
}

func identify(key fixtures.Key, rec *fixtures.Recording) identified {
	if rec.Name != "" {
		return identified{name: rec.Name}
	}
	return identified{event: fixtures.Event{Key: key, Take: rec.Take}}
}

func (s *served) add(key fixtures.Key, rec *fixtures.Recording) {
	id := identify(key, rec)
	shard := &s.shards[id.shard()]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.times == nil {
		shard.times, shard.keys = map[identified]int64{}, map[fixtures.Key]bool{}
	}
	shard.times[id]++
	shard.keys[key] = true
}

// has reports whether a recording has been served under a key.
func (s *served) has(key fixtures.Key) bool {
	for i := range s.shards {
		shard := &s.shards[i]
		shard.mu.Lock()
		ok := shard.keys[key]
		shard.mu.Unlock()
		if ok {
			return true
		}
	}
	return false
}

func (s *served) times(key fixtures.Key, rec *fixtures.Recording) int64 {
	id := identify(key, rec)
	shard := &s.shards[id.shard()]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return shard.times[id]
}

func (id *identified) shard() int {
	if id.name != "" {
		return int(maphash.String(nameSeed, id.name) % 16)
	}
	return int(id.event.Key[0] % 16)
}

var nameSeed = maphash.MakeSeed()
