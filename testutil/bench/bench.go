package main

import (
	"context"
	"fmt"
	"path/filepath"
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
	name  string
	needs string // a program without which it is left out; "" for none
	do    func(ctx context.Context, b *bench) error
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

// folder returns the path of a new folder, which does not exist yet.
func (b *bench) folder(name string) string {
	b.turns++
	return filepath.Join(b.dir, fmt.Sprintf("%s-%d", name, b.turns))
}

// A figure is what one turn measured.
type figure struct {
	result
	cpu    float64 // of the servers together: seconds for 100,000 requests
	others float64 // the same of what they use, such as Redis
}

// Servers are those among which a load is divided.
type servers []*process

// turn has servers answer a load once. Others are processes whose time is
// measured with theirs.
func (b *bench) turn(ctx context.Context, s servers, l load, others ...*process) (figure, error) {
	b.turns++
	l.salt, l.duration = fmt.Sprint(b.turns), b.duration
	before, err := cpuOf(s, others)
	if err != nil {
		return figure{}, err
	}
	res, err := b.sendAll(ctx, s, l)
	if err != nil {
		return figure{}, err
	}
	after, err := cpuOf(s, others)
	if err != nil {
		return figure{}, err
	}
	each := 1e5 / float64(res.requests)
	return figure{result: res, cpu: (after[0] - before[0]) * each, others: (after[1] - before[1]) * each}, nil
}

// cpuOf returns the processor time of each group of processes, in seconds.
func cpuOf(groups ...[]*process) ([]float64, error) {
	sums := make([]float64, len(groups))
	for i, group := range groups {
		for _, p := range group {
			used, err := p.cpu()
			if err != nil {
				return nil, err
			}
			sums[i] += used
		}
	}
	return sums, nil
}

// sweep asks a server for everything once, so that it is in memory.
func (b *bench) sweep(ctx context.Context, p *process, count int) error {
	_, err := b.turn(ctx, servers{p}, load{connections: min(busy, count), count: count, sweep: true})
	return err
}
