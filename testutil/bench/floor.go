package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"github.com/maypok86/otter/v2"
	"github.com/redis/go-redis/v9"
)

// floor is this program as the server that others are compared with. It prints
// its URL when it is ready and serves until it is killed, or until its standard
// input ends.
func floor(args []string) error {
	f := flag.NewFlagSet("floor", flag.ContinueOnError)
	var s sample
	f.IntVar(&s.count, "count", 1000, "URLs")
	f.IntVar(&s.size, "size", 1024, "bytes of each content")
	f.BoolVar(&s.json, "json", true, "JSON content")
	kind := f.String("kind", "memory", "memory: a map of answers; cache: an otter cache of them; stream: one that comes slowly; proxy: httputil.ReverseProxy")
	origin := f.String("origin", "", "proxy: where to")
	address := f.String("redis", "", "proxy: SET every answer in this Redis, as host:port")
	if err := f.Parse(args); err != nil {
		return err
	}
	var handler http.Handler
	var err error
	switch *kind {
	case "memory":
		handler = s.inMemory()
	case "cache":
		handler, err = s.inCache()
	case "stream":
		handler = http.HandlerFunc(slowly)
	case "proxy":
		handler, err = proxyTo(*origin, *address)
	default:
		err = fmt.Errorf("no kind %q", *kind)
	}
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // whoever started this has ended
		os.Exit(0)
	}()
	return http.Serve(l, handler)
}

// send writes an answer as cannery's HIT does.
func (a *answer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(a.body) // the client may leave
}

// answers are those of all targets. X-Cache is among the fields: cannery has it.
func (s sample) answers() map[string]*answer {
	all := make(map[string]*answer, s.count)
	for i := range s.count {
		a := s.answer(i)
		a.header["X-Cache"] = []string{"HIT"}
		all[target(i)] = &a
	}
	return all
}

// inMemory answers from a map. It is also the origin of misses: an unknown URL
// gets the first answer.
func (s sample) inMemory() http.Handler {
	all := s.answers()
	other := all[target(0)]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a := all[r.RequestURI]; a != nil {
			a.send(w)
			return
		}
		other.send(w)
	})
}

func (s sample) inCache() (http.Handler, error) {
	cache, err := otter.New(&otter.Options[string, *answer]{MaximumSize: 2 * s.count})
	if err != nil {
		return nil, err
	}
	for name, a := range s.answers() {
		cache.Set(name, a)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := cache.GetIfPresent(r.RequestURI)
		if !ok {
			http.NotFound(w, r)
			return
		}
		a.send(w)
	}), nil
}

// proxyTo forwards, and keeps what comes in Redis if there is one: the least
// that a recording proxy can do.
func proxyTo(origin, redisAddress string) (http.Handler, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 1000
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}
	if redisAddress == "" {
		return proxy, nil
	}
	client := redis.NewClient(&redis.Options{Addr: redisAddress, PoolSize: 64})
	proxy.ModifyResponse = func(res *http.Response) error {
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return err
		}
		if err := res.Body.Close(); err != nil {
			return err
		}
		res.Body = io.NopCloser(bytes.NewReader(body))
		return client.Set(res.Request.Context(), "floor:"+res.Request.URL.RequestURI(), body, 0).Err()
	}
	return proxy, nil
}
