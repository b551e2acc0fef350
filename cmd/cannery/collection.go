package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/fixtures/file"
	"example.com/cannery/fixtures/secret"
)

// A collection is where people look recordings up: the store, or a directory of
// fixtures.
type collection struct {
	address string // for people
	rules   *fixtures.Rules

	store store    // nil: a directory
	marks []byte   // the key of its secrets' marks
	set   *dir.Dir // nil: the store

	config dir.Config // of the directory
}

// collectionOptions choose a collection.
type collectionOptions struct {
	store    storeOptions
	fixtures string // "": the store
}

func (o *collectionOptions) bind(f *flags) {
	bind(f, "fixtures", &o.fixtures, parseText)
	o.store.bind(f)
}

// within chooses the directory that a fixture's path lies in, when no other is
// chosen.
func (o *collectionOptions) within(paths []string) {
	for _, path := range paths {
		if o.fixtures == "" && isPath(path) {
			o.fixtures = fixtureRoot(path)
		}
	}
}

// fixtureRoot returns the nearest folder above a file that has a cannery.json,
// "" when there is none.
func fixtureRoot(file string) string {
	abs, err := filepath.Abs(file)
	if err != nil {
		return ""
	}
	for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "cannery.json")); err == nil {
			if near, err := filepath.Rel(filepath.Dir(abs), dir); err == nil {
				return filepath.Join(filepath.Dir(file), near)
			}
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// open opens the collection, which its user closes.
func (o *collectionOptions) open(ctx context.Context, f *flags, env environment) (*collection, error) {
	if o.fixtures != "" {
		return openSet(o.fixtures)
	}
	store, address, err := o.store.open(ctx, f, env)
	if err != nil {
		return nil, err
	}
	view, err := store.View(ctx)
	if err != nil {
		store.Close()
		return nil, fmt.Errorf("open %q: %w", address, err)
	}
	return &collection{address: address, rules: view.Rules, store: store, marks: view.FingerprintKey()}, nil
}

func openSet(path string) (*collection, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{exitFailed, fmt.Errorf("open the fixtures %q: there is no such directory", path), "'cannery run --fixtures' and 'cannery export' write one"}
	}
	set, err := dir.Open(path)
	if err != nil {
		return nil, err
	}
	config, err := set.Config()
	if err != nil {
		return nil, fmt.Errorf("read the fixtures %q: %w", path, err)
	}
	return &collection{address: path, rules: &config.Rules, set: set, config: config}, nil
}

// maxForeign is how many files that are passed over are told of.
const maxForeign = 10

// passedOver has tell say what a directory has that is named like a fixture, and
// is none.
func passedOver(folder string, foreign []*file.Error, tell func(string)) {
	for i, f := range foreign {
		if i == maxForeign {
			tell(fmt.Sprintf("warning: %d more files in %s are passed over", len(foreign)-i, folder))
			return
		}
		tell(fmt.Sprintf("warning: %s is passed over: %v", filepath.Join(folder, filepath.FromSlash(f.File)), f.Err))
	}
}

// close ends the use of a collection of which nothing was changed but by methods of
// its own, which have said how it went.
func (s *collection) close() {
	if s.store != nil {
		s.store.Close()
	}
}

// A member is a recording of a collection.
type member struct {
	*fixtures.Recording
	key   fixtures.Key
	file  string // below the directory, slash-separated; "" in the store
	marks []byte // the key of its secrets' marks; nil in a directory, which has no secrets
}

// recordings returns all there is, those of one key together.
func (s *collection) recordings(ctx context.Context) iter.Seq2[member, error] {
	return func(yield func(member, error) bool) {
		recordings := s.set.Recordings
		if s.store != nil {
			recordings = s.store.Recordings
		}
		for rec, err := range recordings(ctx) {
			if !s.give(rec, err, yield) {
				return
			}
		}
	}
}

func (s *collection) give(rec *fixtures.Recording, err error, yield func(member, error) bool) bool {
	if err != nil {
		// Of a directory, only what is wrong with one file leaves open where.
		if s.set == nil || errors.As(err, new(*file.Error)) {
			err = fmt.Errorf("read %q: %w", s.address, err)
		}
		return yield(member{}, err)
	}
	file := ""
	if s.set != nil {
		file = rec.Name
	}
	return yield(member{rec, s.rules.Key(&rec.Request), file, s.marks}, nil)
}

// requests returns all there is, request by request with its takes in order.
func (s *collection) requests(ctx context.Context) iter.Seq2[[]member, error] {
	return func(yield func([]member, error) bool) {
		var takes []member
		for rec, err := range s.recordings(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(takes) > 0 && takes[0].key != rec.key {
				if !yield(takes, nil) {
					return
				}
				takes = nil
			}
			takes = append(takes, rec)
		}
		if len(takes) > 0 {
			yield(takes, nil)
		}
	}
}

// remove removes takes, and returns how many.
func (s *collection) remove(ctx context.Context, filter fixtures.Filter, dryRun bool) (n int, err error) {
	if s.store != nil {
		n, err = s.store.Remove(ctx, filter, dryRun)
	} else {
		n, err = s.removeFiles(ctx, filter, dryRun)
	}
	if err != nil {
		return n, fmt.Errorf("remove from %q: %w", s.address, err)
	}
	return n, nil
}

// removeFiles writes the directory anew without some takes: what refers to them
// is then right too, and a kill leaves the old set.
func (s *collection) removeFiles(ctx context.Context, filter fixtures.Filter, dryRun bool) (n int, err error) {
	var left []*fixtures.Recording
	for takes, err := range s.requests(ctx) {
		if err != nil {
			return 0, err
		}
		kept := withoutTakes(s.rules, takes, filter)
		n += len(takes) - len(kept)
		left = append(left, kept...)
	}
	if n == 0 || dryRun {
		return n, nil
	}
	_, err = s.set.Write(ctx, s.config, recordingsOf(left), dir.WriteOptions{Prune: true})
	return n, err
}

// withoutTakes returns the takes of a request that a filter does not select. What
// a take stood after that goes, the next of its variant stands after.
func withoutTakes(rules *fixtures.Rules, takes []member, filter fixtures.Filter) (left []*fixtures.Recording) {
	after := map[string][]string{} // by variant
	for _, rec := range takes {
		variant := rec.Variant(rules)
		if filter.SelectsTake(rec.key, rec.Take) {
			after[variant] = append(after[variant], rec.After...)
			continue
		}
		next := rec.Recording
		if names := after[variant]; names != nil {
			again := *next
			again.After = slices.Compact(slices.Sorted(slices.Values(slices.Concat(names, next.After))))
			next = &again
			delete(after, variant)
		}
		left = append(left, next)
	}
	return left
}

// recordingsOf returns recordings as a set to write.
func recordingsOf(recs []*fixtures.Recording) iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) {
		for _, rec := range recs {
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// target returns what was asked for of the origin, for people: the values of what is
// named like a secret are masked.
func (r member) target() string { return secret.CleanRecorded(&r.Request, r.marks) }

// url is target with the origin.
func (r member) url() string {
	target := r.target()
	switch origin := r.Request.Origin; {
	case origin == "":
		return target
	case strings.Contains(origin, "://"):
		return origin + target
	default:
		return origin + " " + target
	}
}
