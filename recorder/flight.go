package recorder

import (
	"context"
	"sync"
	"time"

	"example.com/cannery/fixtures"
)

// Requests that would be answered by one recording fly as one: the first asks
// the origin, the others wait and look again.

// outcome is what the end of a claim means for those who waited.
type outcome int

const (
	waiting  outcome = iota
	handOver         // look again: there is a recording, or another's claim
	goAlone          // there will be no recording: ask the origin yourself
)

// flightTimeout bounds every wait for another request.
const flightTimeout = 30 * time.Second

// flights are the requests under way in this process.
type flights struct {
	mu     sync.Mutex
	byName map[string]*claim // guarded by mu
}

// A claim is the right to ask the origin for one recording. The zero claim is a
// right that nobody waits for.
type claim struct {
	once    sync.Once
	ended   chan struct{} // nil when nobody can wait
	outcome outcome       // set before ended is closed
	leave   func()        // gives the claim up for other requests and processes
}

// end tells those who wait how it went. Only the first call counts. The lease
// is given up by leave, after it.
func (t *claim) end(o outcome) {
	t.once.Do(func() {
		t.outcome = o
		if t.ended != nil {
			t.leave()
			close(t.ended)
		}
	})
}

// join waits for the claim of a request. The error fixtures.ErrExists says that
// another request has had the claim meanwhile, and that it is to be looked for again.
func (f *flights) join(ctx context.Context, store Store, c *fixtures.Commit, flight string, again func() bool) (*claim, error) {
	name := c.Key.String() + flight
	mine := &claim{ended: make(chan struct{})}
	f.mu.Lock()
	first, busy := f.byName[name]
	if !busy {
		if f.byName == nil {
			f.byName = map[string]*claim{}
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
	if err == nil && (waited || recordedSince(c)) && again() {
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
func (t *claim) wait(ctx context.Context) (*claim, error) {
	timer := time.NewTimer(flightTimeout)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return &claim{}, nil
	case <-t.ended:
	}
	if t.outcome == goAlone {
		return &claim{}, nil
	}
	return nil, fixtures.ErrExists
}

// lease makes a commit's claim this process's own among all processes on the
// store, and reports whether it had to wait for another one. A store that cannot
// say must not keep a request from the origin: the commit has no lease then.
func lease(ctx context.Context, store Store, c *fixtures.Commit, flight string) (waited bool, err error) {
	const shortest, longest = 2 * time.Millisecond, 50 * time.Millisecond
	deadline := time.Now().Add(flightTimeout)
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
