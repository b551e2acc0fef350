package replay

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay/explain"
)

// CatalogStore is what a Catalog needs of a store, in the terms of package
// fixtures.
type CatalogStore interface {
	View(ctx context.Context) (fixtures.View, error)
	Recordings(ctx context.Context) iter.Seq2[*fixtures.Recording, error]
}

// A Catalog knows a store's recordings by more than their keys: their order,
// their origins, and which of them a request is near to. It reads the whole
// store when it is first needed, and again when the store has changed. It holds
// some 200 bytes for each key, and no content. It may be used concurrently.
type Catalog struct {
	Store CatalogStore

	// Methods change nothing at the origin, as those of the Proxy: nothing
	// waits for a request with one of them. Nil is none.
	Methods fixtures.Methods

	mu      sync.Mutex
	loaded  *contents             // guarded by mu; nil: nothing was loaded yet
	loading *loading              // guarded by mu; nil: nobody loads
	gone    map[fixtures.Key]bool // guarded by mu; were there in an earlier load
	former  []string              // guarded by mu; the origins of the last load that had any
}

// A loading is a reading of the store that others wait for.
type loading struct {
	done chan struct{} // closed when contents and err are there
	got  *contents
	err  error
}

// contents are what a store held at one moment. They do not change.
type contents struct {
	view     fixtures.View
	timeline fixtures.Timeline
	origins  []string
	bases    map[string]string // by origin; of its first recording
	lines    []explain.Line

	// whole are the calls of gRPC that were recorded by all that their client said, by
	// the keys that they would have by their first message.
	whole map[fixtures.Key]bool

	masked maskedLines
}

// Load reads the store, unless that is done. Nobody needs to call it: it takes
// the time from the first request that would.
func (c *Catalog) Load(ctx context.Context) error {
	view, err := c.Store.View(ctx)
	if err != nil {
		return err
	}
	_, err = c.at(ctx, view)
	return err
}

// Timeline returns the timeline of a view.
func (c *Catalog) Timeline(ctx context.Context, view fixtures.View) (*fixtures.Timeline, error) {
	got, err := c.at(ctx, view)
	if err != nil {
		return nil, err
	}
	return &got.timeline, nil
}

// Origins returns the names of all origins there are recordings of, sorted.
func (c *Catalog) Origins(ctx context.Context, view fixtures.View) ([]string, error) {
	if view.Origins != nil {
		return view.Origins, nil
	}
	got, err := c.at(ctx, view)
	if err != nil {
		return nil, err
	}
	return got.origins, nil
}

// base returns the URL that an origin had when it was recorded, "" when its
// first recording does not tell.
func (c *Catalog) base(ctx context.Context, view fixtures.View, origin string) (string, error) {
	got, err := c.at(ctx, view)
	if err != nil {
		return "", err
	}
	return got.bases[origin], nil
}

// lost reports whether there once were recordings of a request, since this
// process has begun, and are no more: in an earlier load, or as was says of a key.
// It returns the request with the origin that it then had, if nothing tells it any
// more.
func (c *Catalog) lost(rules *fixtures.Rules, memory *fixtures.KeyMemory, keys *keyer, req *fixtures.Request, was func(fixtures.Key) bool) (*fixtures.Request, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := func(req *fixtures.Request) bool {
		key := keys.key(memory, rules, req)
		return c.gone[key] || was(key)
	}
	if gone(req) {
		return req, true
	}
	if req.Origin != "" {
		return nil, false
	}
	for _, origin := range c.former {
		named := *req
		named.Origin = origin
		if gone(&named) {
			return &named, true
		}
	}
	return nil, false
}

// at returns what the store holds under a view, or a later one.
func (c *Catalog) at(ctx context.Context, view fixtures.View) (*contents, error) {
	for {
		c.mu.Lock()
		if now := c.loaded; now != nil && now.view.Generation == view.Generation && now.view.Clock >= view.Clock {
			c.mu.Unlock()
			return now, nil
		}
		l := c.loading
		if l == nil {
			l = &loading{done: make(chan struct{})}
			c.loading = l
			c.mu.Unlock()
			// Whoever starts the load must not end it for the others by leaving.
			c.load(context.WithoutCancel(ctx), l)
			return l.got, l.err
		}
		c.mu.Unlock()
		select {
		case <-l.done:
			if l.err != nil {
				return nil, l.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *Catalog) load(ctx context.Context, l *loading) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if l.err == nil && l.got != nil {
			c.note(l.got)
			c.loaded = l.got
		}
		c.loading = nil
		close(l.done)
	}()
	l.got, l.err = readContents(ctx, c.Store, c.Methods)
}

// maxGone bounds what is remembered of recordings that are no more.
const maxGone = 100_000

// note compares what was loaded with what was there before. The lock is held.
func (c *Catalog) note(now *contents) {
	if len(now.origins) > 0 {
		c.former = now.origins
	}
	if c.loaded == nil {
		return
	}
	left := make(map[fixtures.Key]bool, len(now.lines))
	for i := range now.lines {
		left[now.lines[i].Key] = true
	}
	maps.DeleteFunc(c.gone, func(key fixtures.Key, _ bool) bool { return left[key] })
	sameKeys := now.view.Rules.SameKeys(*c.loaded.view.Rules)
	for i := range c.loaded.lines {
		key := c.loaded.lines[i].Key
		if left[key] || !sameKeys || len(c.gone) >= maxGone {
			continue
		}
		if c.gone == nil {
			c.gone = map[fixtures.Key]bool{}
		}
		c.gone[key] = true
	}
}

func readContents(ctx context.Context, store CatalogStore, methods fixtures.Methods) (*contents, error) {
	view, err := store.View(ctx)
	if err != nil {
		return nil, err
	}
	got := &contents{view: view, timeline: fixtures.Timeline{Methods: slices.Concat(methods, view.Rules.Methods)}, bases: map[string]string{}, whole: map[fixtures.Key]bool{}}
	words := map[string]string{} // sessions, origins and methods, each kept once
	word := func(s string) string {
		if w, ok := words[s]; ok {
			return w
		}
		s = strings.Clone(s) // it may be a part of the recording
		words[s] = s
		return s
	}
	for rec, err := range store.Recordings(ctx) {
		if err != nil {
			return nil, err
		}
		req := &rec.Request
		key := view.Rules.Key(req)
		got.timeline.Add(key, rec)
		if n := len(got.lines); n > 0 && got.lines[n-1].Key == key {
			continue // a further take
		}
		if _, known := got.bases[req.Origin]; !known {
			got.bases[word(req.Origin)] = strings.Clone(req.Base)
		}
		own := *req
		own.Session, own.Origin, own.Method, own.Target = word(req.Session), word(req.Origin), word(req.Method), strings.Clone(req.Target)
		got.lines = append(got.lines, explain.NewLine(view.Rules, key, &own))
		got.masked.note(len(got.lines)-1, req)
		if first, several := firstOfSeveral(rec); several {
			own.Body = first
			got.whole[view.Rules.Key(&own)] = true
		}
	}
	got.lines = slices.Clip(got.lines)
	got.origins = slices.Sorted(maps.Keys(got.bases))
	return got, nil
}
