package replay_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	pb "google.golang.org/grpc/interop/grpc_testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

// refusedStream is a call that its server ends before it has read anything, while
// the client still has something to send.
func refusedStream(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
	stream, err := client.HalfDuplexCall(ctx, seen...)
	if err != nil {
		return "", err
	}
	return received(stream)
}

func TestGRPCCallRefusedEarlyKeepsItsStatus(t *testing.T) {
	t.Parallel()
	b := setUpGRPC(t, "h2c", nil)
	got := call(refusedStream).from(t, b.client(t))
	if !strings.HasPrefix(got.Status, "rpc error: code = Unimplemented desc = method HalfDuplexCall not implemented") {
		t.Errorf("%+v", got)
	}
}

// TestGRPCClientsAreToldByAStatus what others are told by a problem. The log says
// the same of both.
func TestGRPCClientsAreToldByAStatus(t *testing.T) {
	b := setUpGRPC(t, "h2c", nil)
	call(unary("recorded")).from(t, b.client(t))
	b.server.Stop()
	got := call(unary("x")).from(t, b.client(t))
	if !strings.HasPrefix(got.Status, "rpc error: code = Unavailable desc = origin unreachable: ") || !strings.Contains(got.Status, b.proxy.Origin.Name) ||
		!strings.Contains(got.Status, "\nhint: ") || got.cache != "BYPASS" {
		t.Errorf("an origin that is down: %+v", got)
	}
	if e := b.entry(1); e.Status != 502 || e.Cache != "BYPASS" || !strings.Contains(e.Note, "origin unreachable") {
		t.Errorf("logged as %+v", e)
	}

	off := b.goOffline(t, nil)
	got = call(unary(strings.Repeat("100% ☹ ", 2000))).from(t, off.client(t))
	if !strings.HasPrefix(got.Status, "rpc error: code = FailedPrecondition desc = POST /grpc.testing.TestService/UnaryCall is not recorded: ") || got.cache != "MISS" {
		t.Errorf("a miss: %+v", got)
	}
	if n := len(got.Status); n > 5000 {
		t.Errorf("a message of %d bytes", n)
	}
	if e := off.entry(0); e.Status != 424 || e.Cache != "MISS" || !strings.Contains(e.Note, "\n  cannery start --origin h2c://") {
		t.Errorf("logged as %+v", e)
	}
	// What is no call of gRPC gets a problem.
	if a := off.do(t, "POST", "/x", "x", "Content-Type", "application/grpc"); a.status != 424 {
		t.Errorf("HTTP/1.1: %v", a)
	}
}

// entry returns what the log says of a request.
func (b *bench) entry(i int) replay.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.entries[i]
}

func TestConversationPassesLive(t *testing.T) {
	t.Parallel()
	for name, methods := range map[string]fixtures.Methods{"POST is forwarded": nil, "POST is looked up": {"POST"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setUpGRPC(t, "h2c", func(b *bench) { b.proxy.Cache.Methods, b.recorder.Methods = methods, methods })
			client := b.client(t)
			for range 2 {
				if got := call(pingPong).from(t, client); got.Text != "a b c " || got.Status != "rpc error: code = OK desc = " {
					t.Errorf("%+v", got)
				}
			}
			call(unary("x")).from(t, client)
			if got := call(unary("x")).from(t, client); got.cache == "HIT" != (methods != nil) {
				t.Errorf("a call that is none: %+v", got)
			}
		})
	}
}

func TestConversationPassesBesideASequence(t *testing.T) {
	t.Parallel()
	b := setUpGRPC(t, "h2c", nil)
	client := b.client(t)
	call(clientStream).from(t, client)
	first := &bench{store: b.store, dir: b.dir}
	first.front(t, b.proxy.Origin.Name, func(f *bench) {
		f.proxy = &replay.Proxy{
			Sequence: &replay.Sequence{Store: b.store, Catalog: &replay.Catalog{Store: b.store}},
			Cache:    b.proxy.Cache, Origin: b.proxy.Origin,
		}
	})
	client = first.client(t)
	for range 2 {
		if got := call(pingPong).from(t, client); got.Text != "a b c " || got.Status != "rpc error: code = OK desc = " {
			t.Errorf("%+v", got)
		}
	}
	if got := call(clientStream).from(t, client); got.cache != "HIT" {
		t.Errorf("a stream of the client's: %+v", got)
	}
}
