package replay_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"example.com/cannery/recorder"
	"example.com/cannery/testutil/grpcecho"
)

// grpcService says what it is outcome, a message for each.
type grpcService struct {
	grpcecho.Service // whose streams of both sides it has
}

func (grpcService) UnaryCall(ctx context.Context, in *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	if want := in.GetResponseStatus(); want != nil {
		return nil, status.Error(codes.Code(want.GetCode()), want.GetMessage())
	}
	grpc.SetHeader(ctx, metadata.Pairs("x-head", "1"))
	grpc.SetTrailer(ctx, metadata.Pairs("x-tail-bin", "\x00\xff"))
	return &pb.SimpleResponse{Payload: in.GetPayload()}, nil
}

func (grpcService) StreamingOutputCall(in *pb.StreamingOutputCallRequest, out grpc.ServerStreamingServer[pb.StreamingOutputCallResponse]) error {
	for _, p := range in.GetResponseParameters() {
		if err := out.Send(&pb.StreamingOutputCallResponse{Payload: payload(strings.Repeat("x", int(p.GetSize())))}); err != nil {
			return err
		}
	}
	if want := in.GetResponseStatus(); want != nil {
		return status.Error(codes.Code(want.GetCode()), want.GetMessage())
	}
	return nil
}

func (grpcService) StreamingInputCall(in grpc.ClientStreamingServer[pb.StreamingInputCallRequest, pb.StreamingInputCallResponse]) error {
	size := 0
	for {
		message, err := in.Recv()
		if errors.Is(err, io.EOF) {
			return in.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: int32(size)})
		}
		if err != nil {
			return err
		}
		size += len(message.GetPayload().GetBody())
	}
}

// A grpcBench is a bench before a server of gRPC.
type grpcBench struct {
	*bench
	server *grpc.Server
}

// setUpGRPC starts a server of gRPC, spoken to as a scheme says, and a proxy before it.
func setUpGRPC(t *testing.T, scheme string, change func(*bench)) *grpcBench {
	t.Helper()
	return setUpGRPCWith(t, scheme, func(*grpc.Server) {}, change)
}

// setUpGRPCWith is setUpGRPC for a server with more services, and options of its own.
func setUpGRPCWith(t *testing.T, scheme string, register func(*grpc.Server), change func(*bench), options ...grpc.ServerOption) *grpcBench {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &grpcBench{server: grpc.NewServer(options...)}
	trusted := &tls.Config{}
	if scheme == "https" {
		lender := httptest.NewTLSServer(nil) // of its certificate
		t.Cleanup(lender.Close)
		trusted = lender.Client().Transport.(*http.Transport).TLSClientConfig
		g.server = grpc.NewServer(append(options, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: lender.TLS.Certificates})))...)
	}
	pb.RegisterTestServiceServer(g.server, grpcService{})
	register(g.server)
	go g.server.Serve(listener)
	t.Cleanup(g.server.Stop)
	g.bench = setUp(t, http.NotFound, nil)
	g.front(t, scheme+"://"+listener.Addr().String(), func(b *bench) {
		transport := recorder.NewTransport(recorder.TransportConfig{Origin: b.recorder.Origin, RootCAs: trusted.RootCAs})
		t.Cleanup(transport.CloseIdleConnections)
		b.recorder.Transport = transport
		if change != nil {
			change(b)
		}
	})
	return g
}

// client returns a client of gRPC.
func (b *bench) client(t *testing.T) pb.TestServiceClient {
	t.Helper()
	return pb.NewTestServiceClient(b.conn(t))
}

// conn returns what clients of gRPC call by.
func (b *bench) conn(t *testing.T) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+b.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// A call is one of the kinds of gRPC. It returns what came of it.
type call func(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error)

func unary(text string) call {
	return func(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
		res, err := client.UnaryCall(ctx, &pb.SimpleRequest{Payload: payload(text)}, seen...)
		return string(res.GetPayload().GetBody()), err
	}
}

func unaryError(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
	_, err := client.UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: &pb.EchoStatus{Code: 5, Message: "no such \"thing\": 100% ☹"}}, seen...)
	return "", err
}

func serverStream(failure *pb.EchoStatus, sizes ...int32) call {
	return func(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
		in := &pb.StreamingOutputCallRequest{ResponseStatus: failure}
		for _, size := range sizes {
			in.ResponseParameters = append(in.ResponseParameters, &pb.ResponseParameters{Size: size})
		}
		stream, err := client.StreamingOutputCall(ctx, in, seen...)
		if err != nil {
			return "", err
		}
		return received(stream)
	}
}

func clientStream(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
	stream, err := client.StreamingInputCall(ctx, seen...)
	if err != nil {
		return "", err
	}
	for _, size := range []int{1, 20_000, 300} {
		if err := stream.Send(&pb.StreamingInputCallRequest{Payload: payload(strings.Repeat("y", size))}); err != nil {
			return "", err
		}
	}
	res, err := stream.CloseAndRecv()
	return fmt.Sprint(res.GetAggregatedPayloadSize()), err
}

// allAtOnce is a stream of both sides whose client sends all before it listens.
func allAtOnce(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
	stream, err := client.FullDuplexCall(ctx, seen...)
	if err != nil {
		return "", err
	}
	for _, text := range []string{"a", "b", "c"} {
		if err := stream.Send(&pb.StreamingOutputCallRequest{Payload: payload(text)}); err != nil {
			return "", err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return "", err
	}
	return received(stream)
}

// pingPong is a stream of both sides whose client waits for each answer.
func pingPong(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
	stream, err := client.FullDuplexCall(ctx, seen...)
	if err != nil {
		return "", err
	}
	var got strings.Builder
	for _, text := range []string{"a", "b", "c"} {
		// Of a stream that has ended Recv says why.
		if err := stream.Send(&pb.StreamingOutputCallRequest{Payload: payload(text)}); err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		message, err := stream.Recv()
		if err != nil {
			return got.String(), err
		}
		fmt.Fprintf(&got, "%s ", message.GetPayload().GetBody())
	}
	if err := stream.CloseSend(); err != nil {
		return "", err
	}
	rest, err := received(stream)
	return got.String() + rest, err
}

// messages are those of a stream from the server.
type messages interface {
	Recv() (*pb.StreamingOutputCallResponse, error)
}

func received(stream messages) (string, error) {
	var got strings.Builder
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return got.String(), nil
		}
		if err != nil {
			return got.String(), err
		}
		fmt.Fprintf(&got, "%d ", len(message.GetPayload().GetBody()))
	}
}

func payload(text string) *pb.Payload { return &pb.Payload{Body: []byte(text)} }

// An outcome is what a client is outcome in a call.
type outcome struct {
	Text     string
	Status   string
	Metadata metadata.MD // of both ends, but for X-Cache and Date
	cache    string
}

func (c call) from(t *testing.T, client pb.TestServiceClient) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var head, tail metadata.MD
	text, err := c(ctx, client, grpc.Header(&head), grpc.Trailer(&tail))
	all := metadata.Join(head, tail)
	out := outcome{Text: text, Status: status.Convert(err).String(), Metadata: all, cache: strings.Join(all["x-cache"], "")}
	delete(all, "x-cache")
	delete(all, "date")
	return out
}

func TestGRPCPassesWhole(t *testing.T) {
	calls := map[string]call{
		"unary":         unary("hello"),
		"empty":         unary(""),
		"large":         unary(strings.Repeat("large ", 300_000)),
		"error":         unaryError,
		"server stream": serverStream(nil, 1, 70_000, 3),
		"no messages":   serverStream(nil),
		"broken stream": serverStream(&pb.EchoStatus{Code: 8, Message: "enough"}, 5, 6),
		"client stream": clientStream,
		"all at once":   allAtOnce,
		"ping-pong":     pingPong,
		"says nothing":  saysNothing,
		"refused early": refusedStream,
	}
	for _, scheme := range []string{"https", "h2c"} {
		t.Run(scheme, func(t *testing.T) {
			b := setUpGRPC(t, scheme, nil)
			client, live := b.client(t), map[string]outcome{}
			for name, c := range calls {
				live[name] = c.from(t, client)
				if live[name].cache != "MISS" {
					t.Errorf("%s: %+v", name, live[name])
				}
			}
			for name, want := range map[string]outcome{
				"error":         {Status: `rpc error: code = NotFound desc = no such "thing": 100% ☹`},
				"broken stream": {Text: "5 6 ", Status: "rpc error: code = ResourceExhausted desc = enough"},
				"client stream": {Text: "20301", Status: "rpc error: code = OK desc = "},
			} {
				if got := live[name]; got.Text != want.Text || got.Status != want.Status {
					t.Errorf("%s: %+v", name, got)
				}
			}
			if got := live["unary"].Metadata; got.Get("x-head") == nil || got.Get("x-tail-bin") == nil {
				t.Errorf("metadata %v", got)
			}
			b.server.Stop()
			client = b.goOffline(t, nil).client(t)
			for name, c := range calls {
				replayed := c.from(t, client)
				if diff := cmp.Diff(live[name], replayed, cmpopts.IgnoreUnexported(outcome{})); diff != "" || replayed.cache != "HIT" {
					t.Errorf("%s: %s (-live +replayed)\n%s", name, replayed.cache, diff)
				}
			}
		})
	}
}
