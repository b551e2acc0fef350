package testutil_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"

	"example.com/cannery/testutil"
	"example.com/cannery/testutil/grpcecho"
)

// recordedAt is hello for an origin.
func recordedAt(origin, path, text string) string {
	return strings.Replace(hello(path, text), `{"method"`, fmt.Sprintf(`{"origin": %q, "method"`, origin), 1)
}

// A counted is an origin that says how it was asked, and counts that.
type counted struct {
	*httptest.Server
	asked atomic.Int64
}

func startCounted(t *testing.T, secure bool) *counted {
	t.Helper()
	c := new(counted)
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.asked.Add(1)
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, r.Proto, " ", r.Method, " ", r.URL, " ", string(body))
	}))
	c.Config.Protocols = new(http.Protocols)
	c.Config.Protocols.SetHTTP1(true)
	c.Config.Protocols.SetHTTP2(true)
	c.Config.Protocols.SetUnencryptedHTTP2(true)
	c.EnableHTTP2 = true
	if secure {
		c.StartTLS()
	} else {
		c.Start()
	}
	t.Cleanup(c.Close)
	return c
}

// trusting returns the authorities that sign what origins of httptest show.
func trusting(t *testing.T) *x509.CertPool {
	t.Helper()
	lender := httptest.NewTLSServer(nil)
	defer lender.Close()
	pool := x509.NewCertPool()
	pool.AddCert(lender.Certificate())
	return pool
}

// TestAnyHostIsAnswered: names and addresses that are nobody's, on any port, in
// HTTP/1.1 and HTTP/2.
func TestAnyHostIsAnswered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	origins := []string{"https://api.example.com", "http://api.example.com", "https://api.example.com:8443", "http://localhost:1", "https://192.0.2.1", "https://[2001:db8::1]:444"}
	for i, origin := range origins {
		fixture(t, dir, fmt.Sprint(i, ".json"), recordedAt(origin, "/x", origin))
	}
	client := testutil.Client(t, dir)
	for _, origin := range origins {
		if status, body := get(t, client, origin+"/x"); status != 200 || body != origin {
			t.Errorf("%s: %d %q", origin, status, body)
		}
	}
	for _, http2 := range []bool{true, false} {
		transport := testutil.Transport(t, dir)
		if !http2 { // a clone would offer HTTP/2 all the same
			transport = &http.Transport{DialContext: transport.DialContext, TLSClientConfig: transport.TLSClientConfig}
		}
		res, err := transport.RoundTrip(httptest.NewRequest("GET", "https://api.example.com/x", nil))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if want := map[bool]int{true: 2, false: 1}[http2]; res.ProtoMajor != want {
			t.Errorf("spoken was %s, want HTTP/%d", res.Proto, want)
		}
		transport.CloseIdleConnections()
	}
}

func TestAnyHostIsRecordedAndReplayed(t *testing.T) {
	secure, plain := startCounted(t, true), startCounted(t, false)
	config := testutil.Config{Dir: filepath.Join(t.TempDir(), "new"), OriginCA: trusting(t), FailUnused: true}
	said := map[string]string{}
	var mu sync.Mutex
	test := func(f *fakeTest) {
		client := config.StartProxy(f).Client()
		for _, at := range []string{secure.URL, plain.URL} {
			_, got := get(f, client, at+"/a?b=c")
			res, err := client.Post(at+"/post", "text/plain", strings.NewReader(f.Name()))
			if err != nil {
				f.Errorf("%v", err)
				return
			}
			more, _ := io.ReadAll(res.Body)
			res.Body.Close()
			got += string(more)
			mu.Lock()
			if was := said[f.Name()+at]; was != "" && was != got {
				f.Errorf("replayed %q, recorded %q", got, was)
			}
			said[f.Name()+at] = got
			mu.Unlock()
			if !strings.Contains(got, "POST /post "+f.Name()) {
				f.Errorf("%q", got)
			}
		}
	}
	both := func() {
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() { run(t, fmt.Sprint("TestAny/", i), test).wantErrors(t) })
		}
		all.Wait()
	}
	recordNow(t, true)
	both()
	recorded := secure.asked.Load() + plain.asked.Load()
	if recorded != 24 {
		t.Errorf("the origins were asked %d times", recorded)
	}
	recordNow(t, false)
	both()
	both()
	if n := secure.asked.Load() + plain.asked.Load(); n != recorded {
		t.Errorf("the origins were asked %d times to replay", n-recorded)
	}
	// Who records anew replaces what he has recorded, of whatever host.
	recordNow(t, true)
	one := testutil.Config{Dir: config.Dir, OriginCA: config.OriginCA}
	run(t, "TestAny/0", func(f *fakeTest) { get(f, one.StartProxy(f).Client(), plain.URL+"/other") }).wantErrors(t)
	recordNow(t, false)
	run(t, "TestAny/0", func(f *fakeTest) {
		client := one.StartProxy(f).Client()
		get(f, client, plain.URL+"/other")
		get(f, client, secure.URL+"/a?b=c")
	}).wantErrors(t, "GET /a?b=c is recorded in session")
}

// TestAMissOfAnyHostFailsItsTest: once, with the host, and what to type.
func TestAMissOfAnyHostFailsItsTest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fixture(t, dir, "a.json", recordedAt("https://api.example.com", "/x?lang=en", "a"))
	f := run(t, "TestX", func(f *fakeTest) {
		client := testutil.Client(f, dir)
		for range 2 {
			if status, _ := get(f, client, "https://api.example.com/x?lang=de"); status != http.StatusFailedDependency {
				t.Errorf("status %d", status)
			}
		}
		get(f, client, "https://other.example.com/x")
	})
	f.wantErrors(t, "/x?lang=de is not recorded", "other.example.com")
	for _, part := range []string{"nearest recording", "+ en", "CANNERY_RECORD=1 go test -run '^TestX$'"} {
		if !strings.Contains(f.errors[0], part) {
			t.Errorf("there is no %q in the explanation:\n%s", part, f.errors[0])
		}
	}
	if strings.Contains(f.errors[0]+f.errors[1], "set the Origin") {
		t.Errorf("an origin is asked for where none is needed:\n%s\n%s", f.errors[0], f.errors[1])
	}
	run(t, "TestNew", func(f *fakeTest) { testutil.Client(f, filepath.Join(dir, "none")) }).
		wantErrors(t, "there is no such directory: CANNERY_RECORD=1 go test -run '^TestNew$'")
}

// TestSessionsOfAnyHostDoNotDisturbEachOther: each has its takes for itself.
func TestSessionsOfAnyHostDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 3 {
		fixture(t, dir, fmt.Sprintf("a.%d.json", i+1), recordedAt("https://api.example.com", "/a", fmt.Sprint(i)))
	}
	s := testutil.Config{Dir: dir}.StartProxy(t)
	for i := range 20 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			client := s.Session(t).Client()
			for take := range 3 {
				if _, body := get(t, client, "https://api.example.com/a"); body != fmt.Sprint(take) {
					t.Errorf("take %d is %q", take, body)
				}
			}
		})
	}
}

// TestAnOriginKeepsItsName: on a port that is another one each time, by its URL of now.
func TestAnOriginKeepsItsName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	test := func(origin string) *fakeTest {
		return run(t, "TestIt", func(f *fakeTest) {
			s := testutil.Config{Dir: dir, Origin: origin, OriginName: "notes"}.StartProxy(f)
			get(f, s.Client(), origin+"/x")
		})
	}
	recordNow(t, true)
	test(startCounted(t, false).URL).wantErrors(t)
	recordNow(t, false)
	test("http://127.0.0.1:1").wantErrors(t)
}

// TestAHostThatIsDownRecordsNothing: whatever the test makes of the 502.
func TestAHostThatIsDownRecordsNothing(t *testing.T) {
	up, down := startCounted(t, false), startCounted(t, false)
	down.Close()
	recordNow(t, true)
	dir := filepath.Join(t.TempDir(), "new")
	run(t, "TestIt", func(f *fakeTest) {
		client := testutil.Client(f, dir)
		get(f, client, up.URL)
		get(f, client, down.URL)
	}).wantErrors(t, "nothing was recorded")
	run(t, "TestIt", func(f *fakeTest) {
		testutil.Client(f, dir)
		testutil.Config{Dir: dir, Origin: "http://localhost"}.Start(f)
	}).wantErrors(t, "another Start records the same test")
}

// TestAWebSocketIsRecordedAndReplayed: wss, message by message.
func TestAWebSocketIsRecordedAndReplayed(t *testing.T) {
	origin := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		kind, message, err := conn.Read(r.Context())
		if err == nil {
			_ = conn.Write(r.Context(), kind, message)
		}
		conn.Close(websocket.StatusNormalClosure, "")
	}))
	t.Cleanup(origin.Close)
	config := testutil.Config{Dir: t.TempDir(), OriginCA: trusting(t)}
	test := func(f *fakeTest) error {
		conn, _, err := websocket.Dial(t.Context(), strings.Replace(origin.URL, "https:", "wss:", 1), &websocket.DialOptions{HTTPClient: config.StartProxy(f).Client()})
		if err != nil {
			return err
		}
		defer conn.CloseNow()
		if err := conn.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
			return err
		}
		if _, message, err := conn.Read(t.Context()); err != nil || string(message) != "hello" {
			return fmt.Errorf("%q, %w", message, err)
		}
		return nil
	}
	recordNow(t, true)
	run(t, "TestIt", func(f *fakeTest) {
		if err := test(f); err != nil {
			t.Error(err)
		}
	}).wantErrors(t)
	recordNow(t, false)
	origin.Close()
	run(t, "TestIt", func(f *fakeTest) {
		if err := test(f); err != nil {
			t.Error(err)
		}
	}).wantErrors(t)
}

// TestGRPCIsRecordedAndReplayed: over TLS and without, by the dialler of a Transport.
func TestGRPCIsRecordedAndReplayed(t *testing.T) {
	lender := httptest.NewTLSServer(nil) // of its certificate
	t.Cleanup(lender.Close)
	for name, options := range map[string][]grpc.ServerOption{"TLS": {grpc.Creds(credentials.NewServerTLSFromCert(&lender.TLS.Certificates[0]))}, "plain": nil} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := grpc.NewServer(options...)
			pb.RegisterTestServiceServer(server, grpcecho.Service{})
			go server.Serve(listener)
			t.Cleanup(server.Stop)
			config := testutil.Config{Dir: filepath.Join(t.TempDir(), "new"), OriginCA: trusting(t), FailUnused: true}
			test := func(f *fakeTest) {
				through := config.StartProxy(f).Transport()
				trust := insecure.NewCredentials()
				if options != nil {
					trust = credentials.NewTLS(through.TLSClientConfig)
				}
				conn, err := grpc.NewClient("passthrough:///"+listener.Addr().String(), grpc.WithTransportCredentials(trust),
					grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
						return through.DialContext(ctx, "tcp", address)
					}))
				if err != nil {
					f.Fatal(err)
				}
				defer conn.Close()
				if err := callGRPC(t.Context(), pb.NewTestServiceClient(conn)); err != nil {
					f.Errorf("%v", err)
				}
			}
			recordNow(t, true)
			run(t, "TestIt", test).wantErrors(t)
			server.Stop()
			recordNow(t, false)
			run(t, "TestIt", test).wantErrors(t)
		})
	}
}

// callGRPC calls both kinds, and says what is not as it should be.
func callGRPC(ctx context.Context, client pb.TestServiceClient) error {
	payload := &pb.Payload{Body: []byte("hello")}
	res, err := client.UnaryCall(ctx, &pb.SimpleRequest{Payload: payload})
	if err != nil || string(res.GetPayload().GetBody()) != "hello" {
		return fmt.Errorf("%q, %w", res.GetPayload().GetBody(), err)
	}
	stream, err := client.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	for range 3 {
		if err := stream.Send(&pb.StreamingOutputCallRequest{Payload: payload}); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for n := 0; ; n++ {
		message, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && n == 3:
			return nil
		case err != nil:
			return fmt.Errorf("after %d messages: %w", n, err)
		case string(message.GetPayload().GetBody()) != "hello":
			return fmt.Errorf("%q", message.GetPayload().GetBody())
		}
	}
}
