package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// startRedis starts a redis-server that keeps nothing on disk. Its url is its
// address.
func startRedis(ctx context.Context, dir string, more ...string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "redis-"+port)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	args := []string{"redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no"}
	return startQuiet(ctx, net.JoinHostPort("127.0.0.1", port), append(args, more...)...)
}

// redis starts a Redis for the measurement.
func (b *bench) redis(ctx context.Context) (*process, error) {
	return b.keep(startRedis(ctx, b.dir))
}

// cluster starts a Redis Cluster of three masters for the measurement.
func (b *bench) cluster(ctx context.Context) ([]*process, error) {
	const masters = 3
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var nodes []*process
	var first []any // how to join the first
	for i := range masters {
		bus, err := freePort()
		if err != nil {
			return nil, err
		}
		// The servers outlive this function's time.
		node, err := b.keep(startRedis(context.WithoutCancel(ctx), b.dir, "--cluster-enabled", "yes", "--cluster-port", bus))
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
		client := clientOf(node)
		defer client.Close()
		const slots = 16384
		if err := client.ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err(); err != nil {
			return nil, fmt.Errorf("give slots to a node: %w", err)
		}
		if err := client.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			return nil, fmt.Errorf("set the epoch of a node: %w", err)
		}
		if i == 0 {
			host, port, _ := net.SplitHostPort(node.url)
			first = []any{"CLUSTER", "MEET", host, port, bus}
		} else if err := client.Do(ctx, first...).Err(); err != nil {
			return nil, fmt.Errorf("join a node to the cluster: %w", err)
		}
	}
	for _, node := range nodes {
		if err := awaitCluster(ctx, node, masters); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// awaitCluster waits until a node knows the whole cluster.
func awaitCluster(ctx context.Context, node *process, masters int) error {
	client := clientOf(node)
	defer client.Close()
	for {
		info, err := client.ClusterInfo(ctx).Result()
		if err != nil {
			return err
		}
		if strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r", masters)) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the cluster does not come up: %s", info)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// clientOf returns a client of one Redis.
func clientOf(p *process) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: p.url, Protocol: 2, DisableIdentity: true})
}

// redisURL is the address of a Redis, or of a cluster, as --redis takes it.
func redisURL(nodes ...*process) string {
	var addresses []string
	for _, node := range nodes {
		addresses = append(addresses, node.url)
	}
	if len(addresses) > 1 {
		return "redis+cluster://" + strings.Join(addresses, ",")
	}
	return "redis://" + addresses[0]
}

// roundTrip returns the median time of a small read of a Redis.
func roundTrip(ctx context.Context, p *process) (time.Duration, error) {
	client := clientOf(p)
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

// usedMemory returns the bytes that a Redis has given to its data.
func usedMemory(ctx context.Context, client *redis.Client) (int64, error) {
	info, err := client.Info(ctx, "memory").Result()
	if err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(info, "used_memory:")
	if !found {
		return 0, errors.New("read the memory of a Redis: INFO does not say it")
	}
	number, _, _ := strings.Cut(after, "\r")
	return strconv.ParseInt(number, 10, 64)
}
