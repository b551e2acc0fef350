package main

import (
	"context"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// roundTrip returns the median time of a small read of a Redis.
func roundTrip(ctx context.Context, address string) (time.Duration, error) {
	client := redis.NewClient(&redis.Options{Addr: address, Protocol: 2, DisableIdentity: true})
	defer client.Close()
	if err := client.Set(ctx, "bench", "1234567890:12345", 0).Err(); err != nil {
		return 0, err
	}
	took := make([]time.Duration, 5000)
	for i := range took {
		began := time.Now()
		if err := client.Get(ctx, "bench").Err(); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
