package recorder

import (
	"sync"
	"sync/atomic"
)

// A reach is whether an origin has ever answered. It may be used concurrently.
type reach struct {
	ever atomic.Bool

	mu  sync.Mutex
	why error // guarded by mu: the first request's that got no answer
}

func (r *reach) answered() {
	if !r.ever.Load() { // one cache line for all, once it is written no more
		r.ever.Store(true)
	}
}

func (r *reach) failed(why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.why == nil {
		r.why = why
	}
}

// answered notes that the origin has answered a request.
func (rec *Recorder) answered(status int) {
	rec.reach.answered()
	if rec.Answered != nil {
		rec.Answered(status)
	}
}

// unanswered notes why the origin has not answered one.
func (rec *Recorder) unanswered(why error) {
	rec.reach.failed(why)
	if rec.Answered != nil {
		rec.Answered(0)
	}
}

// Unreachable returns why the origin has answered none of the requests sent to
// it so far: a *fixtures.Problem, the first one's. Nil means that it has
// answered, or that none was sent. Requests whose client has left do not count.
func (rec *Recorder) Unreachable() error {
	if rec.reach.ever.Load() {
		return nil
	}
	rec.reach.mu.Lock()
	defer rec.reach.mu.Unlock()
	return rec.reach.why
}
