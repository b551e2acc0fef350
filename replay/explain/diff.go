package explain

import (
	"mime"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/differ"
	"example.com/cannery/fixtures/field"
)

// A difference is one thing in which a request differs from a recording.
type difference struct {
	at       string // where: "query page", "body $.user.name"
	yours    any    // of the request; absent: it has none
	recorded any
	json     bool // the values are JSON: 1 is not "1"
}

// absent is what one side of a difference does not have.
type absent = differ.Absent

// differencesOf says all that keeps a recording from answering a request. Both
// are masked. It is empty when nothing does but session, origin or credentials.
func differencesOf(mask masker, rules *fixtures.Rules, asked, recorded *fixtures.Request) []difference {
	var list []difference
	if !sameMethod(asked.Method, recorded.Method) {
		list = append(list, difference{at: "method", yours: asked.Method, recorded: recorded.Method})
	}
	if asked.WebSocket() != recorded.WebSocket() {
		list = append(list, difference{at: "protocol", yours: protocolOf(asked), recorded: protocolOf(recorded)})
	}
	if asked.Path() != recorded.Path() {
		list = append(list, difference{at: pathPlace(asked.Path(), recorded.Path()), yours: asked.Path(), recorded: recorded.Path()})
	}
	list = append(list, queryDifferences(rules, asked, recorded)...)
	uncounted := rules.Uncounted()
	for _, name := range rules.MatchHeader {
		if uncounted.Header(name) {
			continue
		}
		list = append(list, compareValues("header "+name, fieldOf(asked, name), fieldOf(recorded, name))...)
	}
	return append(list, contentDifferences(mask, rules, asked, recorded)...)
}

func protocolOf(req *fixtures.Request) string {
	if req.WebSocket() {
		return "WebSocket"
	}
	return "HTTP"
}

// pathPlace says what of two paths differs, where it is easily overlooked.
func pathPlace(asked, recorded string) string {
	switch how, _ := alikePaths(asked, recorded, anyEdits); how {
	case otherSlash:
		return "path: the slash at its end"
	case otherCodes:
		return "path: its percent-encoding"
	case otherCase:
		return "path: upper and lower case"
	}
	return "path"
}

// variantDifferences says in which of the fields that its response's Vary names
// a recording differs. They count among the recordings of one key only.
func variantDifferences(rules *fixtures.Rules, asked *fixtures.Request, rec *fixtures.Recording) []difference {
	var list []difference
	for _, name := range field.Members(rec.Response.Header["Vary"]) {
		if name != "Accept-Encoding" && !rules.Uncounted().Header(name) && !fixtures.IsCredential(name) {
			list = append(list, compareValues("header "+name, fieldOf(asked, name), fieldOf(&rec.Request, name))...)
		}
	}
	return list
}

func queryDifferences(rules *fixtures.Rules, asked, recorded *fixtures.Request) []difference {
	_, a, inA := strings.Cut(asked.Target, "?")
	_, b, inB := strings.Cut(recorded.Target, "?")
	if inA != inB && a == b {
		// Nothing but the "?" itself.
		return []difference{{at: "query", yours: present(inA, "?"), recorded: present(inB, "?")}}
	}
	list := comparePairs("query", pairsIn(a, inA, rules.Uncounted().Query), pairsIn(b, inB, rules.Uncounted().Query))
	if len(list) == 0 && !sameKey(rules, targetOf(asked), targetOf(recorded)) {
		// Spelled in two ways, of which one cannot be decoded.
		return []difference{{at: "query", yours: present(inA, a), recorded: present(inB, b)}}
	}
	return list
}

// targetOf returns a request of which nothing but the query counts.
func targetOf(req *fixtures.Request) *fixtures.Request {
	_, query, found := strings.Cut(req.Target, "?")
	if found {
		query = "?" + query
	}
	return &fixtures.Request{Target: query}
}

func sameKey(rules *fixtures.Rules, a, b *fixtures.Request) bool { return rules.Key(a) == rules.Key(b) }

func present(is bool, value any) any {
	if !is {
		return absent{}
	}
	return value
}

func pairsIn(query string, found bool, ignored func(name string) bool) map[string][]string {
	if !found {
		return nil
	}
	return pairsOf(query, ignored)
}

func fieldOf(req *fixtures.Request, name string) any {
	values := req.Header[name]
	return present(len(values) > 0, strings.Join(values, ", "))
}

// contentDifferences compares content as matching does.
func contentDifferences(mask masker, rules *fixtures.Rules, asked, recorded *fixtures.Request) []difference {
	tooLarge := Large(asked) || Large(recorded)
	content := func(req *fixtures.Request) *fixtures.Request {
		return &fixtures.Request{Target: recorded.Target, Header: typeOf(req), Body: req.Body, Digest: req.Digest}
	}
	bodyRules := &fixtures.Rules{Ignore: rules.Ignore, Echo: rules.Echo, Proto: rules.Proto}
	if !tooLarge && sameKey(bodyRules, content(asked), content(recorded)) {
		return nil
	}
	a, b := mediaType(asked), mediaType(recorded)
	if a != b && len(asked.Body) > 0 && len(recorded.Body) > 0 {
		// The type says how content is compared.
		list := []difference{{at: contentType, yours: present(a != "", a), recorded: present(b != "", b)}}
		sameType := *asked
		sameType.Header = typeOf(recorded)
		return append(list, contentDifferences(mask, rules, &sameType, recorded)...)
	}
	if tooLarge {
		return compareLarge(mask, asked, recorded)
	}
	list := compareContents(contentOf(rules, asked), contentOf(rules, recorded))
	if len(list) == 0 {
		// Equal to a reader of it, and yet not the same: duplicate members,
		// say, or a part's header.
		list = compareValues("body", string(asked.Body), string(recorded.Body))
	}
	return list
}

// contentType is where the type of content differs.
const contentType = "content type"

func typeOf(req *fixtures.Request) map[string][]string {
	return map[string][]string{"Content-Type": req.Header["Content-Type"], "Grpc-Encoding": req.Header["Grpc-Encoding"]}
}

func mediaType(req *fixtures.Request) string {
	header := strings.Join(req.Header["Content-Type"], ", ")
	if parsed, _, err := mime.ParseMediaType(header); err == nil {
		return parsed
	}
	return header
}

func compareContents(a, b any) []difference {
	switch x := a.(type) {
	case jsonValue:
		if y, ok := b.(jsonValue); ok {
			return compareValues(jsonContent, x.value, y.value)
		}
	case form:
		if y, ok := b.(form); ok {
			return comparePairs("form", pairsOf(string(x), none), pairsOf(string(y), none))
		}
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			return compareParts(x, y)
		}
	}
	x, y := contentText(a), contentText(b)
	if lines, ok := compareLines(x, y); ok {
		return lines
	}
	return compareValues("body", x, y)
}

// contentText returns content of any kind as one value.
func contentText(content any) any {
	switch v := content.(type) {
	case nil:
		return absent{}
	case form:
		return string(v)
	case jsonValue:
		return v.value
	}
	return content
}

// weight is how much there is to change.
func (d *difference) weight() int {
	a, isText := d.yours.(string)
	b, too := d.recorded.(string)
	if isText && too {
		return min(unlike(a, b), 255)
	}
	return 255
}
