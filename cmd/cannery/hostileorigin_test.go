package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"example.com/cannery/fixtures/field"
)

// A strictOrigin reads HTTP/1.1 as no other program does: whatever two programs may
// read in two ways is a fault of who has sent it. It keeps the faults, and all
// requests that have come whole.
type strictOrigin struct {
	hosts []string // that it is called by

	mu       sync.Mutex
	requests map[string][]string // guarded by mu: the echoes, by the case that each is of
	faults   []string            // guarded by mu
}

// caseName is what each request of a case has in it.
var caseName = regexp.MustCompile(`case-\d+-\d+`)

// serve answers on a listener, whose address becomes one of its hosts, until the test
// ends.
func (o *strictOrigin) serve(t *testing.T, l net.Listener) {
	var serving sync.WaitGroup
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended); l.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				left := make(chan struct{})
				go func() {
					select {
					case <-ended:
					case <-left:
					}
					conn.Close()
				}()
				defer close(left)
				o.converse(conn)
			})
		}
	})
}

// converse answers the requests of a connection.
func (o *strictOrigin) converse(conn net.Conn) {
	log := &bytes.Buffer{} // every byte of the request under way
	in := bufio.NewReader(conn)
	for {
		log.Reset()
		answer, err := o.request(in, conn, log)
		if err != nil {
			// A client that leaves is none: what was cut is no request.
			var fault wireFault
			if errors.As(err, &fault) {
				o.mu.Lock()
				o.faults = append(o.faults, fmt.Sprintf("%v, in %.700q", err, log))
				o.mu.Unlock()
			}
			return
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

// A wireFault is what is wrong with bytes that have come.
type wireFault string

func (f wireFault) Error() string { return string(f) }

// request reads a request and returns what to answer.
func (o *strictOrigin) request(in *bufio.Reader, out io.Writer, log *bytes.Buffer) (string, error) {
	line, err := wireLine(in, log)
	if err != nil {
		return "", err
	}
	first := strings.Split(line, " ")
	if len(first) != 3 || !field.IsToken(first[0]) || first[2] != "HTTP/1.1" {
		return "", wireFault("bad request line")
	}
	method, target := first[0], first[1]
	if !strings.HasPrefix(target, "/") && (target != "*" || method != "OPTIONS") {
		return "", wireFault("bad target")
	}
	header, err := wireHeader(in, log)
	if err != nil {
		return "", err
	}
	if fault := o.faultOf(method, header); fault != "" {
		return "", fault
	}
	if header.Get("Expect") != "" {
		if _, err := io.WriteString(out, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return "", err
		}
	}
	content, err := wireContent(in, header, log)
	if err != nil {
		return "", err
	}
	echo := echoOf(method, target, content)
	o.mu.Lock()
	name := caseName.FindString(log.String())
	o.requests[name] = append(o.requests[name], echo)
	o.mu.Unlock()
	answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nEtag: \"e\"\r\nContent-Length: %d\r\n\r\n", len(echo))
	if method == http.MethodHead {
		return answer, nil
	}
	return answer + echo, nil
}

// echoOf is what a request is answered with: that it was this one.
func echoOf(method, target string, content []byte) string {
	return fmt.Sprintf("%s %s %d %08x", method, target, len(content), crc32.ChecksumIEEE(content))
}

// wireLine reads a line that ends with CR LF, and has none of its own.
func wireLine(in *bufio.Reader, log *bytes.Buffer) (string, error) {
	line, err := in.ReadString('\n')
	log.WriteString(line)
	if err != nil {
		return "", err
	}
	text, whole := strings.CutSuffix(line, "\r\n")
	if !whole {
		return "", wireFault("a line ends with LF alone")
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }); i >= 0 {
		return "", wireFault("a control character")
	}
	return text, nil
}

// wireHeader reads fields, of which each has a line.
func wireHeader(in *bufio.Reader, log *bytes.Buffer) (http.Header, error) {
	header := http.Header{}
	for {
		line, err := wireLine(in, log)
		if err != nil || line == "" {
			return header, err
		}
		name, value, found := strings.Cut(line, ":")
		if !found || !field.IsToken(name) {
			return nil, wireFault("bad field")
		}
		header.Add(name, strings.Trim(value, " \t"))
	}
}

// hopByHop are fields that are a client's word to its proxy (RFC 9110, section 7.6.1),
// or to no one any more.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Upgrade", "Http2-Settings"}

// faultOf says what is wrong with a request's fields.
func (o *strictOrigin) faultOf(method string, header http.Header) wireFault {
	hosts, lengths, codings := header["Host"], header["Content-Length"], header["Transfer-Encoding"]
	switch {
	case len(hosts) != 1 || !slices.Contains(o.hosts, hosts[0]):
		return wireFault(fmt.Sprintf("hosts %q", hosts))
	case len(lengths)+len(codings) > 1:
		return wireFault("several lengths")
	case len(codings) == 1 && codings[0] != "chunked":
		return wireFault("bad coding")
	case strings.EqualFold(header.Get("Upgrade"), "websocket") && header.Get("Connection") == "Upgrade" && method == http.MethodGet:
		header = header.Clone()
		header.Del("Upgrade")
		header.Del("Connection")
	}
	for name, values := range header {
		if slices.Contains(hopByHop, name) || strings.HasPrefix(name, "X-Hop") || name == "Te" && !slices.Equal(values, []string{"trailers"}) {
			return wireFault("hop-by-hop field " + name)
		}
	}
	return ""
}

// wireContent reads a request's content.
func wireContent(in *bufio.Reader, header http.Header, log *bytes.Buffer) ([]byte, error) {
	if header["Transfer-Encoding"] == nil {
		length, err := wireNumber(header.Get("Content-Length"), 10)
		if err != nil {
			return nil, err
		}
		return wireBytes(in, length, log)
	}
	var content []byte
	for {
		line, err := wireLine(in, log)
		if err != nil {
			return nil, err
		}
		size, err := wireNumber(line, 16)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			break
		}
		chunk, err := wireBytes(in, size, log)
		if err != nil {
			return nil, err
		}
		content = append(content, chunk...)
		if end, err := wireLine(in, log); err != nil {
			return nil, err
		} else if end != "" {
			return nil, wireFault("a chunk that is too long")
		}
	}
	trailer, err := wireHeader(in, log)
	for name := range trailer {
		if !slices.Contains(field.Members(header["Trailer"]), name) {
			return nil, wireFault("unannounced trailer " + name)
		}
		if slices.Contains([]string{"Content-Length", "Transfer-Encoding", "Host", "Trailer"}, name) || slices.Contains(hopByHop, name) || strings.HasPrefix(name, "X-Hop") {
			return nil, wireFault("forbidden trailer " + name)
		}
	}
	return content, err
}

// wireNumber reads digits, and nothing else; "" is 0.
func wireNumber(text string, base int) (int, error) {
	if text == "" && base == 10 {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, base, 31)
	if err != nil || strings.ContainsAny(text, "_+") {
		return 0, wireFault(fmt.Sprintf("bad number %.40q", text))
	}
	return int(n), nil
}

func wireBytes(in *bufio.Reader, n int, log *bytes.Buffer) ([]byte, error) {
	content := make([]byte, n)
	n, err := io.ReadFull(in, content)
	log.Write(content[:n])
	return content, err
}
