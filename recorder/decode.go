package recorder

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"example.com/cannery/fixtures/coding"
)

// A decodeCheck decodes content that is written to it, to see whether it can
// be decoded to its end, and gives away what is in it. It holds no more than the
// decoder's window.
type decodeCheck struct {
	pipe   *io.PipeWriter
	result chan error
	err    error
	ended  bool
}

func newDecodeCheck(codings []string, to io.Writer) *decodeCheck {
	r, w := io.Pipe()
	d := &decodeCheck{pipe: w, result: make(chan error, 1)}
	go func() {
		err := decodeAll(r, codings, to)
		r.CloseWithError(errors.New("decoded"))
		d.result <- err
	}()
	return d
}

func decodeAll(r io.Reader, codings []string, to io.Writer) error {
	body, err := coding.Decode(r, codings)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(to, body)
	return err
}

// endCoding returns coded content that may be cut with all that can be decoded
// of it, coded to its end.
func endCoding(cut []byte, codings []string) ([]byte, error) {
	body, err := coding.Decode(bytes.NewReader(cut), codings)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	plain, err := io.ReadAll(io.LimitReader(body, maxEnded))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return coding.Encode(plain, codings)
}

// maxEnded bounds, in bytes, what endCoding decodes. What comes later is lost.
const maxEnded = 8 << 20

// Write never fails: content after the end of the coded stream is passed on
// and recorded as the origin sent it.
func (d *decodeCheck) Write(p []byte) { _, _ = d.pipe.Write(p) }

// end says whether all that was written could be decoded. It waits for the
// decoder and may be called again.
func (d *decodeCheck) end() error {
	if !d.ended {
		d.ended = true
		d.pipe.Close()
		d.err = damaged(<-d.result)
	}
	return d.err
}

func damaged(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("its content coding is damaged or cut short: %w", err)
}
