package replay

import (
	"net/url"
	"strings"
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
// half of the segments are other words.
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
		n, ok := wordEdits(x, y)
		if !ok {
			n = otherSegment + min(max(len(x), len(y)), otherSegment) - 1
			others++
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

// maxWord bounds the words, in bytes, that misspellings are looked for in.
const maxWord = 64

// wordEdits returns how many bytes were inserted, deleted, replaced or swapped
// with their neighbour (optimal string alignment); not ok when these are so many
// that it is another word.
func wordEdits(a, b string) (edits int, ok bool) {
	limit := (1 + min(len(a), len(b))) / 4
	if len(a) > maxWord || len(b) > maxWord || max(len(a), len(b))-min(len(a), len(b)) > limit {
		return 0, false
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	edits = swaps(a, b, limit)
	return edits, edits <= limit
}

// swaps is wordEdits without a look at the result, or more than the limit.
func swaps(a, b string, limit int) int {
	var rows [3][maxWord + 1]uint8
	for j := range len(b) + 1 {
		rows[0][j] = uint8(j)
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := &rows[(i+1)%3], &rows[(i+2)%3], &rows[i%3]
		row[0] = uint8(i)
		least := row[0]
		for j := 1; j <= len(b); j++ {
			n := last[j-1]
			if a[i-1] != b[j-1] {
				n++
			}
			n = min(n, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				n = min(n, before[j-2]+1)
			}
			row[j] = n
			least = min(least, n)
		}
		if int(least) > limit {
			return int(least)
		}
	}
	return int(rows[len(a)%3][len(b)])
}
