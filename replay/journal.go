package replay

import (
	"slices"
	"strings"
	"sync"
)

// journalSize is how many requests the journal remembers, and journalText how
// many bytes of each of their texts.
const (
	journalSize = 1000
	journalText = 4 << 10
)

// A journal remembers the latest requests. What is secret in them is masked
// when they are read, not on the way of every request. It may be used
// concurrently.
type journal struct {
	mu      sync.Mutex
	entries []Entry // a ring once it is full; guarded by mu
	next    int     // where the oldest stands, in a full ring; guarded by mu
}

func (j *journal) add(e Entry) {
	e.URL, e.Note = clipped(e.URL), clipped(e.Note)
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) < journalSize {
		j.entries = append(j.entries, e)
		return
	}
	j.entries[j.next] = e
	j.next = (j.next + 1) % journalSize
}

func clipped(s string) string {
	if len(s) <= journalText {
		return s
	}
	return strings.Clone(s[:journalText]) // a part would keep the whole
}

// latest returns the entries, the oldest first.
func (j *journal) latest() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	latest := slices.Concat(j.entries[j.next:], j.entries[:j.next])
	for i := range latest {
		latest[i].URL = latest[i].CleanURL()
	}
	return latest
}
