package replay_test

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mccutchen/go-httpbin/v2/httpbin"

	"example.com/cannery/recorder"
)

// httpbinTargets are answered the same to whoever asks whenever.
var httpbinTargets = []string{
	"/", "/get?a=1&b=2&a=3", "/headers", "/user-agent", "/ip", "/anything/a%2Fb/c?x=%20", "/dump/request", "/hostname",
	"/gzip", "/deflate", "/encoding/utf8", "/json", "/html", "/xml", "/robots.txt", "/deny", "/forms/post", "/env", "/version",
	"/image/png", "/image/jpeg", "/image/webp", "/image/svg", "/base64/aGVsbG8gd29ybGQ=", "/base64/encode/hello", "/base64/not-base64%21",
	"/bytes/1024?seed=1", "/bytes/100000?seed=2", "/stream-bytes/5000?seed=3&chunk_size=1000", "/range/1024", "/links/5/0",
	"/stream/5", "/drip?delay=0&duration=50ms&numbytes=5", "/drip?delay=0&duration=1ms&numbytes=3&code=404", "/delay/50ms",
	"/trailers?X-One=1&X-Two=2&X-One=3", "/trailers", "/cache/60", "/response-headers?X-One=1&X-One=2&X-Two=b", "/cookies",
	"/cookies/set?a=1", "/redirect/2", "/relative-redirect/2", "/absolute-redirect/2", "/links/5",
	"/redirect-to?url=%2Fget&status_code=307", "/redirect-to?url=http%3A%2F%2Felsewhere.test%2F", "/basic-auth/user/password", "/bearer",
	"/status/200", "/status/201", "/status/204", "/status/301", "/status/400", "/status/402", "/status/404", "/status/410", "/status/418", "/status/451",
	"/post", "/no/such/page",
}

// httpbinOnce are answered differently every time.
var httpbinOnce = []string{
	"/uuid", "/bytes/1024", "/cookies/set?a=1&b=2", "/cookies/delete?a=", "/cache", "/etag/x", "/sse?count=3&duration=30ms", "/jsonl?count=3&duration=30ms", "/digest-auth/auth/user/password", "/stream-bytes/100000",
}

// httpbinBypassed are not recorded in live mode.
var httpbinBypassed = []string{"/status/304", "/status/407", "/status/429", "/status/500", "/status/503", "/unstable?failure_rate=1"}

// A httpbinBench is a bench before a real origin, by one version of HTTP
// upstream and one downstream.
type httpbinBench struct {
	*bench
	client *http.Client // of the proxy
	direct *http.Client // of the origin
	down   int          // the client's major version of HTTP
	other  atomic.Int64 // requests that reached the origin by the wrong version
}

// setUpHTTPBin starts go-httpbin with HTTP/1.1 or, over TLS, HTTP/2.
func setUpHTTPBin(t *testing.T, up, down int) *httpbinBench {
	t.Helper()
	h := &httpbinBench{bench: setUp(t, http.NotFound, nil), down: down}
	bin := httpbin.New(httpbin.WithHostname("bin.test"))
	h.origin = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != up {
			h.other.Add(1)
		}
		bin.ServeHTTP(w, r)
	}))
	if up == 2 {
		h.origin.EnableHTTP2 = true
		h.origin.StartTLS()
	} else {
		h.origin.Start()
	}
	t.Cleanup(h.origin.Close)
	h.direct = h.origin.Client()
	h.direct.Transport.(*http.Transport).DisableCompression = true
	h.direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	h.front(t, h.origin.URL, func(b *bench) {
		if up == 2 {
			pool := x509.NewCertPool()
			pool.AddCert(h.origin.Certificate())
			transport := recorder.NewTransport(recorder.TransportConfig{RootCAs: pool})
			t.Cleanup(transport.CloseIdleConnections)
			b.recorder.Transport = transport
		}
	})
	transport := &http.Transport{DisableCompression: true, Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(down == 1)
	transport.Protocols.SetUnencryptedHTTP2(down == 2)
	t.Cleanup(transport.CloseIdleConnections)
	h.client = &http.Client{Transport: transport, CheckRedirect: h.direct.CheckRedirect}
	return h
}

// ask gets a target and notes a wrong version of HTTP.
func (h *httpbinBench) ask(t *testing.T, client *http.Client, base, target string) answer {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, base+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "cannery-test")
	req.Header.Set("Accept", "*/*")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("GET %s: read the content: %v", target, err)
	}
	if client == h.client && res.ProtoMajor != h.down {
		t.Errorf("GET %s: answered by %s, want HTTP/%d", target, res.Proto, h.down)
	}
	return answer{res.StatusCode, res.Header, string(content), res.Trailer}
}

// sameAnswer compares everything but X-Cache, and what else is left out.
func sameAnswer(t *testing.T, what string, want, got answer, without ...string) {
	t.Helper()
	want.header, got.header = want.header.Clone(), got.header.Clone()
	for _, name := range append(without, "X-Cache") {
		delete(want.header, name)
		delete(got.header, name)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
		t.Errorf("%s (-want +got):\n%.3000s", what, diff)
	}
}

// TestHTTPBinIsRecordedAndReplayed has a real origin answer by each version of
// HTTP: a MISS is what the origin answers, and its HIT is the same.
func TestHTTPBinIsRecordedAndReplayed(t *testing.T) {
	t.Parallel()
	for _, up := range []int{1, 2} {
		for _, down := range []int{1, 2} {
			t.Run(fmt.Sprintf("HTTP%d to HTTP%d", down, up), func(t *testing.T) {
				t.Parallel()
				h := setUpHTTPBin(t, up, down)
				for _, target := range httpbinTargets {
					h.recordAndReplay(t, target, true)
				}
				for _, target := range httpbinOnce {
					h.recordAndReplay(t, target, false)
				}
				for _, target := range httpbinBypassed {
					for range 2 {
						if a := h.ask(t, h.client, h.URL, target); a.cache() != "BYPASS" {
							t.Errorf("%s: %d %s, want BYPASS", target, a.status, a.cache())
						}
					}
				}
				if n := h.other.Load(); n > 0 {
					t.Errorf("%d requests reached the origin by another version than HTTP/%d", n, up)
				}
				h.replayWithoutOrigin(t)
			})
		}
	}
}

// recordAndReplay asks for a target twice, and the origin itself when its
// answer is always the same.
func (h *httpbinBench) recordAndReplay(t *testing.T, target string, always bool) {
	t.Helper()
	miss := h.ask(t, h.client, h.URL, target)
	hit := h.ask(t, h.client, h.URL, target)
	if miss.cache() != "MISS" || hit.cache() != "HIT" {
		t.Errorf("%s: %d %s, then %d %s", target, miss.status, miss.cache(), hit.status, hit.cache())
	}
	sameAnswer(t, target+": HIT", miss, hit)
	if !always {
		return
	}
	direct := h.ask(t, h.direct, h.origin.URL, target)
	for i, location := range direct.header["Location"] {
		direct.header["Location"][i] = strings.Replace(location, h.origin.URL, h.URL, 1)
	}
	for i, cookie := range direct.header["Set-Cookie"] {
		// The client speaks plain HTTP and would refuse it.
		direct.header["Set-Cookie"][i] = strings.Replace(cookie, "; Secure", "", 1)
	}
	if body := strings.ReplaceAll(direct.body, h.origin.URL, h.URL); body != direct.body {
		direct.body = body
		if direct.header["Content-Length"] != nil {
			direct.header.Set("Content-Length", strconv.Itoa(len(body)))
		}
	}
	sameAnswer(t, target+": MISS", direct, miss, "Date")
}

// replayWithoutOrigin takes the origin away and asks for everything once more,
// with redirects followed.
func (h *httpbinBench) replayWithoutOrigin(t *testing.T) {
	t.Helper()
	following := &http.Client{Transport: h.client.Transport}
	chains := []string{"/redirect/2", "/relative-redirect/2", "/absolute-redirect/2", "/cookies/set?a=1&b=2", "/links/5"}
	for _, target := range chains {
		h.ask(t, following, h.URL, target)
	}
	closed := h.closeOrigin()
	for _, target := range chains {
		if a := h.ask(t, following, h.URL, target); a.status != http.StatusOK || a.cache() != "HIT" {
			t.Errorf("%s, redirects followed: %d %s", target, a.status, a.cache())
		}
	}
	for _, target := range append(httpbinTargets, httpbinOnce...) {
		h.ask(t, h.client, h.URL, target)
	}
	h.onlyHits(t, closed)
}
