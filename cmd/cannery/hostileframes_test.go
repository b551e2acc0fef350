package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// An outcome is what becomes of the request of a client's first stream.
type outcome int

const (
	either    outcome = iota // there is none, or it may be refused or not
	passes                   // it is answered 200
	turnedOff                // the origin never sees it
	stalls                   // it waits for more, or for room
)

// A hostileFrames is what a client of HTTP/2 sends that no client should, or few do.
type hostileFrames struct {
	name string
	want outcome
	send func(c *framesClient)
}

// A framesClient writes frames as they are given to it, and sees what comes back. An
// error of writing is no news: whoever is refused may not read on.
type framesClient struct {
	*http2.Framer
	conn       net.Conn
	host, name string
	elsewhere  string

	pack    *hpack.Encoder
	packed  bytes.Buffer
	reading sync.WaitGroup

	mu       sync.Mutex
	statuses map[uint32]string // guarded by mu: of final answers, by stream
	done     map[uint32]bool   // guarded by mu: streams that have ended
	alive    bool              // guarded by mu: the last PING was answered
	closed   bool              // guarded by mu: by the other side
	changed  chan struct{}     // one of these has
}

func newFramesClient(conn net.Conn) *framesClient {
	c := &framesClient{Framer: http2.NewFramer(conn, conn), conn: conn, statuses: map[uint32]string{}, done: map[uint32]bool{}, changed: make(chan struct{}, 1)}
	c.AllowIllegalWrites = true
	c.pack = hpack.NewEncoder(&c.packed)
	return c
}

// fence is the content of the last PING.
var fence = [8]byte{'h', 'o', 's', 't', 'i', 'l', 'e', '!'}

// read takes what comes, until the connection ends.
func (c *framesClient) read() {
	c.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		frame, err := c.ReadFrame()
		c.mu.Lock()
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			if status := frame.PseudoValue("status"); status >= "200" {
				c.statuses[frame.StreamID] = status
			}
			c.done[frame.StreamID] = c.done[frame.StreamID] || frame.StreamEnded()
		case *http2.DataFrame:
			c.done[frame.StreamID] = c.done[frame.StreamID] || frame.StreamEnded()
		case *http2.RSTStreamFrame:
			c.done[frame.StreamID] = true
		case *http2.GoAwayFrame:
			c.closed = c.closed || frame.ErrCode != http2.ErrCodeNo // the end comes a second later
		case *http2.PingFrame:
			c.alive = c.alive || frame.IsAck() && frame.Data == fence
		}
		c.closed = c.closed || err != nil
		c.mu.Unlock()
		select {
		case c.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// await waits until the first stream has ended, or, when it stalls, until everything
// that was sent has been read; a connection that is closed ends it, too.
func (c *framesClient) await(stalls bool) (status string, ok bool) {
	late := time.After(hang)
	for {
		c.mu.Lock()
		status, ok := c.statuses[1], c.closed || c.done[1] || stalls && c.alive
		c.mu.Unlock()
		if ok {
			return status, true
		}
		select {
		case <-c.changed:
		case <-late:
			return status, false
		}
	}
}

// block packs fields, of which names and values alternate.
func (c *framesClient) block(pairs ...string) []byte {
	c.packed.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = c.pack.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return slices.Clone(c.packed.Bytes())
}

// fields are those of a good request, with others after them. Of a pseudo-header that is
// among these, the value is taken, and "-" leaves it out.
func (c *framesClient) fields(pairs ...string) []string {
	all := []string{":method", "GET", ":scheme", "https", ":authority", c.host, ":path", "/" + c.name}
	for i := 0; i < len(pairs); i += 2 {
		value := strings.NewReplacer("{ELSE}", c.elsewhere, "{N}", c.name, "{HOST}", c.host).Replace(pairs[i+1])
		at := slices.Index(all[:8:8], pairs[i])
		switch {
		case at < 0 || at%2 == 1:
			all = append(all, pairs[i], value)
		default:
			all[at+1] = value
		}
	}
	for i := 0; i < len(all); {
		if all[i+1] == "-" {
			all = slices.Delete(all, i, i+2)
		} else {
			i += 2
		}
	}
	return all
}

// ask sends a header of a stream, whole.
func (c *framesClient) ask(stream uint32, end bool, pairs ...string) {
	_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: c.block(c.fields(pairs...)...), EndStream: end, EndHeaders: true})
}

// data sends content.
func (c *framesClient) data(end bool, text string) {
	_ = c.WriteData(1, end, []byte(strings.ReplaceAll(text, "{HIDDEN}", "GET /"+c.name+"/hidden HTTP/1.1\r\nHost: "+c.host+"\r\n\r\n")))
}

// asking is a case of one header, which is the whole request.
func asking(name string, want outcome, pairs ...string) hostileFrames {
	return hostileFrames{name, want, func(c *framesClient) { c.ask(1, true, pairs...) }}
}

// sending is a case of one request with content.
func sending(name string, want outcome, content string, pairs ...string) hostileFrames {
	return hostileFrames{name, want, func(c *framesClient) {
		c.ask(1, false, append([]string{":method", "POST"}, pairs...)...)
		c.data(true, content)
	}}
}

// framed is a case of frames alone, before a good request.
func framed(name string, want outcome, send func(c *framesClient)) hostileFrames {
	return hostileFrames{name, want, func(c *framesClient) {
		send(c)
		c.ask(1, true)
	}}
}

// hostileFrameCases are all of them.
func hostileFrameCases() []hostileFrames {
	return slices.Concat(hostilePseudo(), hostileNames(), hostileStreams(), hostileControl())
}

func hostilePseudo() []hostileFrames {
	return []hostileFrames{
		asking("no method", turnedOff, ":method", "-"),
		asking("no path", turnedOff, ":path", "-"),
		asking("no scheme", turnedOff, ":scheme", "-"),
		asking("no authority", either, ":authority", "-"),
		asking("a host and no authority", passes, ":authority", "-", "host", "{HOST}"),
		asking("another host than the authority", either, "host", "{ELSE}"),
		asking("two hosts", either, ":authority", "-", "host", "{HOST}", "host", "{ELSE}"),
		asking("another authority", either, ":authority", "{ELSE}"),
		asking("a user in the authority", turnedOff, ":authority", "{HOST}@{ELSE}"),
		asking("a path in the authority", either, ":authority", "{HOST}/x"),
		asking("a line in the authority", turnedOff, ":authority", "{HOST}\r\nX-Hop: 1"),
		{"two methods", turnedOff, func(c *framesClient) { c.raw(":method", "POST") }},
		{"two paths", turnedOff, func(c *framesClient) { c.raw(":path", "/"+c.name+"/hidden") }},
		{"two authorities", turnedOff, func(c *framesClient) { c.raw(":authority", c.elsewhere) }},
		{"two schemes", turnedOff, func(c *framesClient) { c.raw(":scheme", "http") }},
		{"a method after fields", turnedOff, func(c *framesClient) { c.raw("x-a", "b", ":method", "GET") }},
		asking("an unknown one", turnedOff, ":origin", "x"),
		asking("a status", turnedOff, ":status", "200"),
		asking("an empty path", turnedOff, ":path", ""),
		asking("a star", turnedOff, ":path", "*", "x-case", "{N}"),
		asking("OPTIONS and a star", passes, ":method", "OPTIONS", ":path", "*", "x-case", "{N}"),
		asking("no slash", turnedOff, ":path", "{N}"),
		asking("a URL for a path", turnedOff, ":path", "http://{ELSE}/{N}"),
		asking("a host for a path", passes, ":path", "//{ELSE}/{N}"),
		asking("a blank in the path", turnedOff, ":path", "/{N} x"),
		asking("a request in the path", turnedOff, ":path", "/{N} HTTP/1.1\r\nHost: x\r\n\r\nGET /{N}/hidden"),
		asking("a version in the path", turnedOff, ":path", "/{N} HTTP/1.1"),
		asking("a tab in the path", turnedOff, ":path", "/{N}\tx"),
		asking("NUL in the path", turnedOff, ":path", "/{N}\x00"),
		asking("a fragment", either, ":path", "/{N}#x"),
		asking("a request for a method", turnedOff, ":method", "GET /x HTTP/1.1\r\nHost: x\r\n\r\nGET"),
		asking("a blank in the method", turnedOff, ":method", "G ET"),
		asking("a tab in the method", turnedOff, ":method", "GE\tT"),
		asking("a bracket in the method", turnedOff, ":method", "GE(T"),
		asking("an accent in the method", turnedOff, ":method", "GÉT"),
		asking("an empty method", turnedOff, ":method", ""),
		asking("a method in lower case", either, ":method", "get"),
		asking("PRI", turnedOff, ":method", "PRI", ":path", "*"),
		asking("another scheme", either, ":scheme", "ftp"),
		asking("a URL for a scheme", either, ":scheme", "https://{ELSE}/?"),
		asking("a line in the scheme", turnedOff, ":scheme", "https\r\nX-Hop: 1"),
		asking("CONNECT", turnedOff, ":method", "CONNECT", ":scheme", "-", ":path", "-", ":authority", "{ELSE}"),
		asking("CONNECT with a path", turnedOff, ":method", "CONNECT", ":authority", "{ELSE}"),
		asking("a WebSocket's CONNECT", turnedOff, ":method", "CONNECT", ":protocol", "websocket"),
		asking("CONNECT for another protocol", turnedOff, ":method", "CONNECT", ":protocol", "connect-udp", ":authority", "{ELSE}"),
		asking("GET with a protocol", turnedOff, ":protocol", "websocket"),
	}
}

// raw sends the fields of a good request, and then more as they are.
func (c *framesClient) raw(pairs ...string) {
	_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.block(append(c.fields(), pairs...)...), EndStream: true, EndHeaders: true})
}

func hostileNames() []hostileFrames {
	return []hostileFrames{
		asking("connection", turnedOff, "connection", "close"),
		asking("connection names a field", turnedOff, "connection", "x-hop", "x-hop", "1"),
		asking("transfer-encoding", turnedOff, "transfer-encoding", "chunked"),
		asking("transfer-encoding: identity", turnedOff, "transfer-encoding", "identity"),
		asking("te: gzip", turnedOff, "te", "gzip"),
		asking("te: trailers", passes, "te", "trailers"),
		asking("keep-alive", turnedOff, "keep-alive", "5"),
		asking("proxy-connection", turnedOff, "proxy-connection", "keep-alive"),
		asking("upgrade", turnedOff, "upgrade", "h2c"),
		asking("upgrade to a WebSocket", turnedOff, "connection", "upgrade", "upgrade", "websocket"),
		asking("http2-settings", passes, "http2-settings", "AAMAAABk"),
		asking("proxy-authorization", passes, "proxy-authorization", "Basic YTpi"),
		asking("a name in capitals", turnedOff, "X-Hop", "1"),
		asking("a name with a colon", turnedOff, "x:hop", "1"),
		asking("a name with a line", turnedOff, "x-a: b\r\nx-hop", "1"),
		asking("a name with a blank", turnedOff, "transfer-encoding ", "chunked"),
		asking("no name", turnedOff, "", "1"),
		asking("a name beyond ASCII", turnedOff, "x-é", "1"),
		asking("CR LF in a value", turnedOff, "x-a", "b\r\nx-hop: 1"),
		asking("CR in a value", turnedOff, "x-a", "b\rx-hop: 1"),
		asking("LF in a value", turnedOff, "x-a", "b\nx-hop: 1"),
		asking("a request in a value", turnedOff, "x-a", "b\r\n\r\nGET /{N}/hidden HTTP/1.1\r\nHost: {HOST}\r\n\r\n"),
		asking("NUL in a value", turnedOff, "x-a", "\x00"),
		asking("blanks around a value", either, "x-a", " b "),
		asking("several cookies", passes, slices.Repeat([]string{"cookie", "a=b"}, 500)...),
		asking("a cookie with a line", turnedOff, "cookie", "a=b\r\nx-hop: 1"),
		asking("too many fields", turnedOff, slices.Repeat([]string{"x-a", strings.Repeat("b", 1000)}, 15)...).continued(1200),
		sending("two lengths", turnedOff, "abc", "content-length", "3", "content-length", "0"),
		sending("a negative length", turnedOff, "abc", "content-length", "-3"),
		sending("a list of lengths", turnedOff, "abc", "content-length", "3, 3"),
		sending("more than its length", turnedOff, "{HIDDEN}", "content-length", "0"),
		sending("a bit more than its length", turnedOff, "abc{HIDDEN}", "content-length", "3"),
		sending("less than its length", turnedOff, "abc", "content-length", "99"),
		sending("a request for content", passes, "0\r\n\r\n{HIDDEN}"),
		sending("content and a coding", turnedOff, "0\r\n\r\n{HIDDEN}", "transfer-encoding", "chunked"),
		sending("an expectation", passes, "abc", "expect", "100-continue"),
		sending("an unknown expectation", either, "abc", "expect", "cow"),
		sending("ranges", passes, "abc", "range", "bytes=0-1,3-,-2"),
	}
}

// continued sends the header of a case so often that it is too much.
func (f hostileFrames) continued(n int) hostileFrames {
	send := f.send
	return hostileFrames{f.name, f.want, func(c *framesClient) {
		fields := c.fields()
		for range n {
			fields = append(fields, "x-a", strings.Repeat("b", 1000))
		}
		block := c.block(fields...)
		if len(block) < 1<<14 {
			send(c)
			return
		}
		_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:1<<14], EndStream: true})
		for rest := block[1<<14:]; len(rest) > 0; {
			n := min(len(rest), 1<<14)
			if c.WriteContinuation(1, n == len(rest), rest[:n]) != nil {
				return
			}
			rest = rest[n:]
		}
	}}
}

func hostileStreams() []hostileFrames {
	trailing := func(name string, want outcome, pairs ...string) hostileFrames {
		return hostileFrames{name, want, func(c *framesClient) {
			c.ask(1, false, ":method", "POST", "trailer", "x-sum")
			c.data(false, "abc")
			_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.block(pairs...), EndStream: true, EndHeaders: true})
		}}
	}
	return []hostileFrames{
		trailing("trailers", passes, "x-sum", "1"),
		trailing("a pseudo-header for a trailer", turnedOff, ":path", "/hidden"),
		trailing("a length for a trailer", either, "content-length", "99"),
		trailing("a coding for a trailer", either, "transfer-encoding", "chunked"),
		trailing("a host for a trailer", either, "host", "x"),
		trailing("a trailer with a line", either, "x-sum", "1\r\nx-hop: 1"),
		{"trailers that do not end", either, func(c *framesClient) {
			c.ask(1, false, ":method", "POST")
			c.ask(1, false)
			c.data(true, "abc")
		}},
		{"content after the end", either, func(c *framesClient) {
			c.ask(1, true)
			c.data(true, "{HIDDEN}")
		}},
		framed("content first", turnedOff, func(c *framesClient) { c.data(true, "{HIDDEN}") }),
		framed("content of the connection", turnedOff, func(c *framesClient) { _ = c.WriteData(0, true, []byte("x")) }),
		{"content of nothing, often", passes, func(c *framesClient) {
			c.ask(1, false, ":method", "POST")
			for range 5000 {
				c.data(false, "")
			}
			c.data(true, "")
		}},
		{"content that is padded", passes, func(c *framesClient) {
			c.ask(1, false, ":method", "POST")
			_ = c.WriteDataPadded(1, true, []byte("abc"), make([]byte, 255))
		}},
		{"more padding than frame", turnedOff, func(c *framesClient) {
			c.ask(1, false, ":method", "POST")
			_ = c.WriteRawFrame(http2.FrameData, http2.FlagDataPadded|http2.FlagDataEndStream, 1, []byte("\xffabc"))
		}},
		{"more than the window", either, func(c *framesClient) {
			c.ask(1, false, ":method", "POST", ":path", "/{N}")
			for range 200 {
				if c.WriteData(1, false, make([]byte, 16<<10)) != nil {
					return
				}
			}
			c.data(true, "")
		}},
		{"content that never ends", stalls, func(c *framesClient) {
			c.ask(1, false, ":method", "POST")
			c.data(false, "abc")
		}},
		{"no window for the answer", stalls, func(c *framesClient) {
			_ = c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize})
			c.ask(1, true)
		}},
		{"a window of one byte", stalls, func(c *framesClient) {
			_ = c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1})
			c.ask(1, true)
		}},
		{"an even stream", turnedOff, func(c *framesClient) { c.ask(2, true) }},
		{"the connection for a stream", turnedOff, func(c *framesClient) { c.ask(0, true) }},
		{"a stream before the last", either, func(c *framesClient) {
			c.ask(3, true)
			c.ask(1, true, ":path", "/{N}/hidden")
		}},
		{"a stream again", either, func(c *framesClient) {
			c.ask(1, true)
			c.ask(1, true, ":path", "/{N}/hidden")
		}},
		{"streams that are reset at once", stalls, func(c *framesClient) {
			for i := uint32(1); i < 1000; i += 2 {
				c.ask(i, true, ":path", "/{N}/many")
				if c.WriteRSTStream(i, http2.ErrCodeCancel) != nil {
					return
				}
			}
		}},
		{"streams that make themselves be reset", stalls, func(c *framesClient) {
			for i := uint32(1); i < 1000; i += 2 {
				c.ask(i, false, ":method", "POST", ":path", "/{N}/many")
				if c.WriteWindowUpdate(i, 0) != nil {
					return
				}
			}
		}},
		{"more streams than may be", either, func(c *framesClient) {
			for i := uint32(1); i < 1000; i += 2 {
				c.ask(i, true, ":path", "/{N}/many")
			}
		}},
		{"a stream that depends on itself", either, func(c *framesClient) {
			_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.block(c.fields()...), EndStream: true, EndHeaders: true, Priority: http2.PriorityParam{StreamDep: 1, Weight: 1}})
		}},
	}
}

func hostileControl() []hostileFrames {
	repeated := func(name string, want outcome, n int, send func(c *framesClient, i uint32) error) hostileFrames {
		return framed(name, want, func(c *framesClient) {
			for i := range n {
				if send(c, uint32(i)) != nil {
					return
				}
			}
		})
	}
	return []hostileFrames{
		repeated("settings, often", either, 5000, func(c *framesClient, i uint32) error {
			return c.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: i})
		}),
		repeated("acknowledged settings, often", either, 1000, func(c *framesClient, _ uint32) error { return c.WriteSettingsAck() }),
		repeated("PING, often", either, 10_000, func(c *framesClient, i uint32) error { return c.WritePing(false, [8]byte{byte(i)}) }),
		repeated("answers to no PING", either, 1000, func(c *framesClient, i uint32) error { return c.WritePing(true, [8]byte{byte(i)}) }),
		repeated("priorities in a circle", either, 5000, func(c *framesClient, i uint32) error {
			return c.WritePriority(2*(i%100)+3, http2.PriorityParam{StreamDep: 2*((i+1)%100) + 3, Weight: uint8(i)})
		}),
		repeated("a priority of itself", either, 10, func(c *framesClient, _ uint32) error {
			return c.WritePriority(3, http2.PriorityParam{StreamDep: 3})
		}),
		repeated("frames of no type", either, 2000, func(c *framesClient, _ uint32) error { return c.WriteRawFrame(0xEE, 0xFF, 0, make([]byte, 100)) }),
		repeated("a window of nothing", turnedOff, 1, func(c *framesClient, _ uint32) error { return c.WriteWindowUpdate(0, 0) }),
		repeated("a window that overflows", turnedOff, 2, func(c *framesClient, _ uint32) error { return c.WriteWindowUpdate(0, 1<<31-1) }),
		repeated("windows of a byte", either, 5000, func(c *framesClient, _ uint32) error { return c.WriteWindowUpdate(0, 1) }),
		repeated("the window of an idle stream", turnedOff, 1, func(c *framesClient, _ uint32) error { return c.WriteWindowUpdate(7, 1) }),
		repeated("a reset of an idle stream", turnedOff, 1, func(c *framesClient, _ uint32) error { return c.WriteRSTStream(7, 0) }),
		repeated("too large a first window", turnedOff, 1, func(c *framesClient, _ uint32) error {
			return c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 31})
		}),
		repeated("too small a frame", turnedOff, 1, func(c *framesClient, _ uint32) error {
			return c.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1})
		}),
		repeated("settings that are acknowledged and not empty", turnedOff, 1, func(c *framesClient, _ uint32) error {
			return c.WriteRawFrame(http2.FrameSettings, http2.FlagSettingsAck, 0, make([]byte, 6))
		}),
		repeated("settings of five bytes", turnedOff, 1, func(c *framesClient, _ uint32) error {
			return c.WriteRawFrame(http2.FrameSettings, 0, 0, make([]byte, 5))
		}),
		repeated("a promise", turnedOff, 1, func(c *framesClient, _ uint32) error {
			return c.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, EndHeaders: true, BlockFragment: c.block(":method", "GET")})
		}),
		repeated("a farewell", either, 1, func(c *framesClient, _ uint32) error { return c.WriteGoAway(0, 0, []byte("bye")) }),
		repeated("too large a frame", turnedOff, 1, func(c *framesClient, _ uint32) error { return c.WriteRawFrame(0xEE, 0, 0, make([]byte, 2<<20)) }),
		repeated("a continuation of nothing", turnedOff, 1, func(c *framesClient, _ uint32) error { return c.WriteContinuation(1, true, nil) }),
		repeated("a header of nothing", turnedOff, 1, func(c *framesClient, _ uint32) error {
			return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, EndStream: true})
		}),
		repeated("a header of junk", turnedOff, 1, func(c *framesClient, _ uint32) error {
			return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, EndStream: true, BlockFragment: bytes.Repeat([]byte{0xFF}, 100)})
		}),
		repeated("a header that is not in the table", turnedOff, 1, func(c *framesClient, _ uint32) error {
			return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, EndStream: true, BlockFragment: []byte{0xFE}})
		}),
		repeated("too large a table", turnedOff, 1, func(c *framesClient, _ uint32) error {
			return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, EndStream: true, BlockFragment: []byte{0x3F, 0xFF, 0xFF, 0xFF, 0x07}})
		}),
		{"another frame in a header", turnedOff, func(c *framesClient) {
			_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.block(c.fields()...), EndStream: true})
			_ = c.WritePing(false, fence)
		}},
		{"a header of one, continued by another", turnedOff, func(c *framesClient) {
			_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.block(c.fields()...), EndStream: true})
			_ = c.WriteContinuation(3, true, nil)
		}},
		{"continuations without an end", turnedOff, func(c *framesClient) {
			_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.block(c.fields()...), EndStream: true})
			for range 2000 {
				if c.WriteContinuation(1, false, bytes.Repeat([]byte{0x00, 1, 'x', 1, 'y'}, 2000)) != nil {
					return
				}
			}
		}},
		{"empty continuations without an end", turnedOff, func(c *framesClient) {
			_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.block(c.fields()...), EndStream: true})
			for range 20_000 {
				if c.WriteContinuation(1, false, nil) != nil {
					return
				}
			}
			_ = c.conn.Close()
		}},
		{"a table's entry, very often", turnedOff, func(c *framesClient) {
			block := append(c.block(append(c.fields(), "x-bomb", strings.Repeat("y", 3500))...), bytes.Repeat([]byte{0x80 | 62}, 8000)...)
			_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndStream: true, EndHeaders: true})
		}},
		{"half of a frame", turnedOff, func(c *framesClient) {
			_, _ = c.conn.Write([]byte{0, 1, 0, 1, 5, 0, 0, 0, 1, 0x82})
			_ = c.conn.Close()
		}},
	}
}

// try sends a case through a door, and looks at what has come of it.
func (f *hostileFrames) try(t *testing.T, w *hostileWorld, door hostileDoor, name string) {
	t.Helper()
	conn, err := door.open(w)
	if err != nil {
		t.Fatalf("%s: %v", door.name, err)
	}
	c := newFramesClient(conn)
	c.host, c.name, c.elsewhere = door.host(w), name, w.elsewhere
	defer c.reading.Wait()
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(4 * hang)) // await is who gives up
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	_ = c.WriteSettings()
	c.reading.Go(c.read)
	f.send(c)
	_ = c.WritePing(false, fence)
	status, ok := c.await(f.want == stalls)
	if !ok {
		t.Errorf("%s hangs", door.name)
	}
	if f.want == passes && status != "200" || f.want == turnedOff && status == "200" {
		t.Errorf("%s: status %q", door.name, status)
	}
	most := 1
	if strings.Contains(f.name, "streams") {
		most = 500
	}
	w.wantQuiet(t, name, most, f.want == turnedOff)
	w.wantClean(t, w.doors(0)[0], fmt.Sprint(name, "-", len(door.name)))
}
