package main

import (
	"context"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A progress shows, on a terminal only, how far a long work is, and of how much. It is
// used by one goroutine.
type progress struct {
	out    io.Writer
	screen screen // that cannot move: nobody looks
	what   string
	total  func() int // how much there is, asked once; 0: it is not known
	began  time.Time
	done   int
	max    int
	bar    *progressbar.ProgressBar // nil: not yet
}

// progressAfter is how long a work takes before it shows how far it is: what flashes
// by says nothing.
const progressAfter = 300 * time.Millisecond

// newProgress returns the progress of a work. Total may be nil: how much there is to do
// is not known.
func newProgress(out io.Writer, env environment, what string, total func() int) *progress {
	return &progress{out: out, screen: screenOf(out, env), what: what, total: total, began: time.Now()}
}

// known is the total of a work that has it already.
func known(n int) func() int { return func() int { return n } }

// shows reports whether there is somebody to show it to.
func (p *progress) shows() bool { return p.screen.moves }

func (p *progress) add() { p.set(p.done + 1) }

func (p *progress) set(done int) {
	p.done = done
	if !p.shows() || time.Since(p.began) < progressAfter {
		return
	}
	if p.bar == nil {
		p.begin()
	}
	if p.max > 0 && done > p.max { // more has come meanwhile
		p.max = done
		p.bar.ChangeMax(done)
	}
	_ = p.bar.Set(done) // a terminal that is gone shows nothing
}

func (p *progress) begin() {
	p.max = -1
	if p.total != nil {
		if n := p.total(); n > 0 {
			p.max = max(n, p.done)
		}
	}
	p.bar = progressbar.NewOptions(p.max,
		progressbar.OptionSetWriter(p.out),
		progressbar.OptionSetDescription(p.what),
		progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(min(30, max(5, p.screen.columns-50))),
		progressbar.OptionSetPredictTime(p.screen.columns >= usualColumns),
		progressbar.OptionSetElapsedTime(p.screen.columns >= usualColumns),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}

// end takes the bar away: what the work came to is said in a line of its own.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// total is about how many recordings a collection has, which is looked up only when
// somebody waits for them.
func (s *collection) total(ctx context.Context) func() int {
	if s.set != nil {
		return filesIn(s.address)
	}
	return storedIn(ctx, s.store)
}

// storedIn is about how many recordings a store has, 0 when it cannot say.
func storedIn(ctx context.Context, s store) func() int {
	return func() int {
		n, _ := s.Count(ctx) // an error is told by the work itself
		return n
	}
}

// filesIn is about how many fixtures a directory has.
func filesIn(dir string) func() int {
	return func() (n int) {
		// What cannot be read is told of by the work itself.
		_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(entry.Name(), ".json") && entry.Name() != "cannery.json" {
				n++
			}
			return nil
		})
		return n
	}
}
