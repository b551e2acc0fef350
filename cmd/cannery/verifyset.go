package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/drift"
	"example.com/cannery/fixtures/placeholder"
	"example.com/cannery/fixtures/secret"
)

// A question is one request that is recorded, and what came of asking it again.
type question struct {
	takes []member // of one variant, in order, never empty
	of    int      // how many takes the request has, those of other variants included
	at    *url.URL // of the origin to ask

	err     error          // why there was no whole answer
	take    member         // the take that the answer was compared with
	changes []drift.Change // nil: the recording holds
	answer  *fixtures.Response
	updated bool
	note    string // what to do about it, "" for nothing special
}

func (q *question) request() *fixtures.Request { return &q.takes[len(q.takes)-1].Request }

// Questions are all that a collection has.
type questions struct {
	ask     []*question
	skipped map[string]int  // takes that are not asked for, by the reason
	all     []member        // every recording, in the collection's order
	rules   *fixtures.Rules // of the collection

	addresses map[string]*url.URL // of the origins to ask
}

// The reasons not to ask.
const (
	skipUnsafe  = "unsafe"
	skipTalk    = "with a conversation"
	skipOrigin  = "of another origin"
	skipSecret  = "with a secret that is not kept"
	skipContent = "with content that is not kept"
	skipAddress = "of an origin without a URL"
)

// readQuestions reads all of a collection, and asks what a pattern selects: the origins
// given, or, when there are none, each where the newest recording of it was made. It is done
// before anything is asked, which may take long: nobody else is to wait for the
// collection meanwhile.
func readQuestions(ctx context.Context, s *collection, pattern pattern, given origins, header http.Header) (*questions, error) {
	set := &questions{skipped: map[string]int{}, rules: s.rules, addresses: map[string]*url.URL{}}
	origins := map[string]*fixtures.Recording{} // the newest of each
	var variants []*question
	for takes, err := range s.requests(ctx) {
		if err != nil {
			return nil, err
		}
		set.all = append(set.all, takes...)
		for _, rec := range takes {
			if newest := origins[rec.Request.Origin]; newest == nil || rec.Recorded.After(newest.Recorded) {
				origins[rec.Request.Origin] = rec.Recording
			}
		}
		variants = append(variants, variantsOf(s.rules, takes)...)
	}
	one := len(given) == 1 && len(origins) <= 1 // whatever it is called
	for _, o := range given {
		if !one && origins[o.name] == nil && origins[o.address()] == nil {
			return nil, misuse("which is the name of the one to ask? --origin NAME=URL gives it",
				"verify %q: --origin %q is none of those recorded: %s", s.address, o, strings.Join(slices.Sorted(maps.Keys(origins)), ", "))
		}
	}
	for _, q := range variants {
		req := q.request()
		if !pattern.selects(req) {
			continue
		}
		name, why := req.Origin, reasonToSkip(req, header)
		if req.WebSocket() || q.takes[0].Response.Conversation {
			why = skipTalk // which would have to be talked again
		}
		to := slices.IndexFunc(given, func(o origin) bool { return one || name == o.name || name == o.address() })
		switch {
		case given == nil:
			at, err := parseOrigin(origins[name].Request.Address())
			if q.at = at.url; err != nil {
				why = skipAddress
			}
		case to < 0:
			why = skipOrigin
		default:
			q.at = given[to].url
		}
		if why != "" {
			set.skipped[why] += len(q.takes)
			continue
		}
		set.addresses[q.at.String()] = q.at
		set.ask = append(set.ask, q)
	}
	return set, nil
}

// checkAddresses makes sure that questions can be asked for which none of the origins
// given is, and that credentials go to one origin only.
func (s *questions) checkAddresses(given origins, header http.Header) error {
	switch {
	case given == nil && len(s.addresses) == 0 && s.skipped[skipAddress] > 0:
		return misuse("cannery verify --origin https://api.example.com", "verify: no --origin is given, and no URL is known of what is recorded")
	case len(s.addresses) > 1 && len(header) > 0:
		return misuse("name the one that it is for: --origin NAME=URL", "verify: --header would go to %d origins", len(s.addresses))
	}
	return nil
}

// variantsOf divides the takes of a request by whom and what they are for.
func variantsOf(rules *fixtures.Rules, takes []member) []*question {
	var out []*question
	byVariant := map[string]*question{}
	for _, rec := range takes {
		variant := rec.Variant(rules)
		q := byVariant[variant]
		if q == nil {
			q = &question{of: len(takes)}
			byVariant[variant] = q
			out = append(out, q)
		}
		q.takes = append(q.takes, rec)
	}
	return out
}

// reasonToSkip says why a request cannot be asked again, "" when it can.
func reasonToSkip(req *fixtures.Request, header http.Header) string {
	switch {
	case !fixtures.Methods(nil).HitOrMiss(req.Method, req.Target):
		return skipUnsafe
	case req.Digest != nil:
		return skipContent
	case placeholder.Numbered.MatchString(req.Target), placeholder.Numbered.Match(req.Body), placeholder.InBase64(req.Body):
		return skipSecret
	}
	for name, values := range req.Header {
		if _, given := header[name]; !given && slices.ContainsFunc(values, placeholder.Numbered.MatchString) {
			return skipSecret
		}
	}
	return ""
}

// judge compares an answer with all takes: it holds when it is as any of them,
// since the origin may be in the state of any. Else it is told from the nearest,
// the newest of several.
//
// Both are compared without their secrets, which are expected to change and must
// not be told.
func (q *question) judge(res *fixtures.Response, cleaner *secret.Cleaner, o drift.Options) error {
	q.answer = res
	now := fixtures.Recording{Exchange: fixtures.Exchange{Request: *q.request(), Response: *res}}
	is := cleaned(cleaner, &now)
	for i, rec := range slices.Backward(q.takes) {
		o.WasAt = fixtures.WebURL(rec.Request.Address())
		changes, err := drift.Compare(rec.Request.Method, cleaned(cleaner, rec.Recording), is, o)
		if err != nil {
			return err
		}
		if i == len(q.takes)-1 || len(changes) < len(q.changes) {
			q.take, q.changes = rec, changes
		}
	}
	q.note = noteOn(q.take.Response.Status, res.Status)
	return nil
}

// cleaned returns a recording's response without its secrets.
func cleaned(cleaner *secret.Cleaner, rec *fixtures.Recording) *fixtures.Response {
	cleaner.Learn(rec)
	return &cleaner.Clean(rec).Response
}

// noteOn explains a status that says nothing about the resource.
func noteOn(was, is int) string {
	switch {
	case was == is:
	case is == http.StatusUnauthorized || is == http.StatusForbidden:
		return "the origin wants credentials, which are not part of recordings: --header 'Authorization: ...' sends some"
	case is == http.StatusTooManyRequests:
		return "the origin wants to be asked more slowly: see --rate"
	case is >= 500:
		return fmt.Sprintf("the origin fails with %d: try again", is)
	}
	return ""
}
