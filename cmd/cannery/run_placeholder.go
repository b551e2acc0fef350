package main

import (
	"fmt"
	"net/http"
	"sync"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/placeholder"
	"example.com/cannery/fixtures/secret"
)

// A placeholderNote stands before what forwards requests beside fixtures, and
// says once when one has a placeholder in it: the fixtures gave that out in
// place of a secret, and the origin does not know it.
type placeholderNote struct {
	next http.Handler
	say  func(text string)
	once sync.Once
}

func (n *placeholderNote) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if name := placeholderIn(r); name != "" {
		n.once.Do(func() {
			n.say(fmt.Sprintf("note: %s %s goes to the origin with %s, which the fixtures hold in place of a secret; if it is refused, record all anew with --record",
				r.Method, secret.CleanTarget(fixtures.RequestTarget(r.RequestURI)), name))
		})
	}
	n.next.ServeHTTP(w, r)
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
