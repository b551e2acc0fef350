package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/drift"
	"example.com/cannery/fixtures/field"
	"example.com/cannery/fixtures/secret"
	"example.com/cannery/recorder"
)

// An asker asks origins recorded questions. It may be used concurrently.
type asker struct {
	// transports, by the origin's URL, neither decompress nor follow redirects.
	transports map[string]http.RoundTripper

	header  http.Header   // sent with every request, in place of what is recorded
	timeout time.Duration // for a whole answer; zero: none
	values  bool
	rules   *fixtures.Rules // what is secret
}

const (
	// maxAsked is how many requests are under way at once.
	maxAsked = 8

	// maxAnswer bounds an answer's content in bytes.
	maxAnswer = 64 << 20
)

// askAll asks all questions, rate of them a second at most (0: no limit), and
// calls told for each in their order. That the origin cannot be reached at all,
// and an error of told, end it.
func (a *asker) askAll(ctx context.Context, all []*question, rate float64, told func(*question) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	jobs := make(chan int)
	asked := make([]chan struct{}, len(all))
	for i := range asked {
		asked[i] = make(chan struct{})
	}
	for range min(maxAsked, len(all)) {
		workers.Go(func() {
			for i := range jobs {
				a.ask(ctx, all[i])
				close(asked[i])
			}
		})
	}
	workers.Go(func() {
		defer close(jobs)
		sendAtRate(ctx, len(all), rate, jobs)
	})
	for i, q := range all {
		select {
		case <-asked[i]:
		case <-ctx.Done():
			return ctx.Err()
		}
		if unreachable(q.err) {
			return &failure{exitOrigin, fmt.Errorf("ask the origin %s: %w", q.at, q.err), unreachableHint(q.err)}
		}
		if err := told(q); err != nil {
			return err
		}
	}
	return nil
}

// sendAtRate sends 0 to n-1, so many a second, until the context ends.
func sendAtRate(ctx context.Context, n int, rate float64, to chan<- int) {
	var tick <-chan time.Time
	if rate > 0 {
		ticker := time.NewTicker(max(time.Duration(float64(time.Second)/rate), time.Microsecond))
		defer ticker.Stop()
		tick = ticker.C
	}
	for i := range n {
		if tick != nil && i > 0 {
			select {
			case <-tick:
			case <-ctx.Done():
				return
			}
		}
		select {
		case to <- i:
		case <-ctx.Done():
			return
		}
	}
}

// ask asks one question.
func (a *asker) ask(ctx context.Context, q *question) {
	if a.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.timeout)
		defer cancel()
	}
	res, err := a.fetch(ctx, q.at, q.request())
	if err != nil {
		q.err = err
		return
	}
	cleaner, err := cleanerWith(a.rules, a.header)
	if err == nil {
		err = q.judge(res, cleaner, drift.Options{Values: a.values, IsAt: fixtures.WebURL(q.at.String())})
	}
	q.err = err
}

// cleanerWith returns a cleaner that knows the credentials of a header: an origin
// may say what it was told.
func cleanerWith(rules *fixtures.Rules, header http.Header) (*secret.Cleaner, error) {
	cleaner, err := secret.NewCleaner(rules, nil)
	if err != nil {
		return nil, err
	}
	cleaner.Learn(&fixtures.Recording{Exchange: fixtures.Exchange{Request: fixtures.Request{Method: http.MethodGet, Target: "/", Header: header}}})
	return cleaner, nil
}

// fetch sends an origin a recorded request as it was, but for what the header replaces.
func (a *asker) fetch(ctx context.Context, at *url.URL, req *fixtures.Request) (*fixtures.Response, error) {
	r := (&http.Request{
		Method: req.Method, URL: recorder.TargetURL(at, req.Target), Host: at.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: req.Header.Clone(),
	}).WithContext(ctx)
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if len(req.Body) > 0 {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(req.Body)), int64(len(req.Body))
	}
	if _, ok := r.Header["User-Agent"]; !ok {
		r.Header["User-Agent"] = []string{""} // net/http would add its own
	}
	maps.Copy(r.Header, a.header)
	res, err := a.transports[at.String()].RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	content, chunks, err := readAnswer(res.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	out := responseOf(res, content)
	if res.ContentLength < 0 {
		out.Chunks = chunks
	}
	return out, nil
}

// readAnswer reads content, and notes the pieces in which it comes.
func readAnswer(body io.Reader) (content []byte, chunks []fixtures.Chunk, err error) {
	began, piece := time.Now(), make([]byte, 32<<10)
	for {
		n, err := body.Read(piece)
		content = append(content, piece[:n]...)
		if n > 0 {
			chunks = fixtures.Chunk{Size: int64(n), At: time.Since(began)}.AddTo(chunks)
		}
		switch {
		case len(content) > maxAnswer:
			return nil, nil, fmt.Errorf("it is longer than %s", sizeText(maxAnswer))
		case errors.Is(err, io.EOF):
			return content, chunks, nil
		case err != nil:
			return nil, nil, err
		}
	}
}

// connectionFields are no part of an answer (RFC 9110, section 7.6.1).
var connectionFields = []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "X-Cache"}

// responseOf returns an answer as it would be recorded.
func responseOf(res *http.Response, content []byte) *fixtures.Response {
	out := &fixtures.Response{Status: res.StatusCode, Header: res.Header.Clone(), Body: fixtures.Body{Bytes: content}}
	for _, name := range slices.Concat(connectionFields, field.Members(res.Header["Connection"])) {
		delete(out.Header, name)
	}
	if len(res.Trailer) > 0 {
		out.Trailer = maps.Clone(res.Trailer)
		out.Header["Trailer"] = []string{strings.Join(slices.Sorted(maps.Keys(res.Trailer)), ", ")}
	}
	return out
}

// unreachable reports whether an error is of the way to the origin, which all
// other requests would go too.
func unreachable(err error) bool {
	var dial *net.OpError
	return untrusted(err) || errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, new(*net.DNSError)) || errors.As(err, new(tls.RecordHeaderError))
}

func untrusted(err error) bool {
	return errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.HostnameError)) || errors.As(err, new(x509.CertificateInvalidError))
}

func unreachableHint(err error) string {
	if untrusted(err) {
		return "name the authority that signed its certificate with --origin-ca FILE"
	}
	return "is the origin running, and is --origin right?"
}
