package replay

import (
	"sync"

	"example.com/cannery/fixtures"
)

// served counts how often each recording has been served, whatever the
// session. It may be used concurrently.
type served struct {
	shards [16]struct {
		mu    sync.Mutex
		times map[fixtures.Event]int64 // guarded by mu
	}
}

func (s *served) add(rec fixtures.Event) {
	shard := &s.shards[rec.Key[0]%16]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.times == nil {
		shard.times = map[fixtures.Event]int64{}
	}
	shard.times[rec]++
}

func (s *served) times(rec fixtures.Event) int64 {
	shard := &s.shards[rec.Key[0]%16]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return shard.times[rec]
}
