package replay

import (
	"slices"
	"sync"

	"example.com/cannery/fixtures/secret"
)

// unsure remembers what was asked for in another order than it was recorded in, so that
// which take had to be served could not be known. It may be used concurrently.
type unsure struct {
	mu    sync.Mutex
	asked []string // methods with paths, each once; guarded by mu
}

// maxUnsure bounds how many are remembered.
const maxUnsure = 100

func (u *unsure) add(asked string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.asked) < maxUnsure && !slices.Contains(u.asked, asked) {
		u.asked = append(u.asked, asked)
	}
}

// all returns them for people, secrets masked.
func (u *unsure) all() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var all []string
	for _, asked := range u.asked {
		all = append(all, secret.CleanTarget(asked))
	}
	return all
}
