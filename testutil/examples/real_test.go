package examples_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mccutchen/go-httpbin/v2/httpbin"
)

// targetsVariable tells TestAsk that it is to be a client of go-httpbin.
const targetsVariable = "HTTPBIN_TARGETS"

// httpbinTargets are some of what go-httpbin answers.
var httpbinTargets = []string{
	"/get?a=1&b=2&a=3", "/headers", "/json", "/html", "/xml", "/encoding/utf8", "/gzip", "/image/png", "/image/webp",
	"/bytes/100000?seed=2", "/stream-bytes/5000?seed=3&chunk_size=1000", "/stream/5", "/uuid", "/bytes/1024", "/range/1024",
	"/anything/a%2Fb/c?x=%20", "/redirect/2", "/absolute-redirect/2", "/status/204", "/status/404", "/status/418",
	"/response-headers?X-One=1&X-One=2", "/cookies/set?a=1", "/trailers?X-One=1", "/sse?count=3&duration=30ms", "/basic-auth/user/password",
}

// TestAsk prints what the API answers: it runs beside cannery.
func TestAsk(t *testing.T) {
	targets := os.Getenv(targetsVariable)
	if targets == "" {
		t.Skip("SKIPPED: it is run by TestExamples")
	}
	for target := range strings.FieldsSeq(targets) {
		res, err := http.Get(os.Getenv("CANNERY_URL") + target)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		content, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(withoutPorts(string(content))))
		res.Header.Del("X-Cache")
		fmt.Printf("%s: %d %v %v, %d bytes %x\n", target, res.StatusCode, res.Header, res.Trailer, len(content), sum)
	}
}

// httpbinReplays: what was recorded comes back byte for byte without the origin.
func httpbinReplays(t *testing.T, cannery string) {
	t.Parallel()
	origin := httptest.NewServer(httpbin.New(httpbin.WithHostname("bin.test")))
	dir := filepath.Join(t.TempDir(), "fixtures")
	ask := func(args ...string) string {
		args = append(append([]string{"run", "--fixtures", dir}, args...), "--", os.Args[0], "-test.run=^TestAsk$")
		cmd := command(t, cannery, args...)
		cmd.Env = append(cmd.Env, targetsVariable+"="+strings.Join(httpbinTargets, " "))
		// The address that a client sees in links is the proxy's own.
		return withoutPorts(run(t, cmd))
	}
	live := ask("--origin", "httpbin="+origin.URL)
	origin.Close()
	if diff := cmp.Diff(live, ask("--offline")); diff != "" {
		t.Errorf("answers (-live +offline):\n%s", diff)
	}
}

// withoutPorts returns text without the ports of loopback addresses.
func withoutPorts(text string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "127.0.0.1:")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		text = strings.TrimLeft(after, "0123456789")
	}
}

// modulesReplay: the go command downloads a module from recordings.
func modulesReplay(t *testing.T, cannery string) {
	t.Parallel()
	origin := httptest.NewServer(moduleProxy(t))
	dir := filepath.Join(t.TempDir(), "fixtures")
	download := func(args ...string) string {
		t.Helper()
		home := t.TempDir()
		args = append(append([]string{"run", "--fixtures", dir, "--env", "GOPROXY"}, args...), "--",
			"go", "mod", "download", "-json", "lib.test/one@v1.0.0")
		cmd := command(t, cannery, args...)
		cmd.Dir = home
		cmd.Env = append(cmd.Env, "GOSUMDB=off", "GONOPROXY=", "GOPRIVATE=", "GOTOOLCHAIN=local", "GOFLAGS=-modcacherw",
			"GOENV=off", "GOWORK=off", "GOTELEMETRY=off", "GOMODCACHE="+filepath.Join(home, "mod"))
		return strings.ReplaceAll(run(t, cmd), home, "")
	}
	live := download("--origin", "modules="+origin.URL)
	if !strings.Contains(live, `"Sum": "h1:`) {
		t.Errorf("nothing was downloaded:\n%s", live)
	}
	origin.Close()
	if diff := cmp.Diff(live, download("--offline")); diff != "" {
		t.Errorf("downloaded (-live +offline):\n%s", diff)
	}
}

// moduleProxy serves one module by the GOPROXY protocol.
func moduleProxy(t *testing.T) http.Handler {
	t.Helper()
	const module = "lib.test/one@v1.0.0/"
	mod := "module lib.test/one\n\ngo 1.21\n"
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, content := range map[string]string{"go.mod": mod, "one.go": "package one\n\nconst Answer = 1\n"} {
		w, err := z.Create(module + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	served := map[string]string{
		"/lib.test/one/@v/v1.0.0.info": `{"Version": "v1.0.0", "Time": "2026-01-02T03:04:05Z"}`,
		"/lib.test/one/@v/v1.0.0.mod":  mod,
		"/lib.test/one/@v/v1.0.0.zip":  archive.String(),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := served[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, content)
	})
}
