package recorder

import (
	"context"
	"sync"
	"time"

	"example.com/cannery/fixtures"
)

// Requests that would be answered by one recording fly as one: the first asks
// the origin, the others wait and look again.

// outcome is what the end of a turn means for those who waited.
type outcome int

const (
	waiting  outcome = iota
	handOver         // look again: there is a recording, or another's turn
	goAlone          // there will be no recording: ask the origin yourself
)

// flightPatience bounds every wait for another request.
const flightPatience = 30 * time.Second

// flights are the requests under way in this process.
type flights struct {
	mu     sync.Mutex
	byName map[string]*turn // guarded by mu
}

// A turn is the right to ask the origin for one recording. The zero turn is a
// right that nobody waits for.
type turn struct {
	once    sync.Once
	ended   chan struct{} // nil when nobody can wait
	outcome outcome       // set before ended is closed
	leave   func()        // gives the turn up for other requests and processes
}

// end tells those who wait how it went. Only the first call counts. The lease
// is given up by leave, after it.
func (t *turn) end(o outcome) {
	t.once.Do(func() {
		t.outcome = o
		if t.ended != nil {
			t.leave()
			close(t.ended)
		}
	})
}

// join waits for the turn of a request. The error fixtures.ErrExists says that
// another request has had its turn meanwhile: look again.
func (f *flights) join(ctx context.Context, store Store, c *fixtures.Commit, flight string, known func() bool) (*turn, error) {
	name := c.Key.String() + flight
	mine := &turn{ended: make(chan struct{})}
	f.mu.Lock()
	first, busy := f.byName[name]
	if !busy {
		if f.byName == nil {
			f.byName = map[string]*turn{}
		}
		f.byName[name] = mine
	}
	f.mu.Unlock()
	if busy {
		return first.wait(ctx)
	}
	mine.leave = func() {
		if c.Lease != nil {
			c.Lease.Release()
		}
		f.leave(name)
	}
	waited, err := lease(ctx, store, c, flight)
	if err == nil && (waited || recordedSince(c) && known()) {
		err = fixtures.ErrExists
	}
	if err != nil {
		mine.end(handOver)
		return nil, err
	}
	return mine, nil
}

// recordedSince reports whether the key may have takes that the request has
// not seen.
func recordedSince(c *fixtures.Commit) bool {
	return c.Lease == nil || c.Lease.Last() != c.Seen
}

func (f *flights) leave(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byName, name)
}

// wait waits for another request of this process.
func (t *turn) wait(ctx context.Context) (*turn, error) {
	patience := time.NewTimer(flightPatience)
	defer patience.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-patience.C:
		return &turn{}, nil
	case <-t.ended:
	}
	if t.outcome == goAlone {
		return &turn{}, nil
	}
	return nil, fixtures.ErrExists
}

// lease makes a commit's turn this process's own among all processes on the
// store, and reports whether it had to wait for another one. A store that cannot
// say must not keep a request from the origin: the commit has no lease then.
func lease(ctx context.Context, store Store, c *fixtures.Commit, flight string) (waited bool, err error) {
	const shortest, longest = 2 * time.Millisecond, 50 * time.Millisecond
	deadline := time.Now().Add(flightPatience)
	for pause := shortest; ; pause = min(2*pause, longest) {
		c.Lease, err = store.Lease(ctx, c.View, c.Key, &c.Recording.Request, flight)
		switch {
		case err != nil:
			return false, ctx.Err()
		case c.Lease != nil:
			return waited, nil
		case time.Now().After(deadline):
			return false, nil
		}
		waited = true
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(pause):
		}
	}
}
