package explain

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"

	"example.com/cannery/fixtures/differ"
)

// An element is one of XML. Names are local ones, as in rules.
type element struct {
	name       string
	attributes map[string]string
	text       string
	children   []*element
}

// maxElements bounds the elements of a document that is taken apart.
const maxElements = 20_000

// readXML returns the root of a document, nil when it is not well-formed.
func readXML(text []byte) *element {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = false
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	open := []*element{{}}
	for range maxElements {
		token, err := d.RawToken()
		if err == io.EOF && len(open) == 1 && len(open[0].children) == 1 {
			return open[0].children[0]
		}
		if err != nil {
			return nil
		}
		last := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local, attributes: map[string]string{}}
			for _, attribute := range t.Attr {
				e.attributes[attribute.Name.Local] = attribute.Value
			}
			last.children = append(last.children, e)
			open = append(open, e)
		case xml.EndElement:
			if len(open) == 1 {
				return nil
			}
			open = open[:len(open)-1]
		case xml.CharData:
			last.text += string(t)
		}
	}
	return nil
}

// xml names what differs of two documents, and reports whether both are such.
func (n *namer) xml(textA, textB []byte) bool {
	x, y := readXML(textA), readXML(textB)
	if x == nil || y == nil {
		return false
	}
	if x.name == y.name {
		n.elementsApart("/"+x.name, x, y)
	}
	return true
}

// elementsApart names what differs of two elements of one name, which is path.
func (n *namer) elementsApart(path string, x, y *element) {
	for _, name := range differ.Names(x.attributes, y.attributes) {
		v, inX := x.attributes[name]
		w, inY := y.attributes[name]
		if inX != inY || v != w {
			n.add("xml://" + x.name + "/@" + name)
		}
	}
	if v, w := strings.TrimSpace(x.text), strings.TrimSpace(y.text); v != w && !n.within(xmlText, v, w) {
		n.add("xml:" + path)
	}
	byName := func(e *element) map[string][]*element {
		m := map[string][]*element{}
		for _, child := range e.children {
			m[child.name] = append(m[child.name], child)
		}
		return m
	}
	inX, inY := byName(x), byName(y)
	for _, name := range differ.Names(inX, inY) {
		below := "//" + x.name + "/" + name
		if len(inX[name]) != len(inY[name]) {
			n.add("xml:" + below)
			continue
		}
		for i, child := range inX[name] {
			n.elementsApart(below, child, inY[name][i])
		}
	}
}
