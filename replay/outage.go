package replay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// An Outage turns the results of many operations into two lines: one when they
// begin to fail, one when they succeed again. A nil *Outage says nothing. It
// may be used concurrently.
type Outage struct {
	// What fails, and what follows from it for users.
	What string
	// Say writes a line for people.
	Say func(string)
	// Hint returns what is to be done about an error, "" when it may pass by itself. Nil
	// knows nothing.
	Hint func(error) string

	down  atomic.Bool
	mu    sync.Mutex
	since time.Time    // guarded by mu
	lost  atomic.Int64 // operations failed, in all
}

// Report takes the result of an operation. Nil ends an outage. An operation
// that its client gave up says nothing.
func (o *Outage) Report(err error) {
	if o == nil || err == nil && !o.down.Load() || errors.Is(err, context.Canceled) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil:
		o.lost.Add(1)
		if o.down.CompareAndSwap(false, true) {
			o.since = time.Now()
			what := o.What
			if o.Hint != nil {
				if hint := o.Hint(err); hint != "" {
					what += ": " + hint
				}
			}
			o.Say(fmt.Sprintf("%s: %v", what, err))
		}
	case o.down.CompareAndSwap(true, false):
		o.Say(fmt.Sprintf("%s: over after %v", o.What, time.Since(o.since).Round(time.Millisecond)))
	}
}

// Down reports whether the last operation failed.
func (o *Outage) Down() bool { return o != nil && o.down.Load() }

// Lost returns how many operations have failed.
func (o *Outage) Lost() int64 {
	if o == nil {
		return 0
	}
	return o.lost.Load()
}
