package main

import (
	"fmt"
	"net/http"
	"sync"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/placeholder"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/replay"
)

// A placeholderNote says once when a request with a placeholder in it is
// forwarded: the fixtures gave that out in place of a secret, and the origin does
// not know it.
type placeholderNote struct {
	replay.Forwarder
	say  func(text string)
	once sync.Once
}

func (n *placeholderNote) Forward(w http.ResponseWriter, r *http.Request, c *fixtures.Commit, flight string, known func() bool) (recorded bool, err error) {
	n.look(r)
	return n.Forwarder.Forward(w, r, c, flight, known)
}

func (n *placeholderNote) Fetch(w http.ResponseWriter, r *http.Request, c *fixtures.Commit, flight string, known func() bool) (recorded, answered bool, err error) {
	n.look(r)
	return n.Forwarder.Fetch(w, r, c, flight, known)
}

func (n *placeholderNote) Bypass(w http.ResponseWriter, r *http.Request, c *fixtures.Commit) error {
	n.look(r)
	return n.Forwarder.Bypass(w, r, c)
}

func (n *placeholderNote) look(r *http.Request) {
	name := placeholderIn(r)
	if name == "" {
		return
	}
	n.once.Do(func() {
		n.say(fmt.Sprintf("note: %s %s goes to the origin with %s, which the fixtures hold in place of a secret; if it is refused, record all anew with --record",
			r.Method, secret.CleanTargetOf(r.Header, fixtures.RequestTarget(r.RequestURI)), name))
	})
}

// placeholderIn returns a placeholder in a request's URL or headers, "" for
// none.
func placeholderIn(r *http.Request) string {
	if name := placeholder.Numbered.FindString(r.RequestURI); name != "" {
		return name
	}
	for _, values := range r.Header {
		for _, value := range values {
			if name := placeholder.Numbered.FindString(value); name != "" {
				return name
			}
		}
	}
	return ""
}
