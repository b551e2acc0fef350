package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/coding"
)

// maxShown is the most content, in bytes, that is shown.
const maxShown = 1 << 20

type namedValue struct{ Name, Value string }

// A message is a request or an answer, without its secrets.
type message struct {
	Fields  []namedValue
	Content string // as text; "" for none, or when it is not shown
	Unshown string // what there is instead; "" for nothing
	Image   bool
	Source  string // of the image
}

func requestMessage(clean, as *fixtures.Request) message {
	m := message{Fields: append(fieldsOf(clean.Header), credentialsOf(clean)...)}
	switch size := int64(len(as.Body)); {
	case as.Digest != nil:
		m.Unshown = sizeText(as.BodySize) + " that are not kept"
	case size > maxShown:
		m.Unshown = unshown(as.Header, size)
	default:
		m.show(clean.Header, fixtures.Body{Bytes: clean.Body})
	}
	return m
}

func responseMessage(clean, as *fixtures.Response) message {
	m := message{Fields: slices.Concat(fieldsOf(clean.Header), fieldsOf(clean.Trailer))}
	switch size := as.Body.Size(); {
	case isImage(as.Header) && size > 0 && size <= maxImage:
		m.Image = true
	case size > maxShown:
		m.Unshown = unshown(as.Header, size)
	default:
		m.show(clean.Header, clean.Body)
	}
	return m
}

// conversationOf is the answer of a conversation, with what was said.
func conversationOf(rules *fixtures.Rules, clean, rec *fixtures.Recording) message {
	m := message{Fields: slices.Concat(fieldsOf(clean.Response.Header), fieldsOf(clean.Response.Trailer))}
	if size := rec.Response.Body.Size(); size > maxShown {
		m.Unshown = sizeText(size) + " of messages"
		return m
	}
	var lines strings.Builder
	for said, err := range clean.Messages() {
		if err == nil {
			err = rules.ReadMessage(clean, &said)
		}
		if err != nil {
			m.Unshown = err.Error()
			break
		}
		lines.WriteString(said.Line() + "\n")
	}
	m.Content = lines.String()
	return m
}

func (m *message) show(header http.Header, body fixtures.Body) {
	if body.Size() == 0 {
		return
	}
	text, ok := readable(header, body)
	if !ok {
		m.Unshown = unshown(header, body.Size())
		return
	}
	var indented bytes.Buffer
	if (text[0] == '{' || text[0] == '[') && json.Indent(&indented, []byte(text), "", "  ") == nil {
		text = indented.String()
	}
	m.Content = text
}

// unshown says what there is of content that is not shown.
func unshown(header http.Header, size int64) string {
	kind := header.Get("Content-Type")
	if kind == "" {
		kind = "no type"
	}
	return sizeText(size) + " of " + kind
}

// readable returns content as text, its codings undone. It is not ok when people
// cannot read it.
func readable(header http.Header, body fixtures.Body) (text string, ok bool) {
	content, err := plain(header, body, maxShown)
	if err != nil || !utf8.Valid(content) || bytes.IndexByte(content, 0) >= 0 {
		return "", false
	}
	return string(content), len(content) > 0
}

var errTooLarge = errors.New("there is more content than is shown")

// plain returns content without its codings, of so many bytes at most.
func plain(header http.Header, body fixtures.Body, most int64) (content []byte, err error) {
	coded, err := body.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, coded.Close()) }()
	r := io.ReadCloser(io.NopCloser(coded))
	if codings := coding.Of(header); codings != nil && body.Size() > 0 {
		if !coding.Decodable(codings) {
			return nil, errors.New("its coding is not known")
		}
		if r, err = coding.Decode(coded, codings); err != nil {
			return nil, err
		}
	}
	defer r.Close()
	content, err = io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(content)) > most {
		err = errTooLarge
	}
	return content, err
}

func fieldsOf(header http.Header) (fields []namedValue) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fields = append(fields, namedValue{name, value})
		}
	}
	return fields
}

func credentialsOf(req *fixtures.Request) (fields []namedValue) {
	for _, name := range slices.Sorted(maps.Keys(req.Credentials)) {
		placeholder, _ := fixtures.CutTag(req.Credentials[name])
		fields = append(fields, namedValue{name, placeholder})
	}
	return fields
}

// maxImage is the size, in bytes, up to which images are shown.
const maxImage = 16 << 20

// images are the types that are sent as they are: none of them can hold a script.
var images = []string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon"}

func isImage(header http.Header) bool { return slices.Contains(images, imageType(header)) }

func imageType(header http.Header) string {
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	return kind
}

// content sends the picture that a recording has.
func (p *Page) content(w http.ResponseWriter, r *http.Request) {
	_, _, rec, err := p.find(r)
	if err != nil || rec == nil || !isImage(rec.Response.Header) {
		p.refuse(w, http.StatusNotFound, "there is no such picture")
		return
	}
	content, err := plain(rec.Response.Header, rec.Response.Body, maxImage)
	if err != nil {
		p.refuse(w, http.StatusNotFound, "read the picture: "+err.Error())
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("Content-Type", imageType(rec.Response.Header))
	_, _ = w.Write(content)
}

func itoa(n int) string { return strconv.Itoa(n) }
