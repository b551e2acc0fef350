package explain

import (
	"cmp"
	"context"
	"slices"

	"example.com/cannery/fixtures"
)

// A distance orders recordings by how near a request is to them.
type distance struct {
	tier  tier
	edits int // within the tier
}

// A tier is the first thing that makes a recording differ from a request.
type tier int

const (
	elsewhere      tier = iota // nothing: it belongs to another session or origin
	sameLine                   // query, content or a header field
	otherOperation             // another GraphQL operation or JSON-RPC method, and all that as well
	otherMethod                // and, from here on, all that as well
	otherPath                  // one for each likeness of paths
	elsewhereToo   = otherPath + tier(farPath)
)

// A neighbour is a recording that is near to a request.
type neighbour struct {
	line        *Line
	rec         *fixtures.Recording // one of its takes
	distance    distance
	differences []difference
}

// maxNeighbours is how many recordings are read to find the nearest of those
// that look equally near.
const maxNeighbours = 8

// nearest returns the recording that a request is nearest to, nil when none is
// near. The store is asked for the content of a few.
func (x *explainer) nearest(ctx context.Context, all Contents) (*neighbour, error) {
	var best *neighbour
	for _, l := range all.shortlist(x.masked) {
		recs, err := Usable(x.From.Takes(ctx, l))
		if err != nil {
			return nil, err
		}
		for _, rec := range recs[:min(len(recs), maxNeighbours)] {
			n := &neighbour{line: l, rec: rec}
			n.compare(x.mask, all.Rules, x.masked, x.mask.mask(&rec.Request))
			if best == nil || n.order(best) < 0 {
				best = n
			}
		}
	}
	return best, nil
}

// compare finds the differences and, knowing them, the distance.
func (n *neighbour) compare(mask masker, rules *fixtures.Rules, asked, recorded *fixtures.Request) {
	n.differences = differencesOf(mask, rules, asked, recorded)
	if len(n.differences) == 0 {
		n.differences = variantDifferences(rules, asked, n.rec)
	}
	how, _ := alikePaths(asked.Path(), n.line.Target[:n.line.path], anyEdits)
	n.distance.tier = tierOf(asked, operationOf(asked), n.line, how, len(n.differences) == 0)
	n.distance.edits = originDistance(asked, n.line)
	for _, d := range n.differences {
		n.distance.edits += d.weight()
	}
}

func (n *neighbour) order(other *neighbour) int {
	return cmp.Or(
		cmp.Compare(n.distance.tier, other.distance.tier),
		cmp.Compare(len(n.differences), len(other.differences)),
		cmp.Compare(n.distance.edits, other.distance.edits),
		cmp.Compare(n.line.Target, other.line.Target),
		slices.Compare(n.line.Key[:], other.line.Key[:]),
	)
}

// tierOf returns the tier of a line whose path is so much alike; same says that
// nothing but session, origin, method and path may differ.
func tierOf(asked *fixtures.Request, operation uint32, l *Line, how likeness, same bool) tier {
	visible := l.Origin == asked.Origin && (l.Session == asked.Session || l.Session == "")
	method := sameMethod(asked.Method, l.Method)
	switch {
	case !visible && how == samePath && method && same:
		return elsewhere
	case !visible:
		return elsewhereToo
	case how != samePath:
		return otherPath + tier(how) - 1
	case !method:
		return otherMethod
	case operation != l.operation:
		return otherOperation
	}
	return sameLine
}

// originDistance has what is recorded of the same origin, in another session, come
// before what is recorded of another one.
func originDistance(asked *fixtures.Request, l *Line) int {
	if l.Origin == asked.Origin {
		return 0
	}
	return 1
}

// sameMethod reports whether a recording's method may answer a request: HEAD is
// answered by GET.
func sameMethod(asked, recorded string) bool {
	return asked == recorded || asked == "HEAD" && recorded == "GET"
}

// shortlist returns the lines that a request looks nearest to, from what the
// catalog knows: all of the same tier.
func (all Contents) shortlist(asked *fixtures.Request) []*Line {
	var list ranking
	sketch := sketchOf(all.Rules, asked)
	path, operation := asked.Path(), operationOf(asked)
	for i := range all.Lines {
		l := &all.Lines[i]
		how, edits := alikePaths(path, l.Target[:l.path], list.limit())
		if how == farPath {
			continue
		}
		apart := sketch.distance(l.sketch)
		d := distance{tier: tierOf(asked, operation, l, how, apart == 0), edits: edits<<20 + apart<<8 + originDistance(asked, l)}
		if !sameMethod(asked.Method, l.Method) {
			d.edits += otherSegment << 20
		}
		if list.admits(d) {
			d.edits += min(unlike(asked.Target, l.Target), 255)
			list.add(ranked{l, d})
		}
	}
	lines := make([]*Line, 0, len(list))
	for _, r := range list {
		if r.tier == list[0].tier {
			lines = append(lines, r.line)
		}
	}
	return lines
}

// A ranking holds the nearest lines so far, the nearest first, up to
// maxNeighbours.
type ranking []ranked

type ranked struct {
	line *Line
	distance
}

func (d distance) compare(other distance) int {
	return cmp.Or(cmp.Compare(d.tier, other.tier), cmp.Compare(d.edits, other.edits))
}

// limit returns how many edits a path may have to get into the ranking.
func (list ranking) limit() int {
	const similar = otherPath + tier(similarPath) - 1
	if len(list) < maxNeighbours {
		return anyEdits
	}
	switch worst := list[len(list)-1]; {
	case worst.tier < similar:
		return 0
	case worst.tier == similar:
		return worst.edits >> 20
	}
	return anyEdits
}

// admits reports whether a line at least so far away may get into the ranking.
func (list ranking) admits(d distance) bool {
	return len(list) < maxNeighbours || d.compare(list[len(list)-1].distance) < 0
}

func (list *ranking) add(r ranked) {
	if !list.admits(r.distance) {
		return
	}
	at, _ := slices.BinarySearchFunc(*list, r, func(a, b ranked) int {
		return cmp.Or(a.compare(b.distance), -1) // after its equals
	})
	*list = slices.Insert(*list, at, r)
	*list = (*list)[:min(len(*list), maxNeighbours)]
}

// unlike returns how many bytes stand between what two texts begin and end with.
func unlike(a, b string) int {
	from, end := commonEnds(a, b)
	return max(len(a), len(b)) - from - end
}
