package replay_test

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

// endless is a service whose stream says something and goes on, until the server dies.
var endless = grpc.ServiceDesc{
	ServiceName: "endless.Endless",
	HandlerType: (*any)(nil),
	Streams:     []grpc.StreamDesc{slowStream("Watch", 1)},
}

// TestACallWhoseOriginDiesIsUnavailable: a client that asks the origin itself sees its
// connection end, and says so.
func TestACallWhoseOriginDiesIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"h2c", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			b := setUpGRPCWith(t, scheme, func(s *grpc.Server) { s.RegisterService(&endless, nil) }, nil)
			client := b.client(t)
			both, err := client.FullDuplexCall(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := both.Send(&pb.StreamingOutputCallRequest{Payload: payload("a")}); err != nil {
				t.Fatal(err)
			}
			if _, err := both.Recv(); err != nil {
				t.Fatal(err)
			}
			watch := b.watch(t)
			b.server.Stop() // closes its connections
			if _, err := both.Recv(); status.Code(err) != codes.Unavailable {
				t.Errorf("a stream of both sides ended with %v", err)
			}
			if err := watch.RecvMsg(&pb.Empty{}); status.Code(err) != codes.Unavailable {
				t.Errorf("a stream of the server's ended with %v", err)
			}
			for rec, err := range b.store.Recordings(t.Context()) {
				t.Errorf("it is recorded: %+v, %v", rec, err)
			}
		})
	}
}

// watch begins a call of endless, of which one message has come.
func (b *bench) watch(t *testing.T) grpc.ClientStream {
	t.Helper()
	conn := b.conn(t)
	stream, err := conn.NewStream(t.Context(), &endless.Streams[0], "/endless.Endless/Watch")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg(&pb.Empty{}); err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(&pb.Empty{}); err != nil {
		t.Fatal(err)
	}
	return stream
}
