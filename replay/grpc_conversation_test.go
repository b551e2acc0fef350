package replay_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding/gzip"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/protobuf/proto"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/protobody"
	"example.com/cannery/fixtures/talk"
	"example.com/cannery/replay"
	"example.com/cannery/testutil/grpcecho"
)

// saysNothing is a stream of both sides whose client has nothing to say.
func saysNothing(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
	stream, err := client.FullDuplexCall(ctx, seen...)
	if err != nil {
		return "", err
	}
	if err := stream.CloseSend(); err != nil {
		return "", err
	}
	return received(stream)
}

// turnByTurn is a stream of both sides whose client waits for the echo of each text.
func turnByTurn(texts ...string) call {
	return func(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
		stream, err := client.FullDuplexCall(ctx, seen...)
		if err != nil {
			return "", err
		}
		var got strings.Builder
		for _, text := range texts {
			if err := stream.Send(&pb.StreamingOutputCallRequest{Payload: payload(text)}); err != nil && !errors.Is(err, io.EOF) {
				return got.String(), err
			}
			message, err := stream.Recv()
			if err != nil {
				return got.String(), err
			}
			fmt.Fprintf(&got, "%s ", message.GetPayload().GetBody())
		}
		if err := stream.CloseSend(); err != nil {
			return got.String(), err
		}
		if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
			return got.String(), err
		}
		return got.String(), nil
	}
}

// TestConversationsAreToldApartByWhatTheirClientsSay, and end with an explanation where
// that is not recorded.
func TestConversationsAreToldApartByWhatTheirClientsSay(t *testing.T) {
	t.Parallel()
	b := setUpGRPC(t, "h2c", nil)
	schema, err := protobody.Parse(grpcecho.Descriptors())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.store.SetRules(t.Context(), fixtures.Rules{Proto: schema}); err != nil {
		t.Fatal(err)
	}
	client := b.client(t)
	for _, texts := range [][]string{{"a", "b", "c"}, {"a", "b", "d"}, {"x", "y"}} {
		turnByTurn(texts...).from(t, client)
	}
	b.server.Stop()
	off := b.goOffline(t, nil)
	client = off.client(t)
	for _, texts := range [][]string{{"a", "b", "d"}, {"x", "y"}, {"a", "b", "c"}} {
		if got := turnByTurn(texts...).from(t, client); got.Text != strings.Join(texts, " ")+" " || got.cache != "HIT" {
			t.Errorf("%q: %+v", texts, got)
		}
	}
	for want, texts := range map[string][]string{
		`messages[2] differs in the body $.payload.body`: {"x", "z"},
		`messages[4] is one too many`:                    {"x", "y", "z"},
		`messages[2] is missing`:                         {"x"},
	} {
		got := turnByTurn(texts...).from(t, client)
		if !strings.HasPrefix(got.Status, "rpc error: code = FailedPrecondition ") || !strings.Contains(got.Status, want) {
			t.Errorf("%q: %+v", texts, got)
		}
	}
	if stats := off.proxy.Stats(); stats != (replay.Stats{Hits: 3, Misses: 3}) {
		t.Errorf("counted as %+v", stats)
	}
	cache := map[string]int{}
	for _, entry := range off.waitEntries(t, 6) {
		cache[entry.Cache]++
	}
	if !maps.Equal(cache, map[string]int{"HIT": 3, "MISS": 3}) {
		t.Errorf("logged as %v", cache)
	}
}

// refusedLast says a text and, when that has been echoed, asks for an error, or says no
// more.
func refusedLast(text, last string) call {
	return func(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
		stream, err := client.FullDuplexCall(ctx, seen...)
		if err != nil {
			return "", err
		}
		if err := stream.Send(&pb.StreamingOutputCallRequest{Payload: payload(text)}); err != nil {
			return "", err
		}
		message, err := stream.Recv()
		if err != nil {
			return "", err
		}
		if last == "" {
			err = stream.CloseSend()
		} else {
			err = stream.Send(&pb.StreamingOutputCallRequest{ResponseStatus: &pb.EchoStatus{Code: 3, Message: last}})
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		_, err = stream.Recv()
		return string(message.GetPayload().GetBody()), err
	}
}

// TestTheMessageThatEndsACallCounts: an error is the answer to it, and to no other.
func TestTheMessageThatEndsACallCounts(t *testing.T) {
	t.Parallel()
	b := setUpGRPC(t, "h2c", nil)
	recorded := refusedLast("a", "bad").from(t, b.client(t))
	if want := "rpc error: code = InvalidArgument desc = bad"; recorded.Status != want {
		t.Fatalf("live: %+v", recorded)
	}
	b.server.Stop()
	client := b.goOffline(t, nil).client(t)
	if got := refusedLast("a", "bad").from(t, client); got.Text != "a" || got.Status != recorded.Status || got.cache != "HIT" {
		t.Errorf("the same again: %+v", got)
	}
	for last, want := range map[string]string{"worse": "messages[2] differs", "": "messages[2] is missing"} {
		if got := refusedLast("a", last).from(t, client); !strings.HasPrefix(got.Status, "rpc error: code = FailedPrecondition ") || !strings.Contains(got.Status, want) {
			t.Errorf("%q: %+v", last, got)
		}
	}
}

// TestConversationsAreCompressed as they were recorded, for those who take it.
func TestConversationsAreCompressed(t *testing.T) {
	t.Parallel()
	b := setUpGRPC(t, "h2c", nil)
	compressed := func(c call) call {
		return func(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
			return c(ctx, client, append(seen, grpc.UseCompressor(gzip.Name))...)
		}
	}
	calls := map[string]call{"unary": compressed(unary("hello")), "ping-pong": compressed(pingPong)}
	live := map[string]outcome{}
	for name, c := range calls {
		live[name] = c.from(t, b.client(t))
	}
	b.server.Stop()
	off := b.goOffline(t, nil)
	for name, c := range calls {
		if got := c.from(t, off.client(t)); got.Text != live[name].Text || got.Status != live[name].Status || got.cache != "HIT" {
			t.Errorf("%s: %+v, live %+v", name, got, live[name])
		}
	}
	// Who does not compress asks for the same.
	if got := unary("hello").from(t, off.client(t)); got.Text != "hello" || got.cache != "HIT" {
		t.Errorf("uncompressed: %+v", got)
	}
}

// TestCanceledConversationIsRecordedAsFarAsItCame, and is silent then.
func TestCanceledConversationIsRecordedAsFarAsItCame(t *testing.T) {
	t.Parallel()
	recorded := make(chan struct{}, 1)
	b := setUpGRPC(t, "h2c", func(b *bench) { b.recorder.Recorded = func() { recorded <- struct{}{} } })
	canceled := func(client pb.TestServiceClient) string {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stream, err := client.FullDuplexCall(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(&pb.StreamingOutputCallRequest{Payload: payload("a")}); err != nil {
			t.Fatal(err)
		}
		message, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return string(message.GetPayload().GetBody())
	}
	canceled(b.client(t))
	<-recorded
	for rec, err := range b.store.Recordings(t.Context()) {
		if err != nil || !rec.Response.Open {
			t.Errorf("%+v, %v", rec, err)
		}
	}
	b.server.Stop()
	if got := canceled(b.goOffline(t, nil).client(t)); got != "a" {
		t.Errorf("replayed as %q", got)
	}
}

// TestRecordingsOfACallAreOneForm: what a recording becomes depends on what passed.
func TestRecordingsOfACallAreOneForm(t *testing.T) {
	t.Parallel()
	b := setUpGRPC(t, "h2c", nil)
	client := b.client(t)
	for c, talks := range map[*call]bool{new(unary("x")): false, new(serverStream(nil, 1, 2)): false, new(call(clientStream)): true, new(call(allAtOnce)): true, new(call(pingPong)): true} {
		c.from(t, client)
		var last *fixtures.Recording
		for rec, err := range b.store.Recordings(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if last == nil || rec.Recorded.After(last.Recorded) {
				last = rec
			}
		}
		if last.Response.Conversation != talks {
			t.Errorf("%s is a conversation: %v", last.Request.Target, last.Response.Conversation)
		}
		said := map[talk.Party]int{}
		for m, err := range last.Messages() {
			if err != nil {
				t.Fatal(err)
			}
			said[m.From]++
		}
		if talks && said[talk.Client] != 3 {
			t.Errorf("%s: %v", last.Request.Target, said)
		}
	}
}

// TestParallelConversations do not disturb each other.
//
//go:fix inline
func TestParallelConversations(t *testing.T) {
	t.Parallel()
	b := setUpGRPC(t, "h2c", nil)
	const many = 50
	all := func(client pb.TestServiceClient, cache string) {
		t.Helper()
		var wait sync.WaitGroup
		for i := range many {
			wait.Go(func() {
				text := fmt.Sprint(i % 10)
				if got := turnByTurn(text, text+"b", text+"c").from(t, client); got.Text != fmt.Sprintf("%[1]s %[1]sb %[1]sc ", text) || got.cache != cache {
					t.Errorf("%d: %+v", i, got)
				}
			})
		}
		wait.Wait()
	}
	all(b.client(t), "MISS")
	b.server.Stop()
	all(b.goOffline(t, nil).client(t), "HIT")
}

// TestACallBeyondItsBoundsPasses, and is not recorded: what both sides say counts, and
// the message that was too much is named.
func TestACallBeyondItsBoundsPasses(t *testing.T) {
	t.Parallel()
	remarks := make(chan string, 10)
	b := setUpGRPC(t, "h2c", func(b *bench) {
		b.recorder.MaxBody = 1000
		b.recorder.Remark = func(_ *http.Request, what, why string) { remarks <- what + ": " + why }
	})
	client := b.client(t)
	text := strings.Repeat("x", 300)
	for _, tt := range []struct {
		call       call
		text, want string
	}{
		{turnByTurn(text, text), text + " " + text + " ", "not recorded: with messages[3] it is longer than --max-body, 1000 bytes"},
		{clientStream, "20301", "not recorded: with messages[1] it is longer than --max-body, 1000 bytes"},
	} {
		if got := tt.call.from(t, client); got.Text != tt.text {
			t.Errorf("%+v", got)
		}
		if got := <-remarks; got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	for rec := range b.store.Recordings(t.Context()) {
		t.Errorf("%s is recorded", rec.Request.Target)
	}
}

// TestCallsRecordedByAllOfTheirContent, as all were once, are found: offline, and beside
// an origin, where others that begin so go on to it.
func TestCallsRecordedByAllOfTheirContent(t *testing.T) {
	t.Parallel()
	b := setUpGRPC(t, "h2c", func(b *bench) {
		b.proxy.Sequence = &replay.Sequence{Store: b.store, Catalog: &replay.Catalog{Store: b.store}}
	})
	frame := func(m proto.Message) []byte {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return protobody.AppendFrame(nil, 0, b)
	}
	older := func(method string, answer proto.Message, said ...proto.Message) {
		t.Helper()
		header := http.Header{"Content-Type": {"application/grpc"}}
		rec := &fixtures.Recording{Exchange: fixtures.Exchange{
			Request:  fixtures.Request{Origin: b.proxy.Origin.Name, Method: "POST", Target: "/grpc.testing.TestService/" + method, Header: header},
			Response: fixtures.Response{Status: 200, Header: header, Body: fixtures.Body{Bytes: frame(answer)}, Trailer: http.Header{"Grpc-Status": {"0"}}},
		}}
		for _, m := range said {
			rec.Request.Body = append(rec.Request.Body, frame(m)...)
		}
		view, err := b.store.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := b.store.Append(t.Context(), fixtures.Commit{View: view, Key: view.Rules.Key(&rec.Request), Recording: rec, Seen: fixtures.SeenAll}); err != nil {
			t.Fatal(err)
		}
	}
	var sizes, texts []proto.Message
	for _, size := range []int{1, 20_000, 300} {
		sizes = append(sizes, &pb.StreamingInputCallRequest{Payload: payload(strings.Repeat("y", size))})
	}
	for _, text := range []string{"a", "b", "c"} {
		texts = append(texts, &pb.StreamingOutputCallRequest{Payload: payload(text)})
	}
	older("StreamingInputCall", &pb.StreamingInputCallResponse{AggregatedPayloadSize: 7}, sizes...)
	older("FullDuplexCall", &pb.StreamingOutputCallResponse{Payload: payload("1234567")}, texts...)
	if got := call(clientStream).from(t, b.goOffline(t, nil).client(t)); got.Text != "7" || got.cache != "HIT" {
		t.Errorf("offline: %+v", got)
	}
	client := b.client(t)
	if got := call(clientStream).from(t, client); got.Text != "7" || got.cache != "HIT" {
		t.Errorf("beside an origin: %+v", got)
	}
	if got := call(allAtOnce).from(t, client); got.Text != "7 " || got.cache != "HIT" {
		t.Errorf("all at once: %+v", got)
	}
	if got := turnByTurn("a", "b").from(t, client); got.Text != "a b " || got.cache != "MISS" {
		t.Errorf("its client waits for answers: %+v", got)
	}
	other := call(func(ctx context.Context, client pb.TestServiceClient, seen ...grpc.CallOption) (string, error) {
		stream, err := client.StreamingInputCall(ctx, seen...)
		if err != nil {
			return "", err
		}
		for _, text := range []string{"y", "other"} {
			if err := stream.Send(&pb.StreamingInputCallRequest{Payload: payload(text)}); err != nil {
				return "", err
			}
		}
		res, err := stream.CloseAndRecv()
		return fmt.Sprint(res.GetAggregatedPayloadSize()), err
	})
	for _, cache := range []string{"MISS", "HIT"} {
		if got := other.from(t, client); got.Text != "6" || got.cache != cache {
			t.Errorf("%s: %+v", cache, got)
		}
	}
}
