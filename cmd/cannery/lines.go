package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

// Lines writes lines without making those wait who have one to write: a
// terminal that is stopped, or a pipe that nobody reads, must not hold up the
// proxy. What cannot be written is dropped and counted. It may be used
// concurrently.
type lines struct {
	out io.Writer

	mu      sync.Mutex
	buf     bytes.Buffer // guarded by mu
	dropped int          // guarded by mu

	// wake tells the writing goroutine that there is something, urgent that
	// somebody is waiting to read it, and closing that there will be no more.
	wake, urgent, closing chan struct{}

	// done is closed when the writing goroutine has ended.
	done chan struct{}
}

const (
	// flushEvery is how long a line may wait for others, so that many cost
	// one write.
	flushEvery = 100 * time.Millisecond

	// maxUnwritten bounds the memory of lines that wait, in bytes.
	maxUnwritten = 1 << 20

	// closeTimeout is how long the last lines may take.
	closeTimeout = time.Second
)

func newLines(out io.Writer) *lines {
	l := &lines{
		out:     out,
		wake:    make(chan struct{}, 1),
		urgent:  make(chan struct{}, 1),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
	go l.write()
	return l
}

// add keeps what line writes, its end included, to be written soon, or at once
// when it is urgent.
func (l *lines) add(urgent bool, line func(*bytes.Buffer)) {
	l.mu.Lock()
	empty := l.buf.Len() == 0
	if l.buf.Len() < maxUnwritten {
		line(&l.buf)
	} else {
		l.dropped++
	}
	l.mu.Unlock()
	if empty {
		notify(l.wake)
	}
	if urgent {
		notify(l.urgent)
	}
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // told already
	}
}

// close writes what is left, and waits until it is written, but not for ever.
func (l *lines) close() {
	close(l.closing)
	select {
	case <-l.done:
	case <-time.After(closeTimeout):
	}
}

func (l *lines) write() {
	defer close(l.done)
	for {
		select {
		case <-l.wake:
		case <-l.closing:
			l.flush()
			return
		}
		select {
		case <-time.After(flushEvery):
		case <-l.urgent:
		case <-l.closing:
		}
		l.flush()
	}
}

// flush writes outside of the lock. That a line cannot be written is nothing
// anybody could be told.
func (l *lines) flush() {
	l.mu.Lock()
	text := bytes.Clone(l.buf.Bytes())
	l.buf.Reset()
	if l.dropped > 0 {
		text = fmt.Appendf(text, "cannery: %d lines of this log could not be written in time\n", l.dropped)
		l.dropped = 0
	}
	l.mu.Unlock()
	if len(text) > 0 {
		_, _ = l.out.Write(text)
	}
}
