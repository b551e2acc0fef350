package storetest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startTimeout bounds the wait for servers to know each other.
const startTimeout = 30 * time.Second

// StartRedisCluster starts three redis-servers that are the masters of one
// cluster, and returns its URL.
func StartRedisCluster(t testing.TB) (url string, nodes []*RedisServer) {
	t.Helper()
	return RedisConfig{}.StartCluster(t, 0)
}

// StartCluster starts the three masters of a cluster, and replicas, of which the first is
// the first master's.
func (c RedisConfig) StartCluster(t testing.TB, replicas int) (url string, nodes []*RedisServer) {
	t.Helper()
	c.Args = append([]string{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0"}, c.Args...)
	const masters = 3
	var addrs []string
	for range masters + replicas {
		node := c.Start(t)
		nodes, addrs = append(nodes, node), append(addrs, node.Addr)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for i, node := range nodes {
		client := node.Client()
		if i < masters {
			if err := client.ClusterAddSlotsRange(ctx, i*16384/masters, (i+1)*16384/masters-1).Err(); err != nil {
				t.Fatalf("give slots to node %d: %v", i, err)
			}
		}
		if err := client.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			t.Fatalf("set the epoch of node %d: %v", i, err)
		}
		for _, other := range nodes[:i] { // gossip would take its time
			host, port, _ := net.SplitHostPort(other.Addr)
			if err := client.ClusterMeet(ctx, host, port).Err(); err != nil {
				t.Fatalf("join node %d to the cluster: %v", i, err)
			}
		}
	}
	for _, node := range nodes {
		awaitInfo(ctx, t, "the cluster", node.Client().ClusterInfo, "cluster_state:ok", fmt.Sprintf("cluster_known_nodes:%d", len(nodes)))
	}
	var roles []string // as CLUSTER NODES has them
	for i, replica := range nodes[masters:] {
		id, err := nodes[i].Client().ClusterMyID(ctx).Result()
		if err == nil {
			err = replica.Client().ClusterReplicate(ctx, id).Err()
		}
		if err != nil {
			t.Fatalf("make node %d a replica: %v", masters+i, err)
		}
		replication := func(ctx context.Context) *redis.StringCmd { return replica.Client().Info(ctx, "replication") }
		awaitInfo(ctx, t, "the replica", replication, "master_link_status:up")
		roles = append(roles, "slave "+id)
	}
	// A master hands over to no replica, and nobody elects one, of which it has not heard.
	for _, node := range nodes {
		awaitInfo(ctx, t, "a replica that all know", node.Client().ClusterNodes, roles...)
	}
	scheme := "redis+cluster://"
	if c.TLS != nil {
		scheme = "rediss+cluster://"
	}
	if nodes[0].Password != "" {
		scheme += ":" + nodes[0].Password + "@"
	}
	return scheme + strings.Join(addrs[:masters], ","), nodes
}

// A SlotMove is a slot of a cluster that is on its way from one master to another. Its
// methods fail the test when they cannot do what they say.
type SlotMove struct {
	t        testing.TB
	slot     int
	masters  []*redis.Client // the first two: from which, and to which
	to, toID string
}

// MoveSlot begins to move the slot of a key from its master to the next one. No key is
// moved yet. Nodes are those of StartRedisCluster, or of StartCluster without a password.
func MoveSlot(t testing.TB, nodes []*RedisServer, key string) *SlotMove {
	t.Helper()
	ctx, m := context.Background(), &SlotMove{t: t}
	slot, err := nodes[0].Client().ClusterKeySlot(ctx, key).Result()
	m.must("find a slot", err)
	m.slot = int(slot)
	var addrs, ids []string
	for _, node := range nodes {
		client := node.Client()
		role, err := client.Do(ctx, "ROLE").Slice()
		m.must("ask for the role of a node", err)
		if role[0] != "master" {
			continue
		}
		id, err := client.ClusterMyID(ctx).Result()
		m.must("ask for the id of a node", err)
		m.masters, addrs, ids = append(m.masters, client), append(addrs, node.Addr), append(ids, id)
	}
	from := slices.Index(addrs, m.owner(ctx))
	if from < 0 {
		t.Fatalf("none of the nodes has slot %d", m.slot)
	}
	to := (from + 1) % len(m.masters)
	m.to, m.toID = addrs[to], ids[to]
	m.must("open a slot for keys", m.masters[to].Do(ctx, "CLUSTER", "SETSLOT", m.slot, "IMPORTING", ids[from]).Err())
	m.must("open a slot", m.masters[from].Do(ctx, "CLUSTER", "SETSLOT", m.slot, "MIGRATING", m.toID).Err())
	source, target := m.masters[from], m.masters[to]
	m.masters = append([]*redis.Client{source, target}, slices.DeleteFunc(m.masters, func(c *redis.Client) bool { return c == source || c == target })...)
	return m
}

func (m *SlotMove) must(what string, err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatalf("move slot %d: %s: %v", m.slot, what, err)
	}
}

// owner returns the address of the slot's master, as that says itself: others may not
// know yet.
func (m *SlotMove) owner(ctx context.Context) string {
	m.t.Helper()
	for _, master := range m.masters {
		shards, err := master.ClusterShards(ctx).Result()
		m.must("ask for the slots", err)
		for _, shard := range shards {
			here := func(r redis.SlotRange) bool { return int(r.Start) <= m.slot && m.slot <= int(r.End) }
			if addr := MasterOf(shard); slices.ContainsFunc(shard.Slots, here) && addr == master.Options().Addr {
				return addr
			}
		}
	}
	return ""
}

// MasterOf returns the address of the master that has the slots of a shard, "" for none.
func MasterOf(shard redis.ClusterShard) string {
	for _, node := range shard.Nodes {
		if node.Role == "master" {
			return net.JoinHostPort(node.IP, strconv.FormatInt(node.Port, 10))
		}
	}
	return ""
}

// Keys moves n keys, or as many as there are, and returns how many these were.
func (m *SlotMove) Keys(n int) int {
	m.t.Helper()
	ctx := context.Background()
	keys, err := m.masters[0].ClusterGetKeysInSlot(ctx, m.slot, n).Result()
	m.must("list keys", err)
	if len(keys) == 0 {
		return 0
	}
	host, port, _ := net.SplitHostPort(m.to)
	args := []any{"MIGRATE", host, port, "", 0, startTimeout.Milliseconds(), "KEYS"}
	for _, key := range keys {
		args = append(args, key)
	}
	m.must("move keys", m.masters[0].Do(ctx, args...).Err())
	return len(keys)
}

// Finish moves all keys that are left, and tells all masters.
func (m *SlotMove) Finish() {
	m.t.Helper()
	for m.Keys(100) > 0 {
	}
	// The new master first: without one a slot could be lost.
	m.masters[0], m.masters[1] = m.masters[1], m.masters[0]
	for _, master := range m.masters {
		m.must("give it away", master.Do(context.Background(), "CLUSTER", "SETSLOT", m.slot, "NODE", m.toID).Err())
	}
}

// StartSentinel starts a sentinel for a master, which it calls main. It is alone and
// decides alone.
func (c RedisConfig) StartSentinel(t testing.TB, master *RedisServer) *RedisServer {
	t.Helper()
	host, port, _ := net.SplitHostPort(master.Addr)
	config := fmt.Sprintf("sentinel monitor main %s %s 1\nsentinel down-after-milliseconds main 1000\n", host, port)
	if master.Password != "" {
		config += fmt.Sprintf("sentinel auth-pass main %s\n", master.Password)
	}
	file := filepath.Join(t.TempDir(), "sentinel.conf") // which it writes to
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return c.start(t, file)
}

// awaitInfo waits until a server says all that is wanted.
func awaitInfo(ctx context.Context, t testing.TB, what string, ask func(context.Context) *redis.StringCmd, want ...string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		info, err := ask(ctx).Result()
		missing := ""
		for _, text := range want {
			if !strings.Contains(info, text) {
				missing = text
			}
		}
		if err == nil && missing == "" {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s does not come up, %s is missing: %v\n%s", what, missing, err, info)
		case <-tick.C:
		}
	}
}
