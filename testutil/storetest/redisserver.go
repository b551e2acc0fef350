package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A RedisServer is a real redis-server of a test's own, on loopback, without
// persistence: after Restart it is empty. Its methods fail the test when they
// cannot do what they say.
type RedisServer struct {
	Addr     string // host:port
	Password string // as given by --requirepass

	t    testing.TB
	args []string
	dir  string
	cmd  *exec.Cmd
	// exited is closed when cmd has ended.
	exited chan struct{}
}

// StartRedis starts a redis-server with more arguments, such as "--maxmemory",
// "8mb", and stops it when the test ends. Where redis-server is not installed
// the test is skipped, but fails when CI=true: there it must have run.
func StartRedis(t testing.TB, args ...string) *RedisServer {
	t.Helper()
	needRedis(t)
	s := &RedisServer{t: t, args: args, dir: t.TempDir()}
	for i, arg := range args {
		if arg == "--requirepass" {
			s.Password = args[i+1]
		}
	}
	t.Cleanup(s.Kill)
	var err error
	for range 5 { // another process may take the port that was free
		s.Addr = freeAddr(t)
		if err = s.start(); err == nil {
			return s
		}
	}
	t.Fatal(err)
	return nil
}

func needRedis(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("redis-server is not installed, and CI=true demands its tests")
	}
	t.Skip("redis-server is not installed: what needs a real one is not tested")
}

// freeAddr returns a loopback address that was free a moment ago, with a port
// that leaves room for the bus of a cluster, 10000 above it.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("find a free port: %v", err)
		}
		l.Close()
		if addr := l.Addr().(*net.TCPAddr); addr.Port < 55000 {
			return addr.String()
		}
	}
	t.Fatal("find a free port below 55000: none in 100 tries")
	return ""
}

// URL returns the server's address as users write it.
func (s *RedisServer) URL() string {
	if s.Password != "" {
		return "redis://:" + s.Password + "@" + s.Addr + "/0"
	}
	return "redis://" + s.Addr + "/0"
}

// Client returns a client of the server, which is closed when the test ends.
func (s *RedisServer) Client() *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: s.Addr, Password: s.Password, Protocol: 2, DisableIdentity: true})
	s.t.Cleanup(func() { client.Close() })
	return client
}

// Kill ends the server as SIGKILL does, and waits until it is gone.
func (s *RedisServer) Kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		<-s.exited
	}
}

// Restart starts the server again at its address, empty, after a Kill.
func (s *RedisServer) Restart() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *RedisServer) start() error {
	host, port, _ := net.SplitHostPort(s.Addr)
	args := append([]string{
		"--bind", host, "--port", port, "--dir", s.dir, "--save", "", "--appendonly", "no", "--daemonize", "no",
	}, s.args...)
	cmd, exited := exec.Command("redis-server", args...), make(chan struct{})
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	s.cmd, s.exited = cmd, exited
	go func() {
		defer close(exited)
		cmd.Wait()
	}()
	if err := s.awaitAnswer(); err != nil {
		s.Kill()
		return fmt.Errorf("start redis-server: %w\n%s", err, out.String())
	}
	return nil
}

// awaitAnswer waits until it is this server, and no other, that answers.
func (s *RedisServer) awaitAnswer() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client := redis.NewClient(&redis.Options{Addr: s.Addr, Password: s.Password, Protocol: 2, DisableIdentity: true, MaxRetries: -1})
	defer client.Close()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		info, err := client.Info(ctx, "server").Result()
		if strings.Contains(info, fmt.Sprintf("process_id:%d\r\n", s.cmd.Process.Pid)) {
			return nil
		}
		select {
		case <-s.exited:
			return errors.New("it has ended")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		case <-tick.C:
		}
	}
}

// StartRedisCluster starts three redis-servers that are the masters of one
// cluster, and returns its URL.
func StartRedisCluster(t testing.TB) (url string, nodes []*RedisServer) {
	t.Helper()
	var addrs []string
	for range 3 {
		node := StartRedis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
		nodes, addrs = append(nodes, node), append(addrs, node.Addr)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	for i, node := range nodes {
		client := node.Client()
		if err := client.ClusterAddSlotsRange(ctx, i*16384/3, (i+1)*16384/3-1).Err(); err != nil {
			t.Fatalf("give slots to node %d: %v", i, err)
		}
		if err := client.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			t.Fatalf("set the epoch of node %d: %v", i, err)
		}
		host, port, _ := net.SplitHostPort(nodes[0].Addr)
		if err := client.ClusterMeet(ctx, host, port).Err(); i > 0 && err != nil {
			t.Fatalf("join node %d to the cluster: %v", i, err)
		}
	}
	for _, node := range nodes {
		awaitCluster(ctx, t, node.Client())
	}
	return "redis+cluster://" + strings.Join(addrs, ","), nodes
}

// awaitCluster waits until a node knows the whole cluster.
func awaitCluster(ctx context.Context, t testing.TB, client *redis.Client) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		info, err := client.ClusterInfo(ctx).Result()
		if err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", 3)) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("the cluster does not come up: %v\n%s", err, info)
		case <-tick.C:
		}
	}
}
