package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/localstore"
)

// A workStore stands behind a directory of fixtures that is recorded into. It
// holds what the origin said, secrets included, in the user's state directory;
// the fixtures are cleaned copies, written when nothing has been recorded for a
// while, and at the end. It begins with what the directory has, or gets that
// when something is recorded (see openWork), and is removed when the last process
// on it has ended. What a killed one has left is taken up by the next.
type workStore struct {
	store
	path   string                   // of the store
	dir    string                   // of the fixtures, as it was given
	set    *dir.Dir                 // nil: it has not been looked at
	anew   bool                     // the origin's fixtures become those of this run alone
	covers func(origin string) bool // whether an origin is recorded

	// several says that several origins may be recorded, before any is.
	several bool

	// entry is held while a process comes or goes, users by all that use
	// the store.
	entry, users *flock.Flock

	filling sync.Mutex
	empty   bool          // guarded by filling: what the directory has is not there yet
	before  uint64        // guarded by filling: the generation of the empty store
	after   fixtures.View // guarded by filling: of the store when it was filled

	// held are recordings that are not written yet. Nil is none.
	held func(*fixtures.Recording) bool

	// changed has room for one word that there is something to write.
	changed chan struct{}

	mu    sync.Mutex
	dirty bool // guarded by mu: something was recorded and not written
	any   bool // guarded by mu: something was recorded
}

// openWork opens the store behind a directory of fixtures, which need not exist
// yet. Anew begins with nothing but the directory's rules, and makes the
// fixtures of the origins those of what is recorded from now on. Later leaves the
// store empty, but for the directory's rules, until something is recorded: it is
// for whoever has the fixtures from the directory itself, and would fill the store
// for nothing if all that is asked for is there. Finish writes the fixtures,
// unless nothing was recorded, and closes the store.
func openWork(ctx context.Context, env environment, dir string, covers func(origin string) bool, anew, later bool, o *storeOptions) (s *workStore, err error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("record into %q: %w", dir, err)
	}
	path, err := o.dirPath(env)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(abs))
	path += "-fixtures-" + hex.EncodeToString(sum[:6])
	s = &workStore{path: path, dir: dir, anew: anew, covers: covers, changed: make(chan struct{}, 1)}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("record into %q: %w", dir, err)
	}
	s.entry, s.users = flock.New(path+".entry"), flock.New(path+".users")
	if err := s.enter(ctx, anew, later && !anew, o.cacheSize); err != nil {
		return nil, fmt.Errorf("record into %q: %w", dir, err)
	}
	return s, nil
}

// lockPoll is how often a process looks whether a lock is free.
const lockPoll = 10 * time.Millisecond

// enter opens the store, and fills it when nobody else has, or leaves that for
// later.
func (s *workStore) enter(ctx context.Context, anew, later bool, cacheSize int64) error {
	if _, err := s.entry.TryLockContext(ctx, lockPoll); err != nil {
		return err
	}
	defer s.entry.Close()
	first, err := s.users.TryLock()
	if err != nil {
		return err
	}
	_, absent := os.Stat(s.path)
	left := absent == nil && !s.marked() // by a process that was killed
	if s.store, err = localstore.Open(s.path, cacheSize); err != nil {
		return errors.Join(err, s.users.Close())
	}
	switch {
	case later && !left && (first || s.marked()):
		err = s.leaveEmpty(ctx, first)
	case first || s.marked():
		err = s.fill(ctx, anew && first, left) // who is there already begins nothing anew
	}
	if err == nil && first {
		err = s.users.Unlock()
	}
	if err == nil {
		_, err = s.users.TryRLockContext(ctx, lockPoll)
	}
	if err != nil {
		return errors.Join(err, s.Close(), s.users.Close())
	}
	return nil
}

// marker is a file that is there while the store is empty, and to be filled.
func (s *workStore) marker() string { return s.path + ".empty" }

func (s *workStore) marked() bool {
	_, err := os.Stat(s.marker())
	return err == nil
}

func (s *workStore) unmark() error {
	if err := os.Remove(s.marker()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// leaveEmpty gives the store nothing but the directory's rules, which the first
// to come does. The lock of entry is held.
func (s *workStore) leaveEmpty(ctx context.Context, first bool) error {
	if first {
		if err := os.WriteFile(s.marker(), nil, 0o600); err != nil {
			return err
		}
		cfg, _, err := s.contents(ctx)
		if err != nil {
			return err
		}
		if _, err := s.Import(ctx, cfg.Rules, nothing, false); err != nil {
			return err
		}
	}
	view, err := s.View(ctx)
	s.empty, s.before = true, view.Generation
	return err
}

// filled fills a store that was left empty.
func (s *workStore) filled(ctx context.Context) error {
	s.filling.Lock()
	defer s.filling.Unlock()
	if !s.empty {
		return nil
	}
	if err := s.fillNow(ctx); err != nil {
		return fmt.Errorf("record into %q: %w", s.dir, err)
	}
	s.empty = false
	return nil
}

// fillNow is filled for who does it, unless another process has. The lock of
// filling is held.
func (s *workStore) fillNow(ctx context.Context) error {
	if _, err := s.entry.TryLockContext(ctx, lockPoll); err != nil {
		return err
	}
	defer s.entry.Close()
	if s.marked() {
		view, err := s.View(ctx)
		if err != nil {
			return err
		}
		_, recs, err := s.contents(ctx)
		if err != nil {
			return err
		}
		s.before = view.Generation
		if err := s.load(ctx, *view.Rules, recs); err != nil {
			return err
		}
	}
	view, err := s.View(ctx)
	s.after = view
	return err
}

// NewBody is the store's: a body belongs to what the store holds.
func (s *workStore) NewBody(ctx context.Context) (fixtures.BodyWriter, error) {
	if err := s.filled(ctx); err != nil {
		return nil, err
	}
	return s.store.NewBody(ctx)
}

// SetRules gives the fixtures other rules, at once: what is replayed from them is to
// be found under these, and they are to stay even if nothing is recorded.
func (s *workStore) SetRules(ctx context.Context, rules fixtures.Rules) error {
	if err := s.filled(ctx); err != nil {
		return err
	}
	if err := s.store.SetRules(ctx, rules); err != nil {
		return err
	}
	s.differ()
	if _, err := os.Stat(s.dir); err != nil || s.anew {
		return nil // what is recorded takes them along
	}
	_, err := s.publish(ctx, dir.WriteOptions{})
	if left := new(failure); errors.As(err, &left) && left.code == exitSecrets {
		s.differ() // and then that is said at the end
		err = nil
	}
	return err
}

// fill makes the store hold what the directory has. What was left there and
// never written stays, unless the fixtures begin anew.
func (s *workStore) fill(ctx context.Context, anew, left bool) error {
	cfg, recs, err := s.contents(ctx)
	if err != nil {
		return err
	}
	if left && !anew {
		s.touch()
		view, err := s.View(ctx)
		if err != nil {
			return err
		}
		cfg.Rules.First = view.Rules.First // it may not have been written yet
		if view.Rules.Equal(cfg.Rules) {
			_, err = s.Import(ctx, cfg.Rules, recs, true)
			return err
		}
	}
	if anew {
		recs = nothing
	}
	return s.load(ctx, cfg.Rules, recs)
}

// load makes recordings all that the store holds: it is not empty any more.
func (s *workStore) load(ctx context.Context, rules fixtures.Rules, recs iter.Seq2[*fixtures.Recording, error]) error {
	if _, err := s.Import(ctx, rules, recs, false); err != nil {
		return err
	}
	return s.unmark()
}

func nothing(func(*fixtures.Recording, error) bool) {}

// contents returns what a directory has: nothing when there is none, or none
// with fixtures.
func (s *workStore) contents(ctx context.Context) (cfg dir.Config, recs iter.Seq2[*fixtures.Recording, error], err error) {
	set, err := dir.Open(s.dir)
	if err != nil {
		return cfg, nil, err
	}
	if _, err := os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return cfg, nothing, nil
	}
	s.set = set
	if cfg, err = set.Config(); err != nil {
		return cfg, nil, err
	}
	return cfg, func(yield func(*fixtures.Recording, error) bool) {
		for rec, err := range set.Recordings(ctx) {
			if errors.Is(err, dir.ErrNoFixtures) {
				return
			}
			if !yield(rec, err) {
				return
			}
		}
	}, nil
}

// Append is the store's, and has the fixtures written soon. What was looked up in
// the empty store comes after what it was filled with.
func (s *workStore) Append(ctx context.Context, c fixtures.Commit) error {
	if err := s.filled(ctx); err != nil {
		return err
	}
	if s.after.Rules != nil && c.View.Generation == s.before {
		c.View, c.Recording.Clock = s.after, s.after.Clock
	}
	err := s.store.Append(ctx, c)
	if err == nil {
		s.touch()
	}
	return err
}
