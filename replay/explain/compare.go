package explain

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// compareValues returns the differences of two decoded values: text, numbers as
// they are spelled, JSON objects and arrays, as go-cmp finds them. At is where
// they stand.
func compareValues(at string, yours, recorded any) []difference {
	r := &reporter{at: at}
	cmp.Equal(&yours, &recorded, cmp.Reporter(r))
	slices.SortStableFunc(r.found, func(a, b difference) int { return strings.Compare(a.at, b.at) })
	return r.found
}

// comparePairs compares the values of each name.
func comparePairs(kind string, yours, recorded map[string][]string) []difference {
	names := maps.Clone(yours)
	if names == nil {
		names = map[string][]string{}
	}
	maps.Copy(names, recorded)
	var list []difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := yours[name], recorded[name]
		for i := range max(len(a), len(b)) {
			at := kind + " " + name
			if max(len(a), len(b)) > 1 {
				at += " (" + strconv.Itoa(i+1) + ")"
			}
			list = append(list, compareValues(at, pairAt(a, i), pairAt(b, i))...)
		}
	}
	return list
}

func pairAt(values []string, i int) any {
	if i >= len(values) {
		return absent{}
	}
	return values[i]
}

// maxLines bounds the lines of text that are compared line by line.
const maxLines = 2000

// compareLines compares texts of several lines; not ok when they are not.
func compareLines(yours, recorded any) (list []difference, ok bool) {
	a, isText := yours.(string)
	b, too := recorded.(string)
	if !isText || !too || !utf8.ValidString(a) || !utf8.ValidString(b) {
		return nil, false
	}
	linesA, linesB := strings.Split(a, "\n"), strings.Split(b, "\n")
	if len(linesA) == 1 && len(linesB) == 1 || max(len(linesA), len(linesB)) > maxLines {
		return nil, false
	}
	r := &reporter{at: "body", lines: true}
	cmp.Equal(linesA, linesB, cmp.Reporter(r))
	return r.found, true
}

// jsonContent is where JSON content stands.
const jsonContent = "body $"

// A reporter collects the differences that go-cmp finds.
type reporter struct {
	at    string
	lines bool // what is compared are the lines of a text
	path  cmp.Path
	found []difference
}

func (r *reporter) PushStep(step cmp.PathStep) { r.path = append(r.path, step) }

func (r *reporter) PopStep() { r.path = r.path[:len(r.path)-1] }

// Report is called for each value that is compared as a whole.
func (r *reporter) Report(result cmp.Result) {
	if result.Equal() {
		return
	}
	yours, recorded := r.path.Last().Values()
	r.found = append(r.found, difference{r.place(), valueOf(yours), valueOf(recorded), r.at == jsonContent})
}

func valueOf(v reflect.Value) any {
	if !v.IsValid() {
		return absent{}
	}
	return v.Interface()
}

// place names the place that go-cmp is at as a JSONPath below the reporter's.
func (r *reporter) place() string {
	var b strings.Builder
	b.WriteString(r.at)
	for _, step := range r.path {
		switch s := step.(type) {
		case cmp.MapIndex:
			if name := s.Key().String(); r.at == "part" {
				b.WriteString(" " + name)
			} else if isName(name) {
				b.WriteString("." + name)
			} else {
				b.WriteString("[" + strconv.Quote(name) + "]")
			}
		case cmp.SliceIndex:
			i, j := s.SplitKeys()
			if r.lines {
				fmt.Fprintf(&b, " line %d", max(i, j)+1)
			} else {
				fmt.Fprintf(&b, "[%d]", max(i, j))
			}
		}
	}
	return b.String()
}

func isName(s string) bool {
	for i, c := range s {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf && c != utf8.RuneError
		if !letter && (i == 0 || c < '0' || c > '9') && (i == 0 || c != '-') {
			return false
		}
	}
	return s != ""
}

// jsonText returns a decoded JSON value as text, on one line.
func jsonText(value any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
