package replay_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/cannery/testutil/program"
)

// TestABrowserStaysLoggedIn has a browser log in with a cookie that only a Secure
// one can be, over the proxy's plain HTTP, and then offline.
func TestABrowserStaysLoggedIn(t *testing.T) {
	t.Parallel()
	program := browser(t)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			w.Header().Add("Set-Cookie", "__Host-sid=1; Path=/; Secure; SameSite=None; Partitioned")
			w.Header().Add("Set-Cookie", "__Secure-tid=2; Path=/; Secure; HttpOnly")
			w.Header().Add("Set-Cookie", "plain=3; Path=/; Secure")
			http.Redirect(w, r, "/home", http.StatusFound)
		case "/home":
			cookie, err := r.Cookie("__Secure-tid")
			if err != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, "<p>tid %s</p><p id=a></p><script>a.textContent = document.cookie.split('; ').sort()</script>", cookie.Value)
		default:
			http.NotFound(w, r)
		}
	}, nil)
	login := func(at *bench, what string) {
		sh := newShell(t, program)
		out := sh.run(t, t.TempDir(), "", program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
			"--disable-sync", "--no-first-run", "--user-data-dir="+t.TempDir(), "--dump-dom", at.URL+"/login")
		if !strings.Contains(out, "<p>tid 2</p>") || !strings.Contains(out, `<p id="a">__Host-sid=1,plain=3</p>`) {
			t.Errorf("%s: %q", what, out)
		}
	}
	login(b, "live")
	off := b.goOffline(t, nil)
	login(off, "offline")
	for _, e := range off.log(time.Time{}) {
		if strings.HasPrefix(e.URL, "/login") || strings.HasPrefix(e.URL, "/home") {
			if e.Cache != "HIT" {
				t.Errorf("offline: %s %s: %d %s", e.Method, e.URL, e.Status, e.Cache)
			}
		}
	}
}

// TestABrowsersSocket: what a page hears over a WebSocket it hears offline, too. A
// browser refuses a subprotocol that it has not offered, and compresses.
func TestABrowsersSocket(t *testing.T) {
	t.Parallel()
	program := browser(t)
	said, heard := make(chan string, 1), make(chan struct{}, 1)
	// A browser prints a page once all of it is there, and ends.
	beside := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/said" {
			<-heard
			return
		}
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		said <- string(text)
		heard <- struct{}{}
	}))
	defer beside.Close()
	talks := chat(t)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/home":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, `<img src="%[1]s/hold"><script>
				const socket = new WebSocket("ws://" + location.host + "/ws", ["other", "chat"]), heard = [];
				const tell = text => fetch("%[1]s/said", {method: "POST", mode: "no-cors", body: text});
				const left = ["hello", "x".repeat(1000), "bye"];
				socket.onopen = () => heard.push(socket.protocol);
				socket.onmessage = e => { heard.push(e.data.length > 100 ? e.data.length : e.data); socket.send(left.shift()); };
				socket.onclose = e => tell([...heard, e.code, e.reason].join(" | "));
			</script>`, beside.URL)
		case "/ws":
			talks(w, r)
		default:
			http.NotFound(w, r)
		}
	}, nil)
	open := func(at *bench, what string) {
		t.Helper()
		sh := newShell(t, program)
		sh.run(t, t.TempDir(), "", program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
			"--disable-sync", "--no-first-run", "--user-data-dir="+t.TempDir(), "--dump-dom", at.URL+"/home")
		if got, want := <-said, "chat | welcome | echo hello | 1005 | 4001 | so long"; got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	open(b, "live")
	off := b.goOffline(t, nil)
	open(off, "offline")
	if stats := off.proxy.Stats(); stats.Hits < 2 {
		t.Errorf("counted as %+v", stats)
	}
}

// browser returns the path of a Chromium. With -short it skips the test.
func browser(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: a browser is tried without -short")
	}
	return program.Need(t, "the login of a browser", program.Chromium...)
}
