package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// run makes the requests of a load with a client that does as little as it can:
// a goroutine for each connection, and of an answer it reads the status and the
// length.
func (l load) run(ctx context.Context, url string) (result, error) {
	if !l.sweep {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.duration)
		defer cancel()
	}
	began := time.Now()
	clients := make([]client, l.connections)
	errs := make([]error, l.connections)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() { errs[i] = clients[i].run(ctx, url, i, l) })
	}
	all.Wait()
	res := result{took: time.Since(began)}
	var took []time.Duration
	for i := range clients {
		res.errors += clients[i].failed
		took = append(took, clients[i].took...)
	}
	res.requests = len(took)
	if len(took) > 0 {
		slices.Sort(took)
		res.p50, res.p99 = took[len(took)/2], took[len(took)*99/100]
	}
	return res, errors.Join(errs...)
}

// A client is one connection.
type client struct {
	took   []time.Duration // of each request
	failed int             // answers that were not 200
}

// connect connects to the server of a URL, and returns what Host is to be.
func connect(ctx context.Context, url string) (conn net.Conn, host string, err error) {
	scheme, address, _ := strings.Cut(url, "://")
	conn, err = new(net.Dialer).DialContext(ctx, "tcp", address)
	switch {
	case err != nil:
	case scheme == "https":
		conn = tls.Client(conn, anyCertificate)
	case scheme == throughTunnel:
		return enter(ctx, conn, originHost)
	}
	return conn, address, err
}

func (c *client) run(ctx context.Context, url string, number int, l load) error {
	conn, address, err := connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close()
	random := rand.New(rand.NewPCG(uint64(number), 1))
	in := bufio.NewReaderSize(conn, 64<<10)
	due := time.Now()
	var out []byte
	for n := 0; ctx.Err() == nil; n++ {
		path := l.path(number, n, random.IntN)
		if path == "" {
			return nil
		}
		out = append(append(out[:0], "GET "...), path...)
		out = append(append(append(out, " HTTP/1.1\r\nHost: "...), address...), "\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n"...)
		began := time.Now()
		if l.rate > 0 {
			due = due.Add(l.gap(random.ExpFloat64()))
			began = untilDue(due)
		}
		if _, err := conn.Write(out); err != nil {
			return err
		}
		ok, err := readAnswer(in)
		if err != nil {
			return err
		}
		if !ok {
			c.failed++
		}
		c.took = append(c.took, time.Since(began))
	}
	return nil
}

// gap is the time between two requests of one connection that are due at random
// moments, for an exponentially distributed number whose mean is 1.
func (l load) gap(exp float64) time.Duration {
	return time.Duration(exp * float64(l.connections) / l.rate * float64(time.Second))
}

// untilDue waits until a request is due and returns the moment from which its time
// counts: when it was due, if the answer before it came so late that it had to
// wait for that; else now, since that this client woke up late is not the
// server's doing.
func untilDue(due time.Time) time.Time {
	wait := time.Until(due)
	if wait < 0 {
		return due
	}
	time.Sleep(wait)
	return time.Now()
}

var (
	okay          = []byte("HTTP/1.1 200 ")
	contentLength = []byte("Content-Length: ")
)

// readAnswer reads an answer with a declared length, and reports whether its
// status is 200.
func readAnswer(in *bufio.Reader) (ok bool, err error) {
	length := -1
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return false, err
		}
		switch {
		case first:
			ok = bytes.HasPrefix(line, okay)
		case len(line) == 2:
			if length < 0 {
				return false, errors.New("an answer without a length")
			}
			_, err := in.Discard(length)
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return ok, err
		case bytes.HasPrefix(line, contentLength):
			if length, err = strconv.Atoi(string(line[len(contentLength) : len(line)-2])); err != nil {
				return false, err
			}
		}
	}
}
