// Origin stands in for the APIs that the clients beside it talk to. Its content
// is the same in every run; its header fields carry the noise of real servers:
// times, ids of requests, limits, and what networks in front of them add.
//
//	origin [-behind URL] API
//
// prints its URL, and answers until it is killed. What it holds begins empty.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // which clients may use
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/reflection"

	"example.com/cannery/testutil/grpcecho"
)

func main() {
	behind := flag.String("behind", "", "`URL` of a server that answers in place of API")
	flag.Parse()
	name := flag.Arg(0)
	api := map[string]http.Handler{
		"s3": newBucket(), "octokit": github(), "openai": openAI(), "anthropic": anthropic(), "elasticsearch": elasticsearch(),
		"graphql": graphQL(), "soap": soap(), "oauth": oauth(), "jwt": bearer(),
		"java": rest(), "python": rest(), "go": rest(),
	}[name]
	if *behind != "" {
		at, err := url.Parse(*behind)
		if err != nil {
			log.Fatalf("-behind %q: %v", *behind, err)
		}
		api = counted(at)
	}
	if api == nil && name != "grpc" {
		log.Fatalf("there is no API %q", name)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	if name == "grpc" {
		fmt.Printf("h2c://%s\n", listener.Addr())
		log.Fatal(echo().Serve(listener))
	}
	fmt.Printf("http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, noisy(name, api)))
}

// echo is a server of gRPC that says what its messages are.
func echo() *grpc.Server {
	server := grpc.NewServer()
	pb.RegisterTestServiceServer(server, grpcecho.Service{})
	reflection.Register(server)
	return server
}

// noise are the fields that an answer of each API has, new each time. Those of ""
// are in every answer.
var noise = map[string]map[string]func() string{
	"": {
		"X-Request-Id": rand.Text, "Cf-Ray": func() string { return strings.ToLower(rand.Text()[:16]) + "-FRA" }, "X-Runtime": seconds,
		"Server-Timing": func() string { return "app;dur=" + milliseconds() },
	},
	"s3": {"X-Amz-Request-Id": func() string { return rand.Text()[:16] }, "X-Amz-Id-2": rand.Text},
	"octokit": {
		"X-Github-Request-Id": rand.Text, "X-Ratelimit-Limit": always("5000"), "X-Ratelimit-Remaining": milliseconds, "X-Ratelimit-Used": milliseconds,
		"X-Ratelimit-Reset": unix, "X-Ratelimit-Resource": always("core"),
	},
	"openai": {
		"Openai-Processing-Ms": milliseconds, "X-Envoy-Upstream-Service-Time": milliseconds, "X-Ratelimit-Remaining-Requests": milliseconds,
		"X-Ratelimit-Remaining-Tokens": milliseconds, "X-Ratelimit-Reset-Tokens": func() string { return milliseconds() + "ms" },
		"Cf-Cache-Status": always("DYNAMIC"), "Alt-Svc": always(`h3=":443"; ma=86400`),
		"Set-Cookie": func() string { return "__cf_bm=" + rand.Text() + "; path=/; HttpOnly; Secure" },
	},
	"anthropic": {
		"Request-Id": func() string { return "req_" + rand.Text() }, "Anthropic-Organization-Id": always("11111111-2222-4333-8444-555555555555"),
		"Anthropic-Ratelimit-Requests-Remaining": milliseconds, "Anthropic-Ratelimit-Requests-Reset": func() string { return time.Now().UTC().Format(time.RFC3339) },
		"Via": func() string { return "1.1 edge-" + milliseconds() }, "X-Robots-Tag": always("none"),
	},
	"stripe":        {"Request-Id": func() string { return "req_" + rand.Text()[:14] }, "X-Stripe-Routing-Context-Priority-Tier": always("api-testmode")},
	"elasticsearch": {"X-Elastic-Product": always("Elasticsearch"), "X-Found-Handling-Instance": rand.Text},
	"graphql":       {"X-Amzn-Trace-Id": func() string { return "Root=1-" + unix() + "-" + rand.Text() }, "X-Amz-Cf-Id": rand.Text, "X-Cache": always("Miss from cloudfront")},
	"soap":          {"X-Powered-By": always("Servlet/3.1"), "Traceparent": func() string { return "00-" + rand.Text() + "-01" }},
	"oauth":         {"X-Correlation-Id": rand.Text, "X-Ms-Request-Id": rand.Text, "X-Ms-Srs": rand.Text},
}

func always(value string) func() string { return func() string { return value } }
func unix() string                      { return fmt.Sprint(time.Now().Unix()) }
func milliseconds() string              { return fmt.Sprint(time.Now().UnixNano() / 1000 % 5000) }
func seconds() string                   { return fmt.Sprintf("0.%06d", time.Now().UnixNano()/1000%1e6) }

func noisy(name string, api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, of := range []string{"", name} {
			for field, value := range noise[of] {
				w.Header().Set(field, value())
			}
		}
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && compressed[name] {
			coded := &compressing{w, gzip.NewWriter(w)}
			defer coded.to.Close()
			w = coded
		}
		api.ServeHTTP(w, r)
	})
}

// compressed are the APIs that answer in gzip.
var compressed = map[string]bool{"octokit": true, "graphql": true, "python": true, "go": true}

// compressing is an answer whose content, if it is JSON, is sent in gzip.
type compressing struct {
	http.ResponseWriter
	to *gzip.Writer
}

func (c *compressing) WriteHeader(status int) {
	if c.Header().Get("Content-Type") == "application/json" {
		c.Header().Set("Content-Encoding", "gzip")
		c.Header().Del("Content-Length")
	} else {
		c.to.Reset(io.Discard)
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *compressing) Write(b []byte) (int, error) {
	if c.Header().Get("Content-Encoding") == "" {
		return c.ResponseWriter.Write(b)
	}
	return c.to.Write(b)
}

// counted asks a server that makes ids at random, and numbers them in the order in
// which they come. It stands for one that holds the same in every run.
func counted(at *url.URL) http.Handler {
	var mu sync.Mutex // guards numbers
	numbers := map[string]string{}
	id := regexp.MustCompile(`\b([a-z]{2,4})_[A-Za-z0-9]{14,}`)
	proxy := httputil.NewSingleHostReverseProxy(at)
	proxy.ModifyResponse = func(res *http.Response) error {
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		body = id.ReplaceAllFunc(body, func(found []byte) []byte {
			name, kind := string(found), string(id.FindSubmatch(found)[1])
			if numbers[name] == "" {
				numbers[name] = fmt.Sprintf("%s_%013d", kind, len(numbers)+1)
			}
			return []byte(numbers[name])
		})
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		res.Header.Set("Content-Length", fmt.Sprint(len(body)))
		return nil
	}
	return proxy
}

// send answers with JSON.
func send(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

// content returns a request's content, its coding undone, or nil after it has
// answered that it is bad.
func content(w http.ResponseWriter, r *http.Request) []byte {
	in := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		decoded, err := gzip.NewReader(in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return nil
		}
		in = decoded
	}
	b, err := io.ReadAll(in)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil
	}
	return append([]byte{}, b...)
}

// events sends server-sent events, each in a chunk of its own.
func events(w http.ResponseWriter, each []string) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	for _, event := range each {
		io.WriteString(w, event+"\n\n")
		http.NewResponseController(w).Flush()
		time.Sleep(5 * time.Millisecond)
	}
}
