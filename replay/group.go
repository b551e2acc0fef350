package replay

import (
	"cmp"

	"example.com/cannery/fixtures"
)

// inOrder reports whether what a group of takes waited for was replayed after what was
// recorded before it, as far as that is known. It is called with mu held.
func (s *session) inOrder(d *draw, pos *position) bool {
	prev, rec := d.fit.Recordings[pos.start-1], d.fit.Recordings[pos.start]
	first, known := d.timeline.Before(prev)
	if !known {
		return true
	}
	for _, event := range d.timeline.Barriers(prev, rec) {
		if s.replayed[event] < s.replayed[first] {
			return false
		}
	}
	return true
}

// findOwn looks for the state that a session is in when what it has changed since its
// last request for these takes is not what was recorded next: when it is a part of what
// was recorded, or in another order. It reports false when there are signs of that and
// no group of takes fits. It is called with mu held.
func (s *session) findOwn(d *draw, pos *position) bool {
	groups := s.groups(d, pos)
	changes := map[fixtures.Key]bool{} // of what the takes wait for, those since
	for _, g := range groups {
		for key := range g.keys {
			if s.changed[key] > pos.last {
				changes[key] = true
			}
		}
	}
	if len(changes) == 0 {
		return true
	}
	best, begun, strange := group{take: -1}, false, false
	var here group
	for _, g := range groups {
		if g.take == pos.start {
			here = g
		}
		switch newer := g.compare(&best); {
		case g.take == pos.end && g.begun(changes):
			begun = true
		case g.fits(changes) && (best.take < 0 || newer > 0 || newer == 0 && best.take < pos.start):
			best = g
		}
		strange = strange || len(g.exact) > 0 && g.take != pos.start
	}
	switch {
	case pos.moved && (best.take < 0 || best.compare(&here) <= 0 || len(best.exact) == 0):
		return s.inOrder(d, pos) // what was recorded next has happened
	case best.take < 0: // it goes on as it was recorded, or that cannot be known
		return begun || !strange
	}
	pos.enter(best.take, s.requests)
	return true
}

// A group is of takes that have nothing between them, with what was recorded before it.
type group struct {
	take   int                   // the first one
	keys   map[fixtures.Key]bool // of the unsafe requests before it
	exact  map[fixtures.Key]bool // those of them that were replayed lately, in the same take
	all    bool                  // all were replayed lately, in whatever take
	latest int64                 // the session's request that was the last of these
}

// maxAround bounds, in takes, how far from where it is a session looks for its state.
const maxAround = 100

// groups returns those that something was recorded before. What was replayed lately came
// after the session's last request for the takes. It is called with mu held.
func (s *session) groups(d *draw, pos *position) []group {
	takes := d.fit.Recordings
	var groups []group
	add := func(take int, events ...fixtures.Event) {
		g := group{take: take, keys: map[fixtures.Key]bool{}, exact: map[fixtures.Key]bool{}, all: true}
		for _, event := range events {
			g.keys[event.Key] = true
			g.latest = max(g.latest, s.changed[event.Key])
			g.all = g.all && s.changed[event.Key] > pos.last
			if s.replayed[event] > pos.last {
				g.exact[event.Key] = true
			}
		}
		groups = append(groups, g)
	}
	if first, known := d.timeline.Before(takes[0]); known {
		add(0, first)
	}
	for i := max(1, pos.start-maxAround); i < min(len(takes), pos.end+maxAround); i++ {
		if events := d.timeline.Barriers(takes[i-1], takes[i]); len(events) > 0 {
			add(i, events...)
		}
	}
	return groups
}

// compare says, by its sign, whether a group waited for something that happened later
// than what another did, or for more of it.
func (g *group) compare(other *group) int {
	return cmp.Or(cmp.Compare(g.latest, other.latest), cmp.Compare(len(g.keys), len(other.keys)))
}

// begun reports whether all changes are the very ones that were recorded before the
// group.
func (g *group) begun(changes map[fixtures.Key]bool) bool {
	for key := range changes {
		if !g.exact[key] {
			return false
		}
	}
	return true
}

// fits reports whether what was recorded before the group has happened: some of it in the
// same takes, or all in others, and nothing else.
func (g *group) fits(changes map[fixtures.Key]bool) bool {
	return g.all && (len(g.exact) > 0 || len(changes) == len(g.keys))
}
