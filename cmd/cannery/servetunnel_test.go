package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/cannery/replay/authority"
	"example.com/cannery/replay/tunnel"
)

// A slowHandler answers what comes through tunnels in two parts.
type slowHandler struct {
	http.Handler
	began, release chan bool
}

func (h *slowHandler) ServeHost(w http.ResponseWriter, r *http.Request, _ *url.URL) {
	fmt.Fprint(w, "first ")
	w.(http.Flusher).Flush()
	h.began <- true
	<-h.release
	fmt.Fprint(w, "last")
}

func (h *slowHandler) Refuse(http.ResponseWriter, *http.Request, error) {}

// TestWhatIsUnderWayInATunnelIsFinished: by the first signal, which waits neither for
// tunnels in which nothing was said nor for those that are kept; a second cuts it short.
func TestWhatIsUnderWayInATunnelIsFinished(t *testing.T) {
	for _, patient := range []bool{true, false} {
		for _, protocol := range []string{"http/1.1", "h2"} {
			t.Run(fmt.Sprint(protocol, patient), func(t *testing.T) {
				signer, err := authority.New()
				if err != nil {
					t.Fatal(err)
				}
				handler := &slowHandler{began: make(chan bool), release: make(chan bool)}
				stop := make(chan os.Signal, 2)
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				proxy := &front{Proxy: &tunnel.Proxy{Handler: handler, Authority: signer}}
				server := newServer(proxy, stop, func(text string) { t.Log(text) })
				server.take(proxy)
				served := make(chan error, 1)
				go func() { served <- server.serve(t.Context(), l) }()

				enter := func() net.Conn {
					conn, err := net.Dial("tcp", l.Addr().String())
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { conn.Close() })
					conn.SetDeadline(time.Now().Add(20 * time.Second))
					fmt.Fprint(conn, "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")
					res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "CONNECT"})
					if err != nil || res.StatusCode != 200 {
						t.Fatalf("%v, %v", res, err)
					}
					return conn
				}
				roots := x509.NewCertPool()
				roots.AddCert(signer.Certificate())
				enter() // and say nothing
				client := &http.Client{Transport: &http.Transport{
					ForceAttemptHTTP2: protocol == "h2", TLSClientConfig: &tls.Config{RootCAs: roots},
					DialContext: func(context.Context, string, string) (net.Conn, error) { return enter(), nil },
				}}
				defer client.CloseIdleConnections()
				type answer struct {
					body string
					err  error
				}
				answered := make(chan answer, 1)
				go func() {
					res, err := client.Get("https://api.example.com/")
					if err != nil {
						answered <- answer{"", err}
						return
					}
					defer res.Body.Close()
					body, err := io.ReadAll(res.Body)
					answered <- answer{string(body), err}
				}()
				<-handler.began
				stop <- syscall.SIGTERM
				if !patient {
					stop <- syscall.SIGTERM
				}
				if patient {
					handler.release <- true
					if got := <-answered; got.err != nil || got.body != "first last" {
						t.Errorf("%q, %v", got.body, got.err)
					}
				} else if got := <-answered; got.err == nil {
					t.Errorf("whole after the second signal: %q", got.body)
				}
				select {
				case err := <-served:
					if patient && err != nil || !patient && (err == nil || !strings.Contains(err.Error(), "cut short")) {
						t.Errorf("served: %v", err)
					}
				case <-time.After(8 * time.Second):
					t.Error("a silent tunnel holds the stop up")
				}
				close(handler.release)
			})
		}
	}
}
