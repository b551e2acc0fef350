package replay_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/cannery/recorder"
)

// TestRefusedUploadIsAnsweredAtOnce has an origin refuse an upload that it has
// not read, of which the client has more to send but waits.
func TestRefusedUploadIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/post", "/bypass"} {
		for _, downstream := range []string{"HTTP/1.1", "h2c"} {
			for _, upstream := range []string{"HTTP/1.1", "HTTP/2"} {
				t.Run(target+" "+downstream+" "+upstream, func(t *testing.T) {
					t.Parallel()
					refuse := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						status := http.StatusMethodNotAllowed
						if r.URL.Path == "/bypass" {
							status = http.StatusInternalServerError
						}
						http.Error(w, "refused", status)
					})
					origin := httptest.NewUnstartedServer(refuse)
					origin.EnableHTTP2 = upstream == "HTTP/2"
					origin.StartTLS()
					t.Cleanup(origin.Close)
					b := setUp(t, http.NotFound, nil)
					b.front(t, origin.URL, func(b *bench) {
						transport := recorder.NewTransport(recorder.TransportConfig{})
						transport.TLSClientConfig = origin.Client().Transport.(*http.Transport).TLSClientConfig
						t.Cleanup(transport.CloseIdleConnections)
						b.recorder.Transport = transport
					})
					client := &http.Transport{Protocols: new(http.Protocols)}
					client.Protocols.SetHTTP1(downstream == "HTTP/1.1")
					client.Protocols.SetUnencryptedHTTP2(downstream == "h2c")
					t.Cleanup(client.CloseIdleConnections)

					more, send := io.Pipe()
					body := io.MultiReader(strings.NewReader(strings.Repeat("x", 300_000)), more)
					req, err := http.NewRequest("POST", b.URL+target, body)
					if err != nil {
						t.Fatal(err)
					}
					began := time.Now()
					res, err := client.RoundTrip(req)
					if err != nil {
						t.Fatal(err)
					}
					text, err := io.ReadAll(res.Body)
					took := time.Since(began)
					send.Close() // Go's own client waits for it when the answer is closed
					res.Body.Close()
					if err != nil || string(text) != "refused\n" {
						t.Errorf("%d %q %v", res.StatusCode, text, err)
					}
					if took > 10*time.Second {
						t.Errorf("answered after %v", took)
					}
				})
			}
		}
	}
}
