package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/coding"
)

// maxShown is the most content, in bytes, that is printed for people.
const maxShown = 1 << 20

// printRecording prints a recording, without secrets, as people want to see it:
// of so many takes.
func printRecording(out *bytes.Buffer, rules *fixtures.Rules, rec member, takes int) error {
	rec.Recording = rules.Readable(rec.Recording)
	fmt.Fprintf(out, "%s  take %d of %d  recorded %s", takeID(rec.key, rec.Take, false), rec.Take, takes, timeText(rec.Recorded, "2006-01-02 15:04:05"))
	if rec.Request.Session != "" {
		fmt.Fprintf(out, "  session %s", printable(rec.Request.Session))
	}
	if rec.file != "" {
		fmt.Fprintf(out, "\n%s", printable(rec.file))
	}
	fmt.Fprintf(out, "\n\n%s %s\n", printable(rec.Request.Method), printable(rec.url()))
	printHeader(out, rec.Request.Header)
	for _, name := range slices.Sorted(maps.Keys(rec.Request.Credentials)) {
		fmt.Fprintf(out, "%s: %s\n", printable(name), printable(rec.Request.Credentials[name]))
	}
	switch {
	case rec.Request.Digest != nil:
		fmt.Fprintf(out, "\n(%s that are not kept)\n", sizeText(rec.Request.BodySize))
	default:
		if err := printContent(out, rec.Request.Header, fixtures.Body{Bytes: rec.Request.Body}, ""); err != nil {
			return fmt.Errorf("request: %w", err)
		}
	}
	for _, interim := range rec.Response.Interim {
		fmt.Fprintf(out, "\n%d %s\n", interim.Status, http.StatusText(interim.Status))
		printHeader(out, interim.Header)
	}
	fmt.Fprintf(out, "\n%d %s\n", rec.Response.Status, http.StatusText(rec.Response.Status))
	printHeader(out, rec.Response.Header)
	hint := "; --raw prints it"
	if rec.Response.Conversation {
		if err := printMessages(out, rules, rec.Recording); err != nil {
			return err
		}
	} else if err := printContent(out, rec.Response.Header, rec.Response.Body, hint); err != nil {
		return fmt.Errorf("response: %w", err)
	}
	if len(rec.Response.Trailer) > 0 {
		out.WriteByte('\n')
		printHeader(out, rec.Response.Trailer)
	}
	return nil
}

// printMessages prints those of a conversation, as many as people read.
func printMessages(out *bytes.Buffer, rules *fixtures.Rules, rec *fixtures.Recording) error {
	out.WriteByte('\n')
	for m, err := range rec.Messages() {
		if err == nil {
			err = rules.ReadMessage(rec, &m)
		}
		if err != nil {
			return err
		}
		if out.Len() > maxShown {
			out.WriteString("(and more: --json prints all)\n")
			return nil
		}
		out.WriteString(m.Line() + "\n")
	}
	if rec.Response.Open {
		out.WriteString("(it went on when recording ended)\n")
	}
	return nil
}

func printHeader(out *bytes.Buffer, header http.Header) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(out, "%s: %s\n", printable(name), printable(value))
		}
	}
}

// printContent prints text as it is and JSON indented. What is not text, or too
// long to be read, is only told of, with a hint how to see it.
func printContent(out *bytes.Buffer, header http.Header, body fixtures.Body, hint string) error {
	if body.Size() == 0 {
		return nil
	}
	r, err := decoded(header, body)
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxShown+1))
	if err != nil {
		return err
	}
	out.WriteByte('\n')
	if len(b) > maxShown || !isReadable(b) {
		kind := header.Get("Content-Type")
		if kind == "" {
			kind = "no type"
		}
		fmt.Fprintf(out, "(%s of %s%s)\n", sizeText(body.Size()), printable(kind), hint)
		return nil
	}
	var indented bytes.Buffer
	if (b[0] == '{' || b[0] == '[') && json.Indent(&indented, b, "", "  ") == nil {
		b = indented.Bytes()
	}
	out.WriteString(printableLines(string(b)))
	if b[len(b)-1] != '\n' {
		out.WriteByte('\n')
	}
	return nil
}

// isReadable reports whether people can read content as text.
func isReadable(b []byte) bool {
	return len(b) > 0 && utf8.Valid(b) && bytes.IndexByte(b, 0) < 0
}

// printableLines is printable for text of several lines.
func printableLines(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || unicode.IsPrint(r):
			return r
		case r == '\r':
			return -1
		}
		return '?'
	}, text)
}

// decoded opens content without its codings; with those that are not known, it
// is as it is.
func decoded(header http.Header, body fixtures.Body) (io.ReadCloser, error) {
	content, err := body.Open()
	if err != nil {
		return nil, err
	}
	codings := coding.Of(header)
	if codings == nil || body.Size() == 0 || !coding.Decodable(codings) {
		return content, nil
	}
	plain, err := coding.Decode(content, codings)
	if err != nil {
		return nil, errors.Join(err, content.Close())
	}
	return closers{plain, content}, nil
}

// closers is a reader on top of another that is closed with it.
type closers struct {
	io.ReadCloser
	below io.Closer
}

func (c closers) Close() error { return errors.Join(c.ReadCloser.Close(), c.below.Close()) }
