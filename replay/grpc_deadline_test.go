package replay_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

// slow is a service whose streams say something and then take longer than any client
// waits.
var slow = grpc.ServiceDesc{
	ServiceName: "slow.Slow",
	HandlerType: (*any)(nil),
	Streams:     []grpc.StreamDesc{slowStream("Silent", 0), slowStream("Watch", 2)},
}

func slowStream(name string, messages int) grpc.StreamDesc {
	return grpc.StreamDesc{StreamName: name, ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
		if err := stream.RecvMsg(&pb.Empty{}); err != nil {
			return err
		}
		for range messages {
			if err := stream.SendMsg(&pb.Empty{}); err != nil {
				return err
			}
		}
		<-stream.Context().Done()
		return stream.Context().Err()
	}}
}

// TestACallWhoseTimeIsOverIsRecorded as its client saw it end, whoever was first: the
// client, which leaves, or the server, which resets the call or says a status.
func TestACallWhoseTimeIsOverIsRecorded(t *testing.T) {
	t.Parallel()
	recorded := make(chan struct{}, 8)
	b := setUpGRPCWith(t, "h2c", func(s *grpc.Server) { s.RegisterService(&slow, nil) }, func(b *bench) {
		b.recorder.Recorded = func() { recorded <- struct{}{} }
	})
	const tries = 4 // each of which chance decides
	for range tries {
		for method, messages := range map[string]int{"Silent": 0, "Watch": 2} {
			b.awaitDeadline(t, method, messages)
			select {
			case <-recorded:
			case <-time.After(20 * time.Second):
				t.Fatalf("%s is not recorded", method)
			}
		}
	}
	for rec, err := range b.store.Recordings(t.Context()) {
		res := &rec.Response
		if err != nil || res.Open || res.Header.Get("Grpc-Status") != "4" && res.Trailer.Get("Grpc-Status") != "4" {
			t.Errorf("%s: %+v, %v", rec.Request.Target, res, err)
		}
	}
	b.server.Stop()
	off := b.goOffline(t, nil)
	off.awaitDeadline(t, "Silent", 0)
	off.awaitDeadline(t, "Watch", 2)
}

// awaitDeadline calls a method of slow with little time.
func (b *bench) awaitDeadline(t *testing.T, method string, messages int) {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+b.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	stream, err := conn.NewStream(ctx, &slow.Streams[0], "/slow.Slow/"+method)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg(&pb.Empty{}); err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	got := 0
	for err == nil {
		if err = stream.RecvMsg(&pb.Empty{}); err == nil {
			got++
		}
	}
	if status.Code(err) != codes.DeadlineExceeded || got != messages {
		t.Errorf("%s ended with %v after %d messages", method, err, got)
	}
}
