package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/reflection"

	"example.com/cannery/testutil/grpcecho"
)

// scriptGRPC begins to be an origin of gRPC at GRPC_ORIGIN, which says again what it
// hears; with "reflection" one that says what its messages are, too. With "gone" it ends.
func scriptGRPC(ts *testscript.TestScript, _ bool, args []string) {
	o := ts.Value(originKey{}).(*scriptOrigin)
	if len(args) > 0 && args[0] == "gone" {
		o.grpc.Stop()
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	o.grpc = grpc.NewServer()
	pb.RegisterTestServiceServer(o.grpc, grpcecho.Service{})
	if len(args) > 0 {
		reflection.Register(o.grpc)
	}
	go o.grpc.Serve(l)
	ts.Defer(o.grpc.Stop)
	ts.Setenv("GRPC_ORIGIN", "h2c://"+l.Addr().String())
}

// call is a client such as run runs: of one text it makes a unary call, of several a
// stream of both sides, in which it waits for the answer to each. It prints what is
// answered, and the status that a call fails with.
func call() {
	ctx, cancel := context.WithTimeout(context.Background(), scriptDeadline)
	defer cancel()
	proxy, err := url.Parse(os.Getenv("CANNERY_URL"))
	if err != nil {
		panic(err) // nobody but cannery sets it
	}
	conn, err := grpc.NewClient("passthrough:///"+proxy.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err) // nothing has been dialled yet
	}
	defer conn.Close()
	client := pb.NewTestServiceClient(conn)
	payload := func(text string) *pb.Payload { return &pb.Payload{Body: []byte(text)} }
	if len(os.Args) == 2 {
		res, err := client.UnaryCall(ctx, &pb.SimpleRequest{Payload: payload(os.Args[1])})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", res.GetPayload().GetBody())
		return
	}
	stream, err := client.FullDuplexCall(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range os.Args[1:] {
		_ = stream.Send(&pb.StreamingOutputCallRequest{Payload: payload(text)}) // Recv knows why it fails
		answer, err := stream.Recv()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", answer.GetPayload().GetBody())
	}
	_ = stream.CloseSend()
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		fmt.Println(err)
	}
}
