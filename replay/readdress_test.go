package replay_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/replay"
)

func TestAnswersNameTheProxyAndNotTheOrigin(t *testing.T) {
	var self string
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Location", self+"/next?a=1")
		h.Set("Content-Location", self)
		h.Add("Link", "<"+self+"/p2>; rel=next, <http://elsewhere.test/>; rel=help")
		h.Set("Refresh", "5; url="+self+"/again")
		h.Set("WWW-Authenticate", `Bearer realm="`+self+`/token",service="r"`)
		h.Set("Operation-Location", strings.TrimPrefix(self, "http:")+"/jobs/1")
		h.Set("X-Upload-Url", self+"/upload")
		h.Add("Set-Cookie", "sid=1; Domain=127.0.0.1; Path=/; Secure; HttpOnly; SameSite=None; Partitioned")
		h.Add("Set-Cookie", "__Host-sid=1; Path=/; Secure; SameSite=None; Partitioned")
		h.Add("Set-Cookie", "__secure-sid=1; Domain=127.0.0.1; Secure")
		h.Add("Set-Cookie", "other=1; Domain=elsewhere.test; SameSite=Lax")
		h.Set("X-Other", self)
		w.WriteHeader(201)
	}, nil)
	self = b.origin.URL
	for _, cache := range []string{"MISS", "HIT"} {
		a := b.get(t, "/")
		want := http.Header{
			"Location":         {b.URL + "/next?a=1"},
			"Content-Location": {b.URL},
			"Link":             {"<" + b.URL + "/p2>; rel=next, <http://elsewhere.test/>; rel=help"},
			"Refresh":          {"5; url=" + b.URL + "/again"},
			"Www-Authenticate": {`Bearer realm="` + b.URL + `/token",service="r"`},
			"X-Upload-Url":     {b.URL + "/upload"},
			"Set-Cookie":       {"sid=1; Path=/; HttpOnly", "__Host-sid=1; Path=/; Secure; SameSite=None; Partitioned", "__secure-sid=1; Secure", "other=1; Domain=elsewhere.test; SameSite=Lax"},
			"X-Other":          {self},

			"Operation-Location": {strings.TrimPrefix(b.URL, "http:") + "/jobs/1"},
			"X-Cache":            {cache},
		}
		for name, values := range want {
			if diff := cmp.Diff(values, a.header[name]); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", cache, name, diff)
			}
		}
	}
}

// TestNetworkPathsNameTheProxy: //host is a URL without its scheme.
func TestNetworkPathsNameTheProxy(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "//"+r.Host+"/final")
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusFound)
		io.WriteString(w, `<a href="//`+r.Host+`/final">`)
	}, nil)
	at := strings.TrimPrefix(b.URL, "http:") + "/__cannery/session/s/final"
	for range 2 {
		if a := b.get(t, "/__cannery/session/s/"); a.header.Get("Location") != at || a.body != `<a href="`+at+`">` {
			t.Errorf("%s %q %q", a.cache(), a.header.Get("Location"), a.body)
		}
	}
}

func TestBasePathOfTheOriginIsHidden(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/base/login?from="+r.RequestURI)
		w.Header().Set("Set-Cookie", "a=1; Path=/base/x")
		w.WriteHeader(302)
	}, nil)
	b.front(t, b.origin.URL+"/base/", nil)
	for range 2 {
		a := b.get(t, "/home?q=1")
		if got := a.header.Get("Location"); got != "/login?from=/base/home?q=1" {
			t.Errorf("Location %q", got)
		}
		if got := a.header.Get("Set-Cookie"); got != "a=1; Path=/x" {
			t.Errorf("Set-Cookie %q", got)
		}
		a = b.get(t, "/__cannery/session/s1/home")
		if got := a.header.Get("Location"); got != "/__cannery/session/s1/login?from=/base/home" {
			t.Errorf("Location in a session %q", got)
		}
	}
}

// TestPathsInFieldsStayWithTheirOrigin: below its own path and in their session, and
// beside its path they are where they were.
func TestPathsInFieldsStayWithTheirOrigin(t *testing.T) {
	var field, value string
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set(field, value) }, nil)
	b.front(t, b.origin.URL+"/base/", nil)
	const session = "/__cannery/session/s1"
	for i, tt := range []struct{ field, value, want string }{
		{"Location", "/base", session},
		{"Location", "/basement", b.origin.URL + "/basement"},
		{"Content-Location", "/other?x=/base/y", b.origin.URL + "/other?x=/base/y"},
		{"Location", "next", "next"},
		{"Link", `</base/p?page=2>; rel="next", </other>; rel=up, <//cdn.test/x>, <p3>`, "<" + session + "/p?page=2>; rel=\"next\", <" + b.origin.URL + "/other>; rel=up, <//cdn.test/x>, <p3>"},
		{"Refresh", "5; url=/base/x", "5; url=" + session + "/x"},
		{"Www-Authenticate", `Basic realm="/base/x"`, `Basic realm="/base/x"`},
	} {
		field, value = tt.field, tt.value
		for _, cache := range []string{"MISS", "HIT"} {
			a := b.get(t, fmt.Sprintf("%s/%d", session, i))
			if got := a.header.Get(tt.field); got != tt.want || a.cache() != cache {
				t.Errorf("%s %s: %s: %q, want %q", a.cache(), tt.field, tt.value, got, tt.want)
			}
		}
	}
}

func TestRewriteBodyWhateverItsCoding(t *testing.T) {
	var self string
	text := func() string {
		pad := strings.Repeat("x", 70_000)
		return `{"next":"` + self + `/p2","escaped":"` + strings.ReplaceAll(self, "/", `\/`) + `\/p3","not":"` + self + `0/","pad":"` + pad + `","last":"` + self + `"}`
	}
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(gzipped(t, text()))
		case "/pieces":
			for _, c := range []byte(text()[:200]) {
				w.Write([]byte{c})
				w.(http.Flusher).Flush()
			}
		case "/binary":
			w.Header().Set("Content-Type", "application/octet-stream")
			io.WriteString(w, text())
		default:
			io.WriteString(w, text())
		}
	}, nil)
	self = b.origin.URL
	want := `{"next":"` + b.URL + `/p2","escaped":"` + strings.ReplaceAll(b.URL, "/", `\/`) + `\/p3","not":"` + self + `0/","pad":"`
	for _, target := range []string{"/plain", "/gzip", "/pieces"} {
		for _, cache := range []string{"MISS", "HIT", "HIT"} {
			a := b.get(t, target, "Accept-Encoding", "gzip")
			if !strings.HasPrefix(a.body, want) || a.cache() != cache {
				t.Errorf("%s %s, want %s: %.300s", target, a.cache(), cache, a.body)
			}
			if target != "/pieces" && !strings.HasSuffix(a.body, `"last":"`+b.URL+`"}`) {
				t.Errorf("%s ends in %q", target, a.body[len(a.body)-60:])
			}
		}
		if a := b.get(t, target, "Range", "bytes=0-"); !strings.HasPrefix(a.body, want) || a.status != 206 {
			t.Errorf("range of %s: %d %.300s", target, a.status, a.body)
		}
	}
	for range 2 {
		if a := b.get(t, "/binary"); a.body != text() {
			t.Error("content that is not textual was changed")
		}
	}
}

func TestWebSocketPassesAndIsLogged(t *testing.T) {
	logged := make(chan replay.Entry, 1)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.CloseNow()
		kind, message, err := conn.Read(r.Context())
		if err == nil {
			conn.Write(r.Context(), kind, append([]byte("echo "), message...))
		}
		conn.Close(websocket.StatusNormalClosure, "")
	}, func(b *bench) { b.proxy.Events.Log = func(e replay.Entry) { logged <- e } })
	for range 2 {
		conn, res, err := websocket.Dial(context.Background(), b.URL+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Header.Get("X-Cache"); got != "MISS" {
			t.Errorf("X-Cache %q", got)
		}
		if err := conn.Write(t.Context(), websocket.MessageText, []byte("hi")); err != nil {
			t.Fatal(err)
		}
		if _, message, err := conn.Read(t.Context()); err != nil || string(message) != "echo hi" {
			t.Errorf("%q %v", message, err)
		}
		conn.CloseNow()
		if e := <-logged; e.Status != 101 || e.Cache != "MISS" || e.Note != "" {
			t.Errorf("logged as %+v", e)
		}
	}
	if stats := b.proxy.Stats(); stats != (replay.Stats{Misses: 2}) {
		t.Errorf("counted as %+v", stats)
	}
}

func TestOtherUpgradesAreDropped(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Upgrade")) }, nil)
	answer := b.raw(t, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 200 ") || b.lastAsked().Header.Get("Upgrade") != "" {
		t.Errorf("%q, forwarded with Upgrade %q", answer, b.lastAsked().Header.Get("Upgrade"))
	}
	if _, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil); err != nil {
		t.Error(err)
	}
}
