package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// A load is how requests are made.
type load struct {
	connections int
	count       int  // of URLs, asked for at random
	fresh       bool // ask for each URL once, as only misses do
	duration    time.Duration

	// rate is how many requests a second there are, at random moments that
	// do not depend on the answers; 0 is the next as soon as the last is
	// answered.
	rate float64

	// sweep asks for all URLs, in turn, once. It has no duration.
	sweep bool

	// salt makes the URLs of fresh loads others than those of earlier ones.
	salt string
}

// A result is what a load came to.
type result struct {
	requests int
	errors   int
	p50, p99 time.Duration
	took     time.Duration
}

// perSecond is how many requests were answered in a second.
func (r result) perSecond() float64 { return float64(r.requests) / r.took.Seconds() }

// path returns the URL of a client's nth request, "" after the last.
func (l load) path(client, n int, random func(int) int) string {
	switch {
	case l.fresh:
		return fmt.Sprintf("/fresh/%s/%d/%d", l.salt, client, n)
	case !l.sweep:
		return target(random(l.count))
	}
	if i := n*l.connections + client; i < l.count {
		return target(i)
	}
	return ""
}

// send makes the requests of a load. It is wrk that sends as many as it can:
// no client takes less of the machine from the server.
func (b *bench) send(ctx context.Context, url string, l load) (result, error) {
	var res result
	var err error
	if b.settings.wrk && l.rate == 0 && !l.sweep && strings.HasPrefix(url, "http:") {
		res, err = b.wrk(ctx, url, l)
	} else {
		res, err = l.run(ctx, url)
	}
	switch {
	case err != nil:
		return res, fmt.Errorf("load %s: %w", url, err)
	case res.errors > 0:
		return res, fmt.Errorf("load %s: %d of %d requests failed", url, res.errors, res.requests)
	case res.requests == 0:
		return res, fmt.Errorf("load %s: no answer", url)
	}
	return res, nil
}

// sendAll divides a load among servers, at the same time. The percentiles are
// those of the slowest.
func (b *bench) sendAll(ctx context.Context, s servers, l load) (result, error) {
	l.connections /= len(s)
	results, errs := make([]result, len(s)), make([]error, len(s))
	var all sync.WaitGroup
	for i, p := range s {
		part := l
		part.salt = fmt.Sprintf("%s.%d", l.salt, i)
		all.Go(func() { results[i], errs[i] = b.send(ctx, p.url, part) })
	}
	all.Wait()
	var sum result
	for _, r := range results {
		sum.requests += r.requests
		sum.p50, sum.p99, sum.took = max(sum.p50, r.p50), max(sum.p99, r.p99), max(sum.took, r.took)
	}
	return sum, errors.Join(errs...)
}
