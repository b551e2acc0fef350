package tunnel_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"example.com/cannery/replay/tunnel"
)

// TestTheTokenLetsIn, and goes nowhere: no host sees it, no recording and no log has it.
func TestTheTokenLetsIn(t *testing.T) {
	const token = "s3same-0pen"
	var mu sync.Mutex
	var seen []http.Header
	see := func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Header.Clone())
		speak(w, r)
	}
	hosts := []string{"https://api.example.com", "http://api.example.com", "http://passed.example.com"}
	b := setUp(t, func(b *bench) {
		b.front.Token = token
		except, err := tunnel.ParsePattern("passed.example.com")
		if err != nil {
			t.Fatal(err)
		}
		b.front.Choice.Except = []tunnel.Pattern{except}
	})
	for _, at := range hosts {
		b.host(t, at, see)
	}
	ask := func(user *url.Userinfo, at string) (*http.Response, error) {
		client := b.client(t, false)
		via, _ := url.Parse(b.URL)
		via.User = user
		client.Transport.(*http.Transport).Proxy = http.ProxyURL(via)
		return client.Get(at)
	}
	for name, user := range map[string]*url.Userinfo{"none": nil, "wrong": url.UserPassword("cannery", "no"), "as a user": url.User(token), "empty": url.UserPassword("cannery", "")} {
		for _, at := range hosts {
			res, err := ask(user, at)
			if strings.HasPrefix(at, "https") {
				if err == nil || !strings.Contains(err.Error(), "Proxy Authentication Required") {
					t.Errorf("%s, %s: %v", name, at, err)
				}
				continue
			}
			if a := read(t, res); a.StatusCode != http.StatusProxyAuthRequired || a.Header.Get("Proxy-Authenticate") == "" || !strings.Contains(a.body, "http://cannery:TOKEN@HOST:PORT") {
				t.Errorf("%s, %s: %d %s", name, at, a.StatusCode, a.body)
			}
		}
	}
	if len(seen) > 0 {
		t.Errorf("hosts were asked without the token: %v", seen)
	}
	for _, at := range hosts {
		res, err := ask(url.UserPassword("anybody", token), at)
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		if a := read(t, res); a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", at, a.StatusCode, a.body)
		}
	}
	// Its own pages want none.
	if res, err := http.Get(b.URL + "/__cannery/health"); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("health: %v, %v", res, err)
	}
	for _, header := range seen {
		if header["Proxy-Authorization"] != nil {
			t.Errorf("a host sees %v", header)
		}
	}
	if len(seen) != len(hosts) {
		t.Errorf("hosts were asked %d times", len(seen))
	}
	kept := 0
	for rec, err := range b.store.Recordings(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		kept++
		var text bytes.Buffer
		fmt.Fprintf(&text, "%+v", rec)
		if strings.Contains(text.String(), token) || strings.Contains(text.String(), "Proxy-Authorization") {
			t.Errorf("a recording has it: %s", text.String())
		}
	}
	if kept != 2 {
		t.Errorf("%d recordings", kept)
	}
	if log := fmt.Sprintf("%+v %+v %+v", b.entries, b.remarks, b.uncaught.All()); strings.Contains(log, token) {
		t.Errorf("the log has it: %s", log)
	}
}

// TestWithoutATokenWhatClientsGiveIsForgotten: who once had a proxy with a password.
func TestWithoutATokenWhatClientsGiveIsForgotten(t *testing.T) {
	b := setUp(t, nil)
	b.host(t, "http://api.example.com", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header["Proxy-Authorization"])
	})
	client := b.client(t, false)
	via, _ := url.Parse(b.URL)
	for i, want := range []string{"MISS", "HIT"} {
		via.User = url.UserPassword("me", fmt.Sprint("secret", i))
		client.Transport.(*http.Transport).Proxy = http.ProxyURL(via)
		if got := get(t, client, "http://api.example.com"); got.body != "[]" || got.cache() != want {
			t.Errorf("%s: %q", got.cache(), got.body)
		}
	}
}
