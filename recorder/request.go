package recorder

import (
	"crypto/sha256"
	"hash"
	"io"
	"sync"

	"example.com/cannery/fixtures"
)

// A sentBody is a request's content that is kept while it is sent to the
// origin. The transport may still be sending it when the answer has come, so a
// mutex guards what it has seen.
type sentBody struct {
	body   io.ReadCloser
	length int64 // declared, -1 when it is not

	mu     sync.Mutex
	kept   []byte
	digest hash.Hash // nil while everything is kept
	size   int64
	ended  bool
}

func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.size += int64(n)
	switch {
	case b.digest != nil:
		b.digest.Write(p[:n])
	case b.size <= fixtures.MaxRequestBody:
		b.kept = append(b.kept, p[:n]...)
	default:
		b.digest = sha256.New()
		b.digest.Write(b.kept)
		b.digest.Write(p[:n])
		b.kept = nil
	}
	if err == io.EOF || b.size == b.length {
		b.ended = true
	}
	return n, err
}

func (b *sentBody) Close() error { return b.body.Close() }

// complete puts the content into the request and reports whether it was sent to
// its end. A nil sentBody has nothing to add.
func (b *sentBody) complete(req *fixtures.Request) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.digest != nil {
		req.Digest, req.BodySize = b.digest.Sum(nil), b.size
	} else {
		req.Body = b.kept
	}
	return b.ended
}

// An answer is a response's content whose end is the end of the request's too.
// An origin may answer before it has read the request: the transport then waits,
// when the answer is closed, for a client that may have nothing more to send.
type answer struct {
	io.ReadCloser
	request io.Closer
}

func (a *answer) Close() error {
	a.request.Close()
	return a.ReadCloser.Close()
}
