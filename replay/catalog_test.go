package replay_test

import (
	"context"
	"iter"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/dir"
	"example.com/cannery/replay"
)

// A closedBook is a library that must not be read from its start to its end.
type closedBook struct {
	*dir.Library
	t *testing.T
}

func (c closedBook) Recordings(context.Context) iter.Seq2[*fixtures.Recording, error] {
	c.t.Error("all recordings were read")
	return func(func(*fixtures.Recording, error) bool) {}
}

// TestAHitOfFixturesNeedsNoOtherRecording: whose recordings there are is known
// without a look at all of them.
func TestAHitOfFixturesNeedsNoOtherRecording(t *testing.T) {
	b := setUp(t, counter(), recording)
	want := b.do(t, "GET", "/n", "")
	library := closedBook{b.exported(t), t}
	off := b.goOffline(t, func(p *replay.Proxy) { p.Sequence.Store, p.Sequence.Catalog = library, &replay.Catalog{Store: library} })
	if got := off.do(t, "GET", "/n", ""); got.status != 200 || got.body != want.body {
		t.Errorf("%d %q, want %q", got.status, got.body, want.body)
	}
}
