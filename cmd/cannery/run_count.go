package main

import (
	"context"
	"sync/atomic"

	"example.com/cannery/fixtures"
)

// A countedStore counts the recordings that are added to a store, and notes the
// errors among them.
type countedStore struct {
	store
	added  atomic.Int64
	errors momentErrors
}

// Append is the store's.
func (s *countedStore) Append(ctx context.Context, c fixtures.Commit) error {
	err := s.store.Append(ctx, c)
	if err == nil {
		s.added.Add(1)
		s.errors.note(c.Recording)
	}
	return err
}
