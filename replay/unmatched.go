package replay

import (
	"errors"
	"fmt"
	"net/http"
	"sync"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/replay/explain"
)

// Unmatched is an offline request that no recording answers.
type Unmatched struct {
	Method  string `json:"method"`
	URL     string `json:"url"` // as the client asked, secrets masked: below the path of its origin, or whole where cannery is its forward proxy
	Session string `json:"session,omitempty"`

	// Count is how often it has been missed by now, from 1.
	Count int64 `json:"count"`

	// Like names the request that was missed first for the same reason, "" when that is
	// this one: its explanation says all.
	Like string `json:"like,omitempty"`

	// Reason is equal for those that were missed for the same reason.
	Reason string `json:"-"`

	// ID numbers those that are kept from 1; 0 for those that are not.
	ID int `json:"-"`

	// Nearest is the recording that the request is nearest to. Nil: there is none.
	Nearest *Nearest `json:"-"`

	Rule *explain.Rule `json:"rule,omitempty"` // that would have made it a hit; nil: none is known
	Text string        `json:"text"`           // the explanation, of several lines
}

// Nearest is what keeps a recording from answering a request.
type Nearest struct {
	Name        string // method and request-target, secrets masked
	Key         fixtures.Key
	Differences []explain.Difference
}

// News reports whether it has not been explained before.
func (u *Unmatched) News() bool { return u.Count == 1 && u.Like == "" }

// Name is what the request is called.
func (u *Unmatched) Name() string { return u.Method + " " + u.URL }

// note is the explanation for the log, one line where it is no news.
func (u *Unmatched) note() string {
	switch {
	case u.News():
		return u.Text
	case u.Like != "":
		return "missed for the same reason as " + u.Like
	}
	return fmt.Sprintf("missed %d times, for the same reason", u.Count)
}

// maxUnmatched bounds how many are kept for the report. All are counted.
const maxUnmatched = 1000

// missed keeps the unmatched requests. It may be used concurrently.
type missed struct {
	mu    sync.Mutex
	kept  []Unmatched       // each once; guarded by mu
	first map[string]string // the name of what was missed first, by reason; guarded by mu
	count int64             // guarded by mu
}

// add counts an unmatched request, and fills in what is known of those before it.
func (m *missed) add(u *Unmatched) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count++
	u.Count = 1
	for i := range m.kept {
		if known := &m.kept[i]; known.Method == u.Method && known.URL == u.URL && known.Session == u.Session && known.Text == u.Text {
			known.Count++
			*u = *known
			return
		}
	}
	if len(m.kept) >= maxUnmatched {
		return
	}
	if m.first == nil {
		m.first = map[string]string{}
	}
	if name, known := m.first[u.Reason]; known {
		u.Like = name
	} else {
		m.first[u.Reason] = u.Name()
	}
	u.ID = len(m.kept) + 1
	m.kept = append(m.kept, *u)
}

func (m *missed) all() (kept []Unmatched, count int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Unmatched(nil), m.kept...), m.count
}

// unmatched explains, to whoever is to know, why nothing answers a request.
func (p *Proxy) unmatched(w *writer, r *http.Request) error {
	err := p.explain(r.Context(), &w.lookup)
	var problem *fixtures.Problem
	if !errors.As(err, &problem) {
		return p.cannotSay(w, r, p.Sequence.failed(err))
	}
	u := Unmatched{Method: r.Method, URL: secret.CleanTargetOf(r.Header, w.askedURL(r)), Session: w.session, Text: err.Error()}
	u.Reason = u.Text
	if miss := new(explain.Miss); errors.As(err, &miss) {
		u.Text, u.Rule, u.Reason = miss.Text(), miss.Rule, miss.Reason
		if near := miss.Nearest; near != nil {
			u.Nearest = &Nearest{near.Method + " " + secret.CleanTarget(near.Target), miss.Key, miss.Differences}
		}
	}
	p.missed.add(&u)
	w.unmatched = u.ID
	w.missed, w.explanation, w.note = true, u.Text, u.note()
	if p.Events.OnMiss != nil {
		p.Events.OnMiss(u)
	}
	return err
}

// missStatus is the status of a miss. It is no 5xx, which client libraries
// try again, and not 404, which looks like an answer.
func (p *Proxy) missStatus() int {
	if p.Answers.MissStatus == 0 {
		return http.StatusFailedDependency
	}
	return p.Answers.MissStatus
}
