package replay_test

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	pb "google.golang.org/grpc/interop/grpc_testing"
)

// welcomed is a stream of both sides whose server speaks first.
func welcomed(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
	stream, err := client.FullDuplexCall(ctx, seen...)
	if err != nil {
		return "", err
	}
	welcome, err := stream.Recv()
	if err != nil {
		return "", err
	}
	if err := stream.Send(&pb.StreamingOutputCallRequest{Payload: payload("hello")}); err != nil {
		return "", err
	}
	if err := stream.CloseSend(); err != nil {
		return "", err
	}
	rest, err := received(stream)
	return string(welcome.GetPayload().GetBody()) + " " + rest, err
}

// TestAServerMaySpeakFirst: its client, which has said nothing yet, is not waited for.
func TestAServerMaySpeakFirst(t *testing.T) {
	t.Parallel()
	first := grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if err := stream.SendMsg(&pb.StreamingOutputCallResponse{Payload: payload("welcome")}); err != nil {
			return err
		}
		return handler(srv, stream)
	})
	b := setUpGRPCWith(t, "h2c", func(*grpc.Server) {}, nil, first)
	if got := call(welcomed).from(t, b.client(t)); got.cache != "MISS" || got.Text != "welcome 5 " {
		t.Fatalf("live: %+v", got)
	}
	b.server.Stop()
	off := b.goOffline(t, nil).client(t)
	for range 2 {
		if got := call(welcomed).from(t, off); got.cache != "HIT" || got.Text != "welcome 5 " {
			t.Errorf("offline: %+v", got)
		}
	}
}

// TestTakesOfACallAmongOthers: each conversation says what was so when it was recorded,
// with other calls in between, and the last one is repeated.
func TestTakesOfACallAmongOthers(t *testing.T) {
	t.Parallel()
	var state atomic.Value
	state.Store("old")
	change := grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		state.Store(string(req.(*pb.SimpleRequest).GetPayload().GetBody()))
		return handler(ctx, req)
	})
	say := grpc.StreamInterceptor(func(_ any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, _ grpc.StreamHandler) error {
		for {
			switch err := stream.RecvMsg(new(pb.StreamingOutputCallRequest)); {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			}
			if err := stream.SendMsg(&pb.StreamingOutputCallResponse{Payload: payload(state.Load().(string))}); err != nil {
				return err
			}
		}
	})
	b := setUpGRPCWith(t, "h2c", func(*grpc.Server) {}, nil, change, say)
	asks := func(client pb.TestServiceClient, want, cache string) {
		t.Helper()
		if got := turnByTurn("?", "and now?").from(t, client); got.Text != want+" "+want+" " || got.cache != cache {
			t.Errorf("%+v, want %s", got, want)
		}
	}
	client := b.client(t)
	asks(client, "old", "MISS")
	unary("new").from(t, client)
	asks(client, "new", "MISS")
	b.server.Stop()
	for range 2 {
		off := b.goOffline(t, nil).client(t)
		asks(off, "old", "HIT")
		if got := unary("new").from(t, off); got.cache != "HIT" {
			t.Errorf("%+v", got)
		}
		asks(off, "new", "HIT")
		asks(off, "new", "HIT")
	}
}
