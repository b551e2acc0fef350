package tunnel_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"example.com/cannery/testutil/grpcecho"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
)

// calls makes calls of three kinds, and returns what is said to them.
func (b *bench) calls(t *testing.T, host string, trust credentials.TransportCredentials) string {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+host, grpc.WithTransportCredentials(trust),
		grpc.WithContextDialer(func(_ context.Context, address string) (net.Conn, error) { return b.connect(t, address), nil }))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client, payload := pb.NewTestServiceClient(conn), &pb.Payload{Body: []byte(strings.Repeat("hello ", 1000))}
	var said strings.Builder
	res, err := client.UnaryCall(t.Context(), &pb.SimpleRequest{Payload: payload})
	fmt.Fprintln(&said, "unary", len(res.GetPayload().GetBody()), err)
	_, err = client.UnaryCall(t.Context(), &pb.SimpleRequest{ResponseStatus: &pb.EchoStatus{Code: 5, Message: "no such thing"}})
	fmt.Fprintln(&said, "error", err)
	down, err := client.StreamingOutputCall(t.Context(), &pb.StreamingOutputCallRequest{Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	for {
		message, err := down.Recv()
		fmt.Fprintln(&said, "server stream", len(message.GetPayload().GetBody()), err)
		if err != nil {
			break
		}
	}
	both, err := client.FullDuplexCall(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := both.Send(&pb.StreamingOutputCallRequest{Payload: payload}); err != nil {
			break // which Recv says why
		}
	}
	both.CloseSend()
	for {
		message, err := both.Recv()
		fmt.Fprintln(&said, "both", len(message.GetPayload().GetBody()), err)
		if err != nil {
			break
		}
	}
	return said.String()
}

// TestGRPCIsRecordedAndReplayed: with TLS and without, by grpc-go's own client and server.
func TestGRPCIsRecordedAndReplayed(t *testing.T) {
	server := grpc.NewServer()
	pb.RegisterTestServiceServer(server, grpcecho.Service{})
	defer server.Stop()
	serve := http.HandlerFunc(server.ServeHTTP)
	b := setUp(t, nil)
	secured := b.host(t, "https://api.example.com", serve)
	plain := b.host(t, "h2c://plain.example.com:50051", serve)
	said := map[string]string{}
	check := func(b *bench) {
		for host, trust := range map[string]credentials.TransportCredentials{
			"api.example.com:443":     credentials.NewTLS(&tls.Config{RootCAs: b.roots}),
			"plain.example.com:50051": insecure.NewCredentials(),
		} {
			got := b.calls(t, host, trust)
			if said[host] == "" {
				said[host] = got
			}
			if got != said[host] || strings.Count(got, "6000 <nil>") != 9 || strings.Count(got, "EOF") != 2 || !strings.Contains(got, "NotFound desc = no such thing") {
				t.Errorf("%s:\n%s\nwant:\n%s", host, got, said[host])
			}
		}
	}
	check(b)
	secured.Close()
	plain.Close()
	off := b.goOffline(t, nil)
	check(off)
	if stats := off.proxy.Stats(); stats.Hits != 8 || stats.Misses != 0 {
		t.Errorf("offline: %+v", stats)
	}
}
