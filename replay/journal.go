package replay

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"example.com/cannery/fixtures/secret"
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
	count   uint64  // of all that came; guarded by mu

	// more is closed when another entry comes. Nil: nobody waits. Guarded by mu.
	more chan struct{}
}

func (j *journal) add(e Entry) {
	e.URL, e.Note, e.header = clipped(e.URL), clipped(e.Note), credentials(e.header)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.count++
	if j.more != nil {
		close(j.more)
		j.more = nil
	}
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

// credentials returns the fields of a header that mask its URL, nil for none. What is
// longer than a URL here cannot stand in one, and would be kept for nothing.
func credentials(header http.Header) (own http.Header) {
	for name, values := range header {
		if !secret.MasksTarget(name) || len(strings.Join(values, "")) > journalText {
			continue
		}
		if own == nil {
			own = http.Header{}
		}
		own[name] = values
	}
	return own
}

// since returns the entries that came after so many, as far as they are remembered,
// how many have come by now, and what is closed when there are more.
func (j *journal) since(seen uint64) (entries []Entry, count uint64, more <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	entries = slices.Concat(j.entries[j.next:], j.entries[:j.next])
	if fresh := j.count - min(seen, j.count); fresh < uint64(len(entries)) {
		entries = entries[len(entries)-int(fresh):]
	}
	for i := range entries {
		entries[i].URL = entries[i].CleanURL()
	}
	if j.more == nil {
		j.more = make(chan struct{})
	}
	return entries, j.count, j.more
}
