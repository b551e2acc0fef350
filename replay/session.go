package replay

import (
	"cmp"
	"slices"
	"sync"

	"example.com/cannery/fixtures"
)

// sessions are the timelines that are being replayed, by name; "" is that of
// all requests without one. They may be used concurrently.
type sessions struct {
	mu     sync.Mutex
	byName map[string]*session // guarded by mu
	uses   uint64              // guarded by mu
}

// maxSessions bounds the memory of a proxy that gets a name of its own with
// every request. The session that was used longest ago is forgotten first: it
// begins anew.
const maxSessions = 10_000

// get returns the session of a name, which begins with its first use.
func (s *sessions) get(name string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uses++
	if found := s.byName[name]; found != nil {
		found.used = s.uses
		return found
	}
	if s.byName == nil {
		s.byName = map[string]*session{}
	}
	if len(s.byName) >= maxSessions {
		s.forgetOldest()
	}
	began := &session{
		used:      s.uses,
		positions: map[place]*position{},
		talks:     map[place]*talks{},
		replayed:  map[fixtures.Event]int64{},
		changed:   map[fixtures.Key]int64{},
		masked:    map[fixtures.Key]int{},
		guesses:   map[fixtures.Key]*guesses{},
	}
	s.byName[name] = began
	return began
}

// forgetOldest is called with mu held.
func (s *sessions) forgetOldest() {
	oldest, least := "", s.uses
	for name, session := range s.byName {
		if session.used < least {
			oldest, least = name, session.used
		}
	}
	delete(s.byName, oldest)
}

// reset rewinds the sessions of these names. Requests that are under way end
// where they began: in the past of the session.
func (s *sessions) reset(names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		delete(s.byName, name)
	}
}

// resetAll rewinds every session.
func (s *sessions) resetAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byName)
}

// A SessionStatus is how far a session has come.
type SessionStatus struct {
	Name     string `json:"name"`
	Requests int64  `json:"requests"` // answered from recordings
	Replayed int    `json:"replayed"` // unsafe requests, each take once
}

// list returns the sessions in the order of their names.
func (s *sessions) list() []SessionStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]SessionStatus, 0, len(s.byName))
	for name, session := range s.byName {
		list = append(list, session.status(name))
	}
	slices.SortFunc(list, func(a, b SessionStatus) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// A session is how far one timeline has been replayed.
type session struct {
	used uint64 // when; guarded by sessions.mu

	mu        sync.Mutex // guards what follows
	positions map[place]*position
	talks     map[place]*talks
	replayed  map[fixtures.Event]int64 // which request last replayed each unsafe one
	changed   map[fixtures.Key]int64   // which request last replayed any take of each
	unsafe    int64                    // which request was the last of these
	order     fixtures.Order           // of the unsafe ones
	masked    map[fixtures.Key]int     // how often secrets were taken for placeholders
	guesses   map[fixtures.Key]*guesses
	requests  int64
}

// A place is what has a position: the takes of one key and variant.
type place struct {
	key     fixtures.Key
	variant string
}

// A draw is a request for the next of its takes.
type draw struct {
	key      fixtures.Key
	fit      fixtures.OfflineTakes // with a recording at least
	timeline *fixtures.Timeline
	view     fixtures.View
	after    AfterLast
	peek     bool // the request does not use the take up
}

// next returns the take that a request gets, nil when all are used up. Of
// concurrent requests each gets the next one. Unsure says that the order of requests
// was not the one recorded, so that which take it ought to be could not be known.
func (s *session) next(d draw) (rec *fixtures.Recording, unsure bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := place{d.key, d.fit.Variant}
	pos := s.positions[at]
	if pos == nil {
		pos = new(position)
		s.positions[at] = pos
	}
	takes := d.fit.Recordings
	advance := func() {
		pos.advance(len(takes), d.view.Generation, func(take int) barrier {
			return s.between(d.timeline, takes[take-1], takes[take], pos.since)
		})
	}
	advance()
	s.requests++
	if d.timeline != nil && s.unsafe > pos.last && !s.order.Recorded(d.timeline) {
		unsure = !s.findOwn(&d, pos)
		advance() // to the end of the group
	}
	if d.after == LoopTakes && !d.peek && pos.served(len(takes)) {
		// In a new round the takes wait for unsafe requests as in the first.
		*pos = position{since: pos.last}
		advance()
	}
	if d.peek {
		return takes[pos.peek()], unsure
	}
	take, ok := pos.take(len(takes), d.after)
	if !ok {
		return nil, unsure
	}
	pos.last = s.requests
	rec = takes[take]
	if !fixtures.Safe(rec.Request.Method) {
		s.order.Add(rec)
		s.replayed[fixtures.Event{Key: d.key, Take: rec.Take}] = s.requests
		s.changed[d.key], s.unsafe = s.requests, s.requests
	}
	return rec, unsure
}

// converse begins a conversation, which follows the take that it was given.
func (s *session) converse(d draw, rec *fixtures.Recording, asks *fixtures.Request) *conversation {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := place{d.key, d.fit.Variant}
	pos := s.positions[at]
	if s.talks[at] == nil {
		s.talks[at] = new(talks)
	}
	c := &conversation{rules: d.view.Rules, key: d.key, rec: rec, among: d.fit.Recordings[pos.start:pos.end], again: d.after != FailAfterLast, asks: asks}
	s.talks[at].begin(c)
	return c
}

// unmasked returns how often a masked key has been asked for before.
func (s *session) unmasked(key fixtures.Key) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.masked[key]++
	return s.masked[key] - 1
}

// The guesses are which of the disguised the secrets of requests were taken for:
// the first secret for the first one, and so on.
type guesses struct {
	asked []fixtures.Key // requests with different secrets, one for each of the disguised at most
	of    int            // so many are disguised
	more  bool           // another secret came when there was none left
	name  string         // method and path
}

// guess returns which of the disguised a request is taken for. A secret beyond
// those recorded is taken for the one that was accepted.
func (s *session) guess(d *disguised, asked fixtures.Key, name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guesses[d.key]
	if g == nil {
		g = &guesses{of: len(d.among), name: name}
		s.guesses[d.key] = g
	}
	if i := slices.Index(g.asked, asked); i >= 0 {
		return min(i, len(d.among)-1)
	}
	if len(g.asked) >= len(d.among) {
		g.more = true
		return d.accepted()
	}
	g.asked = append(g.asked, asked)
	return len(g.asked) - 1
}

// unsure returns the requests whose secrets were taken for recorded ones that
// they may not be: there were fewer of them than were recorded, or more.
func (s *sessions) unsure() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.byName {
		session.mu.Lock()
		for _, g := range session.guesses {
			if g.more || len(g.asked) < g.of {
				names = append(names, g.name)
			}
		}
		session.mu.Unlock()
	}
	slices.Sort(names)
	return names
}

// between is called with mu held. What was replayed by a request up to since
// opens nothing. Without a timeline there are no barriers.
func (s *session) between(timeline *fixtures.Timeline, prev, rec *fixtures.Recording, since int64) barrier {
	if timeline == nil {
		return none
	}
	events := timeline.Barriers(prev, rec)
	if len(events) == 0 {
		return none
	}
	for _, event := range events {
		if s.replayed[event] <= since {
			return shut
		}
	}
	return open
}

func (s *session) status(name string) SessionStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SessionStatus{name, s.requests, len(s.replayed)}
}
