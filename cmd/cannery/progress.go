package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A progress shows, on a terminal only, how far a long work is. It is used by
// one goroutine.
type progress struct {
	bar *progressbar.ProgressBar // nil: nobody looks
}

func newProgress(out io.Writer, env environment, what string) *progress {
	if !isTerminal(out, env) {
		return &progress{}
	}
	return &progress{progressbar.NewOptions(-1,
		progressbar.OptionSetWriter(out),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

func (p *progress) add() {
	if p.bar != nil {
		_ = p.bar.Add(1) // a terminal that is gone shows nothing
	}
}

func (p *progress) set(done int) {
	if p.bar != nil {
		_ = p.bar.Set(done)
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
