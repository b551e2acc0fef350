package testutil

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
)

// A timeline is what one Start replaces in a directory when it records, of some origins
// or of all.
type timeline struct{ dir, session string }

// claims say who in this process records a timeline. The fixtures of a second
// one would replace those of the first: neither knows what the other was asked.
// They may be used concurrently.
type claims struct {
	mu sync.Mutex
	by map[timeline][]*recording // guarded by mu
}

// recordings are those under way.
var recordings = claims{by: map[timeline][]*recording{}}

// claim fails when a session is somebody else's.
func (c *claims) claim(m *recording, session string) error {
	dir, err := filepath.Abs(m.config.Dir)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at := timeline{dir, session}
	for _, by := range c.by[at] {
		if by != m && m.overlaps(by) {
			return fmt.Errorf("another Start records the same test into %q, and one would replace what the other has recorded: share its Server, or give each a directory", m.config.Dir)
		}
	}
	c.by[at] = append(c.by[at], m)
	return nil
}

// release gives up all that a recording has claimed.
func (c *claims) release(m *recording) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at, by := range c.by {
		by = slices.DeleteFunc(by, func(o *recording) bool { return o == m })
		if c.by[at] = by; len(by) == 0 {
			delete(c.by, at)
		}
	}
}
