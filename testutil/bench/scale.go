package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// scale measures several proxies on one store: what they answer together, and
// what an answer costs, beside one proxy alone.
func (b *bench) scale(ctx context.Context, store string) error {
	st, err := b.stock(ctx, store, thousand.of(10_000))
	if err != nil {
		return err
	}
	var proxies []*process
	for range 4 {
		p, err := b.openWarm(ctx, st)
		if err != nil {
			return err
		}
		proxies = append(proxies, p)
	}
	sizes := []int{1, 2, 4}
	all := make([]figures, len(sizes))
	for range b.rounds {
		for i, size := range sizes {
			f, err := b.turnOf(ctx, proxies[:size], load{connections: busy, count: st.count}, st.redis)
			if err != nil {
				return err
			}
			all[i].add(f)
		}
	}
	b.table.add(row{Name: "HIT, " + store + ", 1 proxy, CPU of Redis per 100,000", Unit: "s", Values: all[0].others})
	for i, f := range all[1:] {
		name := fmt.Sprintf("HIT, %s, %d proxies against 1", store, sizes[i+1])
		b.table.add(row{Name: name + ", requests a second together", Values: ratios(f.rate, all[0].rate)})
		b.table.add(row{Name: name + ", CPU of all", Values: ratios(f.cpu, all[0].cpu), Note: f.against(all[0])})
		b.table.add(row{Name: name + ", CPU of Redis per 100,000", Unit: "s", Values: f.others})
	}
	if len(st.redis) == 1 {
		return nil
	}
	return b.distribution(ctx, st)
}

// distribution adds the row of how evenly a store's keys lie on the masters.
func (b *bench) distribution(ctx context.Context, st *stock) error {
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
