package replay

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
)

// A replacer puts the client's URL of the proxy in the place of the origin's.
// It replaces whole URLs only: http://host is not found in http://host.example
// or in http://hostess.
type replacer struct {
	from [][]byte // the longest first
	to   [][]byte // for each of from
}

// originReplacer returns the replacer for an answer. It replaces nothing when
// no origin is known.
func (w *writer) originReplacer() replacer {
	var out replacer
	if w.origin() == nil {
		return out
	}
	base := w.basePath()
	to := clientBase(w.request, w.prefix)
	for _, name := range originNames(w.origin()) {
		out.add(name+base, to)
		// As JSON encoders that escape slashes write it.
		out.add(strings.ReplaceAll(name+base, "/", `\/`), strings.ReplaceAll(to, "/", `\/`))
	}
	return out
}

func (r *replacer) add(from, to string) {
	i, _ := slices.BinarySearchFunc(r.from, len(from), func(f []byte, n int) int { return n - len(f) })
	r.from = slices.Insert(r.from, i, []byte(from))
	r.to = slices.Insert(r.to, i, []byte(to))
}

// all replaces in a whole text.
func (r replacer) all(text []byte) []byte {
	out, rest := r.replace(nil, text, true)
	return append(out, rest...)
}

// replace appends text to out, replaced, and returns what of its end it cannot
// decide on before more text comes. At the end of all text nothing is left.
func (r replacer) replace(out, text []byte, end bool) (replaced, rest []byte) {
	for len(text) > 0 {
		at, which := r.find(text)
		if at < 0 {
			keep := 0
			if !end {
				keep = r.open(text)
			}
			return append(out, text[:len(text)-keep]...), text[len(text)-keep:]
		}
		after := at + len(r.from[which])
		if after == len(text) && !end {
			return append(out, text[:at]...), text[at:]
		}
		out = append(out, text[:at]...)
		if after < len(text) && continues(text[after]) {
			out = append(out, r.from[which]...)
		} else {
			out = append(out, r.to[which]...)
		}
		text = text[after:]
	}
	return out, nil
}

// find returns the first place of any of the URLs, and which one it is.
func (r replacer) find(text []byte) (at, which int) {
	at = -1
	for i, from := range r.from {
		if j := bytes.Index(text, from); j >= 0 && (at < 0 || j < at) {
			at, which = j, i
		}
	}
	return at, which
}

// open returns how many bytes at the end of a text may be the beginning of a URL.
func (r replacer) open(text []byte) int {
	longest := 0
	for _, from := range r.from {
		for n := min(len(from)-1, len(text)); n > longest; n-- {
			if bytes.HasSuffix(text, from[:n]) {
				longest = n
				break
			}
		}
	}
	return longest
}

// continues reports whether a byte makes what stands before it part of a
// longer host name, port or path segment.
func continues(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == ':' || c == '_' || c == '@'
}

// textual reports whether content is text that may name the origin.
func textual(header http.Header) bool {
	mediaType, _, _ := strings.Cut(strings.ToLower(header.Get("Content-Type")), ";")
	mediaType = strings.TrimSpace(mediaType)
	kind, subtype, _ := strings.Cut(mediaType, "/")
	if kind == "text" || strings.HasSuffix(subtype, "+json") || strings.HasSuffix(subtype, "+xml") {
		return true
	}
	return kind == "application" && slices.Contains([]string{"json", "xml", "javascript", "ecmascript", "x-javascript", "x-ndjson", "x-www-form-urlencoded", "yaml", "graphql"}, subtype)
}
