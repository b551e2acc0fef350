package replay_test

import (
	"context"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/reflection"
	v1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/protobody"
)

// learn makes a bench's store keep what origins say of messages.
func (b *bench) learn(ctx context.Context, schema *protobody.Schema) (was, is fixtures.View, err error) {
	if was, err = b.store.View(ctx); err != nil {
		return was, is, err
	}
	rules := *was.Rules
	rules.Proto = rules.Proto.With(schema)
	if err = b.store.SetRules(ctx, rules); err != nil {
		return was, is, err
	}
	is, err = b.store.View(ctx)
	return was, is, err
}

// TestOriginsSayWhatMessagesAre: their reflection is asked once, and the names of fields
// are then what rules are about.
func TestOriginsSayWhatMessagesAre(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	count := grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if info.FullMethod == "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo" {
			asked.Add(1)
		}
		return handler(srv, stream)
	})
	b := setUpGRPCWith(t, "h2c", func(s *grpc.Server) { reflection.Register(s) }, func(b *bench) { b.recorder.Learn = b.learn }, count)
	client := b.client(t)
	for range 2 {
		if got := unary("hello").from(t, client); got.cache != "MISS" || got.Text != "hello" {
			t.Errorf("%+v", got)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
	view, err := b.store.View(t.Context())
	if err != nil || !view.Rules.Proto.Has("grpc.testing.TestService") {
		t.Fatalf("%v, %v", view.Rules.Proto, err)
	}
	rules := *view.Rules
	rules.Ignore = []string{"json:$.responseSize"}
	if err := b.store.SetRules(t.Context(), rules); err != nil {
		t.Fatal(err)
	}
	b.server.Stop()
	resized := call(func(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
		res, err := client.UnaryCall(ctx, &pb.SimpleRequest{Payload: payload("hello"), ResponseSize: 7}, seen...)
		return string(res.GetPayload().GetBody()), err
	})
	if got := resized.from(t, b.goOffline(t, nil).client(t)); got.cache != "HIT" || got.Text != "hello" {
		t.Errorf("offline: %+v", got)
	}
}

// TestOlderReflectionIsAsked, where there is no newer one.
func TestOlderReflectionIsAsked(t *testing.T) {
	t.Parallel()
	older := func(s *grpc.Server) {
		v1alpha.RegisterServerReflectionServer(s, reflection.NewServer(reflection.ServerOptions{Services: s}))
	}
	b := setUpGRPCWith(t, "h2c", older, func(b *bench) { b.recorder.Learn = b.learn })
	if got := unary("hello").from(t, b.client(t)); got.cache != "MISS" {
		t.Errorf("%+v", got)
	}
	view, err := b.store.View(t.Context())
	if err != nil || !view.Rules.Proto.Has("grpc.testing.TestService") {
		t.Errorf("%v, %v", view.Rules.Proto, err)
	}
}
