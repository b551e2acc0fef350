package recorder

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/field"
)

// An exchange is one that is under way. Its fields belong to the goroutine of
// the request, except where the transport calls back.
type exchange struct {
	rec      *Recorder
	record   bool             // the answer is to be recorded
	commit   *fixtures.Commit // nil when there is nothing to record or to make stale
	claim    *claim
	unsafe   bool
	fetch    bool      // nobody gets the answer unless it is recorded whole
	request  *sentBody // nil when there is no content
	dialogue *dialogue // nil when it is no call of gRPC
	socket   *socket   // that is recorded; nil when none is

	interims  []fixtures.Interim
	committed bool

	departure
}

// response looks at the origin's answer before its client does.
func (x *exchange) response(res *http.Response) error {
	if x.commit != nil {
		x.markStale(res)
	}
	if !x.record || !x.recordable(res) {
		x.giveUp()
		x.claim.end(goAlone)
		res.Header["X-Cache"] = []string{"BYPASS"}
		return nil
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		x.claim.end(goAlone)
		return x.talk(res)
	}
	if field.VariesOnAll(res.Header) || !fixtures.Lasts(res.StatusCode, x.anonymous(), x.unsafe) {
		x.claim.end(goAlone)
	}
	x.commit.Recording.Recorded = time.Now()
	x.commit.Recording.Response = fixtures.Response{
		Interim: x.interims,
		Status:  res.StatusCode,
		Header:  recordedHeader(res),
	}
	content := newCapture(x, res)
	x.answerBegan(content.declared >= 0)
	res.Body = content
	res.Header["X-Cache"] = []string{"MISS"}
	if res.ContentLength == 0 || res.Request.Method == http.MethodHead {
		// The header is the whole answer, and goes out before any read.
		return content.commitEmpty()
	}
	return nil
}

// recordable reports whether the answer is one to keep, as far as its header tells.
func (x *exchange) recordable(res *http.Response) bool {
	why := ""
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols: // of a conversation there is a recording whatever is said in it
		return true
	case answersPart(res):
		why = "it answers a part, or a condition"
	case !x.rec.Statuses.record(res.StatusCode, x.anonymous(), x.unsafe):
		why = "its status is none that is recorded: see --record-status"
	case x.refusedPlaceholder(res):
		why = "it refuses a placeholder, which the fixtures have in place of a secret: record all anew with --record"
	case res.ContentLength > x.rec.MaxBody && res.Request.Method != http.MethodHead:
		why = "it is longer than --max-body"
	default:
		return true
	}
	if x.rec.Bypassed != nil {
		x.rec.Bypassed(res.Request, why)
	}
	return false
}

func (x *exchange) refusedPlaceholder(res *http.Response) bool {
	return (res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden) &&
		x.rec.Placeholder != nil && x.rec.Placeholder(res.Request)
}

// anonymous reports whether the request has no credentials.
func (x *exchange) anonymous() bool { return x.commit.Recording.Request.Credentials == nil }

// answersPart reports whether an answer is for a range, or on a condition, that
// this client has sent: it would poison every later client.
func answersPart(res *http.Response) bool {
	if res.StatusCode != http.StatusPartialContent && res.StatusCode != http.StatusNotModified {
		return false
	}
	return slices.ContainsFunc(field.Partial[:], func(name string) bool { return res.Request.Header[name] != nil })
}

// markStale makes the recordings of what a successful unsafe request has changed stale
// (RFC 9111, section 4.4): its target, and what Location and Content-Location
// of the same origin name. It is done before the client can know of the answer.
func (x *exchange) markStale(res *http.Response) {
	if !x.unsafe || res.StatusCode < 200 || res.StatusCode >= 400 {
		return
	}
	req := &x.commit.Recording.Request
	targets := []string{req.Target}
	for _, name := range []string{"Location", "Content-Location"} {
		if target, ok := x.rec.sameOrigin(res.Request.URL, res.Header.Get(name)); ok {
			targets = append(targets, target)
		}
	}
	var resources []fixtures.Resource
	for _, target := range targets {
		// A session also sees the recordings of no session.
		resources = append(resources, x.commit.View.Rules.Resource("", req.Origin, target))
		if req.Session != "" {
			resources = append(resources, x.commit.View.Rules.Resource(req.Session, req.Origin, target))
		}
	}
	x.rec.stored(x.rec.Store.MarkStale(context.WithoutCancel(res.Request.Context()), x.commit.View, resources...))
}

// recordedHeader copies a response's end-to-end fields; ReverseProxy has
// removed the others. The values are shared: the client's header gets copies.
func recordedHeader(res *http.Response) http.Header {
	header := maps.Clone(res.Header)
	delete(header, "X-Cache")
	if len(res.Trailer) > 0 {
		// Announced in an order that does not change.
		header["Trailer"] = []string{strings.Join(slices.Sorted(maps.Keys(res.Trailer)), ", ")}
	}
	return header
}
