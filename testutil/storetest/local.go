package storetest

import (
	"testing"

	"example.com/cannery/fixtures/localstore"
)

// OpenLocal opens a store on a directory, of which so many bytes are held in memory. It
// is closed when the test ends.
func OpenLocal(tb testing.TB, dir string, cacheBytes int64) *localstore.Store {
	tb.Helper()
	store, err := localstore.Open(dir, cacheBytes)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { store.Close() })
	return store
}
