package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A bench holds what the measurements have in common.
type bench struct {
	*settings
	dir     string // for all files
	self    string // this program, which is the floor
	program string // cannery
	table   *table
	turns   int // so far, for names that must differ

	running []*process // of the measurement
}

// A measurement adds its rows to the table.
type measurement struct {
	name    string
	million bool // only when asked for
	do      func(ctx context.Context, b *bench) error
}

// measure makes a measurement and ends its processes.
func (b *bench) measure(ctx context.Context, m measurement) (err error) {
	defer func() {
		for _, p := range b.running {
			if stopErr := p.stop(); err == nil {
				err = stopErr
			}
		}
		b.running = nil
	}()
	return m.do(ctx, b)
}

// keep has a process ended with the measurement.
func (b *bench) keep(p *process, err error) (*process, error) {
	if err == nil {
		b.running = append(b.running, p)
	}
	return p, err
}

// floor starts this program as a server of a sample.
func (b *bench) floor(ctx context.Context, s sample, more ...string) (*process, error) {
	args := []string{
		b.self, "floor",
		"-count", fmt.Sprint(s.count), "-size", fmt.Sprint(s.size), fmt.Sprintf("-json=%v", s.json),
	}
	return b.keep(start(ctx, "", nil, append(args, more...)...))
}

// cannery starts cannery, without request lines.
func (b *bench) cannery(ctx context.Context, state string, args ...string) (*process, error) {
	argv := append([]string{b.program, "start", "--port", "0", "--json", "--quiet", "--log", "off"}, args...)
	return b.keep(start(ctx, "/__cannery/health", []string{"XDG_STATE_HOME=" + state, "REDIS_URL="}, argv...))
}

// redis starts a Redis for the measurement.
func (b *bench) redis(ctx context.Context) (*process, error) {
	return b.keep(startRedis(ctx, b.dir))
}

// folder returns the path of a new folder, which does not exist yet.
func (b *bench) folder(name string) string {
	b.turns++
	return filepath.Join(b.dir, fmt.Sprintf("%s-%d", name, b.turns))
}

// A figure is what one turn measured of a server.
type figure struct {
	result
	cpu float64 // seconds for 100,000 requests
}

// turn has a server answer a load once. Others are processes whose time is
// measured with it.
func (b *bench) turn(ctx context.Context, p *process, l load, others ...*process) (figure, []float64, error) {
	b.turns++
	l.salt, l.duration = fmt.Sprint(b.turns), b.duration
	all := append([]*process{p}, others...)
	used := make([]float64, len(all))
	for i, p := range all {
		var err error
		if used[i], err = p.cpu(); err != nil {
			return figure{}, nil, err
		}
	}
	res, err := b.send(ctx, p.url, l)
	if err != nil {
		return figure{}, nil, err
	}
	for i, p := range all {
		now, err := p.cpu()
		if err != nil {
			return figure{}, nil, err
		}
		used[i] = (now - used[i]) / float64(res.requests) * 1e5
	}
	return figure{res, used[0]}, used[1:], nil
}

// A comparison is a subject beside its base.
type comparison struct {
	name          string
	base, subject *process
	load          load
	goal          float64 // of the processor's time, as a ratio
	tail          float64 // of the 99th percentile; 0 for none
	redis         *process
}

// compare measures both by turns and adds their ratios to the table.
func (b *bench) compare(ctx context.Context, c comparison) error {
	warm := c.load
	for _, p := range []*process{c.base, c.subject} {
		if _, _, err := b.turn(ctx, p, warm); err != nil {
			return err
		}
	}
	var cpu, tail, store, bases, subjects []float64
	for range b.rounds {
		base, _, err := b.turn(ctx, c.base, c.load)
		if err != nil {
			return err
		}
		var others []*process
		if c.redis != nil {
			others = append(others, c.redis)
		}
		subject, other, err := b.turn(ctx, c.subject, c.load, others...)
		if err != nil {
			return err
		}
		cpu = append(cpu, subject.cpu/base.cpu)
		tail = append(tail, float64(subject.p99)/float64(base.p99))
		bases, subjects = append(bases, base.cpu), append(subjects, subject.cpu)
		store = append(store, other...)
	}
	was, _, _ := spread(bases)
	is, _, _ := spread(subjects)
	b.table.add(row{name: c.name + ", CPU", goal: c.goal, values: cpu, note: fmt.Sprintf("%.2f s against %.2f s per 100,000", is, was)})
	if c.tail > 0 {
		b.table.add(row{name: c.name + ", p99", goal: c.tail, values: tail})
	}
	if c.redis != nil {
		b.table.add(row{name: c.name + ", CPU of Redis per 100,000", unit: "s", goal: 0.1, values: store})
	}
	return nil
}

// same makes sure that two servers give the same answer to a request, X-Cache
// included: else one of them has less to do.
func same(ctx context.Context, base, subject *process) error {
	fetch := func(p *process) (http.Header, []byte, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+target(1), nil)
		if err != nil {
			return nil, nil, err
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			return nil, nil, err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return res.Header, body, err
	}
	wantHeader, wantBody, err := fetch(base)
	if err != nil {
		return err
	}
	header, body, err := fetch(subject)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(wantHeader, header); diff != "" {
		return fmt.Errorf("the header is not the floor's (-floor +cannery):\n%s", diff)
	}
	if !bytes.Equal(body, wantBody) {
		return fmt.Errorf("the content is not the floor's: %d bytes, not %d", len(body), len(wantBody))
	}
	return nil
}
