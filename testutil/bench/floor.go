package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"example.com/cannery/replay/authority"
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
	kind := f.String("kind", "memory", "memory: a map of answers; stream: one that comes slowly; proxy: httputil.ReverseProxy")
	origin := f.String("origin", "", "proxy: where to")
	secure := f.Bool("tls", false, "speak TLS")
	if err := f.Parse(args); err != nil {
		return err
	}
	var handler http.Handler
	var err error
	switch *kind {
	case "memory":
		handler = s.inMemory()
	case "stream":
		handler = http.HandlerFunc(slowly)
	case "proxy":
		handler, err = proxyTo(*origin)
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
	server := &http.Server{Handler: handler}
	scheme := "http"
	if *secure {
		scheme = "https"
		if server.TLSConfig, err = certified(); err != nil {
			return err
		}
	}
	fmt.Printf("%s://%s\n", scheme, l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // whoever started this has ended
		os.Exit(0)
	}()
	if *secure {
		return server.ServeTLS(l, "", "")
	}
	return server.Serve(l)
}

// certified shows a certificate as cannery's are: another kind of key would compare
// kinds of keys.
func certified() (*tls.Config, error) {
	a, err := authority.New()
	if err != nil {
		return nil, err
	}
	leaf, err := a.Leaf("127.0.0.1")
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{*leaf}}, nil
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

// proxyTo forwards: the least that a recording proxy can do.
func proxyTo(origin string) (http.Handler, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 1000
	return &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}, nil
}
