package explain

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/mediatype"
	fixturepart "example.com/cannery/fixtures/part"
)

// A part is something of a request that counts for matching: a parameter, a
// header field that a rule names, a member of the content.
type part struct {
	kind  string // "query", "header", "form", ...
	name  string
	value any // nil: the name is all there is
}

// text returns the value as one string.
func (p part) text() string {
	switch v := p.value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return jsonText(p.value)
}

// partsOf takes apart what counts of a request beside method and path.
func partsOf(rules *fixtures.Rules, req *fixtures.Request) []part {
	var parts []part
	if _, query, found := strings.Cut(req.Target, "?"); found {
		parts = appendPairs(parts, "query", query, rules.Uncounted().Query)
	}
	for _, name := range rules.MatchHeader {
		if values := req.Header[name]; len(values) > 0 && !rules.Uncounted().Header(name) {
			parts = append(parts, part{"header", name, strings.Join(values, ", ")})
		}
	}
	switch body := contentOf(rules, req); body := body.(type) {
	case nil:
	case form:
		parts = appendPairs(parts, "form", string(body), none)
	case jsonValue:
		parts = appendLeaves(parts, "$", body.value)
	case map[string]any: // of multipart
		for name, v := range body {
			parts = append(parts, part{"part", name, v})
		}
	case large:
		parts = append(parts, part{"body", "", body.summary()})
	default:
		parts = append(parts, part{"body", "", jsonText(body)})
	}
	return parts
}

func appendPairs(parts []part, kind, query string, ignored func(name string) bool) []part {
	for name, values := range pairsOf(query, ignored) {
		for _, v := range values {
			parts = append(parts, part{kind, name, v})
		}
	}
	return parts
}

// noEquals is the value of a pair that has none. Not every origin takes it for
// an empty one.
const noEquals = "\x00no ="

// pairsOf reads a query or a form as matching does: in the order of each name's
// values; what cannot be decoded stands for itself.
func pairsOf(query string, ignored func(name string) bool) map[string][]string {
	pairs := map[string][]string{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, found := strings.Cut(pair, "=")
		name = fixturepart.Unescape(name)
		switch {
		case ignored(name):
		case found:
			pairs[name] = append(pairs[name], fixturepart.Unescape(value))
		default:
			pairs[name] = append(pairs[name], noEquals)
		}
	}
	return pairs
}

// none ignores no name.
func none(string) bool { return false }

// appendLeaves appends the values of a JSON document that are no documents
// themselves. Elements of an array have one name: their order is not what makes
// requests alike.
func appendLeaves(parts []part, at string, value any) []part {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			parts = appendLeaves(parts, at+"."+name, member)
		}
		if len(v) > 0 {
			return parts
		}
	case []any:
		for _, element := range v {
			parts = appendLeaves(parts, at+"[]", element)
		}
		if len(v) > 0 {
			return parts
		}
	}
	return append(parts, part{"json", at, jsonText(value)})
}

// What content can be, beside nil for none, large, map[string]any for the parts
// of multipart, and string for anything else.
type (
	form      string
	jsonValue struct{ value any }
)

// contentOf returns a request's content as matching reads it.
func contentOf(rules *fixtures.Rules, req *fixtures.Request) any {
	if req.Digest != nil {
		return strconv.FormatInt(req.BodySize, 10) + " bytes with the SHA-256 " + hexText(req.Digest)
	}
	if len(req.Body) == 0 {
		return nil
	}
	if Large(req) {
		return large{req}
	}
	if text, ok := rules.Proto.TextOf(req.Target, req.Header, false, req.Body); ok {
		// Messages are lines of JSON. One alone is a document.
		lines := rules.Uncounted().Without("application/x-ndjson", text.Lines)
		if value, ok := readJSON(lines); ok {
			return jsonValue{value}
		}
		return string(lines)
	}
	contentType := req.Header.Get("Content-Type")
	body := rules.Uncounted().Without(contentType, req.Body)
	mediaType, params, _ := mime.ParseMediaType(contentType)
	switch {
	case mediatype.IsJSON(mediaType):
		if value, ok := readJSON(body); ok {
			return jsonValue{value}
		}
	case looksJSON(body):
		// Compared byte by byte, yet shown as what it is.
		if value, ok := readJSON(body); ok {
			return jsonValue{value}
		}
	case mediaType == "application/x-www-form-urlencoded":
		return form(body)
	case strings.HasPrefix(mediaType, "multipart/"):
		if parts, ok := readMultipart(body, params["boundary"]); ok {
			return parts
		}
	}
	return string(body)
}

// looksJSON reports whether content begins like a JSON object or array.
func looksJSON(body []byte) bool {
	text := bytes.TrimLeft(body, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

// readJSON decodes one JSON value with its numbers as they are spelled.
func readJSON(data []byte) (value any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if dec.Decode(&value) != nil {
		return nil, false
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, false
	}
	return value, true
}

// readMultipart returns the content of each part by its name; of several with
// one name the number is added.
func readMultipart(body []byte, boundary string) (parts map[string]any, ok bool) {
	if boundary == "" {
		return nil, false
	}
	parts = map[string]any{}
	for r := multipart.NewReader(bytes.NewReader(body), boundary); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return parts, len(parts) > 0
		}
		if err != nil {
			return nil, false
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return nil, false
		}
		name := p.FormName()
		for n := 2; parts[name] != nil; n++ {
			name = p.FormName() + " (" + strconv.Itoa(n) + ")"
		}
		parts[name] = string(content)
		if file := p.FileName(); file != "" {
			parts[name+" filename"] = file
		}
	}
}
