package replay

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/field"
)

// A writer is what every answer goes through, HIT and MISS alike: it is
// counted, and what names the origin is made to name the proxy, so that a
// MISS and its HIT differ in X-Cache alone. It belongs to one request.
type writer struct {
	http.ResponseWriter
	proxy   *Proxy
	request *http.Request
	prefix  string // of the request's path, when it named its session or origin there
	session string
	origin  *Origin

	sessionPath string // what of the prefix names the session
	absolute    bool   // the client knows the origins by their own URLs
	asItIs      bool   // and has what they say of them: nothing is renamed
	own         bool   // the answer is a page of cannery's own
	lookup      lookup
	content     *timedBody // the request's, nil when nobody may have left some of it

	status int
	cache  string // what the answer says in X-Cache
	size   int64
	cause  error // why cannery answered with an error

	bypassed string // why the request was not looked up; "" when it was

	// What the answer's own references name is the origin's URL, or what it
	// was for the request that was recorded. See at.
	named     *url.URL
	recording *fixtures.Recording // that is served, or that is being made; nil for none

	// What becomes of content that may hold the origin's URL.
	leave   bool        // it stays
	decided bool        // the header says it already
	body    *bodyWriter // takes the content when it is changed as it comes
	hold    *hold       // takes it when that is not known before its end

	missed      bool   // the answer says that nothing is recorded
	explanation string // and this is why
	note        string // what the log says of it
	unmatched   int    // its Unmatched.ID

	part bool // the length is net/http's to declare
}

// WriteHeader sends the header. Informational responses may come first.
func (w *writer) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	header := w.Header()
	if status < 200 && status != http.StatusSwitchingProtocols {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.status = status
	if field.EndsConnection(w.request) {
		header["Connection"] = []string{"close"}
	}
	w.adapt(header)
	w.proxy.count(w)
	if !w.decided && w.request.Method != http.MethodHead && w.renames(status, header) && w.plan(header) {
		return // the hold writes it
	}
	w.sendHeader()
}

// startOver makes an answer that has not begun one of which nothing is known.
func (w *writer) startOver() {
	clear(w.Header())
	w.named, w.recording, w.decided = w.origin.URL, nil, false
}

// sendHeader sends the header as it is.
func (w *writer) sendHeader() {
	header := w.Header()
	if w.request.ProtoMajor == 2 && !w.part && header["Content-Length"] == nil {
		// net/http is not to make one up. An empty answer then ends with its
		// header, as a gRPC error (Trailers-Only) has to.
		header["Content-Length"] = nil
	}
	w.ResponseWriter.WriteHeader(w.status)
}

// adapt makes an answer's header the client's. To walk through it once costs
// less than to look for each name.
func (w *writer) adapt(header http.Header) {
	dated, typed := false, false
	for name, values := range header {
		switch name {
		case "X-Cache":
			w.cache = strings.Join(values, "")
		case "Date":
			dated = true
		case "Content-Type":
			typed = true
		case "Set-Cookie":
			if !w.asItIs {
				header[name] = w.cookies(values)
			}
		case "Trailer":
			header[name] = sortedTrailer(values)
			if w.request.ProtoMajor == 1 && w.request.Method != http.MethodHead {
				delete(header, "Content-Length") // only chunked content has trailers there
			}
		default:
			if !w.asItIs && leads(name) {
				header[name] = w.readdressed(values, name)
			}
		}
	}
	// What the origin did not say, net/http must not make up.
	if !dated {
		header["Date"] = nil
	}
	if !typed {
		header["Content-Type"] = nil
	}
}

// sortedTrailer returns the field as it is recorded: ReverseProxy lists the
// names in the order of a map.
func sortedTrailer(values []string) []string {
	if len(values) != 1 || !strings.Contains(values[0], ",") {
		return values
	}
	names := strings.Split(values[0], ", ")
	slices.Sort(names)
	return []string{strings.Join(names, ", ")}
}

func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	switch {
	case w.hold != nil:
		return w.hold.Write(p)
	case w.body != nil:
		return w.body.Write(p)
	}
	return w.pass(p)
}

// pass writes content to the client.
func (w *writer) pass(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.size += int64(n)
	return n, err
}

// ReadFrom lets a file be sent by the kernel.
func (w *writer) ReadFrom(src io.Reader) (int64, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	from, ok := w.ResponseWriter.(io.ReaderFrom)
	if w.body != nil || w.hold != nil || !ok {
		return io.Copy(struct{ io.Writer }{w}, src)
	}
	n, err := from.ReadFrom(src)
	w.size += n
	return n, err
}

func (w *writer) FlushError() error {
	switch {
	case w.hold != nil:
		return w.hold.Flush()
	case w.body != nil:
		return w.body.Flush()
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// EnableFullDuplex lets an answer begin before the request's end.
func (w *writer) EnableFullDuplex() error {
	return http.NewResponseController(w.ResponseWriter).EnableFullDuplex()
}

// Hijack gives the connection of an upgrade away, whose header goes past WriteHeader.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.status = http.StatusSwitchingProtocols
	w.adapt(w.Header())
	w.proxy.count(w)
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// fail answers with a problem, unless an answer has begun.
func (w *writer) fail(err error) {
	w.cause = err
	if w.status != 0 || w.request.Context().Err() != nil {
		// A handler that returns in silence has answered 200, for net/http:
		// a client that has only closed its side would take it for the answer.
		panic(http.ErrAbortHandler)
	}
	writeProblem(w, err)
}

// drain lets a client that is still sending its request see the answer, which
// ends the connection.
func (w *writer) drain() {
	if w.content == nil || w.content.over() || w.request.ProtoMajor != 1 || w.request.Header["Expect"] != nil {
		return
	}
	if http.NewResponseController(w.ResponseWriter).Flush() == nil {
		w.content.drain()
	}
}

// end finishes the answer, which is not whole when its handler panicked.
func (w *writer) end(whole bool) {
	var err error
	switch {
	case w.hold != nil:
		err = w.hold.Close(whole)
	case w.body != nil:
		err = w.body.Close()
	}
	if err != nil {
		w.cause = errors.Join(w.cause, err)
	}
	if whole && !w.part && w.status >= 200 && w.request.ProtoMajor < 2 && w.Header()["Content-Length"] == nil {
		// An answer without a declared length stays one, even an empty one
		// that net/http has not had to send yet. For HTTP/2 see sendHeader.
		_ = http.NewResponseController(w.ResponseWriter).Flush()
	}
}

// page answers with something of cannery's own.
func (w *writer) page(status int, body []byte) {
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.begin(status)
	_, _ = w.Write(body) // a client that has left needs no answer
}

// document answers with a page of cannery's own, which nobody is to keep.
func (w *writer) document(status int, contentType string, body []byte) {
	w.Header()["Content-Type"] = []string{contentType}
	w.Header()["Cache-Control"] = []string{"no-store"}
	w.page(status, body)
}

// begin sends the header of an answer of cannery's own.
func (w *writer) begin(status int) {
	header := w.Header()
	header["Date"] = []string{time.Now().UTC().Format(http.TimeFormat)}
	header["X-Cache"] = []string{"BYPASS"}
	if w.missed {
		header["X-Cache"] = xCacheMiss
	}
	w.decided = true
	w.WriteHeader(status)
}
