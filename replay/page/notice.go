package page

import (
	"crypto/rand"
	"sync"
)

// notices are what has been done, told on the page that comes next. They may be used
// concurrently.
type notices struct {
	mu   sync.Mutex
	kept []notice // the latest; guarded by mu
}

type notice struct{ id, text string }

// maxNotices is how many are remembered.
const maxNotices = 32

// add keeps a notice, and returns the ID that it is asked for with.
func (n *notices) add(text string) (id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id = rand.Text()
	n.kept = append(n.kept, notice{id, text})
	if len(n.kept) > maxNotices {
		n.kept = n.kept[1:]
	}
	return id
}

// get returns a notice, "" when it is forgotten.
func (n *notices) get(id string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, known := range n.kept {
		if known.id == id {
			return known.text
		}
	}
	return ""
}
