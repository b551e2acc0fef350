package explain

import (
	"bytes"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/differ"
	"example.com/cannery/fixtures/field"
	fixturepart "example.com/cannery/fixtures/part"
)

// A namer names the parts in which two requests differ, in the grammar of rules. What
// it cannot name it leaves out: whether the parts suffice has to be tried.
type namer struct {
	rules           *fixtures.Rules
	asked, recorded *fixtures.Request

	most int // bytes of content that are taken apart

	// patterns are wanted for what changes within a text, such as a date in a prompt;
	// else the member that holds the text is named.
	patterns bool

	list []string
}

// parts returns the parts, each once, in the order target, header, content.
func (n *namer) parts(rec *fixtures.Recording) []string {
	n.path()
	_, yours, _ := strings.Cut(n.asked.Target, "?")
	_, theirs, _ := strings.Cut(n.recorded.Target, "?")
	n.pairs("query:", yours, theirs)
	for _, name := range slices.Concat(n.rules.MatchHeader, field.Members(rec.Response.Header["Vary"])) {
		if name != "*" && name != "Accept-Encoding" && !fixtures.IsCredential(name) && fieldOf(n.asked, name) != fieldOf(n.recorded, name) {
			n.add("header:" + name)
		}
	}
	if max(len(n.asked.Body), len(n.recorded.Body)) <= n.most {
		n.content(n.asked.Header.Get("Content-Type"), n.asked.Body, n.recorded.Header.Get("Content-Type"), n.recorded.Body, "")
	}
	return n.list
}

func (n *namer) add(part string) {
	if !slices.Contains(n.list, part) {
		n.list = append(n.list, part)
	}
}

// pairs names what differs of a query or a form.
func (n *namer) pairs(kind, yours, theirs string) {
	x, y := pairsOf(yours, none), pairsOf(theirs, none)
	for _, name := range differ.Names(x, y) {
		if slices.Equal(x[name], y[name]) || name == "" {
			continue
		}
		n.add(kind + name)
	}
}

// content names what differs of contents. Held is the part that holds all of them, ""
// for none.
func (n *namer) content(typeA string, bodyA []byte, typeB string, bodyB []byte, held string) {
	if bytes.Equal(bodyA, bodyB) {
		return
	}
	kind, params, _ := mime.ParseMediaType(typeA)
	_, theirs, _ := mime.ParseMediaType(typeB)
	textA, textB := bytes.TrimLeft(bodyA, bom+" \t\r\n"), bytes.TrimLeft(bodyB, bom+" \t\r\n")
	switch {
	case strings.HasPrefix(kind, "multipart/") && params["boundary"] != "":
		n.multipart(bodyA, params["boundary"], bodyB, theirs["boundary"])
	case kind == "application/x-www-form-urlencoded" && !looksJSON(bodyA):
		n.pairs("form:", string(bodyA), string(bodyB))
	case len(textA) > 0 && textA[0] == '<' && n.xml(textA, textB):
	case n.documents(textA, textB):
	case held == "":
		n.within(plainText, string(bodyA), string(bodyB))
	case !n.within(fieldText, string(bodyA), string(bodyB)):
		n.add(held)
	}
}

const bom = "\ufeff"

// documents names what differs of JSON: of one document, of those in each line, or in
// each "data:" of server-sent events. It reports whether it is that.
func (n *namer) documents(textA, textB []byte) bool {
	x, y := documentsIn(textA), documentsIn(textB)
	if len(x) == 0 || len(x) != len(y) {
		return false
	}
	for i := range x {
		n.json("$", x[i], y[i])
	}
	return true
}

// documentsIn returns the JSON documents of content, nil for other content.
func documentsIn(text []byte) (docs []any) {
	if value, ok := readJSON(text); ok && looksJSON(text) {
		return []any{value}
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimPrefix(bytes.TrimPrefix(line, []byte("data:")), []byte("\x1e")) // of RFC 7464
		if !looksJSON(line) {
			continue
		}
		if value, ok := readJSON(line); ok {
			docs = append(docs, value)
		}
	}
	return docs
}

// json names what differs of two values.
func (n *namer) json(path string, x, y any) {
	switch x := x.(type) {
	case map[string]any:
		if y, ok := y.(map[string]any); ok {
			n.objects(path, x, y)
			return
		}
	case []any:
		if y, ok := y.([]any); ok {
			n.arrays(path, x, y)
			return
		}
	case string:
		if y, ok := y.(string); ok && (x == y || n.within(jsonString, x, y)) {
			return
		}
	}
	if x != y && path != "$" {
		n.add("json:" + path)
	}
}

func (n *namer) objects(path string, x, y map[string]any) {
	var mine, theirs []string // what only one has
	for _, name := range differ.Names(x, y) {
		v, inX := x[name]
		w, inY := y[name]
		switch {
		case !inY:
			mine = append(mine, name)
		case !inX:
			theirs = append(theirs, name)
		default:
			n.json(member(path, name), v, w)
		}
	}
	if path != "$" && len(mine) > 0 && len(mine) == len(theirs) && changesOf(mine[0], theirs[0]) != nil {
		n.add("json:" + path) // names that change are ids: others come with the next run
		return
	}
	for _, name := range slices.Concat(mine, theirs) {
		n.add("json:" + member(path, name))
	}
}

// arrays names what differs of arrays: where all of their elements differ, or many, that
// of any element.
func (n *namer) arrays(path string, x, y []any) {
	shared := min(len(x), len(y))
	var all []string // of the elements that differ
	each, differ := make([][]string, shared), 0
	for i := range shared {
		of := namer{patterns: n.patterns}
		of.json("@", x[i], y[i])
		each[i] = of.list
		all = append(all, of.list...)
		if of.list != nil {
			differ++
		}
	}
	switch {
	case len(x) != len(y) && differ > 0:
		n.add("json:" + path) // what was put in, or left out, has moved others
		return
	case differ > maxElementsNamed || differ > 1 && differ == shared && len(x) == len(y):
		n.elements(path+"[*]", all)
		return
	}
	for i, list := range each {
		n.elements(path+"["+strconv.Itoa(i)+"]", list)
	}
	for i := shared; i < max(len(x), len(y)); i++ {
		n.add("json:" + path + "[" + strconv.Itoa(i) + "]")
	}
}

// maxElementsNamed is how many elements of an array are named each for itself.
const maxElementsNamed = 3

// maxPart is the length of the longest part, in bytes, that a rule may have.
const maxPart = 1000

// elements adds what differs in an element, "@" in its paths.
func (n *namer) elements(path string, list []string) {
	for _, part := range list {
		if rest, ok := strings.CutPrefix(part, "json:@"); ok {
			part = "json:" + path + rest
		}
		if len(part) <= maxPart {
			n.add(part)
		}
	}
}

// plainMember are the names that a JSONPath may have after a dot.
var plainMember = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// member returns the JSONPath of an object's member.
func member(path, name string) string {
	if plainMember.MatchString(name) {
		return path + "." + name
	}
	return path + "['" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(name) + "']"
}

// multipart names what differs of multipart content: fields, or what is in them.
func (n *namer) multipart(bodyA []byte, boundaryA string, bodyB []byte, boundaryB string) {
	x, y := sectionsOf(bodyA, boundaryA), sectionsOf(bodyB, boundaryB)
	names := map[string][2][]section{}
	for _, s := range x {
		both := names[s.name]
		both[0] = append(both[0], s)
		names[s.name] = both
	}
	for _, s := range y {
		both := names[s.name]
		both[1] = append(both[1], s)
		names[s.name] = both
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		held, both := "", names[name]
		if name != "" {
			held = "form:" + name
		}
		if len(both[0]) != len(both[1]) {
			if held != "" {
				n.add(held)
			}
			continue
		}
		for i, s := range both[0] {
			other := both[1][i]
			switch {
			case s.frame != other.frame && held != "":
				n.add(held) // the name of a file, say
			default:
				n.content(s.contentType, s.content, other.contentType, other.content, held)
			}
		}
	}
}

// A section is a part of multipart content.
type section struct {
	name        string // of its field, "" for none
	contentType string
	frame       string // its header as it stands there
	content     []byte
}

// sectionsOf takes multipart content apart.
func sectionsOf(body []byte, boundary string) []section {
	list := []section{{}}
	m := fixturepart.NewMultipart(boundary)
	m.Began = func(_ int, header http.Header) {
		list = append(list, section{name: fixturepart.FormName(header), contentType: strings.Join(header["Content-Type"], ", ")})
	}
	m.Emit = func(kind fixturepart.Piece, number int, text []byte) {
		switch kind {
		case fixturepart.Frame:
			list[number].frame += string(text)
		case fixturepart.Content:
			list[number].content = append(list[number].content, text...)
		}
	}
	_, _ = m.Write(body)
	m.Close()
	return list[1:]
}

// path names what differs of two paths: segments that hold an id or a time.
func (n *namer) path() {
	x, y := strings.Split(n.asked.Path(), "/"), strings.Split(n.recorded.Path(), "/")
	if len(x) != len(y) {
		return
	}
	for from, to := 0, 0; from < len(x); from = to + 1 {
		var ids []string
		for to = from; to < len(x) && x[to] != y[to]; to++ {
			id, ok := idShape(x[to], y[to])
			if !ok {
				return
			}
			ids = append(ids, id)
		}
		if ids == nil {
			continue
		}
		begin := from - 1 // of what stands before and does not change
		for begin > 0 && x[begin-1] == y[begin-1] {
			begin--
		}
		before, after := regexp.QuoteMeta(strings.Join(x[begin:from], "/"))+"/", ""
		if begin == 0 {
			before = "^" + before
		} else {
			before = "/" + before
		}
		if to < len(x) && x[to] != "" {
			after = "/" + regexp.QuoteMeta(x[to])
		}
		n.add("regexp:" + before + "(" + strings.Join(ids, "/") + ")" + after)
	}
}
