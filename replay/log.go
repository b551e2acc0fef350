package replay

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"example.com/cannery/fixtures"
)

// An Entry is a request's line in the log.
type Entry struct {
	Time     time.Time // when the request came
	Method   string
	URL      string // the request-target, secrets masked
	Status   int    // 0 when the client left before an answer began
	Size     int64  // bytes of content written
	Duration time.Duration
	Cache    string // HIT, MISS or BYPASS
	Session  string
	Note     string // why there was an error, or something to know; "" for none
}

// Stats count answers.
type Stats struct {
	Hits, Misses, Bypasses int64
}

type stats struct{ hits, misses, bypasses atomic.Int64 }

// Stats returns the counts so far.
func (p *Proxy) Stats() Stats {
	return Stats{p.stats.hits.Load(), p.stats.misses.Load(), p.stats.bypasses.Load()}
}

// keepLog counts an answer and logs it. Panicked is what a handler's panic said.
func (p *Proxy) keepLog(w *writer, r *http.Request, began time.Time, panicked any) {
	cache := w.Header().Get("X-Cache")
	own := strings.HasPrefix(r.RequestURI, ownPrefix) // nobody's request to the origin
	switch {
	case own:
	case cache == "HIT":
		p.stats.hits.Add(1)
	case cache == "MISS":
		p.stats.misses.Add(1)
	case cache == "BYPASS":
		p.stats.bypasses.Add(1)
	}
	if p.Log == nil || own {
		return
	}
	entry := Entry{
		Time:     began,
		Method:   r.Method,
		URL:      fixtures.CleanTarget(w.prefix + r.RequestURI),
		Status:   w.status,
		Size:     w.size,
		Duration: time.Since(began),
		Cache:    cache,
		Session:  w.session,
	}
	switch cause, isError := panicked.(error); {
	case w.cause != nil:
		entry.Note = w.cause.Error()
	case r.Context().Err() != nil && (panicked != nil || w.status == 0):
		entry.Note = "the client left"
	case isError && errors.Is(cause, http.ErrAbortHandler):
		entry.Note = "the answer was cut short"
	case panicked != nil:
		entry.Note = fmt.Sprintf("cannery failed: %v", panicked)
	}
	p.Log(entry)
}

// notice logs something that is no request's answer.
func (p *Proxy) notice(err error) {
	if p.Log != nil {
		p.Log(Entry{Time: time.Now(), Note: err.Error()})
	}
}
