package check

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/testutil/storetest"
)

// TestBrokenStoresAreFound runs the checker on stores that each do one thing wrong, now
// and then.
func TestBrokenStoresAreFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(storetest.Store) storetest.Store
		want  string
	}{
		"serves what was removed": {
			func(s storetest.Store) storetest.Store { return &neverForgets{Store: s} },
			"stale since a|of before, or nobody's",
		},
		"answers with another's": {
			func(s storetest.Store) storetest.Store { return &mixesUp{Store: s} },
			"it is the answer to",
		},
		"cuts content": {
			func(s storetest.Store) storetest.Store { return cuts{s} },
			"no whole answer",
		},
		"gives a lease to everybody": {
			func(s storetest.Store) storetest.Store { return leasesAll{s} },
			"at the same time as that of|while it answered the same request",
		},
		"loses what it has acknowledged": {
			func(s storetest.Store) storetest.Store { return forgets{s} },
			"and not removed|at the same time as that of",
		},
		"drops what is under way at the removal of others": {
			func(s storetest.Store) storetest.Store { return &dropsAll{Store: s} },
			"and not removed|at the same time as that of",
		},
		"keeps what was under way at its removal": {
			func(s storetest.Store) storetest.Store { return neverLate{s} },
			"stale since a|of before, or nobody's",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := onDirectory(t)
			want := regexp.MustCompile(test.want)
			var all string
			for range 10 { // what is found first may be a consequence
				figures := Run(t, Config{
					For: time.Minute, Round: time.Second / 2, Proxies: 2, Clients: 12, Seed: *seed, // it ends with the first that is found
					Open: func() (storetest.Store, error) {
						store, err := open()
						return test.spoil(store), err
					},
				})
				if all = strings.Join(figures.Wrong, "\n"); want.MatchString(all) {
					return
				}
			}
			t.Errorf("%q was not found, but:\n%.2000s", test.want, all)
		})
	}
}

// neverForgets serves what it has served once.
type neverForgets struct {
	storetest.Store
	served sync.Map // fixtures.Key -> fixtures.Takes
}

func (s *neverForgets) Takes(ctx context.Context, view fixtures.View, key fixtures.Key, req *fixtures.Request) (fixtures.Takes, error) {
	if takes, ok := s.served.Load(key); ok {
		return takes.(fixtures.Takes), nil
	}
	takes, err := s.Store.Takes(ctx, view, key, req)
	if err == nil {
		s.served.Store(key, takes)
	}
	return takes, err
}

// mixesUp answers /u/1 with what /u/2 was answered with.
type mixesUp struct {
	storetest.Store
	mu  sync.Mutex
	two fixtures.Takes // guarded by mu
}

func (s *mixesUp) Takes(ctx context.Context, view fixtures.View, key fixtures.Key, req *fixtures.Request) (fixtures.Takes, error) {
	takes, err := s.Store.Takes(ctx, view, key, req)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil && req.Target == "/u/2":
		s.two = takes
	case err == nil && req.Target == "/u/1" && s.two.Recordings != nil:
		return s.two, nil
	}
	return takes, err
}

// cuts serves half of what it has of /u/1.
type cuts struct{ storetest.Store }

func (s cuts) Takes(ctx context.Context, view fixtures.View, key fixtures.Key, req *fixtures.Request) (fixtures.Takes, error) {
	takes, err := s.Store.Takes(ctx, view, key, req)
	if err != nil || req.Target != "/u/1" {
		return takes, err
	}
	half := fixtures.Takes{Stale: takes.Stale}
	for _, rec := range takes.Recordings {
		cut := *rec
		cut.Response.Header = cut.Response.Header.Clone()
		cut.Response.Header.Del("Content-Length")
		cut.Response.Chunks = nil
		cut.Response.Body.Bytes = cut.Response.Body.Bytes[:len(cut.Response.Body.Bytes)/2]
		half.Recordings = append(half.Recordings, &cut)
	}
	return half, nil
}

// leasesAll drops one flight.
type leasesAll struct{ storetest.Store }

func (s leasesAll) Lease(context.Context, fixtures.View, fixtures.Key, *fixtures.Request, string) (fixtures.Lease, error) {
	return nobodys{}, nil
}

// nobodys is a lease that keeps nobody out.
type nobodys struct{}

func (nobodys) Last() int { return 0 }

func (nobodys) Release() {}

// forgets keeps nothing of /u/1.
type forgets struct{ storetest.Store }

func (s forgets) Append(ctx context.Context, c fixtures.Commit) error {
	if c.Recording.Request.Target == "/u/1" {
		return nil
	}
	return s.Store.Append(ctx, c)
}

// dropsAll takes what is under way for late whenever the clock has moved on, as after a
// removal of whatever it may be.
type dropsAll struct{ storetest.Store }

func (s *dropsAll) Append(ctx context.Context, c fixtures.Commit) error {
	view, err := s.View(ctx)
	if err == nil && view.Clock != c.View.Clock {
		return fixtures.ErrLate
	}
	return s.Store.Append(ctx, c)
}

// neverLate records as if everything had been asked for now.
type neverLate struct{ storetest.Store }

func (s neverLate) Append(ctx context.Context, c fixtures.Commit) error {
	view, err := s.View(ctx)
	if err == nil {
		c.View = view
	}
	return s.Store.Append(ctx, c)
}
