package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// warm compares hits of a store that is held in memory with a floor, which must give
// the same answers.
func (b *bench) warm(ctx context.Context, store string, s sample, open func(st *stock) (*process, error), floor ...string) (c comparison, st *stock, err error) {
	base, err := b.floor(ctx, s, floor...)
	if err != nil {
		return c, nil, err
	}
	if st, err = b.stock(ctx, store, s); err != nil {
		return c, nil, err
	}
	p, err := open(st)
	if err != nil {
		return c, nil, err
	}
	c = comparison{base: servers{base}, subject: servers{p}, load: load{connections: busy, count: s.count}, goal: 1.25}
	return c, st, same(ctx, base, p)
}

// hit compares hits with the floor. With a tail their slowest are compared too.
func (b *bench) hit(ctx context.Context, store string, s sample, goal, tail float64) error {
	c, st, err := b.warm(ctx, store, s, func(st *stock) (*process, error) { return b.openWarm(ctx, st) })
	if err != nil {
		return err
	}
	c.name, c.goal, c.tail = fmt.Sprintf("HIT, %s, %s", store, sizeText(s.size)), goal, tail
	if s.size == thousand.size {
		c.redis = st.redis
	}
	if s.size > medium.size {
		c.load.connections = 8
	}
	return b.compare(ctx, c)
}

// hitTLS compares hits over TLS with the floor's: what cannery adds to what TLS takes.
func hitTLS(ctx context.Context, b *bench) error {
	c, _, err := b.warm(ctx, "directory", thousand, func(st *stock) (*process, error) { return b.openWarm(ctx, st, "--tls") }, "-tls")
	if err != nil {
		return err
	}
	c.name = "HIT, directory, 1 KiB, TLS"
	return b.compare(ctx, c)
}

func sizeText(size int) string {
	if size >= mebibyte {
		return fmt.Sprintf("%d MiB", size/mebibyte)
	}
	return fmt.Sprintf("%d KiB", size>>10)
}

// hitAlone measures what one client on one connection waits for beside the
// floor's time: a round trip to Redis, which is measured by itself.
func hitAlone(ctx context.Context, b *bench) error {
	c, st, err := b.warm(ctx, "Redis", thousand, func(st *stock) (*process, error) { return b.openWarm(ctx, st) })
	if err != nil {
		return err
	}
	one := load{connections: 1, count: thousand.count}
	var added, trips []float64
	for range b.rounds {
		alone, err := b.turn(ctx, c.base, one)
		if err != nil {
			return err
		}
		got, err := b.turn(ctx, c.subject, one)
		if err != nil {
			return err
		}
		trip, err := roundTrip(ctx, st.redis[0])
		if err != nil {
			return err
		}
		added = append(added, (got.p50-alone.p50).Seconds()*1e6)
		trips = append(trips, trip.Seconds()*1e6)
	}
	b.table.add(row{
		Name: "HIT, Redis, one connection: added latency against a GET by go-redis", Goal: 1, Values: ratios(added, trips),
		Note: fmt.Sprintf("%.0f us against %.0f us", median(added), median(trips)),
	})
	return nil
}

// flat compares hits among many recordings with hits among a thousand.
func (b *bench) flat(ctx context.Context, store string) error {
	var proxies servers
	for _, s := range []sample{thousand, thousand.of(b.many)} {
		st, err := b.stock(ctx, store, s)
		if err != nil {
			return err
		}
		p, err := b.openWarm(ctx, st)
		if err != nil {
			return err
		}
		proxies = append(proxies, p)
	}
	return b.compare(ctx, comparison{
		name: fmt.Sprintf("HIT, %s, %d recordings against %d", store, b.many, thousand.count),
		base: proxies[:1], baseCount: thousand.count, subject: proxies[1:],
		load: load{connections: busy, count: b.many}, goal: 1.25,
	})
}

// scale compares several proxies on one Redis with one alone.
func scale(ctx context.Context, b *bench) error {
	st, err := b.stock(ctx, "Redis", thousand.of(10_000))
	if err != nil {
		return err
	}
	var proxies servers
	for range 4 {
		p, err := b.openWarm(ctx, st)
		if err != nil {
			return err
		}
		proxies = append(proxies, p)
	}
	for _, n := range []int{2, 4} {
		err := b.compare(ctx, comparison{
			name: fmt.Sprintf("HIT, Redis, %d proxies against 1", n),
			base: proxies[:1], subject: proxies[:n],
			load: load{connections: busy, count: st.count},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// spreadKeys measures how evenly a store's keys lie on the masters of a cluster.
func spreadKeys(ctx context.Context, b *bench) error {
	st, err := b.stock(ctx, "Redis Cluster", thousand.of(10_000))
	if err != nil {
		return err
	}
	var sizes []float64
	var sum float64
	var list []string
	for _, node := range st.redis {
		client := clientOf(node)
		defer client.Close()
		n, err := client.DBSize(ctx).Result()
		if err != nil {
			return err
		}
		sizes, sum, list = append(sizes, float64(n)), sum+float64(n), append(list, fmt.Sprint(n))
	}
	b.table.add(row{
		Name:   fmt.Sprintf("%s, %d recordings: the fullest master against an even share", st.store, st.count),
		Values: []float64{slices.Max(sizes) * float64(len(sizes)) / sum},
		Note:   strings.Join(list, ", ") + " keys",
	})
	return nil
}
