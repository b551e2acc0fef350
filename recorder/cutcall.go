package recorder

import (
	"errors"
	"io"
	"net/http"

	"example.com/cannery/fixtures/protobody"
)

// A cutCall is the answer to a call of gRPC that is passed on. A client whose connection
// is lost knows by itself that the server is UNAVAILABLE, and may try again. Behind a
// proxy it keeps its connection, and takes the reset of its stream for a fault INTERNAL
// to the server: so it is told by a status. The recording has been given up by then.
type cutCall struct {
	io.ReadCloser
	request *http.Request // the client's
	res     *http.Response
	frames  frames
}

// sayCut has a call end with a status when its origin is lost. The client has to speak
// HTTP/2, in which trailers need not be announced.
func sayCut(r *http.Request, res *http.Response) {
	format, _ := protobody.FormatOf(res.Header.Get("Content-Type"))
	if isCall(r) && format == protobody.Framed && res.ContentLength < 0 {
		res.Body = &cutCall{ReadCloser: res.Body, request: r, res: res}
	}
}

// isCall reports whether a request is a call of gRPC.
func isCall(r *http.Request) bool {
	format, _ := protobody.FormatOf(r.Header.Get("Content-Type"))
	return format == protobody.Framed && r.ProtoMajor == 2 && r.ContentLength < 0
}

func (c *cutCall) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.frames.pass(p[:n], func() {})
	var reset streamError
	switch {
	case err == nil, err == io.EOF, c.request.Context().Err() != nil:
		return n, err
	case errors.As(err, &reset): // the origin lives, and has ended this call alone
		return n, err
	case !c.frames.whole(): // only a cut says that half a message is not all of it
		return n, err
	}
	c.res.Trailer = endOf(unavailable, "cannery: the origin has cut the call short")
	return n, io.EOF
}

// A callBody is what the client of a call says. A transport that has lost the origin waits
// for a Read that is under way: to close it ends the Read, for the client may say nothing
// more for a long time.
type callBody struct {
	io.ReadCloser
	sent *sentBody
}

func (b callBody) Close() error {
	b.sent.giveUp()
	b.sent.body.Close()
	return b.ReadCloser.Close()
}
