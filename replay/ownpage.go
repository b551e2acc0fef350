package replay

import (
	"context"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay/explain"
)

// PagePath is where the page for people is, and what belongs to it is below.
const PagePath = ownPrefix + "page/"

// isPage reports whether one of cannery's own paths is Answers.Page's.
func isPage(path string) bool {
	return path == ownRoot || path == ownPrefix || strings.HasPrefix(path, PagePath)
}

// A pageWriter is what the page for people is written to.
type pageWriter struct{ *writer }

func (w *pageWriter) WriteHeader(status int) { w.begin(status) }

func (w *pageWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.begin(200)
	}
	return w.writer.Write(p)
}

// Follow returns the requests that came after so many, the oldest first, of the latest
// 1,000, and how many have come by now. It waits until there are any. It is not ok when
// the context has ended before, or the proxy is asked to stop.
func (p *Proxy) Follow(ctx context.Context, seen uint64) (entries []Entry, count uint64, ok bool) {
	for {
		entries, count, more := p.journal.since(seen)
		if len(entries) > 0 {
			return entries, count, true
		}
		select {
		case <-more:
		case <-p.stopped.done():
			return nil, count, false
		case <-ctx.Done():
			return nil, count, false
		}
	}
}

// Latest returns the latest requests, the oldest first, and how many have come by now.
func (p *Proxy) Latest() (entries []Entry, count uint64) {
	entries, count, _ = p.journal.since(0)
	return entries, count
}

// Unmatched returns the requests that nothing answered, each once, the first 1,000 of
// them, and how many there were.
func (p *Proxy) Unmatched() (kept []Unmatched, count int64) { return p.missed.all() }

// Recorded are the requests that there are recordings of.
type Recorded struct {
	View  fixtures.View
	Lines []explain.Line // shared: not to be changed

	proxy *Proxy
}

// Recorded returns the requests that there are recordings of, nil when this proxy does
// not know them all.
func (p *Proxy) Recorded(ctx context.Context) (*Recorded, error) {
	catalog := p.listing()
	if catalog == nil {
		return nil, nil
	}
	view, err := catalog.Store.View(ctx)
	if err != nil {
		return nil, err
	}
	got, err := catalog.at(ctx, view)
	if err != nil {
		return nil, err
	}
	return &Recorded{got.view, got.lines, p}, nil
}

// Takes returns the recordings of a line. None are left of one that was removed
// meanwhile.
func (r *Recorded) Takes(ctx context.Context, line *explain.Line) ([]*fixtures.Recording, error) {
	store := r.proxy.listed()
	return explain.Usable(store.Takes(ctx, r.View, line.Key, line.Request()))
}

// Served returns how often a recording has been served.
func (r *Recorded) Served(rec *fixtures.Recording) int64 { return r.proxy.served(r.View, rec) }

// listed is the store of what listing returns.
func (p *Proxy) listed() Store {
	if p.Sequence != nil {
		return p.Sequence.Store
	}
	return p.Cache.Store
}
