package recorder

import (
	"io"
	"net/http"

	"example.com/cannery/fixtures"
)

// A clientWriter passes an answer on to the client. The exchange goes on when
// the client does not take it any more, if it is being recorded.
type clientWriter struct {
	http.ResponseWriter
	x     *exchange
	http1 bool
	last  bool // the connection ends with the answer
	gone  bool // the client takes no more
}

// WriteHeader also keeps the informational responses that pass. Those of one
// connection are no part of the answer: 100 is sent by net/http when the origin
// asks for the content, and is not to be sent twice.
func (w *clientWriter) WriteHeader(status int) {
	switch {
	case status == http.StatusContinue:
		return
	case status >= 200:
		w.closeEarly()
	case status != http.StatusSwitchingProtocols:
		w.x.interims = append(w.x.interims, fixtures.Interim{Status: status, Header: w.Header().Clone()})
	}
	w.ResponseWriter.WriteHeader(status)
}

// closeEarly has the connection closed after an answer that comes before the
// request's end: whatever of its content were left would be taken for the next
// request.
func (w *clientWriter) closeEarly() {
	if w.last || w.http1 && !w.x.request.whole() {
		w.Header()["Connection"] = []string{"close"}
	}
}

func (w *clientWriter) Write(p []byte) (int, error) {
	if w.gone {
		return len(p), nil
	}
	n, err := w.ResponseWriter.Write(p)
	if err != nil && w.x.clientLeft() {
		w.gone = true
		return len(p), nil
	}
	return n, err
}

func (w *clientWriter) FlushError() error {
	if w.gone {
		return nil
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (w *clientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// An answer is a response's content whose end is the end of the request's too.
type answer struct {
	io.ReadCloser
	request *sentBody
	client  *clientWriter
}

// Close lets the client of a connection that will be closed see the answer and
// send the rest of its request. Without the end of the request an HTTP/2 transport
// would wait here for a client that may have nothing more to send.
func (a *answer) Close() error {
	if a.client.http1 && !a.request.whole() {
		_ = a.client.FlushError()
		a.request.rest()
	}
	a.request.giveUp()
	a.request.body.Close()
	return a.ReadCloser.Close()
}
