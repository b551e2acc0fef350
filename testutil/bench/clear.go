package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/redis/go-redis/v9"
)

// clearTimes measures clear-cache on Redis: the command until all memory is given
// back, and how long after its start a proxy still serves what was there.
func clearTimes(ctx context.Context, b *bench) error {
	origin, err := b.floor(ctx, thousand)
	if err != nil {
		return err
	}
	st, p, err := b.openEmpty(ctx, "Redis", origin)
	if err != nil {
		return err
	}
	client := clientOf(st.redis[0])
	defer client.Close()
	empty, err := usedMemory(ctx, client)
	if err != nil {
		return err
	}
	st.sample = thousand.of(b.many)
	var commands, freed, seen []float64
	for range b.rounds {
		if err := st.fillRedis(ctx, redisURL(st.redis...)); err != nil {
			return err
		}
		c := clearing{proxy: p, redis: client}
		if err := c.run(ctx, b, redisURL(st.redis...), empty); err != nil {
			return err
		}
		commands = append(commands, c.command.Seconds()*1e3)
		freed = append(freed, max(c.command, c.freed).Seconds()*1e3)
		seen = append(seen, c.seen.Seconds()*1e3)
	}
	b.table.add(row{Name: fmt.Sprintf("clear-cache, Redis, %d recordings: until a proxy sees the empty store", b.many), Unit: "ms", Goal: 50, Values: seen})
	b.table.add(row{
		Name: fmt.Sprintf("clear-cache, Redis, %d recordings: until all memory is given back", b.many), Unit: "ms", Goal: 600, Values: freed,
		Note: fmt.Sprintf("the command alone: %.0f ms", median(commands)),
	})
	return nil
}

// A clearing is one run of clear-cache. Its times count from the command's start.
type clearing struct {
	proxy *process
	redis *redis.Client

	command time.Duration // until it has ended
	freed   time.Duration // until Redis has the memory back
	seen    time.Duration // until the proxy has answered a MISS
}

// run clears the store of a Redis that needs so many bytes when it is empty.
func (c *clearing) run(ctx context.Context, b *bench, address string, empty int64) error {
	full, err := usedMemory(ctx, c.redis)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, b.program, "clear-cache", "--redis", address)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+b.dir)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	for n := 0; c.seen == 0; n++ {
		cache, err := cacheHeader(ctx, c.proxy.url+target(n))
		if err != nil {
			return err
		}
		if cache == "MISS" {
			c.seen = time.Since(began)
		}
	}
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		c.command = time.Since(began)
		ended <- err
	}()
	// What it needs to be empty differs by a table or two.
	for used := full; used-empty > (full-empty)/50; {
		if used, err = usedMemory(ctx, c.redis); err != nil {
			return err
		}
		c.freed = time.Since(began)
		if c.freed > time.Minute {
			return fmt.Errorf("a minute after clear-cache Redis still uses %d bytes of %d", used, full)
		}
	}
	return <-ended
}

// cacheHeader asks for a URL and returns the answer's X-Cache.
func cacheHeader(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.Header.Get("X-Cache"), err
}
