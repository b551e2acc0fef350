package replay_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
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

// browser returns the name of a Chromium. With -short it skips the test.
func browser(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: a browser is tried without -short")
	}
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	t.Skipf("none of %s is installed: no login of a browser is tested", strings.Join(names, ", "))
	return ""
}
