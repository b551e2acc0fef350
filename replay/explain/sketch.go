package explain

import (
	"slices"

	"example.com/cannery/fixtures"
)

// sketchSize is how many features of a request a sketch holds. Most requests
// have fewer, and comparing them is exact then.
const sketchSize = 24

// A sketch stands for what counts of a request beside method and path: it tells
// about how much two requests differ in that without having their content. It
// holds the least hashes of the request's features, sorted: a bottom-k sketch
// (Cohen and Kaplan, 2007).
type sketch struct {
	least []uint32
	all   int // how many features there are
}

// sketchOf returns a request's sketch under the rules. Each part of the request
// has two features, its name and its name with its value: one that is missing
// is farther away than one with another value.
func sketchOf(rules *fixtures.Rules, req *fixtures.Request) sketch {
	var room [4 * sketchSize]uint32
	hashes := room[:0]
	for _, p := range partsOf(rules, req) {
		name := hash(hash(hashBasis, p.kind), p.name)
		hashes = append(hashes, name, hash(name, "="+p.text()))
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	n := len(hashes)
	return sketch{slices.Clone(hashes[:min(n, sketchSize)]), n}
}

// hash continues a 32-bit FNV-1a.
func hash(h uint32, s string) uint32 {
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

const hashBasis = 2166136261

// distance returns how many features only one of two requests has, estimated
// when they have more than a sketch holds.
func (s sketch) distance(other sketch) int {
	a, b := s.least, other.least
	room := sketchSize
	if s.all == len(a) && other.all == len(b) {
		room = len(a) + len(b)
	}
	// Of the least of both together, how many are in both?
	seen, common := 0, 0
	for ; seen < room && (len(a) > 0 || len(b) > 0); seen++ {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			a = a[1:]
		case len(a) == 0 || b[0] < a[0]:
			b = b[1:]
		default:
			a, b = a[1:], b[1:]
			common++
		}
	}
	// With J = common/seen of the union in both, (1-J)/(1+J) of the sum of
	// both sizes is in one of them only.
	return (s.all + other.all) * (seen - common) / max(seen+common, 1)
}
