package explain

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/cannery/fixtures/secret"
)

const (
	// maxShown is how many differences an explanation shows. The others are
	// counted: who sees that many is at another request altogether.
	maxShown = 4

	// maxValue bounds the characters that are shown of a value.
	maxValue = 72

	// maxPlace bounds the name of its place.
	maxPlace = 100
)

// diffLines shows differences for people to read, nothing that is equal.
func diffLines(list []difference) []string {
	lines := []string{"  --- your request", "  +++ nearest recording"}
	for i := range min(len(list), maxShown) {
		lines = append(lines, list[i].lines()...)
	}
	if n := len(list) - maxShown; n > 0 {
		lines = append(lines, fmt.Sprintf("  and %s", count(n, "more difference")))
	}
	return lines
}

func (d *difference) lines() []string {
	a, b := d.show(d.yours), d.show(d.recorded)
	from, to, isText := 0, 0, false
	if d.isText() {
		a, b, from, to, isText = alignTexts(a, b)
	}
	lines := []string{"  " + d.place(), "  - " + a, "  + " + b}
	if isText {
		lines = append(lines, "    "+strings.Repeat(" ", from)+strings.Repeat("^", to-from))
	}
	return lines
}

// place names the place of a difference for people.
func (d *difference) place() string {
	kind, name, _ := strings.Cut(d.at, " ")
	switch kind {
	case "query":
		kind = "query parameter"
	case "form":
		kind = "form field"
	case "part":
		kind = "multipart field"
	}
	if name == "" {
		return d.at
	}
	return kind + " " + clip([]rune(printable(secret.CleanText(name))), 0, maxPlace)
}

// isText reports whether both sides are values of one kind, long enough for
// their difference to be overlooked.
func (d *difference) isText() bool {
	for _, side := range []any{d.yours, d.recorded} {
		switch side.(type) {
		case absent, nil, bool, map[string]any, []any:
			return false
		}
	}
	return true
}

// show returns a value on one line: JSON as JSON, text as it is unless it could
// be taken for something else.
func (d *difference) show(value any) string {
	switch v := value.(type) {
	case absent:
		return "(none)"
	case excerpt:
		return showText(string(v))
	case string:
		switch {
		case v == noEquals:
		case secret.IsName(d.name()):
			return hiddenValue
		case !d.json:
			v = secret.CleanText(v)
		}
		if !d.json {
			return showText(v)
		}
	}
	return printable(secret.CleanText(jsonText(value)))
}

// hiddenValue is shown instead of a value with the name of a secret. What looks
// like one is masked before requests are compared; for a word under such a name
// it is enough to say that there are two.
const hiddenValue = "***"

// name is the last name of a difference's place: "token" of "body $.user.token".
func (d *difference) name() string {
	_, name, found := strings.Cut(d.at, " ")
	if !found {
		return ""
	}
	name, _, _ = strings.Cut(name, " (")
	if d.json {
		name = name[strings.LastIndexByte(name, '.')+1:]
		name, _, _ = strings.Cut(name, "[")
	}
	return name
}

func showText(s string) string {
	switch {
	case s == noEquals:
		return "(no value and no =)"
	case !utf8.ValidString(s):
		return showBytes(s)
	case s == "" || s != strings.TrimSpace(s) || printable(s) != s || s[0] == '(' || s[0] == '"':
		return printable(jsonText(s))
	}
	return s
}

// showBytes returns bytes that are no text.
func showBytes(s string) string {
	head := s[:min(len(s), maxValue/2-8)]
	text := hex.EncodeToString([]byte(head))
	if len(head) < len(s) {
		text += "..."
	}
	return fmt.Sprintf("%s (%s)", text, count(len(s), "byte"))
}

// alignTexts clips two texts to where they differ, and returns which characters
// of the second do. It is not marked where all of it does.
func alignTexts(a, b string) (clippedA, clippedB string, from, to int, marked bool) {
	x, y := []rune(a), []rune(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	end := 0
	for end < len(x)-n && end < len(y)-n && x[len(x)-1-end] == y[len(y)-1-end] {
		end++
	}
	// What leads to the difference is shown as far as there is room for it.
	start := 0
	if room := maxValue / 2; n > room && max(len(x), len(y)) > maxValue {
		start = n - room
	}
	a, b = clip(x, start, maxValue), clip(y, start, maxValue)
	shift := 0
	if start > 0 {
		shift = len("...")
	}
	from = n - start + shift
	to = max(len(x), len(y)) - end - start + shift
	to = min(max(to, from+1), max(len([]rune(a)), len([]rune(b))))
	return a, b, from, to, n+end > 2 && from < to && to-from <= maxValue/2
}

// clip returns the characters from a place on, as many as there may be.
func clip(s []rune, start, most int) string {
	start = min(start, len(s))
	end := min(len(s), start+most)
	text := string(s[start:end])
	if start > 0 {
		text = "..." + text
	}
	if end < len(s) {
		text += "..."
	}
	return text
}

// printable replaces what would steer a terminal.
func printable(s string) string {
	if strings.IndexFunc(s, isOdd) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isOdd(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func isOdd(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }

// count returns a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func hexText(b []byte) string { return hex.EncodeToString(b) }

// places says in which things two requests differ: the very one when there is
// one, else of what kind they are.
func places(list []difference) string {
	if len(list) == 1 {
		name, _, _ := strings.Cut(list[0].place(), ": ")
		return "the " + name
	}
	var kinds []string
	for _, d := range list {
		kind := "the " + d.kind()
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if n := len(kinds); n > 1 {
		return strings.Join(kinds[:n-1], ", ") + " and " + kinds[n-1]
	}
	return strings.Join(kinds, "")
}

// kind is what holds a difference.
func (d *difference) kind() string {
	if strings.HasPrefix(d.at, contentType) {
		return contentType
	}
	kind, _, _ := strings.Cut(d.at, " ")
	switch kind = strings.TrimSuffix(kind, ":"); kind {
	case "part":
		return "multipart form"
	case "header":
		return "header fields"
	}
	return kind
}
