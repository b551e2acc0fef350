package main

import (
	"bufio"
	"bytes"
	"context"
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
	ctx, cancel := context.WithTimeout(ctx, l.duration)
	defer cancel()
	began := time.Now()
	clients := make([]client, l.connections)
	errs := make([]error, l.connections)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() { errs[i] = clients[i].run(ctx, strings.TrimPrefix(url, "http://"), i, l) })
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

func (c *client) run(ctx context.Context, address string, number int, l load) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	random := rand.New(rand.NewPCG(uint64(number), 1))
	in := bufio.NewReaderSize(conn, 64<<10)
	var out []byte
	for n := 0; ctx.Err() == nil; n++ {
		out = append(append(out[:0], "GET "...), l.path(number, n, random.IntN)...)
		out = append(append(append(out, " HTTP/1.1\r\nHost: "...), address...), "\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n"...)
		began := time.Now()
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
