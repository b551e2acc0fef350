package replay_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"example.com/cannery/replay"
)

// FuzzRequestNeverPanics: whatever comes over a connection, the proxy goes on,
// and the next request gets its own answer.
func FuzzRequestNeverPanics(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1,3-,-2\r\nIf-Range: \"x\"\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\nAccept-Encoding: gzip;q=x, *;q=0\r\n\r\n",
		"HEAD /?a=%zz&;&=&a HTTP/1.0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
		"GET /json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
		"GET /form HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=\r\nContent-Length: 2\r\n\r\n--",
		"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://other/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"GET /__cannery/session//x HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /__cannery/session/../health HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /__cannery/origin/b/__cannery/session/s/x?y HTTP/1.1\r\nHost: x\r\nCookie: a=1; =; b\r\nCookie: a=1\r\n\r\n",
		"GET /__cannery/session/s/origin/%62 HTTP/1.1\r\nHost: x\r\n\r\nGET /__cannery/origin/%zz? HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /__cannery/health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nX-Cannery-Session: \xff\r\nCookie: a\r\nAuthorization: b\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"\x16\x03\x01\x00\x05hello",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		if strings.Contains(string(request), "afterwards") {
			t.Skip("asks for what the next request is to record")
		}
		b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if r.RequestURI == "/afterwards" {
				io.WriteString(w, "clean")
				return
			}
			w.Header().Set("Etag", `"x"`)
			w.Header().Set("Set-Cookie", "a=1; Path="+r.RequestURI)
			io.WriteString(w, "other")
		}, func(b *bench) {
			b.proxy.Cache.Methods = []string{"POST"}
			b.proxy.Others = []replay.Origin{{Name: "b", URL: b.recorder.Origin, Forwarder: b.recorder}}
		})
		b.Config.ErrorLog = silence
		conn := b.dial(t)
		defer conn.Close()
		// What is no request may be refused before it has been read.
		_, _ = conn.Write(request)
		_, _ = io.WriteString(conn, "\r\n\r\n")
		conn.(*net.TCPConn).CloseWrite()
		answer, _ := io.ReadAll(conn)
		if strings.Contains(string(answer), "clean") || strings.Contains(string(answer), "goroutine ") {
			t.Errorf("%q is answered with %.300q", request, answer)
		}
		b.wantClean(t, "/afterwards")
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, e := range b.entries {
			if strings.Contains(e.Note, "cannery failed") {
				t.Errorf("%q: %s", request, e.Note)
			}
		}
	})
}
