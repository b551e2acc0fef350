package replay

import (
	"fmt"
	"iter"
	"net/http"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay/explain"
)

// A lookup is a request that is looked for, and how far that has come. It belongs
// to one request.
type lookup struct {
	request fixtures.Request // what counts for matching
	sent    []byte           // its content as it came, nil when it is not here
	unread  unread
	whole   bool       // all of a call has been waited for
	call    *listening // a call of gRPC's, of whose content only the first message is known; nil: all is known
	keys    keyer
	again   bool // it has been looked for before
	several bool // there are several origins to look for it in
	anyHost bool // and its client has named the one that it is for

	view fixtures.View // of the source that was asked last

	cause explain.Cause // that a Sequence has none
	said  *explain.Said // what a client says otherwise than recorded; nil: nothing

	conversation *conversation // that is to be replayed; nil for other recordings

	miss    *miss // what a Cache has found out; nil: it has not missed
	replace bool  // what the Cache has recorded cannot be used
	damaged error // and why, for the log
}

// A miss is what the commit of the origin's answer needs to know.
type miss struct {
	key   fixtures.Key   // zero for a request that is always forwarded
	takes fixtures.Takes // those of the key, none of which fits
	seen  int            // see fixtures.Commit
}

// unread says why a request's content is not known. Zero: it is, or nobody looks
// the request up.
type unread int

const (
	halfSent unread = iota + 1 // the client waits for an answer before it has sent all
	tooLarge
)

// String says it to people.
func (u unread) String() string {
	switch u {
	case halfSent:
		return "its client waits for an answer before it has sent all"
	case tooLarge:
		return fmt.Sprintf("its content is longer than %d bytes", fixtures.MaxRequestBody)
	}
	return ""
}

// candidates yields the requests whose recordings may answer a request, the
// best first. The request itself is among them, as the same pointer.
func candidates(req *fixtures.Request) iter.Seq[*fixtures.Request] {
	return func(yield func(*fixtures.Request) bool) {
		sessions := []string{req.Session, ""}
		if req.Session == "" {
			sessions = sessions[:1]
		}
		for _, session := range sessions {
			if !yield(asked(req, session, req.Method)) {
				return
			}
			if req.Method == http.MethodHead && !yield(asked(req, session, http.MethodGet)) {
				return
			}
		}
	}
}

// asked returns the request with another session and method.
func asked(req *fixtures.Request, session, method string) *fixtures.Request {
	if session == req.Session && method == req.Method {
		return req
	}
	other := *req
	other.Session, other.Method = session, method
	return &other
}

// A keyed request is one that a store can be asked for.
type keyed struct {
	key     fixtures.Key
	request *fixtures.Request
}

// A keyer computes the keys of one request under several names. Its content,
// which may be large, is read once.
type keyer struct {
	rules  *fixtures.Rules // that digest was computed under; nil: it was not yet
	digest []byte          // of the content
}

func (k *keyer) key(memory *fixtures.KeyMemory, rules *fixtures.Rules, req *fixtures.Request) fixtures.Key {
	if len(req.Body) == 0 {
		return memory.Key(rules, req)
	}
	if k.rules == nil || !k.rules.SameKeys(*rules) {
		k.rules, k.digest = rules, rules.ContentDigest(req)
	}
	known := *req
	known.Digest = k.digest
	return rules.Key(&known)
}
