package replay

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/coding"
	"example.com/cannery/fixtures/field"
	"example.com/cannery/fixtures/links"
)

// serve answers a request from a recording. Cache is the X-Cache to say. Content
// that the store has lost is an error before the header is out.
func (p *Proxy) serve(w *writer, r *http.Request, rec *fixtures.Recording, cache string) error {
	if rec.Response.Conversation && isGRPC(r) {
		return p.converseCall(w, r, rec)
	}
	rec = plainFor(r, rec)
	res := &rec.Response
	w.named, w.recording, w.decided = nil, rec, true
	if res.Conversation && w.lookup.conversation != nil {
		return p.converse(w, r, rec)
	}
	body := res.Body
	if body.Source != nil && r.Method != http.MethodHead {
		reader, err := body.Open()
		if err != nil {
			return err
		}
		defer reader.Close()
		body.Source = opened{reader, body.Size()}
	}
	for _, interim := range res.Interim {
		maps.Copy(w.Header(), interim.Header)
		w.WriteHeader(interim.Status)
		clear(w.Header())
	}
	header := w.Header()
	// The values are shared and read only: whoever changes one replaces the list.
	maps.Copy(header, res.Header)
	header["X-Cache"] = xCache(cache)

	content := content{body: body}
	if named := res.Links != links.None; body.Size() > 0 && (named || w.several()) && w.renames(res.Status, header) && (named || w.namesNeighbour(res.Body, coding.Of(header))) {
		var err error
		if content, err = w.renameRecorded(rec, body); err != nil {
			return err
		}
	} else {
		content.decoded = negotiate(r, rec, header)
	}
	if wantsPart(r) && res.Status == http.StatusOK && !res.Open {
		content.absent = rec.Request.Method == http.MethodHead
		return servePart(w, r, content)
	}
	w.WriteHeader(res.Status)
	if r.Method == http.MethodHead || content.body.Size() == 0 && !res.Open {
		return p.serveTrailer(w, res)
	}
	var err error
	switch {
	case content.body.Size() == 0: // an open stream that said nothing
	case content.decoded == nil && res.Streamed() && !content.renamed:
		err = p.serveStream(w, r, content.body, res.Chunks)
	case content.decoded == nil && content.body.Source == nil:
		_, err = w.Write(content.body.Bytes)
	default:
		err = content.writeTo(w)
	}
	if err != nil {
		// What is out cannot be taken back, and must not look whole.
		w.cause = err
		panic(http.ErrAbortHandler)
	}
	if res.Open {
		p.stayOpen(w, r)
	}
	return p.serveTrailer(w, res)
}

// stayOpen keeps silent, as a stream that was recorded as open may have, until
// the client leaves or cannery stops. Either way the answer has no end.
func (p *Proxy) stayOpen(w *writer, r *http.Request) {
	_ = w.FlushError() // a client that has left is what is waited for
	select {
	case <-r.Context().Done():
	case <-p.stopped.done():
	}
	panic(http.ErrAbortHandler)
}

// The values of X-Cache are shared: nothing changes a header's values in place.
var (
	xCacheHit  = []string{"HIT"}
	xCacheMiss = []string{"MISS"}
)

func xCache(value string) []string {
	if value == "HIT" {
		return xCacheHit
	}
	return xCacheMiss
}

// servePart answers a request for a range, or on a condition, from the full
// recording. net/http does both (RFC 9110, sections 13 and 14).
func servePart(w *writer, r *http.Request, c content) error {
	header := w.Header()
	reader, err := c.seekable(w)
	if err != nil {
		return err
	}
	if reader == nil {
		// Content of unknown length: the full answer is always a right one.
		w.WriteHeader(http.StatusOK)
		if r.Method == http.MethodHead {
			return nil
		}
		return c.writeTo(w)
	}
	defer reader.Close()
	modified, err := http.ParseTime(header.Get("Last-Modified"))
	if err != nil {
		modified = time.Time{}
	}
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // it is not for us to guess
	}
	delete(header, "Trailer")
	part := &partWriter{writer: w, length: header["Content-Length"]}
	delete(header, "Content-Length")
	w.part = true
	http.ServeContent(part, r, "", modified, reader)
	return nil
}

// A partWriter puts the recorded length back where ServeContent leaves it out,
// for content with a coding, takes the type out where ServeContent leaves it in,
// for a 412, and takes the digests of the whole out of what is a part.
type partWriter struct {
	*writer
	length []string
}

func (w *partWriter) WriteHeader(status int) {
	switch header := w.Header(); {
	case status == http.StatusPartialContent:
		maps.DeleteFunc(header, func(name string, _ []string) bool { return name != "Repr-Digest" && field.IsDigest(name) })
	case status == http.StatusPreconditionFailed:
		header["Content-Type"] = nil
		delete(header, "Content-Encoding")
	case status == http.StatusOK && header["Content-Encoding"] != nil && w.length != nil:
		header["Content-Length"] = w.length
	}
	w.writer.WriteHeader(status)
}

// serveStream replays content that came without a declared length, in the
// pieces in which it came.
func (p *Proxy) serveStream(w *writer, r *http.Request, content fixtures.Body, chunks []fixtures.Chunk) error {
	body, err := content.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	if chunks == nil {
		chunks = []fixtures.Chunk{{Size: content.Size()}}
	}
	began := time.Now()
	for _, chunk := range chunks {
		if err := p.keepPace(r, began, chunk.At); err != nil {
			return err
		}
		if _, err := io.CopyN(w, body, chunk.Size); err != nil {
			return err
		}
		if err := w.FlushError(); err != nil {
			return err
		}
	}
	return nil
}

// keepPace waits until a piece is due.
func (p *Proxy) keepPace(r *http.Request, began time.Time, at time.Duration) error {
	if p.Answers.ReplaySpeed == 0 {
		return nil
	}
	due := time.Duration(float64(at) / p.Answers.ReplaySpeed)
	timer := time.NewTimer(due - time.Since(began))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

// serveTrailer sends the trailers: those that were announced as such, others
// the way net/http wants late ones.
func (p *Proxy) serveTrailer(w *writer, res *fixtures.Response) error {
	if res.Trailer == nil {
		return nil
	}
	header := w.Header()
	announced := field.Members(res.Header["Trailer"])
	for name, values := range res.Trailer {
		if !slices.Contains(announced, name) {
			name = http.TrailerPrefix + name
		}
		header[name] = values
	}
	return w.FlushError()
}

// opened is large content that is open already, to be read once.
type opened struct {
	reader io.ReadSeekCloser
	size   int64
}

func (o opened) Size() int64 { return o.size }

func (o opened) Open() (io.ReadSeekCloser, error) { return o.reader, nil }

// content is what of a recording's body is served: as it was recorded, or with
// its content codings undone.
type content struct {
	body    fixtures.Body
	decoded []string // the codings to undo; nil for none
	renamed bool     // it is another one than was recorded: it names the proxy
	absent  bool     // HEAD was recorded: of the content only the length is known
}

// writeTo sends the content.
func (c content) writeTo(w *writer) error {
	body, err := c.body.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	if c.decoded == nil {
		_, err = io.Copy(w, body)
		return err
	}
	plain, err := coding.Decode(body, c.decoded)
	if err != nil {
		return err
	}
	defer plain.Close()
	_, err = io.Copy(w, plain)
	return err
}

// maxInMemory bounds content that is decoded, or renamed, in memory.
const maxInMemory = 8 << 20

// seekable returns the content as parts can be served from, or nil when its
// length cannot be known within bounds.
func (c content) seekable(w *writer) (io.ReadSeekCloser, error) {
	switch {
	case c.absent:
		size, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64)
		if err != nil {
			return nil, nil
		}
		return readSeekCloser{io.NewSectionReader(strings.NewReader(""), 0, size), io.NopCloser(nil)}, nil
	case w.body != nil:
		return nil, nil
	case c.decoded == nil:
		return c.body.Open()
	}
	plain, err := c.inMemory()
	if plain == nil || err != nil {
		return nil, err
	}
	return fixtures.Body{Bytes: plain}.Open()
}

type readSeekCloser struct {
	io.ReadSeeker
	io.Closer
}

// inMemory returns the content decoded, or nil when it is too large.
func (c content) inMemory() ([]byte, error) {
	body, err := c.body.Open()
	if err != nil {
		return nil, err
	}
	defer body.Close()
	plain, err := coding.Decode(body, c.decoded)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(plain, maxInMemory+1))
	if err != nil || n > maxInMemory {
		return nil, err
	}
	return buf.Bytes(), nil
}
