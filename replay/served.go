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
		mu     sync.Mutex
		counts map[identified]*servedCount // guarded by mu, as what it points to
		keys   map[fixtures.Key]bool       // of all that were served; guarded by mu
	}
}

// A servedCount is of one recording.
type servedCount struct {
	times int64
	key   fixtures.Key // that it was found under last: nearly always the only one
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
	count := shard.counts[id]
	if count == nil {
		if shard.counts == nil {
			shard.counts, shard.keys = map[identified]*servedCount{}, map[fixtures.Key]bool{}
		}
		count = &servedCount{key: key}
		shard.counts[id], shard.keys[key] = count, true
	}
	if count.key != key {
		count.key, shard.keys[key] = key, true
	}
	count.times++
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
	if count := shard.counts[id]; count != nil {
		return count.times
	}
	return 0
}

func (id *identified) shard() int {
	if id.name != "" {
		return int(maphash.String(nameSeed, id.name) % 16)
	}
	return int(id.event.Key[0] % 16)
}

var nameSeed = maphash.MakeSeed()
