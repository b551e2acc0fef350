package explain

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/fixtures/differ"
	"example.com/cannery/fixtures/exactjson"
)

// compareValues returns the differences of two decoded values: text, numbers as
// they are spelled, JSON objects and arrays. At is where they stand.
func compareValues(at string, yours, recorded any) (list []difference) {
	for d := range differ.Values(yours, recorded, func(a, b any) bool { return a == b }) {
		list = append(list, difference{at + d.Path, d.A, d.B, at == jsonContent})
	}
	return list
}

// compareParts compares the parts of multipart content.
func compareParts(yours, recorded map[string]any) (list []difference) {
	for _, name := range differ.Names(yours, recorded) {
		a, inA := yours[name]
		b, inB := recorded[name]
		list = append(list, compareValues("part "+name, present(inA, a), present(inB, b))...)
	}
	return list
}

// comparePairs compares the values of each name.
func comparePairs(kind string, yours, recorded map[string][]string) []difference {
	var list []difference
	for _, name := range differ.Names(yours, recorded) {
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
	r := &reporter{}
	cmp.Equal(linesA, linesB, cmp.Reporter(r))
	return r.found, true
}

// jsonContent is where JSON content stands.
const jsonContent = "body $"

// A reporter collects the lines that go-cmp finds to differ.
type reporter struct {
	path  cmp.Path
	found []difference
}

func (r *reporter) PushStep(step cmp.PathStep) { r.path = append(r.path, step) }

func (r *reporter) PopStep() { r.path = r.path[:len(r.path)-1] }

// Report is called for each line.
func (r *reporter) Report(result cmp.Result) {
	line, ok := r.path.Last().(cmp.SliceIndex)
	if result.Equal() || !ok {
		return
	}
	i, j := line.SplitKeys() // -1: that text does not have it
	yours, recorded := line.Values()
	r.found = append(r.found, difference{at: fmt.Sprintf("body line %d", max(i, j)+1), yours: valueOf(yours), recorded: valueOf(recorded)})
}

func valueOf(v reflect.Value) any {
	if !v.IsValid() {
		return absent{}
	}
	return v.Interface()
}

// jsonText returns a decoded JSON value as text, on one line.
func jsonText(value any) string {
	text, err := exactjson.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
