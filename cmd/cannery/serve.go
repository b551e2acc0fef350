package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// listen listens on the one address that was asked for.
func listen(ctx context.Context, host string, port int) (net.Listener, error) {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	hint := "is --host an address of this machine?"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		hint = "another program listens there: use another --port, or --port 0 for a free one"
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		hint = "ports below 1024 may need privileges: use another --port, or --port 0 for a free one"
	}
	var op *net.OpError
	var number syscall.Errno
	switch {
	case errors.As(err, &number):
		err = number // without the address, which is named already
	case errors.As(err, &op):
		err = op.Err
	}
	return nil, misuse(hint, "listen on %q: %w", address, err)
}

// shutdownTimeout is how long answers that are under way may take to end, once the
// proxy is asked to stop.
const shutdownTimeout = 30 * time.Second

// A server serves until it is asked to stop.
type server struct {
	http *http.Server
	stop <-chan os.Signal

	// inside serves what is inside tunnels. Nil: there are none.
	inside  *http.Server
	tunnels net.Listener

	// talk tells people what a stop is waiting for.
	talk func(string)

	// handlers are the requests under way. Some outlive their connections, which
	// are all that net/http waits for: WebSockets, and what clients have left.
	handlers sync.WaitGroup
}

func newServer(handler http.Handler, stop <-chan os.Signal, talk func(string)) *server {
	s := &server{stop: stop, talk: talk}
	s.http = s.serving(handler)
	return s
}

// serving returns a server of HTTP for a handler, whose requests under way are counted.
func (s *server) serving(handler http.Handler) *http.Server {
	served := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.handlers.Add(1)
			defer s.handlers.Done()
			handler.ServeHTTP(w, r)
		}),
		DisableGeneralOptionsHandler: true, // "OPTIONS *" is the origin's
		ReadHeaderTimeout:            10 * time.Second,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               1 << 20,
		ErrorLog:                     log.New(io.Discard, "", 0),
		Protocols:                    new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 250,
			SendPingTimeout:      time.Minute, // a peer that has vanished
			PingTimeout:          15 * time.Second,
			WriteByteTimeout:     2 * time.Minute,
		},
	}
	served.Protocols.SetHTTP1(true)
	served.Protocols.SetHTTP2(true)
	served.Protocols.SetUnencryptedHTTP2(true)
	return served
}

// take has the server serve what is inside the tunnels of a forward proxy too, nil for
// none.
func (s *server) take(f *front) {
	if f == nil {
		return
	}
	s.inside, s.tunnels = s.serving(f.Inside()), f.Proxy
	s.inside.ConnContext, s.inside.ConnState = f.ConnContext, f.ConnState
}

// serve answers on l, which it closes, until a signal or the end of ctx asks it
// to stop; what is under way then is finished. WebSockets have no end to wait for:
// they are closed when everything else has been answered.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	requests, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	base := func(net.Listener) context.Context { return requests }
	s.http.BaseContext = base
	timed := newTimedListener(l)
	failed := make(chan error, 1)
	go func() { failed <- s.accept(timed) }()
	var inside sync.WaitGroup
	if s.inside != nil {
		s.inside.BaseContext = base
		inside.Go(func() { _ = s.inside.Serve(s.tunnels) }) // it ends when it is shut down
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %q: %w", l.Addr(), err)
	case <-s.stop:
	case <-ctx.Done():
	}
	err := s.shutdown(context.WithoutCancel(ctx), end)
	<-failed
	inside.Wait()
	return err
}

// accept serves those who come.
func (s *server) accept(l *timedListener) error {
	if s.http.TLSConfig != nil {
		return s.http.ServeTLS(l, "", "")
	}
	l.onTLS = sync.OnceFunc(func() {
		s.talk("a client speaks TLS to " + l.Addr().String() + ", where plain HTTP is spoken: give it an http:// URL, as HTTPS_PROXY too, or start cannery with --tls")
	})
	return s.http.Serve(l)
}

// shutdown finishes what is under way, and calls end for what has no end. A second
// signal ends it at once.
func (s *server) shutdown(ctx context.Context, end func()) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	finished := make(chan error, 1)
	go func() {
		err := s.http.Shutdown(ctx)
		if s.inside != nil {
			err = errors.Join(err, s.inside.Shutdown(ctx))
		}
		end()
		finished <- errors.Join(err, s.wait(ctx))
	}()
	select {
	case err := <-finished:
		if errors.Is(err, context.DeadlineExceeded) {
			s.talk(fmt.Sprintf("gave up on answers that did not end within %v", shutdownTimeout))
			return s.close()
		}
		return err
	case <-s.stop:
		cancel()
		<-finished
		return errors.Join(errors.New("stopped at once: answers under way were cut short"), s.close())
	}
}

// close closes all connections at once.
func (s *server) close() error {
	err := s.http.Close()
	if s.inside != nil {
		err = errors.Join(err, s.inside.Close())
	}
	return err
}

// wait waits for the last handler, or for the end of ctx.
func (s *server) wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		s.handlers.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
