package replay

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/placeholder"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/replay/explain"
)

// maskedLines finds recordings whose request has placeholders by requests that
// have the secrets: by keys that both have when what is secret is masked. They
// are made when the first such request comes.
type maskedLines struct {
	marked map[int]bool // the lines with a placeholder

	mu    sync.Mutex
	ready bool                        // guarded by mu
	byKey map[fixtures.Key]*disguised // by masked key; guarded by mu
}

// The disguised are recordings whose requests differ in their secrets alone: a
// request that has the secrets themselves may be any of them.
type disguised struct {
	key    fixtures.Key // that they have in common when they are masked
	among  []hidden     // in the order recorded
	status int          // of the first one's answer
	mixed  bool         // others have another: a wrong password, say
}

// hidden is one of the disguised.
type hidden struct {
	line     int
	recorded time.Time
	refused  bool
}

// accepted returns which of the disguised was not refused, when only one was not
// and the order they were recorded in is known: a suite that tests wrong
// passwords, too. It is -1 otherwise.
func (d *disguised) accepted() int {
	if slices.ContainsFunc(d.among, func(h hidden) bool { return h.recorded.IsZero() }) {
		return -1
	}
	isAccepted := func(h hidden) bool { return !h.refused }
	first := slices.IndexFunc(d.among, isAccepted)
	if first < 0 || slices.ContainsFunc(d.among[first+1:], isAccepted) {
		return -1
	}
	return first
}

// add adds a recording. Takes of a request that is there are no others.
func (d *disguised) add(line int, rec *fixtures.Recording) {
	if slices.ContainsFunc(d.among, func(h hidden) bool { return h.line == line }) {
		return
	}
	if len(d.among) == 0 {
		d.status = rec.Response.Status
	}
	d.mixed = d.mixed || rec.Response.Status != d.status
	d.among = append(d.among, hidden{line, rec.Recorded, rec.Response.Status >= http.StatusBadRequest})
	slices.SortStableFunc(d.among, func(a, b hidden) int {
		return cmp.Or(a.recorded.Compare(b.recorded), cmp.Compare(a.line, b.line))
	})
}

// note looks at the request of a line as it is loaded.
func (m *maskedLines) note(line int, req *fixtures.Request) {
	if !explain.HoldsPlaceholder(req) {
		return
	}
	if m.marked == nil {
		m.marked = map[int]bool{}
	}
	m.marked[line] = true
}

// masked finds the recordings that hold placeholders where a request holds
// secrets, and equal it apart from these. Nil means that there are none.
func (s *Sequence) masked(ctx context.Context, view fixtures.View, req *fixtures.Request) (*disguised, []keyed, error) {
	got, err := s.Catalog.at(ctx, view)
	var corrupt *fixtures.CorruptError
	if errors.As(err, &corrupt) {
		return nil, nil, nil // it is another request's, most likely
	}
	if err != nil || len(got.masked.marked) == 0 {
		return nil, nil, err
	}
	if explain.Large(req) {
		if maybe, err := s.maybeMasked(ctx, got, req); !maybe || err != nil {
			return nil, nil, err
		}
	}
	cleaner, err := secret.NewCleaner(got.view.Rules, nil)
	if err != nil {
		return nil, nil, err
	}
	var found *disguised
	// Both are made: what the second shows is masked in later requests.
	for _, masked := range []*fixtures.Request{cleaner.Mask(req), cleaner.MaskAll(req, &s.seen)} {
		if !explain.HoldsPlaceholder(masked) {
			continue
		}
		found, err = got.findMasked(ctx, s.Catalog.Store, cleaner, got.view.Rules.Key(masked))
		if found != nil || err != nil {
			break
		}
	}
	if found == nil || err != nil {
		return nil, nil, err
	}
	var among []keyed
	for _, h := range found.among {
		l := &got.lines[h.line]
		among = append(among, keyed{l.Key, l.Request()})
	}
	return found, among, nil
}

// maybeMasked reports whether large content may be that of a recording, apart
// from its placeholders.
func (s *Sequence) maybeMasked(ctx context.Context, got *contents, req *fixtures.Request) (bool, error) {
	path := []byte(req.Path())
	for i := range got.masked.marked {
		l := &got.lines[i]
		if l.Session != req.Session || l.Origin != req.Origin || l.Method != req.Method {
			continue
		}
		if _, _, same := placeholder.Differ(path, []byte(l.Request().Path())); !same {
			continue
		}
		recs, err := explain.Usable(s.Store.Takes(ctx, got.view, l.Key, l.Request()))
		switch {
		case err != nil:
			return false, err
		case recs == nil:
			continue
		case placeholder.InBase64(recs[0].Request.Body), explain.SameButPlaceholders(req, &recs[0].Request):
			return true, nil // what is in base64 is not compared as it is spelled
		}
	}
	return false, nil
}

// findMasked returns the recordings with a masked key, nil for none.
func (got *contents) findMasked(ctx context.Context, store CatalogStore, cleaner *secret.Cleaner, key fixtures.Key) (*disguised, error) {
	m := &got.masked
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.ready {
		if err := got.maskAll(ctx, store, cleaner); err != nil {
			return nil, err
		}
	}
	return m.byKey[key], nil
}

// maskAll reads the store again for the requests with placeholders: their
// content is not kept. It is called with masked.mu held.
func (got *contents) maskAll(ctx context.Context, store CatalogStore, cleaner *secret.Cleaner) error {
	lines := make(map[fixtures.Key]int, len(got.masked.marked))
	for i := range got.masked.marked {
		lines[got.lines[i].Key] = i
	}
	byKey := make(map[fixtures.Key]*disguised, len(lines))
	for rec, err := range store.Recordings(ctx) {
		if err != nil {
			return err
		}
		if !explain.HoldsPlaceholder(&rec.Request) {
			continue
		}
		i, known := lines[got.view.Rules.Key(&rec.Request)]
		if !known {
			continue
		}
		key := got.view.Rules.Key(cleaner.Mask(&rec.Request))
		if byKey[key] == nil {
			byKey[key] = &disguised{key: key}
		}
		byKey[key].add(i, rec)
	}
	got.masked.byKey, got.masked.ready = byKey, true
	return nil
}
