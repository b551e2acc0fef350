package explain

import (
	"bytes"
	"io"
	"mime"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/coding"
	"example.com/cannery/fixtures/placeholder"
)

// maxTaken bounds the content, in bytes and decoded, that is masked and taken
// apart for an explanation. Of more it is said where it begins to differ, and
// shown what stands there: the time for that does not grow with the content.
const maxTaken = 128 << 10

// large is content that is not taken apart. It is not masked: an excerpt of it
// is what may be shown.
type large struct{ req *fixtures.Request }

// Large reports whether a request's content is too much to be taken apart.
func Large(req *fixtures.Request) bool {
	if len(req.Body) > maxTaken {
		return true
	}
	codings := coding.Of(req.Header)
	if len(codings) == 0 {
		return false
	}
	decoded, err := coding.Decode(bytes.NewReader(req.Body), codings)
	if err != nil {
		return false // it is what it looks like
	}
	defer decoded.Close()
	n, _ := io.CopyN(io.Discard, decoded, maxTaken+1)
	return n > maxTaken
}

// summary tells apart what is large, as far as its size and its ends do.
func (l large) summary() string {
	const end = 1 << 10
	body := l.req.Body
	return strconv.Itoa(len(body)) + string(body[:min(end, len(body))]) + string(body[max(len(body)-end, 0):])
}

// compareLarge says where contents of which one is large begin to differ, apart
// from placeholders if there is such a place.
func compareLarge(m masker, asked, recorded *fixtures.Request) []difference {
	if bytes.Equal(asked.Body, recorded.Body) {
		return nil
	}
	asked = likeBounded(asked, recorded)
	i, j, _ := placeholder.Differ(asked.Body, recorded.Body)
	at := "body at byte " + strconv.Itoa(i+1)
	return []difference{{at: at, yours: m.excerpt(asked, i), recorded: m.excerpt(recorded, j)}}
}

// An excerpt is what is shown of large content.
type excerpt string

// decodedContent returns large content without its codings. What cannot be
// decoded stands for itself.
func decodedContent(req *fixtures.Request) *fixtures.Request {
	codings := coding.Of(req.Header)
	if len(codings) == 0 {
		return req
	}
	decoded, err := coding.Decode(bytes.NewReader(req.Body), codings)
	if err != nil {
		return req
	}
	defer decoded.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(io.LimitReader(decoded, 4*fixtures.MaxRequestBody)); err != nil {
		return req
	}
	plain := *req
	plain.Body = body.Bytes()
	return &plain
}

// likeBounded returns a request whose multipart content has the boundary of
// another's, which does not count for matching.
func likeBounded(req, other *fixtures.Request) *fixtures.Request {
	mine, theirs := boundaryOf(req), boundaryOf(other)
	if mine == theirs || mine == "" || theirs == "" {
		return req
	}
	same := *req
	same.Header = typeOf(other)
	same.Body = bytes.ReplaceAll(req.Body, []byte("--"+mine), []byte("--"+theirs))
	return &same
}

// boundaryOf returns the boundary of multipart content, "" for other content.
func boundaryOf(req *fixtures.Request) string {
	mediaType, params, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(mediaType, "multipart/") {
		return ""
	}
	return params["boundary"]
}

// SameButPlaceholders reports whether large content is that of a recording, apart
// from its placeholders. It is compared as it is spelled: to mask it takes a
// second, which a request that is not recorded must not wait for.
func SameButPlaceholders(asked, recorded *fixtures.Request) bool {
	asked, recorded = decodedContent(asked), decodedContent(recorded)
	_, _, same := placeholder.Differ(likeBounded(asked, recorded).Body, recorded.Body)
	return same
}
