package storetest

import (
	"fmt"
	"iter"
	"strings"
	"testing"

	"example.com/cannery/fixtures"
)

// BenchmarkStore measures a store, which must be new and empty: what a MISS asks
// of it beside its View, and what an import and an export of 1,000 small
// recordings do.
func BenchmarkStore(b *testing.B, store Store) {
	ctx := b.Context()
	view, err := store.View(ctx)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("TakesOfNothing", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			req := &answered(fmt.Sprint("/unknown/", n), "").Request
			if takes, err := store.Takes(ctx, view, view.Rules.Key(req), req); err == nil {
				b.Fatalf("there are %d takes", takes.Last())
			}
		}
	})
	b.Run("Append", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			rec := answered(fmt.Sprint("/run/", n), strings.Repeat("x", 1000))
			commit := fixtures.Commit{View: view, Key: view.Rules.Key(&rec.Request), Recording: rec, Seen: fixtures.SeenAll}
			if err := store.Append(ctx, commit); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Import1000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if n, err := store.Import(ctx, fixtures.Rules{}, Thousand(), false); err != nil || n != 1000 {
				b.Fatalf("imported %d: %v", n, err)
			}
		}
	})
	b.Run("Recordings1000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for _, err := range store.Recordings(ctx) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != 1000 {
				b.Fatalf("there are %d recordings", n)
			}
		}
	})
}

// Thousand yields 1,000 small recordings, for benchmarks.
func Thousand() iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) {
		for i := range 1000 {
			body := fmt.Sprintf(`{"id": %d, "text": %q}`, i, strings.Repeat("all work and no play ", 40))
			rec := answered(fmt.Sprint("/v1/items/", i), body)
			rec.Response.Header.Set("Content-Type", "application/json")
			if !yield(rec, nil) {
				return
			}
		}
	}
}
