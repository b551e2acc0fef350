package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// between starts a proxy that records nothing and cannery, with an empty store,
// before one origin: a floor of that kind.
func (b *bench) between(ctx context.Context, store, kind string) (base, subject *process, err error) {
	origin, err := b.floor(ctx, thousand, "-kind", kind)
	if err != nil {
		return nil, nil, err
	}
	if base, err = b.floor(ctx, thousand, "-kind", "proxy", "-origin", origin.url); err != nil {
		return nil, nil, err
	}
	_, subject, err = b.openEmpty(ctx, store, origin)
	return base, subject, err
}

// miss compares misses with a proxy that records nothing.
func (b *bench) miss(ctx context.Context, store string, goal float64) error {
	base, p, err := b.between(ctx, store, "memory")
	if err != nil {
		return err
	}
	return b.compare(ctx, comparison{
		name: "MISS, " + store, base: servers{base}, subject: servers{p}, goal: goal,
		load: load{connections: busy, fresh: true},
	})
}

// pause is how long a stream takes after its first bytes, in which a proxy that
// holds them back is found out.
const pause = 5 * time.Millisecond

// slowly is the origin of streams: its answers begin at once and end later.
func slowly(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, "data: first\n\n") // the client may leave
	_ = http.NewResponseController(w).Flush()
	time.Sleep(pause)
	_, _ = io.WriteString(w, "data: last\n\n")
}

// stream measures how much later than through a proxy that records nothing the
// first byte of a stream comes, at its MISS.
func (b *bench) stream(ctx context.Context, store string) error {
	base, p, err := b.between(ctx, store, "stream")
	if err != nil {
		return err
	}
	var was, is, added []float64
	for range b.rounds {
		var waits [2]float64
		for i, p := range []*process{base, p} {
			if waits[i], err = b.firstByte(ctx, p); err != nil {
				return err
			}
		}
		was, is, added = append(was, waits[0]), append(is, waits[1]), append(added, waits[1]-waits[0])
	}
	b.table.add(row{
		Name: fmt.Sprintf("MISS, %s, a stream's first byte: added to ReverseProxy's time", store), Unit: "ms", Goal: 1, Values: added,
		Note: fmt.Sprintf("%.2f ms against %.2f ms", median(is), median(was)),
	})
	return nil
}

// firstByte returns the median time until the first byte of a stream, in
// milliseconds, of streams that are asked for one after the other.
func (b *bench) firstByte(ctx context.Context, p *process) (float64, error) {
	b.turns++
	var waits []float64
	end := time.Now().Add(b.duration)
	for n := 0; n == 0 || time.Now().Before(end); n++ {
		wait, err := askStream(ctx, fmt.Sprintf("%s/stream/%d/%d", p.url, b.turns, n))
		if err != nil {
			return 0, err
		}
		waits = append(waits, wait.Seconds()*1e3)
	}
	return median(waits), nil
}

func askStream(ctx context.Context, url string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, 1)); err != nil {
		return 0, fmt.Errorf("read the stream %s: %w", url, err)
	}
	wait := time.Since(began)
	_, err = io.Copy(io.Discard, res.Body)
	return wait, err
}
