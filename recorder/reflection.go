package recorder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/field"
	"example.com/cannery/fixtures/protobody"
)

// Origins of gRPC say themselves what their messages are, where they have reflection
// (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md). A service is
// asked for once, before its first call is looked up: what is known of messages is among
// the rules that give calls their keys.

const (
	// reflectionTime is how long an origin may take to describe a service.
	reflectionTime = 5 * time.Second

	// maxDescribed bounds the files of one service, and the bytes of one answer.
	maxDescribed   = 1000
	maxDescription = 16 << 20
)

// reflections are the services that the recorder has asked for.
type reflections struct {
	once  sync.Map // *sync.Once by service
	mu    sync.Mutex
	moved map[uint64]fixtures.View // by the generation before it
}

// Describe has the origin say what the messages of a call are, unless the schema knows
// the service and the recorder does not record anew. Calls of one service wait for the
// first one's answer. That an origin has no reflection is no error.
func (rec *Recorder) Describe(r *http.Request, known *protobody.Schema) {
	service, _ := protobody.ServiceOf(requestTarget(r))
	if rec.Learn == nil || service == "" || strings.HasPrefix(service, "grpc.reflection.") || known.Has(service) && !rec.Anew {
		return
	}
	once, _ := rec.reflections.once.LoadOrStore(service, new(sync.Once))
	once.(*sync.Once).Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), reflectionTime)
		defer cancel()
		schema, err := rec.reflect(ctx, r.Header, service)
		if err == nil && schema != nil {
			err = rec.learn(ctx, schema)
		}
		if err != nil && rec.Remark != nil && !known.Has(service) {
			rec.Remark(r, "messages are shown by numbers", err.Error()+": --proto FILE says what they are")
		}
	})
}

// learn makes a schema known. Exchanges that are under way go on under the rules that
// there are then.
func (rec *Recorder) learn(ctx context.Context, schema *protobody.Schema) error {
	was, is, err := rec.Learn(ctx, schema)
	if err != nil || was.Generation == is.Generation {
		return err
	}
	rec.reflections.mu.Lock()
	defer rec.reflections.mu.Unlock()
	if rec.reflections.moved == nil {
		rec.reflections.moved = map[uint64]fixtures.View{}
	}
	rec.reflections.moved[was.Generation] = is
	return nil
}

// follow returns the view that a view has become by nothing but what was learned.
func (rec *Recorder) follow(view fixtures.View) (is fixtures.View, ok bool) {
	rec.reflections.mu.Lock()
	defer rec.reflections.mu.Unlock()
	is, ok = rec.reflections.moved[view.Generation]
	return is, ok
}

// reflect asks for all files that a service needs.
func (rec *Recorder) reflect(ctx context.Context, header http.Header, service string) (*protobody.Schema, error) {
	var err error
	for _, version := range []string{"v1", "v1alpha"} {
		x := reflection{rec: rec, header: header, path: "/grpc.reflection." + version + ".ServerReflection/ServerReflectionInfo", files: map[string]*descriptorpb.FileDescriptorProto{}}
		if err = x.ask(ctx, symbolRequest, service); err != nil {
			continue
		}
		if err = x.imports(ctx); err == nil {
			return x.schema()
		}
	}
	return nil, err
}

// A reflection is one try to have a service described.
type reflection struct {
	rec    *Recorder
	header http.Header // of the call: who may call may ask
	path   string
	files  map[string]*descriptorpb.FileDescriptorProto
}

// The fields of grpc.reflection.v1.ServerReflectionRequest and its answer.
const (
	hostRequest   protowire.Number = 1
	fileRequest   protowire.Number = 3
	symbolRequest protowire.Number = 4

	fileResponse  protowire.Number = 4
	errorResponse protowire.Number = 7
	fileBytes     protowire.Number = 1 // of a FileDescriptorResponse
	errorMessage  protowire.Number = 2 // of an ErrorResponse
)

// imports asks for the files that those which have come import, and for theirs. A file
// that the origin does not have is one that is not known.
func (x *reflection) imports(ctx context.Context) error {
	asked := map[string]bool{}
	for more := true; more; {
		more = false
		for _, f := range x.files {
			for _, name := range f.GetDependency() {
				if x.files[name] != nil || asked[name] {
					continue
				}
				if len(asked) == maxDescribed {
					return fmt.Errorf("the origin describes the service with more than %d files", maxDescribed)
				}
				asked[name], more = true, true
				if err := x.ask(ctx, fileRequest, name); ctx.Err() != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (x *reflection) schema() (*protobody.Schema, error) {
	var all []*descriptorpb.FileDescriptorProto
	for _, f := range x.files {
		all = append(all, f)
	}
	return protobody.Of(all)
}

// ask sends one request, in a stream of its own, and keeps the files that come.
func (x *reflection) ask(ctx context.Context, what protowire.Number, name string) error {
	var message []byte
	for _, f := range []struct {
		number protowire.Number
		text   string
	}{{hostRequest, x.rec.Origin.Host}, {what, name}} {
		message = protowire.AppendString(protowire.AppendTag(message, f.number, protowire.BytesType), f.text)
	}
	body := protobody.Frame(false, message)
	at := *x.rec.Origin
	at.Scheme = fixtures.WebScheme(at.Scheme)
	target := at.JoinPath(x.path)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.ContentLength = -1
	req.Header = callHeader(x.header)
	res, err := x.rec.Transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("the origin's reflection cannot be asked: %w", plainURLError(err))
	}
	defer res.Body.Close()
	content, err := io.ReadAll(io.LimitReader(res.Body, maxDescription))
	if err != nil {
		return fmt.Errorf("the origin's reflection cannot be read: %w", err)
	}
	format, _ := protobody.FormatOf(res.Header.Get("Content-Type"))
	if res.StatusCode != http.StatusOK || format != protobody.Framed || len(content) == 0 {
		return errors.New("the origin has no reflection")
	}
	messages, err := format.Split(content, format.Encoding(res.Header))
	if err != nil {
		return fmt.Errorf("the origin's reflection cannot be read: %w", err)
	}
	for _, m := range messages {
		if err := x.take(m.Payload); err != nil {
			return err
		}
	}
	return nil
}

func plainURLError(err error) error {
	if inner := new(url.Error); errors.As(err, &inner) {
		return inner.Err
	}
	return err
}

// callHeader is the header of a call of cannery's own for a client's: its credentials
// and what else may let it in.
func callHeader(header http.Header) http.Header {
	out := header.Clone()
	for name := range out {
		if field.IsConnection(name) || strings.HasPrefix(name, "Grpc-") || strings.HasPrefix(name, "Content-") || strings.HasPrefix(name, "Connect-") || name == fixtures.SessionField {
			delete(out, name)
		}
	}
	out["Content-Type"], out["Te"] = []string{"application/grpc"}, []string{"trailers"}
	return out
}

// take keeps the files of an answer.
func (x *reflection) take(answer []byte) error {
	return eachField(answer, func(number protowire.Number, value []byte) error {
		switch number {
		case errorResponse:
			return eachField(value, func(number protowire.Number, value []byte) error {
				if number != errorMessage {
					return nil
				}
				return fmt.Errorf("the origin's reflection says %.200q", value)
			})
		case fileResponse:
			return eachField(value, func(number protowire.Number, value []byte) error {
				if number != fileBytes {
					return nil
				}
				f := new(descriptorpb.FileDescriptorProto)
				if err := proto.Unmarshal(value, f); err != nil {
					return errors.New("the origin's reflection gives a file that cannot be read")
				}
				x.files[f.GetName()] = f
				return nil
			})
		}
		return nil
	})
}

// eachField calls f for the fields of a message that are bytes.
func eachField(message []byte, f func(number protowire.Number, value []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errNoMessage
		}
		message = message[n:]
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			if err := f(number, value); err != nil {
				return err
			}
		}
		if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
			return errNoMessage
		}
		message = message[n:]
	}
	return nil
}

var errNoMessage = errors.New("the origin's reflection answers with what is no message")
