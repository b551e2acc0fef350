package replay

import (
	"io"
	"net/http"

	"example.com/cannery/fixtures/coding"
	"example.com/cannery/fixtures/links"
)

// A bodyWriter puts the proxy's URL in the place of the origin's in textual
// content, decoded, while it is on its way to the client.
type bodyWriter struct {
	to       *writer
	replacer *links.Replacer
	rest     []byte // text that may be the beginning of a URL

	// Coded content goes through a decoder in a goroutine of its own, which
	// ends before Close returns. Both are nil for plain content.
	coded *io.PipeWriter
	done  chan error
}

// newBodyWriter returns a bodyWriter for content with codings.
func (w *writer) newBodyWriter(codings []string) *bodyWriter {
	b := &bodyWriter{to: w, replacer: w.replacer()}
	if len(codings) > 0 && w.request.Method != http.MethodHead {
		pr, pw := io.Pipe()
		b.coded, b.done = pw, make(chan error, 1)
		go func() {
			err := b.decode(pr, codings)
			pr.CloseWithError(err)
			b.done <- err
		}()
	}
	return b
}

func (b *bodyWriter) decode(coded io.Reader, codings []string) error {
	plain, err := coding.Decode(coded, codings)
	if err != nil {
		return err
	}
	defer plain.Close()
	buf := make([]byte, copyBufferSize)
	for {
		n, err := plain.Read(buf)
		if n > 0 {
			if err := b.rewrite(buf[:n], false); err != nil {
				return err
			}
			if err := b.flush(); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

const copyBufferSize = 32 << 10

func (b *bodyWriter) Write(p []byte) (int, error) {
	if b.coded != nil {
		return b.coded.Write(p)
	}
	return len(p), b.rewrite(p, false)
}

func (b *bodyWriter) rewrite(p []byte, end bool) error {
	text := append(b.rest, p...)
	out, rest := b.replacer.Replace(nil, text, end)
	b.rest = append([]byte(nil), rest...)
	if len(out) == 0 {
		return nil
	}
	_, err := b.to.pass(out)
	return err
}

// Flush sends on what can be sent. The decoder's goroutine flushes by itself.
func (b *bodyWriter) Flush() error {
	if b.coded != nil {
		return nil
	}
	return b.flush()
}

func (b *bodyWriter) flush() error {
	return http.NewResponseController(b.to.ResponseWriter).Flush()
}

// Close ends the content.
func (b *bodyWriter) Close() error {
	if b.coded != nil {
		b.coded.Close()
		if err := <-b.done; err != nil {
			return err
		}
	}
	return b.rewrite(nil, true)
}
