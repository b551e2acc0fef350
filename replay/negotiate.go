package replay

import (
	"maps"
	"net/http"
	"strconv"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/coding"
	"example.com/cannery/fixtures/field"
)

// negotiate chooses between a recording's content as it was recorded and
// decoded, and makes the header say so. It returns the codings to undo, nil for
// none. A client that sends the very
// Accept-Encoding that was recorded gets what was recorded; another one gets
// its coding only if it accepts it.
func negotiate(r *http.Request, rec *fixtures.Recording, header http.Header) (decoded []string) {
	if header["Content-Encoding"] == nil {
		return nil
	}
	codings := coding.Of(header)
	accept := r.Header["Accept-Encoding"]
	if len(codings) == 0 || sameField(accept, rec.Request.Header["Accept-Encoding"]) || !coding.Decodable(codings) {
		return nil
	}
	accepted := true
	for _, coding := range codings {
		accepted = accepted && accepts(accept, coding)
	}
	if accepted {
		return nil
	}
	delete(header, "Content-Encoding")
	startOver(header)
	return codings
}

// startOver adapts the fields that describe the bytes of a representation to
// another one of the same resource: its length and digests are unknown, and
// its entity tag is no longer a strong one (RFC 9110, section 8.8.3.3).
func startOver(header http.Header) {
	maps.DeleteFunc(header, func(name string, _ []string) bool { return name == "Content-Length" || field.IsDigest(name) })
	if tag := header.Get("Etag"); strings.HasPrefix(tag, `"`) {
		header["Etag"] = []string{"W/" + tag}
	}
}

func sameField(a, b []string) bool {
	return strings.Join(a, ",") == strings.Join(b, ",")
}

// accepts reports whether an Accept-Encoding takes a content coding (RFC 9110,
// section 12.5.3). The coding's own weight counts before that of "*". No field
// at all is read as none accepted: few clients without one can decode.
func accepts(field []string, coding string) bool {
	any := false
	for _, line := range field {
		for item := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(item, ";")
			name = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "x-")
			switch name {
			case coding:
				return weight(params) > 0
			case "*":
				any = weight(params) > 0
			}
		}
	}
	return any
}

// weight returns the q of an item, 1 when there is none.
func weight(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}
