package replay

import (
	"bytes"
	"io"
	"mime"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/placeholder"
)

// maxTaken bounds the content, in bytes and decoded, that is masked and taken
// apart for an explanation. Of more it is said where it begins to differ, and
// shown what stands there: the time for that does not grow with the content.
const maxTaken = 128 << 10

// large is content that is not taken apart. It is not masked: an excerpt of it
// is what may be shown.
type large struct{ req *fixtures.Request }

// isLarge reports whether a request's content is too much to be taken apart.
func isLarge(req *fixtures.Request) bool {
	if len(req.Body) > maxTaken {
		return true
	}
	codings := fixtures.Codings(req.Header)
	if len(codings) == 0 {
		return false
	}
	decoded, err := fixtures.DecodeBody(bytes.NewReader(req.Body), codings)
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
	i, j, _ := differAt(asked.Body, recorded.Body)
	at := "body at byte " + strconv.Itoa(i+1)
	return []difference{{at: at, yours: m.excerpt(asked, i), recorded: m.excerpt(recorded, j)}}
}

// An excerpt is what is shown of large content.
type excerpt string

// maxHidden bounds, in bytes, what a placeholder may stand for in large content.
const maxHidden = 64 << 10

// differAt returns where what was asked and what is recorded begin to differ: in
// more than placeholders, where something else stands, if they do. Same says that
// they do not.
func differAt(asked, recorded []byte) (i, j int, same bool) {
	firstI, firstJ := -1, -1
	for {
		n := commonPrefix(asked[i:], recorded[j:])
		i, j = i+n, j+n
		if firstI < 0 {
			firstI, firstJ = i, j
		}
		if i == len(asked) && j == len(recorded) {
			return firstI, firstJ, true
		}
		nextI, nextJ, ok := behindPlaceholder(asked, recorded, i, j)
		if !ok {
			return i, j, false
		}
		i, j = nextI, nextJ
	}
}

// behindPlaceholder returns where both go on behind a placeholder that stands at
// recorded[j], or has begun as what was asked does; not ok when there is none.
func behindPlaceholder(asked, recorded []byte, i, j int) (nextI, nextJ int, ok bool) {
	from := max(j-len(placeholder.Mark), 0)
	mark := bytes.Index(recorded[from:min(j+len(placeholder.Mark), len(recorded))], []byte(placeholder.Mark))
	if mark < 0 {
		return 0, 0, false
	}
	end := from + mark + len(placeholder.Pattern.Find(recorded[from+mark:]))
	if end <= j {
		return 0, 0, false
	}
	const enough = 16
	rest := recorded[end:]
	anchor := rest[:min(enough, len(rest))]
	if k := bytes.Index(rest[:min(enough+len(placeholder.Mark), len(rest))], []byte(placeholder.Mark)); k >= 0 {
		anchor = rest[:min(k, len(anchor))]
	}
	hidden := asked[i:min(i+maxHidden, len(asked))]
	if len(anchor) == len(rest) { // the last one
		return len(asked) - len(rest), end, bytes.HasSuffix(hidden, rest)
	}
	k := bytes.Index(hidden, anchor)
	return i + k, end, k >= 0 && len(anchor) > 0
}

// commonPrefix returns how many bytes two texts begin with that are equal.
func commonPrefix(a, b []byte) int {
	const step = 4 << 10
	n := 0
	for n+step <= min(len(a), len(b)) && bytes.Equal(a[n:n+step], b[n:n+step]) {
		n += step
	}
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// decodedContent returns large content without its codings. What cannot be
// decoded stands for itself.
func decodedContent(req *fixtures.Request) *fixtures.Request {
	codings := fixtures.Codings(req.Header)
	if len(codings) == 0 {
		return req
	}
	decoded, err := fixtures.DecodeBody(bytes.NewReader(req.Body), codings)
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
