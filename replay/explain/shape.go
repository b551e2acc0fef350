package explain

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// shapes are what changes within a text from one run to the next, the most special
// first. The last is any word with a digit in it, or number.
var shapes = []string{
	`[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`, // a UUID
	`\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?`,
	`[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:GMT|UTC|[+-]\d{4})`,
	`[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}(?: [A-Z]{3,4})? \d{4}`,
	`[A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} \d{4} \d{2}:\d{2}:\d{2}(?: GMT[+-]\d{4})?`,
	`\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}`,
	`\d{4}-\d{2}-\d{2}`,
	`\d{8}T\d{6}Z?`,
	`\d{4}/\d{2}/\d{2}`,
	`\d{1,2}/\d{1,2}/\d{2,4}`,
	`\d{1,2}\.\d{1,2}\.\d{4}`,
	month + `\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}`,
	`\d{1,2}(?:st|nd|rd|th)? ` + month + `\.?,? \d{4}`,
	`(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day`,
	`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)`,
	month,
	`\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?`,
	`\d+\.\d+|[A-Za-z0-9_-]*\d[A-Za-z0-9_-]*|[0-9a-f]{8,}`,
}

const month = `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*`

// word is the shape that says least.
var word = len(shapes) - 1

var anyShape = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b(?:(` + strings.Join(shapes, ")|(") + `))\b`)
})

// A span is a place in a text that has one of the shapes.
type span struct{ from, to, shape int }

func spansOf(text string) (spans []span) {
	for _, at := range anyShape().FindAllStringSubmatchIndex(text, -1) {
		for shape := range shapes {
			if from := at[2*shape+2]; from >= 0 {
				spans = append(spans, span{from, at[2*shape+3], shape})
			}
		}
	}
	return spans
}

// A change is a place in which two texts differ that are equal elsewhere.
type change struct {
	from, to int // in the first text
	expr     string
	random   bool // it looks as if it were another one each time
	same     bool // it does not differ yet: a time, or an id, that will
}

const (
	// maxShaped bounds a text, in bytes, in all of which is looked for shapes, and what
	// is looked at of a longer one. around is how much that is on both sides of where two
	// texts differ.
	maxShaped = 8 << 10
	around    = 512
)

// changesOf returns the changes from one text to another, and the times and ids in it,
// nil when something without a shape differs. Those that stand close together are one.
// Of long texts it looks at where they differ.
func changesOf(x, y string) (changes []change) {
	if max(len(x), len(y)) <= maxShaped {
		return changesWithin(x, y)
	}
	from, end := commonEnds(x, y)
	from = max(from-around, 0)
	end = max(end-around, 0)
	for from > 0 && !isStart(x[from]) {
		from--
	}
	for end > 0 && !isStart(x[len(x)-end]) {
		end--
	}
	if x, y = x[from:len(x)-end], y[from:len(y)-end]; max(len(x), len(y)) > maxShaped {
		return nil
	}
	changes = changesWithin(x, y)
	for i := range changes {
		changes[i].from, changes[i].to = changes[i].from+from, changes[i].to+from
	}
	return changes
}

// commonEnds returns how much two texts begin with, and end with, that is the same.
func commonEnds(x, y string) (from, end int) {
	n := min(len(x), len(y))
	for from < n && x[from] == y[from] {
		from++
	}
	for end < n-from && x[len(x)-1-end] == y[len(y)-1-end] {
		end++
	}
	return from, end
}

func changesWithin(x, y string) (changes []change) {
	a, b := spansOf(x), spansOf(y)
	if len(a) != len(b) {
		return nil
	}
	endX, endY := 0, 0
	for i, s := range a {
		t := b[i]
		between := x[endX:s.from]
		if s.shape != t.shape || between != y[endY:t.from] {
			return nil
		}
		was, is := x[s.from:s.to], y[t.from:t.to]
		c := change{from: s.from, to: s.to, same: was == is}
		c.expr, c.random = shapeOf(s.shape, was, is)
		last := len(changes) - 1
		switch {
		case c.same && s.shape == word:
		case last >= 0 && changes[last].to == endX && c.joins(&changes[last], between):
			before := &changes[last]
			before.to, before.expr = s.to, before.expr+regexp.QuoteMeta(between)+c.expr
			before.random, before.same = c.random || before.random, c.same && before.same
		default:
			changes = append(changes, c)
		}
		endX, endY = s.to, t.to
	}
	if x[endX:] != y[endY:] {
		return nil
	}
	return changes
}

// closeBy is how many bytes may stand between two changes that are taken for one, as
// between a date and its time.
const closeBy = 6

// joins reports whether two changes are one, with what stands between them.
func (c *change) joins(before *change, between string) bool {
	if !isOf(isPlain, between) {
		return false
	}
	if c.same || before.same {
		return between == " at " || len(between) <= 2
	}
	return len(between) <= closeBy
}

// wordOfChange returns the one word in which texts differ, nil when they differ in more.
func wordOfChange(x, y string) []change {
	from, end := commonEnds(x, y)
	from = strings.LastIndexAny(x[:from], " \t\n") + 1
	if space := strings.IndexAny(x[len(x)-end:], " \t\n"); space >= 0 {
		end -= space
	} else {
		end = 0
	}
	was, is := x[from:len(x)-end], y[from:len(y)-end]
	if was == "" || is == "" || strings.ContainsAny(was+is, " \t\n") {
		return nil
	}
	return []change{{from: from, to: len(x) - end, expr: anyWord}}
}

const anyWord = `\S+`

// shapeOf returns an expression for two values of a shape.
func shapeOf(shape int, a, b string) (expr string, random bool) {
	if shape != word {
		return shapes[shape], true
	}
	same := len(a) == len(b)
	switch {
	case isOf(isDigit, a, b):
		if same && isEpoch(a) && isEpoch(b) {
			return fmt.Sprintf(`\d{%d}`, len(a)), true
		}
		return `\d+`, same && len(a) >= 16
	case isOf(isDecimal, a, b):
		return `\d+\.\d+`, false
	case same && len(a) >= 16 && isOf(isHex, a, b):
		return fmt.Sprintf("[0-9a-f]{%d}", len(a)), true
	}
	return `[A-Za-z0-9_-]+`, same && len(a) >= 16
}

// isEpoch reports whether digits are a time of our days, in seconds or parts of them.
func isEpoch(digits string) bool {
	return digits[0] == '1' && len(digits) >= 10 && (len(digits)-10)%3 == 0
}

func isOf(is func(rune) bool, texts ...string) bool {
	for _, text := range texts {
		if strings.IndexFunc(text, func(r rune) bool { return !is(r) }) >= 0 {
			return false
		}
	}
	return true
}

func isDigit(r rune) bool   { return '0' <= r && r <= '9' }
func isDecimal(r rune) bool { return isDigit(r) || r == '.' }
func isPlain(r rune) bool {
	return isDigit(r) || unicode.IsLetter(r) && r < 0x80 || strings.ContainsRune(" ,.:;_()+-", r)
}
func isHex(r rune) bool { return isDigit(r) || 'a' <= r && r <= 'f' }

// minID is the length of the shortest segment of a path, in bytes, that is taken for an
// id though it is no number: not v1.
const minID = 6

// idShape returns an expression for two segments of a path that hold an id or a time.
func idShape(x, y string) (expr string, ok bool) {
	changes := changesOf(x, y)
	if len(changes) != 1 {
		return `[^/?]+`, min(len(x), len(y)) >= minID && strings.IndexFunc(x, isDigit) >= 0 && strings.IndexFunc(y, isDigit) >= 0
	}
	c := changes[0]
	if !c.random && c.expr[0] != '\\' && min(len(x), len(y)) < minID {
		return "", false
	}
	return regexp.QuoteMeta(x[:c.from]) + c.expr + regexp.QuoteMeta(x[c.to:]), true
}

// isRandom reports whether texts differ in times and ids alone.
func isRandom(x, y string) bool {
	changes := changesOf(x, y)
	for _, c := range changes {
		if !c.random && !c.same {
			return false
		}
	}
	return len(changes) > 0
}
