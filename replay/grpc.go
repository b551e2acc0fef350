package replay

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"example.com/cannery/fixtures/protobody"
)

// Clients of gRPC read no content that is not gRPC's: what cannery has to tell
// them is a status, in an answer of a header alone (Trailers-Only, in
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).

// isGRPC reports whether a request is a call of gRPC, which there is in HTTP/2 only.
func isGRPC(r *http.Request) bool {
	if r.ProtoMajor != 2 || r.Method != http.MethodPost {
		return false
	}
	rest, found := strings.CutPrefix(r.Header.Get("Content-Type"), "application/grpc")
	return found && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// describe has the messages of a call be known before it is looked up.
func (p *Proxy) describe(w *writer, r *http.Request) {
	if w.origin.Forwarder == nil || p.Cache == nil || r.Method != http.MethodPost {
		return
	}
	format, isJSON := protobody.FormatOf(r.Header.Get("Content-Type"))
	if format == protobody.None || isJSON {
		return
	}
	if view, err := p.Cache.Store.View(r.Context()); err == nil {
		w.origin.Forwarder.Describe(r, view.Rules.Proto)
	}
}

// writeStatus answers a call with a problem.
func writeStatus(w *writer, problem problemJSON) {
	text := problem.Title + ": " + problem.Detail
	if problem.Hint != "" {
		text += "\nhint: " + problem.Hint
	}
	if w.missed {
		text = w.explanation
	}
	header := w.Header()
	clear(header)
	header["Content-Type"] = []string{"application/grpc"}
	header["Grpc-Status"] = []string{strconv.Itoa(statusCode(problem.Status, w.missed))}
	header["Grpc-Message"] = []string{statusMessage(text)}
	w.begin(http.StatusOK)
	w.status = problem.Status // what the log says: 200 would look like an answer
}

// Codes of statuses.
const (
	invalidArgument    = 3
	failedPrecondition = 9
	internal           = 13
	unavailable        = 14
)

// statusCode returns the code of a status that says what an HTTP status does. A
// client tries again what is unavailable, and what is missing is not.
func statusCode(status int, missed bool) int {
	switch {
	case missed:
		return failedPrecondition
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return unavailable
	case status < 500:
		return invalidArgument
	}
	return internal
}

// maxStatusMessage bounds a message in bytes: some clients refuse more than 8 KiB
// of header.
const maxStatusMessage = 4 << 10

// statusMessage percent-encodes a message. One that is too long loses its end.
func statusMessage(text string) string {
	const cut = "..."
	var b strings.Builder
	for _, char := range text {
		piece := string(char)
		if char < ' ' || char > '~' || char == '%' {
			piece = percentEncoded(piece)
		}
		if b.Len()+len(piece)+len(cut) > maxStatusMessage {
			b.WriteString(cut)
			break
		}
		b.WriteString(piece)
	}
	return b.String()
}

func percentEncoded(text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02X", text[i])
	}
	return b.String()
}
