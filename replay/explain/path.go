package explain

import (
	"net/url"
	"strings"

	"example.com/cannery/fixtures/spelling"
)

// How the paths of two requests are alike, the nearest first.
type likeness int

const (
	samePath   likeness = iota
	otherSlash          // one has a slash at its end
	otherCodes          // percent-encoded in another way
	otherCase
	similarPath
	farPath
)

// anyEdits is a limit that no path exceeds.
const anyEdits = 1 << 20

// alikePaths says how alike two paths are; edits counts what makes similar ones
// differ. Those with more than limit are far.
func alikePaths(a, b string, limit int) (how likeness, edits int) {
	switch {
	case a == b:
		return samePath, 0
	case strings.TrimRight(a, "/") == strings.TrimRight(b, "/"):
		return otherSlash, 0
	case strings.IndexByte(a, '%') >= 0 || strings.IndexByte(b, '%') >= 0:
		if decodedPath(a) == decodedPath(b) {
			return otherCodes, 0
		}
	}
	if len(a) == len(b) && strings.EqualFold(a, b) {
		return otherCase, 0
	}
	if edits, ok := pathEdits(a, b, limit); ok {
		return similarPath, edits
	}
	return farPath, 0
}

// decodedPath undoes percent-encoding, twice for what was encoded twice.
func decodedPath(path string) string {
	for range 2 {
		decoded, err := url.PathUnescape(path)
		if err != nil {
			return path
		}
		path = decoded
	}
	return path
}

// otherSegment is what a segment counts that is another word, not a misspelled
// one, in the edits of a path.
const otherSegment = 16

// pathEdits compares paths segment by segment. They are similar when at most
// half of the segments are other words, ids apart.
func pathEdits(a, b string, limit int) (edits int, similar bool) {
	na, nb := strings.Count(a, "/"), strings.Count(b, "/")
	others := max(na, nb) - min(na, nb)
	if 2*others > max(na, nb) || others*otherSegment > limit {
		return 0, false
	}
	a, b = strings.TrimPrefix(a, "/"), strings.TrimPrefix(b, "/")
	if na != nb {
		// What was left out or put in stands in one place.
		if sharedSegments(a, b) < min(na, nb) {
			return 0, false
		}
		return others * otherSegment, true
	}
	for range na {
		var x, y string
		x, a, _ = strings.Cut(a, "/")
		y, b, _ = strings.Cut(b, "/")
		if x == y {
			continue
		}
		n, ok := spelling.Edits(x, y)
		if !ok {
			n = otherSegment + min(max(len(x), len(y)), otherSegment) - 1
			if strings.IndexFunc(x, isDigit) < 0 || strings.IndexFunc(y, isDigit) < 0 {
				others++ // else they may be ids
			}
		}
		if edits += n; edits > limit || 2*others > na {
			return 0, false
		}
	}
	return edits, true
}

// sharedSegments counts the segments that two paths begin and end with.
func sharedSegments(a, b string) int {
	n := 0
	for a != "" && b != "" {
		x, restA, _ := strings.Cut(a, "/")
		y, restB, _ := strings.Cut(b, "/")
		if x != y {
			break
		}
		a, b = restA, restB
		n++
	}
	for a != "" && b != "" {
		i, j := strings.LastIndexByte(a, '/'), strings.LastIndexByte(b, '/')
		if a[i+1:] != b[j+1:] {
			break
		}
		a, b = a[:max(i, 0)], b[:max(j, 0)]
		n++
	}
	return n
}
