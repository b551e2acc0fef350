package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/reflection"

	"example.com/cannery/testutil/grpcecho"
)

// calls makes a call of one message and a conversation, and returns what is said to them.
func (p *tlsProxy) calls(t *testing.T) string {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(p.url, "https://"), grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(p.roots, "")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := pb.NewTestServiceClient(conn)
	var said strings.Builder
	res, err := client.UnaryCall(t.Context(), &pb.SimpleRequest{Payload: &pb.Payload{Body: []byte("hello")}, ResponseSize: 7})
	fmt.Fprintln(&said, string(res.GetPayload().GetBody()), err)
	stream, err := client.FullDuplexCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := stream.Send(&pb.StreamingOutputCallRequest{Payload: &pb.Payload{Body: []byte(text)}}); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		answer, err := stream.Recv()
		fmt.Fprintln(&said, string(answer.GetPayload().GetBody()), err)
	}
	_ = stream.CloseSend()
	_, err = stream.Recv()
	fmt.Fprintln(&said, err)
	return said.String()
}

// TestGRPCFixturesAreReadable: a service is known by its origin's reflection, which is kept
// with the fixtures; they are replayed without the origin, on another port, and recorded
// again without a change.
func TestGRPCFixturesAreReadable(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "fixtures")
	record := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := grpc.NewServer()
		pb.RegisterTestServiceServer(server, grpcecho.Service{})
		reflection.Register(server)
		go server.Serve(l)
		defer server.Stop()
		p := startTLS(t, "--record", "--origin", "api=h2c://"+l.Addr().String(), "--fixtures", dir)
		defer p.stop()
		return p.calls(t)
	}
	said := record()
	if want := "hello <nil>\none <nil>\ntwo <nil>\nEOF\n"; said != want {
		t.Errorf("live: %q, not %q", said, want)
	}
	first := fixtureTexts(t, dir)
	if !strings.Contains(first["cannery.protoset"], "TestService") {
		t.Error("the set has no types of messages")
	}
	var all strings.Builder
	for name, text := range first {
		if strings.HasSuffix(name, ".json") {
			all.WriteString(text)
		}
	}
	if !strings.Contains(all.String(), "\"responseSize\": 7") || !strings.Contains(all.String(), `{"from": "client", "json": {"payload": {"body": "b25l"}}}`) {
		t.Errorf("the fixtures are not readable:\n%s", all.String())
	}
	offline := startTLS(t, "--offline", "--fixtures", dir)
	if got := offline.calls(t); got != said {
		t.Errorf("offline: %q", got)
	}
	offline.stop()
	if again := record(); again != said {
		t.Errorf("again: %q", again)
	}
	if diff := cmp.Diff(first, fixtureTexts(t, dir)); diff != "" {
		t.Errorf("recorded again (-first +second)\n%s", diff)
	}
}

// fixtureTexts returns what is in a directory, but for what git does not see.
func fixtureTexts(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			if e != nil && e.Name() == ".cannery" {
				return fs.SkipDir
			}
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
