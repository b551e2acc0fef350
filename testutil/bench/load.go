package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A load is how requests are made.
type load struct {
	connections int
	count       int  // of URLs, asked for at random
	fresh       bool // ask for each URL once, as only misses do
	duration    time.Duration

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

// send makes the requests of a load.
func (b *bench) send(ctx context.Context, url string, l load) (result, error) {
	var res result
	var err error
	if b.client == "wrk" {
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

// path returns the URL of a client's nth request.
func (l load) path(client, n int, random func(int) int) string {
	if l.fresh {
		return fmt.Sprintf("/fresh/%s/%d/%d", l.salt, client, n)
	}
	return target(random(l.count))
}

// script is the load in wrk's Lua. Each thread of wrk has a number, for its
// random numbers and fresh URLs.
const script = `
local threads = 0
function setup(thread)
	threads = threads + 1
	thread:set("number", threads)
end
function init(args)
	math.randomseed(number * 7919)
	n = 0
end
function request()
	n = n + 1
	local path
	if %[1]q ~= "" then
		path = "/fresh/" .. %[1]q .. "/" .. number .. "/" .. n
	else
		path = "/v1/items/" .. math.random(0, %[2]d - 1) .. "?page=2"
	end
	return "GET " .. path .. " HTTP/1.1\r\nHost: %[3]s\r\nAccept: */*\r\nUser-Agent: wrk\r\n\r\n"
end
function done(summary, latency, requests)
	local e = summary.errors
	print(string.format("\nsummary %%d %%d %%d %%d %%d", summary.requests, e.connect + e.read + e.write + e.status + e.timeout,
		summary.duration, latency:percentile(50), latency:percentile(99)))
end
`

// wrk has wrk make the requests.
func (b *bench) wrk(ctx context.Context, url string, l load) (result, error) {
	salt := ""
	if l.fresh {
		salt = l.salt
	}
	file := filepath.Join(b.dir, "load.lua")
	text := fmt.Sprintf(script, salt, l.count, strings.TrimPrefix(url, "http://"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return result{}, err
	}
	threads := min(2, l.connections)
	out, err := exec.CommandContext(ctx, "wrk", "-t", strconv.Itoa(threads), "-c", strconv.Itoa(l.connections),
		"-d", fmt.Sprintf("%ds", max(1, int(l.duration.Seconds()))), "--timeout", "10s", "-s", file, url).Output()
	if err != nil {
		return result{}, fmt.Errorf("run wrk: %w: %s", err, out)
	}
	_, line, found := strings.Cut(string(out), "\nsummary ")
	if !found {
		return result{}, errors.New("run wrk: there is no summary in what it printed")
	}
	var res result
	var took, p50, p99 int64 // in microseconds
	if _, err := fmt.Sscan(line, &res.requests, &res.errors, &took, &p50, &p99); err != nil {
		return result{}, fmt.Errorf("read wrk's summary: %w", err)
	}
	res.took, res.p50, res.p99 = micros(took), micros(p50), micros(p99)
	return res, nil
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
