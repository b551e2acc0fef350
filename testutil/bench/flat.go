package main

import (
	"context"
	"fmt"
)

// A crowd is a server, and how many URLs it is asked for.
type crowd struct {
	*process
	count int
}

// flat compares hits among many recordings with hits among a thousand.
func (b *bench) flat(ctx context.Context, store string, goal float64, counts ...int) error {
	var crowds []crowd
	for _, count := range append([]int{thousand.count}, counts...) {
		st, err := b.stock(ctx, store, thousand.of(count))
		if err != nil {
			return err
		}
		p, err := b.openWarm(ctx, st)
		if err != nil {
			return err
		}
		crowds = append(crowds, crowd{p, count})
	}
	return b.compareCrowds(ctx, "HIT, "+store, goal, crowds)
}

// counts are the numbers of recordings beyond a thousand.
func (s *settings) counts() []int {
	if s.many > 10_000 {
		return []int{10_000, s.many}
	}
	return []int{s.many}
}

// flatCache is the same for a cache library alone.
func flatCache(ctx context.Context, b *bench) error {
	var crowds []crowd
	for _, count := range append([]int{thousand.count}, b.counts()...) {
		p, err := b.floor(ctx, thousand.of(count), "-kind", "cache")
		if err != nil {
			return err
		}
		crowds = append(crowds, crowd{p, count})
	}
	return b.compareCrowds(ctx, "for comparison: otter alone", 0, crowds)
}

// flatSmall is what hits cost when not all recordings fit into --cache-size.
func flatSmall(ctx context.Context, b *bench) error {
	st, err := b.stock(ctx, "Redis", thousand.of(b.many))
	if err != nil {
		return err
	}
	all, err := b.openWarm(ctx, st)
	if err != nil {
		return err
	}
	some, err := b.open(ctx, st, "--cache-size", fmt.Sprint(st.count*st.size/4))
	if err != nil {
		return err
	}
	return b.compare(ctx, comparison{
		name: fmt.Sprintf("HIT, Redis, %d recordings, --cache-size a quarter of them against all", st.count),
		base: all, subject: some, load: load{connections: busy, count: st.count},
	})
}

// compareCrowds measures each server with its own number of URLs, and compares
// each with the first.
func (b *bench) compareCrowds(ctx context.Context, name string, goal float64, crowds []crowd) error {
	all := make([]figures, len(crowds))
	for _, c := range crowds {
		// What was read into memory has left garbage behind.
		if _, err := b.turn(ctx, c.process, load{connections: busy, count: c.count}); err != nil {
			return err
		}
	}
	for range b.rounds {
		for i, c := range crowds {
			f, err := b.turn(ctx, c.process, load{connections: busy, count: c.count})
			if err != nil {
				return err
			}
			all[i].add(f)
		}
	}
	for i, f := range all[1:] {
		b.table.add(row{
			Name: fmt.Sprintf("%s, %d recordings against %d, CPU", name, crowds[i+1].count, crowds[0].count),
			Goal: goal, Values: ratios(f.cpu, all[0].cpu), Note: f.against(all[0]),
		})
	}
	return nil
}

// ratios divides each value by its base.
func ratios(values, bases []float64) []float64 {
	each := make([]float64, len(values))
	for i, v := range values {
		each[i] = v / bases[i]
	}
	return each
}
