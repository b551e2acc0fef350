package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/cannery/testutil/grpcecho"
	"github.com/coder/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	pb "google.golang.org/grpc/interop/grpc_testing"
)

// A tlsProxy is cannery as another process, which speaks TLS.
type tlsProxy struct {
	url   string
	roots *x509.CertPool // the authority of its run
	stop  func()         // ends it; it is ended with the test in any case
}

// startTLS starts cannery before an origin, for the time of a test.
func startTLS(t *testing.T, args ...string) *tlsProxy {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: other processes are tried without -short")
	}
	dir := t.TempDir()
	authority := filepath.Join(dir, "ca.pem")
	cmd := exec.Command("cannery", append([]string{"start", "--tls", "--ca-file", authority, "--port", "0", "--json", "--log", "off"}, args...)...)
	cmd.Env = append(cmd.Environ(), "XDG_STATE_HOME="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("cannery has ended with %v", err)
		}
	})
	t.Cleanup(stop)
	var banner struct{ URL string }
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&banner); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(authority)
	p := &tlsProxy{banner.URL, x509.NewCertPool(), stop}
	if err != nil || !p.roots.AppendCertsFromPEM(data) {
		t.Fatalf("the authority's certificate cannot be read: %v", err)
	}
	return p
}

// client returns a client that trusts the authority, and nothing else.
func (p *tlsProxy) client(t *testing.T, http2 bool) *http.Client {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: p.roots},
		ForceAttemptHTTP2:     http2,
		ExpectContinueTimeout: time.Minute,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestEverythingGoesOverTLS: what clients of HTTP/1.1 and HTTP/2 do with an origin they
// do with a proxy that speaks TLS.
func TestEverythingGoesOverTLS(t *testing.T) {
	t.Parallel()
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		if r.Method == http.MethodPost {
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprintln(w, n, err)
		} else {
			fmt.Fprint(w, strings.Repeat("0123456789abcdef", 1<<16))
		}
		w.Header().Set("X-Sum", "42")
	}))
	t.Cleanup(origin.Close)
	p := startTLS(t, "--origin", origin.URL)
	for _, major := range []int{1, 2} {
		client := p.client(t, major == 2)
		path := fmt.Sprintf("/%d", major)
		for _, want := range []string{"MISS", "HIT"} {
			res, err := client.Get(p.url + path)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || res.ProtoMajor != major || res.Header.Get("X-Cache") != want || len(body) != 1<<20 || res.Trailer.Get("X-Sum") != "42" {
				t.Errorf("HTTP/%d: %s, %s, %d bytes, trailer %v, error %v", major, res.Proto, res.Header.Get("X-Cache"), len(body), res.Trailer, err)
			}
		}
		req, err := http.NewRequest(http.MethodPost, p.url+path, strings.NewReader(strings.Repeat("x", 3<<20)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Expect", "100-continue")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if string(body) != "3145728 <nil>\n" || err != nil {
			t.Errorf("HTTP/%d: content was received as %q, %v", major, body, err)
		}
	}
}

// TestGRPCGoesOverTLS: clients of gRPC have TLS by default, whatever the origin has.
func TestGRPCGoesOverTLS(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterTestServiceServer(server, grpcecho.Service{})
	go server.Serve(l)
	t.Cleanup(server.Stop)
	p := startTLS(t, "--origin", "h2c://"+l.Addr().String())
	conn, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(p.url, "https://"), grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(p.roots, "")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	client := pb.NewTestServiceClient(conn)
	payload := &pb.Payload{Body: []byte("hello")}
	res, err := client.UnaryCall(t.Context(), &pb.SimpleRequest{Payload: payload})
	if err != nil || string(res.GetPayload().GetBody()) != "hello" {
		t.Errorf("one message: %v, %v", res, err)
	}
	stream, err := client.FullDuplexCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		err := stream.Send(&pb.StreamingOutputCallRequest{Payload: payload})
		if err == nil {
			_, err = stream.Recv()
		}
		if err != nil {
			t.Fatalf("a conversation: %v", err)
		}
	}
	_ = stream.CloseSend()
	if _, err := stream.Recv(); err != io.EOF {
		t.Errorf("a conversation has ended with %v", err)
	}
}

// saysHello has a WebSocket, which is answered so, say again what it hears, and close.
func (p *tlsProxy) saysHello(t *testing.T, cache string) {
	t.Helper()
	conn, res, err := websocket.Dial(t.Context(), "wss"+strings.TrimPrefix(p.url, "https"), &websocket.DialOptions{HTTPClient: p.client(t, false)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, message, err := conn.Read(t.Context()); err != nil || string(message) != "hello" || res.Header.Get("X-Cache") != cache {
		t.Errorf("%q, %v, %s", message, err, res.Header.Get("X-Cache"))
	}
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("it has ended with %v", err)
	}
}

// TestWebSocketsGoOverTLS: wss, which is HTTP/1.1, live and in the replay.
func TestWebSocketsGoOverTLS(t *testing.T) {
	t.Parallel()
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		kind, message, err := conn.Read(r.Context())
		if err == nil {
			_ = conn.Write(r.Context(), kind, message)
			conn.Close(websocket.StatusNormalClosure, "")
		}
	}))
	t.Cleanup(origin.Close)
	dir := filepath.Join(t.TempDir(), "fixtures")
	live := startTLS(t, "--origin", "api="+origin.URL, "--fixtures", dir)
	live.saysHello(t, "MISS")
	live.stop()
	origin.Close()
	startTLS(t, "--offline", "--fixtures", dir).saysHello(t, "HIT")
}

// TestLeavesAreForWhatClientsCallIt: those that send no name as well, as for an address
// nobody does, and Java does not for "localhost".
func TestLeavesAreForWhatClientsCallIt(t *testing.T) {
	t.Parallel()
	p := startTLS(t, "--offline", "--host", "0.0.0.0")
	address := strings.TrimPrefix(p.url, "https://")
	if !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("its URL is %s", p.url)
	}
	for _, c := range []struct{ sent, called string }{
		{"", "127.0.0.1"},
		{"", "::1"},
		{"", "localhost"},
		{"localhost", "localhost"},
		{"box.lan", "box.lan"},
	} {
		conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: c.sent, InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		leaf := conn.ConnectionState().PeerCertificates[0]
		conn.Close()
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: p.roots}); err != nil {
			t.Error(err)
		}
		if err := leaf.VerifyHostname(c.called); err != nil {
			t.Errorf("a client that sends the name %q and calls it %s: %v", c.sent, c.called, err)
		}
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if answer, err := io.ReadAll(conn); err != nil || !strings.Contains(string(answer), "400 Bad Request") || !strings.Contains(string(answer), "HTTP request to an HTTPS server") {
		t.Errorf("plain HTTP is answered %q, %v", answer, err)
	}
}
