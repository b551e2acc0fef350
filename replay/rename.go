package replay

import (
	"net/http"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/coding"
	"example.com/cannery/fixtures/links"
	"example.com/cannery/fixtures/mediatype"
)

// Textual content names the proxy instead of the origin. Where it holds the
// origin's URL it is served decoded, with the proxy's URL in its place; else it
// passes as the origin sent it. Its entity tag stays: it is the origin's version
// of the resource, which clients send back in If-Match, and one version has one
// text here too. Cache-Control: no-transform is for proxies between a client and
// its origin; in front of its origin cannery stands for it (RFC 9110, sections
// 3.7 and 7.7).

// follow makes the answer follow rules. Nil are not known: the default counts.
func (w *writer) follow(rules *fixtures.Rules) {
	w.leave = w.asItIs || w.proxy.Answers.LeaveBody || rules != nil && rules.LeaveBody
}

// renames reports whether content of this header, if it holds the origin's URL,
// is to name the proxy. An answer with a digest of its content is left: clients
// would find it broken.
func (w *writer) renames(status int, header http.Header) bool {
	return !w.leave &&
		status != http.StatusPartialContent && status != http.StatusNoContent && status != http.StatusNotModified &&
		links.Textual(header) && coding.Decodable(coding.Of(header)) && digestIn(header) == "" && (w.at() != nil || w.neighbours() != nil)
}

// digestIn returns the name of a field with a digest of the content, "" for none.
func digestIn(header http.Header) string {
	for name := range header {
		switch name {
		case "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "X-Goog-Hash":
			return name
		}
		if strings.HasPrefix(name, "X-Amz-Checksum-") && name != "X-Amz-Checksum-Type" {
			return name
		}
	}
	return ""
}

// plan chooses the way of content that nobody knows yet whether it holds the
// origin's URL. It reports whether the header is held back with it.
func (w *writer) plan(header http.Header) (held bool) {
	codings := coding.Of(header)
	length := header.Get("Content-Length")
	size, _ := strconv.ParseInt(length, 10, 64) // net/http has checked it; 0 for none
	switch {
	case length == "0":
		return false
	case codings == nil && length == "":
		w.body = w.newBodyWriter(nil) // the header is the same either way
		return false
	}
	// Of events each counts when it comes, but not of those whose length is known at
	// their beginning; trailers follow a header that is out.
	if size > maxHeld || length == "" && isEvents(header) || header["Trailer"] != nil {
		w.body = w.asItComes(codings)
		return false
	}
	w.hold = w.newHold(codings)
	return true
}

// asItComes prepares an answer whose content may turn out to hold the origin's
// URL.
func (w *writer) asItComes(codings []string) *bodyWriter {
	delete(w.Header(), "Content-Encoding")
	delete(w.Header(), "Content-Length")
	return w.newBodyWriter(codings)
}

// renamed returns content decoded, with the proxy's URL in it, or nil when it is
// too large.
func (w *writer) renamed(body fixtures.Body, codings []string) ([]byte, error) {
	text, err := content{body: body, decoded: codings}.inMemory()
	if text == nil || err != nil {
		return nil, err
	}
	return w.replacer().All(text), nil
}

// renameRecorded prepares the content of a recording that holds the origin's URL,
// and returns it. Its header is the writer's.
func (w *writer) renameRecorded(rec *fixtures.Recording, body fixtures.Body) (content, error) {
	res, codings := &rec.Response, coding.Of(w.Header())
	streamed := codings == nil && res.Streamed()
	if !streamed && body.Size() <= maxHeld || wantsPart(w.request) && !res.Open {
		text, err := w.renamed(body, codings)
		if err != nil {
			return content{}, err
		}
		if text != nil {
			w.describe(text)
			return content{body: fixtures.Body{Bytes: text}, renamed: true}, nil
		}
		body = res.Body // to be read anew
	}
	if streamed {
		w.body = w.newBodyWriter(nil)
	} else {
		w.body = w.asItComes(codings)
	}
	return content{body: body}, nil
}

// isEvents reports whether content is a stream of events or lines, each of which
// counts when it comes.
func isEvents(header http.Header) bool {
	switch mediatype.Of(header) {
	case "text/event-stream", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-seq", "application/stream+json":
		return true
	}
	return false
}
