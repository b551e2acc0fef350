// Package check finds what a store, or a proxy on it, does wrong: it runs clients,
// commands and faults at once, writes down who asked what when and what came, and
// holds that against what must be true of every such history.
package check

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"
)

// A History is what happened while proxies on one store ran. Its times are those of
// one clock. Of what was before it nothing may be seen in it: it begins with a clear.
type History struct {
	Answers []Answer
	Fetches []Fetch
	Changes []Change

	// Outages are when the store could not be reached. They end when all proxies
	// record again.
	Outages []Span
}

// A Span is from when to when something took.
type Span struct{ Start, End time.Duration }

func (s Span) overlaps(o Span) bool { return s.Start <= o.End && o.Start <= s.End }

// A Subject is what an answer is about: a URL and who asks for it.
type Subject struct{ URL, Who string }

// An Answer is one that a client had from a proxy: from before it asked until it had
// read all of it.
type Answer struct {
	Span
	ID uint64 // of the request
	Subject
	Left   bool   // the client did not stay for it; the rest says nothing then
	Err    string // why it is no whole answer
	Status int
	Cache  string // X-Cache

	// Of and Version are what its content says it is.
	Of      Subject
	Version uint64
}

// A Fetch is a request that the origin answered: from when it came until all of the
// answer was sent. Each has a version of its own.
type Fetch struct {
	Span
	ID uint64 // of the client's request
	Subject
	Version uint64

	// Stream says that it did not declare its length. It may have no end, and others
	// wait for it for streamWait only.
	Stream bool
}

const streamWait = time.Second

// A Change is a command or a request after which older recordings of URLs must not be
// served: from before it was begun until it had returned.
type Change struct {
	Span
	What string
	URLs []string // nil: all

	// Drops says that recordings of other URLs that are under way may be given up.
	Drops bool

	// Imported are the versions that it makes the recordings of URLs, for those who
	// have no credentials.
	Imported map[string]uint64

	// Uncertain says that it failed: it may have happened or not.
	Uncertain bool
}

func (c *Change) covers(url string) bool { return c.URLs == nil || slices.Contains(c.URLs, url) }

// A birth is where a version comes from.
type birth struct {
	Subject
	Span // when it may have become what the store has
}

// patience is how many removals there must have been while a request waited before it
// may have asked the origin by itself: replay lets it after some rounds more. One that
// lasts, as while a slot moves, takes as many rounds: then rounds is how many answers of
// the origin must have been kept by nobody, less those whose clients left too early.
const (
	patience = 2
	rounds   = 4
)

// impatient reports whether a request that waited may have asked the origin by itself.
func (s *subject) impatient(waited Span) bool {
	removals, fetches := s.touches.during(waited), 0
	for _, f := range s.fetches {
		if waited.Start <= f.End && f.End <= waited.End {
			fetches++
		}
	}
	return removals >= patience || removals > 0 && fetches >= rounds
}

// Check returns what is wrong with a history, in words and in the order of times, nil when
// nothing is.
func Check(h *History) []string {
	c := &checker{h: h, born: map[uint64]birth{}, answers: map[uint64]*Answer{}}
	for _, f := range h.Fetches {
		// What was asked for when it came to the origin is what it is the answer to.
		c.born[f.Version] = birth{f.Subject, Span{f.Start, f.Start}}
	}
	for _, change := range h.Changes {
		for url, version := range change.Imported {
			c.born[version] = birth{Subject{URL: url}, change.Span}
		}
	}
	subjects := map[Subject]*subject{}
	of := func(s Subject) *subject {
		if subjects[s] == nil {
			subjects[s] = &subject{}
		}
		return subjects[s]
	}
	for i := range h.Answers {
		a := &h.Answers[i]
		c.answers[a.ID] = a
		if !a.Left && c.sound(a) {
			s := of(a.Subject)
			s.answers = append(s.answers, a)
		}
	}
	for i := range h.Fetches {
		s := of(h.Fetches[i].Subject)
		s.fetches = append(s.fetches, &h.Fetches[i])
	}
	for name, s := range subjects {
		c.subject(name, s)
	}
	slices.SortFunc(c.wrong, func(a, b finding) int { return cmp.Compare(a.at, b.at) })
	var wrong []string
	for _, f := range c.wrong {
		wrong = append(wrong, f.text)
	}
	return wrong
}

type checker struct {
	h       *History
	born    map[uint64]birth
	answers map[uint64]*Answer
	wrong   []finding
}

type finding struct {
	at   time.Duration
	text string
}

// A subject is what happened to one.
type subject struct {
	answers []*Answer
	fetches []*Fetch
	changes []*Change // of its URL
	touches touches   // they, and those that drop what is under way
}

func (c *checker) say(a *Answer, format string, args ...any) {
	c.wrong = append(c.wrong, finding{a.Start, fmt.Sprintf("%s for %q, answered %s with version %d from %v to %v: %s",
		a.URL, a.Who, a.Cache, a.Version, a.Start, a.End, fmt.Sprintf(format, args...))})
}

// sound looks at an answer by itself, and reports whether it can be held against
// others.
func (c *checker) sound(a *Answer) bool {
	born, known := c.born[a.Version]
	switch {
	case a.Err != "":
		c.say(a, "no whole answer: %s", a.Err)
	case a.Status != 200:
		c.say(a, "its status is %d", a.Status)
	case a.Of != a.Subject || known && born.Subject != a.Subject:
		c.say(a, "it is the answer to %s for %q", a.Of.URL, a.Of.Who)
	case !known:
		c.say(a, "its version is of before, or nobody's")
	case a.Cache != "HIT" && a.Cache != "MISS" && a.Cache != "BYPASS":
		c.say(a, "X-Cache is %q", a.Cache)
	case a.Cache == "BYPASS" && !c.outage(a.Span):
		c.say(a, "it is not recorded, and the store was not down")
	default:
		return true
	}
	return false
}

// goesAlone reports whether an answer may have waited for a stream in vain: whoever does
// asks the origin by itself then, and so do others at the same moment.
func (c *checker) goesAlone(s *subject, a *Answer) bool {
	return slices.ContainsFunc(s.fetches, func(f *Fetch) bool {
		end := f.End
		if first := c.answers[f.ID]; first != nil {
			end = max(end, first.End)
		}
		return f.Stream && end > f.Start+streamWait && a.overlaps(Span{f.Start + streamWait, end})
	})
}

// slow is how long an answer takes at least on a machine that is so busy that a lease,
// which lasts 3 s, may have run out: two at once say nothing then.
const slow = 2 * time.Second

func (a *Answer) slow() bool { return a.End-a.Start > slow }

func (c *checker) outage(during Span) bool { return slices.ContainsFunc(c.h.Outages, during.overlaps) }

func (c *checker) subject(name Subject, s *subject) {
	for i := range c.h.Changes {
		change := &c.h.Changes[i]
		if change.covers(name.URL) && !change.Uncertain {
			s.changes = append(s.changes, change)
		}
		if change.covers(name.URL) || change.Drops {
			s.touches.spans = append(s.touches.spans, change.Span)
		}
	}
	s.touches.sort()
	slices.SortFunc(s.answers, func(a, b *Answer) int { return cmp.Compare(a.Start, b.Start) })
	c.stale(s)
	c.backwards(s)
	c.lost(s)
	c.twice(s)
	c.flights(s)
}

// stale finds answers older than a change that had returned before they were asked
// for.
func (c *checker) stale(s *subject) {
	slices.SortFunc(s.changes, func(a, b *Change) int { return cmp.Compare(a.End, b.End) })
	var newest *Change // that has returned
	next := 0
	for _, a := range s.answers {
		for ; next < len(s.changes) && s.changes[next].End < a.Start; next++ {
			if newest == nil || s.changes[next].Start > newest.Start {
				newest = s.changes[next]
			}
		}
		if newest != nil && c.born[a.Version].End < newest.Start {
			c.say(a, "it is of %v, and stale since a %s from %v to %v", c.born[a.Version].End, newest.What, newest.Start, newest.End)
		}
	}
}

// backwards finds answers older than a recording that somebody had had before they
// were asked for.
func (c *checker) backwards(s *subject) {
	hits := ended(s.answers, func(a *Answer) bool { return a.Cache == "HIT" })
	newest := time.Duration(math.MinInt64)
	next := 0
	for _, a := range s.answers {
		for ; next < len(hits) && hits[next].End < a.Start; next++ {
			newest = max(newest, c.born[hits[next].Version].Start)
		}
		if c.born[a.Version].End < newest {
			c.say(a, "it is of %v, and one of %v was a HIT before", c.born[a.Version].End, newest)
		}
	}
}

// lost finds misses of what had been recorded and not been touched since.
func (c *checker) lost(s *subject) {
	recorded := ended(s.answers, func(a *Answer) bool {
		// The store may fail once the header, which says MISS, is out.
		return a.Cache == "HIT" || a.Cache == "MISS" && !c.outage(a.Span)
	})
	var last *Answer // that had been recorded
	next := 0
	for _, a := range s.answers {
		for ; next < len(recorded) && recorded[next].End < a.Start; next++ {
			if last == nil || recorded[next].Start > last.Start {
				last = recorded[next]
			}
		}
		if a.Cache == "MISS" && last != nil && s.touches.during(Span{last.Start, a.End}) == 0 {
			c.say(a, "a MISS, and version %d was recorded (%s, from %v to %v) and not removed", last.Version, last.Cache, last.Start, last.End)
		}
	}
}

// twice finds misses at the same time, without a change that made the second one
// necessary.
func (c *checker) twice(s *subject) {
	var before *Answer
	for _, a := range s.answers {
		if a.Cache != "MISS" {
			continue
		}
		if before != nil && before.End >= a.Start && !a.slow() && !before.slow() {
			both := Span{before.Start, max(before.End, a.End)}
			if s.touches.during(both) == 0 && !c.outage(both) && !c.goesAlone(s, a) {
				c.say(a, "a MISS at the same time as that of version %d, from %v to %v", before.Version, before.Start, before.End)
			}
		}
		before = a
	}
}

// flights finds requests at the origin at the same time, whatever was removed: the
// later one must have waited.
func (c *checker) flights(s *subject) {
	slices.SortFunc(s.fetches, func(a, b *Fetch) int { return cmp.Compare(a.Start, b.Start) })
	var before *Fetch
	for _, f := range s.fetches {
		a := c.answers[f.ID]
		if a == nil {
			c.wrong = append(c.wrong, finding{f.Start, fmt.Sprintf("the origin was asked for %s for %q by request %d, which nobody made", f.URL, f.Who, f.ID)})
			continue
		}
		if before != nil && f.Start < before.End && a.Cache != "BYPASS" {
			first := c.answers[before.ID]
			waited := Span{a.Start, f.Start}
			if first.Cache != "BYPASS" && !a.slow() && !first.slow() && !c.outage(Span{min(first.Start, a.Start), f.Start}) && !s.impatient(waited) && !c.goesAlone(s, a) {
				c.say(a, "the origin was asked while it answered the same request, from %v to %v", before.Start, before.End)
			}
		}
		if before == nil || f.End > before.End {
			before = f
		}
	}
}

// ended returns those of answers that are wanted, in the order of their ends.
func ended(answers []*Answer, wanted func(*Answer) bool) (some []*Answer) {
	for _, a := range answers {
		if wanted(a) {
			some = append(some, a)
		}
	}
	slices.SortFunc(some, func(a, b *Answer) int { return cmp.Compare(a.End, b.End) })
	return some
}

// touches are spans, of which is asked how many there were during another.
type touches struct {
	spans []Span          // by their starts
	ends  []time.Duration // sorted
}

func (t *touches) sort() {
	slices.SortFunc(t.spans, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	for _, s := range t.spans {
		t.ends = append(t.ends, s.End)
	}
	slices.Sort(t.ends)
}

// during counts the spans that overlap: those that have begun by its end, without those
// that had ended before its start.
func (t *touches) during(s Span) int {
	begun := sort.Search(len(t.spans), func(i int) bool { return t.spans[i].Start > s.End })
	over := sort.Search(len(t.ends), func(i int) bool { return t.ends[i] >= s.Start })
	return begun - over
}
