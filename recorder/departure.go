package recorder

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultReadOn = 5 * time.Second

	// maxAlone bounds the exchanges that go on without their clients.
	maxAlone = 64
)

func (rec *Recorder) readOnTime() time.Duration {
	if rec.ReadOn == 0 {
		return defaultReadOn
	}
	return rec.ReadOn
}

// Why the origin's side of an exchange is ended before its time.
var (
	errClientLeft = errors.New("the client left before its end")
	errCrowd      = errors.New("the client left before its end, as did many others whose answers are still read")
	errStillOpen  = errors.New("the client left, and the stream goes on")
)

// A departure is what becomes of an exchange whose client leaves before the
// answer's end. One that is being recorded goes on without it, for a while.
type departure struct {
	client context.Context         // ends when it leaves
	detach func() bool             // has nobody told of that any more
	cancel context.CancelCauseFunc // ends the origin's side
	read   atomic.Int64            // bytes of the answer's content so far

	mu         sync.Mutex  // guards what follows
	left       bool        // the client has left
	unrecorded bool        // nothing is recorded, or nothing more
	began      bool        // the answer's header has come
	declared   bool        // and its length with it
	alone      bool        // the exchange is one of maxAlone
	timer      *time.Timer // nil while the client is there
}

// begin returns the context of the origin's side, which does not end when the
// client leaves, and what ends the exchange.
func (x *exchange) begin(r *http.Request) (ctx context.Context, end func()) {
	x.unrecorded = !x.record
	ctx, x.cancel = context.WithCancelCause(context.WithoutCancel(r.Context()))
	x.client = r.Context()
	x.detach = context.AfterFunc(x.client, func() { x.clientLeft() })
	return ctx, func() {
		x.detach()
		x.cancel(nil)
		x.over()
	}
}

// clientLeft is told that the client has left, as often as that is seen, and reports
// whether the exchange goes on without it.
func (x *exchange) clientLeft() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.left || x.request.paused() {
		return !x.unrecorded
	}
	x.left = true
	switch {
	case x.unrecorded:
		x.cancel(errClientLeft)
	case x.dialogue != nil && x.began && !x.request.whole():
		x.cancel(errStillOpen) // nothing more is said, and all that was is recorded
	case !x.request.whole():
		// There is no recording without the request.
		x.unrecorded = true
		x.cancel(errClientLeft)
	case x.rec.alone.Add(1) > maxAlone:
		x.rec.alone.Add(-1)
		x.unrecorded = true
		x.cancel(errCrowd)
	default:
		x.alone = true
		before := int64(-1) // an answer that has not begun
		if x.began {
			before = x.read.Load()
		}
		x.timer = time.AfterFunc(x.rec.readOnTime(), func() { x.checkProgress(before) })
	}
	return !x.unrecorded
}

// checkProgress gives an answer of declared length more time when more than before has
// come, and one that has only begun its first.
func (x *exchange) checkProgress(before int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	read := x.read.Load()
	switch {
	case !x.alone || x.unrecorded: // it has ended
	case x.began && (before < 0 || x.declared && read > before):
		x.timer = time.AfterFunc(x.rec.readOnTime(), func() { x.checkProgress(read) })
	case x.began && !x.declared:
		x.cancel(errStillOpen)
	default:
		x.cancel(errClientLeft)
	}
}

// answerBegan tells that the answer's header has come.
func (x *exchange) answerBegan(declared bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.began, x.declared = true, declared
}

// giveUp tells that nothing more is recorded: a client is needed to go on.
func (x *exchange) giveUp() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.unrecorded = true
	if x.left {
		x.cancel(errClientLeft)
	}
}

// over ends the exchange, and its time alone.
func (x *exchange) over() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.unrecorded = true
	if !x.alone {
		return
	}
	x.alone = false
	x.timer.Stop()
	x.rec.alone.Add(-1)
}
