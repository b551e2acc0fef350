package replay

import (
	"bytes"
	"context"
	"errors"
	"time"

	"example.com/cannery/fixtures"
)

// A Cache is a source that answers a request with the newest recording of it, as
// an HTTP cache does (RFC 9111), if that was asked by the same caller and nothing
// has made it stale. Its fields are not changed once it is in use; it may be used
// concurrently.
type Cache struct {
	Store Store

	// Catalog knows all recordings of the store. Nil leaves Report without the
	// unused ones, and the proxy without a page that lists them.
	Catalog *Catalog

	// Anew answers nothing: every request is forwarded and recorded again.
	Anew bool

	// Lasting leaves recorded answers that depend on who asks or when to the
	// origin: whoever tries again is to get what it says by then.
	Lasting bool

	// Methods are answered beside GET, HEAD and OPTIONS.
	Methods fixtures.Methods

	// MaxAge is the age beyond which a recording is recorded again. Zero
	// means that recordings do not age.
	MaxAge time.Duration

	// FromFixtures says that the store was filled from fixtures, which know
	// credentials by placeholders: whoever asks gets an imported recording
	// as he would offline.
	FromFixtures bool

	// Down is told of the result of every reading of the store. Nil ignores it.
	Down *Outage

	keys   fixtures.KeyMemory
	served served
}

// looksUp reports whether requests with a method and a target may be answered.
func (c *Cache) looksUp(method, target string) bool {
	return c != nil && !c.Anew && c.Methods.HitOrMiss(method, target)
}

func (c *Cache) find(ctx context.Context, l *lookup) (*fixtures.Recording, error) {
	if l.replace {
		return nil, nil // it is there, and damaged
	}
	view, err := c.Store.View(ctx)
	c.Down.Report(err)
	l.view = view
	if err != nil {
		return nil, err
	}
	found, err := c.inView(ctx, l)
	if err != nil {
		c.Down.Report(err)
	}
	return found, err
}

// inView finds what answers a request under the lookup's view. A session sees its
// own recordings first, then those of no session; HEAD is answered from GET's
// recording where it has none of its own.
func (c *Cache) inView(ctx context.Context, l *lookup) (*fixtures.Recording, error) {
	req, rules := &l.request, l.view.Rules
	req.Identify(l.view)
	if !c.looksUp(req.Method, req.Target) || req.WebSocket() { // which does what it does, as an unsafe request
		l.miss = &miss{seen: fixtures.SeenAll}
		return nil, nil
	}
	var own miss // as far as the request itself is concerned; on the heap only where it counts
	for candidate := range candidates(req) {
		key := l.keys.key(&c.keys, rules, candidate)
		takes, err := c.Store.Takes(ctx, l.view, key, candidate)
		if err != nil && !errors.Is(err, fixtures.ErrNotFound) {
			if !l.isDamaged(err) {
				return nil, err
			}
			l.replace = l.replace || candidate == req
		}
		live := takes
		if c.Lasting {
			live = takes.Lasting()
		}
		found := live.Live(rules, req, c.oldest())
		if found == nil && c.FromFixtures {
			found = takes.LiveImported(rules, req, c.oldest())
		}
		if found != nil {
			c.served.add(key, found)
			return found, nil
		}
		if candidate == req {
			own = miss{key, takes, takes.Last()}
		}
	}
	missed := own
	l.miss = &missed
	return nil, nil
}

// lost makes a recording whose content the store has lost a miss, which repairs
// it.
func (c *Cache) lost(_ context.Context, l *lookup, err error) error {
	if !l.isDamaged(err) {
		return err
	}
	l.replace = true
	l.miss = &miss{key: l.keys.key(&c.keys, l.view.Rules, &l.request)}
	return nil
}

// isDamaged reports whether an error is that of a recording which cannot be used,
// and notes it for the log.
func (l *lookup) isDamaged(err error) bool {
	var corrupt *fixtures.CorruptError
	if !errors.As(err, &corrupt) {
		return false
	}
	l.damaged = corrupt
	return true
}

// oldest is the time before which recordings are too old to be served.
func (c *Cache) oldest() time.Time {
	if c.MaxAge == 0 {
		return time.Time{}
	}
	return time.Now().Add(-c.MaxAge)
}

// again reports whether a request that was a miss is to be looked for again: it would be
// a HIT by now, or wait for others. Else its commit is one of what the store has now. What
// the store cannot say is as it was.
func (c *Cache) again(ctx context.Context, commit *fixtures.Commit, req fixtures.Request, flight string) bool {
	view, err := c.Store.View(ctx)
	if err != nil {
		return false
	}
	if !view.Rules.Equal(*commit.View.Rules) || !bytes.Equal(view.Secret, commit.View.Secret) {
		return true
	}
	now := &lookup{request: req, view: view}
	found, err := c.inView(ctx, now)
	if found != nil || err == nil && now.miss.takes.Variant(view.Rules, &now.request) != flight {
		return true
	}
	if err == nil && !now.replace {
		commit.View, commit.Seen = view, now.miss.seen
	}
	return false
}
