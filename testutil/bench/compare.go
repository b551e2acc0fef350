package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A comparison is a subject beside its base.
type comparison struct {
	name          string
	base, subject servers
	load          load
	baseCount     int        // of URLs that the base is asked for; 0: as many as the load says
	goal          float64    // of the processor's time, as a ratio; 0 for none
	tail          float64    // of the 99th percentile; 0 not to measure it
	redis         []*process // whose processor time is measured too
}

// compare measures both by turns and adds their ratios to the table.
func (b *bench) compare(ctx context.Context, c comparison) error {
	baseLoad := c.load
	if c.baseCount > 0 {
		baseLoad.count = c.baseCount
	}
	var base, subject figures
	for round := range 1 + b.rounds {
		was, err := b.turn(ctx, c.base, baseLoad)
		if err != nil {
			return err
		}
		is, err := b.turn(ctx, c.subject, c.load, c.redis...)
		if err != nil {
			return err
		}
		if round == 0 {
			continue // both have warmed up
		}
		base.add(was)
		subject.add(is)
	}
	b.table.add(row{Name: c.name + ", CPU", Goal: c.goal, Values: ratios(subject.cpu, base.cpu), Note: subject.against(base)})
	if c.tail != 0 {
		if err := b.compareTails(ctx, c, median(base.rate)); err != nil {
			return err
		}
	}
	if len(c.redis) > 0 {
		b.table.add(row{Name: c.name + ", CPU of Redis per 100,000", Unit: "s", Goal: 0.1, Values: subject.others})
	}
	return nil
}

// ease is the share of what the base can do at most at which answers are timed.
// With more, the time is that of waiting for a processor which clients need too.
const ease = 0.3

// compareTails compares the slowest of a hundred answers, at the same rate for
// both.
func (b *bench) compareTails(ctx context.Context, c comparison, most float64) error {
	l := c.load
	l.rate = most * ease
	var was, is []float64
	for range b.rounds {
		base, err := b.turn(ctx, c.base, l)
		if err != nil {
			return err
		}
		subject, err := b.turn(ctx, c.subject, l)
		if err != nil {
			return err
		}
		was, is = append(was, base.p99.Seconds()*1e6), append(is, subject.p99.Seconds()*1e6)
	}
	b.table.add(row{
		Name: c.name + ", p99", Goal: c.tail, Values: ratios(is, was),
		Note: fmt.Sprintf("%.0f us against %.0f us, at %.0f requests a second for both", median(is), median(was), l.rate),
	})
	return nil
}

// figures are those of several turns.
type figures struct{ cpu, rate, others []float64 }

func (f *figures) add(one figure) {
	f.cpu, f.rate = append(f.cpu, one.cpu), append(f.rate, one.perSecond())
	f.others = append(f.others, one.others)
}

// against tells figures beside those of a base.
func (f figures) against(base figures) string {
	return fmt.Sprintf("%.2f s against %.2f s per 100,000; %.0f against %.0f requests a second",
		median(f.cpu), median(base.cpu), median(f.rate), median(base.rate))
}

// ratios divides each value by its base.
func ratios(values, bases []float64) []float64 {
	each := make([]float64, len(values))
	for i, v := range values {
		each[i] = v / bases[i]
	}
	return each
}

// same makes sure that two servers give the same answer to a request, X-Cache
// included: else one of them has less to do.
func same(ctx context.Context, base, subject *process) error {
	wantHeader, wantBody, err := fetch(ctx, base)
	if err != nil {
		return err
	}
	header, body, err := fetch(ctx, subject)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(wantHeader, header); diff != "" {
		return fmt.Errorf("the header is not the floor's (-floor +%s):\n%s", subject.cmd.Args[0], diff)
	}
	if !bytes.Equal(body, wantBody) {
		return fmt.Errorf("the content is not the floor's: %d bytes, not %d", len(body), len(wantBody))
	}
	return nil
}

// fetch gets one answer of a sample.
func fetch(ctx context.Context, p *process) (http.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+originHost+target(1), nil)
	if err != nil {
		return nil, nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, _, err := connect(ctx, p.url)
		return conn, err
	}}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.Header, body, err
}
