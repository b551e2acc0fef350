package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRateIsKept(t *testing.T) {
	for _, tt := range []struct {
		rate float64
		want time.Duration
	}{{0, 0}, {10, 900 * time.Millisecond}, {0.5, 18 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			jobs := make(chan int)
			go func() {
				defer close(jobs)
				sendAtRate(t.Context(), 10, tt.rate, jobs)
			}()
			n := 0
			for i := range jobs {
				if i != n {
					t.Errorf("%d comes when %d should", i, n)
				}
				n++
			}
			if took := time.Since(began); n != 10 || took != tt.want {
				t.Errorf("rate %v: %d in %v, want 10 in %v", tt.rate, n, took, tt.want)
			}
		})
	}
}

func TestPaceEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sendAtRate(ctx, 10, 1, make(chan int))
	sendAtRate(ctx, 10, 0, make(chan int))
}

func TestPlaceholdersKeepTheirNames(t *testing.T) {
	for _, tt := range []struct{ name, before, text, want string }{
		{"none", "a", "b", "b"},
		{"same place", "x REDACTED-token-4 y", "z REDACTED-token-9", "z REDACTED-token-4"},
		{"in order", "REDACTED-a-3 REDACTED-a-1", "REDACTED-a-7 REDACTED-a-8 REDACTED-a-7", "REDACTED-a-3 REDACTED-a-1 REDACTED-a-3"},
		{"kinds apart", "REDACTED-sid-1 REDACTED-access-token-2", "REDACTED-access-token-5 REDACTED-sid-6", "REDACTED-access-token-2 REDACTED-sid-1"},
		{"one more", "REDACTED-a-1", "REDACTED-a-5 REDACTED-a-6", "REDACTED-a-1 REDACTED-a-6"},
		{"none before", "", "REDACTED-a-5", "REDACTED-a-5"},
		{"swapped", "REDACTED-a-1 REDACTED-a-2", "REDACTED-a-2 REDACTED-a-1", "REDACTED-a-1 REDACTED-a-2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, renamePlaceholders(tt.before, tt.text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
