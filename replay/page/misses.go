package page

import (
	"net/http"
	"slices"
	"strconv"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

// missesShown is how many misses a page has.
const missesShown = 50

// pageOf returns the page that a miss is on, "" for the first.
func pageOf(id int) string {
	if n := (id-1)/missesShown + 1; n > 1 {
		return strconv.Itoa(n)
	}
	return ""
}

// A missed is a request that nothing answered.
type missed struct {
	replay.Unmatched
	NearestLink string   // to the nearest recording; "" for none
	Parts       []string // of its rule
	Settles     []string // the other misses that its rule would settle too, the first of them
	Further     int      // so many more
	Accept      bool     // the rule can be written
	Settled     bool     // by the rules in force now: it would be answered
}

type missesBody struct {
	Misses []missed
	Count  int64 // of the requests missed
	Kept   int   // misses that are kept
	Newer  string
	Older  string
}

func (p *Page) misses(w http.ResponseWriter, r *http.Request) {
	all, n := p.proxy.Unmatched()
	at, _ := strconv.Atoi(r.URL.Query().Get("page"))
	at = max(1, at)
	from := min((at-1)*missesShown, len(all))
	to := min(from+missesShown, len(all))
	body := missesBody{Count: n, Kept: len(all)}
	var rules *fixtures.Rules
	if from < to { // without misses there is nothing to read for
		if got, err := p.proxy.Recorded(r.Context()); err == nil && got != nil {
			rules = got.View.Rules // what cannot be read is said where it is needed
		}
	}
	for i := from; i < to; i++ {
		body.Misses = append(body.Misses, p.missedOf(&all[i], all, rules))
	}
	if at > 1 {
		body.Newer = link("misses", "page", strconv.Itoa(at-1))
	}
	if to < len(all) {
		body.Older = link("misses", "page", strconv.Itoa(at+1))
	}
	p.show(w, r, "misses", "Misses", body)
}

// missedOf describes a miss among all, under the rules in force. Nil rules are not
// known.
func (p *Page) missedOf(u *replay.Unmatched, all []replay.Unmatched, rules *fixtures.Rules) missed {
	m := missed{Unmatched: *u, Accept: p.changes.Accept != nil && u.Rule != nil}
	if u.Nearest != nil && u.Nearest.Key != (fixtures.Key{}) {
		m.NearestLink = link("recording", "id", idOf(u.Nearest.Key))
	}
	if u.Rule == nil {
		return m
	}
	m.Parts = slices.Concat(u.Rule.Ignore, u.Rule.Echo)
	if rules != nil && within(u.Rule.Ignore, rules.Ignore) && within(u.Rule.Echo, rules.Echo) {
		m.Settled, m.Accept = true, false
		return m
	}
	for i := range all {
		other := &all[i]
		switch {
		case other.ID == u.ID || !settles(u, other):
		case len(m.Settles) < settlesShown:
			m.Settles = append(m.Settles, other.Name())
		default:
			m.Further++
		}
	}
	return m
}

// settlesShown is how many of the misses that a rule settles are named.
const settlesShown = 20

// SettlesInAll is how many other misses the rule would settle.
func (m missed) SettlesInAll() int { return len(m.Settles) + m.Further }

// settles reports whether the rule of one miss has all that another one's has: then
// that one would be answered too. Under a wider rule it would be all the more.
func settles(u, other *replay.Unmatched) bool {
	return other.Rule != nil && within(other.Rule.Ignore, u.Rule.Ignore) && within(other.Rule.Echo, u.Rule.Echo)
}

func within(parts, among []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !slices.Contains(among, part) })
}
