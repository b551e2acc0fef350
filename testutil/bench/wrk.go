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

// script is a load in wrk's Lua. Each thread of wrk has a number, for its
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
	_, address, _ := strings.Cut(url, "://")
	file := filepath.Join(b.dir, "load-"+strings.ReplaceAll(address, ":", "-")+".lua")
	if err := os.WriteFile(file, fmt.Appendf(nil, script, salt, l.count, address), 0o600); err != nil {
		return result{}, err
	}
	threads := min(2, l.connections)
	seconds := max(1, int(l.duration.Seconds()))
	out, err := exec.CommandContext(ctx, "wrk", "-t", strconv.Itoa(threads), "-c", strconv.Itoa(l.connections),
		"-d", fmt.Sprintf("%ds", seconds), "--timeout", "10s", "-s", file, url).Output()
	if err != nil {
		return result{}, fmt.Errorf("run wrk: %w: %s", err, out)
	}
	return wrkSummary(string(out))
}

// wrkSummary reads what the script prints at the end.
func wrkSummary(out string) (result, error) {
	_, line, found := strings.Cut(out, "\nsummary ")
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
