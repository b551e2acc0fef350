package recorder

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"example.com/cannery/fixtures/protobody"
)

// A deadlineTransport lets a call of gRPC whose time is over end as its client sees it
// end, with a status. Servers reset such a call, with or without a status before that, at
// the very moment at which the client leaves: which of these comes first is chance, and
// must not decide what is recorded.
type deadlineTransport struct{ next http.RoundTripper }

func (t deadlineTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	allowed, ok := timeoutOf(r.Header)
	if !ok {
		return t.next.RoundTrip(r)
	}
	d := &deadline{request: r, at: time.Now().Add(allowed)}
	res, err := t.next.RoundTrip(r)
	if err == nil {
		d.ReadCloser, d.res = res.Body, res
		res.Body = d
		return res, nil
	}
	if !d.over(err) {
		return nil, err
	}
	header := endOf(deadlineExceeded, deadlineMessage)
	header["Content-Type"] = []string{"application/grpc"}
	return &http.Response{
		StatusCode: http.StatusOK,
		ProtoMajor: 2,
		Header:     header,
		Body:       http.NoBody,
		Request:    r,
	}, nil
}

// A deadline is the content of an answer that a call's time bounds.
type deadline struct {
	io.ReadCloser
	request *http.Request
	res     *http.Response
	at      time.Time
	frames  frames
}

func (d *deadline) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	d.frames.pass(p[:n], func() {})
	if err == nil || err == io.EOF || !d.frames.whole() || !d.over(err) {
		return n, err
	}
	d.res.Trailer = endOf(deadlineExceeded, deadlineMessage)
	return n, io.EOF
}

// What calls end with here: that their time is over, as servers say it, or that the server
// is lost.
const (
	deadlineExceeded = "4"
	deadlineMessage  = "context deadline exceeded"
	unavailable      = "14"
)

// endOf returns the fields that a call ends with.
func endOf(status, message string) http.Header {
	return http.Header{"Grpc-Status": {status}, "Grpc-Message": {message}}
}

// over reports whether an error is that the server has reset a call whose time is over.
func (d *deadline) over(err error) bool {
	var reset streamError
	return errors.As(err, &reset) && d.request.Context().Err() == nil && !time.Now().Before(d.at)
}

// A streamError is what net/http makes of its error of a stream that has been reset,
// which has no name there, for whoever has a type with the same fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "stream error" }

// timeoutOf returns how long a call of gRPC may take, if its client says that.
func timeoutOf(header http.Header) (allowed time.Duration, ok bool) {
	format, _ := protobody.FormatOf(header.Get("Content-Type"))
	text := header.Get("Grpc-Timeout")
	if format != protobody.Framed || len(text) < 2 || len(text) > 9 {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{
		'H': time.Hour, 'M': time.Minute, 'S': time.Second,
		'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond,
	}[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	if !ok || err != nil {
		return 0, false
	}
	return min(time.Duration(n), time.Duration(1<<63-1)/unit) * unit, true
}
