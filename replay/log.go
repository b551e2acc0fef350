package replay

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
)

// An Entry is a request's line in the log.
type Entry struct {
	Time     time.Time // when the request came
	Method   string
	URL      string // the request-target as it came: to be shown by CleanURL
	Status   int    // 0 when the client left before an answer began
	Size     int64  // bytes of content written
	Duration time.Duration
	Cache    string // HIT, MISS or BYPASS
	Session  string
	Note     string // why there was an error, or something to know; "" for none
	Bypassed string // why the request was not looked up; "" when it was
	Refused  bool   // see Stats

	// Miss is the ID of its Unmatched, 0 when it is none, or not kept.
	Miss int

	header http.Header // the request's, whose own secrets may stand in its URL
}

// CleanURL returns the request-target with its secrets masked. That is done for
// whoever shows an entry, and not on the way of every request.
func (e *Entry) CleanURL() string { return secret.CleanTargetOf(e.header, e.URL) }

// Stats count answers. Refused are requests that cannery answers with an error by itself,
// and passes on to nobody: their answers say BYPASS too, and are not among the Bypasses.
type Stats struct {
	Hits, Misses, Bypasses, Refused int64
}

type stats struct{ hits, misses, bypasses, refused atomic.Int64 }

// Stats returns the counts so far.
func (p *Proxy) Stats() Stats {
	return Stats{p.stats.hits.Load(), p.stats.misses.Load(), p.stats.bypasses.Load(), p.stats.refused.Load()}
}

// count counts an answer, before its client can know of it.
func (p *Proxy) count(w *writer) {
	if w.own {
		return
	}
	switch w.cache {
	case "HIT":
		p.stats.hits.Add(1)
	case "MISS":
		p.stats.misses.Add(1)
	case "BYPASS":
		if w.refused() {
			p.stats.refused.Add(1)
			return
		}
		p.stats.bypasses.Add(1)
	}
}

// refused reports whether the request itself is why it gets an error. An origin or a
// store that gives no answer is a 5xx, and a miss is counted as one.
func (w *writer) refused() bool {
	problem, ok := errors.AsType[*fixtures.Problem](w.cause)
	return ok && !w.missed && problem.Status < http.StatusInternalServerError
}

// recount has an answer that has begun as a HIT be logged, and counted, as the miss that
// it has become: its header has said otherwise.
func (p *Proxy) recount(w *writer) {
	w.cache = "MISS"
	p.stats.hits.Add(-1)
	p.stats.misses.Add(1)
}

// isOwn reports whether a request-target is cannery's own, and no origin's.
func isOwn(target string) bool {
	rest, ok := strings.CutPrefix(target, ownRoot)
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '?')
}

// keepLog logs a request. Panicked is what a handler's panic said.
func (p *Proxy) keepLog(w *writer, r *http.Request, began time.Time, panicked any) {
	if w.own {
		return
	}
	entry := Entry{
		Time:     began,
		Method:   r.Method,
		URL:      w.prefix + r.RequestURI,
		Status:   w.status,
		Size:     w.size,
		Duration: time.Since(began),
		Cache:    w.cache,
		Session:  w.session,
		Bypassed: w.bypassed,
		Refused:  w.refused(),
		header:   r.Header,
	}
	if w.asItIs {
		entry.URL = w.origin.webURL() + fixtures.RequestTarget(r.RequestURI)
	}
	switch cause, isError := panicked.(error); {
	case w.missed:
		entry.Note, entry.Miss = w.note, w.unmatched
	case w.cause != nil:
		entry.Note = w.cause.Error()
	case r.Context().Err() != nil && (panicked != nil || w.status == 0):
		entry.Note = "the client left"
	case isError && errors.Is(cause, http.ErrAbortHandler):
		entry.Note = "the answer was cut short"
	case panicked != nil:
		entry.Note = fmt.Sprintf("cannery failed: %v", panicked)
	}
	if w.lookup.damaged != nil {
		p.notice(w.lookup.damaged)
	}
	p.journal.add(entry)
	if p.Events.Log != nil {
		p.Events.Log(entry)
	}
}

// notice logs something that is no request's answer.
func (p *Proxy) notice(err error) {
	if p.Events.Log != nil {
		p.Events.Log(Entry{Time: time.Now(), Note: err.Error()})
	}
}
