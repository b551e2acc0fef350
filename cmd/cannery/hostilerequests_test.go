package main

import (
	"fmt"
	"strings"
)

// refused is the status of what is no request.
const refused = 400

// An ending is what a client does when it has sent everything.
type ending int

const (
	waits ending = iota // for the answers
	cut                 // says that no more will come
	left                // closes the connection
)

// A hostileRequest is bytes that no client should send, or few do. In its text {T} is a
// target of the case's own, in the form that the door wants, {B} what stands before its
// path, {N} its name, {HOST} the host to name, {ELSE} another one, {HIDDEN} a request
// that must not become one, and {LEN} how many bytes that has.
type hostileRequest struct {
	name, text string
	want       int // status of the first answer; 0 is any, and none
	sends      int // how many requests it is in truth; 0 is one
	end        ending
}

const (
	host   = "Host: {HOST}\r\n"
	closes = "Connection: close\r\n\r\n"
	coded  = "Transfer-Encoding: chunked\r\n"
	last   = "0\r\n\r\n"
)

// hostileRequests are all of them.
func hostileRequests() (all []hostileRequest) {
	for _, more := range [][]hostileRequest{
		hostileLengths(), hostileCodings(), hostileChunks(), hostileBytes(), hostileFields(), hostileLines(), hostileTargets(),
		hostileHosts(), hostileHops(), hostileExpectations(), hostilePipelines(), hostileLeavers(), hostileContent(),
	} {
		all = append(all, more...)
	}
	return all
}

func post(name, fields, content string, want int) hostileRequest {
	return hostileRequest{name: name, text: "POST {T} HTTP/1.1\r\n" + host + fields + "\r\n" + content, want: want}
}

func get(name, fields string, want int) hostileRequest {
	return hostileRequest{name: name, text: "GET {T} HTTP/1.1\r\n" + host + fields + closes, want: want}
}

func hostileLengths() (all []hostileRequest) {
	for value, want := range map[string]int{
		"{LEN}": 200, "0{LEN}": 200, "00000000000000000000{LEN}": 0, "+{LEN}": refused, "-{LEN}": refused, "-0": refused, "0x24": refused, "0X24": refused, "{LEN}, {LEN}": refused,
		"{LEN},": refused, ",{LEN}": refused, "0, {LEN}": refused, "{LEN} {LEN}": refused, "{LEN}.0": refused, "1e1": refused, "{LEN};": refused, `"{LEN}"`: refused,
		"{LEN}\x00": refused, "{LEN}\x0b": refused, "{LEN}\xa0": refused, "\u0663": refused, "{LEN}L": refused, "9223372036854775808": refused, "18446744073709551616": refused,
		"99999999999999999999999999": refused, "1_0": refused, "0b11": refused, "0o7": refused, "NaN": refused, "": refused, "\t{LEN}\t": 200, "{LEN}\r\n 0": 0, "\r\n {LEN}": 0, "{LEN}\r": refused,
	} {
		all = append(all, post(fmt.Sprintf("length %q", value), "Content-Length: "+value+"\r\nConnection: close\r\n", "{HIDDEN}", want))
	}
	for pair, want := range map[[2]string]int{
		{"0", "{LEN}"}: refused, {"{LEN}", "0"}: refused, {"{LEN}", "{LEN}"}: 0, {"{LEN}", "0{LEN}"}: 0, {"{LEN}", ""}: refused, {"{LEN}", "x"}: refused, {"0", "-0"}: refused,
	} {
		all = append(all, post(fmt.Sprintf("lengths %q", pair), "Content-Length: "+pair[0]+"\r\nContent-Length: "+pair[1]+"\r\nConnection: close\r\n", "{HIDDEN}", want))
	}
	for _, method := range []string{"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
		all = append(all, hostileRequest{name: method + " with content", text: method + " {T} HTTP/1.1\r\n" + host + "Content-Length: {LEN}\r\n\r\n{HIDDEN}"})
	}
	for _, name := range []string{
		"Content-Length ", "Content-Length\t", " Content-Length", "\tContent-Length", "Content-Length\x00", "Content-Length\x0b", "Content\x00-Length", "Content-Length\r",
		"Content-Length\u00a0", "\xefContent-Length", "Content Length", "Content-Length:", "(Content-Length)", `"Content-Length"`,
	} {
		want := refused
		if name == "Content-Length:" {
			want = 0
		}
		all = append(all, post(fmt.Sprintf("name %q", name), name+": {LEN}\r\n", "{HIDDEN}", want))
	}
	for _, name := range []string{"Content_Length", "Content.Length", "X-Content-Length", "ContentLength", "Content-Length-"} {
		c := post("like a length: "+name, name+": {LEN}\r\n"+"Content-Length: 0\r\nConnection: close\r\n", "{HIDDEN}", 200)
		all = append(all, c)
	}
	return all
}

func hostileCodings() (all []hostileRequest) {
	for value, want := range map[string]int{
		"chunked": 200, "Chunked": 200, "CHUNKED": 200, " \tchunked": 200, "chunked \t": 200, "\x0bchunked": refused, "chunked\x0b": refused, "chunked\x00": refused, "\x0cchunked": refused,
		"chunked, identity": 501, "identity, chunked": 501, "chunked, chunked": 501, "chunked,": 501, ",chunked": 501, "gzip, chunked": 501, "gzip": 501, "identity": 501, "xchunked": 501,
		"chunkedx": 501, "chunked;q=1": 501, "chunked; a=b": 501, `"chunked"`: 501, "'chunked'": 501, "": 0, "chu nked": 501, "cow": 501, "chunked\r\n ": 0, "\r\n chunked": 0, "chunked\r": refused,
		"\u0441hunked": 501, "chunKed\u017f": 501, "chunked\xa0": 501,
	} {
		field := "Transfer-Encoding: " + value + "\r\n"
		all = append(all,
			post(fmt.Sprintf("coding %q", value), field, last+"{HIDDEN}", want),
			post(fmt.Sprintf("coding %q after a length", value), "Content-Length: 5\r\n"+field, last+"{HIDDEN}", want),
			post(fmt.Sprintf("coding %q before a length", value), field+"Content-Length: {LEN}\r\n", last+"{HIDDEN}", want),
		)
	}
	for _, fields := range []string{
		coded + coded, coded + "Transfer-Encoding: identity\r\n", "Transfer-Encoding: identity\r\n" + coded, "Transfer-Encoding:\r\n" + coded, coded + "Transfer-Encoding: x\r\n",
	} {
		all = append(all, post(fmt.Sprintf("codings %q", fields), fields+"Content-Length: 5\r\n", last+"{HIDDEN}", 501))
	}
	for _, name := range []string{
		"Transfer-Encoding ", "Transfer-Encoding\t", " Transfer-Encoding", "Transfer-Encoding\x00", "Transfer-Encoding\x0b", "Transfer\x00-Encoding", "Transfer-Encoding\r", "Transfer Encoding",
		"Transfer-Encoding\u00a0", "Transfer\u2010Encoding",
	} {
		all = append(all, post(fmt.Sprintf("name %q", name), name+": chunked\r\nContent-Length: {LEN}\r\n", last+"{HIDDEN}", refused))
	}
	for _, name := range []string{"Transfer_Encoding", "Transfer.Encoding", "X-Transfer-Encoding", "TransferEncoding", "transfer-encodinG-"} {
		all = append(all, post("like a coding: "+name, name+": chunked\r\nContent-Length: {LEN}\r\nConnection: close\r\n", "{HIDDEN}", 200))
	}
	for _, fields := range []string{coded, coded + "Content-Length: 5\r\n", coded + "Connection: keep-alive\r\n"} {
		all = append(all, hostileRequest{name: fmt.Sprintf("HTTP/1.0 %q", fields), text: "POST {T} HTTP/1.0\r\n" + host + fields + "\r\n" + last + "{HIDDEN}", sends: 2, end: cut})
	}
	all = append(all, hostileRequest{
		name: "a length in HTTP/1.0 beside chunks", want: 200,
		text: "POST {T} HTTP/1.0\r\n" + host + coded + "Content-Length: 3\r\nConnection: keep-alive\r\n\r\nff\n{HIDDEN}",
	})
	for _, method := range []string{"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"} {
		all = append(all, hostileRequest{name: method + " in chunks", text: method + " {T} HTTP/1.1\r\n" + host + coded + "Content-Length: 5\r\n\r\n" + last + "{HIDDEN}"})
	}
	return all
}

func hostileChunks() (all []hostileRequest) {
	for content, want := range map[string]int{
		"3\r\nabc\r\n0\r\n\r\n": 200, "3;a=b\r\nabc\r\n0;c\r\n\r\n": 200, "3;a=\"b;c\"\r\nabc\r\n0\r\n\r\n": 200, "0003\r\nabc\r\n0\r\n\r\n": 200, "3 \r\nabc\r\n0\r\n\r\n": 0, "3\t\r\nabc\r\n0\r\n\r\n": 0,
		" 3\r\nabc\r\n0\r\n\r\n": refused, "zz\r\nabc\r\n0\r\n\r\n": refused, "-3\r\nabc\r\n0\r\n\r\n": refused, "+3\r\nabc\r\n0\r\n\r\n": refused, "0x3\r\nabc\r\n0\r\n\r\n": refused,
		"3\nabc\r\n0\r\n\r\n": refused, "3\rabc\r\n0\r\n\r\n": refused, "3\r\nabc\n0\r\n\r\n": refused, "3\r\nabc\r0\r\n\r\n": refused, "3\r\nabc0\r\n\r\n": refused, "3\r\nabcdef\r\n0\r\n\r\n": refused,
		"5\r\nabc\r\n0\r\n\r\n": refused, "ffffffffffffffff1\r\nabc\r\n0\r\n\r\n": refused, "8000000000000000\r\nabc\r\n": refused, "7fffffffffffffff\r\nabc\r\n": refused, "100000003\r\nabc\r\n0\r\n\r\n": refused,
		"00000000000000000003\r\nabc\r\n0\r\n\r\n": 0, "\r\nabc\r\n0\r\n\r\n": refused, "3;\nabc\r\n0\r\n\r\n": refused, "3;a=b\rc\r\nabc\r\n0\r\n\r\n": 0, "3;\x00\r\nabc\r\n0\r\n\r\n": 0,
		"3,3\r\nabc\r\n0\r\n\r\n": refused, "3 3\r\nabc\r\n0\r\n\r\n": refused, "3_0\r\nabc\r\n0\r\n\r\n": refused, "\u0663\r\nabc\r\n0\r\n\r\n": refused, "3\x00\r\nabc\r\n0\r\n\r\n": refused, "3.\r\nabc\r\n0\r\n\r\n": refused,
		"3;" + strings.Repeat("x", 5000) + "\r\nabc\r\n0\r\n\r\n": refused, "3;" + strings.Repeat("x", 2000) + "\r\nabc\r\n0\r\n\r\n": 200, strings.Repeat("1;"+strings.Repeat("e", 1000)+"\r\na\r\n", 40) + last: refused,
		"3\r\nabc\r\n00\r\n\r\n": 200, "3\r\nabc\r\n-0\r\n\r\n": refused, "3\r\nabc\r\n0\n\r\n": refused, "3\r\nabc\r\n0\r\n\n": refused, "3\r\nabc\r\n0\r\nX\r\n\r\n": refused, "3\r\nabc\r\n0\r\n X: y\r\n\r\n": refused,
		"3\r\nabc\r\n0\r\nX: y\r\n\r\n": 200, "3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n": 0, "3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n": 0, "3\r\nabc\r\n0\r\nHost: {ELSE}\r\n\r\n": 0, "3\r\nabc\r\n0\r\nX Y: z\r\n\r\n": refused,
		"3\r\nabc\r\n0\r\nKeep-Alive: 5\r\n\r\n": 0, "3\r\nabc\r\n0\r\nX: " + strings.Repeat("y", 10_000) + "\r\n\r\n": 0, "3\r\nabc\r\n0\r\nX: a\x00b\r\n\r\n": 0, "3\r\nabc\r\n0\r\nX: a\rb\r\n\r\n": 0, "3\r\nabc\r\n0\r\n": refused,
		"3\r\nabc\r\n": refused, "3\r\nab": refused, "3\r\n": refused, "3": refused, "": refused,
	} {
		name := fmt.Sprintf("chunks %.40q of %d", content, len(content))
		c := post(name, coded, content, want)
		if want == refused {
			c.end = cut
		}
		all = append(all, c)
		c.name, c.text = "PUT, "+name, strings.Replace(c.text, "POST", "PUT", 1)
		all = append(all, c)
	}
	for _, names := range []string{"X-Sum", "Content-Length", "Transfer-Encoding, Host", "X-Sum,,X-Sum", "a b", "Trailer", "\x00"} {
		all = append(all, post(fmt.Sprintf("announced trailer %q", names), coded+"Trailer: "+names+"\r\n", "3\r\nabc\r\n0\r\nX-Sum: 1\r\nContent-Length: 7\r\n\r\n", 0))
	}
	return all
}

// hostileBytes puts what is no part of text where text is expected.
func hostileBytes() (all []hostileRequest) {
	for b := range 256 {
		if b >= ' ' && b < 0x7F && !strings.ContainsRune(`"(),/;<=>?@[\]{} `, rune(b)) || b > 0x83 && b < 0xFE {
			continue
		}
		c := string([]byte{byte(b)})
		want := refused
		if b == '\n' {
			want = 0
		}
		all = append(all, get(fmt.Sprintf("%q in a name", c), "X"+c+"A: 1\r\n", want))
		if b >= ' ' && b != 0x7F {
			continue
		}
		if b == '\n' || b == '\t' {
			want = 0
		}
		all = append(all, get(fmt.Sprintf("%q in a value", c), "X-A: b"+c+"X-B: c\r\n", want))
		all = append(all, hostileRequest{name: fmt.Sprintf("%q in a target", c), text: "GET {T}" + c + "x HTTP/1.1\r\n" + host + closes, want: refused})
		all = append(all, hostileRequest{name: fmt.Sprintf("%q in a method", c), text: "GE" + c + "T {T} HTTP/1.1\r\n" + host + closes, want: refused})
	}
	return all
}

func hostileFields() (all []hostileRequest) {
	long := strings.Repeat("x", 70_000)
	for _, c := range []struct {
		name, fields string
		want         int
	}{
		{"folded", "X-A: b\r\n c\r\n", 0},
		{"folded with a tab", "X-A: b\r\n\tc\r\n", 0},
		{"folded twice", "X-A: b\r\n c\r\n d\r\n", 0},
		{"folded to nothing", "X-A: b\r\n \r\n", 0},
		{"folded with a field in it", "X-A: b\r\n Content-Length: 9\r\n", 0},
		{"folded by LF", "X-A: b\n c\r\n", 0},
		{"folded by CR", "X-A: b\r c\r\n", refused},
		{"no colon", "X-A\r\n", refused},
		{"no name", ": b\r\n", refused},
		{"no name or value", ":\r\n", refused},
		{"no value", "X-A:\r\n", 200},
		{"blanks for a value", "X-A: \t  \r\n", 200},
		{"two colons", "X-A:: b\r\n", 200},
		{"many fields", strings.Repeat("X-A: b\r\n", 3000), 200},
		{"many names", manyNames(1000), 200},
		{"a long value", "X-A: " + long + "\r\n", 200},
		{"a long name", "X-" + long + ": a\r\n", 200},
		{"too long a value", "X-A: " + strings.Repeat(long, 20) + "\r\n", 431},
		{"too many fields", strings.Repeat("X-A: "+strings.Repeat("y", 1000)+"\r\n", 1200), 431},
		{"bytes beyond ASCII", "X-A: \xff\xfe\x80\r\n", 200},
		{"escapes", "X-A: \x1b[31m\r\n", refused},
		{"an encoded CR LF", "X-A: %0d%0aX-B: c\r\n", 200},
		{"a CR LF beyond Latin 1", "X-A: \u560d\u560aX-B: c\r\n", 200},
		{"a line separator", "X-A: \u2028X-B: c\r\n", 200},
		{"a next line", "X-A: \u0085X-B: c\r\n", 200},
		{"another method", "X-HTTP-Method-Override: DELETE\r\nX-Method-Override: PUT\r\n", 200},
		{"another URL", "X-Original-URL: /hidden\r\nX-Rewrite-URL: /hidden\r\n", 200},
		{"a cookie of junk", "Cookie: =; ;;a; =b; \"; c=\"\r\n", 200},
		{"many cookies", strings.Repeat("Cookie: a=b; c=d\r\n", 500), 200},
		{"credentials of junk", "Authorization: \r\nAuthorization: Basic !!!\r\nAuthorization: Bearer a.b.c\r\n", 200},
		{"signed by nobody", "Authorization: AWS4-HMAC-SHA256 Credential=,,=, Signature\r\n", 200},
		{"a digest", "Authorization: Digest username=\"a\\\", realm=, nonce=\"\r\n", 200},
		{"a session of junk", "X-Cannery-Session: ../../x\r\n", 0},
		{"two sessions", "X-Cannery-Session: a\r\nX-Cannery-Session: b\r\n", 0},
		{"a claim to be cached", "X-Cache: HIT\r\n", 200},
		{"ranges", "Range: bytes=0-1,3-,-2\r\nIf-Range: \"x\"\r\n", 200},
		{"many ranges", "Range: bytes=0-" + strings.Repeat(",0-", 1000) + "\r\n", 0},
		{"no range", "Range: bytes=\r\n", 0},
		{"a range of nothing", "Range: bytes=-\r\n", 0},
		{"a huge range", "Range: bytes=99999999999999999999-\r\n", 0},
		{"a negative range", "Range: bytes=--1\r\n", 0},
		{"another unit", "Range: lines=1-2\r\n", 0},
		{"a range backwards", "Range: bytes=5-1\r\n", 0},
		{"a condition of junk", "If-None-Match: \"\r\nIf-Modified-Since: yesterday\r\nIf-Match: W/\r\n", 0},
		{"all conditions", "If-None-Match: *\r\nIf-Match: *\r\nIf-Unmodified-Since: Mon, 01 Jan 0001 00:00:00 GMT\r\n", 0},
		{"codings of junk", "Accept-Encoding: gzip;q=x, *;q=0, ;;, identity;q=-1\r\n", 200},
	} {
		all = append(all, get(c.name, c.fields, c.want))
	}
	return all
}

func manyNames(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "X-%d: %d\r\n", i, i)
	}
	return out.String()
}

func hostileLines() (all []hostileRequest) {
	all = append(all, []hostileRequest{
		{name: "LF alone", text: "GET {T} HTTP/1.1\nHost: {HOST}\nConnection: close\n\n"},
		{name: "LF alone, once", text: "GET {T} HTTP/1.1\r\nHost: {HOST}\nConnection: close\r\n\r\n"},
		{name: "LF at the end", text: "GET {T} HTTP/1.1\r\n" + host + "Connection: close\r\n\n"},
		{name: "CR alone", text: "GET {T} HTTP/1.1\rHost: {HOST}\r\r", want: refused, end: cut},
		{name: "CR CR LF", text: "GET {T} HTTP/1.1\r\r\nHost: {HOST}\r\r\n\r\r\n", want: refused, end: cut},
		{name: "LF CR", text: "GET {T} HTTP/1.1\n\rHost: {HOST}\n\r\n\r", want: refused, end: cut},
		{name: "an empty line first", text: "\r\nGET {T} HTTP/1.1\r\n" + host + closes},
		{name: "many empty lines first", text: strings.Repeat("\r\n", 1000) + "GET {T} HTTP/1.1\r\n" + host + closes},
		{name: "a blank first", text: " GET {T} HTTP/1.1\r\n" + host + closes, want: refused},
		{name: "a field first", text: "GET {T} HTTP/1.1\r\n Host: {HOST}\r\n" + closes, want: refused},
		{name: "two blanks", text: "GET  {T} HTTP/1.1\r\n" + host + closes, want: refused},
		{name: "two blanks later", text: "GET {T}  HTTP/1.1\r\n" + host + closes, want: refused},
		{name: "tabs", text: "GET\t{T}\tHTTP/1.1\r\n" + host + closes, want: refused},
		{name: "a blank last", text: "GET {T} HTTP/1.1 \r\n" + host + closes, want: 0},
		{name: "blanks in the target", text: "GET {T} x HTTP/1.1\r\n" + host + closes, want: refused},
		{name: "a request in the line", text: "GET {T} HTTP/1.1 GET {T}/hidden HTTP/1.1\r\n" + host + closes, want: refused},
		{name: "no method", text: " {T} HTTP/1.1\r\n" + host + closes, want: refused},
		{name: "no target", text: "GET HTTP/1.1\r\n" + host + closes, want: refused},
		{name: "an empty target", text: "GET  HTTP/1.1\r\n" + host + closes, want: refused},
		{name: "HTTP/0.9", text: "GET {T}\r\n", want: refused},
		{name: "HTTP/0.9 and fields", text: "GET {T}\r\n" + host + "\r\n", want: refused},
		{name: "a line of nothing", text: "\r\n\r\n\r\n", end: cut},
		{name: "one word", text: "GET\r\n\r\n", want: refused, end: cut},
		{name: "a colon", text: ":\r\n\r\n", want: refused, end: cut},
		{name: "a very long line", text: "GET {T}" + strings.Repeat("x", 2<<20) + " HTTP/1.1\r\n" + host + closes, want: 431},
		{name: "a long line", text: "GET {T}" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\n" + host + closes, want: 200},
		{name: "NUL", text: strings.Repeat("\x00", 10_000), want: refused, end: cut},
		{name: "all bytes", text: allBytes() + "\r\n\r\n", want: refused, end: cut},
		{name: "TLS's hello", text: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 600), end: cut},
		{name: "SSH", text: "SSH-2.0-OpenSSH_9.6\r\n", end: cut},
		{name: "SMTP", text: "EHLO x\r\nMAIL FROM:<a@b>\r\n", end: cut},
		{name: "Redis", text: "*1\r\n$4\r\nPING\r\n", end: cut},
		{name: "HTTP/2's preface", text: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\xff", 100), end: cut},
		{name: "half of HTTP/2's preface", text: "PRI * HTTP/2.0\r\n\r\n", end: cut},
		{name: "half of HTTP/2's preface and a request", text: "PRI * HTTP/2.0\r\n\r\nGET {T} HTTP/1.1\r\n" + host + closes, end: cut},
		{name: "PRI", text: "PRI {T} HTTP/1.1\r\n" + host + closes},
		{name: "a proxy's greeting", text: "PROXY TCP4 192.0.2.7 192.0.2.8 56324 443\r\nGET {T} HTTP/1.1\r\n" + host + closes, want: refused, end: cut},
	}...)
	for version, want := range map[string]int{
		"HTTP/1.0": 200, "HTTP/1.2": 0, "HTTP/1.9": 0, "HTTP/2.0": 505, "HTTP/3.0": 505, "HTTP/0.9": 505, "HTTP/1.10": refused, "HTTP/1": refused, "HTTP/1.": refused, "HTTP/.1": refused, "HTTP/01.1": refused,
		"http/1.1": refused, "HTTP/ 1.1": refused, "HTTP /1.1": refused, "HTTPS/1.1": refused, "HTTP/1.1x": refused, "HTTP/-1.1": refused, "HTTP/1,1": refused, "HTTP/1.\u0661": refused, "ICAP/1.0": refused, "RTSP/1.0": refused,
	} {
		all = append(all, hostileRequest{name: "version " + version, text: "GET {T} " + version + "\r\n" + host + closes, want: want})
	}
	for _, method := range []string{"get", "M-SEARCH", "PROPFIND", "TRACE", "TRACK", "PATCH", "PURGE", "!#$%&'*+-.^_`|~", "X" + strings.Repeat("Y", 5000), "GET/", "GET{}", "G\u00c9T", "\"GET\"", "[GET]", "HTTP/1.1"} {
		all = append(all, hostileRequest{name: fmt.Sprintf("method %.20s", method), text: method + " {T} HTTP/1.1\r\n" + host + closes})
	}
	return all
}

func allBytes() string {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return string(all)
}

func hostileTargets() (all []hostileRequest) {
	for _, target := range []string{
		"{B}/..", "{B}/../../../etc/passwd?{N}", "{B}/%2e%2e/{N}", "{B}/./{N}", "{B}//{N}", "{B}///{ELSE}/{N}", "{B}//{ELSE}/{N}", "{B}/\\{ELSE}/{N}", "{B}/@{ELSE}/{N}", "{B}/{N}/a%2Fb", "{B}/{N}/%00", "{B}/{N}/%0d%0aX:1",
		"{B}/{N}?a=%0d%0aHost:%20{ELSE}", "{B}/{N}#fragment", "{B}/{N}?#", "{B}/{N};a=b", "{B}/{N}/%zz", "{B}/{N}/%", "{B}/{N}/%4", "{B}/{N}/\u00e9", "{B}/{N}/\xff", "{B}/{N}?&&==;", "{B}/{N}?%", "{B}/{N}??a", "{B}/{N}/http://{ELSE}/",
		"{B}/{N}/\"<>\\^`{|}", "{B}/{N}/:80", "{B}/:80/{N}", "{B}?{N}", "{B}/?{N}", "{B}/__cannery/../{N}", "{B}/__cannery/%2e%2e/{N}", "{B}/__cannery/session/{N}", "{B}/__cannery/session//{N}", "{B}/__cannery/session/../{N}",
		"{B}/__cannery/session/a%2fb/{N}", "{B}/__cannery/origin/{ELSE}/{N}", "{B}/__cannery/origin//{N}", "{B}/__cannery/origin/http:%2f%2f{ELSE}/{N}", "{B}//__cannery/health?{N}", "{B}/__CANNERY/health?{N}", "{B}/%5f_cannery/health?{N}",
		"*", "{N}", "?{N}", "#{N}", "../{N}", "\\{N}", "%2f{N}", "http:/{N}", "http:{N}", "http://", "http:///{N}", "http://:80/{N}", "http://[::1/{N}", "http://[::1]x/{N}", "http://a b/{N}", "http://%65/{N}", "http://{HOST}@{ELSE}:x/{N}",
		"ftp://{HOST}/{N}", "file:///etc/passwd?{N}", "javascript:{N}", "data:,{N}", "unix:/tmp/x:/{N}", "://{HOST}/{N}", "HTTP:/{N}", "http://{HOST}:0/{N}", "http://{HOST}/../{N}", "http://{HOST}?{N}", "http://{HOST}#{N}", "http://{HOST}/{N} ",
		"http://localhost:99999/{N}", "http://localhost:-1/{N}", "http://localhost:/{N}", "gopher://{HOST}/_GET%20/{N}/hidden",
	} {
		all = append(all, hostileRequest{name: "target " + target, text: "GET " + target + " HTTP/1.1\r\n" + host + "X-Case: {N}\r\n" + closes})
	}
	for _, target := range []string{"{ELSE}", "/path", "{HOST}", ":443", "a@{ELSE}", "{ELSE}/{N}", "http://{ELSE}/{N}", "*", "[::1]:443", "localhost:0", "localhost:99999", "a,b:443", "localhost%00:443"} {
		all = append(all, hostileRequest{name: "CONNECT " + target, text: "CONNECT " + target + " HTTP/1.1\r\nHost: {ELSE}\r\n\r\n", end: cut})
	}
	for _, method := range []string{"OPTIONS", "GET", "TRACE", "POST"} {
		all = append(all, hostileRequest{name: method + " *", text: method + " * HTTP/1.1\r\n" + host + "X-Case: {N}\r\n" + closes})
	}
	return all
}

func hostileHosts() (all []hostileRequest) {
	for _, fields := range []string{
		"", host + host, host + "Host: {ELSE}\r\n", "Host: {ELSE}\r\n" + host, "Host: {HOST}, {ELSE}\r\n", "Host:\r\n", "Host: \r\n", "Host: {HOST}/x\r\n", "Host: {HOST}?x\r\n", "Host: {HOST}#x\r\n", "Host: {HOST}@{ELSE}\r\n",
		"Host: {ELSE}@{HOST}\r\n", "Host: {HOST} {ELSE}\r\n", "Host: {HOST}\t{ELSE}\r\n", "Host: {HOST}\x00\r\n", "Host: {HOST}\r\n {ELSE}\r\n", "Host : {HOST}\r\n", " Host: {HOST}\r\n", "Host\x00: {HOST}\r\n", "Host: a%zz\r\n",
		"Host: [::1\r\n", "Host: [::1]x\r\n", "Host: a<b\r\n", "Host: ..\r\n", "Host: localhost:0\r\n", "Host: localhost:99999\r\n", "Host: localhost:x\r\n", "Host: \xff\r\n", "Host: " + strings.Repeat("a.", 5000) + "\r\n",
	} {
		all = append(all, hostileRequest{name: fmt.Sprintf("%.60q", fields), text: "GET {T} HTTP/1.1\r\n" + fields + closes})
	}
	for _, fields := range []string{
		"X-Forwarded-Host: {ELSE}\r\n", "Forwarded: host={ELSE}\r\n", "X-Host: {ELSE}\r\n", "X-Forwarded-Server: {ELSE}\r\n", "X-Real-IP: 127.0.0.1\r\n", ":authority: {ELSE}\r\n", "Origin: http://{ELSE}\r\n", "Referer: http://{ELSE}/\r\n",
		"Destination: http://{ELSE}/\r\n", "Proxy: http://{ELSE}/\r\n",
	} {
		all = append(all, get(fmt.Sprintf("%.60q", fields), fields, 0))
	}
	all = append(all,
		hostileRequest{name: "HTTP/1.0 without a host", text: "GET {T} HTTP/1.0\r\n\r\n", want: 200},
		hostileRequest{name: "HTTP/1.0 with another host", text: "GET {T} HTTP/1.0\r\nX-Forwarded-Host: {ELSE}\r\n\r\n", want: 200},
	)
	return all
}

// hostileHops names fields in Connection, and has those of a connection.
func hostileHops() (all []hostileRequest) {
	for _, fields := range []string{
		"Connection: close, X-Hop\r\nX-Hop: 1\r\n", "Connection: x-hOP-a\r\nX-Hop-A: 1\r\n", "Connection: X-Hop ,, X-Hop-B\r\nX-Hop: 1\r\nX-Hop-B: 2\r\n", "X-Hop: 1\r\nConnection: X-Hop\r\n", "Connection: close\r\nConnection: X-Hop\r\nX-Hop: 1\r\n",
		"Connection: X-Hop\r\nX-Hop: 1\r\nX-Hop: 2\r\n", "Connection: \"X-Hop\"\r\n", "Connection: Connection\r\n", "Connection: Host\r\n", "Connection: Cookie\r\nCookie: a=b\r\n", "Connection: Authorization\r\nAuthorization: Bearer x\r\n",
		"Connection: Accept, User-Agent, X-Case\r\nX-Case: 1\r\n", "Connection: X-Cannery-Session\r\nX-Cannery-Session: s\r\n", "Connection: \x01\r\n", "Connection: " + strings.Repeat("X-Hop, ", 2000) + "\r\nX-Hop: 1\r\n", "Connection: ;close\r\n",
		"Keep-Alive: timeout=5\r\n", "Proxy-Connection: keep-alive\r\n", "Proxy-Authenticate: Basic\r\n", "Proxy-Authorization: Basic YTpi\r\n", "TE: trailers, deflate;q=0.5\r\nConnection: TE\r\n", "TE: gzip\r\n", "TE: trailers\r\n", "TE: chunked\r\n",
		"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n", "Upgrade: h2c\r\n", "Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n", "Upgrade: websocket\r\n", "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n",
		"Upgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 0\r\n", "Upgrade: websocket\r\nConnection: X-Hop, Upgrade\r\nX-Hop: 1\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n",
		"Upgrade: websocket\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n", "HTTP2-Settings: AAMAAABk\r\n", "Trailer: X-Sum\r\n", "Max-Forwards: 0\r\n", "Via: 1.1 a, 1.1 b\r\n", "Early-Data: 1\r\n", "Alt-Used: {ELSE}\r\n",
	} {
		all = append(all, hostileRequest{name: fmt.Sprintf("%.70q", fields), text: "GET {T} HTTP/1.1\r\n" + host + fields + "\r\n"})
	}
	for _, name := range []string{"Content-Length", "Transfer-Encoding", "Content-Type", "Expect", "Host"} {
		all = append(all, post("Connection: "+name, "Connection: close, "+name+"\r\nContent-Type: text/plain\r\nContent-Length: {LEN}\r\n", "{HIDDEN}", 0))
	}
	all = append(all, post("an upgrade with content", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: {LEN}\r\n", "{HIDDEN}", 0))
	return all
}

func hostileExpectations() (all []hostileRequest) {
	for _, value := range []string{"100-continue", "100-Continue", "100-continue, 100-continue", "200-ok", "", "x", "100-continue;a=b", "100-continue\r\nExpect: 100-continue", "100-continue\r\nExpect: x"} {
		all = append(all,
			post(fmt.Sprintf("expects %q", value), "Expect: "+value+"\r\nContent-Length: {LEN}\r\nConnection: close\r\n", "{HIDDEN}", 0),
			post(fmt.Sprintf("expects %q in chunks", value), "Expect: "+value+"\r\n"+coded, last+"{HIDDEN}", 0),
			get(fmt.Sprintf("expects %q without content", value), "Expect: "+value+"\r\n", 0),
		)
	}
	all = append(all,
		post("a trailer named in Connection", "Connection: X-Hop\r\n"+coded, "3\r\nabc\r\n0\r\nX-Hop: 1\r\nX-Sum: 1\r\n\r\n", 200),
		post("a length believed in, then chunks", "Content-Length: 4\r\n"+coded+"Expect: 100-continue\r\n", last+"{HIDDEN}", 200),
	)
	return append(all, hostileRequest{name: "HTTP/1.0 expects", text: "POST {T} HTTP/1.0\r\n" + host + "Expect: 100-continue\r\nContent-Length: {LEN}\r\n\r\n{HIDDEN}"})
}

// hostilePipelines send the next request before the answer.
func hostilePipelines() []hostileRequest {
	next := "GET {T}/next HTTP/1.1\r\n" + host
	return []hostileRequest{
		{name: "two", text: "GET {T} HTTP/1.1\r\n" + host + "\r\n" + next + closes, sends: 2, want: 200},
		{name: "twenty", text: strings.Repeat("GET {T} HTTP/1.1\r\n"+host+"\r\n", 20), sends: 20, want: 200},
		{name: "content, then a request", text: "POST {T} HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc" + next + closes, sends: 2, want: 200},
		{name: "GET with content, then a request", text: "GET {T} HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc" + next + closes, sends: 2, want: 200},
		{name: "HEAD, then a request", text: "HEAD {T} HTTP/1.1\r\n" + host + "\r\n" + next + closes, sends: 2},
		{name: "after a close", text: "GET {T} HTTP/1.1\r\n" + host + closes + "{HIDDEN}", want: 200},
		{name: "after HTTP/1.0", text: "GET {T} HTTP/1.0\r\n\r\n{HIDDEN}", want: 200},
		{name: "after an empty line", text: "GET {T} HTTP/1.1\r\n" + host + "\r\n\r\n\r\n" + next + closes, sends: 2, want: 200},
		{name: "a bad one second", text: "GET {T} HTTP/1.1\r\n" + host + "\r\nGET /\x00 HTTP/1.1\r\n\r\n{HIDDEN}", sends: 2, want: 200},
		{name: "half of one second", text: "GET {T} HTTP/1.1\r\n" + host + "\r\nGET {T}/hidd", sends: 2, end: cut},
		{name: "content too long by a line", text: "POST {T} HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc\r\n" + next + closes, sends: 2, want: 200},
		{name: "content too long by a word", text: "POST {T} HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabcdef {HIDDEN}", sends: 2, want: 200},
		{name: "after a refusal", text: "GET /a b HTTP/1.1\r\n" + host + "\r\n{HIDDEN}", want: refused},
		{name: "after a bad coding", text: "POST {T} HTTP/1.1\r\n" + host + "Transfer-Encoding: cow\r\n\r\n{HIDDEN}", want: 501},
		{name: "after an unknown expectation", text: "POST {T} HTTP/1.1\r\n" + host + "Expect: cow\r\nContent-Length: {LEN}\r\n\r\n{HIDDEN}", want: 417},
		{name: "after too much of a header", text: "GET {T} HTTP/1.1\r\n" + host + "X: " + strings.Repeat("y", 2<<20) + "\r\n\r\n{HIDDEN}", want: 431},
		{name: "after an upgrade", text: "GET {T} HTTP/1.1\r\n" + host + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + next + closes, sends: 2},
		{name: "after CONNECT", text: "CONNECT {ELSE} HTTP/1.1\r\nHost: {ELSE}\r\n\r\n", end: cut},
	}
}

// hostileLeavers do not send what they say.
func hostileLeavers() (all []hostileRequest) {
	for _, text := range []string{
		"POST {T} HTTP/1.1\r\n" + host + "Content-Length: 99\r\n\r\nabc",
		"GET {T} HTTP/1.1\r\n" + host + "Content-Length: 99\r\n\r\nabc",
		"PUT {T} HTTP/1.1\r\n" + host + coded + "\r\n3\r\nabc\r\n",
		"GET {T} HTTP/1.1\r\n" + host + coded + "\r\n3\r\nabc\r\n",
		"GET {T} HTTP/1.1\r\n" + host + "X-A",
		"GET {T} HTTP/1.1\r\n" + host,
		"GET {T} HTTP/1.1",
		"GET {T} HTTP/1.1\r\n" + host + "\r\n",
		"POST {T} HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 99\r\n\r\n",
		"POST {T} HTTP/1.1\r\n" + host + "Content-Length: 9000000\r\n\r\n" + strings.Repeat("x", 300_000),
		"",
	} {
		want := 0
		if !strings.HasSuffix(text, host+"\r\n") {
			want = refused
		}
		all = append(all,
			hostileRequest{name: fmt.Sprintf("cut after %.70q", text), text: text, end: cut, want: want},
			hostileRequest{name: fmt.Sprintf("left after %.70q", text), text: text, end: left},
		)
	}
	return all
}

// hostileContent is not what its fields say.
func hostileContent() (all []hostileRequest) {
	for i, c := range []struct{ fields, content string }{
		{"Content-Encoding: gzip\r\n", "{HIDDEN}"},
		{"Content-Encoding: gzip\r\n", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"},
		{"Content-Encoding: gzip, gzip, br, zstd, deflate, gzip\r\n", "x"},
		{"Content-Encoding: br\r\n", "\xff\xff\xff"},
		{"Content-Encoding: zstd\r\n", "\x28\xb5\x2f\xfd\xff\xff\xff\xff"},
		{"Content-Encoding: cow\r\n", "moo"},
		{"Content-Type: application/json\r\n", strings.Repeat("[", 100_000)},
		{"Content-Type: application/json\r\n", "{\"a\":1,\"a\":2}{}"},
		{"Content-Type: application/json\r\n", "\xef\xbb\xbf\"\\ud800\""},
		{"Content-Type: application/json\r\n", "1e999999999"},
		{"Content-Type: application/x-www-form-urlencoded\r\n", "a=%zz&=&;&%&a"},
		{"Content-Type: multipart/form-data; boundary=\r\n", "--\r\n\r\n--"},
		{"Content-Type: multipart/form-data; boundary=a\r\n", "--a\r\n--a\r\nContent-Disposition: form-data; name=\"\r\n\r\n"},
		{"Content-Type: multipart/form-data; boundary=\"a b\"; boundary=c\r\n", "--a b\r\nContent-Type: multipart/mixed; boundary=\"a b\"\r\n\r\n--a b--"},
		{"Content-Type: text/xml\r\n", "<!DOCTYPE a [<!ENTITY b SYSTEM \"http://{ELSE}/\">]><a>&b;</a>"},
		{"Content-Type: a/b/c; ;;=\r\n", "x"},
		{"Content-Type: application/grpc\r\n", "\x00\xff\xff\xff\xff"},
		{"Content-Type: application/x-ndjson\r\n", "{\n}\n\n[\n"},
	} {
		all = append(all, post(fmt.Sprintf("content %d of %.70q", i, c.fields), fmt.Sprintf("%sConnection: close\r\n%s", c.fields, coded), fmt.Sprintf("%x\r\n", len(c.content))+c.content+"\r\n"+last, 0))
	}
	return all
}
