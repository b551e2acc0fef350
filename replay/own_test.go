package replay_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

func TestHealthIsForThisMachineOnly(t *testing.T) {
	b := setUp(t, echo(), func(b *bench) { b.proxy.Answers.Hosts = []string{"proxy.lan"} })
	for _, c := range []struct {
		host, origin string
		want         int
	}{
		{"localhost", "", 200},
		{"localhost:3000", "", 200},
		{"LOCALHOST", "", 200},
		{"app.localhost", "", 200},
		{"127.0.0.1:3000", "", 200},
		{"[::1]:3000", "", 200},
		{"[::1]", "", 200},
		{"proxy.lan:80", "", 200},
		{"localhost", "http://localhost:8080", 200},
		{"localhost", "http://127.0.0.1", 200},
		{"evil.example", "", 403},
		{"localhost.evil.example", "", 403},
		{"evil.example:3000", "", 403},
		{"127.0.0.1.evil.example", "", 403},
		{"", "", 403},
		{"localhost", "http://evil.example", 403},
		{"localhost", "null", 403},
		{"localhost", "http://localhost.evil.example", 403},
		{"localhost", "http://user@evil.example", 403},
	} {
		request := "GET /__cannery/health HTTP/1.1\r\nHost: " + c.host + "\r\nConnection: close\r\n"
		if c.origin != "" {
			request += "Origin: " + c.origin + "\r\n"
		}
		a := b.raw(t, request+"\r\n")
		if res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(a)), nil); err != nil || res.StatusCode != c.want {
			t.Errorf("Host %q, Origin %q: %.200q, want %d", c.host, c.origin, a, c.want)
		}
	}
	if n := b.originAsked(); n != 0 {
		t.Errorf("the origin was asked %d times for cannery's own page", n)
	}
}
