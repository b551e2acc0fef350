package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/publish"
)

// touch notes that something was recorded.
func (s *workStore) touch() {
	s.mu.Lock()
	s.any = true
	s.mu.Unlock()
	s.differ()
}

// differ notes that the fixtures are not what the store holds.
func (s *workStore) differ() {
	s.mu.Lock()
	s.dirty = true
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// release has what was held back written, too.
func (s *workStore) release() {
	s.held = nil
	s.touch()
}

// publishAfter is how long nothing is recorded before the fixtures are written.
const publishAfter = time.Second

// keep writes the fixtures from time to time until ctx ends. Writing a large
// set takes long, so it is not begun again before ten times that has passed.
func (s *workStore) keep(ctx context.Context, failed func(error)) {
	timer := time.NewTimer(publishAfter)
	defer timer.Stop()
	pause := publishAfter
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.changed:
			timer.Reset(pause)
		case <-timer.C:
			began := time.Now()
			if _, err := s.publish(ctx, dir.WriteOptions{Further: s.anew}); err != nil && ctx.Err() == nil {
				failed(err)
			}
			pause = max(publishAfter, 10*time.Since(began))
		}
	}
}

// publish writes the fixtures, if there is something new or to prune.
func (s *workStore) publish(ctx context.Context, opts dir.WriteOptions) (report dir.WriteReport, err error) {
	s.mu.Lock()
	dirty := s.dirty
	s.dirty = dirty && opts.DryRun
	s.mu.Unlock()
	if !dirty && !opts.Prune && !opts.DryRun {
		return report, nil
	}
	defer func() {
		if err != nil && !opts.DryRun {
			s.mu.Lock()
			s.dirty = true
			s.mu.Unlock()
			if known := new(failure); !errors.As(err, &known) {
				err = &failure{exitFailed, err, "what was recorded is kept: the next recording into this directory, without --record, writes it too"}
			}
		}
	}()
	p, err := publish.New(ctx, withoutHeld{s.store, s.held}, nil, nil)
	if err != nil {
		return report, fmt.Errorf("write the fixtures %q: %w", s.dir, err)
	}
	set, err := dir.Open(s.dir)
	if err != nil {
		return report, err
	}
	opts.Several = s.several
	report, err = p.Write(ctx, set, opts)
	if left := int64(p.Left()); err == nil && left > 0 {
		err = &failure{exitSecrets, fmt.Errorf("write the fixtures %q: %s in them", s.dir, count(left, "secret is", "secrets are")), fmt.Sprintf("see 'cannery export %s --check'", s.dir)}
	}
	return report, err
}

// withoutHeld is a store without the recordings that are held back.
type withoutHeld struct {
	store
	held func(*fixtures.Recording) bool
}

func (s withoutHeld) Recordings(ctx context.Context) iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) {
		for rec, err := range s.store.Recordings(ctx) {
			if err == nil && s.held != nil && s.held(rec) {
				continue
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

// An old counts the origin's fixtures of earlier runs that a recording anew did not
// make again.
type old struct{ removed, kept int }

// finish writes the fixtures for the last time, and leaves the store, which the
// last one removes. What could not be written stays in the store. What a recording
// anew did not make again goes when that was whole, and prune says so; else it stays,
// for it may be of what was not asked.
func (s *workStore) finish(ctx context.Context, whole, prune bool) (old old, err error) {
	if old, err = s.finishAnew(ctx, whole, prune); err == nil {
		_, err = s.publish(ctx, dir.WriteOptions{Further: s.anew})
	}
	if _, locked := s.entry.TryLockContext(ctx, lockPoll); locked == nil {
		defer s.entry.Close()
	}
	err = errors.Join(err, s.Close(), s.users.Unlock())
	if last, locked := s.users.TryLock(); locked == nil && last && err == nil {
		err = errors.Join(os.RemoveAll(s.path), s.unmark())
	}
	return old, errors.Join(err, s.users.Close())
}

// finishAnew is finish for what a recording anew has to prune, if anything was
// recorded at all. Takes beyond those of now go by themselves when every request of
// the origin's fixtures was made again, and so nothing else would.
func (s *workStore) finishAnew(ctx context.Context, whole, prune bool) (old old, err error) {
	s.mu.Lock()
	anew := s.anew && s.any
	s.mu.Unlock()
	if !anew {
		return old, nil
	}
	opts := dir.WriteOptions{
		Prune:  true,
		Within: func(req *fixtures.Request) bool { return s.covers(req.Origin) },
		DryRun: true,
	}
	all, err := s.publish(ctx, opts)
	if err != nil {
		return old, err
	}
	takes, err := s.publish(ctx, dir.WriteOptions{DryRun: true})
	if err != nil || !whole || !prune && takes.Removed < all.Removed {
		old.kept = all.Removed
		return old, err
	}
	opts.DryRun = false
	report, err := s.publish(ctx, opts)
	old.removed = report.Removed
	return old, err
}
